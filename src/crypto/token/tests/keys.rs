//! Keys of every algorithm, in a ring that turns.

use jsonwebtoken::DecodingKey;

use super::*;
use crate::domain::signing_key::{Algorithm, PublicKey};

const SEED: [u8; 32] = [7; 32];

fn ring(algorithm: Algorithm) -> KeyRing {
    KeyRing::new(TokenKey::from_seed(algorithm, &SEED))
}

fn keys_of(algorithm: Algorithm) -> TokenKeys {
    TokenKeys::with_ring(ring(algorithm), rules())
}

fn header_of(token: &str) -> Value {
    serde_json::from_slice(&digest::from_base64url(token.split('.').next().unwrap().as_bytes()).unwrap())
        .unwrap()
}

/// A token of the given header over good claims, under a signature of the key of `algorithm`.
fn forged(algorithm: Algorithm, header: &Value) -> String {
    let payload = digest::to_base64url(payload().to_string().as_bytes());
    let text = format!("{}.{payload}", digest::to_base64url(header.to_string().as_bytes()));
    let signature = TokenKey::from_seed(algorithm, &SEED).sign(&text);
    format!("{text}.{signature}")
}

/// R20, R21.
#[test]
fn every_algorithm_signs_what_it_verifies_and_no_other_does() {
    for algorithm in Algorithm::ALL {
        let keys = keys_of(algorithm);
        let token = keys.sign_access(&access());
        assert_eq!(header_of(&token), json!({"alg": algorithm.name(), "typ": "JWT", "kid": keys.kid()}));
        assert_eq!(keys.verify_access(&token, now()), Ok(access()));
        assert_eq!(keys.subject(&token, now()), keys.subject(&token, now()));
        let other = Algorithm::ALL.into_iter().filter(|other| *other != algorithm);
        for other in other.map(keys_of) {
            assert_eq!(other.verify_access(&token, now()), Err(TokenFault::WrongAlgorithm));
        }
        let (text, signature) = token.rsplit_once('.').unwrap();
        for bad in [vec![0; 64], vec![0xff; 64], vec![0; 32]] {
            let bad = format!("{text}.{}", digest::to_base64url(&bad));
            assert_eq!(keys.verify_access(&bad, now()), Err(TokenFault::BadSignature));
        }
        let other = RefreshClaims { jti: TokenId::from_bytes([9; 16]), ..refresh() };
        let moved = format!("{}.{signature}", keys.sign_refresh(&other).rsplit_once('.').unwrap().0);
        assert_eq!(keys.verify_refresh(&moved, now()), Err(TokenFault::BadSignature));
    }
}

/// R21: what a header says never chooses how a key verifies.
#[test]
fn a_public_key_is_no_secret_of_another_algorithm() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
        let keys = keys_of(algorithm);
        let public = keys.ring().published(now()).remove(0);
        let x = digest::from_base64url(public.x.as_bytes()).unwrap();
        let y = public.y.map(|y| digest::from_base64url(y.as_bytes()).unwrap()).unwrap_or_default();
        for secret in
            [x.clone(), [&[4], &*x, &*y].concat(), [&*x, &*y].concat(), public.x.into_bytes(), Vec::new()]
        {
            for header in [
                json!({"alg": "HS256", "typ": "JWT"}),
                json!({"alg": "HS256", "typ": "JWT", "kid": keys.kid()}),
                json!({"alg": algorithm.name(), "typ": "JWT", "kid": keys.kid()}),
            ] {
                let text = [header, payload()]
                    .map(|part| digest::to_base64url(part.to_string().as_bytes()))
                    .join(".");
                let tag = digest::to_base64url(&digest::hmac_sha256(&secret, text.as_bytes()));
                let fault = keys.verify_access(&format!("{text}.{tag}"), now()).unwrap_err();
                assert!(matches!(fault, TokenFault::WrongAlgorithm | TokenFault::BadSignature), "{fault}");
            }
        }
    }
}

/// R21, R23.
#[test]
fn a_header_must_name_the_algorithm_of_the_key_it_names() {
    let hmac = TokenKey::from_seed(Algorithm::Hs256, &SEED);
    let hmac_kid = hmac.kid().to_owned();
    let ring = ring(Algorithm::EdDsa).with_retired(hmac, now().plus(Duration::from_secs(60)));
    let keys = TokenKeys::with_ring(ring, rules());
    let judge = |signer, header| keys.verify_access(&forged(signer, &header), now());
    let (hs, ed) = (Algorithm::Hs256, Algorithm::EdDsa);
    assert_eq!(judge(hs, json!({"alg": "HS256", "typ": "JWT", "kid": hmac_kid})), Ok(access()));
    assert_eq!(
        judge(ed, json!({"alg": "EdDSA", "typ": "JWT"})),
        Ok(access()),
        "no kid means the current key"
    );
    for (signer, header) in [
        (hs, json!({"alg": "EdDSA", "typ": "JWT", "kid": hmac_kid})),
        (ed, json!({"alg": "HS256", "typ": "JWT", "kid": keys.kid()})),
        (hs, json!({"alg": "HS256", "typ": "JWT"})),
        (hs, json!({"alg": "none", "typ": "JWT"})),
    ] {
        assert_eq!(judge(signer, header.clone()), Err(TokenFault::WrongAlgorithm), "{header}");
    }
    assert_eq!(
        judge(ed, json!({"alg": "EdDSA", "typ": "JWT", "kid": hmac_kid.replace(['0', '1'], "f")}))
            .unwrap_err(),
        TokenFault::UnknownKey
    );
}

/// R30: the old key verifies for as long as its tokens live, and after a revocation not at all.
#[test]
fn a_turn_of_the_ring_takes_effect_at_once() {
    let (old, new) = ([1; 32], [2; 32]);
    let key = |seed| TokenKey::from_seed(Algorithm::EdDsa, seed);
    let keys = TokenKeys::with_ring(KeyRing::new(key(&old)).with_next(key(&new)), rules());
    let token = keys.sign_access(&access());
    let announced: Vec<_> = keys.ring().published(now()).into_iter().map(|key| key.kid).collect();
    assert_eq!(announced, [key(&old).kid(), key(&new).kid()], "published before it signs");

    let until = now().plus(Duration::from_secs(10));
    keys.turn_to(|| Ok::<_, ()>(KeyRing::new(key(&new)).with_retired(key(&old), until))).unwrap();
    assert_eq!(keys.kid(), key(&new).kid());
    assert_eq!(keys.verify_access(&token, now()), Ok(access()));
    assert_eq!(keys.subject(&token, until), Err(TokenFault::UnknownKey));
    assert_eq!(keys.ring().published(until).len(), 1);

    assert!(keys.subject(&token, now()).is_ok());
    keys.turn_to(|| Ok::<_, ()>(KeyRing::new(key(&new)))).unwrap();
    assert_eq!(keys.subject(&token, now()), Err(TokenFault::UnknownKey), "not even one that was seen before");
}

#[test]
fn others_verify_with_what_is_published() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
        let keys = keys_of(algorithm);
        let token = keys.sign_refresh(&refresh());
        let (text, signature) = token.rsplit_once('.').unwrap();
        let PublicKey { kid, x, y, .. } = keys.ring().published(now()).remove(0);
        assert_eq!(kid, keys.kid());
        let (theirs, named) = match &y {
            None => (DecodingKey::from_ed_components(&x), jsonwebtoken::Algorithm::EdDSA),
            Some(y) => (DecodingKey::from_ec_components(&x, y), jsonwebtoken::Algorithm::ES256),
        };
        let verified = jsonwebtoken::crypto::verify(signature, text.as_bytes(), &theirs.unwrap(), named);
        assert!(verified.unwrap(), "{algorithm:?}");
    }
    assert!(keys_of(Algorithm::Hs256).ring().published(now()).is_empty());
}

/// RFC 8037, appendix A: the key's thumbprint is not ours, its signature and its public half are.
#[test]
fn the_ed25519_key_of_rfc_8037_signs_its_example() {
    let seed = digest::array_from_base64url(b"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    let key = TokenKey::from_seed(Algorithm::EdDsa, &seed);
    assert_eq!(key.public().unwrap().x, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    let text = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert_eq!(key.sign(text), signature);
    assert!(key.verify(text, &digest::from_base64url(signature.as_bytes()).unwrap()));
}

/// RFC 7515, appendix A.3.
#[test]
fn the_p256_key_of_rfc_7515_verifies_its_example() {
    let scalar = digest::array_from_base64url(b"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI").unwrap();
    let key = TokenKey::from_seed(Algorithm::Es256, &scalar);
    let public = key.public().unwrap();
    assert_eq!(public.x, "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
    assert_eq!(public.y.unwrap(), "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
    let text = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    assert!(key.verify(text, &digest::from_base64url(signature.as_bytes()).unwrap()));
    assert!(!key.verify(&text.replace('e', "f"), &digest::from_base64url(signature.as_bytes()).unwrap()));
}

#[test]
fn a_seed_that_is_no_scalar_of_the_curve_gives_a_key_all_the_same() {
    for seed in [[0; 32], [0xff; 32]] {
        let keys = TokenKeys::with_ring(KeyRing::new(TokenKey::from_seed(Algorithm::Es256, &seed)), rules());
        assert_eq!(keys.verify_access(&keys.sign_access(&access()), now()), Ok(access()));
    }
}
