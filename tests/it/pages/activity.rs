//! `/account/activity`: what happened to one's account, in words.

use latchkey::domain::role::Role;
use serde_json::json;

use super::{NONE, page};
use crate::harness::{PASSWORD, TestApp, between, text_at};

const ACTIVITY: &str = "/account/activity";

#[tokio::test]
async fn what_happened_is_told_newest_first_with_time_and_place() {
    let app = TestApp::new().with_user("ada").await.with_user("eve").await;
    let stranger = app.anonymous().at("192.0.2.9").header("user-agent", "Mosaic/1 <b>");
    stranger.log_in("ada", "wrong").await.refused(401, "AUTHENTICATION_FAILED");
    let mut ada = app.surf_as("ada").await;
    ada.act("/account/name", &[("name", "Ada King")]).await;
    app.surf_as("eve").await.act("/account/name", &[("name", "Eve King")]).await;
    assert!(page(&ada.get("/account").await, 200).contains("href=\"/account/activity\""));
    let (html, events) = app.events_of(ada.get(ACTIVITY)).await;
    assert_eq!(events, NONE);
    let html = page(&html, 200);
    let acts: Vec<_> = html.split("<li><div><strong>").skip(1).collect();
    assert_eq!(acts.len(), 4, "{html}");
    for (act, words) in acts.iter().zip(["Change of the account", "Login", "Login", "Making of the account"])
    {
        assert!(act.starts_with(&format!("{words}</strong>")), "{act}");
        assert!(act.contains("15 January 2027, 08:00 UTC"));
    }
    assert!(acts[2].contains(" (wrong password)") && acts[2].contains("Mosaic/1, 192.0.2.9"), "{}", acts[2]);
    assert_eq!(html.matches("<span class=\"badge\">Refused</span>").count(), 1);
    assert!(!html.contains("Eve") && !html.contains("?before="));
}

/// As in the copy of one's data: what others did is told, and not who they were, from where and in which words.
#[tokio::test]
async fn nobody_else_is_named() {
    let app = TestApp::new();
    app.add("boss", Role::Admin).await;
    let app = app.with_user("ada").await;
    let boss = app.anonymous().at("192.0.2.9").header("user-agent", "Netscape/4");
    let tokens = app.anonymous().at("192.0.2.9").log_in("boss", PASSWORD).await.data(200);
    let boss = boss.header("authorization", &format!("Bearer {}", text_at(&tokens, "/access_token")));
    let boss = boss.header("x-audit-note", "a ticket");
    let id = app.id_of("ada");
    boss.post(&format!("/api/v1/users/{id}/logout-all"), json!({})).await.data(200);
    let mut ada = app.surf_as("ada").await;
    let html = ada.get(ACTIVITY).await;
    let act = between(page(&html, 200), "<strong>End of several sessions</strong>", "</li>");
    assert!(act.contains("By an administrator, or by the server itself"), "{act}");
    for trace in ["192.0.2.9", "Netscape", "ticket", "boss"] {
        assert!(!html.text.contains(trace), "{trace}");
    }
}

#[tokio::test]
async fn older_acts_are_behind_a_link() {
    let app = TestApp::unlimited().with_user("ada").await;
    let mut ada = app.surf_as("ada").await;
    for n in 0..30 {
        ada.act("/account/name", &[("name", &format!("Ada {n}"))]).await;
    }
    let (mut path, mut counts) = (ACTIVITY.to_owned(), Vec::new());
    loop {
        let html = ada.get(&path).await;
        counts.push(page(&html, 200).matches("<li><div><strong>").count());
        assert_eq!(html.text.contains(">The newest</a>"), path != ACTIVITY);
        if !html.text.contains(">Older</a>") {
            break;
        }
        path = format!("{ACTIVITY}?before={}", between(&html.text, "activity?before=", "\""));
    }
    assert_eq!(counts, [20, 12]);
    page(&ada.get(&format!("{ACTIVITY}?before=x")).await, 200);
    let none = ada.get(&format!("{ACTIVITY}?before=1")).await;
    assert!(page(&none, 200).contains("Nothing more."));
}
