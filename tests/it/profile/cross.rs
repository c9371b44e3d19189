//! One product behind every dialect: accounts, sessions, locks and keys are the same, whichever door they are met at.

use std::time::Duration;

use latchkey::domain::profile::Profile;
use latchkey::domain::role::Role;
use poem::http::Method;
use serde_json::{Value, json};

use super::trading_actor::{GOOD, InBrowser};
use crate::harness::{Answer, PASSWORD, TestApp, text_at};

/// A door: the canonical one, or that of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    Canonical,
    Of(Profile),
}

const DOORS: [Door; 6] = [
    Door::Canonical,
    Door::Of(Profile::Governance),
    Door::Of(Profile::Pynomaly),
    Door::Of(Profile::Cirtusai),
    Door::Of(Profile::Trading),
    Door::Of(Profile::Scribes),
];

impl Door {
    fn at(self, path: &str) -> String {
        match self {
            Self::Canonical => path.to_owned(),
            Self::Of(profile) => format!("{}{path}", profile.mount()),
        }
    }

    /// Where one asks who one is.
    fn me(self) -> String {
        self.at(match self {
            Self::Canonical | Self::Of(Profile::Governance | Profile::Pynomaly) => "/api/v1/auth/me",
            Self::Of(Profile::Cirtusai | Profile::Scribes) => "/auth/me",
            Self::Of(Profile::Trading) => "/users/me",
        })
    }

    async fn register(self, app: &TestApp, name: &str) {
        let email = format!("{name}@example.com");
        let (path, form) = match self {
            Self::Canonical | Self::Of(Profile::Governance) => (
                "/api/v1/auth/register",
                json!({ "email": email, "password": GOOD, "name": name, "username": name }),
            ),
            Self::Of(Profile::Trading) => {
                ("/register", json!({ "email": email, "password": GOOD, "username": name }))
            }
            Self::Of(profile) => {
                let path =
                    if profile == Profile::Pynomaly { "/api/v1/auth/register" } else { "/auth/register" };
                (
                    path,
                    json!({ "email": email, "password": GOOD, "username": name, "full_name": "Some Body" }),
                )
            }
        };
        let answer = app.anonymous().post(&self.at(path), form).await;
        assert_eq!(answer.status, 201, "{self:?}: {}", answer.text);
    }

    /// The name that the clients of the door log in with.
    fn name_of(self, name: &str) -> String {
        match self {
            Self::Of(Profile::Pynomaly | Profile::Trading) => name.to_owned(),
            _ => format!("{name}@example.com"),
        }
    }

    async fn log_in(self, app: &TestApp, name: &str, password: &str) -> Answer {
        let (path, field) = match self {
            Self::Canonical | Self::Of(Profile::Governance) => ("/api/v1/auth/login", "email"),
            Self::Of(Profile::Pynomaly) => ("/api/v1/auth/login", "username"),
            Self::Of(Profile::Cirtusai) => ("/auth/login", "username"),
            Self::Of(Profile::Trading) => ("/token", "username"),
            Self::Of(Profile::Scribes) => ("/auth/login", "email"),
        };
        app.anonymous().post(&self.at(path), json!({ field: name, "password": password })).await
    }

    /// The tokens of a login.
    async fn tokens(self, app: &TestApp, name: &str, password: &str) -> Value {
        let answer = self.log_in(app, &self.name_of(name), password).await;
        assert_eq!(answer.status, 200, "{self:?}: {}", answer.text);
        let json = answer.json();
        if json["data"].is_object() { json["data"].clone() } else { json }
    }

    /// Whether an access token opens the door.
    async fn opens(self, app: &TestApp, tokens: &Value) -> bool {
        let token = format!("Bearer {}", text_at(tokens, "/access_token"));
        app.anonymous().header("authorization", &token).get(&self.me()).await.status == 200
    }
}

/// X3, X9, X20: and the address is proved by the link of any door.
#[tokio::test]
async fn whoever_registers_anywhere_logs_in_everywhere() {
    let app = TestApp::unlimited();
    for (number, made_at) in DOORS.into_iter().enumerate() {
        let name = format!("user{number}");
        made_at.register(&app, &name).await;
        let mail = app.mails().await.remove(0);
        let token = mail.text.split_once("token=").unwrap().1.split_whitespace().next().unwrap().to_owned();
        let path = format!("/api/v1/auth/verify-email/{token}");
        assert_eq!(app.anonymous().get(&path).await.status, 200, "{made_at:?}");
        for door in DOORS {
            let tokens = door.tokens(&app, &name, GOOD).await;
            for other in DOORS {
                assert!(
                    other.opens(&app, &tokens).await,
                    "made at {made_at:?}, in by {door:?}, used at {other:?}"
                );
            }
        }
    }
}

/// G68, T37, X36.
#[tokio::test]
async fn a_logout_of_everything_at_one_door_ends_the_sessions_of_all() {
    let app = TestApp::unlimited().with_user("ada").await;
    for (method, path) in [
        (Method::POST, "/api/v1/auth/logout-all"),
        (Method::POST, "/governance/api/v1/auth/logout-all"),
        (Method::DELETE, "/trading/sessions"),
    ] {
        let mut all = Vec::new();
        for door in DOORS {
            all.push((door, door.tokens(&app, "ada", PASSWORD).await));
        }
        let (here, there) = (InBrowser::of(&app, "ada").await, app.browse("ada").await);
        let token = format!("Bearer {}", text_at(&all[0].1, "/access_token"));
        let answer = app.anonymous().header("authorization", &token).bodiless(method, path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        for (door, tokens) in all {
            assert!(!door.opens(&app, &tokens).await, "{path} left {door:?}");
            let refresh = app.anonymous().refresh(&text_at(&tokens, "/refresh_token")).await;
            refresh.refused(401, "TOKEN_INVALID");
        }
        assert_eq!(here.page(&app).await.status, 401);
        assert!(!there.is_in().await);
    }
}

/// T56, X37: five wrong passwords, each at another door, lock the account at every door. Where another of its names is
/// typed, it does not say so: nobody learns that the names are one account's.
#[tokio::test]
async fn wrong_passwords_count_together_whichever_door_they_are_tried_at() {
    let app = TestApp::new().with_user("ada").await;
    for door in DOORS.into_iter().take(5) {
        assert_eq!(door.log_in(&app, "ada@example.com", "wrong").await.status, 401, "{door:?}");
    }
    for door in DOORS {
        assert_eq!(door.log_in(&app, "ada@example.com", PASSWORD).await.status, 423, "{door:?}");
    }
    for door in [Door::Of(Profile::Pynomaly), Door::Of(Profile::Trading)] {
        assert_eq!(door.log_in(&app, "ada", PASSWORD).await.status, 401, "{door:?}");
    }
    app.advance(Duration::from_secs(1_801));
    for door in DOORS {
        assert_eq!(door.log_in(&app, "ada@example.com", PASSWORD).await.status, 200, "{door:?}");
    }
}

/// X29: one record, whatever its prefix and wherever it was made; each door in its own words and by every header.
#[tokio::test]
async fn a_key_that_was_made_at_one_door_opens_the_others_within_its_scopes() {
    let app = TestApp::unlimited();
    app.add("boss", Role::Admin).await;
    let made = [
        (
            "/api/v1/users/me/api-keys",
            json!({ "name": "k", "scopes": ["costs:read", "metrics:read"] }),
            "lk_",
        ),
        (
            "/governance/api/v1/users/me/api-keys",
            json!({ "name": "k", "scopes": ["costs:read", "metrics:read"] }),
            "llm_gov_sk_",
        ),
        (
            "/pynomaly/api/v1/api-keys",
            json!({ "name": "k", "scopes": ["costs:read", "detection:read"] }),
            "pyn_",
        ),
        ("/trading/api-keys", json!({ "name": "k" }), "ts_"),
    ];
    for (path, form, prefix) in made {
        let tokens = Door::Canonical.tokens(&app, "boss", PASSWORD).await;
        let boss =
            app.anonymous().header("authorization", &format!("Bearer {}", text_at(&tokens, "/access_token")));
        let answer = boss.post(path, form).await;
        assert_eq!(answer.status, 201, "{path}: {}", answer.text);
        let json = answer.json();
        let key = json.pointer("/data/api_key").or(json.get("api_key")).unwrap().as_str().unwrap().to_owned();
        assert!(key.starts_with(prefix), "{key}");
        let detects = if prefix == "ts_" { 403 } else { 200 };
        for (name, value) in [
            ("x-api-key", key.clone()),
            ("authorization", format!("ApiKey {key}")),
            ("authorization", format!("Bearer {key}")),
        ] {
            let program = app.anonymous().header(name, &value);
            assert_eq!(program.get("/api/v1/auth/me").await.status, 200, "{prefix}");
            assert_eq!(program.get("/trading/signals").await.status, 200, "{prefix}");
            assert_eq!(program.get("/pynomaly/api/v1/detection").await.status, detects, "{prefix}");
            let beyond = program.post("/trading/signals", json!({})).await;
            assert_eq!(
                beyond.json(),
                json!({ "detail": "Permission 'create:signals' required" }),
                "{prefix}"
            );
        }
    }
}

/// X18: a session that began at one door is refreshed at another, in the mode of the door where it began.
#[tokio::test]
async fn a_refresh_token_is_good_at_every_door() {
    let app = TestApp::unlimited().with_user("ada").await;
    for door in DOORS {
        let tokens = door.tokens(&app, "ada", PASSWORD).await;
        let body = json!({ "refresh_token": text_at(&tokens, "/refresh_token") });
        for path in ["/trading/token/refresh", "/scribes/auth/refresh", "/pynomaly/api/v1/auth/refresh"] {
            assert_eq!(app.anonymous().post(path, body.clone()).await.status, 200, "{door:?} {path}");
        }
    }
}
