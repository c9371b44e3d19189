//! Forward-auth: what a proxy is answered, and who is let through to which application.

use std::time::Duration;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use latchkey::crypto::digest::from_base64url;
use latchkey::domain::limit::{Budget, Class};
use latchkey::domain::role::Role;
use latchkey::domain::signing_key::Algorithm;
use latchkey::services::forward_auth::Fate;
use latchkey::services::signing_key;
use serde_json::{Value, json};

use crate::harness::{ASK, Answer, PASSWORD, Rules, START, TestApp, decoded, guard, shipped_limits, text_at};

const RULES: Rules<'_> = &[
    ("app.example.com", "/public", &["GET"], "public"),
    ("app.example.com", "/people", &[], "permission:users:read"),
    ("app.example.com", "/numbers", &[], "permission:metrics:write"),
    ("app.example.com", "/", &[], "login"),
    ("*.wiki.example.com", "/", &[], "login"),
];

const APP: &str = "https://app.example.com/";
const PEOPLE: &str = "https://app.example.com/people";
const NUMBERS: &str = "https://app.example.com/numbers";
const NONE: [&str; 4] = [""; 4];

async fn app() -> TestApp {
    app_with(|_| {}).await
}

async fn app_with(change: impl FnOnce(&mut latchkey::services::Policy)) -> TestApp {
    let app = TestApp::with_policy(|policy| {
        guard(policy, RULES);
        change(policy);
    });
    app.add("ada", Role::Developer).await;
    app.add("mia", Role::Manager).await;
    app
}

async fn proxy_cookie(app: &TestApp, name: &str) -> String {
    app.anonymous().log_in_for_cookie(name, PASSWORD).await.new_proxy_cookie().unwrap()
}

fn reason(answer: &Answer) -> Value {
    answer.refused(403, "FORBIDDEN")["details"]["reason"].clone()
}

/// Two host names: one login for all of them.
#[tokio::test]
async fn whoever_is_logged_in_is_let_through_to_every_application_and_named() {
    let app = app().await;
    let cookie = proxy_cookie(&app, "ada").await;
    for host in ["app.example.com", "en.wiki.example.com", "APP.example.com:8443"] {
        let before = app.before().proxy_cookie(&cookie);
        let (answer, events) = app.events_of(before.reach("POST", &format!("https://{host}/x?y=1"))).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str(), events.len()), (200, "", 0), "{host}");
        assert_eq!(answer.remote(), ["ada", "ada", "ada@example.com", "developer"]);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let (header, claims) = decoded(answer.header("remote-identity").unwrap());
        assert_eq!(header["typ"], "identity+jwt");
        let expected = json!({
            "iss": "https://auth.example.com",
            "sub": app.id_of("ada"),
            "aud": host.to_lowercase().split(':').next().unwrap(),
            "iat": START.seconds(),
            "exp": START.seconds() + 60,
            "preferred_username": "ada",
            "name": "ada",
            "email": "ada@example.com",
            "groups": ["developer"],
        });
        assert_eq!(claims, expected);
        let answer =
            app.before().proxy_cookie(&cookie).reach_by_nginx("POST", &format!("https://{host}/x")).await;
        assert_eq!((answer.status.as_u16(), answer.remote()[0]), (200, "ada"));
    }
    assert_eq!([Fate::Known, Fate::Refused].map(|fate| app.services.fates.of(fate)), [6, 0]);
}

/// A proxy that copies the headers overwrites what a client sent under their names.
#[tokio::test]
async fn what_is_public_needs_nobody_and_names_nobody() {
    let app = app().await;
    let cookie = proxy_cookie(&app, "ada").await;
    let with_bad_key = app.before().header("x-api-key", "lk_nonsense");
    for before in [app.before(), app.before().proxy_cookie(&cookie), with_bad_key] {
        let answer =
            before.header("remote-user", "root").reach("GET", "https://app.example.com/public/x").await;
        assert_eq!((answer.status.as_u16(), answer.remote()), (200, NONE));
        assert_eq!(answer.header("remote-identity"), Some(""));
    }
    let posted = app.before().reach("POST", "https://app.example.com/public/x").await;
    posted.refused(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn a_browser_is_sent_to_the_login_page_and_a_program_is_refused() {
    let app = app().await;
    let page = "https://app.example.com/x?y=1&z=%20";
    let login =
        "https://auth.example.com/login?return_to=https%3A%2F%2Fapp.example.com%2Fx%3Fy%3D1%26z%3D%2520";
    for method in ["GET", "HEAD"] {
        let (answer, events) = app.events_of(app.before().with_browser().reach(method, page)).await;
        assert_eq!((answer.status.as_u16(), answer.header("location"), events.len()), (302, Some(login), 0));
        let answer = app.before().with_browser().reach_by_nginx(method, page).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (401, Some(login)),
            "nginx takes no 302"
        );
    }
    let stale = app.before().with_browser().proxy_cookie("lkp_stale");
    assert_eq!(stale.reach("GET", page).await.header("location"), Some(login));
    let twice = app.before().with_browser().proxy_cookie("a").proxy_cookie("b");
    assert_eq!(twice.reach("GET", page).await.header("location"), Some(login));
    let script = app.before().with_browser().header("x-requested-with", "XMLHttpRequest");
    let json = app.before().header("accept", "application/json");
    for (before, method) in
        [(app.before(), "GET"), (json, "GET"), (script, "GET"), (app.before().with_browser(), "POST")]
    {
        let answer = before.reach(method, page).await;
        answer.refused(401, "UNAUTHORIZED");
        assert_eq!((answer.header("location"), answer.header("www-authenticate")), (None, Some("Bearer")));
        assert_eq!(answer.header("remote-user"), None);
    }
    let long = format!("https://app.example.com:8443/{}", "%20".repeat(300));
    let front = "https://auth.example.com/login?return_to=https%3A%2F%2Fapp.example.com%3A8443%2F";
    assert_eq!(app.before().with_browser().reach("GET", &long).await.header("location"), Some(front));
    // In the clear no browser sends the cookie, so there is no use in a login.
    let fields = [("x-original-method", "GET"), ("x-original-url", "http://app.example.com/")];
    let plain = fields.iter().fold(app.before().with_browser(), |all, (name, value)| all.header(name, value));
    let answer = plain.get(ASK).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("location"), None);
}

#[tokio::test]
async fn a_permission_is_asked_for_and_its_refusal_is_recorded() {
    let app = app().await;
    let (ada, mia) = (proxy_cookie(&app, "ada").await, proxy_cookie(&app, "mia").await);
    let answer = app.before().proxy_cookie(&mia).reach("GET", PEOPLE).await;
    assert_eq!((answer.status.as_u16(), answer.remote()[3]), (200, "manager"));
    let refused = app.before().proxy_cookie(&ada);
    let (answer, events) = app.events_of(refused.reach("GET", PEOPLE)).await;
    let details = answer.refused(403, "FORBIDDEN")["details"].clone();
    assert_eq!(details["required_permission"], "users:read");
    assert_eq!(events, ["access.denied denied permission_missing"]);
    let record = app.records().pop().unwrap();
    let detail =
        |name: &str| record.detail.iter().find(|(one, _)| one == name).map(|(_, text)| text.as_str());
    assert_eq!((detail("required"), detail("host")), (Some("users:read"), Some("app.example.com")));
    assert_eq!(app.before().proxy_cookie(&ada).reach("GET", NUMBERS).await.status, 200);
    app.set_roles("ada", &[Role::Viewer]).await;
    let answer = app.before().proxy_cookie(&ada).reach("GET", NUMBERS).await;
    assert_eq!(answer.refused(403, "FORBIDDEN")["details"]["required_permission"], "metrics:create");
    app.give_permission("ada", "metrics:write").await;
    assert_eq!(app.before().proxy_cookie(&ada).reach("GET", NUMBERS).await.status, 200, "at once");
    assert_eq!(Fate::ALL.map(|fate| app.services.fates.of(fate)), [0, 3, 0, 2]);
}

/// G41: a permission without the factor that its role must have is none.
#[tokio::test]
async fn a_role_that_must_have_a_second_factor_is_refused_without_one() {
    let app = app_with(|policy| policy.factor.required_for = vec![Role::Manager]).await;
    let mia = proxy_cookie(&app, "mia").await;
    let (answer, events) = app.events_of(app.before().proxy_cookie(&mia).reach("GET", PEOPLE)).await;
    assert_eq!(answer.refused(403, "FORBIDDEN")["details"], json!({ "mfa_required": true }));
    assert_eq!(events, ["access.denied denied mfa_required"]);
    assert_eq!(app.before().proxy_cookie(&mia).reach("GET", APP).await.status, 200, "a login is a login");
}

#[tokio::test]
async fn what_no_rule_fits_or_may_be_read_in_two_ways_is_refused_whoever_asks() {
    let app = app().await;
    let mia = proxy_cookie(&app, "mia").await;
    for (url, said) in [
        ("https://other.example.com/", "no_rule"),
        ("https://wiki.example.com/", "no_rule"),
        ("https://app.example.com/public/../people", "unclear_path"),
        ("https://app.example.com//people", "unclear_path"),
        ("https://app.example.com/%70eople", "unclear_path"),
        ("https://app.example.com/public\\x", "unclear_path"),
        ("https://app.example.com@evil.example/", "unclear_path"),
    ] {
        for before in [app.before(), app.before().proxy_cookie(&mia)] {
            let (answer, events) = app.events_of(before.reach("GET", url)).await;
            assert_eq!((reason(&answer), events.len()), (json!(said), 0), "{url}");
            assert_eq!(reason(&before.reach_by_nginx("GET", url).await), said, "{url}");
        }
    }
}

/// X29, R53: a key is judged by its scopes.
#[tokio::test]
async fn tokens_and_keys_are_read_as_everywhere() {
    let app = app().await;
    let ada = app.log_in("ada").await;
    let bearer = format!("Bearer {}", ada.access);
    let answer = app.before().header("authorization", &bearer).reach("GET", APP).await;
    assert_eq!(
        (answer.status.as_u16(), answer.remote()),
        (200, ["ada", "ada", "ada@example.com", "developer"])
    );
    let (writer, reader) = (ada.make_key(&["metrics:write"]).await, ada.make_key(&["metrics:read"]).await);
    let answer = app.before().header("x-api-key", &writer.key).reach("POST", NUMBERS).await;
    assert_eq!((answer.status.as_u16(), answer.remote()), (200, ["ada", "ada", "ada@example.com", ""]));
    assert_eq!(decoded(answer.header("remote-identity").unwrap()).1["groups"], json!([]));
    let with_reader = app.before().header("authorization", &format!("ApiKey {}", reader.key));
    let (answer, events) = app.events_of(with_reader.reach("POST", NUMBERS)).await;
    assert_eq!(answer.refused(403, "FORBIDDEN")["details"]["required_permission"], "metrics:create");
    assert_eq!(events, ["access.denied denied permission_missing"]);
    // With a key nobody is logged in: an application that asks for no more would take it for all that its owner may do.
    let (answer, events) =
        app.events_of(app.before().header("x-api-key", &writer.key).reach("GET", APP)).await;
    assert_eq!(reason(&answer), "session_required");
    assert_eq!(events, ["access.denied denied session_required"]);
    for (name, value, code) in [
        ("authorization", "Bearer a.b.c", "TOKEN_INVALID"),
        ("authorization", "Basic YTpi", "TOKEN_INVALID"),
        ("x-api-key", "lk_nonsense", "TOKEN_INVALID"),
    ] {
        app.before().header(name, value).reach("GET", APP).await.refused(401, code);
    }
    let two = app.before().header("authorization", &bearer).header("x-api-key", &writer.key);
    two.reach("GET", NUMBERS).await.refused(401, "TOKEN_INVALID");
    // Beside the cookie, they are the application's own.
    let cookie = proxy_cookie(&app, "mia").await;
    for other in ["Basic YTpi", "Bearer theirs", &bearer] {
        let before = app.before().proxy_cookie(&cookie).header("authorization", other);
        assert_eq!(before.reach("GET", APP).await.remote()[0], "mia");
    }
}

/// R16: nobody else knows what the client asked for.
#[tokio::test]
async fn only_a_trusted_proxy_may_ask_and_it_must_say_about_what() {
    let app = app().await;
    let cookie = proxy_cookie(&app, "ada").await;
    let stranger = app.anonymous().header("x-forwarded-for", "198.51.100.9").proxy_cookie(&cookie);
    let answer = stranger.reach("GET", APP).await;
    assert_eq!(answer.refused(403, "FORBIDDEN")["message"], "Only a proxy of trusted_proxies may ask here.");
    let error = app.before().proxy_cookie(&cookie).get(ASK).await.refused(400, "VALIDATION_ERROR");
    assert_eq!(error["details"], json!({ "field": "x-forwarded-method", "reason": "missing" }));
    let spoofed = app.before().header("x-original-url", "https://app.example.com/public");
    let error = spoofed.reach("GET", PEOPLE).await.refused(400, "VALIDATION_ERROR");
    assert_eq!(error["details"]["reason"], "ambiguous");
    assert_eq!(Fate::ALL.map(|fate| app.services.fates.of(fate)), [0; 4]);
    // The method of the question itself does not count.
    let post = app.before().proxy_cookie(&cookie).header("x-original-method", "GET");
    assert_eq!(post.header("x-original-url", APP).post(ASK, json!({})).await.status, 200);
}

#[tokio::test]
async fn without_a_domain_for_the_cookie_there_is_no_forward_auth() {
    let app = TestApp::new().with_user("ada").await;
    let login = app.anonymous().log_in_for_cookie("ada", PASSWORD).await;
    assert_eq!(login.new_proxy_cookie(), None);
    app.before().reach("GET", APP).await.refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn requests_have_a_limit_of_their_own_by_account_and_by_address() {
    let few = Budget::new(2, Duration::from_secs(60)).unwrap();
    let app = app_with(|policy| {
        policy.limits = shipped_limits();
        *policy.limits.budgets.get_mut(Class::ForwardAuth) = few;
    })
    .await;
    let (ada, mia) = (proxy_cookie(&app, "ada").await, proxy_cookie(&app, "mia").await);
    for left in [1, 0] {
        let answer = app.before().proxy_cookie(&ada).reach("GET", APP).await;
        assert_eq!(answer.header("ratelimit-policy"), Some("\"forward_auth\";q=2;w=60"));
        assert_eq!(answer.header("x-ratelimit-remaining").unwrap(), left.to_string());
    }
    app.before().proxy_cookie(&ada).reach("GET", APP).await.refused(429, "RATE_LIMIT_EXCEEDED");
    assert_eq!(app.before().proxy_cookie(&mia).reach("GET", APP).await.status, 200, "another account");
    let session = app.anonymous().log_in_for_cookie("ada", PASSWORD).await;
    assert_eq!(session.status, 200, "the account's other calls are not counted with these");
    // The address of the client, not of the proxy.
    for expected in [302, 302, 429] {
        assert_eq!(app.before().with_browser().reach("GET", APP).await.status.as_u16(), expected);
    }
    for url in ["https://app.example.com/public", "https://other.example.com/"] {
        app.before().reach("GET", url).await.refused(429, "RATE_LIMIT_EXCEEDED");
    }
    let elsewhere = app.anonymous().at("10.0.0.1").header("x-forwarded-for", "198.51.100.77");
    assert_eq!(elsewhere.reach("GET", "https://app.example.com/public").await.status, 200);
    app.advance(Duration::from_secs(60));
    assert_eq!(app.before().proxy_cookie(&ada).reach("GET", APP).await.status, 200);
}

/// An application verifies the identity by what is published, and it opens nothing here (R26).
#[tokio::test]
async fn a_signed_identity_is_verified_by_the_published_keys_and_opens_nothing() {
    let app = app_with(|policy| policy.signing = Some(Algorithm::EdDsa)).await;
    signing_key::ready(&app.services).unwrap();
    let cookie = proxy_cookie(&app, "ada").await;
    let answer = app.before().proxy_cookie(&cookie).reach("GET", APP).await;
    let identity = answer.header("remote-identity").unwrap();
    let (signed, signature) = identity.rsplit_once('.').unwrap();
    let keys = app.anonymous().get("/.well-known/jwks.json").await.json();
    let kid = decoded(identity).0["kid"].clone();
    let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid).unwrap();
    let key = from_base64url(text_at(key, "/x").as_bytes()).unwrap();
    let signature = from_base64url(signature.as_bytes()).unwrap();
    UnparsedPublicKey::new(&ED25519, key).verify(signed.as_bytes(), &signature).unwrap();
    let bearer = format!("Bearer {identity}");
    let with_it = app.anonymous().header("authorization", &bearer);
    with_it.get("/api/v1/auth/me").await.refused(401, "TOKEN_INVALID");
    app.before().header("authorization", &bearer).reach("GET", APP).await.refused(401, "TOKEN_INVALID");
    app.anonymous().refresh(identity).await.refused(401, "TOKEN_INVALID");
    let mia = app.log_in("mia").await;
    let asker = mia.make_key(&["users:read"]).await;
    let asked = app.anonymous().header("x-api-key", &asker.key);
    let said = asked.post_form("/oauth/introspect", &format!("token={identity}")).await;
    assert_eq!(said.json(), json!({ "active": false }));
}

/// Whoever could name any address as theirs would be anybody to an application that joins accounts by it.
#[tokio::test]
async fn an_address_that_nobody_proved_is_not_told() {
    let app = app_with(|policy| policy.login.require_verified_email = false).await;
    app.anonymous().register("new@example.com").await.data(201);
    let login = app.anonymous().log_in_for_cookie("new@example.com", PASSWORD).await;
    let answer = app.before().proxy_cookie(&login.new_proxy_cookie().unwrap()).reach("GET", APP).await;
    assert_eq!(answer.remote(), ["new", "Somebody", "", "developer"]);
    assert_eq!(decoded(answer.header("remote-identity").unwrap()).1.get("email"), None);
    app.verify(&app.mailed_token("new@example.com").await).await;
    let answer = app.before().proxy_cookie(&login.new_proxy_cookie().unwrap()).reach("GET", APP).await;
    assert_eq!(answer.remote()[2], "new@example.com");
}

/// A signature by a curve costs more than all the rest: it is made once for half of its life, and never of what was.
#[tokio::test]
async fn an_identity_is_signed_anew_when_half_its_life_is_over_and_when_anything_changed() {
    let app = app_with(|policy| policy.signing = Some(Algorithm::Es256)).await;
    signing_key::ready(&app.services).unwrap();
    let cookie = proxy_cookie(&app, "ada").await;
    let told = async || {
        let answer = app.before().proxy_cookie(&cookie).reach("GET", APP).await;
        answer.header("remote-identity").unwrap().to_owned()
    };
    // ES256 never gives the same signature twice.
    let first = told().await;
    app.advance(Duration::from_millis(29_999));
    assert_eq!(told().await, first);
    let elsewhere = app.before().proxy_cookie(&cookie).reach("GET", "https://en.wiki.example.com/").await;
    assert_eq!(decoded(elsewhere.header("remote-identity").unwrap()).1["aud"], "en.wiki.example.com");
    app.advance(Duration::from_millis(1));
    let second = told().await;
    assert_eq!(decoded(&second).1["exp"], START.seconds() + 90);
    app.set_roles("ada", &[Role::Viewer]).await;
    let third = told().await;
    assert_eq!(
        (decoded(&second).1["groups"].clone(), decoded(&third).1["groups"].clone()),
        (json!(["developer"]), json!(["viewer"]))
    );
    assert_eq!(told().await, third);
    app.add("boss", Role::Admin).await;
    app.log_in("boss").await.post("/api/v1/signing-keys/rotate", json!({ "revoke": true })).await.data(200);
    assert_ne!(decoded(&told().await).0["kid"], decoded(&third).0["kid"]);
}
