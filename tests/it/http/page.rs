//! The served pages: proving an address and setting up, as a browser without script sees them.

use latchkey::http::pages::render::looks::{Logo, Looks};
use poem::http::Method;

use super::setup::code_of;
use crate::harness::{Answer, PASSWORD, TestApp};

/// A page of ours with this status, under the strict policy.
#[track_caller]
pub fn page(answer: &Answer, status: u16) -> &str {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("form-action 'self'"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
    assert!(answer.header("x-request-id").is_some() && answer.header("set-cookie").is_none());
    assert!(!answer.text.contains("<script") && !answer.text.contains("style="), "{}", answer.text);
    &answer.text
}

/// The token of the newest mail, taken from its link.
async fn mailed_token(app: &TestApp) -> String {
    let mails = app.mails().await;
    let (_, rest) = mails[0].text.split_once("https://auth.example.com/verify-email?token=").unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

#[tokio::test]
async fn the_link_in_the_mail_leads_to_a_button_and_the_button_proves_the_address() {
    let app = TestApp::new();
    app.anonymous().register("ada@example.com").await.data(201);
    let token = mailed_token(&app).await;
    let (answer, events) = app.events_of(app.anonymous().get(&format!("/verify-email?token={token}"))).await;
    assert!(page(&answer, 200).contains(&format!("value=\"{token}\"")));
    assert_eq!(events, [""; 0], "looking changes nothing: mail scanners look");
    app.anonymous().log_in("ada@example.com", PASSWORD).await.refused(401, "AUTHENTICATION_FAILED");
    let (answer, events) =
        app.events_of(app.anonymous().post_form("/verify-email", &format!("token={token}"))).await;
    page(&answer, 200);
    assert_eq!(events, ["email.verified success"]);
    app.anonymous().log_in("ada@example.com", PASSWORD).await.data(200);
    let again = app.anonymous().post_form("/verify-email", &format!("token={token}")).await;
    page(&again, 400);
}

#[tokio::test]
async fn every_bad_link_shows_one_page() {
    let app = TestApp::new();
    let texts: Vec<_> = ["token=", "token=x", "token=lkv_AAAA", "token=%22%3E%3Cscript%3E"].into();
    for body in texts {
        let answer = app.anonymous().post_form("/verify-email", body).await;
        assert!(page(&answer, 400).contains("no longer valid"), "{body}");
    }
    page(&app.anonymous().get("/verify-email").await, 400);
    let hostile = app.anonymous().get("/verify-email?token=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert!(page(&hostile, 200).contains("&lt;script&gt;") || !hostile.text.contains("alert(1)"));
}

#[tokio::test]
async fn the_setup_page_makes_the_administrator() {
    let app = TestApp::new();
    let code = code_of(&app).await.unwrap();
    let empty = app.anonymous().get("/setup").await;
    assert!(page(&empty, 200).contains("name=\"password\""));
    let form = format!("code={code}&email=root%40example.com&name=Root&password=correct+horse+battery");
    let (answer, events) = app.events_of(app.anonymous().post_form("/setup", &form)).await;
    assert!(page(&answer, 200).contains("root@example.com"));
    assert_eq!(events, ["user.registered success"]);
    app.anonymous().log_in("root@example.com", PASSWORD).await.data(200);
    page(&app.anonymous().post_form("/setup", &form).await, 409);
    assert!(page(&app.anonymous().get("/setup").await, 200).contains("Already set up"));
}

#[tokio::test]
async fn a_refused_setup_shows_the_form_again_with_all_but_the_password() {
    let app = TestApp::new().with_user("ada").await;
    let code = code_of(&app).await.unwrap();
    for (form, status, says) in [
        (format!("code={code}&email=nonsense&name=Root+Rooter&password=secret+planted"), 400, "email"),
        (format!("code={code}&email=r%40example.com&name=Root+Rooter&password=planted"), 400, "password"),
        (
            "code=wrong&email=r%40example.com&name=Root+Rooter&password=secret+planted".to_owned(),
            403,
            "setup code",
        ),
        (
            format!("code={code}&email=ada%40example.com&name=Root+Rooter&password=secret+planted"),
            409,
            "exists",
        ),
    ] {
        let answer = app.anonymous().post_form("/setup", &form).await;
        let html = page(&answer, status);
        assert!(html.contains("role=\"alert\"") && html.contains(says), "{html}");
        assert!(html.contains("value=\"Root Rooter\"") && !html.contains("planted"), "{html}");
    }
    let hostile = "code=%22%3E%3Cb%3E&email=%3Ci%3E&name=%3Cu%3E&password=secret+planted";
    let answer = app.anonymous().post_form("/setup", hostile).await;
    let html = page(&answer, 403);
    assert!(!html.contains("<b>") && !html.contains("<i>") && !html.contains("<u>"), "{html}");
}

#[tokio::test]
async fn a_form_that_is_none_is_refused_in_the_envelope() {
    let app = TestApp::new();
    code_of(&app).await.unwrap();
    for path in ["/setup", "/verify-email", "/reset-password", "/forgot-password"] {
        let stranger = app.anonymous();
        stranger.post(path, serde_json::json!({ "token": "x" })).await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
        stranger.raw(Method::POST, path, None, "token=x").await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
        stranger.post_form(path, "nothing=x").await.refused(400, "VALIDATION_ERROR");
        stranger
            .post_form(path, "token=a&token=b&code=a&code=b&email=a&email=b")
            .await
            .refused(400, "VALIDATION_ERROR");
        let large = format!("token={}", "x".repeat(64 * 1024));
        stranger.post_form(path, &large).await.refused(413, "PAYLOAD_TOO_LARGE");
        let answer = stranger.raw(Method::DELETE, path, None, "").await;
        answer.refused(405, "METHOD_NOT_ALLOWED");
        assert_eq!(answer.header("allow"), Some("GET, POST, HEAD"), "{path}");
    }
}

#[tokio::test]
async fn the_style_sheet_and_the_way_home_are_there() {
    let app = TestApp::new();
    let style = app.anonymous().get("/assets/page.css").await;
    assert_eq!((style.status.as_u16(), style.header("content-type")), (200, Some("text/css; charset=utf-8")));
    app.anonymous().get("/assets/logo").await.refused(404, "NOT_FOUND");
    let home = app.anonymous().get("/").await;
    assert_eq!((home.status.as_u16(), home.header("location")), (303, Some("/account")));
}

/// An operator's name, logo and colour are on every page, and the tools of `--dev` at its foot where there are some.
#[tokio::test]
async fn the_pages_look_as_the_operator_likes() {
    const LOGO: &[u8] = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    let looks = Looks {
        name: "Example <Inc>".to_owned(),
        logo: Some(Logo::read(LOGO).unwrap()),
        accent: Some("#c02070".parse().unwrap()),
        is_development: true,
    };
    let app = TestApp::new().looking(looks);
    let login = app.anonymous().get("/login").await;
    let html = page(&login, 200);
    assert!(html.contains("Log in to Example &lt;Inc&gt;") && html.contains("<img class=\"logo\""), "{html}");
    assert!(html.contains("href=\"/docs\""), "{html}");
    let logo = app.anonymous().get("/assets/logo").await;
    assert_eq!((logo.status.as_u16(), logo.header("content-type")), (200, Some("image/svg+xml")));
    assert_eq!(logo.text.as_bytes(), LOGO);
    assert_eq!(
        logo.header("content-security-policy"),
        Some("default-src 'none'; frame-ancestors 'none'"),
        "opened by itself, nothing in it runs"
    );
    assert_eq!(logo.header("x-content-type-options"), Some("nosniff"));
    assert!(app.anonymous().get("/assets/page.css").await.text.contains("--accent: #c02070;"));
    assert!(!TestApp::new().anonymous().get("/login").await.text.contains("/docs"));
}
