//! Accounts: oneself, the list, and what an administrator changes.

use std::time::Duration;

use latchkey::domain::role::Role;
use poem::http::Method;
use serde_json::{Value, json};

use crate::harness::{LoggedIn, PASSWORD, TestApp, text_at};

const USERS: &str = "/api/v1/users";
const ME: &str = "/api/v1/auth/me";

async fn staffed() -> TestApp {
    let app = TestApp::new();
    for (name, role) in [("root", Role::SuperAdmin), ("boss", Role::Admin), ("ada", Role::Developer)] {
        app.add(name, role).await;
        app.advance(Duration::from_secs(1));
    }
    app
}

async fn id_of(caller: &LoggedIn<'_>) -> String {
    text_at(&caller.get(ME).await.data(200), "/id")
}

fn place(id: &str) -> String {
    format!("{USERS}/{id}")
}

fn names(page: &Value) -> Vec<String> {
    page["users"].as_array().unwrap().iter().map(|user| text_at(user, "/username")).collect()
}

/// The facts of the newest audit record.
fn last_detail(app: &TestApp) -> Vec<(String, String)> {
    app.records().pop().unwrap().detail
}

#[tokio::test]
async fn everybody_gives_themselves_another_name() {
    let app = staffed().await;
    let ada = app.log_in("ada").await;
    let rename =
        |body: Value| ada.raw(Method::PATCH, "/api/v1/users/me", Some("application/json"), body.to_string());
    let (answer, events) = app.events_of(rename(json!({ "name": "Ada King" }))).await;
    assert_eq!(answer.data(200)["name"], "Ada King");
    assert_eq!(events, ["user.updated success"]);
    assert_eq!(last_detail(&app), [("field".to_owned(), "name".to_owned())]);
    assert_eq!(ada.get(ME).await.data(200)["name"], "Ada King");
    let (same, events) = app.events_of(rename(json!({ "name": "Ada King" }))).await;
    assert_eq!((same.data(200)["name"].clone(), events.len()), (json!("Ada King"), 0));
    for bad in [json!({ "name": "x" }), json!({}), json!({ "name": "Ada", "status": "active" }), json!(null)]
    {
        let (answer, events) = app.events_of(rename(bad)).await;
        answer.refused(400, "VALIDATION_ERROR");
        assert_eq!(events, [""; 0]);
    }
    assert_eq!(app.account("ada").unwrap().name.as_str(), "Ada King");
}

#[tokio::test]
async fn everybody_sees_their_own_account() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    let (answer, events) = app.events_of(ada.get(ME)).await;
    let me = answer.data(200);
    assert_eq!((&me["email"], &me["username"]), (&json!("ada@example.com"), &json!("ada")));
    assert_eq!((&me["status"], &me["roles"]), (&json!("active"), &json!(["developer"])));
    assert_eq!((&me["email_verified"], &me["mfa_enabled"]), (&json!(true), &json!(false)));
    assert_eq!(events, [""; 0], "a look at oneself is no event");
    assert!(!answer.text.contains("argon2"));
}

#[tokio::test]
async fn the_list_is_newest_first_and_pages_without_loss() {
    let app = staffed().await;
    for at in 0..7 {
        app.add(&format!("user{at}"), Role::Viewer).await;
        app.advance(Duration::from_millis(1));
    }
    let boss = app.log_in("boss").await;
    let whole = boss.get(&format!("{USERS}?limit=100")).await.data(200);
    let expected: Vec<_> = (0..7).rev().map(|at| format!("user{at}")).collect();
    let expected = [expected, vec!["ada".to_owned(), "boss".to_owned(), "root".to_owned()]].concat();
    assert_eq!(names(&whole), expected);
    assert_eq!((&whole["total"], &whole["total_capped"]), (&json!(10), &json!(false)));
    assert_eq!((&whole["limit"], &whole["offset"]), (&json!(100), &json!(0)));
    let mut paged = Vec::new();
    for offset in [0, 4, 8] {
        let page = boss.get(&format!("{USERS}?limit=4&offset={offset}")).await.data(200);
        assert_eq!((&page["total"], &page["offset"]), (&json!(10), &json!(offset)));
        paged.extend(names(&page));
    }
    assert_eq!(paged, expected);
    let behind = boss.get(&format!("{USERS}?offset=10000")).await.data(200);
    assert_eq!((names(&behind).len(), &behind["total"]), (0, &json!(10)));
    assert_eq!(boss.get(USERS).await.data(200)["limit"], 20);
}

#[tokio::test]
async fn the_list_is_narrowed_by_status_and_by_a_part_of_any_name() {
    let app = staffed().await;
    app.anonymous().register("zoe@elsewhere.example").await.data(201);
    let boss = app.log_in("boss").await;
    for (query, expected) in [
        ("status=pending", vec!["zoe"]),
        ("status=active", vec!["ada", "boss", "root"]),
        ("status=suspended", vec![]),
        ("search=ELSEWHERE", vec!["zoe"]),
        ("search=somebody", vec!["zoe"]),
        ("search=OO", vec!["root"]),
        ("search=example.com&status=active", vec!["ada", "boss", "root"]),
        ("search=%25", vec![]),
        ("search=nobody", vec![]),
    ] {
        let page = boss.get(&format!("{USERS}?{query}")).await.data(200);
        assert_eq!(names(&page), expected, "{query}");
        assert_eq!(page["total"], expected.len(), "{query}");
    }
}

#[tokio::test]
async fn a_bad_question_names_its_parameter() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("offset=10001", "offset"),
        ("offset=-1", "offset"),
        ("status=unknown", "status"),
        ("status=", "status"),
        (&format!("search={}", "x".repeat(101)), "search"),
    ] {
        let error = boss.get(&format!("{USERS}?{query}")).await.refused(400, "VALIDATION_ERROR");
        assert_eq!(error["details"]["field"], field, "{query}: {error:#}");
    }
}

#[tokio::test]
async fn whoever_lacks_the_permission_is_told_what_is_missing_and_it_is_recorded() {
    let app = staffed().await;
    let ada = app.log_in("ada").await;
    let id = id_of(&ada).await;
    app.set_roles("ada", &[]).await;
    for (required, answer, events) in [
        ("users:read", app.events_of(ada.get(USERS)).await),
        ("users:update", app.events_of(ada.put(&place(&id), json!({ "name": "Queen" }))).await),
    ]
    .map(|(required, (answer, events))| (required, answer, events))
    {
        let error = answer.refused(403, "FORBIDDEN");
        let details = json!({ "required_permission": required, "user_permissions": [] });
        assert_eq!(error["details"], details);
        assert_eq!(events, ["access.denied denied permission_missing"]);
    }
    assert_eq!(last_detail(&app), [("required".to_owned(), "users:update".to_owned())]);
}

#[tokio::test]
async fn suspension_bites_live_tokens_at_once_and_sessions_stay_gone() {
    let app = staffed().await;
    for status in ["suspended", "inactive"] {
        let (boss, ada) = (app.log_in("boss").await, app.log_in("ada").await);
        let second = app.log_in("ada").await;
        let place = place(&id_of(&ada).await);
        let (answer, events) = app.events_of(boss.put(&place, json!({ "status": status }))).await;
        assert_eq!(answer.data(200)["status"], status);
        assert_eq!(events, ["user.status_changed success"]);
        let pair = |from: &str, to: &str| vec![("from".into(), from.into()), ("to".into(), to.into())];
        assert_eq!(last_detail(&app), pair("active", status));
        for session in [&ada, &second] {
            session.get(ME).await.refused(401, "TOKEN_INVALID");
            app.anonymous().refresh(&session.refresh).await.refused(401, "TOKEN_INVALID");
        }
        app.anonymous().log_in("ada", PASSWORD).await.refused(401, "AUTHENTICATION_FAILED");
        boss.put(&place, json!({ "status": "active" })).await.data(200);
        assert_eq!(last_detail(&app), pair(status, "active"));
        for session in [&ada, &second] {
            session.get(ME).await.refused(401, "TOKEN_INVALID");
            app.anonymous().refresh(&session.refresh).await.refused(401, "TOKEN_INVALID");
        }
        let again = app.log_in("ada").await;
        let sessions = again.get("/api/v1/auth/sessions").await.data(200);
        assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1, "{sessions:#}");
    }
}

#[tokio::test]
async fn a_suspended_administrator_can_do_nothing_more() {
    let app = staffed().await;
    let (root, boss) = (app.log_in("root").await, app.log_in("boss").await);
    root.put(&place(&id_of(&boss).await), json!({ "status": "suspended" })).await.data(200);
    boss.get(USERS).await.refused(401, "TOKEN_INVALID");
}

#[tokio::test]
async fn a_new_name_shows_at_once_and_ends_nothing() {
    let app = staffed().await;
    let (boss, ada) = (app.log_in("boss").await, app.log_in("ada").await);
    let place = place(&id_of(&ada).await);
    let (answer, events) = app.events_of(boss.put(&place, json!({ "name": "  Ada Lovelace " }))).await;
    assert_eq!(
        (answer.data(200)["name"].clone(), events),
        (json!("Ada Lovelace"), vec!["user.updated success".into()])
    );
    assert_eq!(last_detail(&app), [("field".to_owned(), "name".to_owned())]);
    assert_eq!(ada.get(ME).await.data(200)["name"], "Ada Lovelace");
    let (_, events) =
        app.events_of(boss.put(&place, json!({ "name": "Ada Lovelace", "status": "active" }))).await;
    assert_eq!(events, [""; 0], "what is so already is no event");
    let (answer, events) = app.events_of(boss.put(&place, json!({}))).await;
    assert_eq!((answer.data(200)["name"].clone(), events.len()), (json!("Ada Lovelace"), 0));
    for name in ["", "x", &"x".repeat(101), "a\u{0}b", "a\nb", "a\u{202e}b"] {
        let error = boss.put(&place, json!({ "name": name })).await.refused(400, "VALIDATION_ERROR");
        assert_eq!(error["details"]["field"], "name", "{name:?}");
    }
}

#[tokio::test]
async fn pending_and_invented_statuses_are_refused() {
    let app = staffed().await;
    let (boss, ada) = (app.log_in("boss").await, app.log_in("ada").await);
    let place = place(&id_of(&ada).await);
    for status in ["pending", "Active", "deleted", ""] {
        let (answer, events) = app.events_of(boss.put(&place, json!({ "status": status }))).await;
        let error = answer.refused(400, "VALIDATION_ERROR");
        assert_eq!((&error["details"]["field"], events.len()), (&json!("status"), 0), "{status:?}");
    }
    for field in ["email", "roles", "role_ids", "id", "email_verified", "password", "number", "session_epoch"]
    {
        let error = boss.put(&place, json!({ (field): "x" })).await.refused(400, "VALIDATION_ERROR");
        assert_eq!(error["details"], json!({ "field": field, "reason": "unknown" }));
    }
    ada.get(ME).await.data(200);
}

#[tokio::test]
async fn an_unknown_account_and_a_malformed_id_look_alike() {
    let app = staffed().await;
    let boss = app.log_in("boss").await;
    let messages = [
        "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11",
        "nonsense",
        "1",
        "%00",
        "00000000-0000-0000-0000-000000000000",
    ];
    for id in messages {
        let error = boss.put(&place(id), json!({ "status": "suspended" })).await.refused(404, "NOT_FOUND");
        assert_eq!(error["message"], "There is no such user.", "{id}");
    }
}

#[tokio::test]
async fn nobody_touches_an_account_of_a_higher_rank() {
    let app = staffed().await;
    app.add("chief", Role::Admin).await;
    let (root, boss, chief) = (app.log_in("root").await, app.log_in("boss").await, app.log_in("chief").await);
    for change in [json!({ "status": "suspended" }), json!({ "name": "Clown" })] {
        let (answer, events) = app.events_of(boss.put(&place(&id_of(&root).await), change)).await;
        answer.refused(403, "FORBIDDEN");
        assert_eq!(events, ["access.denied denied outranked"]);
        let record = app.records().pop().unwrap();
        let id = |name: &str| Some(*app.account(name).unwrap().id.as_bytes());
        assert_eq!((record.actor, record.subject), (id("boss"), id("root")));
    }
    assert_eq!(root.get(ME).await.data(200)["name"], "root");
    boss.put(&place(&id_of(&chief).await), json!({ "status": "suspended" })).await.data(200);
    root.put(&place(&id_of(&boss).await), json!({ "status": "inactive" })).await.data(200);
}

#[tokio::test]
async fn the_last_active_super_administrator_stays() {
    let app = staffed().await;
    let root = app.log_in("root").await;
    let place = place(&id_of(&root).await);
    for status in ["suspended", "inactive"] {
        let change = json!({ "name": "Gone", "status": status });
        let (answer, events) = app.events_of(root.put(&place, change)).await;
        answer.refused(409, "CONFLICT");
        assert_eq!(events, ["access.denied denied last_super_admin"]);
        assert_eq!(root.get(ME).await.data(200)["name"], "root");
    }
    root.put(&place, json!({ "name": "Still Here" })).await.data(200);
    app.add("root2", Role::SuperAdmin).await;
    root.put(&place, json!({ "status": "inactive" })).await.data(200);
    let second = app.log_in("root2").await;
    let own = id_of(&second).await;
    second.put(&format!("{USERS}/{own}"), json!({ "status": "inactive" })).await.refused(409, "CONFLICT");
    root.get(ME).await.refused(401, "TOKEN_INVALID");
}

#[tokio::test]
async fn two_super_administrators_who_suspend_each_other_leave_one() {
    for _ in 0..20 {
        let app = staffed().await;
        app.add("root2", Role::SuperAdmin).await;
        let (first, second) = (app.log_in("root").await, app.log_in("root2").await);
        let places = (place(&id_of(&first).await), place(&id_of(&second).await));
        let body = || json!({ "status": "suspended" });
        let answers = tokio::join!(first.put(&places.1, body()), second.put(&places.0, body()));
        let done = [&answers.0, &answers.1].iter().filter(|answer| answer.status == 200).count();
        assert_eq!(done, 1, "{answers:?}");
        let boss = app.log_in("boss").await;
        let page = boss.get(&format!("{USERS}?status=active&search=root")).await.data(200);
        assert_eq!(page["total"], 1);
    }
}
