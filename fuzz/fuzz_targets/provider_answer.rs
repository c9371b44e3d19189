//! What identity providers answer, of the shape that the first byte names: what of it is believed stands in it, and no ID
//! token is taken that the provider's key has not signed for this login.
#![no_main]

use std::sync::LazyLock;

use http::Uri;
use jsonwebtoken::{Algorithm as Signature, EncodingKey, crypto::sign};
use latchkey::crypto::digest::to_base64url;
use latchkey::crypto::id_token::{Expected, IdClaims, IdTokenFault, verify};
use latchkey::crypto::{KeyRing, TokenKey};
use latchkey::domain::signing_key::Algorithm;
use latchkey::domain::time::Timestamp;
use latchkey::outbound::identity::Urls;
use latchkey::outbound::identity::answer;
use latchkey::outbound::identity::metadata::Metadata;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

const ISSUER: &str = "https://op.example";
const NOW: i64 = 1_800_000_000;
const EXPECTED: Expected<'_> =
    Expected { issuer: ISSUER, audience: "client", nonce: "n", now: Timestamp::from_seconds(NOW) };

/// What PKCS #8 writes before an Ed25519 seed (RFC 8410).
const PKCS8: [u8; 16] = *b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";

/// The provider's key, and one of somebody else.
static KEYS: LazyLock<[EncodingKey; 2]> = LazyLock::new(|| {
    [[7; 32], [8; 32]].map(|seed: [u8; 32]| EncodingKey::from_ed_der(&[&PKCS8[..], &seed].concat()))
});

/// The provider's keys as it publishes them: the one that signs, and one of another algorithm.
static JWKS: LazyLock<Value> = LazyLock::new(|| {
    let public = |algorithm| {
        let ring = KeyRing::new(TokenKey::from_seed(algorithm, &[7; 32]));
        ring.published(EXPECTED.now).pop().expect("it is published")
    };
    let (ed, ec) = (public(Algorithm::EdDsa), public(Algorithm::Es256));
    json!({ "keys": [
        { "kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": "1", "x": ed.x },
        { "kty": "EC", "crv": "P-256", "use": "sig", "kid": "2", "x": ec.x, "y": ec.y },
    ] })
});
static JWKS_TEXT: LazyLock<String> = LazyLock::new(|| JWKS.to_string());

fuzz_target!(|bytes: &[u8]| {
    let Some((shape, body)) = bytes.split_first() else { return };
    let mut parts = body.splitn(2, |byte| *byte == b'\n');
    let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match shape {
        b'0' => discovery(body),
        b'1' => tokens(body),
        b'2' => person(body),
        b'3' => github(first, second),
        b'4' => keys(&String::from_utf8_lossy(body)),
        b'5' => id_token(first, second),
        _ => assert!(verify(&String::from_utf8_lossy(body), &JWKS_TEXT, &EXPECTED).is_err()),
    }
});

/// What was taken, as JSON. What nobody looks at may be no UTF-8.
fn read(body: &[u8]) -> Value {
    serde_json::from_str(&String::from_utf8_lossy(body)).expect("what was taken is JSON")
}

fn discovery(body: &[u8]) {
    let given = Urls { token: Some("https://op.example/ours".to_owned()), ..Urls::default() };
    let Ok(found) = Metadata::found(body, ISSUER, &given) else { return };
    let said = read(body);
    assert_eq!(said["issuer"], ISSUER);
    assert_eq!(found.token_endpoint, "https://op.example/ours", "the configuration goes first");
    assert_eq!(found.jwks_uri.as_deref(), said["jwks_uri"].as_str());
    if let Ok(url) = found.authorization_url("state=s") {
        let told = said["authorization_endpoint"].as_str().expect("it is a text");
        let (told, url): (Uri, Uri) = (told.parse().expect("a URL"), url.parse().expect("a URL"));
        assert_eq!((told.scheme(), told.authority()), (url.scheme(), url.authority()));
        assert_eq!(told.path(), url.path());
        let query = url.query().expect("it asks something");
        assert_eq!(query.rsplit('&').next(), Some("state=s"));
    }
}

fn tokens(body: &[u8]) {
    if let Ok(redeemed) = answer::tokens(body) {
        let said = read(body);
        assert!(!redeemed.access_token.is_empty());
        assert_eq!(said["access_token"], redeemed.access_token.as_str());
        let kind = &said["token_type"];
        assert!(kind.is_null() || kind.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")));
        assert_eq!(redeemed.id_token.as_ref().map(|token| token.as_str()), said["id_token"].as_str());
    }
}

fn person(body: &[u8]) {
    if let Ok(person) = answer::person(body) {
        let said = read(body);
        assert_eq!(said["sub"], person.subject.as_str());
        assert_eq!(person.is_verified, said["email_verified"] == true);
        assert_eq!(person.email.as_deref(), said["email"].as_str());
    }
}

fn github(user: &[u8], emails: &[u8]) {
    if let Ok(person) = answer::github(user, emails) {
        let (user, emails) = (read(user), read(emails));
        assert_eq!(user["id"].as_u64().map(|id| id.to_string()), Some(person.subject));
        let is_it =
            |entry: &&Value| entry["primary"] == true && entry["email"].as_str() == person.email.as_deref();
        let found = emails.as_array().expect("a list").iter().filter(is_it);
        let proved = found.clone().any(|entry| entry["verified"] == true);
        assert!(person.email.is_none() || found.count() > 0);
        assert!(proved || !person.is_verified);
    }
}

/// Any keys: the token of ours is good under our key alone.
fn keys(jwks: &str) {
    let payload =
        json!({ "iss": ISSUER, "aud": "client", "sub": "42", "nonce": "n", "iat": NOW, "exp": NOW + 300 });
    let [good, other] = signed(br#"{"alg":"EdDSA"}"#, payload.to_string().as_bytes());
    assert!(verify(&good, &JWKS_TEXT, &EXPECTED).is_ok());
    assert!(verify(&other, jwks, &EXPECTED).is_err());
    if verify(&good, jwks, &EXPECTED).is_ok() {
        let x = |key: &Value| key["x"].as_str().map(|x| x[..42.min(x.len())].to_owned());
        let ours = x(&JWKS["keys"][0]);
        let said = read(jwks.as_bytes());
        assert!(said["keys"].as_array().expect("a list").iter().any(|key| x(key) == ours), "not our key");
    }
}

fn id_token(header: &[u8], payload: &[u8]) {
    let [good, other] = signed(header, payload);
    let bare = good.rsplit_once('.').expect("three parts").0;
    // With the published keys as a shared secret, which anybody can know.
    let secret = EncodingKey::from_secret(JWKS_TEXT.as_bytes());
    let mac = sign(bare.as_bytes(), &secret, Signature::HS256).expect("a key signs");
    for strange in [other, format!("{bare}."), format!("{bare}.{mac}"), bare.to_owned()] {
        assert!(verify(&strange, &JWKS_TEXT, &EXPECTED).is_err(), "{strange}");
    }
    if let Ok(claims) = verify(&good, &JWKS_TEXT, &EXPECTED) {
        is_of_this_login(&read(header), &read(payload), &claims);
        let other = Expected { nonce: "another", ..EXPECTED };
        assert_eq!(verify(&good, &JWKS_TEXT, &other), Err(IdTokenFault::Nonce));
    }
}

fn is_of_this_login(header: &Value, payload: &Value, claims: &IdClaims) {
    assert_eq!(header["alg"], "EdDSA");
    assert!(header["kid"].is_null() || header["kid"] == "1");
    assert_eq!((&payload["iss"], &payload["nonce"]), (&json!(ISSUER), &json!("n")));
    let (aud, azp) = (&payload["aud"], &payload["azp"]);
    let many = aud.as_array();
    assert!(many.map_or(*aud == "client", |many| many.contains(&json!("client"))));
    assert!(*azp == "client" || (azp.is_null() && many.is_none_or(|many| many.len() == 1)));
    let (iat, exp) = (payload["iat"].as_i64().expect("a time"), payload["exp"].as_i64().expect("a time"));
    assert!(exp > NOW - 60 && (NOW - 660..=NOW + 60).contains(&iat));
    assert_eq!(payload["sub"], claims.sub.as_str());
    assert_eq!(payload["email"].as_str(), claims.email.as_deref());
}

/// A token of these parts, signed by the provider and by somebody else.
fn signed(header: &[u8], payload: &[u8]) -> [String; 2] {
    let text = format!("{}.{}", to_base64url(header), to_base64url(payload));
    KEYS.each_ref().map(|key| {
        let signature = sign(text.as_bytes(), key, Signature::EdDSA).expect("a key signs");
        format!("{text}.{signature}")
    })
}
