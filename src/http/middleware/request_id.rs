//! The name of a request (rule G5): the client's own when it is harmless, else a new one. Knows nothing of logs.

use poem::http::{HeaderMap, HeaderName};

use crate::ambient::{Entropy, entropy};
use crate::domain::id::TokenId;
use crate::domain::time::Timestamp;

/// The header that carries it, in both directions.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const MAX_LENGTH: usize = 128;

/// The request id: 1 to 128 characters of `[A-Za-z0-9._:-]`, so it needs no escaping anywhere.
pub fn request_id(headers: &HeaderMap, now: Timestamp, entropy: &dyn Entropy) -> String {
    match headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok()).filter(|id| harmless(id)) {
        Some(id) => id.to_owned(),
        None => TokenId::new(now, &entropy::bytes(entropy)).to_string(),
    }
}

fn harmless(id: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'-');
    (1..=MAX_LENGTH).contains(&id.len()) && id.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ambient::SeededEntropy;

    fn named(value: Option<&str>) -> String {
        let mut headers = HeaderMap::new();
        if let Some(value) = value {
            headers.insert(X_REQUEST_ID, value.parse().unwrap());
        }
        request_id(&headers, Timestamp::from_seconds(1_800_000_000), &SeededEntropy::new(1))
    }

    #[test]
    fn a_harmless_name_is_kept() {
        assert_eq!(named(Some("trace-7:a.b_C")), "trace-7:a.b_C");
        let longest = "a".repeat(MAX_LENGTH);
        assert_eq!(named(Some(&longest)), longest);
    }

    #[test]
    fn any_other_name_is_replaced_by_a_uuid() {
        let too_long = "a".repeat(MAX_LENGTH + 1);
        for bad in
            [None, Some(""), Some("a b"), Some("a\tb"), Some("<x>"), Some("a\"b"), Some(too_long.as_str())]
        {
            let id = named(bad);
            assert!(id.parse::<TokenId>().is_ok(), "{bad:?} became {id}");
        }
    }
}
