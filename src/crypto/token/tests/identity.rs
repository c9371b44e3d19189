//! The token that says to an application who is there.

use super::*;
use crate::domain::token::IdentityClaims;

fn identity() -> IdentityClaims {
    IdentityClaims {
        user_id: UserId::from_bytes([1; 16]),
        host: "app.example.com".to_owned(),
        username: "ada".to_owned(),
        name: "Ada \u{e9}".to_owned(),
        email: Some("ada@example.com".to_owned()),
        groups: vec!["developer".to_owned()],
        iat: NOW,
        exp: NOW + 60,
    }
}

#[test]
fn an_identity_says_who_is_there_in_the_claims_that_libraries_know() {
    let token = keys().sign_identity(&identity());
    let part = |at| digest::from_base64url(token.split('.').nth(at).unwrap().as_bytes()).unwrap();
    let json = |at| serde_json::from_slice::<Value>(&part(at)).unwrap();
    assert_eq!(json(0), json!({ "alg": "HS256", "typ": "identity+jwt", "kid": keys().kid() }));
    let expected = json!({
        "iss": "https://auth.example",
        "sub": "01010101-0101-0101-0101-010101010101",
        "aud": "app.example.com",
        "iat": NOW,
        "exp": NOW + 60,
        "preferred_username": "ada",
        "name": "Ada \u{e9}",
        "email": "ada@example.com",
        "groups": ["developer"],
    });
    assert_eq!(json(1), expected);
    let nobody = IdentityClaims { email: None, ..identity() };
    let token = keys().sign_identity(&nobody);
    let payload = digest::from_base64url(token.split('.').nth(1).unwrap().as_bytes()).unwrap();
    assert!(!String::from_utf8(payload).unwrap().contains("email"));
}

/// R26: kinds never mix, whatever the audience is and however well it is signed.
#[test]
fn an_identity_is_none_of_the_tokens_that_open_something() {
    let keys = keys();
    let to_us = IdentityClaims { host: "latchkey".to_owned(), ..identity() };
    for claims in [identity(), to_us] {
        let token = keys.sign_identity(&claims);
        assert_eq!(keys.verify_access(&token, now()), Err(TokenFault::Malformed));
        assert_eq!(keys.verify_refresh(&token, now()), Err(TokenFault::Malformed));
        assert_eq!(keys.subject(&token, now()), Err(TokenFault::Malformed));
        // Nor do its claims under the header of ours.
        let payload = digest::from_base64url(token.split('.').nth(1).unwrap().as_bytes()).unwrap();
        assert_eq!(fault_of(&payload), Some(TokenFault::Malformed));
    }
    // Nor are the claims of ours under its header.
    let header = HEADER.replace("JWT", "identity+jwt");
    let token = signed(header.as_bytes(), payload().to_string().as_bytes());
    assert_eq!(keys.verify_access(&token, now()), Err(TokenFault::Malformed));
}
