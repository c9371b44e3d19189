//! Questions about rights: G71, T44 to T46; who may ask about whom, batches, and what an answer costs the store.

use std::time::Duration;

use latchkey::domain::limit::{Budget, Class};
use latchkey::domain::role::Role;
use latchkey::domain::user::Status;
use serde_json::{Value, json};

use crate::harness::{Answer, LoggedIn, TestApp, place, shipped_limits};

const CHECK: &str = "/api/v1/authz/check";

async fn staffed() -> TestApp {
    let app = TestApp::new();
    for (name, role) in
        [("boss", Role::Admin), ("mia", Role::Manager), ("ada", Role::Developer), ("vic", Role::Viewer)]
    {
        app.add(name, role).await;
    }
    app
}

async fn ask(caller: &LoggedIn<'_>, body: Value) -> Value {
    caller.post(CHECK, body).await.data(200)
}

fn missing(permission: &str) -> Value {
    refused("permission_missing", permission)
}

fn refused(reason: &str, permission: &str) -> Value {
    json!({ "allowed": false, "reason": reason, "missing": { "required_permission": permission } })
}

fn allowed(by: Value) -> Value {
    json!({ "allowed": true, "by": by })
}

/// G71: the answer names the role, where it has the right from, or what is missing.
#[tokio::test]
async fn an_answer_says_which_role_allows_it_or_what_is_missing() {
    let app = staffed().await;
    let mia = app.log_in("mia").await;
    for (permission, expected) in [
        ("policies:update", allowed(json!({ "role": "manager" }))),
        ("policies:write", allowed(json!({ "role": "manager" }))),
        ("policies:read", allowed(json!({ "role": "manager", "inherited_from": "viewer" }))),
        ("metrics:create", allowed(json!({ "role": "manager", "inherited_from": "developer" }))),
        ("costs:delete", missing("costs:delete")),
        ("costs:write", missing("costs:create")),
    ] {
        let (answer, events) = app.events_of(ask(&mia, json!({ "permission": permission }))).await;
        assert_eq!((answer, events.len()), (expected.clone(), 0), "{permission}");
        let about_one = json!({ "permission": permission, "resource": format!("{}/7", permission.split(':').next().unwrap()) });
        assert_eq!(ask(&mia, about_one).await, expected, "{permission} about a resource nobody registered");
    }
}

#[tokio::test]
async fn a_right_of_ones_own_and_one_of_a_custom_role_are_told_apart() {
    let app = staffed().await;
    let role = app.make_role("Cost Keeper", &["costs:write"], Some(Role::Developer)).await;
    app.give_role("vic", &role).await;
    app.give_permission("vic", "audit:read").await;
    let vic = app.log_in("vic").await;
    for (permission, by) in [
        ("costs:update", json!({ "role": "cost_keeper" })),
        ("metrics:update", json!({ "role": "cost_keeper", "inherited_from": "developer" })),
        ("metrics:read", json!({ "role": "viewer" })),
        ("audit:read", json!({ "permission": "direct" })),
    ] {
        assert_eq!(ask(&vic, json!({ "permission": permission })).await, allowed(by), "{permission}");
    }
}

/// T44, T45, T46.
#[tokio::test]
async fn an_answer_says_who_owns_and_until_when_it_was_granted() {
    let app = staffed().await;
    let (mia, ada, vic) = (app.log_in("mia").await, app.log_in("ada").await, app.log_in("vic").await);
    mia.register_resource("policies/42").await.data(201);
    app.set_roles("mia", &[]).await;
    let end = "2027-01-15T09:00:00.000Z";
    let body = json!({ "user_id": app.id_of("ada"), "permission": "policies:write", "expires_at": end });
    mia.post(&place("policies/42", "/grants"), body).await.data(201);
    mia.grant("policies/42", "vic", "policies:delete").await.data(201);
    let about = |permission: &str| json!({ "permission": permission, "resource": "policies/42" });
    assert_eq!(ask(&mia, about("policies:delete")).await, allowed(json!({ "owner": true })));
    assert_eq!(ask(&ada, about("policies:update")).await, allowed(json!({ "grant": { "expires_at": end } })));
    assert_eq!(ask(&ada, about("policies:write")).await, allowed(json!({ "grant": { "expires_at": end } })));
    assert_eq!(ask(&ada, about("policies:delete")).await, missing("policies:delete"));
    assert_eq!(ask(&vic, about("policies:delete")).await, allowed(json!({ "grant": {} })));
    assert_eq!(ask(&vic, json!({ "permission": "policies:delete" })).await, missing("policies:delete"));
    app.advance(Duration::from_millis(3_599_999));
    assert_eq!(ask(&ada, about("policies:update")).await["allowed"], true);
    app.advance(Duration::from_millis(1));
    let ada = app.log_in("ada").await;
    assert_eq!(ask(&ada, about("policies:update")).await, missing("policies:update"));
}

#[tokio::test]
async fn asking_about_others_needs_the_right_to_see_accounts() {
    let app = staffed().await;
    let (mia, vic) = (app.log_in("mia").await, app.log_in("vic").await);
    let about = |id: &str| json!({ "user_id": id, "permission": "metrics:create" });
    assert_eq!(ask(&mia, about(&app.id_of("vic"))).await, missing("metrics:create"));
    assert_eq!(ask(&mia, about(&app.id_of("ada"))).await, allowed(json!({ "role": "developer" })));
    for unknown in ["019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11", "nobody", ""] {
        assert_eq!(ask(&mia, about(unknown)).await, refused("unknown_user", "metrics:create"), "{unknown:?}");
        let (answer, events) = app.events_of(vic.post(CHECK, about(unknown))).await;
        let details = answer.refused(403, "FORBIDDEN")["details"].clone();
        assert_eq!(details["required_permission"], "users:read");
        assert_eq!(events, ["access.denied denied permission_missing"]);
    }
    vic.post(CHECK, about(&app.id_of("ada"))).await.refused(403, "FORBIDDEN");
    assert_eq!(ask(&vic, about(&app.id_of("vic"))).await, missing("metrics:create"), "oneself needs nothing");
    let mixed = json!({ "checks": [{ "permission": "metrics:read" }, about(&app.id_of("ada"))] });
    vic.post(CHECK, mixed).await.refused(403, "FORBIDDEN");
}

/// G16: whoever is switched off may do nothing, not even with what they own; and the answer says so.
#[tokio::test]
async fn an_account_that_is_switched_off_is_allowed_nothing() {
    let app = staffed().await;
    app.log_in("ada").await.register_resource("metrics/1").await.data(201);
    let boss = app.log_in("boss").await;
    let about =
        json!({ "user_id": app.id_of("ada"), "permission": "metrics:delete", "resource": "metrics/1" });
    assert_eq!(ask(&boss, about.clone()).await, allowed(json!({ "owner": true })));
    for status in [Status::Suspended, Status::Inactive] {
        app.set_status("ada", status).await;
        assert_eq!(ask(&boss, about.clone()).await, refused("user_inactive", "metrics:delete"));
    }
    app.set_status("ada", Status::Active).await;
    assert_eq!(ask(&boss, about).await["allowed"], true);
}

/// G41, G74: what a role gives counts at once, and not without the second factor that it needs.
#[tokio::test]
async fn a_changed_role_counts_at_once_and_not_without_its_second_factor() {
    let app = TestApp::with_policy(|policy| policy.factor.required_for = vec![Role::Admin]);
    app.add("ada", Role::Viewer).await;
    let ada = app.log_in("ada").await;
    let create = json!({ "permission": "policies:create" });
    assert_eq!(ask(&ada, create.clone()).await, missing("policies:create"));
    app.set_roles("ada", &[Role::Manager]).await;
    assert_eq!(ask(&ada, create.clone()).await, allowed(json!({ "role": "manager" })));
    app.set_roles("ada", &[Role::Admin]).await;
    assert_eq!(ask(&ada, create).await, refused("mfa_required", "policies:create"));
    assert_eq!(ask(&ada, json!({ "permission": "audit:delete" })).await, missing("audit:delete"));
}

#[tokio::test]
async fn a_batch_is_answered_in_its_order() {
    let app = staffed().await;
    let mia = app.log_in("mia").await;
    mia.register_resource("metrics/1").await.data(201);
    let checks = json!({ "checks": [
        { "permission": "costs:delete" },
        { "permission": "policies:delete" },
        { "permission": "metrics:delete", "resource": "metrics/1" },
        { "user_id": app.id_of("vic"), "permission": "metrics:delete", "resource": "metrics/1" },
        { "user_id": "nobody", "permission": "metrics:read" },
    ]});
    let (answer, events) = app.events_of(ask(&mia, checks)).await;
    let expected = json!({ "results": [
        missing("costs:delete"),
        allowed(json!({ "role": "manager" })),
        allowed(json!({ "owner": true })),
        missing("metrics:delete"),
        refused("unknown_user", "metrics:read"),
    ]});
    assert_eq!((answer, events.len()), (expected, 0));
    let single = json!({ "checks": [{ "permission": "costs:delete" }] });
    assert_eq!(ask(&mia, single).await, json!({ "results": [missing("costs:delete")] }));
}

#[tokio::test]
async fn a_bad_question_names_its_field_and_nothing_is_answered() {
    let app = staffed().await;
    let mia = app.log_in("mia").await;
    let many = |count: usize| json!({ "checks": vec![json!({ "permission": "metrics:read" }); count] });
    assert_eq!(ask(&mia, many(100)).await["results"].as_array().unwrap().len(), 100);
    let second = |bad: Value| json!({ "checks": [{ "permission": "metrics:read" }, bad] });
    for (body, field) in [
        (json!({}), "permission"),
        (json!({ "user_id": app.id_of("mia") }), "permission"),
        (json!({ "permission": "metrics:fly" }), "permission"),
        (json!({ "permission": "metrics:read", "resource": "metrics" }), "resource"),
        (json!({ "permission": "metrics:read", "resource": "policies/1" }), "resource"),
        (json!({ "permission": "metrics:read", "checks": [{ "permission": "metrics:read" }] }), "checks"),
        (json!({ "resource": "metrics/1", "checks": [{ "permission": "metrics:read" }] }), "checks"),
        (many(0), "checks"),
        (many(101), "checks"),
        (second(json!({ "permission": "*" })), "checks[1].permission"),
        (second(json!({ "permission": "metrics:read", "resource": "costs/1" })), "checks[1].resource"),
        (second(json!({})), "permission"),
    ] {
        let error = mia.post(CHECK, body.clone()).await.refused(400, "VALIDATION_ERROR");
        assert_eq!(error["details"]["field"], field, "{body}");
    }
}

/// R53: a key that asks about itself is told what the key may do; about an account, what the account may.
#[tokio::test]
async fn a_key_is_told_of_itself_or_with_the_scope_of_others() {
    let app = staffed().await;
    let mia = app.log_in("mia").await;
    mia.register_resource("policies/1").await.data(201);
    let reader = mia.make_key(&["users:read", "policies:read"]).await;
    let narrow = mia.make_key(&["metrics:read"]).await;
    let ask = async |key: &crate::harness::KeyHolder<'_>, body: Value| key.post(CHECK, body).await;
    let update = json!({ "permission": "policies:update", "resource": "policies/1" });
    assert_eq!(
        ask(&reader, update.clone()).await.data(200),
        missing("policies:update"),
        "not even as the owner"
    );
    let of = |name: &str| {
        let mut body = update.clone();
        body["user_id"] = json!(app.id_of(name));
        body
    };
    assert_eq!(ask(&reader, of("mia")).await.data(200), allowed(json!({ "role": "manager" })));
    assert_eq!(ask(&reader, of("vic")).await.data(200), missing("policies:update"));
    assert_eq!(ask(&narrow, of("mia")).await.data(200)["allowed"], true, "of its own account");
    let error = ask(&narrow, of("vic")).await.refused(403, "FORBIDDEN");
    assert_eq!(error["details"]["required_permission"], "users:read");
}

#[track_caller]
fn left(answer: &Answer) -> (&str, &str) {
    (answer.header("x-ratelimit-remaining").unwrap(), answer.header("ratelimit-policy").unwrap())
}

/// It has a limit of its own, beside that of the caller's other calls, and a batch is one call.
#[tokio::test]
async fn questions_have_a_limit_of_their_own() {
    let app = TestApp::with_policy(|policy| policy.limits = shipped_limits());
    app.add("ada", Role::Developer).await;
    let ada = app.log_in("ada").await;
    let (usual, own) = (
        ada.make_key(&["metrics:read"]).await,
        ada.make_key_with(&["metrics:read"], json!({ "rate_limit": 5 })).await,
    );
    let (one, many) = (
        json!({ "permission": "metrics:read" }),
        json!({ "checks": [{ "permission": "metrics:read" }, { "permission": "costs:read" }] }),
    );
    let policy = "\"authz_check\";q=6000;w=60";
    assert_eq!(left(&ada.post(CHECK, one.clone()).await), ("5999", policy));
    assert_eq!(left(&ada.post(CHECK, many).await), ("5998", policy));
    assert_eq!(left(&usual.post(CHECK, one.clone()).await), ("5999", policy), "each key has its own");
    assert_eq!(
        left(&own.post(CHECK, one.clone()).await),
        ("4", "\"api_key\";q=5;w=3600"),
        "or the one it was given"
    );
    assert_eq!(
        left(&ada.get("/api/v1/auth/me").await),
        ("997", "\"authenticated\";q=1000;w=60"),
        "three calls"
    );

    let app = TestApp::with_policy(|policy| {
        *policy.limits.budgets.get_mut(Class::AuthzCheck) = Budget::new(2, Duration::from_secs(60)).unwrap();
    });
    app.add("ada", Role::Developer).await;
    let ada = app.log_in("ada").await;
    for _ in 0..2 {
        ask(&ada, one.clone()).await;
    }
    let over = ada.post(CHECK, one).await;
    over.refused(429, "RATE_LIMIT_EXCEEDED");
    assert_eq!(over.header("retry-after"), Some("30"));
    assert!(ada.is_in().await);
}

/// A question writes nothing, and its batch reads an account and a resource once, however often they are asked about.
#[tokio::test]
async fn a_batch_takes_one_snapshot_and_reads_everything_once() {
    let app = staffed().await;
    let (mia, boss) = (app.log_in("mia").await, app.log_in("boss").await);
    app.log_in("ada").await.register_resource("metrics/1").await.data(201);
    let reads = async |caller: &LoggedIn<'_>, checks: Vec<Value>| {
        let (before, writes) = (app.engine.reads(), app.store().counters().transactions);
        ask(caller, json!({ "checks": checks })).await;
        assert_eq!(app.store().counters().transactions, writes);
        let after = app.engine.reads();
        (after.snapshots - before.snapshots, after.rows - before.rows)
    };
    let right = json!({ "permission": "policies:read" });
    let owned = json!({ "permission": "metrics:delete", "resource": "metrics/1" });
    let of = |name: &str, check: &Value| {
        let mut check = check.clone();
        check["user_id"] = json!(app.id_of(name));
        check
    };
    // The head of the request takes a snapshot for the session and its account.
    assert_eq!(reads(&mia, vec![right.clone()]).await, (2, 3));
    assert_eq!(reads(&mia, vec![right.clone(); 100]).await, (2, 3));
    assert_eq!(reads(&mia, vec![owned.clone()]).await, (2, 4));
    assert_eq!(reads(&mia, vec![owned.clone(); 100]).await, (2, 4));
    let mixed = ["ada", "vic", "mia"].map(|name| [of(name, &right), of(name, &owned)]).concat();
    assert_eq!(reads(&boss, vec![mixed; 16].concat()).await, (2, 6), "three accounts and one resource");
}
