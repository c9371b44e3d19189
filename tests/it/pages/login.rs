//! `/login` and `/logout`; SECURITY R8, R11, R32, R37, R70.

use std::time::Duration;

use latchkey::domain::forward_auth::{ForwardAuthPolicy, Need, Rule, Table};
use latchkey::domain::user::Status;

use super::{NONE, page, refused};
use crate::harness::{PASSWORD, SESSION_COOKIE, TestApp, guard, shipped_limits};

const WRONG: &str = "The name or the password is wrong, or the account may not be used.";

#[tokio::test]
async fn a_login_sets_the_cookie_and_leads_to_the_account_and_a_logout_takes_it_away() {
    let app = TestApp::new().with_user("ada").await;
    let mut ada = app.surf();
    assert_eq!(ada.get("/").await.goes_to(), "/account");
    assert_eq!(ada.get("/account").await.goes_to(), "/login?return_to=%2Faccount");
    let (empty, events) = app.events_of(ada.get("/login?return_to=%2Faccount")).await;
    assert_eq!(events, NONE);
    let html = page(&empty, 200);
    assert!(html.contains("value=\"/account\"") && html.contains("autocomplete=\"current-password\""));
    assert_eq!(empty.set_cookies(), NONE);

    let (done, events) = app.events_of(ada.log_in("ada", PASSWORD)).await;
    assert_eq!(done.goes_to(), "/account");
    assert_eq!(events, ["login.succeeded success"]);
    let cookies = done.set_cookies();
    let (_, attributes) = cookies[0].split_once("; ").unwrap();
    assert!(cookies[0].starts_with("__Host-latchkey=lkc_"), "{cookies:?}");
    assert_eq!(attributes, "Max-Age=604800; Path=/; Secure; HttpOnly; SameSite=Lax");
    assert_eq!(cookies[1], "__Host-latchkey-login=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax");
    assert!(page(&ada.get("/account").await, 200).contains("ada@example.com"));
    assert_eq!(ada.get("/login").await.goes_to(), "/account", "who is in needs no login");

    let (asked, events) = app.events_of(ada.get("/logout")).await;
    assert!(page(&asked, 200).contains("Log out") && events == NONE);
    let (left, events) = app.events_of(ada.act("/logout", &[])).await;
    assert_eq!(left.goes_to(), "/logout");
    assert_eq!(events, ["session.ended success logout"]);
    assert_eq!(left.set_cookies(), ["__Host-latchkey=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax"]);
    assert!(page(&ada.get("/logout").await, 200).contains("You are logged out"));
    assert_eq!(ada.get("/account/keys").await.goes_to(), "/login?return_to=%2Faccount%2Fkeys");
    assert_eq!(ada.act("/logout", &[]).await.goes_to(), "/login?return_to=%2Faccount");
}

/// Whoever leaves to be somebody else comes back to what they wanted, and nowhere that no rule names.
#[tokio::test]
async fn a_logout_leads_to_the_login_that_leads_back() {
    let app = TestApp::with_policy(|policy| guard(policy, &[("app.example.com", "/", &[], "login")]));
    let app = app.with_user("ada").await.with_user("bob").await;
    let mut ada = app.surf();
    ada.log_in("ada", PASSWORD).await;
    let (back, encoded) = ("https://app.example.com/x?y=1", "https%3A%2F%2Fapp.example.com%2Fx%3Fy%3D1");
    let asked = ada.get(&format!("/logout?return_to={encoded}")).await;
    assert!(page(&asked, 200).contains(&format!("name=\"return_to\" value=\"{back}\"")), "{}", asked.text);
    let left = ada.act("/logout", &[("return_to", back)]).await;
    assert_eq!(left.goes_to(), format!("/logout?return_to={encoded}"));
    let login = format!("/login?return_to={encoded}");
    let shown = ada.get(left.goes_to()).await;
    assert!(page(&shown, 200).contains(&format!("href=\"{login}\"")), "{}", shown.text);
    let form = ada.get(&login).await;
    assert!(page(&form, 200).contains(&format!("value=\"{back}\"")), "{}", form.text);

    ada.log_in("bob", PASSWORD).await;
    for elsewhere in ["https://evil.example.com/", "//evil.example.com", "javascript:alert(1)"] {
        let asked = ada.get(&format!("/logout?return_to={elsewhere}")).await;
        assert!(page(&asked, 200).contains("name=\"return_to\" value=\"\""), "{}", asked.text);
    }
    assert_eq!(ada.act("/logout", &[("return_to", "https://evil.example.com/")]).await.goes_to(), "/logout");
}

/// R8: one page for everybody who does not get in.
#[tokio::test]
async fn who_does_not_get_in_learns_nothing() {
    let app = TestApp::new().with_user("ada").await.with_user("bob").await;
    app.set_status("bob", Status::Suspended).await;
    app.anonymous().register("new@example.com").await.data(201);
    let mut shown = Vec::new();
    for (name, password, reason) in [
        ("ada", "wrong", "wrong_password"),
        ("bob", PASSWORD, "account_suspended"),
        ("new@example.com", PASSWORD, "email_not_verified"),
        ("nobody", PASSWORD, "unknown_user"),
    ] {
        let (answer, events) = app.events_of(app.surf().log_in(name, password)).await;
        refused(&answer, 401, WRONG);
        assert_eq!(events, [format!("login.failed denied {reason}")], "{name}");
        assert_eq!(answer.set_cookies(), NONE);
        assert!(!answer.text.contains(PASSWORD));
        shown.push(answer.text.replace(name, "NAME"));
    }
    assert!(shown.iter().all(|html| *html == shown[0]), "{shown:#?}");
    let hostile = app.surf().log_in("\"><script>alert(1)</script>", "x").await;
    assert!(page(&hostile, 401).contains("&lt;script&gt;"));
}

/// R11: the budget and the lock are those of the API, and told calmly.
#[tokio::test]
async fn a_limit_and_a_lock_are_pages_that_say_when_to_come_back() {
    let app = TestApp::with_policy(|policy| policy.limits = shipped_limits());
    let app = app.with_user("ada").await;
    let mut ada = app.surf();
    for _ in 0..5 {
        page(&ada.log_in("ada", "wrong").await, 401);
    }
    let (limited, events) = app.events_of(ada.log_in("ada", PASSWORD)).await;
    assert!(page(&limited, 429).contains("Too many requests. Come back in 12 seconds."));
    assert_eq!((limited.header("retry-after"), events), (Some("12"), Vec::new()));
    app.advance(Duration::from_secs(60));
    let (locked, events) = app.events_of(ada.log_in("ada", PASSWORD)).await;
    assert!(page(&locked, 423).contains("Come back in 29 minutes."), "{}", locked.text);
    assert_eq!(locked.header("retry-after"), Some("1740"));
    assert_eq!(events, ["login.failed denied locked"]);
}

/// R70: a browser is led to this server and to applications that a rule names, and nowhere else.
#[tokio::test]
async fn a_login_leads_nowhere_but_where_it_may() {
    let rule = Rule {
        hosts: "app.example.com".parse().unwrap(),
        path: "/".to_owned(),
        methods: Vec::new(),
        need: Need::Login,
    };
    let app = TestApp::with_policy(|policy| {
        policy.forward_auth = Some(ForwardAuthPolicy {
            cookie_domain: "example.com".to_owned(),
            table: Table(vec![rule]),
            identity_header: "remote-identity".to_owned(),
            identity_ttl: Duration::from_secs(60),
        });
    });
    let app = app.with_user("ada").await;
    for (asked, goes) in [
        ("/account/keys?x=1", "/account/keys?x=1"),
        ("https://app.example.com/a?b=c", "https://app.example.com/a?b=c"),
        ("", "/account"),
        ("account", "/account"),
        ("//evil.example", "/account"),
        ("/\\evil.example", "/account"),
        ("https://evil.example/", "/account"),
        ("https://app.example.com.evil.example/", "/account"),
        ("http://app.example.com/", "/account"),
        ("javascript:alert(1)", "/account"),
        ("/x\r\nset-cookie: a=b", "/account"),
    ] {
        let mut ada = app.surf();
        let fields = [("email", "ada"), ("password", PASSWORD), ("return_to", asked)];
        let done = ada.send("/login", &fields).await;
        assert_eq!(done.goes_to(), goes, "{asked:?}");
        let cookies = done.set_cookies().join("\n");
        assert!(cookies.contains("__Secure-latchkey-proxy=lkp_"), "{cookies}");
        let query = serde_urlencoded::to_string([("return_to", asked)]).unwrap();
        let again = ada.get(&format!("/login?{query}")).await;
        assert_eq!(again.goes_to(), goes, "{asked:?}, logged in already");
        assert!(
            again.set_cookies()[0].starts_with("__Secure-latchkey-proxy=lkp_"),
            "a browser may have lost it"
        );
        let form = app.surf().get(&format!("/login?{query}")).await;
        let kept = if goes == asked { goes } else { "" };
        assert!(page(&form, 200).contains(&format!("name=\"return_to\" value=\"{kept}\"")), "{}", form.text);
        let left = ada.get("/logout").await;
        page(&left, 200);
        let left = ada.act("/logout", &[]).await;
        assert!(left.set_cookies()[1].starts_with("__Secure-latchkey-proxy=; Domain=example.com; Max-Age=0"));
    }
}

/// T28, R37: what the browser came with opens nothing after a login.
#[tokio::test]
async fn a_login_gives_the_browser_another_session() {
    let app = TestApp::new().with_user("ada").await.with_user("eve").await;
    let mut eve = app.surf_as("eve").await;
    let planted = eve.jar[SESSION_COOKIE].clone();
    let mut ada = app.surf();
    ada.jar.insert(SESSION_COOKIE.to_owned(), planted.clone());
    let (done, events) = app.events_of(ada.log_in("ada", PASSWORD)).await;
    assert_eq!(done.goes_to(), "/account");
    assert_eq!(events, ["session.ended success replaced", "login.succeeded success"]);
    assert_ne!(ada.jar[SESSION_COOKIE], planted);
    assert!(!eve.is_in().await && ada.is_in().await);
}

#[tokio::test]
async fn no_other_credential_opens_a_page() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    assert_eq!(ada.get("/account").await.goes_to(), "/login?return_to=%2Faccount");
    let surfer = app.surf_as("ada").await;
    let both = app.anonymous().cookie(&surfer.jar[SESSION_COOKIE]);
    let both = both.header("authorization", &format!("Bearer {}", ada.access));
    assert_eq!(both.get("/account").await.goes_to(), "/login?return_to=%2Faccount");
}
