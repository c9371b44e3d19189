//! Logging in with an account elsewhere; G42 to G46, SECURITY R67 to R69.

use std::time::Duration;

use latchkey::domain::role::Role;
use latchkey::domain::user::Status;
use serde_json::{Value, json};

use crate::harness::{Answer, Away, Federated, LoggedIn, PASSWORD, decoded, text_at};

const ME: &str = "/api/v1/auth/me";

/// Somebody whose address the provider vouches for.
fn person(subject: &str, name: &str) -> Value {
    let email = format!("{name}@example.com");
    json!({ "sub": subject, "email": email, "email_verified": true, "name": "Ada Lovelace" })
}

fn field(away: &Away<'_>, name: &str) -> Option<String> {
    let query = away.location.split_once('?').unwrap().1;
    let fields: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap();
    fields.into_iter().find(|(found, _)| found == name).map(|(_, value)| value)
}

/// G42, R67: at least 128 bits of state, a cookie for this browser alone that says nothing.
#[tokio::test]
async fn a_browser_is_sent_to_the_provider_with_a_state_and_a_cookie() {
    let all = Federated::new();
    let stranger = all.app.anonymous();
    let (begun, events) = all.app.events_of(stranger.get("/api/v1/auth/oauth/google")).await;
    assert_eq!((begun.status.as_u16(), events.len()), (302, 0));
    let location = begun.header("location").unwrap();
    assert!(location.starts_with("https://google.example/authorize?"), "{location}");
    let set = begun.header("set-cookie").unwrap();
    let (value, attributes) = set.split_once("; ").unwrap();
    assert_eq!(attributes, "Max-Age=600; Path=/; Secure; HttpOnly; SameSite=Lax");
    let away = Away::of(&all.app, "google", location, &begun);
    assert!(value.starts_with("__Host-latchkey-federation=") && !value.contains(&away.state));
    assert_eq!(away.state.len(), 43);
    for name in ["nonce", "challenge"] {
        let one = field(&away, name).unwrap();
        assert!(one.len() == 43 && one != away.state, "{name}");
    }
    let other = all.sent_to("google").await;
    assert!(other.state != away.state && other.cookie != away.cookie);
    all.app.anonymous().get("/api/v1/auth/oauth/nobody").await.refused(404, "NOT_FOUND");
    let listed = all.app.anonymous().get("/api/v1/auth/oauth").await.data(200);
    let url = "https://auth.example.com/api/v1/auth/oauth";
    assert_eq!(
        listed["providers"],
        json!([
            { "name": "google", "title": "GOOGLE", "login_url": format!("{url}/google") },
            { "name": "github", "title": "GITHUB", "login_url": format!("{url}/github") },
        ])
    );
}

/// G43 and G45: a new account, and the same one again.
#[tokio::test]
async fn a_stranger_gets_an_account_and_later_the_same_one() {
    for provider in ["google", "github"] {
        let all = Federated::new();
        let stand_in = if provider == "google" { &all.google } else { &all.github };
        stand_in.says("first", person("42", "ada"));
        let (answer, events) = all.app.events_of(all.came_back(provider, "first")).await;
        assert_eq!(
            answer.header("set-cookie").unwrap().split(';').next(),
            Some("__Host-latchkey-federation=")
        );
        let data = answer.data(200);
        assert_eq!(events, ["user.registered success", "identity.linked success", "login.succeeded success"]);
        let details = all.app.records().pop().unwrap().detail;
        assert_eq!(details, [("provider".to_owned(), provider.to_owned())]);
        let user = &data["user"];
        assert_eq!(
            (&user["oauth_provider"], &user["email"], &user["name"], &user["status"]),
            (&json!(provider), &json!("ada@example.com"), &json!("Ada Lovelace"), &json!("active"))
        );
        assert_eq!((&data["token_type"], &data["requires_mfa"]), (&json!("Bearer"), &json!(false)));
        let ada = LoggedIn::with(&all.app, &data);
        assert_eq!(ada.get(ME).await.data(200)["id"], user["id"]);
        assert_eq!(decoded(&ada.access).1["user_id"], user["id"]);

        // The address there changes hands; who came once is the same person.
        stand_in.says("second", person("42", "other"));
        let (answer, events) = all.app.events_of(all.came_back(provider, "second")).await;
        assert_eq!(events, ["login.succeeded success"]);
        assert_eq!(answer.data(200)["user"]["id"], user["id"]);
        // And whoever has the old address there now is somebody else, who gets nothing of hers.
        stand_in.says("third", json!({ "sub": "43", "email": "ada@example.com", "email_verified": false }));
        all.came_back(provider, "third").await.refused(403, "FORBIDDEN");
    }
}

/// G43: an account is found by an address that both sides proved; R69: by nothing less.
#[tokio::test]
async fn a_proved_address_leads_to_its_account() {
    let all = Federated::new();
    all.app.add("ada", Role::Developer).await;
    let id = all.app.account("ada").unwrap().id.to_string();
    all.google.says("code", person("42", "ada"));
    let (answer, events) = all.app.events_of(all.came_back("google", "code")).await;
    assert_eq!(events, ["identity.linked success", "login.succeeded success"]);
    assert_eq!(text_at(&answer.data(200), "/user/id"), id);
    // Her password goes on working.
    all.app.log_in("ada").await;
    for verified in [json!(false), json!("true"), json!(1), Value::Null] {
        let mut claims = person("43", "ada");
        claims["email_verified"] = verified;
        all.google.says("doubtful", claims);
        let (answer, events) = all.app.events_of(all.came_back("google", "doubtful")).await;
        answer.refused(403, "FORBIDDEN");
        assert_eq!(events, ["login.failed denied no_verified_email"]);
    }
}

/// G44, R67: in the browser that began it, at the provider it went to, once, within ten minutes.
#[tokio::test]
async fn what_this_browser_did_not_begin_opens_nothing() {
    let all = Federated::new();
    all.google.says("code", person("42", "ada"));
    let refused = async |back: Answer| {
        assert_eq!(back.refused(400, "VALIDATION_ERROR")["details"]["field"], "state");
        assert_eq!(all.app.events().pop().unwrap(), "login.failed denied oauth_state");
    };
    let (away, other) = (all.sent_to("google").await, all.sent_to("google").await);
    let state = format!("state={}&code=code", away.state);
    refused(away.back_as(away.browser(), "code=code").await).await;
    refused(away.back_as(away.browser(), "state=&code=code").await).await;
    refused(away.back_as(away.browser(), &format!("state={}&code=code", other.state)).await).await;
    refused(away.back_as(all.app.anonymous(), &state).await).await;
    refused(away.back_as(other.browser(), &state).await).await;
    let elsewhere = Away { provider: "github".to_owned(), ..all.sent_to("google").await };
    refused(elsewhere.back("code=code").await).await;
    let forged =
        Away { cookie: format!("{}A", &away.cookie[..away.cookie.len() - 1]), ..all.sent_to("google").await };
    refused(forged.back("code=code").await).await;
    assert_eq!(all.google.exchanges(), 0, "nothing was asked");

    away.back("code=code").await.data(200);
    refused(away.back("code=code").await).await;
    all.app.advance(Duration::from_millis(599_999));
    refused(away.back("code=code").await).await;
    let late = all.sent_to("google").await;
    all.app.advance(Duration::from_secs(600));
    refused(late.back("code=code").await).await;
    assert_eq!(all.google.exchanges(), 1);
    assert!(other.back("code=code").await.status.is_client_error(), "it is too old by now");
}

/// R67: of any number who come back with one state one gets in.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_24_with_one_state_one_gets_in() {
    let all = std::sync::Arc::new(Federated::new());
    all.google.says("code", person("42", "ada"));
    let away = all.sent_to("google").await;
    let query = format!("state={}&code=code", away.state);
    let backs = (0..24).map(|_| away.back_as(away.browser(), &query));
    let answers = futures_util::future::join_all(backs).await;
    let got_in = answers.iter().filter(|answer| answer.status.is_success()).count();
    assert_eq!((got_in, all.google.exchanges()), (1, 1));
}

/// G46, R70: tokens go on in the fragment, refusals as an error; what was not begun goes nowhere.
#[tokio::test]
async fn a_configured_page_gets_the_tokens_in_the_fragment() {
    let url = "https://app.example.com/done";
    let all = Federated::with_policy(|policy| policy.federation.redirect_url = Some(url.to_owned()));
    all.google.says("code", person("42", "ada"));
    let landed = |answer: &Answer| {
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (302, ""));
        let (page, fragment) = answer.header("location").unwrap().split_once('#').unwrap();
        assert_eq!(page, url);
        let fields: Vec<(String, String)> = serde_urlencoded::from_str(fragment).unwrap();
        Value::Object(fields.into_iter().map(|(name, value)| (name, Value::String(value))).collect())
    };
    let tokens = landed(&all.came_back("google", "code").await);
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!("3600")));
    assert!(LoggedIn::with(&all.app, &tokens).is_in().await);
    let refused = landed(&all.sent_to("google").await.back("error=access_denied").await);
    assert_eq!(refused["error"], "AUTHENTICATION_FAILED");
    let away = all.sent_to("google").await;
    away.back_as(all.app.anonymous(), "state=x&code=code").await.refused(400, "VALIDATION_ERROR");
}

/// R68: another provider's answer, a refusal and a bad answer are clean errors, and recorded.
#[tokio::test]
async fn what_goes_wrong_at_the_provider_is_told_and_recorded() {
    let all = Federated::new();
    all.google.says("code", person("42", "ada"));
    let denied = async |query: &str, status: u16, code: &str, reason: &str| {
        let away = all.sent_to("google").await;
        let (answer, events) = all.app.events_of(away.back(query)).await;
        answer.refused(status, code);
        assert_eq!(events, [format!("login.failed denied {reason}")], "{query}");
        away.back("code=code").await.refused(400, "VALIDATION_ERROR");
    };
    denied("error=access_denied", 401, "AUTHENTICATION_FAILED", "oauth_refused").await;
    denied("error=access_denied&code=code", 401, "AUTHENTICATION_FAILED", "oauth_refused").await;
    denied("", 401, "AUTHENTICATION_FAILED", "oauth_refused").await;
    denied("code=code&iss=https://evil.example", 502, "PROVIDER_FAILED", "oauth_provider").await;
    assert_eq!(all.google.exchanges(), 0, "no code went to the wrong place");
    denied("code=unknown", 502, "PROVIDER_FAILED", "oauth_provider").await;
    for (name, value) in [
        ("nonce", json!("x")),
        ("aud", json!("other")),
        ("iss", json!("https://evil.example")),
        ("sub", json!("")),
    ] {
        let mut claims = person("42", "ada");
        claims[name] = value;
        all.google.says("wrong", claims);
        denied("code=wrong", 502, "PROVIDER_FAILED", "oauth_provider").await;
    }
    let fine = all.sent_to("google").await;
    fine.back("code=code&iss=https://google.example&scope=openid&prompt=none").await.data(200);
}

/// R69: the second factor is asked for, and an account that may not be used stays shut.
#[tokio::test]
async fn an_account_is_opened_no_further_than_its_password_would() {
    let all = Federated::new();
    all.google.says("code", person("42", "ada"));
    let data = all.came_back("google", "code").await.data(200);
    let name = text_at(&data, "/user/username");
    let phone = all.app.enrol(&LoggedIn::with(&all.app, &data)).await;
    all.app.advance(crate::harness::STEP);
    let (answer, events) = all.app.events_of(all.came_back("google", "code")).await;
    let data = answer.data(200);
    assert_eq!((&data["requires_mfa"], &data["access_token"]), (&json!(true), &Value::Null));
    assert_eq!(events, ["login.mfa_required success"]);
    let handle = text_at(&data, "/session_id");
    let opened = all.app.second_step(&handle, &phone.code(&all.app)).await;
    assert_eq!(opened.data(200)["user"]["username"], name.as_str());
    for (status, reason) in [(Status::Suspended, "account_suspended"), (Status::Inactive, "account_inactive")]
    {
        all.app.set_status(&name, status).await;
        let (answer, events) = all.app.events_of(all.came_back("google", "code")).await;
        answer.refused(401, "AUTHENTICATION_FAILED");
        assert_eq!(events, [format!("login.failed denied {reason}")]);
    }
}

/// R69: whoever registered somebody else's address has nothing of the account when its owner comes.
#[tokio::test]
async fn an_account_whose_address_nobody_proved_loses_all_that_opened_it() {
    let all = Federated::with_policy(|policy| policy.login.require_verified_email = false);
    all.app.anonymous().register("ada@example.com").await.data(201);
    let thief =
        LoggedIn::with(&all.app, &all.app.anonymous().log_in("ada@example.com", PASSWORD).await.data(200));
    let link = all.app.mailed_token("ada@example.com").await;
    all.google.says("code", person("42", "ada"));
    let (answer, events) = all.app.events_of(all.came_back("google", "code")).await;
    assert_eq!(
        events,
        [
            "session.all_ended success taken_over",
            "email.verified success taken_over",
            "identity.linked success",
            "login.succeeded success",
        ]
    );
    let ada = LoggedIn::with(&all.app, &answer.data(200));
    assert!(ada.is_in().await && !thief.is_in().await);
    thief.refresh(&thief.refresh).await.refused(401, "TOKEN_INVALID");
    all.app.anonymous().log_in("ada@example.com", PASSWORD).await.refused(401, "AUTHENTICATION_FAILED");
    assert!(!all.app.verify(&link).await.status.is_success());
    assert_eq!(ada.get(ME).await.data(200)["email_verified"], true);
}

/// Who gets an account, and whether an address leads to one, is the operator's to say.
#[tokio::test]
async fn the_policy_says_who_gets_an_account() {
    let all = Federated::with_policy(|policy| {
        policy.federation.may_register = false;
        policy.federation.may_link_by_email = false;
    });
    all.app.add("ada", Role::Developer).await;
    for (name, status, code, reason) in
        [("ada", 409, "ALREADY_EXISTS", "email_exists"), ("new", 403, "FORBIDDEN", "registration_closed")]
    {
        all.google.says("code", person("42", name));
        let (answer, events) = all.app.events_of(all.came_back("google", "code")).await;
        answer.refused(status, code);
        assert_eq!(events, [format!("login.failed denied {reason}")]);
    }
}
