//! What one bearer token costs: ours against the bare HMAC and the library's own `decode`.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use latchkey::crypto::digest::MacKey;
use latchkey::crypto::{TokenKeys, TokenRules};
use latchkey::domain::id::{SessionId, TokenId, UserId};
use latchkey::domain::time::Timestamp;
use latchkey::domain::token::{AccessClaims, ExtraClaims};

const SECRET: &[u8] = b"thirty-two bytes are the least: ok";
/// In the year 2100: the library judges expiry by the real clock.
const NOW: i64 = 4_102_444_800;

/// The same claims for the library's typed reader.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read to be dropped")]
struct LibraryClaims {
    user_id: String,
    email: String,
    name: String,
    roles: Vec<String>,
    r#type: String,
    iat: i64,
    exp: i64,
    jti: String,
    sid: String,
    iss: String,
    aud: String,
}

fn token_verify(criterion: &mut Criterion) {
    let rules = TokenRules {
        issuer: "https://auth.example.com".to_owned(),
        audience: "latchkey".to_owned(),
        access_ttl: Duration::from_secs(3_600),
        refresh_ttl: Duration::from_secs(7 * 86_400),
    };
    let Ok(keys) = TokenKeys::new(SECRET, rules) else { return };
    let claims = AccessClaims {
        user_id: UserId::from_bytes([1; 16]),
        email: "ada.lovelace@example.com".to_owned(),
        name: "Ada Lovelace".to_owned(),
        roles: vec!["developer".to_owned()],
        extra: ExtraClaims::default(),
        iat: NOW,
        exp: NOW + 3_600,
        jti: TokenId::from_bytes([2; 16]),
        sid: SessionId::from_bytes([3; 16]),
    };
    let token = keys.sign_access(&claims);
    let now = Timestamp::from_seconds(NOW);
    assert_eq!(keys.verify_access(&token, now).as_ref(), Ok(&claims));

    let mut group = criterion.benchmark_group(format!("token of {} bytes", token.len()));
    let mac = MacKey::new(SECRET);
    group.bench_function("bare HMAC", |bench| bench.iter(|| mac.tag(&[black_box(token.as_bytes())])));
    group.bench_function("verify_access", |bench| {
        bench.iter(|| keys.verify_access(black_box(&token), now).is_ok());
    });
    let key = DecodingKey::from_secret(SECRET);
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&["https://auth.example.com"]);
    validation.set_audience(&["latchkey"]);
    group.bench_function("jsonwebtoken::decode", |bench| {
        #[expect(clippy::disallowed_methods, reason = "the measure we compare with")]
        let decode = || jsonwebtoken::decode::<LibraryClaims>(black_box(&token), &key, &validation).is_ok();
        assert!(decode());
        bench.iter(decode);
    });
    group.bench_function("sign_access", |bench| bench.iter(|| keys.sign_access(black_box(&claims))));
    group.finish();
}

criterion_group!(benches, token_verify);
criterion_main!(benches);
