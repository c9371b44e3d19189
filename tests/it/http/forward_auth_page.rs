//! What a person sees whom an application's proxy turns away; SECURITY R37.

use std::time::Duration;

use latchkey::domain::limit::{Budget, Class};
use latchkey::domain::role::Role;
use latchkey::http::pages::render::looks::{Logo, Looks};
use latchkey::services::explain::keeping;

use crate::harness::{ASK, Answer, PASSWORD, Rules, TestApp, between, guard, shipped_limits};

const RULES: Rules<'_> =
    &[("app.example.com", "/people", &[], "permission:users:read"), ("app.example.com", "/", &[], "login")];

const PEOPLE: &str = "https://app.example.com/people?x=secret";
const WAYS: [&str; 2] =
    ["href=\"https://auth.example.com/account\"", "href=\"https://auth.example.com/logout\""];
/// The way out that leads back, as somebody else.
const AND_BACK: &str =
    "href=\"https://auth.example.com/logout?return_to=https%3A%2F%2Fapp.example.com%2Fpeople%3Fx%3Dsecret\"";

async fn app_with(change: impl FnOnce(&mut latchkey::services::Policy)) -> TestApp {
    let app = TestApp::with_policy(|policy| {
        guard(policy, RULES);
        change(policy);
    });
    app.add("ada", Role::Developer).await;
    app
}

async fn proxy_cookie(app: &TestApp, name: &str) -> String {
    app.anonymous().log_in_for_cookie(name, PASSWORD).await.new_proxy_cookie().unwrap()
}

/// A page that needs nothing but itself and, where there is one, the operator's picture.
#[track_caller]
fn page(answer: &Answer, status: u16) -> &str {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let nonce = between(&answer.text, "<style nonce=\"", "\"");
    assert!(nonce.len() == 32 && nonce.bytes().all(|byte| byte.is_ascii_hexdigit()), "{nonce}");
    let policy = answer.header("content-security-policy").unwrap();
    let expected = format!("default-src 'none'; style-src 'nonce-{nonce}'; img-src ");
    assert!(policy.starts_with(&expected) && policy.contains("form-action 'none'"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    let beside = answer.text.replace(AND_BACK, "");
    for foreign in ["<script", "style=", "<link", "<form", "secret", "app.example.com"] {
        assert!(!beside.contains(foreign), "{foreign}: {}", answer.text);
    }
    let id = answer.header("x-request-id").unwrap();
    assert!(!answer.text.contains("give this number") || answer.text.contains(&format!("<code>{id}</code>")));
    assert!(answer.header("set-cookie").is_none() && answer.header("remote-user").is_none());
    &answer.text
}

#[tokio::test]
async fn whoever_may_not_open_an_application_is_told_who_they_are_and_where_to_go() {
    let app = app_with(|_| {}).await;
    app.add("root", Role::SuperAdmin).await;
    let cookie = proxy_cookie(&app, "ada").await;
    let (answer, events) =
        app.events_of(app.before().with_browser().proxy_cookie(&cookie).reach("GET", PEOPLE)).await;
    let html = page(&answer, 403);
    assert!(html.contains("You are logged in to Latchkey as <strong><bdi>ada</bdi></strong>."), "{html}");
    assert!(html.contains(WAYS[0]) && html.contains("may not open this page"), "{html}");
    assert!(html.contains(AND_BACK), "{html}");
    assert!(!html.contains("users:read"), "which permission that is, the administrators are told");
    assert_eq!(events, ["access.denied denied permission_missing"]);
    let other = app.before().with_browser().proxy_cookie(&cookie).reach("HEAD", PEOPLE).await;
    let nonce = |answer: &Answer| between(&answer.text, "nonce=\"", "\"").to_owned();
    assert_ne!(nonce(&answer), nonce(&other), "one for each answer");
    page(&app.before().with_browser().proxy_cookie(&cookie).reach_by_nginx("GET", PEOPLE).await, 403);
    // The number on the page leads to the reason.
    keeping::write(&app.services).await.unwrap();
    let id = answer.header("x-request-id").unwrap();
    let why = app.log_in("root").await.get(&format!("/api/v1/explain/{id}")).await;
    why.data(200);
    assert!(why.text.contains("users:read"), "{}", why.text);
}

#[tokio::test]
async fn a_program_and_a_form_are_told_as_before() {
    let app = app_with(|_| {}).await;
    let cookie = proxy_cookie(&app, "ada").await;
    let ada = || app.before().proxy_cookie(&cookie);
    let script = ada().with_browser().header("x-requested-with", "XMLHttpRequest");
    let json = ada().header("accept", "application/json");
    for (before, method) in [(ada(), "GET"), (json, "GET"), (script, "GET"), (ada().with_browser(), "POST")] {
        before.reach(method, PEOPLE).await.refused(403, "FORBIDDEN");
    }
    // A key is a program's, whatever it accepts; whose it is stands on no page.
    let owner = app.log_in("ada").await;
    let key = owner.make_key(&["metrics:write"]).await;
    let answer = app.before().with_browser().header("x-api-key", &key.key).reach("GET", PEOPLE).await;
    assert!(!page(&answer, 403).contains("logged in to"), "{}", answer.text);
    // Who is no proxy is told nothing of this.
    app.anonymous().with_browser().get(ASK).await.refused(403, "FORBIDDEN");
}

#[tokio::test]
async fn what_nobody_may_open_says_so() {
    let app = app_with(|_| {}).await;
    for (url, says) in [
        ("https://other.example.com/secret", "No rule lets this request through."),
        ("https://app.example.com/x/../secret", "The path of this request is not clear."),
    ] {
        let answer = app.before().with_browser().reach("GET", url).await;
        let html = page(&answer, 403);
        assert!(html.contains(says) && !html.contains("other.example.com"), "{html}");
        assert!(WAYS.iter().all(|way| html.contains(way)) && !html.contains("logged in to"), "{html}");
        keeping::write(&app.services).await.unwrap();
    }
}

/// G41.
#[tokio::test]
async fn whoever_owes_a_second_factor_is_led_to_it() {
    let app = app_with(|policy| policy.factor.required_for = vec![Role::Manager]).await;
    app.add("mia", Role::Manager).await;
    let cookie = proxy_cookie(&app, "mia").await;
    let answer = app.before().with_browser().proxy_cookie(&cookie).reach("GET", PEOPLE).await;
    let html = page(&answer, 403);
    assert!(
        html.contains("second factor") && html.contains("href=\"https://auth.example.com/account/security\"")
    );
}

#[tokio::test]
async fn a_login_that_cannot_lead_back_and_too_many_requests_have_pages_too() {
    let few = Budget::new(2, Duration::from_secs(60)).unwrap();
    let app = app_with(|policy| {
        policy.limits = shipped_limits();
        *policy.limits.budgets.get_mut(Class::ForwardAuth) = few;
    })
    .await;
    // In the clear no browser sends the cookie.
    let plain = app.before().with_browser().header("x-original-method", "GET");
    let answer = plain.header("x-original-url", "http://app.example.com/").get(ASK).await;
    let html = page(&answer, 401);
    assert!(
        html.contains("Log in first") && html.contains("href=\"https://auth.example.com/login\""),
        "{html}"
    );
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    let token = app.before().with_browser().header("authorization", "Bearer a.b.c");
    page(&token.reach("GET", PEOPLE).await, 401);
    let cookie = proxy_cookie(&app, "ada").await;
    let ada = || app.before().with_browser().proxy_cookie(&cookie);
    for _ in 0..2 {
        page(&ada().reach("GET", PEOPLE).await, 403);
    }
    let answer = ada().reach("GET", PEOPLE).await;
    assert!(page(&answer, 429).contains("Wait a little") && answer.text.contains("Come back in "));
    assert!(answer.header("retry-after").is_some());
}

#[tokio::test]
async fn the_page_has_the_operator_s_name_picture_and_colour() {
    let logo = Logo::read(b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>").unwrap();
    let looks = Looks {
        name: "Example & <b>Sons</b>".to_owned(),
        logo: Some(logo),
        accent: Some("#3355cc".parse().unwrap()),
        ..Looks::default()
    };
    let app = app_with(|_| {}).await.looking(looks);
    let cookie = proxy_cookie(&app, "ada").await;
    for answer in [
        app.before().with_browser().proxy_cookie(&cookie).reach("GET", PEOPLE).await,
        app.anonymous().get("/refused").await,
    ] {
        let html = page(&answer, answer.status.as_u16());
        assert!(html.contains("Example &amp; &lt;b&gt;Sons&lt;/b&gt;") && html.contains("#3355cc"), "{html}");
        assert!(html.contains("<img class=\"logo\" src=\"https://auth.example.com/assets/logo\" alt=\"\">"));
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("img-src https://auth.example.com/assets/logo;"), "{policy}");
    }
}

/// For nginx, which throws the body of our refusal away and keeps its status.
#[tokio::test]
async fn the_page_for_proxies_that_have_the_status_alone_says_nothing_of_whoever_asks() {
    let app = app_with(|_| {}).await;
    let mut ada = app.surf_as("ada").await;
    let named = app.anonymous().header("x-request-id", "r-7").get("/refused").await;
    assert!(page(&named, 200).contains("<code>r-7</code>"));
    let hers = ada.get("/refused?return_to=https%3A%2F%2Fevil.example&x=secret").await;
    let html = page(&hers, 200);
    assert!(WAYS.iter().all(|way| html.contains(way)));
    assert!(!html.contains("ada") && !html.contains("evil"), "{html}");
    ada.send("/refused", &[]).await.refused(405, "METHOD_NOT_ALLOWED");
}
