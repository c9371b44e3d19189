//! The list of accounts by cursor, and what narrows it.

use std::collections::BTreeSet;
use std::time::Duration;

use latchkey::domain::role::Role;
use serde_json::{Value, json};

use crate::harness::{LoggedIn, START, TestApp, text_at};

const USERS: &str = "/api/v1/users";

async fn with_users(count: usize) -> TestApp {
    let app = TestApp::new();
    app.add("boss", Role::Manager).await;
    for at in 0..count {
        app.advance(Duration::from_secs(1));
        app.add(&format!("user{at}"), Role::Viewer).await;
    }
    app
}

fn names(page: &Value) -> Vec<String> {
    page["users"].as_array().unwrap().iter().map(|user| text_at(user, "/username")).collect()
}

/// Everybody that `query` finds, page by page, and how many pages there were.
async fn walked(boss: &LoggedIn<'_>, query: &str) -> (Vec<String>, usize) {
    let (mut all, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let page = boss.get(&format!("{USERS}?count=false&{query}{cursor}")).await.data(200);
        for counted in ["total", "offset", "total_capped"] {
            assert_eq!(page.get(counted), None, "{query}: nothing is counted");
        }
        all.extend(names(&page));
        pages += 1;
        match page.get("next_cursor") {
            Some(next) => cursor = format!("&cursor={}", next.as_str().unwrap()),
            None => return (all, pages),
        }
    }
}

#[tokio::test]
async fn a_cursor_walks_every_account_once_whatever_comes_meanwhile() {
    let app = with_users(9).await;
    let boss = app.log_in("boss").await;
    let expected: Vec<_> = (0..9).rev().map(|at| format!("user{at}")).chain(["boss".to_owned()]).collect();
    for (limit, pages) in [(1, 10), (4, 3), (5, 2), (10, 1), (100, 1)] {
        assert_eq!(walked(&boss, &format!("limit={limit}")).await, (expected.clone(), pages), "{limit}");
    }
    let first = boss.get(&format!("{USERS}?limit=4")).await.data(200);
    assert_eq!((&first["total"], &first["offset"]), (&json!(10), &json!(0)), "the first page may count");
    app.add("newcomer", Role::Viewer).await;
    let cursor = text_at(&first, "/next_cursor");
    let second = boss.get(&format!("{USERS}?limit=100&cursor={cursor}")).await.data(200);
    assert_eq!([names(&first), names(&second)].concat(), expected);
    assert!(second["as_of"].is_string() && second.get("next_cursor").is_none());
    let whole = boss.get(&format!("{USERS}?limit=100")).await.data(200);
    assert_eq!((&whole["total"], whole.get("next_cursor")), (&json!(11), None));
}

#[tokio::test]
async fn every_filter_finds_the_same_counted_and_by_cursor() {
    let app = with_users(4).await;
    app.add("chief", Role::Admin).await;
    app.anonymous().register("zoe@elsewhere.example").await.data(201);
    let user1 = app.log_in("user1").await;
    app.enrol(&user1).await;
    let boss = app.log_in("boss").await;
    let at = |seconds| START.plus(Duration::from_secs(seconds)).to_string();
    for (query, expected) in [
        ("role=viewer".to_owned(), vec!["user3", "user2", "user1", "user0"]),
        ("role=admin".to_owned(), vec!["chief"]),
        ("role=super_admin".to_owned(), vec![]),
        ("status=pending".to_owned(), vec!["zoe"]),
        ("has_factor=true".to_owned(), vec!["user1"]),
        ("has_factor=false&role=viewer".to_owned(), vec!["user3", "user2", "user0"]),
        ("search=USER&has_factor=true".to_owned(), vec!["user1"]),
        (format!("created_before={}", at(1)), vec!["boss"]),
        (format!("created_from={}&created_before={}", at(1), at(3)), vec!["user1", "user0"]),
        (format!("created_from={}&role=viewer", at(3)), vec!["user3", "user2"]),
        (format!("created_from={}", at(1_000_000)), vec![]),
        (format!("created_from={}&created_before={}", at(3), at(1)), vec![]),
    ] {
        let mut expected: Vec<_> = expected.into_iter().map(str::to_owned).collect();
        let mut found = names(&boss.get(&format!("{USERS}?{query}")).await.data(200));
        let mut by_cursor = walked(&boss, &format!("limit=2&{query}")).await.0;
        for list in [&mut expected, &mut found, &mut by_cursor] {
            list.sort();
        }
        assert_eq!((&found, &by_cursor), (&expected, &expected), "{query}");
    }
}

/// A page without a total looks at a thousand accounts at most, however few of them are found.
#[tokio::test]
async fn a_page_may_be_empty_and_have_a_next_one() {
    let app = with_users(1_250).await;
    let boss = app.log_in("boss").await;
    let first = boss.get(&format!("{USERS}?count=false&search=boss")).await.data(200);
    assert_eq!(names(&first), [""; 0]);
    let cursor = text_at(&first, "/next_cursor");
    let second = boss.get(&format!("{USERS}?search=boss&cursor={cursor}")).await.data(200);
    assert_eq!((names(&second), second.get("next_cursor")), (vec!["boss".to_owned()], None));
    let (all, pages) = walked(&boss, "limit=100").await;
    assert_eq!((all.iter().collect::<BTreeSet<_>>().len(), all.len(), pages), (1_251, 1_251, 13));
}

#[tokio::test]
async fn a_bad_filter_names_its_parameter() {
    let app = with_users(1).await;
    let boss = app.log_in("boss").await;
    for (query, field) in [
        ("cursor=nonsense", "cursor"),
        ("cursor=", "cursor"),
        ("role=queen", "role"),
        ("role=", "role"),
        ("has_factor=maybe", "has_factor"),
        ("count=no", "count"),
        ("created_from=yesterday", "created_from"),
        ("created_before=1", "created_before"),
        ("offset=1&count=false", "offset"),
        ("offset=1&cursor=019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11", "offset"),
    ] {
        let error = boss.get(&format!("{USERS}?{query}")).await.refused(400, "VALIDATION_ERROR");
        assert_eq!(error["details"]["field"], field, "{query}: {error:#}");
    }
}

#[tokio::test]
async fn accounts_are_found_by_the_beginning_of_either_name() {
    let app = with_users(12).await;
    let boss = app.log_in("boss").await;
    let found = async |name: &str, limit: usize| {
        let page = boss.get(&format!("{USERS}/lookup?name={name}&limit={limit}")).await.data(200);
        (names(&page), page["more"].as_bool().unwrap())
    };
    let all = |names: &[&str], more: bool| (names.iter().map(ToString::to_string).collect::<Vec<_>>(), more);
    // Each account once, though its address begins so as its username does.
    assert_eq!(found("USER1", 20).await, all(&["user1", "user10", "user11"], false));
    assert_eq!(found("user1", 2).await, all(&["user1", "user10"], true));
    assert_eq!(found("user1@", 20).await, all(&["user1"], false));
    assert_eq!(found("boss@example.com", 20).await, all(&["boss"], false));
    assert_eq!(found("nobody", 20).await, all(&[], false));
    assert_eq!(found("%C3%BC", 20).await, all(&[], false));
    assert_eq!(found("", 2).await, all(&["boss", "user0"], true));
}
