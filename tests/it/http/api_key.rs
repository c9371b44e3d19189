//! API keys as their owners and administrators manage them: rules G47, G48, G52 to G54, P10, P16, T15 to T19; SECURITY
//! R51, R53, R54.

use std::time::Duration;

use latchkey::domain::role::Role;
use latchkey::services::sweep::sweep;
use serde_json::{Value, json};

use crate::harness::{KEYS, KeyHolder, LoggedIn, TestApp, text_at};

const ALL_KEYS: &str = "/api/v1/api-keys";
const DAY: Duration = Duration::from_secs(86_400);

async fn staffed() -> TestApp {
    let app = TestApp::new().with_user("ada").await.with_user("eve").await;
    app.add("vic", Role::Viewer).await;
    app.add("boss", Role::Admin).await;
    app.add("root", Role::SuperAdmin).await;
    app
}

async fn own(caller: &LoggedIn<'_>) -> Vec<Value> {
    caller.get(KEYS).await.data(200)["api_keys"].as_array().unwrap().clone()
}

fn last_detail(app: &TestApp) -> Vec<(String, String)> {
    app.records().pop().unwrap().detail
}

/// G47, G48, P10, T16, R51.
#[tokio::test]
async fn a_new_key_is_shown_once_recorded_and_mailed() {
    let app = staffed().await;
    let ada = app.log_in("ada").await;
    let body = json!({ "name": "Production Service", "scopes": ["metrics:read", "metrics:write"] });
    let (answer, events) = app.events_of(ada.post(KEYS, body)).await;
    let made = answer.data(201);
    assert_eq!(events, ["api_key.created success"]);
    let (id, key) = (text_at(&made, "/id"), text_at(&made, "/api_key"));
    assert_eq!((key.len(), &key[..3]), (51, "lk_"));
    assert_eq!(made["scopes"], json!(["metrics:read", "metrics:write"]), "X14: as they were written");
    assert_eq!(
        (&made["name"], &made["created_at"]),
        (&json!("Production Service"), &json!("2027-01-15T08:00:00.000Z"))
    );
    let facts = [("api_key", id.as_str()), ("scopes", "metrics:read metrics:write")];
    assert_eq!(last_detail(&app), facts.map(|(name, value)| (name.to_owned(), value.to_owned())));

    let listed = ada.get(KEYS).await;
    assert!(!listed.text.contains(&key[8..]), "a list never carries a key");
    let expected = json!([{
        "id": id,
        "name": "Production Service",
        "prefix": &key[..8],
        "scopes": ["metrics:read", "metrics:write"],
        "created_at": "2027-01-15T08:00:00.000Z",
        "rotated_at": "2027-01-15T08:00:00.000Z",
        "ip_allowlist": [],
        "rate_limit": 1_000_000,
        "rate_limit_period": 60,
        "canary": false,
        "rotation_due": false,
    }]);
    assert_eq!(listed.data(200)["api_keys"], expected);
    assert!(!app.at_rest(&key) && !app.at_rest(&key[3..]), "only the hash is stored");

    let mail = app.mails().await.remove(0);
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), ("ada@example.com", "A new API key at Latchkey"));
    assert!(mail.text.contains(&key[..8]) && !mail.text.contains(&key[..9]));
    assert!(!mail.text.contains("Production Service"), "a thief would choose that");
}

/// G54, R53, G71: whoever asks for more than they hold is told what is missing.
#[tokio::test]
async fn a_key_asks_for_nothing_that_its_owner_does_not_hold() {
    let app = staffed().await;
    let vic = app.log_in("vic").await;
    for (scopes, missing) in [
        (json!(["metrics:write"]), "metrics:create"),
        (json!(["metrics:read", "users:delete"]), "users:delete"),
        (json!(["audit:write"]), "audit:create"),
    ] {
        let (answer, events) = app.events_of(vic.post(KEYS, json!({ "name": "x", "scopes": scopes }))).await;
        let error = answer.refused(403, "FORBIDDEN");
        assert_eq!(error["details"]["required_permission"], missing);
        let reads = ["policies", "metrics", "costs", "integrations"].map(|it| format!("{it}:read"));
        assert_eq!(error["details"]["user_permissions"], json!(reads));
        assert_eq!(events, ["access.denied denied scope_not_held"]);
    }
    assert!(own(&vic).await.is_empty());
    let key = vic.make_key(&["metrics:read"]).await;
    vic.put(&key.place(), json!({ "scopes": ["metrics:write"] })).await.refused(403, "FORBIDDEN");
}

/// P16, R54, R55.
#[tokio::test]
async fn a_bad_field_is_named_and_makes_nothing() {
    let app = staffed().await;
    let ada = app.log_in("ada").await;
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("x".repeat(101))),
        ("name", json!("a\nb")),
        ("name", json!(7)),
        ("description", json!("x".repeat(501))),
        ("scopes", json!([])),
        ("scopes", json!(["metrics"])),
        ("scopes", json!(["*:read"])),
        ("scopes", json!(["metrics:read", "nothing:read"])),
        ("scopes", json!("metrics:read")),
        ("expires_at", json!("2027-01-15T08:00:00Z")),
        ("expires_at", json!("2024-12-31T23:59:59Z")),
        ("expires_at", json!("tomorrow")),
        ("ip_allowlist", json!(["192.0.2.1", "here"])),
        ("ip_allowlist", json!(["10.0.0.1/8"])),
        ("rate_limit", json!(0)),
        ("rate_limit", json!(1_000_001)),
        ("rate_limit", json!(-1)),
        ("owner", json!("root")),
        ("epoch", json!(1)),
    ] {
        let mut body = json!({ "name": "Sensor", "scopes": ["metrics:read"] });
        body[field] = value.clone();
        let (answer, events) = app.events_of(ada.post(KEYS, body)).await;
        let error = answer.refused(400, "VALIDATION_ERROR");
        assert_eq!(error["details"]["field"], field, "{field}: {value}: {error}");
        assert_eq!(events, [""; 0]);
    }
    let alone = json!({ "name": "Sensor", "scopes": ["metrics:read"], "rate_limit_period": 60 });
    ada.post(KEYS, alone).await.refused(400, "VALIDATION_ERROR");
    assert!(own(&ada).await.is_empty());
}

#[tokio::test]
async fn an_account_has_no_more_keys_than_the_policy_says() {
    let app = TestApp::with_policy(|policy| policy.api_keys.max_per_user = 2).with_user("ada").await;
    let ada = app.log_in("ada").await;
    let (first, _second) = (ada.make_key(&["metrics:read"]).await, ada.make_key(&["metrics:read"]).await);
    let body = json!({ "name": "Third", "scopes": ["metrics:read"] });
    ada.post(KEYS, body.clone()).await.refused(409, "CONFLICT");
    ada.delete(&first.place()).await.data(200);
    ada.post(KEYS, body).await.data(201);
}

/// T19.
#[tokio::test]
async fn a_changed_key_does_what_it_was_changed_to_at_once() {
    let app = staffed().await;
    app.set_roles("ada", &[Role::Manager]).await;
    let ada = app.log_in("ada").await;
    let key = ada.make_key(&["users:read"]).await;
    key.get("/api/v1/users").await.data(200);
    let change = json!({ "name": "Meter", "description": "On the roof", "scopes": ["metrics:write"],
        "ip_allowlist": ["198.51.100.0/24", "2001:db8::1"], "rate_limit": 5, "rate_limit_period": 60 });
    let (answer, events) = app.events_of(ada.put(&key.place(), change)).await;
    let changed = answer.data(200);
    assert_eq!(events, ["api_key.updated success"]);
    let (name, fields) = last_detail(&app).remove(1);
    assert_eq!(
        (name.as_str(), fields.as_str()),
        ("fields", "name description scopes ip_allowlist rate_limit")
    );
    assert_eq!((&changed["name"], &changed["description"]), (&json!("Meter"), &json!("On the roof")));
    assert_eq!(changed["ip_allowlist"], json!(["198.51.100.0/24", "2001:db8::1/128"]));
    assert_eq!((&changed["rate_limit"], &changed["rate_limit_period"]), (&json!(5), &json!(60)));
    key.get("/api/v1/users").await.refused(403, "FORBIDDEN");
    assert_eq!(own(&ada).await, std::slice::from_ref(&changed));
    let (answer, events) = app.events_of(ada.put(&key.place(), json!({}))).await;
    assert_eq!((answer.data(200), events.len()), (changed, 0), "nothing changed is no event");
    let cleared = ada.put(&key.place(), json!({ "description": "", "ip_allowlist": [] })).await.data(200);
    assert_eq!((cleared.get("description"), &cleared["ip_allowlist"]), (None, &json!([])));
}

#[tokio::test]
async fn a_rotated_key_goes_on_under_its_id_and_the_old_text_ends_with_its_grace() {
    let app = staffed().await;
    let ada = app.log_in("ada").await;
    let first = ada.make_key(&["metrics:read"]).await;
    app.advance(DAY);
    let ada = app.log_in("ada").await;
    let rotate = format!("{}/rotate", first.place());
    let (answer, events) = app.events_of(ada.post(&rotate, json!({}))).await;
    let rotated = answer.data(200);
    assert_eq!(events, ["api_key.rotated success"]);
    let second = KeyHolder::with(&app, &rotated);
    assert_eq!((&second.id, rotated["scopes"].clone()), (&first.id, json!(["metrics:read"])));
    assert_eq!(rotated["former_key_ends_at"], "2027-01-17T08:00:00.000Z");
    assert_eq!(rotated["key"]["rotated_at"], "2027-01-16T08:00:00.000Z");
    assert_eq!([first.is_in().await, second.is_in().await], [true, true]);
    assert!(app.mails().await[0].subject.starts_with("An API key has a new secret"));
    app.advance(DAY - Duration::from_millis(1));
    assert!(first.is_in().await);
    app.advance(Duration::from_millis(1));
    assert_eq!([first.is_in().await, second.is_in().await], [false, true]);
    sweep(&app.services).await.unwrap();
    assert_eq!([first.is_in().await, second.is_in().await], [false, true]);

    let ada = app.log_in("ada").await;
    let third = KeyHolder::with(&app, &ada.post(&rotate, json!({ "grace_seconds": 0 })).await.data(200));
    assert_eq!([second.is_in().await, third.is_in().await], [false, true], "no grace is none");
    let fourth =
        KeyHolder::with(&app, &ada.post(&rotate, json!({ "grace_seconds": 604_800 })).await.data(200));
    let fifth = KeyHolder::with(&app, &ada.post(&rotate, json!({})).await.data(200));
    assert_eq!(
        [third.is_in().await, fourth.is_in().await, fifth.is_in().await],
        [false, true, true],
        "at most two"
    );
    let error = ada.post(&rotate, json!({ "grace_seconds": 604_801 })).await.refused(400, "VALIDATION_ERROR");
    assert_eq!(error["details"]["field"], "grace_seconds");
    ada.delete(&first.place()).await.data(200);
    assert_eq!([fourth.is_in().await, fifth.is_in().await], [false, false]);
    assert!(latchkey::store::check::check(app.store()).unwrap().is_clean());
}

/// G52, T18.
#[tokio::test]
async fn a_revoked_key_is_dead_and_gone_at_once() {
    let app = staffed().await;
    let ada = app.log_in("ada").await;
    let before = app.row_counts();
    let (key, other) = (ada.make_key(&["metrics:read"]).await, ada.make_key(&["metrics:read"]).await);
    let (answer, events) = app.events_of(ada.delete(&key.place())).await;
    assert_eq!(answer.data(200)["message"], "API key revoked.");
    assert_eq!(events, ["api_key.revoked success"]);
    assert_eq!([key.is_in().await, other.is_in().await], [false, true]);
    assert_eq!(own(&ada).await.len(), 1);
    ada.delete(&key.place()).await.refused(404, "NOT_FOUND");
    ada.delete(&other.place()).await.data(200);
    app.mails().await;
    assert_eq!(app.row_counts(), before, "nothing is left of them");
}

/// R51, R59.
#[tokio::test]
async fn a_key_of_somebody_else_is_one_that_does_not_exist() {
    let app = staffed().await;
    let (ada, eve) = (app.log_in("ada").await, app.log_in("eve").await);
    let key = ada.make_key(&["metrics:read"]).await;
    let unknown = format!("{KEYS}/019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11");
    for place in [key.place(), unknown, format!("{KEYS}/nonsense")] {
        let (answers, events) = app
            .events_of(async {
                [
                    eve.delete(&place).await,
                    eve.put(&place, json!({ "name": "Mine" })).await,
                    eve.post(&format!("{place}/rotate"), json!({})).await,
                ]
            })
            .await;
        for answer in answers {
            assert_eq!(answer.refused(404, "NOT_FOUND")["message"], "There is no such API key.");
        }
        assert_eq!(events, [""; 0]);
    }
    assert!(key.is_in().await && own(&eve).await.is_empty());
}

/// G53: no end by itself, a mark at ninety days, and one mail.
#[tokio::test]
async fn an_old_key_is_marked_and_its_owner_told_once() {
    let app = staffed().await;
    let ada = app.log_in("ada").await;
    let key = ada.make_key(&["metrics:read"]).await;
    app.all_mails().await;
    app.advance(90 * DAY - Duration::from_millis(1));
    while sweep(&app.services).await.unwrap() {}
    let ada = app.log_in("ada").await;
    assert_eq!(own(&ada).await[0]["rotation_due"], false);
    assert_eq!(app.all_mails().await.len(), 1);
    app.advance(Duration::from_millis(1));
    let (_, events) = app.events_of(async { while sweep(&app.services).await.unwrap() {} }).await;
    assert_eq!((own(&ada).await[0]["rotation_due"].clone(), events.len()), (json!(true), 0));
    let mails = app.all_mails().await;
    assert_eq!((mails.len(), mails[0].subject.as_str()), (2, "An API key is old at Latchkey"));
    for _ in 0..400 {
        app.advance(DAY);
        while sweep(&app.services).await.unwrap() {}
    }
    assert_eq!(app.all_mails().await.len(), 2, "once");
    assert!(key.is_in().await, "no expiry by default");
    let ada = app.log_in("ada").await;
    ada.post(&format!("{}/rotate", key.place()), json!({})).await.data(200);
    assert_eq!(own(&ada).await[0]["rotation_due"], false);
    app.all_mails().await;
    app.advance(91 * DAY);
    while sweep(&app.services).await.unwrap() {}
    assert_eq!(app.all_mails().await.len(), 4, "the new secret was told of, and is old again");
}

#[tokio::test]
async fn an_expired_key_leaves_the_list_and_then_the_store() {
    let app = staffed().await;
    let ada = app.log_in("ada").await;
    let before = app.row_counts();
    let key =
        ada.make_key_with(&["metrics:read"], json!({ "expires_at": "2027-01-15T09:00:00+00:30" })).await;
    assert_eq!(own(&ada).await[0]["expires_at"], "2027-01-15T08:30:00.000Z");
    app.all_mails().await;
    app.advance(Duration::from_secs(1_800));
    assert!(!key.is_in().await && own(&ada).await.is_empty());
    ada.post(&format!("{}/rotate", key.place()), json!({})).await.refused(404, "NOT_FOUND");
    while sweep(&app.services).await.unwrap() {}
    assert_eq!(app.row_counts(), before);
}

#[tokio::test]
async fn an_administrator_lists_and_revokes_everybodys_keys_but_not_those_of_higher_ranks() {
    let app = staffed().await;
    let (ada, boss, root) = (app.log_in("ada").await, app.log_in("boss").await, app.log_in("root").await);
    let of_ada = ada.make_key(&["metrics:read"]).await;
    app.advance(Duration::from_secs(1));
    let of_root = root.make_key(&["users:read"]).await;
    let ids = |page: Value| -> Vec<String> {
        page["api_keys"].as_array().unwrap().iter().map(|one| text_at(one, "/key/id")).collect()
    };
    let page = boss.get(ALL_KEYS).await.data(200);
    assert_eq!(page["api_keys"][1]["user_id"], app.account("ada").unwrap().id.to_string());
    assert_eq!(ids(page), [of_root.id.clone(), of_ada.id.clone()]);
    let of = app.account("ada").unwrap().id;
    assert_eq!(
        ids(boss.get(&format!("{ALL_KEYS}?user_id={of}")).await.data(200)),
        std::slice::from_ref(&of_ada.id)
    );
    assert_eq!(ids(boss.get(&format!("{ALL_KEYS}?rotation_due=true")).await.data(200)), Vec::<String>::new());
    let first = boss.get(&format!("{ALL_KEYS}?limit=1")).await.data(200);
    let next =
        boss.get(&format!("{ALL_KEYS}?limit=1&cursor={}", text_at(&first, "/next_cursor"))).await.data(200);
    assert_eq!((ids(first), ids(next)), (vec![of_root.id.clone()], vec![of_ada.id.clone()]));
    ada.get(ALL_KEYS).await.refused(403, "FORBIDDEN");
    for bad in ["user_id=x", "cursor=x", "limit=0", "rotation_due=maybe"] {
        boss.get(&format!("{ALL_KEYS}?{bad}")).await.refused(400, "VALIDATION_ERROR");
    }

    let place = |key: &KeyHolder<'_>| format!("{ALL_KEYS}/{}", key.id);
    ada.delete(&place(&of_ada)).await.refused(403, "FORBIDDEN");
    let (answer, events) = app.events_of(boss.delete(&place(&of_root))).await;
    answer.refused(403, "FORBIDDEN");
    assert_eq!(events, ["access.denied denied outranked"]);
    let (answer, events) = app.events_of(boss.delete(&place(&of_ada))).await;
    answer.data(200);
    assert_eq!(events, ["api_key.revoked success"]);
    let record = app.records().pop().unwrap();
    let id = |name: &str| Some(*app.account(name).unwrap().id.as_bytes());
    assert_eq!((record.actor, record.subject), (id("boss"), id("ada")));
    assert_eq!([of_ada.is_in().await, of_root.is_in().await], [false, true]);
    boss.delete(&place(&of_ada)).await.refused(404, "NOT_FOUND");
}

/// RFC 9470: a key is minted by whoever has proved of late who they are.
#[tokio::test]
async fn a_secret_is_given_out_to_a_fresh_session_alone() {
    let app = staffed().await;
    let ada = app.log_in("ada").await;
    let key = ada.make_key(&["metrics:read"]).await;
    app.advance(Duration::from_secs(3_601));
    let tokens = app.anonymous().refresh(&ada.refresh).await.data(200);
    let stale = LoggedIn::with(&app, &tokens);
    let body = json!({ "name": "Second", "scopes": ["metrics:read"] });
    let ((answers, revoked), events) = app
        .events_of(async {
            let rotated = stale.post(&format!("{}/rotate", key.place()), json!({})).await;
            let answers = [
                stale.post(KEYS, body).await,
                stale.put(&key.place(), json!({ "name": "x" })).await,
                rotated,
            ];
            (answers, stale.delete(&key.place()).await)
        })
        .await;
    for answer in answers {
        answer.refused(401, "STEP_UP_REQUIRED");
    }
    revoked.data(200);
    assert_eq!(events, ["api_key.revoked success"], "to end a key is always allowed");
}
