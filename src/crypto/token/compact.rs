//! The compact form of a signed token (RFC 7515, section 7.1) and its header. Knows nothing of claims.

use std::borrow::Cow;

use serde::Deserialize;

use super::super::digest;
use super::{MAX_TOKEN_LEN, TokenFault};

/// An HMAC with SHA-256, and a signature by either curve.
const SIGNATURE_BYTES: [usize; 2] = [32, 64];

/// A token cut at its two dots. Header and payload are still encoded.
pub(super) struct Compact<'a> {
    pub(super) header: &'a str,
    pub(super) payload: &'a str,
    /// Header, dot and payload: what the signature covers.
    pub(super) signed: &'a str,
    /// Of one of the lengths that a signature has here.
    pub(super) signature: Vec<u8>,
}

/// Cuts a token. A dot more, padding, whitespace and every other foreign character are refused by
/// the decoding of the segment they fall in.
pub(super) fn split(token: &str) -> Result<Compact<'_>, TokenFault> {
    if token.len() > MAX_TOKEN_LEN {
        return Err(TokenFault::TooLong);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenFault::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(TokenFault::Malformed)?;
    let signature = digest::from_base64url(signature.as_bytes()).ok_or(TokenFault::Malformed)?;
    if !SIGNATURE_BYTES.contains(&signature.len()) {
        return Err(TokenFault::Malformed);
    }
    Ok(Compact { header, payload, signed, signature })
}

/// A header that is exactly as ours.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header<'a> {
    #[serde(borrow)]
    pub(super) alg: Cow<'a, str>,
    #[serde(borrow)]
    typ: Cow<'a, str>,
    #[serde(borrow, default, deserialize_with = "super::claims::present")]
    pub(super) kid: Option<Cow<'a, str>>,
}

impl<'a> Header<'a> {
    /// Reads a decoded header. Any member beside `alg`, `typ` and `kid`, a member given twice and a missing `alg` or
    /// `typ` are refused.
    pub(super) fn read(header: &'a [u8]) -> Result<Self, TokenFault> {
        // The derived reader would take an array of the members' values for an object.
        if header.first() != Some(&b'{') {
            return Err(TokenFault::Malformed);
        }
        let header: Self = serde_json::from_slice(header).map_err(|_| TokenFault::Malformed)?;
        if header.typ == "JWT" { Ok(header) } else { Err(TokenFault::Malformed) }
    }
}
