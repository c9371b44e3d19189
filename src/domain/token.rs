//! What the signed tokens say. Knows no signature and no text form.
//!
//! Issuer, audience and kind are in every token but not here: who signs knows them, and a token
//! that names others is refused before its claims are handed on.

use super::id::{SessionId, TokenId, UserId};

/// The claims of an access token. They say what was true at issue; the store says what is true now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessClaims {
    /// Whose token.
    pub user_id: UserId,
    /// The user's email at issue.
    pub email: String,
    /// The user's display name at issue.
    pub name: String,
    /// The slugs of the user's roles at issue.
    pub roles: Vec<String>,
    /// What a profile's tokens say beside that, for its clients alone: this server reads none of it.
    pub extra: ExtraClaims,
    /// Issued at, in whole seconds since the Unix epoch.
    pub iat: i64,
    /// The first second in which the token is dead, in whole seconds since the Unix epoch.
    pub exp: i64,
    /// Names this one token.
    pub jti: TokenId,
    /// The session the token belongs to, and dies with.
    pub sid: SessionId,
}

/// Claims for the clients of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExtraClaims {
    /// `sub`: the name of the account that the profile's clients know it by.
    pub sub: Option<String>,
    /// `role`: the profile's own word for what the account is.
    pub role: Option<String>,
    /// `permissions`: in the profile's own notation.
    pub permissions: Option<Vec<String>>,
}

/// The claims of a refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshClaims {
    /// Whose token.
    pub user_id: UserId,
    /// `sub`, where a profile's tokens have it.
    pub sub: Option<String>,
    /// Issued at, in whole seconds since the Unix epoch.
    pub iat: i64,
    /// The first second in which the token is dead, in whole seconds since the Unix epoch.
    pub exp: i64,
    /// Names this one token in its family.
    pub jti: TokenId,
    /// The session the token belongs to, and dies with.
    pub sid: SessionId,
}

/// What an application behind a proxy is told of who is there, signed. No credential: it opens nothing here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityClaims {
    /// The account.
    pub user_id: UserId,
    /// The application's host: nobody else is meant.
    pub host: String,
    /// The username.
    pub username: String,
    /// The display name.
    pub name: String,
    /// The address, where the account has proved it.
    pub email: Option<String>,
    /// The slugs of the roles that the caller acts with.
    pub groups: Vec<String>,
    /// Issued at, in whole seconds since the Unix epoch.
    pub iat: i64,
    /// The first second in which it is over, in whole seconds since the Unix epoch.
    pub exp: i64,
}
