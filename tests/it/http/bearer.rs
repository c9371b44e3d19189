//! Who calls: rules G16 to G21; SECURITY R20, R21, R23 to R27, R29, R32, R33, R59.

use std::time::Duration;

use latchkey::domain::role::{Permission, Role};
use latchkey::domain::user::Status;
use serde_json::{Value, json};

use crate::harness::{Answer, START, TestApp, decoded, forged};

const ME: &str = "/api/v1/auth/me";

async fn ask(app: &TestApp, token: &str) -> Answer {
    app.anonymous().header("authorization", &format!("Bearer {token}")).get(ME).await
}

#[track_caller]
fn refused(answer: &Answer, code: &str, message: &str, challenge: &str) {
    let error = answer.refused(401, code);
    assert_eq!(
        (error["message"].as_str(), answer.header("www-authenticate")),
        (Some(message), Some(challenge))
    );
}

#[track_caller]
fn invalid(answer: &Answer) {
    refused(answer, "TOKEN_INVALID", "Invalid access token", "Bearer error=\"invalid_token\"");
}

/// G17.
#[tokio::test]
async fn a_token_opens_the_door_of_its_owner() {
    let app = TestApp::new().with_user("ada").await.with_user("eve").await;
    let (ada, eve) = (app.log_in("ada").await, app.log_in("eve").await);
    let (answers, events) = app.events_of(async { (ada.get(ME).await, eve.get(ME).await) }).await;
    let user = app.account("ada").unwrap();
    let expected = json!({
        "id": user.id.to_string(),
        "number": user.number,
        "email": "ada@example.com",
        "username": "ada",
        "name": "ada",
        "status": "active",
        "email_verified": true,
        "mfa_enabled": false,
        "roles": ["developer"],
        "permissions": Role::Developer.permissions().iter().map(Permission::name).collect::<Vec<_>>(),
        "created_at": "2027-01-15T08:00:00.000Z",
    });
    assert_eq!(answers.0.data(200), expected);
    assert_eq!(answers.1.data(200)["username"], "eve");
    assert_eq!(events, Vec::<String>::new());
}

/// G18, R24: one header, and nowhere else.
#[tokio::test]
async fn a_token_comes_in_one_header_and_nowhere_else() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    let token = &ada.access;
    let bare = app.anonymous();
    let nothing = [
        bare.get(ME).await,
        bare.get(&format!("{ME}?access_token={token}")).await,
        bare.get(&format!("{ME}?token={token}&authorization=Bearer%20{token}")).await,
        app.anonymous().header("cookie", &format!("access_token={token}")).get(ME).await,
        app.anonymous().header("x-original-url", ME).header("x-forwarded-user", "ada").get(ME).await,
    ];
    for answer in &nothing {
        refused(answer, "UNAUTHORIZED", "Authentication required", "Bearer");
    }
    app.anonymous().header("x-api-key", token).get(ME).await.refused(401, "TOKEN_INVALID");
    let header = format!("Bearer {token}");
    for values in [[&header, &header], [&header, &"Bearer x".to_owned()], [&"Basic eDp5".to_owned(), &header]]
    {
        let twice = app.anonymous().header("authorization", values[0]).header("authorization", values[1]);
        invalid(&twice.get(ME).await);
    }
    for value in ["", "Bearer", "Bearer ", token, &format!("Basic {token}"), &format!("{header},{header}")] {
        invalid(&app.anonymous().header("authorization", value).get(ME).await);
    }
    app.anonymous().header("authorization", &format!("bEARER {token}")).get(ME).await.data(200);
}

/// G18, G21, R20, R21, R23, R24, R25, R26.
#[tokio::test]
async fn a_token_that_is_not_exactly_ours_is_refused() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    let (header, payload) = decoded(&ada.access);
    assert_eq!(ask(&app, &forged(&header, &payload)).await.status, 200, "the forger knows the key");
    let (signed, signature) = ada.access.rsplit_once('.').unwrap();
    let flipped = signature.replace(|c: char| c.is_ascii_lowercase(), "A");
    let with_header = |name: &str, value: Value| {
        let mut header = header.clone();
        header[name] = value;
        forged(&header, &payload)
    };
    let bad = [
        "x".to_owned(),
        "a.b.c".to_owned(),
        "..".to_owned(),
        signed.to_owned(),
        format!("{signed}."),
        format!("{signed}.{flipped}"),
        format!("{signed}.{}", "A".repeat(43)),
        format!("{}=", ada.access),
        format!("{}.x", ada.access),
        format!(".{}", ada.access),
        ada.access.to_uppercase(),
        ada.refresh.clone(),
        "A".repeat(9_000),
        with_header("alg", json!("none")),
        with_header("alg", json!("None")),
        with_header("alg", json!("hs256")),
        with_header("alg", json!("HS512")),
        with_header("alg", json!("RS256")),
        with_header("alg", json!(null)),
        with_header("typ", json!("at+jwt")),
        with_header("kid", json!("0123456789abcdef")),
        with_header("kid", json!("../../etc/passwd")),
        with_header("kid", json!(1)),
        with_header("jku", json!("https://evil.example/keys")),
        with_header("jwk", json!({ "kty": "oct", "k": "AA" })),
        with_header("crit", json!(["exp"])),
        with_header("zip", json!("DEF")),
    ];
    let (answers, events) = app
        .events_of(async {
            let mut answers = Vec::new();
            for token in &bad {
                answers.push(ask(&app, token).await);
            }
            answers
        })
        .await;
    answers.iter().for_each(invalid);
    assert_eq!(events, Vec::<String>::new());
}

/// R27: well signed and wrong all the same. Claims never outrank the store.
#[tokio::test]
async fn a_well_signed_token_with_wrong_claims_is_refused() {
    let app = TestApp::new().with_user("ada").await.with_user("eve").await;
    let (ada, eve) = (app.log_in("ada").await, app.log_in("eve").await);
    let (header, payload) = decoded(&ada.access);
    let (_, of_eve) = decoded(&eve.access);
    let now = START.seconds();
    let changes = [
        ("user_id", of_eve["user_id"].clone()),
        ("sid", of_eve["sid"].clone()),
        ("sid", payload["jti"].clone()),
        ("user_id", json!("019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11")),
        ("type", json!("refresh")),
        ("type", json!("mfa")),
        ("iss", json!("https://evil.example")),
        ("aud", json!("other")),
        ("aud", json!(["latchkey"])),
        ("exp", json!(now + 3_601)),
        ("exp", json!((now + 60).to_string())),
        ("exp", json!(1e300)),
        ("exp", json!(-1)),
        ("exp", Value::Null),
        ("iat", json!(now + 6)),
        ("iat", json!(-1)),
        ("nbf", json!(now)),
        ("roles", json!("super_admin")),
        ("admin", json!(true)),
    ];
    for (claim, value) in changes {
        let mut payload = payload.clone();
        payload[claim] = value;
        invalid(&ask(&app, &forged(&header, &payload)).await);
    }
    for claim in ["user_id", "sid", "type", "iss", "aud", "exp", "iat", "jti", "roles"] {
        let mut payload = payload.clone();
        payload.as_object_mut().unwrap().remove(claim);
        invalid(&ask(&app, &forged(&header, &payload)).await);
    }
    let mut promoted = payload.clone();
    promoted["roles"] = json!(["super_admin"]);
    promoted["email"] = json!("root@example.com");
    let me = ask(&app, &forged(&header, &promoted)).await.data(200);
    assert_eq!((&me["roles"], &me["email"]), (&json!(["developer"]), &json!("ada@example.com")));
}

/// G19.
#[tokio::test]
async fn an_access_token_lives_an_hour() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    app.advance(Duration::from_millis(3_599_999));
    ada.get(ME).await.data(200);
    app.advance(Duration::from_millis(1));
    let challenge = "Bearer error=\"invalid_token\", error_description=\"Access token has expired\"";
    refused(&ada.get(ME).await, "TOKEN_EXPIRED", "Access token has expired", challenge);
    let pair = app.anonymous().refresh(&ada.refresh).await.data(200);
    ask(&app, pair["access_token"].as_str().unwrap()).await.data(200);
}

/// R29: a clock set back opens nothing that was not issued yet, and five seconds are forgiven.
#[tokio::test]
async fn a_clock_that_jumps_back_revives_nothing() {
    let app = TestApp::new().with_user("ada").await;
    let old = app.log_in("ada").await;
    app.advance(Duration::from_secs(7_200));
    let ada = app.log_in("ada").await;
    let gone = app.log_in("ada").await;
    gone.post("/api/v1/auth/logout", json!({})).await.data(200);
    let later = app.services.clock.now();
    app.clock.set(later.minus(Duration::from_secs(5)));
    assert!(ada.is_in().await);
    app.clock.set(later.minus(Duration::from_secs(6)));
    assert!(!ada.is_in().await);
    app.anonymous().refresh(&ada.refresh).await.refused(401, "TOKEN_INVALID");
    app.clock.set(START);
    assert!(!gone.is_in().await);
    assert!(old.is_in().await, "its hour begins again, its session never ended");
    app.clock.set(later);
    assert!(ada.is_in().await);
}

/// G16, R33: at once, and for every session.
#[tokio::test]
async fn a_switched_off_account_loses_its_tokens_at_once() {
    for off in [Status::Suspended, Status::Inactive] {
        let app = TestApp::new().with_user("ada").await.with_user("eve").await;
        let (phone, desk, eve) = (app.log_in("ada").await, app.log_in("ada").await, app.log_in("eve").await);
        app.set_status("ada", off).await;
        assert_eq!([phone.is_in().await, desk.is_in().await, eve.is_in().await], [false, false, true]);
        let (answer, events) = app.events_of(app.anonymous().refresh(&phone.refresh)).await;
        answer.refused(401, "TOKEN_INVALID");
        assert_eq!(events, Vec::<String>::new());
        app.set_status("ada", Status::Active).await;
        assert_eq!([phone.is_in().await, desk.is_in().await], [false, false], "ended is ended");
        app.anonymous().refresh(&desk.refresh).await.refused(401, "TOKEN_INVALID");
        assert!(app.log_in("ada").await.is_in().await);
    }
}
