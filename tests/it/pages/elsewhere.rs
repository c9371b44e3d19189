//! Accounts elsewhere at the pages; rules G42 to G46; SECURITY R67, R69, R70.

use serde_json::{Value, json};

use super::{NONE, page};
use crate::harness::{Answer, Federated, Surfer, between};

const LINKS: &str = "/account/links";

fn person(subject: &str, name: &str) -> Value {
    json!({ "sub": subject, "email": format!("{name}@example.com"), "email_verified": true, "name": "Ada" })
}

/// What the provider's page leads back to.
fn way_back(url: &str, query: &str) -> String {
    let (place, sent) = url.split_once('?').unwrap();
    let provider = place.strip_prefix("https://").unwrap().split('.').next().unwrap();
    let fields: Vec<(String, String)> = serde_urlencoded::from_str(sent).unwrap();
    let state = &fields.iter().find(|(name, _)| name == "state").unwrap().1;
    format!("/api/v1/auth/oauth/{provider}/callback?state={state}&{query}")
}

/// Goes to `provider` and comes back with `query`.
async fn through(surfer: &mut Surfer<'_>, provider: &str, query: &str) -> Answer {
    let away = surfer.get(&format!("/login/with/{provider}?return_to=%2Faccount%2Fkeys")).await;
    let back = way_back(away.goes_to(), query);
    surfer.get(&back).await
}

/// Where a browser goes on that came back.
#[track_caller]
fn led(answer: &Answer) -> &str {
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (302, ""));
    assert!(answer.set_cookies().iter().any(|set| set.starts_with("__Host-latchkey-federation=;")));
    answer.header("location").unwrap()
}

#[tokio::test]
async fn a_provider_s_button_ends_in_a_session_of_the_pages() {
    let all = Federated::new();
    all.google.says("code", person("42", "ada"));
    let mut ada = all.app.surf();
    let login = ada.get("/login?return_to=%2Faccount%2Fkeys").await;
    assert!(page(&login, 200).contains("href=\"/login/with/google?return_to=%2Faccount%2Fkeys\">GOOGLE"));
    let (back, events) = all.app.events_of(through(&mut ada, "google", "code=code")).await;
    assert_eq!(led(&back), "/account/keys");
    assert_eq!(events, ["user.registered success", "identity.linked success", "login.succeeded success"]);
    assert!(ada.is_in().await);
    assert!(!back.text.contains("token"), "no token anywhere");
    let before = ada.jar["__Host-latchkey"].clone();
    let (_, events) = all.app.events_of(through(&mut ada, "google", "code=code")).await;
    assert_eq!(events, ["session.ended success replaced", "login.succeeded success"]);
    assert_ne!(ada.jar["__Host-latchkey"], before);

    let phone = ada.enrol().await;
    let mut again = all.app.surf();
    let (back, events) = all.app.events_of(through(&mut again, "google", "code=code")).await;
    assert_eq!(led(&back), "/login/code?return_to=%2Faccount%2Fkeys");
    assert_eq!(events, ["login.mfa_required success"]);
    assert!(!again.is_in().await);
    let code = phone.code(&all.app);
    let done = again.send("/login/code", &[("code", &code), ("return_to", "/account/keys")]).await;
    assert_eq!(done.goes_to(), "/account/keys");
}

#[tokio::test]
async fn what_goes_wrong_elsewhere_is_told_at_the_login() {
    let all = Federated::with_policy(|policy| policy.federation.may_register = false);
    all.google.says("new", person("42", "new"));
    for (query, problem, says, reason) in [
        ("error=access_denied", "refused", "did not confirm", "oauth_refused"),
        ("code=unknown", "provider", "no answer that can be used", "oauth_provider"),
        ("code=new", "closed", "none is made for you", "registration_closed"),
    ] {
        let mut stranger = all.app.surf();
        let (back, events) = all.app.events_of(through(&mut stranger, "google", query)).await;
        assert_eq!(led(&back), format!("/login?return_to=%2Faccount%2Fkeys&problem={problem}"));
        assert_eq!(events, [format!("login.failed denied {reason}")]);
        let told = stranger.get(led(&back)).await;
        assert!(page(&told, 200).contains(says) && told.text.contains("role=\"alert\""), "{}", told.text);
        assert!(!stranger.is_in().await);
    }
    // Too late, but ours; and the way back of another browser is nothing of ours.
    let mut late = all.app.surf();
    let away = late.get("/login/with/google").await;
    let back = way_back(away.goes_to(), "code=new");
    let other = all.app.surf().get(&back).await;
    other.refused(400, "VALIDATION_ERROR");
    all.app.advance(std::time::Duration::from_secs(600));
    assert_eq!(led(&late.get(&back).await), "/login?return_to=%2Faccount&problem=state");
    page(&all.app.surf().get("/login/with/nobody").await, 404);
}

/// What came back once is used up: whoever reloads that page goes on, and a program is told.
#[tokio::test]
async fn a_way_back_that_is_reloaded_leads_to_the_login_and_from_there_to_the_account() {
    let all = Federated::new();
    all.google.says("code", person("42", "ada"));
    let mut ada = all.app.surf();
    let away = ada.get("/login/with/google").await;
    let back = way_back(away.goes_to(), "code=code");
    assert_eq!(led(&ada.get(&back).await), "/account");
    let cookie = ada.jar["__Host-latchkey"].clone();
    let browser = || all.app.anonymous().with_browser();
    for browser in [browser(), browser().cookie(&cookie)] {
        let (again, events) = all.app.events_of(browser.get(&back)).await;
        assert_eq!(led(&again), "/login?problem=state");
        assert_eq!(events, ["login.failed denied oauth_state"]);
    }
    let told = all.app.anonymous().with_browser().get("/login?problem=state").await;
    assert!(page(&told, 200).contains("did not begin in this browser"), "{}", told.text);
    assert_eq!(ada.get("/login?problem=state").await.goes_to(), "/account");
    all.app.anonymous().get(&back).await.refused(400, "VALIDATION_ERROR");
    // One that came back to the API is told as before, in whatever it came.
    let tokens = all.sent_to("google").await;
    let tokens = tokens.back("code=unknown").await;
    tokens.refused(502, "PROVIDER_FAILED");
}

/// R70, and no other site begins a login here.
#[tokio::test]
async fn a_journey_leads_back_to_where_it_may_and_begins_at_pages_of_ours() {
    let all = Federated::new();
    all.google.says("code", person("42", "ada"));
    let mut ada = all.app.surf();
    let away = ada.get("/login/with/google?return_to=https%3A%2F%2Fevil.example").await;
    let back = way_back(away.goes_to(), "code=code");
    assert_eq!(led(&ada.get(&back).await), "/account");
    for (header, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
        let sent = all.app.anonymous().header(header, value).get("/login/with/google").await;
        assert_eq!(sent.goes_to(), "/login?return_to=%2Faccount");
        assert_eq!(sent.set_cookies(), NONE);
    }
}

#[tokio::test]
async fn an_account_elsewhere_is_linked_and_taken_away_at_the_page() {
    let all = Federated::new();
    all.app.add("ada", latchkey::domain::role::Role::Developer).await;
    all.app.add("bob", latchkey::domain::role::Role::Developer).await;
    all.github.says("code", json!({ "sub": "7", "email": "ada@work.example", "email_verified": true }));
    let mut ada = all.app.surf_as("ada").await;
    assert!(page(&ada.get(LINKS).await, 200).contains("None yet."));
    let (begun, events) = all.app.events_of(ada.act("/account/links/begin", &[("provider", "github")])).await;
    assert_eq!(events, NONE);
    let url = between(page(&begun, 200), "class=\"button\" href=\"", "\"").replace("&amp;", "&");
    let back = way_back(&url, "code=code");
    let (back, events) = all.app.events_of(ada.get(&back)).await;
    assert_eq!(led(&back), "/account/links?done=linked");
    assert_eq!(events, ["identity.linked success"]);
    let list = ada.get(led(&back)).await;
    assert!(page(&list, 200).contains("ada@work.example"), "{}", list.text);
    let id = between(&list.text, "name=\"id\" value=\"", "\"").to_owned();

    let mut bob = all.app.surf_as("bob").await;
    bob.get(LINKS).await;
    let begun = bob.act("/account/links/begin", &[("provider", "github")]).await;
    let url = between(&begun.text, "class=\"button\" href=\"", "\"").replace("&amp;", "&");
    let back = bob.get(&way_back(&url, "code=code")).await;
    assert_eq!(led(&back), "/account/links?problem=taken");
    assert!(page(&bob.get(led(&back)).await, 200).contains("opens another account here"));
    page(&bob.act("/account/links/remove", &[("id", &id)]).await, 404);
    page(&bob.act("/account/links/begin", &[("provider", "nobody")]).await, 404);

    let (gone, events) = all.app.events_of(ada.act("/account/links/remove", &[("id", &id)])).await;
    assert_eq!(gone.goes_to(), "/account/links?done=unlinked");
    assert_eq!(events, ["identity.unlinked success"]);
}

/// Whoever came by an account elsewhere and has no password proves it by coming again.
#[tokio::test]
async fn coming_again_is_a_proof() {
    let all = Federated::new();
    all.google.says("code", person("42", "ada"));
    let mut ada = all.app.surf();
    through(&mut ada, "google", "code=code").await;
    all.app.advance(std::time::Duration::from_secs(3_601));
    let asked = ada.get(LINKS).await;
    let html = ada.get(asked.goes_to()).await;
    assert!(
        page(&html, 200).contains("href=\"/login/with/google?return_to=%2Faccount%2Flinks\""),
        "{}",
        html.text
    );
    assert!(!html.text.contains("/login/with/github"), "only what opens this account");
    through(&mut ada, "google", "code=code").await;
    page(&ada.get(LINKS).await, 200);
    let last = ada.get(LINKS).await;
    let id = between(&last.text, "name=\"id\" value=\"", "\"").to_owned();
    let kept = ada.act("/account/links/remove", &[("id", &id)]).await;
    assert!(page(&kept, 409).contains("Set a password first."));
}
