//! Tokens under attack: the shapes of RFC 8725 and of the advisories behind the design, table by table.

use aws_lc_rs::hmac;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::id::{SessionId, TokenId, UserId};

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
        iat: NOW,
        exp: NOW + 3_600,
        jti: TokenId::from_bytes([2; 16]),
        sid: SessionId::from_bytes([3; 16]),
    }
}

fn refresh() -> RefreshClaims {
    let AccessClaims { user_id, iat, jti, sid, .. } = access();
    RefreshClaims { user_id, iat, exp: NOW + 7 * 86_400, jti, sid }
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
    assert!(jsonwebtoken::crypto::verify(signature, text.as_bytes(), &theirs, Algorithm::HS256).unwrap());
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

#[test]
fn only_the_one_algorithm_is_taken_however_the_header_spells_another() {
    let payload = payload().to_string();
    for alg in [
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        "HS256 ",
        " HS256",
        "hs256",
        "Hs256",
        "HS384",
        "HS512",
        "RS256",
        "ES256",
        "PS256",
        "EdDSA",
        "HS256\u{0}",
        "A256KW",
        "dir",
    ] {
        let header = json!({"alg": alg, "typ": "JWT"}).to_string();
        let token = signed(header.as_bytes(), payload.as_bytes());
        assert_eq!(keys().verify_access(&token, now()), Err(TokenFault::WrongAlgorithm), "{alg:?}");
        // The same with the signature left out, or of another length: no signature at all is no signature.
        let (text, _) = token.rsplit_once('.').unwrap();
        assert_eq!(keys().verify_access(&format!("{text}."), now()), Err(TokenFault::Malformed), "{alg:?}");
        assert_eq!(keys().verify_access(text, now()), Err(TokenFault::Malformed), "{alg:?}");
    }
    for alg in [json!(null), json!(256), json!(true), json!(["HS256"]), json!({"HS256": 1})] {
        let header = json!({"alg": alg, "typ": "JWT"}).to_string();
        let token = signed(header.as_bytes(), payload.as_bytes());
        assert_eq!(keys().verify_access(&token, now()), Err(TokenFault::Malformed), "{alg}");
    }
}

#[test]
fn a_header_has_exactly_alg_typ_and_perhaps_kid() {
    let payload = payload().to_string();
    let try_header =
        |header: &str| keys().verify_access(&signed(header.as_bytes(), payload.as_bytes()), now());
    let kid = keys().kid().to_owned();
    for good in [
        HEADER.to_owned(),
        r#"{"typ":"JWT","alg":"HS256"}"#.to_owned(),
        format!(r#"{{"kid":"{kid}","alg":"HS256","typ":"JWT"}}"#),
        r#"{ "alg": "\u0048S256", "typ": "JWT" }"#.to_owned(),
    ] {
        assert_eq!(try_header(&good), Ok(access()), "{good}");
    }
    for member in
        ["crit", "zip", "enc", "cty", "jku", "x5u", "jwk", "x5c", "x5t", "x5t#S256", "b64", "nonce", "ALG"]
    {
        for value in ["null", "[]", "\"https://evil.example\"", "{}", "false"] {
            let bad = format!(r#"{{"alg":"HS256","typ":"JWT","{member}":{value}}}"#);
            assert_eq!(try_header(&bad), Err(TokenFault::Malformed), "{bad}");
        }
    }
    for bad in [
        "",
        "{}",
        "null",
        "[]",
        r#"["HS256","JWT"]"#,
        r#"["HS256","JWT",null]"#,
        r#"{"alg":"HS256"}"#,
        r#"{"typ":"JWT"}"#,
        r#"{"alg":"HS256","typ":"jwt"}"#,
        r#"{"alg":"HS256","typ":"at+jwt"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":null}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":1}"#,
        r#"{"alg":"HS256","alg":"HS256","typ":"JWT"}"#,
        r#"{"alg":"none","typ":"JWT","alg":"HS256"}"#,
        r#"{"alg":"HS256","typ":"JWT","typ":"JWT"}"#,
        r#"{"alg":"HS256","typ":"JWT"} x"#,
        r#"{"alg":"HS256","typ":"JWT"}{}"#,
        r#" {"alg":"HS256","typ":"JWT"}"#,
        r#"{"alg":"HS256","typ":"JWT",}"#,
        "\u{feff}{\"alg\":\"HS256\",\"typ\":\"JWT\"}",
    ] {
        assert_eq!(try_header(bad), Err(TokenFault::Malformed), "{bad}");
    }
    let kids = [
        "",
        "0",
        "../../dev/null",
        "' OR 1=1 --",
        "https://evil.example/key",
        &kid.to_uppercase(),
        &kid[..15],
    ];
    for unknown in kids {
        let bad = json!({"alg": "HS256", "typ": "JWT", "kid": unknown}).to_string();
        if unknown != kid {
            assert_eq!(try_header(&bad), Err(TokenFault::UnknownKey), "{bad}");
        }
    }
}

#[test]
fn signatures_that_are_blank_zero_short_long_or_of_another_key_are_refused() {
    let token = keys().sign_access(&access());
    let (text, good) = token.rsplit_once('.').unwrap();
    let of = |key: &[u8]| digest::to_base64url(&digest::hmac_sha256(key, text.as_bytes()));
    let public_key = b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n";
    let zero = digest::to_base64url(&[0; 32]);
    let ones = digest::to_base64url(&[0xff; 32]);
    for bad in [zero, ones, of(b""), of(public_key), of(&[0; 32]), of(keys().kid().as_bytes()), of(b"secret")]
    {
        assert_eq!(
            keys().verify_access(&format!("{text}.{bad}"), now()),
            Err(TokenFault::BadSignature),
            "{bad}"
        );
    }
    let sha512 = digest::to_base64url(
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, SECRET), text.as_bytes()).as_ref(),
    );
    for bad in
        ["", "A", &good[..42], &format!("{good}A"), &format!("{good}="), &sha512, &good.replace(good, "....")]
    {
        assert_eq!(
            keys().verify_access(&format!("{text}.{bad}"), now()),
            Err(TokenFault::Malformed),
            "{bad}"
        );
    }
    let other = TokenKeys::new(&[7; 32], rules()).unwrap();
    assert_eq!(other.verify_access(&token, now()), Err(TokenFault::UnknownKey));
    let unnamed = signed(HEADER.as_bytes(), payload().to_string().as_bytes());
    assert_eq!(other.verify_access(&unnamed, now()), Err(TokenFault::BadSignature));
}

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

#[test]
fn oversized_tokens_are_not_looked_at_and_large_or_deep_payloads_are_refused() {
    let long = "a".repeat(MAX_TOKEN_LEN + 1);
    assert_eq!(keys().verify_access(&long, now()), Err(TokenFault::TooLong));
    let deep = format!("{{\"user_id\":{}1{}}}", "[".repeat(2_500), "]".repeat(2_500));
    assert_eq!(fault_of(deep.as_bytes()), Some(TokenFault::Malformed));
    let objects = "{\"a\":".repeat(1_100);
    assert_eq!(fault_of(objects.as_bytes()), Some(TokenFault::Malformed));
    let mut roles = payload();
    roles["roles"] = json!(vec!["r"; 1_200]);
    assert_eq!(fault_of(roles.to_string().as_bytes()), None, "within the cap a long list is only a list");
    let mut name = payload();
    name["name"] = json!("n".repeat(6_000));
    assert_eq!(fault_of(name.to_string().as_bytes()), Some(TokenFault::TooLong));
}

#[test]
fn every_claim_must_be_there_once_and_of_its_type() {
    let whole = payload();
    for member in ["user_id", "email", "name", "roles", "type", "iat", "exp", "jti", "sid", "iss", "aud"] {
        let mut missing = whole.clone();
        missing.as_object_mut().unwrap().remove(member);
        assert_eq!(fault_of(missing.to_string().as_bytes()), Some(TokenFault::Malformed), "{member} missing");

        let value = &whole[member];
        let twice = format!("{{\"{member}\":{value},{}", &whole.to_string()[1..]);
        assert_eq!(fault_of(twice.as_bytes()), Some(TokenFault::Malformed), "{member} twice");

        for bad in [json!(null), json!(true), json!({}), json!([1]), json!(1.5), json!([null])] {
            assert_eq!(fault_with(member, bad.clone()), Some(TokenFault::Malformed), "{member} = {bad}");
        }
    }
    for member in ["user_id", "jti", "sid"] {
        for bad in ["", "1", "01010101010101010101010101010101", "{01010101-0101-0101-0101-010101010101}"] {
            assert_eq!(fault_with(member, json!(bad)), Some(TokenFault::Malformed), "{member} = {bad}");
        }
    }
    for member in ["nbf", "sub", "admin", "permissions", "User_id", ""] {
        assert_eq!(fault_with(member, json!(1)), Some(TokenFault::Malformed), "{member}");
    }
    let array = format!(
        "[{}]",
        whole.as_object().unwrap().values().map(Value::to_string).collect::<Vec<_>>().join(",")
    );
    for bad in [array.as_str(), "", "null", "{}", "[]", "\"\"", " {}", "{", "\u{0}"] {
        assert_eq!(fault_of(bad.as_bytes()), Some(TokenFault::Malformed), "{bad}");
    }
    assert_eq!(fault_of(&[whole.to_string().as_bytes(), b"{}"].concat()), Some(TokenFault::Malformed));
    assert_eq!(fault_of(b"{\"user_id\":\"\xff\"}"), Some(TokenFault::Malformed));
}

#[test]
fn times_are_plain_integers_within_reason() {
    let written = payload().to_string();
    let raw = |member: &str, value: &str| {
        let good = format!("\"{member}\":{}", payload()[member]);
        fault_of(written.replace(&good, &format!("\"{member}\":{value}")).as_bytes())
    };
    for member in ["iat", "exp"] {
        for bad in [
            "\"1800000000\"",
            "1800000000.0",
            "1.8e9",
            "18e8",
            "-1",
            "-0",
            "-1800000000",
            "null",
            "01800000000",
            "+1800000000",
            "0x6b49d200",
            "9223372036854775808",
            "1e400",
            "NaN",
            "Infinity",
            "true",
            "[1800000000]",
            "1_800_000_000",
        ] {
            assert_eq!(raw(member, bad), Some(TokenFault::Malformed), "{member} = {bad}");
        }
    }
    assert_eq!(raw("exp", "9223372036854775807"), Some(TokenFault::Malformed));
    assert_eq!(raw("exp", "253402300800"), Some(TokenFault::Malformed));
    assert_eq!(raw("exp", &(NOW + 3_601).to_string()), Some(TokenFault::LivesTooLong));
    assert_eq!(raw("exp", &NOW.to_string()), Some(TokenFault::Malformed), "it never lived");
    assert_eq!(raw("exp", "0"), Some(TokenFault::Malformed));
    assert_eq!(raw("iat", "0"), Some(TokenFault::LivesTooLong));
}

#[test]
fn time_is_judged_by_the_given_clock_to_the_millisecond() {
    let keys = keys();
    let token = keys.sign_access(&access());
    let at = |millis: i64| keys.verify_access(&token, Timestamp::from_millis(millis)).err();
    assert_eq!(at((NOW + 3_600) * 1_000 - 1), None);
    assert_eq!(at((NOW + 3_600) * 1_000), Some(TokenFault::Expired));
    assert_eq!(at(i64::MAX), Some(TokenFault::Expired));
    assert_eq!(at((NOW - 5) * 1_000), None);
    assert_eq!(at((NOW - 5) * 1_000 - 1), Some(TokenFault::NotYetValid));
    assert_eq!(at(0), Some(TokenFault::NotYetValid));
    assert_eq!(at(i64::MIN), Some(TokenFault::NotYetValid));
}

#[test]
fn kinds_never_mix() {
    let keys = keys();
    let (access, refresh) = (keys.sign_access(&access()), keys.sign_refresh(&refresh()));
    assert_eq!(keys.verify_refresh(&access, now()), Err(TokenFault::WrongKind));
    assert_eq!(keys.verify_access(&refresh, now()), Err(TokenFault::WrongKind));
    for kind in ["refresh", "mfa", "Access", "access ", "", "ACCESS"] {
        assert_eq!(fault_with("type", json!(kind)), Some(TokenFault::WrongKind), "{kind}");
    }
    // A refresh token that carries an access token's claims is neither.
    let mut both = payload();
    both["type"] = json!("refresh");
    let both = signed(HEADER.as_bytes(), both.to_string().as_bytes());
    assert_eq!(keys.verify_refresh(&both, now()), Err(TokenFault::Malformed));
}

#[test]
fn issuer_and_audience_are_exactly_ours() {
    for bad in ["", "https://auth.example/", "HTTPS://auth.example", "https://evil.example"] {
        assert_eq!(fault_with("iss", json!(bad)), Some(TokenFault::WrongIssuer), "{bad}");
        assert_eq!(fault_with("aud", json!(bad)), Some(TokenFault::WrongAudience), "{bad}");
    }
    for bad in [json!(7), json!(["latchkey"]), json!(null)] {
        assert_eq!(fault_with("aud", bad.clone()), Some(TokenFault::Malformed), "{bad}");
        assert_eq!(fault_with("iss", bad.clone()), Some(TokenFault::Malformed), "{bad}");
    }
}

#[test]
fn a_retired_key_verifies_what_names_it_and_signs_nothing() {
    let old = keys();
    let new = TokenKeys::new(&[8; 48], rules()).unwrap().with_retired(SECRET).unwrap();
    assert_eq!(new.verify_access(&old.sign_access(&access()), now()), Ok(access()));
    assert_ne!(new.kid(), old.kid());
    assert_eq!(old.verify_access(&new.sign_access(&access()), now()), Err(TokenFault::UnknownKey));
    let unnamed = signed(HEADER.as_bytes(), payload().to_string().as_bytes());
    assert_eq!(
        new.verify_access(&unnamed, now()),
        Err(TokenFault::BadSignature),
        "no kid means the current key"
    );
}

#[test]
fn a_short_secret_is_refused_by_name() {
    for length in [0, 1, 31] {
        let message = TokenKeys::new(&vec![7; length], rules()).unwrap_err().to_string();
        assert!(message.starts_with(&format!("JWT_SECRET_KEY is {length} bytes long")), "{message}");
    }
    assert!(TokenKeys::new(&[7; 32], rules()).is_ok());
    assert!(keys().with_retired(&[7; 31]).is_err());
}

#[test]
fn debug_output_shows_the_key_name_only() {
    assert_eq!(format!("{:?}", keys()), format!("TokenKeys {{ kid: {:?}, .. }}", keys().kid()));
    assert_eq!(keys().kid().len(), 16);
}

proptest! {
    #[test]
    fn any_single_changed_byte_is_refused(at: prop::sample::Index, byte in 0u8..128) {
        let token = keys().sign_access(&access());
        let mut changed = token.clone().into_bytes();
        let at = at.index(changed.len());
        prop_assume!(changed[at] != byte);
        changed[at] = byte;
        prop_assert!(keys().verify_access(std::str::from_utf8(&changed).unwrap(), now()).is_err());
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
        ids: [[u8; 16]; 3], iat in NOW - 3_000..NOW + 5, life in 3_001i64..=3_600,
    ) {
        let claims = AccessClaims {
            user_id: UserId::from_bytes(ids[0]),
            jti: TokenId::from_bytes(ids[1]),
            sid: SessionId::from_bytes(ids[2]),
            exp: iat + life,
            email, name, roles, iat,
        };
        prop_assert_eq!(keys().verify_access(&keys().sign_access(&claims), now()), Ok(claims));
    }
}
