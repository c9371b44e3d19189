//! Logging in: rules G12 to G16, G20, G82; SECURITY R1, R5, R8, R9, R15, R20, R34, R66.

use latchkey::crypto::password::{MIN_MEMORY_KIB, MIN_PASSES};
use latchkey::crypto::{HashParams, HashPool, Password, PoolConfig};
use latchkey::domain::role::Role;
use latchkey::domain::user::Status;
use latchkey::store::{self, Abort, Txn};
use serde_json::{Value, json};

use crate::harness::{Answer, PASSWORD, START, TestApp, decoded, is_waiting};

const PATH: &str = "/api/v1/auth/login";
const NONE: [&str; 0] = [];

async fn try_in(app: &TestApp, name: &str, password: &str) -> (Answer, Vec<String>) {
    let client = app.anonymous().header("x-request-id", "same");
    app.events_of(client.log_in(name, password)).await
}

/// G13.
#[tokio::test]
async fn a_login_answers_tokens_and_who_logged_in() {
    let app = TestApp::new().with_user("ada").await;
    let (answer, events) = try_in(&app, "ada@example.com", PASSWORD).await;
    assert_eq!(events, ["login.succeeded success"]);
    let data = answer.data(200);
    let expected = json!({
        "access_token": data["access_token"],
        "refresh_token": data["refresh_token"],
        "token_type": "Bearer",
        "expires_in": 3600,
        "user": {
            "id": app.account("ada").unwrap().id.to_string(),
            "email": "ada@example.com",
            "username": "ada",
            "name": "ada",
            "status": "active",
            "mfa_enabled": false,
        },
        "requires_mfa": false,
    });
    assert_eq!(data, expected);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("set-cookie"), None);
    let record = app.records().pop().unwrap();
    let sid = decoded(data["access_token"].as_str().unwrap()).1["sid"].as_str().unwrap().to_owned();
    assert_eq!(record.session.map(|id| uuid::Uuid::from_bytes(id).to_string()), Some(sid));
    assert_eq!(
        (record.actor, record.subject),
        (Some(*app.account("ada").unwrap().id.as_bytes()), record.actor)
    );
}

/// G20, G21, R20.
#[tokio::test]
async fn the_claims_are_those_of_the_contract() {
    let app = TestApp::new();
    app.add("ada", Role::Manager).await;
    let ada = app.log_in("ada").await;
    let id = app.account("ada").unwrap().id.to_string();
    let (header, access) = decoded(&ada.access);
    assert_eq!(header, json!({ "alg": "HS256", "typ": "JWT", "kid": app.services.tokens.kid() }));
    let now = START.seconds();
    let expected = json!({
        "user_id": id,
        "email": "ada@example.com",
        "name": "ada",
        "roles": ["manager"],
        "type": "access",
        "iat": now,
        "exp": now + 3_600,
        "jti": access["jti"],
        "sid": access["sid"],
        "iss": "https://auth.example.com",
        "aud": "latchkey",
    });
    assert_eq!(access, expected);
    let (header, refresh) = decoded(&ada.refresh);
    assert_eq!(header["kid"], app.services.tokens.kid());
    let expected = json!({
        "user_id": id,
        "type": "refresh",
        "iat": now,
        "exp": now + 7 * 86_400,
        "jti": refresh["jti"],
        "sid": access["sid"],
        "iss": "https://auth.example.com",
        "aud": "latchkey",
    });
    assert_eq!(refresh, expected);
    assert_ne!(access["jti"], refresh["jti"]);
}

#[tokio::test]
async fn a_name_works_in_any_case_and_between_spaces() {
    let app = TestApp::new().with_user("ada").await;
    for name in ["ada", "ADA", "Ada@Example.COM", "  ada@example.com", "ada \t", "\nada@example.com\r\n"] {
        let (answer, events) = try_in(&app, name, PASSWORD).await;
        answer.data(200);
        assert_eq!(events, ["login.succeeded success"], "{name:?}");
    }
}

/// R15, R64: what only looks like a name reaches nobody, and costs what every attempt costs.
#[tokio::test]
async fn look_alikes_reach_nobody() {
    let app = TestApp::unlimited().with_user("ada").await.with_user("kim").await;
    let lookalikes = [
        "\u{430}da",
        "\u{ff41}da@example.com",
        "ada\u{200b}",
        "ada@example.com.",
        "ada.",
        "ada\0",
        "\u{212a}im",
        "ada@example\u{3002}com",
        "a da",
        "",
        " ",
        "\u{a0}ada",
        &"ada".repeat(20_000),
    ];
    for name in lookalikes {
        let hashes = app.hashes();
        let (answer, events) = try_in(&app, name, PASSWORD).await;
        answer.refused(401, "AUTHENTICATION_FAILED");
        assert_eq!(
            (events, app.hashes() - hashes),
            (vec!["login.failed denied unknown_user".to_owned()], 1),
            "{name:?}"
        );
    }
}

/// Accounts in every state that may not log in, and one that may.
async fn peopled() -> TestApp {
    let app = TestApp::new().with_user("ada").await.with_user("off").await.with_user("gone").await;
    app.anonymous().register("pending@example.com").await.data(201);
    app.set_status("off", Status::Suspended).await;
    app.set_status("gone", Status::Inactive).await;
    app
}

/// G12, G14, G15, G16, R8, R9: whatever the reason, the whole answer is the same, and so is the work: one hash. R34.
#[tokio::test]
async fn every_denial_looks_the_same_and_costs_one_hash() {
    let app = peopled().await;
    let attempts = [
        ("ada", "wrong password", "wrong_password"),
        ("nobody@example.com", PASSWORD, "unknown_user"),
        ("no address", "x", "unknown_user"),
        ("", "", "unknown_user"),
        ("pending", PASSWORD, "email_not_verified"),
        ("off", PASSWORD, "account_suspended"),
        ("gone", PASSWORD, "account_inactive"),
        ("pending", "wrong password", "wrong_password"),
        ("off", "wrong password", "wrong_password"),
        ("gone", "wrong password", "wrong_password"),
        ("ada", "", "wrong_password"),
        ("ada", &"x".repeat(60_000), "wrong_password"),
        ("\u{430}da", PASSWORD, "unknown_user"),
    ];
    let (first, _) = try_in(&app, "ada", "not this one").await;
    let error = first.refused(401, "AUTHENTICATION_FAILED");
    assert_eq!(error["message"], "Invalid credentials");
    assert_eq!(error["details"], Value::Null);
    assert_eq!(first.header("www-authenticate"), Some("Bearer"));
    for (name, password, reason) in attempts {
        let hashes = app.hashes();
        let (answer, events) = try_in(&app, name, password).await;
        let seen = |answer: &Answer| (answer.text.clone(), answer.headers_but_limits());
        assert_eq!(seen(&answer), seen(&first), "{name} {reason}");
        assert_eq!(events, [format!("login.failed denied {reason}")], "{name}");
        assert_eq!(app.hashes() - hashes, 1, "{name} {reason}");
    }
    let hashes = app.hashes();
    try_in(&app, "ada", PASSWORD).await.0.data(200);
    assert_eq!(app.hashes() - hashes, 1);
}

/// R66: a typed name that belongs to nobody may be a password typed into the wrong field, so the log keeps a
/// keyed hash of it, the same for all spellings. A name that belongs to somebody is their id.
#[tokio::test]
async fn the_log_holds_no_typed_name() {
    let app = TestApp::new().with_user("ada").await;
    let ada = *app.account("ada").unwrap().id.as_bytes();
    let before = app.records().len();
    for name in ["Planted-Name", " planted-name ", "planted-name.", "other"] {
        try_in(&app, name, "planted-password").await.0.refused(401, "AUTHENTICATION_FAILED");
    }
    try_in(&app, "ada", "planted-password").await.0.refused(401, "AUTHENTICATION_FAILED");
    let records = app.records().split_off(before);
    let planted = ("name_hash".to_owned(), app.services.keys.name_hash("planted-name"));
    assert!(records[..3].iter().all(|record| record.detail == [planted.clone()]));
    assert_eq!(records[3].detail.len(), 1);
    assert_ne!(records[3].detail[0], planted);
    assert!(records[..4].iter().all(|record| record.actor.is_none() && record.subject.is_none()));
    assert_eq!((records[4].detail.len(), records[4].actor, records[4].subject), (0, None, Some(ada)));
    let logged = format!("{records:?}").to_lowercase();
    for word in ["planted", "ada@", "198.51.100.7"] {
        assert!(!logged.contains(word), "{word}: {logged}");
    }
    for record in &records {
        let sealed = String::from_utf8_lossy(&record.personal).to_lowercase();
        assert!(!sealed.contains("planted") && !sealed.contains("ada"), "{sealed}");
    }
}

/// R5: a wrong type is refused before anything is hashed or recorded.
#[tokio::test]
async fn types_are_strict() {
    let app = TestApp::new().with_user("ada").await;
    let hashes = app.hashes();
    let mut bodies: Vec<String> =
        ["", "{}", "[]", "null", r#"["ada","correct horse battery"]"#].map(str::to_owned).into();
    for value in [json!(null), json!(true), json!(1), json!(["ada"]), json!({ "a": 1 })] {
        bodies.push(json!({ "email": value, "password": PASSWORD }).to_string());
        bodies.push(json!({ "email": "ada", "password": value }).to_string());
    }
    bodies.push(json!({ "email": "ada" }).to_string());
    bodies.push(json!({ "password": PASSWORD }).to_string());
    bodies.push(json!({ "email": "ada", "password": PASSWORD, "mfa": true }).to_string());
    bodies.push(format!(r#"{{"email":"ada","password":"x","password":"{PASSWORD}"}}"#));
    let (answers, events) = app
        .events_of(async {
            for body in &bodies {
                let error = app.anonymous().post_raw(PATH, body).await.refused(400, "VALIDATION_ERROR");
                assert!(!error.to_string().contains(PASSWORD), "{error:#}");
            }
        })
        .await;
    let () = answers;
    assert_eq!(events, NONE);
    assert_eq!(app.hashes(), hashes);
    app.anonymous().get(PATH).await.refused(405, "METHOD_NOT_ALLOWED");
    let form = app.anonymous().post_form(PATH, "email=ada&password=correct%20horse%20battery").await;
    form.refused(415, "UNSUPPORTED_MEDIA_TYPE");
}

/// The operator may let accounts in before they proved their address. R34.
#[tokio::test]
async fn an_unproved_account_may_log_in_where_the_policy_says_so() {
    let app = TestApp::with_policy(|policy| policy.login.require_verified_email = false);
    app.anonymous().register("ada@example.com").await.data(201);
    let ada = app.anonymous().log_in("ada", PASSWORD).await.data(200);
    assert_eq!(ada["user"]["status"], "pending");
    app.set_status("ada", Status::Suspended).await;
    app.anonymous().log_in("ada", PASSWORD).await.refused(401, "AUTHENTICATION_FAILED");
}

/// An account that is switched off while its password is being hashed gets no tokens.
#[tokio::test]
async fn an_account_that_changed_meanwhile_is_denied() {
    let app = TestApp::new().with_user("ada").await;
    app.set_status("ada", Status::Active).await;
    let busy = app.fill_hash_pool().await;
    drop(busy);
    let act = async {
        let client = app.anonymous();
        let mut login = Box::pin(client.log_in("ada", PASSWORD));
        assert!(is_waiting(login.as_mut()).await);
        app.set_status("ada", Status::Suspended).await;
        login.await
    };
    let (answer, events) = app.events_of(act).await;
    answer.refused(401, "AUTHENTICATION_FAILED");
    assert_eq!(events, ["user.status_changed success", "login.failed denied account_changed"]);
}

/// R100: who cannot be served is told when to come back, and has not failed a login.
#[tokio::test]
async fn a_full_hash_queue_answers_busy_and_records_nothing() {
    let app = TestApp::new().with_user("ada").await;
    let busy = app.fill_hash_pool().await;
    let (answer, events) = try_in(&app, "ada", PASSWORD).await;
    answer.refused(503, "SERVICE_BUSY");
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=600).contains(&seconds), "{seconds}");
    assert_eq!(events, NONE);
    let (unknown, events) = try_in(&app, "nobody", PASSWORD).await;
    assert_eq!(unknown.headers_but_limits(), answer.headers_but_limits());
    assert_eq!(unknown.text, answer.text);
    assert_eq!(events, NONE);
    let (register, events) = app.events_of(app.anonymous().register("eve@example.com")).await;
    register.refused(503, "SERVICE_BUSY");
    assert_eq!(events, NONE);
    drop(busy);
    try_in(&app, "ada", PASSWORD).await.0.data(200);
}

/// An account whose password was hashed under other costs than new ones are.
async fn outdated() -> TestApp {
    let app = TestApp::new().with_user("ada").await;
    let params = HashParams::new(MIN_MEMORY_KIB, MIN_PASSES).unwrap();
    let pool = HashPool::start(PoolConfig { params, ..PoolConfig::default() }).unwrap();
    let phc = pool.hash(Password::new(PASSWORD), [1; 16]).await.unwrap().as_str().to_owned();
    let id = app.account("ada").unwrap().id;
    let put = move |txn: &mut Txn<'_>| Ok::<_, Abort<()>>(store::user::renew_phc(txn, id, phc.clone())?);
    app.store().transact("age", app.services.stamp(&app.services.own_context("test")), put).await.unwrap();
    app
}

fn verifier(app: &TestApp) -> String {
    let id = app.account("ada").unwrap().id;
    app.services.read(|read| store::user::phc(read, id)).unwrap().unwrap()
}

/// R1: costs that were raised reach every account at its next login, and nobody else can start the second run.
#[tokio::test]
async fn a_login_renews_a_verifier_of_other_costs_once() {
    let app = outdated().await;
    let old = verifier(&app);
    let hashes = app.hashes();
    try_in(&app, "ada", "wrong password").await.0.refused(401, "AUTHENTICATION_FAILED");
    assert_eq!((app.hashes() - hashes, verifier(&app) == old), (1, true));
    let (answer, events) = try_in(&app, "ada", PASSWORD).await;
    answer.data(200);
    assert_eq!((app.hashes() - hashes, events), (3, vec!["login.succeeded success".to_owned()]));
    assert_ne!(verifier(&app), old);
    let new = verifier(&app);
    try_in(&app, "ada", PASSWORD).await.0.data(200);
    assert_eq!((app.hashes() - hashes, verifier(&app)), (4, new));
    try_in(&app, "ada", "wrong password").await.0.refused(401, "AUTHENTICATION_FAILED");
}

#[tokio::test]
async fn a_login_does_without_the_renewal_when_the_pool_is_busy() {
    let app = outdated().await;
    let old = verifier(&app);
    let client = app.anonymous();
    let mut login = Box::pin(client.log_in("ada", PASSWORD));
    assert!(is_waiting(login.as_mut()).await);
    // It needs the whole memory, so the login's comparison is done when it is.
    app.slow_hash().await.unwrap();
    let busy = app.fill_hash_pool().await;
    let refused = app.services.hashing.stats().refused;
    login.await.data(200);
    assert_eq!((app.services.hashing.stats().refused - refused, verifier(&app)), (1, old));
    drop(busy);
}
