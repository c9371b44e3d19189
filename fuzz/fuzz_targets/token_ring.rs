//! The reader of signed tokens under a ring of keys of all three algorithms: headers and payloads of anybody, signed or
//! not by the right key. What is read must be what its own claims sign to.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use latchkey::crypto::digest::{from_base64url, to_base64url};

use latchkey::crypto::{KeyRing, TokenKey, TokenKeys, TokenRules};
use latchkey::domain::id::{SessionId, TokenId, UserId};
use latchkey::domain::signing_key::Algorithm;
use latchkey::domain::time::Timestamp;
use latchkey::domain::token::RefreshClaims;
use libfuzzer_sys::fuzz_target;

const NOW: i64 = 1_800_000_000;

/// One set of keys for each algorithm that signs, with the other two retired, and a next one.
static RINGS: LazyLock<Vec<TokenKeys>> = LazyLock::new(|| {
    let all = [Algorithm::Hs256, Algorithm::EdDsa, Algorithm::Es256];
    let later = Timestamp::from_seconds(NOW + 60);
    all.into_iter()
        .enumerate()
        .map(|(at, algorithm)| {
            let key = |which: usize| TokenKey::from_seed(all[which % 3], &[7; 32]);
            let ring = KeyRing::new(TokenKey::from_seed(algorithm, &[7; 32]))
                .with_next(TokenKey::from_seed(algorithm, &[8; 32]))
                .with_retired(key(at + 1), later)
                .with_retired(key(at + 2), Timestamp::from_seconds(NOW));
            let rules = TokenRules {
                issuer: "i".to_owned(),
                audience: "a".to_owned(),
                access_ttl: Duration::from_secs(3_600),
                refresh_ttl: Duration::from_secs(604_800),
            };
            TokenKeys::with_ring(ring, rules)
        })
        .collect()
});

fuzz_target!(|input: (String, Vec<u8>, Vec<u8>, u16, u8)| {
    let (text, header, payload, at, flip) = input;
    let now = Timestamp::from_seconds(NOW);
    let claims = RefreshClaims {
        user_id: UserId::from_bytes([1; 16]),
        sub: None,
        iat: NOW,
        exp: NOW + 60,
        jti: TokenId::from_bytes([2; 16]),
        sid: SessionId::from_bytes([3; 16]),
    };
    for keys in &*RINGS {
        assert!(keys.verify_access(&text, now).is_err() && keys.verify_refresh(&text, now).is_err());
        let good = keys.sign_refresh(&claims);
        assert_eq!(keys.verify_refresh(&good, now).as_ref(), Ok(&claims));
        let (signed, signature) = good.rsplit_once('.').expect("three parts");
        // A header or a payload of anybody with a signature of ours, and any signature under ours.
        let other = format!("{}.{}.{signature}", to_base64url(&header), to_base64url(&payload));
        assert!(keys.verify_access(&other, now).is_err() && keys.verify_refresh(&other, now).is_err());
        assert!(keys.verify_refresh(&format!("{signed}.{}", to_base64url(&payload)), now).is_err());
        let mut changed = from_base64url(signature.as_bytes()).expect("canonical");
        let at = usize::from(at) % changed.len();
        changed[at] ^= flip | 1;
        assert!(keys.verify_refresh(&format!("{signed}.{}", to_base64url(&changed)), now).is_err());
        for public in keys.ring().published(now) {
            let _ = format!("{public:?}");
        }
    }
    // A key that signs in one ring and is retired in another still verifies there, until its end.
    for (at, keys) in RINGS.iter().enumerate() {
        let good = keys.sign_refresh(&claims);
        for (other, reader) in RINGS.iter().enumerate() {
            let is_known = other == at || (other + 1) % 3 == at;
            assert_eq!(reader.verify_refresh(&good, now).is_ok(), is_known, "{other} reads {at}");
        }
    }
});
