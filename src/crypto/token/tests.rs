//! Tokens under attack: the shapes of RFC 8725 and of the advisories behind the design, table by table.

mod claims;
mod header;
mod identity;
mod jose;
mod keys;
mod wycheproof;

use aws_lc_rs::hmac;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::id::{SessionId, TokenId, UserId};
use crate::domain::token::ExtraClaims;

const SECRET: &[u8] = b"a secret of more than thirty-two bytes, for tests";
const NOW: i64 = 1_800_000_000;
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

fn rules() -> TokenRules {
    TokenRules {
        issuer: "https://auth.example".to_owned(),
        audience: "latchkey".to_owned(),
        access_ttl: Duration::from_secs(3_600),
        refresh_ttl: Duration::from_secs(7 * 86_400),
    }
}

fn keys() -> TokenKeys {
    TokenKeys::new(SECRET, rules()).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_seconds(NOW)
}

fn access() -> AccessClaims {
    AccessClaims {
        user_id: UserId::from_bytes([1; 16]),
        email: "ada@example.com".to_owned(),
        name: "Ada \"L\" \u{e9}\n".to_owned(),
        roles: vec!["developer".to_owned(), "viewer".to_owned()],
        extra: ExtraClaims::default(),
        iat: NOW,
        exp: NOW + 3_600,
        jti: TokenId::from_bytes([2; 16]),
        sid: SessionId::from_bytes([3; 16]),
    }
}

fn refresh() -> RefreshClaims {
    let AccessClaims { user_id, iat, jti, sid, .. } = access();
    RefreshClaims { user_id, sub: None, iat, exp: NOW + 7 * 86_400, jti, sid }
}

/// A token over any header and payload, well signed with the secret.
fn signed(header: &[u8], payload: &[u8]) -> String {
    let text = format!("{}.{}", digest::to_base64url(header), digest::to_base64url(payload));
    let tag = digest::hmac_sha256(SECRET, text.as_bytes());
    format!("{text}.{}", digest::to_base64url(&tag))
}

fn payload() -> Value {
    let token = keys().sign_access(&access());
    serde_json::from_slice(&digest::from_base64url(token.split('.').nth(1).unwrap().as_bytes()).unwrap())
        .unwrap()
}

/// The fault of a well-signed token over `payload`.
fn fault_of(payload: &[u8]) -> Option<TokenFault> {
    keys().verify_access(&signed(HEADER.as_bytes(), payload), now()).err()
}

fn fault_with(member: &str, value: Value) -> Option<TokenFault> {
    let mut payload = payload();
    payload[member] = value;
    fault_of(payload.to_string().as_bytes())
}

#[test]
fn claims_read_back_as_they_were_signed() {
    let keys = keys();
    assert_eq!(keys.verify_access(&keys.sign_access(&access()), now()), Ok(access()));
    assert_eq!(keys.verify_refresh(&keys.sign_refresh(&refresh()), now()), Ok(refresh()));
}

#[test]
fn the_same_claims_always_give_the_same_text() {
    let first = keys().sign_refresh(&refresh());
    assert_eq!(first, keys().sign_refresh(&refresh()));
    let other = RefreshClaims { jti: TokenId::from_bytes([9; 16]), ..refresh() };
    assert_ne!(first, keys().sign_refresh(&other));
}

/// R20.
#[test]
fn a_token_has_the_header_and_the_claims_of_the_contract() {
    let token = keys().sign_access(&access());
    let header = digest::from_base64url(token.split('.').next().unwrap().as_bytes()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    assert_eq!(header, json!({"alg": "HS256", "typ": "JWT", "kid": keys().kid()}));
    let payload = payload();
    let members: Vec<_> = payload.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected =
        ["user_id", "email", "name", "roles", "type", "iat", "exp", "jti", "sid", "iss", "aud"];
    expected.sort_unstable();
    assert_eq!(members, expected);
    assert_eq!(payload["type"], "access");
    assert_eq!(payload["user_id"], "01010101-0101-0101-0101-010101010101");
}

#[test]
fn another_implementation_agrees_on_the_signature() {
    let token = keys().sign_access(&access());
    let (text, signature) = token.rsplit_once('.').unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
    let signature = digest::from_base64url(signature.as_bytes()).unwrap();
    hmac::verify(&key, text.as_bytes(), &signature).unwrap();
    let theirs = jsonwebtoken::DecodingKey::from_secret(SECRET);
    let ours = signed(HEADER.as_bytes(), payload().to_string().as_bytes());
    let (text, signature) = ours.rsplit_once('.').unwrap();
    assert!(
        jsonwebtoken::crypto::verify(signature, text.as_bytes(), &theirs, jsonwebtoken::Algorithm::HS256)
            .unwrap()
    );
}

#[test]
fn the_signature_of_rfc_7515_example_1_holds_and_its_claims_are_not_ours() {
    let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let keys = TokenKeys::new(&digest::from_base64url(key.as_bytes()).unwrap(), rules()).unwrap();
    assert_eq!(keys.verify_access(token, now()), Err(TokenFault::Malformed));
    let changed = token.replace("dBjf", "dBjg");
    assert_eq!(keys.verify_access(&changed, now()), Err(TokenFault::BadSignature));
}

/// R24.
#[test]
fn only_three_canonical_segments_are_a_token() {
    let token = keys().sign_access(&access());
    let parts: Vec<_> = token.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    for bad in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        format!("{header}.{payload}"),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}"),
        format!("{token}.a.b"),
        format!(" {token}"),
        format!("{token} "),
        format!("{token}\n"),
        format!("Bearer {token}"),
        format!("{header} .{payload}.{signature}"),
        format!("{header}.{payload}\n.{signature}"),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}=.{signature}"),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{header}.{payload}.{}", signature.replace(['-', '_'], "+")) + "+",
        token.replace('.', ","),
        format!("\u{feff}{token}"),
        r#"{"payload":"","signatures":[]}"#.to_owned(),
    ] {
        let fault = keys().verify_access(&bad, now()).unwrap_err();
        assert!(matches!(fault, TokenFault::Malformed | TokenFault::BadSignature), "{bad}: {fault}");
    }
}

/// R24.
#[test]
fn a_payload_that_is_not_canonical_base64url_is_refused_even_when_signed() {
    let header = digest::to_base64url(HEADER.as_bytes());
    let payload = digest::to_base64url(payload().to_string().as_bytes());
    for bad in
        [format!("{payload}="), format!("{payload} "), payload.replace('e', "+"), format!("{payload}.x")]
    {
        let text = format!("{header}.{bad}");
        let tag = digest::to_base64url(&digest::hmac_sha256(SECRET, text.as_bytes()));
        assert_eq!(
            keys().verify_access(&format!("{text}.{tag}"), now()),
            Err(TokenFault::Malformed),
            "{bad}"
        );
    }
}

/// R22.
#[test]
fn a_short_secret_is_refused_by_name() {
    for length in [0, 1, 31] {
        let message = TokenKeys::new(&vec![7; length], rules()).unwrap_err().to_string();
        assert!(message.starts_with(&format!("JWT_SECRET_KEY is {length} bytes long")), "{message}");
    }
    assert!(TokenKeys::new(&[7; 32], rules()).is_ok());
}

#[test]
fn debug_output_shows_the_key_name_only() {
    assert_eq!(format!("{:?}", keys()), format!("TokenKeys {{ kid: {:?}, .. }}", keys().kid()));
    assert_eq!(keys().kid().len(), 16);
}

proptest! {
    #[test]
    fn any_single_changed_byte_is_refused(at: prop::sample::Index, byte in 0u8..128) {
        let keys = keys();
        let token = keys.sign_access(&access());
        prop_assert!(keys.subject(&token, now()).is_ok());
        let mut changed = token.clone().into_bytes();
        let at = at.index(changed.len());
        prop_assume!(changed[at] != byte);
        changed[at] = byte;
        let changed = std::str::from_utf8(&changed).unwrap();
        let fault = keys.verify_access(changed, now()).unwrap_err();
        for _ in 0..2 {
            prop_assert_eq!(keys.subject(changed, now()), Err(fault), "only what verified is kept");
        }
    }

    #[test]
    fn any_cut_or_inserted_byte_is_refused(at: prop::sample::Index, byte in 0u8..128) {
        let token = keys().sign_refresh(&refresh());
        let at = at.index(token.len());
        prop_assert!(keys().verify_refresh(&token[..at], now()).is_err());
        let mut longer = token;
        longer.insert(at, char::from(byte));
        prop_assert!(keys().verify_refresh(&longer, now()).is_err());
    }

    #[test]
    fn no_text_makes_the_reader_fail_otherwise(text in ".{0,200}", header: Vec<u8>, payload: Vec<u8>) {
        prop_assert!(keys().verify_access(&text, now()).is_err());
        prop_assert!(keys().verify_access(&signed(&header, &payload), now()).is_err());
        prop_assert!(keys().verify_access(&signed(HEADER.as_bytes(), &payload), now()).is_err());
    }

    #[test]
    fn any_claims_read_back(
        email in ".*", name in ".*", roles in prop::collection::vec("[a-z_]{1,20}", 0..8),
        sub in option::of(".{0,20}"), permissions in option::of(prop::collection::vec("[a-z:]{1,20}", 0..8)),
        ids: [[u8; 16]; 3], iat in NOW - 3_000..NOW + 5, life in 3_001i64..=3_600,
    ) {
        let claims = AccessClaims {
            user_id: UserId::from_bytes(ids[0]),
            jti: TokenId::from_bytes(ids[1]),
            sid: SessionId::from_bytes(ids[2]),
            exp: iat + life,
            extra: ExtraClaims { role: sub.clone(), sub, permissions },
            email, name, roles, iat,
        };
        prop_assert_eq!(keys().verify_access(&keys().sign_access(&claims), now()), Ok(claims));
    }
}
