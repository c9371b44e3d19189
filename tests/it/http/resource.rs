//! Resources: registering, seeing, handing over, removing; T44, G71, SECURITY R53, R56, R59.

use std::time::Duration;

use latchkey::domain::resource::RESOURCES_MAX;
use latchkey::domain::role::Role;
use latchkey::store::check::check;
use serde_json::{Value, json};

use crate::harness::{Answer, LoggedIn, RESOURCES, TestApp, place, text_at};

/// Somebody of each rank: mia and max may make policies, ada and eve may make metrics.
async fn staffed() -> TestApp {
    let app = TestApp::new();
    for (name, role) in [
        ("root", Role::SuperAdmin),
        ("boss", Role::Admin),
        ("mia", Role::Manager),
        ("max", Role::Manager),
        ("ada", Role::Developer),
        ("eve", Role::Developer),
        ("vic", Role::Viewer),
    ] {
        app.add(name, role).await;
    }
    app
}

fn names(page: &Value) -> Vec<String> {
    page["resources"].as_array().unwrap().iter().map(|one| text_at(one, "/resource")).collect()
}

async fn hand_over(caller: &LoggedIn<'_>, name: &str, to: &str) -> Answer {
    caller.put(&place(name, "/owner"), json!({ "user_id": caller.app().id_of(to) })).await
}

/// The facts of the newest audit record.
fn last_detail(app: &TestApp) -> Vec<(String, String)> {
    app.records().pop().unwrap().detail
}

fn fact(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[tokio::test]
async fn whoever_registers_a_resource_owns_it() {
    let app = staffed().await;
    let mia = app.log_in("mia").await;
    let (answer, events) = app.events_of(mia.register_resource("policies/42")).await;
    let made = answer.data(201);
    let expected = json!({
        "resource": "policies/42", "owner_id": app.id_of("mia"), "created_at": "2027-01-15T08:00:00.000Z"
    });
    assert_eq!((&made, events), (&expected, vec!["resource.created success".to_owned()]));
    assert_eq!(last_detail(&app), [fact("resource", "policies/42")]);
    let (answer, events) = app.events_of(mia.get(&place("policies/42", ""))).await;
    assert_eq!((answer.data(200), events.len()), (made, 0));
    let again = mia.register_resource("policies/42").await.refused(409, "ALREADY_EXISTS");
    assert_eq!(again["details"], json!({ "field": "resource" }));
    mia.register_resource("policies/42.b").await.data(201);
}

/// G71.
#[tokio::test]
async fn registering_needs_the_right_to_create_one_of_the_kind() {
    let app = staffed().await;
    let ada = app.log_in("ada").await;
    ada.register_resource("metrics/1").await.data(201);
    let (answer, events) = app.events_of(ada.register_resource("policies/1")).await;
    let details = answer.refused(403, "FORBIDDEN")["details"].clone();
    assert_eq!(details["required_permission"], "policies:create");
    assert!(details["user_permissions"].as_array().unwrap().contains(&json!("metrics:create")));
    assert_eq!(events, ["access.denied denied permission_missing"]);
}

#[tokio::test]
async fn a_bad_name_is_refused_and_so_are_kinds_of_the_server() {
    let app = staffed().await;
    let root = app.log_in("root").await;
    for bad in ["", "policies", "policies/", "signals/1", "policies/a b", "policies/..", "policies/a/b"] {
        let error = root.register_resource(bad).await.refused(400, "VALIDATION_ERROR");
        assert_eq!(error["details"], json!({ "field": "resource", "reason": "invalid" }), "{bad:?}");
    }
    for ours in ["users/1", "audit/1"] {
        let error = root.register_resource(ours).await.refused(400, "VALIDATION_ERROR");
        assert_eq!(error["details"]["reason"], "reserved", "{ours}");
    }
    for path in ["signals/1", "policies/..%2F1", "policies/a%2Fb", "policies/a%20b", "Policies/1"] {
        root.get(&place(path, "")).await.refused(404, "NOT_FOUND");
    }
}

/// R59: to whom it does not concern, it is not there, whatever they try.
#[tokio::test]
async fn a_foreign_resource_answers_like_an_unknown_one() {
    let app = staffed().await;
    let (mia, eve) = (app.log_in("mia").await, app.log_in("eve").await);
    mia.register_resource("policies/mine").await.data(201);
    mia.grant("policies/mine", "vic", "policies:update").await.data(201);
    for caller in [&eve, &app.log_in("ada").await] {
        let mut seen = Vec::new();
        for name in ["policies/mine", "policies/none"] {
            let user = app.id_of("eve");
            let answers = [
                caller.get(&place(name, "")).await,
                caller.delete(&place(name, "")).await,
                caller.put(&place(name, "/owner"), json!({ "user_id": user })).await,
                caller.get(&place(name, "/grants")).await,
                caller.grant(name, "eve", "policies:read").await,
                caller.take_back(name, "vic", "policies:update").await,
            ];
            seen.push(answers.map(|answer| {
                let mut error = answer.refused(404, "NOT_FOUND");
                error.as_object_mut().unwrap().remove("request_id");
                error
            }));
        }
        assert_eq!(seen[0], seen[1]);
    }
    app.log_in("boss").await.get(&place("policies/mine", "")).await.data(200);
    app.log_in("vic").await.get(&place("policies/mine", "")).await.data(200);
}

#[tokio::test]
async fn the_list_is_ones_own_in_the_order_of_names_and_pages_without_loss() {
    let app = staffed().await;
    let (mia, ada) = (app.log_in("mia").await, app.log_in("ada").await);
    for number in [3, 1, 10, 2] {
        mia.register_resource(&format!("policies/{number}")).await.data(201);
    }
    mia.register_resource("metrics/z").await.data(201);
    ada.register_resource("metrics/a").await.data(201);
    let all = ["policies/1", "policies/10", "policies/2", "policies/3", "metrics/z"];
    let whole = mia.get(RESOURCES).await.data(200);
    assert_eq!((names(&whole), whole.get("next_cursor")), (all.map(str::to_owned).to_vec(), None));
    assert!(whole["as_of"].is_string());
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = mia.get(&format!("{RESOURCES}?limit=2{cursor}")).await.data(200);
        paged.extend(names(&page));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, all);
    for (query, field) in
        [("limit=0", "limit"), ("limit=101", "limit"), ("cursor=x", "cursor"), ("owner=x", "owner")]
    {
        let error = mia.get(&format!("{RESOURCES}?{query}")).await.refused(400, "VALIDATION_ERROR");
        assert_eq!(error["details"]["field"], field, "{query}");
    }
}

#[tokio::test]
async fn somebody_elses_list_needs_the_right_to_see_accounts() {
    let app = staffed().await;
    let (mia, ada) = (app.log_in("mia").await, app.log_in("ada").await);
    ada.register_resource("metrics/a").await.data(201);
    let of_ada = format!("{RESOURCES}?owner={}", app.id_of("ada"));
    assert_eq!(names(&mia.get(&of_ada).await.data(200)), ["metrics/a"]);
    assert_eq!(names(&ada.get(&of_ada).await.data(200)), ["metrics/a"], "oneself needs nothing");
    let (answer, events) = app.events_of(app.log_in("vic").await.get(&of_ada)).await;
    assert_eq!(answer.refused(403, "FORBIDDEN")["details"]["required_permission"], "users:read");
    assert_eq!(events.last().unwrap(), "access.denied denied permission_missing");
}

/// T44: the owner may do anything; and nothing any more once it is handed over.
#[tokio::test]
async fn an_owner_hands_over_and_is_owner_no_more() {
    let app = staffed().await;
    let (ada, eve) = (app.log_in("ada").await, app.log_in("eve").await);
    ada.register_resource("metrics/1").await.data(201);
    let (answer, events) = app.events_of(hand_over(&ada, "metrics/1", "eve")).await;
    assert_eq!(answer.data(200)["owner_id"], app.id_of("eve"));
    assert_eq!(events, ["resource.owner_changed success"]);
    let record = app.records().pop().unwrap();
    assert_eq!(record.subject, Some(*app.account("eve").unwrap().id.as_bytes()));
    assert_eq!(last_detail(&app), [fact("resource", "metrics/1"), fact("from", &app.id_of("ada"))]);
    assert_eq!(names(&eve.get(RESOURCES).await.data(200)), ["metrics/1"]);
    assert_eq!(names(&ada.get(RESOURCES).await.data(200)), Vec::<String>::new());
    // A developer may update all metrics, so ada still sees it, and may neither remove it nor take it back.
    ada.delete(&place("metrics/1", "")).await.refused(403, "FORBIDDEN");
    hand_over(&ada, "metrics/1", "ada").await.refused(403, "FORBIDDEN");
    let (answer, events) = app.events_of(hand_over(&eve, "metrics/1", "eve")).await;
    assert_eq!(
        (answer.data(200)["owner_id"].clone(), events.len()),
        (json!(app.id_of("eve")), 0),
        "nothing changed"
    );
    eve.delete(&place("metrics/1", "")).await.data(200);
}

/// R56.
#[tokio::test]
async fn whoever_looks_after_accounts_hands_over_what_no_higher_rank_owns() {
    let app = staffed().await;
    let (root, boss, max) = (app.log_in("root").await, app.log_in("boss").await, app.log_in("max").await);
    app.log_in("mia").await.register_resource("policies/1").await.data(201);
    root.register_resource("policies/2").await.data(201);
    let error = hand_over(&max, "policies/1", "max").await.refused(403, "FORBIDDEN");
    assert_eq!(error["details"]["required_permission"], "users:update");
    hand_over(&boss, "policies/1", "max").await.data(200);
    let (answer, events) = app.events_of(hand_over(&boss, "policies/2", "boss")).await;
    assert_eq!(answer.refused(403, "FORBIDDEN")["message"], "The owner of this resource outranks you.");
    assert_eq!(events, ["access.denied denied outranked"]);
    let seen = boss.get("/api/v1/audit/suspicious").await.data(200)["events"].clone();
    assert_eq!(seen[0]["type"], "privilege_escalation");
    for nobody in ["x", "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11"] {
        let answer = root.put(&place("policies/2", "/owner"), json!({ "user_id": nobody })).await;
        let details = answer.refused(400, "VALIDATION_ERROR")["details"].clone();
        assert_eq!(details, json!({ "field": "user_id", "reason": "unknown" }));
    }
}

#[tokio::test]
async fn a_resource_is_removed_by_its_owner_by_right_and_by_grant() {
    let app = staffed().await;
    let (mia, max, vic) = (app.log_in("mia").await, app.log_in("max").await, app.log_in("vic").await);
    let before = app.row_counts();
    for number in 1..=3 {
        mia.register_resource(&format!("policies/{number}")).await.data(201);
        mia.grant(&format!("policies/{number}"), "ada", "policies:write").await.data(201);
    }
    mia.grant("policies/3", "vic", "policies:delete").await.data(201);
    for (caller, number) in [(&mia, 1), (&max, 2), (&vic, 3)] {
        let (answer, events) = app.events_of(caller.delete(&place(&format!("policies/{number}"), ""))).await;
        answer.data(200);
        assert_eq!(events, ["resource.deleted success"]);
        assert_eq!(app.records().pop().unwrap().subject, Some(*app.account("mia").unwrap().id.as_bytes()));
    }
    assert_eq!(app.row_counts(), before, "its grants went with it");
    mia.delete(&place("policies/1", "")).await.refused(404, "NOT_FOUND");
    assert!(check(app.store()).unwrap().is_clean());
}

#[tokio::test]
async fn a_name_that_is_free_again_brings_no_old_grant_back() {
    let app = staffed().await;
    let (mia, vic) = (app.log_in("mia").await, app.log_in("vic").await);
    mia.register_resource("policies/1").await.data(201);
    mia.grant("policies/1", "vic", "policies:update").await.data(201);
    mia.delete(&place("policies/1", "")).await.data(200);
    mia.register_resource("policies/1").await.data(201);
    vic.get(&place("policies/1", "")).await.refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn an_account_owns_a_thousand_and_no_more() {
    let app = TestApp::unlimited();
    app.add("mia", Role::Manager).await;
    app.add("max", Role::Manager).await;
    let (mia, max) = (app.log_in("mia").await, app.log_in("max").await);
    for number in 0..RESOURCES_MAX {
        app.put_resource(&format!("policies/{number}"), "mia", "policies:read").await;
    }
    mia.register_resource("policies/more").await.refused(409, "CONFLICT");
    max.register_resource("policies/more").await.data(201);
    hand_over(&max, "policies/more", "mia").await.refused(409, "CONFLICT");
    mia.delete(&place("policies/7", "")).await.data(200);
    hand_over(&max, "policies/more", "mia").await.data(200);
}

/// The thing itself lives on in its application: nobody becomes its owner by registering its name again.
#[tokio::test]
async fn a_resource_outlives_its_owner_and_gets_another_one() {
    let app = staffed().await;
    let (ada, eve, boss) = (app.log_in("ada").await, app.log_in("eve").await, app.log_in("boss").await);
    ada.register_resource("metrics/1").await.data(201);
    ada.grant("metrics/1", "vic", "metrics:delete").await.data(201);
    let gone = app.id_of("ada");
    ada.delete("/api/v1/users/me").await.data(200);
    assert_eq!(boss.get(&place("metrics/1", "")).await.data(200).get("owner_id"), None);
    eve.register_resource("metrics/1").await.refused(409, "ALREADY_EXISTS");
    let orphans = boss.get(&format!("{RESOURCES}?owner={gone}")).await.data(200);
    assert_eq!(names(&orphans), ["metrics/1"]);
    app.advance(Duration::from_secs(86_400));
    let boss = app.log_in("boss").await;
    assert_eq!(hand_over(&boss, "metrics/1", "eve").await.data(200)["owner_id"], app.id_of("eve"));
    let eve = app.log_in("eve").await;
    assert_eq!(
        eve.get(&place("metrics/1", "/grants")).await.data(200)["grants"][0]["user_id"],
        app.id_of("vic")
    );
    assert!(check(app.store()).unwrap().is_clean());
}

/// R53: not even as the owner does a key more than its scopes.
#[tokio::test]
async fn a_key_of_the_owner_does_no_more_than_its_scopes() {
    let app = staffed().await;
    let mia = app.log_in("mia").await;
    let maker = mia.make_key(&["policies:create"]).await;
    let other = mia.make_key(&["metrics:read"]).await;
    maker.post(RESOURCES, json!({ "resource": "policies/1" })).await.data(201);
    maker.get(&place("policies/1", "")).await.data(200);
    let error = maker.delete(&place("policies/1", "")).await.refused(403, "FORBIDDEN");
    let details =
        json!({ "required_permission": "policies:delete", "user_permissions": ["policies:create"] });
    assert_eq!(error["details"], details);
    let body = json!({ "user_id": app.id_of("ada"), "permission": "policies:read" });
    maker.post(&place("policies/1", "/grants"), body).await.refused(403, "FORBIDDEN");
    other.get(&place("policies/1", "")).await.refused(404, "NOT_FOUND");
    assert_eq!(names(&other.get(RESOURCES).await.data(200)), Vec::<String>::new());
    let keeper = mia.make_key(&["policies:delete"]).await;
    keeper.delete(&place("policies/1", "")).await.data(200);
}

/// G41: roles that need a second factor show and do nothing without it.
#[tokio::test]
async fn a_role_that_needs_a_second_factor_changes_nothing_without_one() {
    let app = TestApp::with_policy(|policy| policy.factor.required_for = vec![Role::Manager]);
    app.add("mia", Role::Manager).await;
    app.add("ada", Role::Developer).await;
    app.put_resource("metrics/1", "ada", "metrics:read").await;
    app.put_resource("metrics/2", "mia", "metrics:read").await;
    let mia = app.log_in("mia").await;
    mia.get(&place("metrics/1", "")).await.refused(404, "NOT_FOUND");
    mia.get(&place("metrics/2", "")).await.data(200);
    for answer in [
        mia.delete(&place("metrics/2", "")).await,
        mia.grant("metrics/2", "ada", "metrics:delete").await,
        mia.register_resource("metrics/3").await,
    ] {
        assert_eq!(answer.refused(403, "FORBIDDEN")["details"], json!({ "mfa_required": true }));
    }
}
