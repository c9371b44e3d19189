//! Proving an address: rules G10 to G12; SECURITY R10, R26, R28, R33, R61.

use std::time::Duration;

use latchkey::domain::user::Status;
use serde_json::json;

use crate::harness::{Answer, PASSWORD, TestApp};

const DAY: Duration = Duration::from_secs(86_400);
const ADA: &str = "ada@example.com";

/// A server where Ada waits for her mail, and the token in it.
async fn waiting() -> (TestApp, String) {
    let app = TestApp::new();
    app.anonymous().register(ADA).await.data(201);
    let token = app.mailed_token(ADA).await;
    (app, token)
}

async fn resend(app: &TestApp, email: &str) -> (Answer, Vec<String>) {
    let caller = app.anonymous().header("x-request-id", "same");
    app.events_of(caller.post("/api/v1/auth/resend-verification", json!({ "email": email }))).await
}

fn status(app: &TestApp) -> (Status, bool) {
    let ada = app.account(ADA).unwrap();
    (ada.status, ada.email_verified_at.is_some())
}

async fn refused(app: &TestApp, token: &str) {
    let (answer, events) = app.events_of(app.verify(token)).await;
    let error = answer.refused(400, "VALIDATION_ERROR");
    assert_eq!(error["message"], "This verification link is not valid any more.", "{token}");
    assert_eq!(events, Vec::<String>::new(), "{token}");
}

/// G10, G11, G12.
#[tokio::test]
async fn a_link_proves_an_address_once() {
    let (app, token) = waiting().await;
    app.anonymous().log_in(ADA, PASSWORD).await.refused(401, "AUTHENTICATION_FAILED");
    let (answer, events) = app.events_of(app.verify(&token)).await;
    assert_eq!(answer.data(200), json!({ "message": "Email verified successfully." }));
    assert_eq!(events, ["email.verified success"]);
    assert_eq!(status(&app), (Status::Active, true));
    app.anonymous().log_in(ADA, PASSWORD).await.data(200);
    refused(&app, &token).await;
}

/// G11: a link lives 24 hours.
#[tokio::test]
async fn a_link_dies_after_a_day() {
    for (waits, works) in [(Duration::from_millis(86_399_999), true), (DAY, false), (DAY * 400, false)] {
        let (app, token) = waiting().await;
        app.advance(waits);
        if works {
            app.verify(&token).await.data(200);
        } else {
            refused(&app, &token).await;
        }
        assert_eq!(status(&app).1, works);
    }
}

/// R61: only the newest link counts.
#[tokio::test]
async fn a_newer_link_takes_the_place_of_the_older() {
    let (app, old) = waiting().await;
    app.advance(Duration::from_secs(60));
    resend(&app, ADA).await.0.data(200);
    let new = app.mailed_token(ADA).await;
    assert_ne!(old, new);
    refused(&app, &old).await;
    app.verify(&new).await.data(200);
}

/// R26, R61: no other token opens this door, and no guess burns the real one.
#[tokio::test]
async fn nothing_but_the_mailed_token_proves_an_address() {
    let (app, token) = waiting().await;
    let app = app.with_user("eve").await;
    let eve = app.log_in("eve").await;
    let (front, last) = token.split_at(token.len() - 1);
    let other_secret = format!("{front}{}", if last == "A" { "E" } else { "A" });
    let setup = token.replace("lkv_", "lks_");
    let bad = [
        "x",
        "lkv_",
        front,
        &format!("{token}A"),
        &format!("{token}%3D"),
        &format!("%20{token}"),
        &other_secret,
        &token.to_uppercase(),
        &setup,
        &token.replace("lkv_", "lkr_"),
        &token.replace("lkv_", ""),
        &format!("lkv_{}", "A".repeat(64)),
        &"A".repeat(7_000),
        &eve.access,
        &eve.refresh,
        "%00",
        "%C3%A4",
    ];
    for token in bad {
        refused(&app, token).await;
    }
    assert_eq!(status(&app), (Status::Pending, false));
    app.verify(&token).await.data(200);
}

/// R33: proving an address does not bring a suspended account back.
#[tokio::test]
async fn a_suspended_account_proves_nothing() {
    for off in [Status::Suspended, Status::Inactive] {
        let (app, token) = waiting().await;
        app.set_status(ADA, off).await;
        refused(&app, &token).await;
        assert_eq!(status(&app), (off, false));
        app.set_status(ADA, Status::Active).await;
        app.anonymous().log_in(ADA, PASSWORD).await.refused(401, "AUTHENTICATION_FAILED");
        app.verify(&token).await.data(200);
        app.anonymous().log_in(ADA, PASSWORD).await.data(200);
    }
}

/// R61: of many who follow one link at once, one arrives.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_link_followed_many_times_at_once_works_once() {
    let (app, token) = waiting().await;
    let app = std::sync::Arc::new(app);
    let follow = |_| {
        let (app, token) = (app.clone(), token.clone());
        tokio::spawn(async move { app.verify(&token).await.status.as_u16() })
    };
    let mut statuses = Vec::new();
    for task in (0..12).map(follow).collect::<Vec<_>>() {
        statuses.push(task.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!((statuses[0], statuses[1..].iter().all(|status| *status == 400)), (200, true), "{statuses:?}");
    assert_eq!(app.events(), ["user.registered success", "email.verified success"]);
}

/// A mail scanner that opens the link, any number of times, changes nothing; the button does.
#[tokio::test]
async fn the_page_asks_before_it_proves() {
    let (app, token) = waiting().await;
    let link = format!("/verify-email?token={token}");
    let look = async {
        for _ in 0..3 {
            let page = app.anonymous().get(&link).await;
            assert_eq!(page.status, 200);
            assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
            assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
            assert_eq!(page.header("cache-control"), Some("no-store"));
            assert_eq!(page.header("referrer-policy"), Some("same-origin"));
            assert!(page.text.contains("method=\"post\"") && page.text.contains(&token), "{}", page.text);
            assert!(!page.text.contains("<script"), "{}", page.text);
        }
        app.send(poem::http::Method::HEAD, &link, &[], poem::Body::empty()).await;
    };
    let ((), events) = app.events_of(look).await;
    assert_eq!(events, Vec::<String>::new());
    assert_eq!(status(&app), (Status::Pending, false));

    let press = app.anonymous();
    let form = format!("token={token}");
    let (page, events) = app.events_of(press.post_form("/verify-email", &form)).await;
    assert_eq!((page.status.as_u16(), page.text.contains("Your address is confirmed")), (200, true));
    assert_eq!(events, ["email.verified success"]);
    assert_eq!(status(&app), (Status::Active, true));
    let (page, events) = app.events_of(press.post_form("/verify-email", &form)).await;
    assert_eq!((page.status.as_u16(), page.text.contains("no longer valid")), (400, true));
    assert_eq!(events, Vec::<String>::new());
}

#[tokio::test]
async fn the_page_shows_what_it_was_given_as_text_only() {
    let app = TestApp::new();
    let page = app.anonymous().get("/verify-email?token=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert!(!page.text.contains("<script"), "{}", page.text);
    for path in ["/verify-email", "/verify-email?other=1", "/verify-email?token=a&token=b"] {
        let page = app.anonymous().get(path).await;
        assert_eq!((page.status.as_u16(), page.text.contains("no longer valid")), (400, true), "{path}");
    }
    for form in ["", "token=", "token=x", "token=%00"] {
        let page = app.anonymous().post_form("/verify-email", form).await;
        assert_eq!(page.status, 400, "{form}: {}", page.text);
    }
    assert_eq!(app.events(), Vec::<String>::new());
}

/// R10: unknown, proved, suspended and waiting addresses get one answer; only the waiting one gets a mail.
#[tokio::test]
async fn asking_for_a_new_link_tells_nothing() {
    let (app, _) = waiting().await;
    let app = app.with_user("eve").await;
    app.anonymous().register("off@example.com").await.data(201);
    app.set_status("off@example.com", Status::Suspended).await;
    let before = app.mails().await.len();
    app.advance(Duration::from_secs(60));
    let (sent, events) = resend(&app, " ADA@example.com").await;
    assert_eq!(events, ["email.verification_resent success"]);
    let message = "If this address waits for verification, a new link is on its way.";
    assert_eq!(sent.data(200), json!({ "message": message }));
    let refused = [
        ("nobody@example.com", "unknown_user"),
        ("eve@example.com", "already_verified"),
        ("off@example.com", "account_switched_off"),
        (ADA, "too_soon"),
        ("ada", "unknown_user"),
        ("no address", "unknown_user"),
        ("", "unknown_user"),
        ("\u{430}da@example.com", "unknown_user"),
    ];
    for (email, reason) in refused {
        let (answer, events) = resend(&app, email).await;
        assert_eq!(answer.headers_but_limits(), sent.headers_but_limits(), "{email}");
        assert_eq!(answer.text, sent.text, "{email}");
        // One commit each, as for an address that waits.
        assert_eq!(events, [format!("email.verification_resent denied {reason}")], "{email}");
    }
    let mails = app.mails().await;
    assert_eq!((mails.len() - before, mails[0].to.as_str()), (1, ADA));
}

/// At most one mail a minute, the one of the registration counted.
#[tokio::test]
async fn an_address_gets_one_link_a_minute() {
    let (app, _) = waiting().await;
    let sent = |answer: (Answer, Vec<String>)| {
        answer.0.data(200);
        answer.1.iter().filter(|event| event.ends_with("success")).count()
    };
    for (wait, mails) in [(59_999, 0), (1, 1), (59_999, 0), (1, 1), (86_400_000, 1)] {
        app.advance(Duration::from_millis(wait));
        let before = app.mails().await.len();
        assert_eq!(sent(resend(&app, ADA).await), mails);
        assert_eq!(app.mails().await.len() - before, mails);
    }
    app.verify(&app.mailed_token(ADA).await).await.data(200);
}

#[tokio::test]
async fn asking_for_a_new_link_takes_one_address() {
    let app = TestApp::new();
    for body in [
        "",
        "{}",
        r#"{"email":null}"#,
        r#"{"email":["a","b"]}"#,
        r#"{"email":"a","x":1}"#,
        r#"{"email":"a","email":"b"}"#,
    ] {
        app.anonymous()
            .post_raw("/api/v1/auth/resend-verification", body)
            .await
            .refused(400, "VALIDATION_ERROR");
    }
    assert_eq!(app.events(), Vec::<String>::new());
}
