use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};

use super::super::digest::to_base64url;
use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const EXPECTED: Expected<'_> =
    Expected { issuer: "https://op.example", audience: "client", nonce: "n", now: NOW };

/// A key of a provider.
struct Key {
    kid: &'static str,
    signing: EncodingKey,
    point: Vec<u8>,
}

impl Key {
    fn new(kid: &'static str) -> Self {
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref()).unwrap();
        let point = pair.public_key().as_ref()[1..].to_vec();
        Self { kid, signing: EncodingKey::from_ec_der(pkcs8.as_ref()), point }
    }

    fn signs(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.kid.to_owned()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, claims, &self.signing).unwrap()
    }
}

fn jwks(keys: &[&Key]) -> String {
    let each = keys.iter().map(|key| {
        let [x, y] = [&key.point[..32], &key.point[32..]].map(to_base64url);
        json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": key.kid, "x": x, "y": y })
    });
    json!({ "keys": each.collect::<Vec<_>>() }).to_string()
}

fn claims() -> Value {
    json!({
        "iss": "https://op.example", "aud": "client", "sub": "42", "nonce": "n",
        "iat": NOW.seconds() - 1, "exp": NOW.seconds() + 300,
        "email": "ada@example.com", "email_verified": true, "name": "Ada",
    })
}

fn with(change: impl FnOnce(&mut Value)) -> Result<IdClaims, IdTokenFault> {
    let mut claims = claims();
    change(&mut claims);
    let key = Key::new("1");
    verify(&key.signs(&claims), &jwks(&[&key]), &EXPECTED)
}

#[test]
fn a_good_token_says_who_it_is() {
    let said = with(|_| ()).unwrap();
    assert_eq!((said.sub.as_str(), said.email.as_deref()), ("42", Some("ada@example.com")));
    assert_eq!((said.email_verified, said.name.as_deref()), (Some(json!(true)), Some("Ada")));
    assert!(with(|claims| claims["aud"] = json!(["client"])).is_ok());
    assert!(
        with(|claims| {
            claims["aud"] = json!(["client", "other"]);
            claims["azp"] = json!("client");
        })
        .is_ok()
    );
}

/// R71: issuer, audience, authorized party, nonce and time.
#[test]
fn what_is_not_for_this_login_is_refused() {
    use IdTokenFault::{Audience, Issuer, Malformed, Nonce, Time};
    let set = |name: &'static str, value: Value| with(move |claims| claims[name] = value);
    assert_eq!(set("iss", json!("https://op.example/")), Err(Issuer));
    assert_eq!(set("aud", json!("other")), Err(Audience));
    assert_eq!(set("aud", json!(["client", "other"])), Err(Audience));
    assert_eq!(set("aud", json!([])), Err(Audience));
    assert_eq!(set("azp", json!("other")), Err(Audience));
    assert_eq!(set("nonce", json!("m")), Err(Nonce));
    assert_eq!(set("nonce", Value::Null), Err(Nonce));
    assert_eq!(set("exp", json!(NOW.seconds() - 60)), Err(Time));
    assert_eq!(set("iat", json!(NOW.seconds() + 61)), Err(Time));
    assert_eq!(set("iat", json!(NOW.seconds() - 661)), Err(Time));
    assert!(set("iat", json!(NOW.seconds() - 660)).is_ok());
    assert!(set("exp", json!(NOW.seconds() - 59)).is_ok());
    for name in ["iss", "aud", "sub", "exp", "iat"] {
        assert_eq!(set(name, Value::Null), Err(Malformed), "{name}");
    }
    assert_eq!(set("sub", json!(42)), Err(Malformed));
    assert_eq!(set("exp", json!("soon")), Err(Malformed));
}

/// R71: the algorithm is that of the key.
#[test]
fn only_a_key_of_the_provider_signs() {
    use IdTokenFault::{Malformed, Signature, UnknownKey};
    let (one, other) = (Key::new("1"), Key::new("2"));
    let good = one.signs(&claims());
    assert_eq!(verify(&good, &jwks(&[&other]), &EXPECTED), Err(UnknownKey));
    assert!(verify(&good, &jwks(&[&other, &one]), &EXPECTED).is_ok());
    assert_eq!(verify(&good, "{}", &EXPECTED), Err(UnknownKey));
    let foreign = jwks(&[&other]).replace(r#""kid":"2""#, r#""kid":"1""#);
    assert_eq!(verify(&good, &foreign, &EXPECTED), Err(Signature));
    assert_eq!(verify(&good.replacen('.', ".e30", 1), &jwks(&[&one]), &EXPECTED), Err(Signature));

    let part = |header: Value| to_base64url(header.to_string().as_bytes());
    let payload = part(claims());
    let none = format!("{}.{payload}.", part(json!({ "alg": "none", "typ": "JWT" })));
    assert_eq!(verify(&none, &jwks(&[&one]), &EXPECTED), Err(Malformed));
    // The client secret, or the public key itself, as a key of an HMAC.
    let mac = part(json!({ "alg": "HS256", "kid": one.kid }));
    let mac = format!("{mac}.{payload}.{}", to_base64url(&[0; 32]));
    assert_eq!(verify(&mac, &jwks(&[&one]), &EXPECTED), Err(UnknownKey));
    let oct = json!({ "keys": [{ "kty": "oct", "kid": one.kid, "k": "AAAA" }] }).to_string();
    assert_eq!(verify(&mac, &oct, &EXPECTED), Err(UnknownKey));
    let sealing = jwks(&[&one]).replace("\"sig\"", "\"enc\"");
    assert_eq!(verify(&good, &sealing, &EXPECTED), Err(UnknownKey));
    assert_eq!(verify(&"x".repeat(ID_TOKEN_MAX + 1), &jwks(&[&one]), &EXPECTED), Err(Malformed));
}
