//! Which field of a JSON body is to blame for an error. Knows nothing of what the field means, and never
//! repeats a value.

use serde_json::error::Category;

use crate::http::error::ApiError;
use crate::wire::error::ErrorCode;

/// What the caller learns of `error`, which reading `bytes` gave.
pub fn explain(bytes: &[u8], error: &serde_json::Error) -> ApiError {
    if error.classify() != Category::Data {
        let place = format!("line {}, column {}", error.line(), error.column());
        return ApiError::new(ErrorCode::ValidationError, format!("The body is not valid JSON ({place})."));
    }
    let text = error.to_string();
    if let Some(field) = quoted_after(&text, "missing field `") {
        return ApiError::field(field, "missing", format!("The field `{field}` is required."));
    }
    if let Some(field) = quoted_after(&text, "duplicate field `") {
        return ApiError::field(field, "duplicate", format!("The field `{field}` appears twice."));
    }
    if text.starts_with("unknown field `") {
        return match quoted_after(&text, "unknown field `") {
            Some(field) => {
                ApiError::field(field, "unknown", format!("The field `{field}` is not known here."))
            }
            None => ApiError::new(ErrorCode::ValidationError, "The body has a field that is not known here."),
        };
    }
    match last_key(before(bytes, error.line(), error.column())) {
        Some(field) => {
            ApiError::field(field, "wrong_type", format!("The field `{field}` has the wrong type."))
        }
        None => ApiError::new(ErrorCode::ValidationError, "A field of the body has the wrong type."),
    }
}

/// The name between `prefix` and the next backtick. These prefixes are serde's own words, held by a test.
fn quoted_after<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (name, rest) = text.strip_prefix(prefix)?.split_once('`')?;
    let whole = [" at line", ", expected", ", there are no fields"].iter().any(|next| rest.starts_with(next));
    (whole && plain(name)).then_some(name)
}

/// Whether a name that came from outside may be repeated in an answer.
fn plain(name: &str) -> bool {
    !name.is_empty() && name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The bytes up to a place that `serde_json` named: lines from 1, columns in bytes.
fn before(bytes: &[u8], line: usize, column: usize) -> &[u8] {
    let line_start = match line {
        0 | 1 => 0,
        line => {
            let newlines = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
            newlines.map(|(at, _)| at.saturating_add(1)).nth(line - 2).unwrap_or(0)
        }
    };
    bytes.get(..line_start.saturating_add(column).min(bytes.len())).unwrap_or(bytes)
}

/// The last member name of the outermost object in well-formed JSON that is cut off somewhere.
fn last_key(prefix: &[u8]) -> Option<&str> {
    let (mut depth, mut key, mut text_start) = (0_u32, None, None);
    let (mut last_text, mut escaped) = (None, false);
    for (at, byte) in prefix.iter().enumerate() {
        if let Some(start) = text_start {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    last_text = prefix.get(start..at);
                    text_start = None;
                }
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => text_start = Some(at.saturating_add(1)),
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' => depth = depth.saturating_sub(1),
            b':' if depth == 1 => key = last_text,
            _ => {}
        }
    }
    std::str::from_utf8(key?).ok().filter(|name| plain(name))
}
