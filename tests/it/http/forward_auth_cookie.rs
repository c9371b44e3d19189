//! The cookie for applications: what it opens, how it is set, and how it ends with its session.

use std::time::Duration;

use latchkey::domain::role::Role;
use latchkey::domain::user::Status;
use latchkey::services::Policy;
use serde_json::json;

use crate::harness::{Answer, InBrowser, PASSWORD, SESSION, TestApp, guard};

const APP: &str = "https://app.example.com/";
const ME: &str = "/api/v1/auth/me";
const HOUR: Duration = Duration::from_secs(3_600);

async fn app() -> TestApp {
    app_with(|_| {}).await
}

async fn app_with(change: impl FnOnce(&mut Policy)) -> TestApp {
    let app = TestApp::with_policy(|policy| {
        guard(policy, &[("app.example.com", "/", &[], "login")]);
        change(policy);
    });
    app.with_user("ada").await
}

/// Both cookies of a login.
async fn both<'a>(app: &'a TestApp, name: &str) -> (InBrowser<'a>, String) {
    let login = app.anonymous().log_in_for_cookie(name, PASSWORD).await;
    (InBrowser::with(app, &login), login.new_proxy_cookie().unwrap())
}

async fn is_known(app: &TestApp, cookie: &str) -> bool {
    let answer = app.before().proxy_cookie(cookie).reach("GET", APP).await;
    assert!(matches!(answer.status.as_u16(), 200 | 401), "{}", answer.text);
    answer.status == 200
}

fn lines(answer: &Answer) -> Vec<String> {
    answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap().to_owned()).collect()
}

fn clears_both(answer: &Answer) -> bool {
    lines(answer)
        == [
            "__Host-latchkey=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax",
            "__Secure-latchkey-proxy=; Domain=example.com; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax",
        ]
}

#[tokio::test]
async fn a_login_sets_both_cookies_and_a_logout_takes_both_away() {
    let app = app().await;
    let login = app.anonymous().log_in_for_cookie("ada", PASSWORD).await;
    let (own, proxy) = (login.new_cookie().unwrap(), login.new_proxy_cookie().unwrap());
    let week = 7 * 24 * 3_600;
    let expected = [
        format!("__Host-latchkey={own}; Max-Age={week}; Path=/; Secure; HttpOnly; SameSite=Lax"),
        format!(
            "__Secure-latchkey-proxy={proxy}; Domain=example.com; Max-Age={week}; Path=/; Secure; HttpOnly; SameSite=Lax"
        ),
    ];
    assert_eq!(lines(&login), expected);
    assert!(proxy.starts_with("lkp_") && proxy.len() == 68);
    assert!(is_known(&app, &proxy).await);
    let ada = InBrowser::with(&app, &login);
    let (other, other_proxy) = both(&app, "ada").await;
    assert!(clears_both(&ada.act("logout", json!({})).await));
    assert_eq!([is_known(&app, &proxy).await, is_known(&app, &other_proxy).await], [false, true]);
    assert!(clears_both(&other.act("logout-all", json!({})).await));
    assert!(!is_known(&app, &other_proxy).await);
    let (ada, _) = both(&app, "ada").await;
    let place = format!("/api/v1/auth/sessions/{}", ada.session_id().await);
    assert!(clears_both(&ada.delete(&place).await));
}

/// The cookie is sent to every application's host; so it opens nothing else, and the one that does is not sent there.
#[tokio::test]
async fn each_cookie_opens_its_own_door_and_no_other() {
    let app = app().await;
    let (ada, proxy) = both(&app, "ada").await;
    let own = ada.cookie.clone();
    for path in [ME, SESSION, "/api/v1/users/me/api-keys", "/api/v1/auth/sessions"] {
        app.anonymous().proxy_cookie(&proxy).get(path).await.refused(401, "UNAUTHORIZED");
        app.anonymous().cookie(&proxy).get(path).await.refused(401, "TOKEN_INVALID");
        let bearer = format!("Bearer {proxy}");
        app.anonymous().header("authorization", &bearer).get(path).await.refused(401, "TOKEN_INVALID");
        app.anonymous().header("x-api-key", &proxy).get(path).await.refused(401, "TOKEN_INVALID");
    }
    app.anonymous()
        .proxy_cookie(&proxy)
        .post("/api/v1/auth/logout", json!({}))
        .await
        .refused(401, "UNAUTHORIZED");
    app.before().cookie(&own).reach("GET", APP).await.refused(401, "UNAUTHORIZED");
    assert!(!is_known(&app, &own).await, "the value of the one is not that of the other");
    // Nobody makes the one from the other: all but the session's id differs.
    assert_ne!(own[26..], proxy[26..]);
    assert!(ada.is_in().await && is_known(&app, &proxy).await);
}

#[tokio::test]
async fn a_value_that_was_changed_opens_nothing() {
    let app = app().await;
    let (_, proxy) = both(&app, "ada").await;
    for at in [4, 25, 26, 40, 67] {
        let mut changed = proxy.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'E' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(!is_known(&app, &changed).await, "{at}");
    }
    for bad in ["", "lkp_", &proxy[..67], &format!("{proxy}="), &proxy.replace("lkp_", "lkc_")] {
        assert!(!is_known(&app, bad).await, "{bad}");
    }
}

/// R27, R33: what ends a session or switches an account off ends it too, at once.
#[tokio::test]
async fn it_ends_with_its_session_and_with_each_new_secret() {
    let app = app().await;
    app.add("boss", Role::Admin).await;
    let (ada, proxy) = both(&app, "ada").await;
    let stepped = ada.act("step-up", json!({ "password": PASSWORD })).await;
    stepped.data(200);
    let (ada, renewed) = (InBrowser::with(&app, &stepped), stepped.new_proxy_cookie().unwrap());
    assert_eq!([is_known(&app, &proxy).await, is_known(&app, &renewed).await], [false, true]);
    app.set_status("ada", Status::Suspended).await;
    assert!(!is_known(&app, &renewed).await);
    app.set_status("ada", Status::Active).await;
    let (_, other) = both(&app, "ada").await;
    let body = json!({ "current_password": PASSWORD, "new_password": "seven silent paper lanterns" });
    let (ada, _) = if ada.is_in().await { (ada, renewed) } else { both(&app, "ada").await };
    ada.act("password/change", body).await.data(200);
    assert!(!is_known(&app, &other).await, "a new password ends the others");
}

/// T36: requests to applications are uses of the session.
#[tokio::test]
async fn a_person_who_works_in_an_application_stays_logged_in() {
    let app = app().await;
    let ((ada, proxy), (idle, _)) = (both(&app, "ada").await, both(&app, "ada").await);
    for _ in 0..3 {
        app.advance(23 * HOUR);
        assert!(is_known(&app, &proxy).await);
    }
    assert_eq!([ada.is_in().await, idle.is_in().await], [true, false]);
    app.advance(24 * HOUR);
    assert!(!is_known(&app, &proxy).await, "idle");
}

/// T33: a session that is bound to its network is so here, too; the address is the client's and not the proxy's.
#[tokio::test]
async fn a_session_that_is_bound_to_its_network_is_refused_elsewhere_and_it_is_recorded() {
    let app = app_with(|policy| policy.cookies.bind_network = true).await;
    let (_, proxy) = both(&app, "ada").await;
    let from = |address: &str| {
        app.anonymous().at("10.0.0.1").header("x-forwarded-for", address).proxy_cookie(&proxy)
    };
    assert_eq!(from("198.51.100.200").reach("GET", APP).await.status, 200);
    let (answer, events) = app.events_of(from("203.0.113.9").reach("GET", APP)).await;
    answer.refused(401, "UNAUTHORIZED");
    assert_eq!(events, ["access.denied denied ip_address_mismatch"]);
}

#[tokio::test]
async fn a_login_in_two_steps_sets_it_with_the_second() {
    let app = app().await;
    let ada = app.log_in("ada").await;
    let authenticator = app.enrol(&ada).await;
    let first = app.anonymous().log_in_for_cookie("ada", PASSWORD).await;
    assert_eq!(first.new_proxy_cookie(), None);
    let handle = first.data(200)["session_id"].as_str().unwrap().to_owned();
    app.advance(Duration::from_secs(30));
    let second = app.second_step(&handle, &authenticator.code(&app)).await;
    assert!(is_known(&app, &second.new_proxy_cookie().unwrap()).await);
    assert_eq!(
        app.anonymous().log_in("ada", PASSWORD).await.new_proxy_cookie(),
        None,
        "tokens bring no cookie"
    );
}
