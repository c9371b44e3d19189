//! The compact form of a signed token (RFC 7515, section 7.1) and its header. Knows nothing of claims.

use std::borrow::Cow;

use serde::Deserialize;

use super::super::digest;
use super::{MAX_TOKEN_LEN, TokenFault};

/// A token cut at its two dots. Header and payload are still encoded.
pub(super) struct Compact<'a> {
    pub(super) header: &'a str,
    pub(super) payload: &'a str,
    /// Header, dot and payload: what the signature covers.
    pub(super) signed: &'a str,
    pub(super) signature: [u8; 32],
}

/// Cuts a token. A dot more, padding, whitespace and every other foreign character are refused by
/// the decoding of the segment they fall in.
pub(super) fn split(token: &str) -> Result<Compact<'_>, TokenFault> {
    if token.len() > MAX_TOKEN_LEN {
        return Err(TokenFault::TooLong);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenFault::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(TokenFault::Malformed)?;
    let signature = digest::array_from_base64url(signature.as_bytes()).ok_or(TokenFault::Malformed)?;
    Ok(Compact { header, payload, signed, signature })
}

/// The `kid` of a decoded header. Any member beside `alg`, `typ` and `kid`, a member given twice and
/// a missing `alg` or `typ` are refused.
pub(super) fn kid(header: &[u8]) -> Result<Option<Cow<'_, str>>, TokenFault> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Header<'a> {
        #[serde(borrow)]
        alg: Cow<'a, str>,
        #[serde(borrow)]
        typ: Cow<'a, str>,
        #[serde(borrow, default, deserialize_with = "super::claims::present")]
        kid: Option<Cow<'a, str>>,
    }

    // The derived reader would take an array of the members' values for an object.
    if header.first() != Some(&b'{') {
        return Err(TokenFault::Malformed);
    }
    let header: Header = serde_json::from_slice(header).map_err(|_| TokenFault::Malformed)?;
    if header.alg != "HS256" {
        return Err(TokenFault::WrongAlgorithm);
    }
    if header.typ != "JWT" {
        return Err(TokenFault::Malformed);
    }
    Ok(header.kid)
}
