//! How denied requests are kept: for how long, how many, of whom, and where.

use std::sync::mpsc::channel;
use std::time::Duration;

use latchkey::domain::trace::TracePolicy;
use latchkey::services::explain::keeping;
use latchkey::services::sweep::sweep_all;
use latchkey::store::{Abort, tables, trace};

use super::explain::{HOUR, PATH, deny, found, kept};
use super::user_creation::staffed;
use crate::harness::{TestApp, text_at};

/// What is on its way to the store when somebody asks is waited for.
#[tokio::test]
async fn a_trace_that_is_being_written_is_told_too() {
    let app = staffed().await;
    let root = app.in_session_of("root").await;
    deny(&app, ("r0", "ada", "192.0.2.1")).await;
    let (go, wait) = channel::<()>();
    let stamp = app.services.stamp(&app.services.own_context("test"));
    // The writer rests until the trace was handed over to it, and somebody looked.
    let hold = app.services.store.transact("hold", stamp, move |_| {
        let _ = wait.recv();
        Ok::<_, Abort<()>>(())
    });
    let path = format!("{PATH}/r0");
    let (_, written, told, ()) =
        tokio::join!(hold, keeping::write(&app.services), root.get(&path), async { drop(go) });
    written.unwrap();
    told.data(200);
}

#[tokio::test]
async fn traces_go_by_age_and_the_oldest_by_number() {
    let app = staffed_with(TracePolicy { keep_for: HOUR, max_entries: 100 }).await;
    for n in 0..120 {
        deny(&app, (&format!("r{n}"), &format!("nobody{n}"), &format!("203.0.{n}.1"))).await;
        app.advance(Duration::from_secs(1));
    }
    keeping::write(&app.services).await.unwrap();
    assert!((100 - trace::BLOCK..=100).contains(&kept(&app)), "{}", kept(&app));
    let root = app.in_session_of("root").await;
    root.get(&format!("{PATH}/r119")).await.data(200);
    root.get(&format!("{PATH}/r0")).await.refused(404, "NOT_FOUND");
    app.advance(2 * HOUR);
    let root = app.in_session_of("root").await;
    assert_eq!(found(&root, "").await, [""; 0], "too old, though not swept yet");
    while latchkey::services::sweep::sweep(&app.services).await.unwrap() {}
    sweep_all(&app.services).await.unwrap();
    assert_eq!((kept(&app), app.row_counts().get(&tables::TRACES.id())), (0, None));
}

/// Whoever is denied without end drives nobody out.
#[tokio::test]
async fn a_source_has_its_share_and_what_is_left_out_is_counted() {
    let app = staffed_with(TracePolicy { keep_for: 24 * HOUR, max_entries: 200 }).await;
    deny(&app, ("mine", "ada", "192.0.2.1")).await;
    for n in 0..1_200 {
        let source = app.anonymous().at("203.0.113.1").header("x-request-id", &format!("r{n}"));
        source.get("/api/v1/users").await.refused(401, "UNAUTHORIZED");
    }
    assert_eq!(app.services.traces.left_out(), 1_200 - 10 - 1_000);
    deny(&app, ("mine too", "ada", "192.0.2.1")).await;
    let root = app.in_session_of("root").await;
    root.get(&format!("{PATH}/mine")).await.data(200);
    for (id, status) in [("r9", 200), ("r10", 404), ("r199", 404), ("r200", 200)] {
        assert_eq!(root.get(&format!("{PATH}/{id}")).await.status, status, "{id}");
    }
    let page = root.get(&format!("{PATH}?address=203.0.113.1")).await.data(200);
    assert_eq!(page["left_out"], 190);
    assert_eq!(kept(&app), 10 + 2 + 2, "its share, two of ada's, and what root did not find");
}

/// Strangers each from a network of their own, and an account that does not stop: what they cost is bounded, and the newest
/// are found between those that were written.
#[tokio::test]
async fn a_flood_lies_in_memory_and_is_found_as_all_others_are() {
    let app = staffed_with(TracePolicy { keep_for: HOUR, max_entries: 100_000 }).await;
    let (ada, root) = (app.log_in("ada").await, app.in_session_of("root").await);
    for n in 0..1_100_u32 {
        let [.., high, low] = n.to_be_bytes();
        let stranger = app.anonymous().at(&format!("10.{high}.{low}.1"));
        stranger
            .header("x-request-id", &format!("s{n}"))
            .get("/api/v1/users")
            .await
            .refused(401, "UNAUTHORIZED");
        if n % 500 == 499 {
            ada.get("/api/v1/users").await.refused(403, "FORBIDDEN");
        }
    }
    let page = root.get(&format!("{PATH}?limit=1")).await.data(200);
    assert_eq!((kept(&app), page["left_out"].as_u64().unwrap()), (60 + 2, 40));
    let (mut cursor, mut names) = (String::new(), Vec::new());
    loop {
        let page = root.get(&format!("{PATH}?limit=100{cursor}")).await.data(200);
        names.extend(page["requests"].as_array().unwrap().iter().map(|one| text_at(one, "/request_id")));
        let Some(next) = page.get("next_cursor") else { break };
        cursor = format!("&cursor={}", next.as_str().unwrap());
    }
    let by_ada = names.iter().enumerate().filter(|(_, name)| !name.starts_with('s')).map(|(place, _)| place);
    assert_eq!(by_ada.collect::<Vec<_>>(), [100, 601]);
    names.retain(|name| name.starts_with('s'));
    let expected = (100..1_100).rev().chain((0..60).rev()).map(|n| format!("s{n}"));
    assert!(names.iter().eq(&expected.collect::<Vec<_>>()), "{names:?}");
    assert_eq!(found(&root, "address=10.4.0.1").await, ["s1024"]);
    root.get(&format!("{PATH}/s100")).await.data(200);
    root.get(&format!("{PATH}/s99")).await.refused(404, "NOT_FOUND");
    // What is about an account has more room, and all of it comes back with time.
    deny(&app, ("login", "ada", "192.0.2.1")).await;
    app.advance(Duration::from_secs(60));
    app.anonymous().get("/api/v1/users").await.refused(401, "UNAUTHORIZED");
    assert_eq!(
        (found(&root, "limit=1").await.len(), kept(&app)),
        (1, 60 + 5),
        "with that of s99, which root did not find"
    );
    for _ in 0..700 {
        ada.get("/api/v1/users").await.refused(403, "FORBIDDEN");
    }
    let page = root.get(&format!("{PATH}?user=ada&limit=1")).await.data(200);
    assert_eq!((kept(&app), page["requests"].as_array().unwrap().len()), (60 + 5 + 600, 1));
    app.advance(2 * HOUR);
    while latchkey::services::sweep::sweep(&app.services).await.unwrap() {}
    let root = app.in_session_of("root").await;
    assert_eq!((found(&root, "").await, kept(&app)), (Vec::new(), 0));
}

async fn staffed_with(policy: TracePolicy) -> TestApp {
    let app = TestApp::with_traces(policy);
    super::user_creation::staff(&app).await;
    app
}
