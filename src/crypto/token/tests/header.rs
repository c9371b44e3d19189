//! Wrong headers and wrong signatures.

use super::*;

/// R20.
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

/// R23.
#[test]
fn a_header_has_exactly_alg_typ_and_perhaps_kid() {
    let payload = payload().to_string();
    let try_header =
        |header: &str| keys().verify_access(&signed(header.as_bytes(), payload.as_bytes()), now());
    let kid = keys().kid();
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

/// R21.
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
    // As long as a signature of another algorithm, so it is read, and does not fit.
    assert_eq!(keys().verify_access(&format!("{text}.{sha512}"), now()), Err(TokenFault::BadSignature));
    for bad in ["", "A", &good[..42], &format!("{good}A"), &format!("{good}="), &good.replace(good, "....")] {
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
