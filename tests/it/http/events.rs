//! The feed over the API: what a stream says, where it begins, and how it goes on.

use std::time::Duration;

use latchkey::domain::role::Role;
use latchkey::store::{Abort, tables};
use serde_json::{Value, json};

use crate::harness::{Following, Heard, LoggedIn, TestApp, text_at};

async fn watched() -> TestApp {
    let app = TestApp::new().with_user("ada").await;
    app.add("boss", Role::Admin).await;
    app
}

fn texts(heard: &[Heard]) -> Vec<&str> {
    heard.iter().map(|heard| heard.data["details"]["text"].as_str().unwrap()).collect()
}

async fn newest(boss: &LoggedIn<'_>) -> Value {
    boss.get("/api/v1/audit/logs?limit=1").await.data(200)["logs"][0].clone()
}

#[tokio::test]
async fn a_stream_begins_with_ready_and_tells_each_act_as_the_audit_log_does() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    let ((mut stream, cursor), events) = app.events_of(boss.followed("")).await;
    assert_eq!(events, [""; 0], "following is reading, which is not recorded");
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store"),
        ("x-accel-buffering", "no"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(stream.headers[name], value, "{name}");
    }
    let id = text_at(&boss.get("/api/v1/audit/logs").await.data(200), "/as_of");
    assert_eq!(cursor, id, "a page of the same moment is as of the same place");
    app.anonymous().log_in("ada", "wrong password").await.refused(401, "AUTHENTICATION_FAILED");
    let heard = stream.next().await;
    assert_eq!((heard.event.as_str(), heard.action()), ("audit", "login.failed"));
    assert_eq!(heard.data, newest(&boss).await);
    assert_eq!(heard.id.unwrap(), text_at(&boss.get("/api/v1/users").await.data(200), "/as_of"));
}

#[tokio::test]
async fn ready_says_how_long_silence_lasts() {
    let app = watched().await;
    let mut stream = app.log_in("boss").await.follow("").await.unwrap();
    assert_eq!(stream.next().await.data["heartbeat_seconds"], 15);
}

#[tokio::test]
async fn a_list_and_the_stream_behind_it_miss_nothing_and_repeat_nothing() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    for list in [
        "audit/logs",
        "audit/suspicious",
        "users",
        "users/me/api-keys",
        "api-keys",
        "auth/sessions",
        "outbox",
    ] {
        let as_of = text_at(&boss.get(&format!("/api/v1/{list}")).await.data(200), "/as_of");
        app.commit(&["meanwhile"]).await;
        let (mut stream, cursor) = boss.followed(&format!("after={as_of}")).await;
        assert_eq!(cursor, as_of, "{list}");
        app.commit(&["later"]).await;
        let heard = [stream.next().await, stream.next().await];
        assert_eq!(texts(&heard), ["meanwhile", "later"], "{list}");
    }
}

#[tokio::test]
async fn a_client_that_comes_back_goes_on_in_the_middle_of_a_commit() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    let (mut stream, begin) = boss.followed("").await;
    app.commit(&["a", "b", "c"]).await;
    app.commit(&["d"]).await;
    let mut heard = Vec::new();
    for _ in 0..4 {
        heard.push(stream.next().await);
    }
    assert_eq!(texts(&heard), ["a", "b", "c", "d"]);
    for (seen, heard) in heard.iter().enumerate().take(3) {
        let id = heard.id.clone().unwrap();
        let again = LoggedIn::with(&app, &json!({ "access_token": boss.access, "refresh_token": "" }));
        let again = again.resuming(&id);
        // A browser repeats the address that it was opened with.
        let (mut stream, cursor) = again.followed(&format!("after={begin}")).await;
        assert_eq!(cursor, id);
        let rest = stream.actions(3 - seen).await;
        assert_eq!(rest.len(), 3 - seen);
    }
    let (mut stream, _) = boss.followed(&format!("after={begin}")).await;
    assert_eq!(texts(&[stream.next().await]), ["a"]);
}

#[tokio::test]
async fn topics_choose_by_the_first_word_of_an_act() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    let (mut few, _) = boss.followed("topic=login&topic=session").await;
    let (mut one, _) = boss.followed("topic=user").await;
    let ada = app.log_in("ada").await;
    app.anonymous().register("eve@example.com").await.data(201);
    ada.post("/api/v1/auth/logout", json!({})).await.data(200);
    assert_eq!(few.actions(2).await, ["login.succeeded", "session.ended"]);
    assert_eq!(one.actions(1).await, ["user.registered"]);
    for query in ["topic=", "topic=logins", "topic=login,session", "topic=login&topic=x"] {
        let error = boss.follow(query).await.err().unwrap().refused(400, "VALIDATION_ERROR");
        assert_eq!(
            (&error["details"]["field"], &error["details"]["reason"]),
            (&json!("topic"), &json!("unknown"))
        );
    }
    let many = "topic=login&".repeat(33);
    boss.follow(&many).await.err().unwrap().refused(400, "VALIDATION_ERROR");
}

/// A commit that a filter hides moves the cursor all the same, so a client that comes back does not start far behind.
#[tokio::test]
async fn a_heartbeat_breaks_the_silence_and_carries_the_place() {
    let app = TestApp::with_policy(|policy| policy.streams.heartbeat = Duration::from_millis(50));
    app.add("boss", Role::Admin).await;
    let boss = app.log_in("boss").await;
    let (mut stream, first) = boss.followed("topic=user").await;
    let beat = stream.next().await;
    assert_eq!((beat.event.as_str(), beat.id.as_ref()), ("comment", Some(&first)));
    app.commit(&["hidden"]).await;
    let as_of = text_at(&boss.get("/api/v1/audit/logs").await.data(200), "/as_of");
    let mut ids = Vec::new();
    while ids.last() != Some(&as_of) {
        let beat = stream.next().await;
        assert_eq!(beat.event, "comment");
        ids.push(beat.id.unwrap());
        assert!(ids.len() < 100, "{ids:?}");
    }
}

async fn gap(stream: &mut Following, reason: &str, cursor: &str) {
    let gap = stream.next().await;
    assert_eq!((gap.event.as_str(), gap.id.as_deref()), ("gap", Some(cursor)), "{gap:?}");
    assert_eq!(gap.data, json!({ "reason": reason, "cursor": cursor }));
}

#[tokio::test]
async fn a_cursor_of_another_history_is_a_gap_and_the_stream_goes_on_from_now() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    app.commit(&["a", "b"]).await;
    let as_of = text_at(&boss.get("/api/v1/audit/logs").await.data(200), "/as_of");
    let (seq, tag) = as_of[2..].split_once('-').unwrap();
    let next = seq.parse::<u64>().unwrap() + 1;
    let other = format!("0-{seq}-0000000000000000");
    for cursor in [
        other.clone(),
        format!("0-{next}-{tag}"),
        format!("1-{seq}-{tag}"),
        format!("0-0-{tag}"),
        format!("0-{seq}-{tag}-2"),
        format!("0-{seq}-{tag}-0"),
    ] {
        let (mut stream, ready) = boss.followed(&format!("after={cursor}")).await;
        assert_eq!(ready, as_of, "{cursor}");
        gap(&mut stream, "unknown_cursor", &as_of).await;
    }
    let (mut stream, _) = boss.followed(&format!("after={as_of}")).await;
    app.commit(&["c"]).await;
    assert_eq!(texts(&[stream.next().await]), ["c"], "no gap where there is none");
}

/// A browser would never come back after a 400; whoever writes `after` learns of it.
#[tokio::test]
async fn an_id_that_cannot_be_read_is_a_gap_and_an_after_that_cannot_be_read_is_refused() {
    let app = watched().await;
    for id in ["", "x", "42", "0-1-zz"] {
        let (mut stream, ready) = app.log_in("boss").await.resuming(id).followed("").await;
        gap(&mut stream, "unknown_cursor", &ready).await;
    }
    let boss = app.log_in("boss").await;
    for after in ["", "x", "42", "0-1-zz"] {
        let answer = boss.follow(&format!("after={after}")).await.err().unwrap();
        assert_eq!(answer.refused(400, "VALIDATION_ERROR")["details"]["field"], "after");
    }
}

#[tokio::test]
async fn what_is_not_kept_any_more_is_a_gap_and_the_rest_follows() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    let (_, old) = boss.followed("").await;
    for text in ["a", "b", "c", "d"] {
        app.commit(&[text]).await;
    }
    let first: u64 = old.split('-').nth(1).unwrap().parse().unwrap();
    let stamp = app.services.stamp(&app.services.own_context("test"));
    let drop_front = move |txn: &mut latchkey::store::Txn<'_>| {
        (1..=first + 2).try_for_each(|seq| txn.remove(&tables::LANE, &(0, seq))).map_err(Abort::<()>::Store)
    };
    app.store().transact("trim", stamp, drop_front).await.unwrap();
    let (mut stream, ready) = boss.followed(&format!("after={old}")).await;
    assert_eq!(ready, old);
    let gap = stream.next().await;
    assert_eq!((gap.event.as_str(), &gap.data["reason"]), ("gap", &json!("expired")));
    assert_eq!(texts(&[stream.next().await, stream.next().await]), ["c", "d"]);
    // The place that the gap names is one to go on from.
    let (mut stream, _) = boss.followed(&format!("after={}", gap.id.unwrap())).await;
    assert_eq!(texts(&[stream.next().await, stream.next().await]), ["c", "d"]);
}

#[tokio::test]
async fn hostile_text_breaks_no_frame() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    let (mut stream, _) = boss.followed("").await;
    let hostile = [
        "a\n\nevent: audit\ndata: {}\n\n",
        "b\r\rid: 0-0-0000000000000000\r\r",
        "c\r\n\r\n: comment",
        "d\u{2028}\u{2029}\u{85}\0\u{feff}",
    ];
    app.commit(&hostile).await;
    let mut heard = Vec::new();
    for _ in hostile {
        heard.push(stream.next().await);
    }
    assert_eq!(texts(&heard), hostile);
}

#[tokio::test]
async fn a_slow_reader_is_given_one_page_at_a_time_from_the_store() {
    let app = watched().await;
    let boss = app.log_in("boss").await;
    let (mut stream, _) = boss.followed("").await;
    for at in 0..500 {
        app.commit(&[&at.to_string()]).await;
    }
    let (mut seen, mut pages) = (Vec::new(), 0);
    while seen.len() < 500 {
        let page = stream.chunk().await.unwrap();
        assert!(page.len() <= 32, "{}", page.len());
        seen.extend(page);
        pages += 1;
    }
    assert_eq!(texts(&seen), (0..500).map(|at| at.to_string()).collect::<Vec<_>>());
    assert_eq!(pages, 500_usize.div_ceil(32));
}
