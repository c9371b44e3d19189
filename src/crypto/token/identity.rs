//! A signed identity as JSON: written here, and read by applications. Knows nothing of signatures.
//!
//! ## Decision: a type of its own, in the header
//! An application gets it with each request, and may show it to anybody; so it must open nothing here. Its header says
//! `typ: identity+jwt` (RFC 8725, section 3.11), and the reader of our own tokens takes `JWT` alone, before it looks at a
//! signature. Its claims are those that libraries of OpenID Connect know, and lack what ours must have.

use serde::Serialize;

use super::TokenRules;
use crate::domain::token::IdentityClaims;

/// The `typ` of its header.
pub(super) const TYPE: &str = "identity+jwt";

/// The claims, in the order in which they are written.
#[derive(Serialize)]
pub(super) struct WireIdentity<'a> {
    iss: &'a str,
    sub: String,
    aud: &'a str,
    iat: i64,
    exp: i64,
    preferred_username: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    groups: &'a [String],
}

impl<'a> WireIdentity<'a> {
    pub(super) fn new(claims: &'a IdentityClaims, rules: &'a TokenRules) -> Self {
        Self {
            iss: &rules.issuer,
            sub: claims.user_id.to_string(),
            aud: &claims.host,
            iat: claims.iat,
            exp: claims.exp,
            preferred_username: &claims.username,
            name: &claims.name,
            email: claims.email.as_deref(),
            groups: &claims.groups,
        }
    }
}
