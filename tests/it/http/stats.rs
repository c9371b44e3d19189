//! What happened how often: counted once, by minute, over restarts.

use std::time::Duration;

use latchkey::domain::role::Role;
use latchkey::services::stats;
use latchkey::store::tables;
use serde_json::{Value, json};

use crate::harness::{LoggedIn, PASSWORD, START, TestApp, text_at};

const MINUTE: Duration = Duration::from_secs(60);

async fn watched() -> TestApp {
    let app = TestApp::unlimited().with_user("ada").await;
    app.add("boss", Role::Admin).await;
    app
}

async fn asked(boss: &LoggedIn<'_>, query: &str) -> Value {
    boss.get(&format!("/api/v1/stats?{query}")).await.data(200)
}

/// The tail of a series.
fn last(stats: &Value, series: &str, count: usize) -> Vec<u64> {
    let all: Vec<u64> = serde_json::from_value(stats["series"][series].clone()).unwrap();
    all[all.len() - count..].to_vec()
}

#[tokio::test]
async fn each_act_is_counted_in_its_minute() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    app.advance(MINUTE);
    let ada = app.log_in("ada").await;
    for _ in 0..3 {
        app.anonymous().log_in("ada", "wrong").await.refused(401, "AUTHENTICATION_FAILED");
    }
    ada.get("/api/v1/users").await.refused(403, "FORBIDDEN");
    app.anonymous().refresh(&ada.refresh).await.data(200);
    app.advance(MINUTE);
    app.anonymous().register("eve@example.com").await.data(201);
    let change = json!({ "current_password": PASSWORD, "new_password": "seven silent paper lanterns" });
    ada.post("/api/v1/auth/password/change", change).await.data(200);

    let (stats, events) = app.events_of(asked(&boss, "")).await;
    assert_eq!(events, [""; 0]);
    for (series, expected) in [
        ("logins_ok", [1, 1, 0]),
        ("logins_failed", [0, 3, 0]),
        ("denials", [0, 1, 0]),
        ("refreshes", [0, 1, 0]),
        ("registrations", [2, 0, 1]),
        ("password_changes", [0, 0, 1]),
        ("lockouts", [0, 0, 0]),
        ("hash_refused", [0, 0, 0]),
    ] {
        assert_eq!(last(&stats, series, 3), expected, "{series}");
        assert_eq!(stats["totals"][series], expected.iter().sum::<u64>(), "{series}");
        assert_eq!(stats["series"][series].as_array().unwrap().len(), 60);
    }
    assert!(stats["totals"]["hash_runs"].as_u64().unwrap() >= 8);
    assert_eq!(
        (text_at(&stats, "/from"), text_at(&stats, "/to")),
        ("2027-01-15T07:03:00.000Z".to_owned(), "2027-01-15T08:03:00.000Z".to_owned())
    );
    assert_eq!(stats["as_of"], boss.get("/api/v1/users").await.data(200)["as_of"]);
}

#[tokio::test]
async fn steps_add_up_and_the_answer_says_what_it_covers() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    for _ in 0..10 {
        app.advance(MINUTE);
        app.anonymous().log_in("nobody", "x").await;
    }
    let stats = asked(&boss, "from=2027-01-15T08:00:30Z&to=2027-01-15T08:09:00Z&step=240").await;
    assert_eq!(stats["series"]["logins_failed"], json!([3, 4, 2]));
    assert_eq!(
        (text_at(&stats, "/from"), text_at(&stats, "/to")),
        ("2027-01-15T08:00:00.000Z".to_owned(), "2027-01-15T08:10:00.000Z".to_owned())
    );
    let all = asked(&boss, "from=2020-01-01T00:00:00Z&to=2040-01-01T00:00:00Z&step=86400").await;
    assert_eq!((&all["series"]["logins_failed"], &all["step_seconds"]), (&json!([10]), &json!(86_400)));
    assert_eq!(text_at(&all, "/from"), "2027-01-14T08:11:00.000Z", "24 hours, and not more");
    for (query, field) in [
        ("from=x", "from"),
        ("to=x", "to"),
        ("step=0", "step"),
        ("step=90", "step"),
        ("step=86460", "step"),
        ("from=2027-01-15T08:05:00Z&to=2027-01-15T08:04:00Z", "from"),
    ] {
        let error = boss.get(&format!("/api/v1/stats?{query}")).await.refused(400, "VALIDATION_ERROR");
        assert_eq!(error["details"]["field"], field, "{query}");
    }
}

#[tokio::test]
async fn numbers_need_the_permission_and_a_refusal_is_recorded() {
    let app = watched().await;
    let ada = app.log_in("ada").await;
    let (answer, events) = app.events_of(ada.get("/api/v1/stats")).await;
    answer.refused(403, "FORBIDDEN");
    assert_eq!(events, ["access.denied denied permission_missing"]);
}

/// Killed before the first write, after one, and behind one.
#[tokio::test]
async fn a_restart_loses_no_act_and_counts_none_twice() {
    let mut app = watched().await;
    app.clock.set(START);
    for round in 1..=4_u64 {
        app.anonymous().log_in("nobody", "x").await;
        if round % 2 == 0 {
            stats::keep(&app.services).await.unwrap();
            app.anonymous().log_in("nobody", "x").await;
        }
        app.advance(MINUTE);
        app = app.restarted();
    }
    let boss = app.log_in("boss").await;
    let stats = asked(&boss, "").await;
    assert_eq!(last(&stats, "logins_failed", 5), [1, 2, 1, 2, 0]);
    assert_eq!((&stats["totals"]["logins_failed"], &stats["totals"]["logins_ok"]), (&json!(6), &json!(1)));
}

#[tokio::test]
async fn nothing_is_written_by_requests_nor_when_nothing_happened_and_never_more_than_a_day_is_kept() {
    let app = watched().await;
    let rows = |app: &TestApp| {
        let counts = app.row_counts();
        [tables::STATS.id(), tables::STATS_HOURS.id()].map(|id| counts.get(&id).copied().unwrap_or(0))
    };
    let boss = app.log_in("boss").await;
    asked(&boss, "").await;
    assert_eq!(rows(&app), [0, 0]);
    stats::keep(&app.services).await.unwrap();
    let (_, events) = app.events_of(stats::keep(&app.services)).await;
    assert_eq!((events, rows(&app)), (vec![], [1, 1]));
    let before = app.store().counters().commits;
    stats::keep(&app.services).await.unwrap();
    assert_eq!(app.store().counters().commits, before);
    for _ in 0..60 {
        app.advance(60 * MINUTE);
        app.anonymous().log_in("nobody", "x").await;
        stats::keep(&app.services).await.unwrap();
    }
    assert_eq!(rows(&app), [1, 25]);
    let boss = app.log_in("boss").await;
    let day = asked(&boss, "from=2020-01-01T00:00:00Z&step=3600").await;
    assert_eq!(day["series"]["logins_failed"].as_array().unwrap().len(), 24);
    assert_eq!(day["totals"]["logins_failed"], 60);
}
