//! The reader of signed tokens: any bytes as a token, as a signed header and as a signed payload.
//! Nothing may panic, and what is read must be what its own claims sign to.

#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use latchkey::crypto::digest::{hmac_sha256, to_base64url};
use latchkey::crypto::token::MAX_TOKEN_LEN;
use latchkey::crypto::{OneTimeKind, PlainToken, TokenKeys, TokenRules};
use latchkey::domain::time::Timestamp;
use libfuzzer_sys::fuzz_target;

const SECRET: &[u8] = b"a secret that only the fuzzer knows";
const HEADER: &[u8] = br#"{"alg":"HS256","typ":"JWT"}"#;

static KEYS: LazyLock<TokenKeys> = LazyLock::new(|| {
    let rules = TokenRules {
        issuer: "i".to_owned(),
        audience: "a".to_owned(),
        access_ttl: Duration::from_secs(3_600),
        refresh_ttl: Duration::from_secs(604_800),
    };
    TokenKeys::new(SECRET, rules).expect("a long secret")
});

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        assert!(read(text).is_none(), "nobody signed this");
        for kind in OneTimeKind::ALL {
            if let Ok(token) = PlainToken::parse(kind, text) {
                assert_eq!(token.reveal().as_str(), text);
            }
        }
    }
    read(&signed(HEADER, data));
    let cut = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (header, payload) = data.split_at(cut);
    read(&signed(header, payload.get(1..).unwrap_or_default()));
});

/// Reads a token as both kinds; claims that are read must survive being signed and read again,
/// unless our longer header takes the token over the cap.
fn read(token: &str) -> Option<()> {
    let now = Timestamp::from_seconds(1_800_000_000);
    let access = KEYS.verify_access(token, now).ok();
    if let Some(claims) = &access {
        let again = KEYS.sign_access(claims);
        assert!(again.len() > MAX_TOKEN_LEN || KEYS.verify_access(&again, now).as_ref() == Ok(claims));
    }
    let refresh = KEYS.verify_refresh(token, now).ok();
    if let Some(claims) = &refresh {
        assert_eq!(KEYS.verify_refresh(&KEYS.sign_refresh(claims), now).as_ref(), Ok(claims));
    }
    assert!(access.is_none() || refresh.is_none(), "kinds never mix");
    access.map(drop).or(refresh.map(drop))
}

fn signed(header: &[u8], payload: &[u8]) -> String {
    let text = format!("{}.{}", to_base64url(header), to_base64url(payload));
    let tag = to_base64url(&hmac_sha256(SECRET, text.as_bytes()));
    format!("{text}.{tag}")
}
