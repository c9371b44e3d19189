//! The keys that sign tokens: SECURITY R20 to R24 and R30, over the API.

use std::time::Duration;

use latchkey::domain::role::Role;
use latchkey::domain::signing_key::Algorithm;
use latchkey::services::signing_key;
use serde_json::{Value, json};

use crate::harness::{LoggedIn, TestApp, decoded, text_at};

const KEYS: &str = "/api/v1/signing-keys";
const ROTATE: &str = "/api/v1/signing-keys/rotate";
const JWKS: &str = "/.well-known/jwks.json";

async fn app_of(algorithm: Algorithm) -> TestApp {
    let app = TestApp::with_policy(|policy| policy.signing = Some(algorithm));
    signing_key::ready(&app.services).unwrap();
    let app = app.with_user("ada").await;
    app.add("boss", Role::Admin).await;
    app
}

fn names(list: &Value) -> Vec<(String, String)> {
    let keys = list["keys"].as_array().unwrap();
    keys.iter().map(|key| (text_at(key, "/stage"), text_at(key, "/kid"))).collect()
}

async fn published(app: &TestApp) -> Vec<String> {
    let set = app.anonymous().get(JWKS).await.json();
    set["keys"].as_array().unwrap().iter().map(|key| text_at(key, "/kid")).collect()
}

async fn turn(caller: &LoggedIn<'_>, revoke: bool) -> Vec<(String, String)> {
    names(&caller.post(ROTATE, json!({ "revoke": revoke })).await.data(200))
}

#[tokio::test]
async fn the_next_key_is_published_before_it_signs_and_the_old_one_as_long_as_its_tokens_live() {
    let app = app_of(Algorithm::EdDsa).await;
    let (ada, boss) = (app.log_in("ada").await, app.log_in("boss").await);
    let before = names(&boss.get(KEYS).await.data(200));
    let [(_, first), (_, second)] = &before[..] else { panic!("{before:?}") };
    assert_eq!(published(&app).await, [first.clone(), second.clone()]);
    assert_eq!(decoded(&ada.access).0, json!({ "alg": "EdDSA", "typ": "JWT", "kid": first }));

    let (after, events) = app.events_of(turn(&boss, false)).await;
    assert_eq!(events, ["key.rotated success"]);
    let record = app.records().pop().unwrap();
    assert_eq!(record.detail, [("algorithm".to_owned(), "EdDSA".to_owned())]);
    let stages: Vec<_> = after.iter().map(|(stage, kid)| (stage.as_str(), kid.as_str())).collect();
    let third = after[2].1.clone();
    assert_eq!(stages, [("retired", first.as_str()), ("current", second), ("next", &third)]);
    assert_eq!(published(&app).await, [second.clone(), first.clone(), third]);
    assert!(ada.is_in().await, "nobody notices");
    let refreshed = app.anonymous().refresh(&ada.refresh).await.data(200);
    assert_eq!(decoded(&text_at(&refreshed, "/access_token")).0["kid"], json!(second));

    app.advance(Duration::from_secs(7 * 86_400));
    assert!(!published(&app).await.contains(first));
}

/// R30: whoever turns the keys without end takes nobody's way to revoke them.
#[tokio::test]
async fn however_often_the_keys_were_turned_they_turn_again_and_can_be_revoked() {
    let app = app_of(Algorithm::Hs256).await;
    for _ in 0..110 {
        turn(&app.log_in("boss").await, false).await;
    }
    assert!(turn(&app.log_in("boss").await, false).await.len() <= 66);
    assert_eq!(turn(&app.log_in("boss").await, true).await.len(), 2);
}

#[tokio::test]
async fn a_revocation_ends_every_token_and_every_key_before_it() {
    let app = app_of(Algorithm::Es256).await;
    let (ada, boss) = (app.log_in("ada").await, app.log_in("boss").await);
    let old: Vec<_> = names(&boss.get(KEYS).await.data(200)).into_iter().map(|(_, kid)| kid).collect();
    let (after, events) = app.events_of(turn(&boss, true)).await;
    assert_eq!(events, ["key.rotated success revoked"]);
    assert_eq!(after.len(), 2);
    assert!(after.iter().all(|(_, kid)| !old.contains(kid)));
    assert!(!ada.is_in().await && !boss.is_in().await);
    app.anonymous().refresh(&ada.refresh).await.refused(401, "TOKEN_INVALID");
    assert!(app.log_in("ada").await.is_in().await);
}

#[tokio::test]
async fn the_ring_outlives_a_restart_and_a_change_of_the_algorithm() {
    let app = app_of(Algorithm::Hs256).await;
    let ada = app.log_in("ada").await;
    assert!(published(&app).await.is_empty(), "a secret is not published");
    assert_eq!(decoded(&ada.access).0["alg"], "HS256");
    signing_key::ready(&app.services).unwrap();
    assert!(ada.is_in().await, "the same keys");

    let mut policy = app.services.policy.clone();
    policy.signing = Some(Algorithm::EdDsa);
    let restarted = app.services.under(policy);
    let ((), events) = app.events_of(async { signing_key::ready(&restarted).unwrap() }).await;
    assert_eq!(events, ["key.rotated success algorithm"]);
    assert!(ada.is_in().await, "what the old key signed still verifies");
    assert_eq!(decoded(&app.log_in("ada").await.access).0["alg"], "EdDSA");
    assert_eq!(published(&app).await.len(), 2);
}

#[tokio::test]
async fn a_key_of_the_configuration_does_not_turn() {
    let app = TestApp::new();
    app.add("boss", Role::Admin).await;
    let boss = app.log_in("boss").await;
    let answer = boss.post(ROTATE, json!({})).await;
    let error = answer.refused(409, "CONFLICT");
    assert!(text_at(&error, "/message").contains("JWT_SECRET_KEY"), "{error}");
    assert_eq!(boss.get(KEYS).await.data(200), json!({ "keys": [] }));
    assert_eq!(app.anonymous().get(JWKS).await.json(), json!({ "keys": [] }));
}

#[tokio::test]
async fn only_a_fresh_administrator_turns_the_keys() {
    let app = app_of(Algorithm::EdDsa).await;
    let (ada, boss) = (app.log_in("ada").await, app.log_in("boss").await);
    let before = boss.get(KEYS).await.data(200);
    let (_, events) =
        app.events_of(async { ada.post(ROTATE, json!({})).await.refused(403, "FORBIDDEN") }).await;
    assert_eq!(events, ["access.denied denied permission_missing"]);
    app.advance(Duration::from_secs(3_601));
    let fresh = app.log_in("boss").await;
    let stale = LoggedIn::with(&app, &app.anonymous().refresh(&boss.refresh).await.data(200));
    stale.post(ROTATE, json!({})).await.refused(401, "STEP_UP_REQUIRED");
    assert_eq!(fresh.get(KEYS).await.data(200), before);
    fresh.post(ROTATE, json!({ "revoke": "yes" })).await.refused(400, "VALIDATION_ERROR");
}

/// R87.
#[tokio::test]
async fn no_secret_of_a_key_lies_open_at_rest() {
    let app = app_of(Algorithm::EdDsa).await;
    let set = app.anonymous().get(JWKS).await.json();
    let keys = app.services.read(|read| latchkey::store::signing_key::ring(read)).unwrap();
    for key in keys {
        let place = latchkey::store::signing_key::place(&key.kid);
        let seed = app.services.keys.signing.open(&place, &key.sealed).unwrap();
        assert!(!key.sealed.windows(seed.len()).any(|window| window == &seed[..]));
        assert!(!set.to_string().contains(&latchkey::crypto::digest::to_base64url(&seed)));
        let elsewhere = latchkey::store::signing_key::place("0000000000000000");
        assert!(app.services.keys.signing.open(&elsewhere, &key.sealed).is_err(), "sealed to its name");
    }
}
