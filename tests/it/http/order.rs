//! Lists that are walked from either end: everybody's sessions, accounts, and the audit log.

use std::time::Duration;

use latchkey::domain::role::Role;
use serde_json::json;

use crate::harness::{LoggedIn, PASSWORD, START, TestApp, text_at};

/// The lists, with a query begun, and what their rows stand under.
const LISTS: [(&str, &str); 3] = [
    ("/api/v1/sessions?", "sessions"),
    ("/api/v1/users?count=false&", "users"),
    ("/api/v1/audit/logs?", "logs"),
];

/// An administrator and nine accounts that log in, one each second; the sessions of one end in one commit.
async fn busy() -> TestApp {
    let app = TestApp::unlimited();
    app.add("boss", Role::Admin).await;
    for number in 0..9 {
        app.advance(Duration::from_secs(1));
        app.add(&format!("user{number}"), if number % 3 == 0 { Role::Developer } else { Role::Viewer }).await;
        app.anonymous().at("203.0.113.9").log_in(&format!("user{number}"), PASSWORD).await.data(200);
    }
    for _ in 0..3 {
        app.anonymous().log_in("user8", PASSWORD).await.data(200);
    }
    let boss = app.log_in("boss").await;
    let ending = json!({ "user_id": app.account("user8").unwrap().id.to_string(), "expect_count": 4 });
    boss.post("/api/v1/sessions/revoke", ending).await.data(200);
    app
}

/// The ids of one page, and where the next one begins.
async fn page(
    caller: &LoggedIn<'_>,
    (list, rows): (&str, &str),
    query: &str,
) -> (Vec<String>, Option<String>) {
    let data = caller.get(&format!("{list}{query}")).await.data(200);
    let ids = data[rows].as_array().unwrap().iter().map(|row| text_at(row, "/id"));
    (ids.collect(), data["next_cursor"].as_str().map(str::to_owned))
}

/// The ids of all pages.
async fn walked(caller: &LoggedIn<'_>, list: (&str, &str), query: &str) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let (ids, next) = page(caller, list, &format!("{query}{cursor}")).await;
        all.extend(ids);
        let Some(next) = next else { return all };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn one_order_is_the_other_one_backwards_whatever_is_asked_for() {
    let app = busy().await;
    let boss = app.log_in("boss").await;
    let at = |seconds| START.plus(Duration::from_secs(seconds)).to_string();
    let user = app.account("user8").unwrap().id;
    let [sessions, users, logs] = LISTS;
    for (list, filter, count) in [
        (sessions, String::new(), 10),
        (sessions, "network=203.0.113.0/24".to_owned(), 8),
        (sessions, format!("user_id={}", app.account("boss").unwrap().id), 2),
        (sessions, format!("since={}&until={}", at(3), at(6)), 3),
        (sessions, format!("since={}", at(1_000)), 0),
        (users, String::new(), 10),
        (users, "role=developer".to_owned(), 3),
        (users, "search=USER".to_owned(), 9),
        (users, format!("created_from={}&created_before={}", at(3), at(6)), 3),
        (users, format!("created_from={}&created_before={}", at(6), at(3)), 0),
        (users, format!("created_before={}", at(2)), 2),
        (logs, String::new(), 28),
        (logs, format!("user_id={user}"), 9),
        (logs, "action=session.ended".to_owned(), 4),
        (logs, format!("start_date={}&end_date={}", at(3), at(6)), 6),
    ] {
        let newest = walked(&boss, list, &format!("limit=100&{filter}")).await;
        assert_eq!(newest.len(), count, "{list:?} {filter}: {newest:#?}");
        let mut backwards = newest.clone();
        backwards.reverse();
        for limit in [1, 2, 3, 7, 100] {
            let oldest = walked(&boss, list, &format!("order=oldest&limit={limit}&{filter}")).await;
            assert_eq!(oldest, backwards, "{list:?} {filter} {limit}");
            assert_eq!(walked(&boss, list, &format!("order=newest&limit={limit}&{filter}")).await, newest);
        }
    }
    let second = boss.get("/api/v1/users?order=oldest&limit=2&offset=1").await.data(200);
    assert_eq!((text_at(&second, "/users/0/username"), &second["total"]), ("user0".to_owned(), &json!(10)));
    let cursor = text_at(&second, "/next_cursor");
    let third = boss.get(&format!("/api/v1/users?order=oldest&cursor={cursor}")).await.data(200);
    assert_eq!(text_at(&third, "/users/0/username"), "user2", "a counted page leads on to the others");
}

#[tokio::test]
async fn the_oldest_first_come_to_what_is_added_meanwhile_and_lose_and_repeat_nothing() {
    let app = busy().await;
    let boss = app.log_in("boss").await;
    for list in LISTS {
        for limit in [1, 3, 8] {
            let (mut seen, mut cursor, mut added) = (Vec::new(), String::new(), 0);
            loop {
                let (ids, next) = page(&boss, list, &format!("order=oldest&limit={limit}{cursor}")).await;
                seen.extend(ids);
                let Some(next) = next else { break };
                cursor = format!("&cursor={next}");
                if added < 4 {
                    added += 1;
                    app.advance(Duration::from_secs(1));
                    let name = format!("new{added}{limit}{}", list.1);
                    app.add(&name, Role::Viewer).await;
                    app.anonymous().log_in(&name, PASSWORD).await.data(200);
                }
            }
            let mut newest = walked(&boss, list, "limit=100").await;
            newest.reverse();
            assert!(added > 0 && seen == newest, "{list:?} {limit}: {seen:#?} {newest:#?}");
        }
    }
}

#[tokio::test]
async fn a_cursor_goes_with_its_order_and_no_other() {
    let app = busy().await;
    let boss = app.log_in("boss").await;
    for list in LISTS {
        let (first, next) = page(&boss, list, "limit=1").await;
        let (newest, place) = (next.unwrap(), first[0].clone());
        let (_, next) = page(&boss, list, "limit=1&order=oldest").await;
        let oldest = next.unwrap();
        for (query, field) in [
            (format!("order=oldest&cursor={newest}"), "cursor"),
            (format!("cursor={oldest}"), "cursor"),
            (format!("order=newest&cursor={oldest}"), "cursor"),
            (format!("order=oldest&cursor=oldest-{oldest}"), "cursor"),
            ("order=oldest&cursor=oldest-".to_owned(), "cursor"),
            ("order=oldest&cursor=x".to_owned(), "cursor"),
            ("order=".to_owned(), "order"),
            ("order=Oldest".to_owned(), "order"),
            ("order=created_at".to_owned(), "order"),
        ] {
            let error = boss.get(&format!("{}{query}", list.0)).await.refused(400, "VALIDATION_ERROR");
            assert_eq!(error["details"]["field"], field, "{list:?} {query} at {place}: {error:#}");
        }
    }
}

/// A page with a limit of one looks at fifty records: what is behind many others is found only where the search begins near.
#[tokio::test]
async fn a_search_of_the_audit_log_begins_where_its_times_begin() {
    let app = TestApp::unlimited();
    app.add("boss", Role::Admin).await;
    let fill = async || {
        for _ in 0..60 {
            app.anonymous().log_in("nobody", "x").await.refused(401, "AUTHENTICATION_FAILED");
        }
        app.advance(Duration::from_secs(4 * 3_600));
    };
    fill().await;
    app.log_in("boss").await;
    app.advance(Duration::from_secs(4 * 3_600));
    fill().await;
    let boss = app.log_in("boss").await;
    let noon = START.plus(Duration::from_secs(4 * 3_600));
    for query in
        [format!("order=oldest&start_date={noon}"), format!("end_date={}", noon.plus(Duration::from_secs(1)))]
    {
        let query = format!("limit=1&action=login.succeeded&{query}");
        let (found, _) = page(&boss, LISTS[2], &query).await;
        assert_eq!(found.len(), 1, "{query}");
    }
}
