//! The seam to those who vouch for people elsewhere. Knows no HTTP and no token's inside.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::domain::identity::ProviderName;

/// What is known of a provider without asking it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Its name in paths.
    pub name: ProviderName,
    /// Its name for people.
    pub title: String,
    /// Who it is: with the subject it names a person, and an ID token must be of it.
    pub issuer: String,
    /// What we are called there.
    pub client_id: String,
    /// Whether it answers ID tokens (OpenID Connect) rather than plain access tokens (OAuth 2.0 alone).
    pub is_openid: bool,
}

/// Where a browser is sent, and with what.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Where the provider sends it back.
    pub redirect_uri: &'a str,
    /// What comes back with it.
    pub state: &'a str,
    /// What an ID token must carry.
    pub nonce: &'a str,
    /// The PKCE challenge, method S256 (RFC 7636).
    pub challenge: &'a str,
}

/// What is exchanged for tokens.
#[derive(Clone, Copy)]
pub struct Code<'a> {
    /// The code that came back.
    pub code: &'a str,
    /// The PKCE verifier of the challenge.
    pub verifier: &'a str,
    /// As it was when the browser was sent.
    pub redirect_uri: &'a str,
}

/// What a code was exchanged for. Secrets, both.
pub struct Redeemed {
    /// Opens what the provider says of the person.
    pub access_token: Zeroizing<String>,
    /// Says it by itself.
    pub id_token: Option<Zeroizing<String>>,
}

/// What a provider says of a person when it is asked with an access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Names the person there.
    pub subject: String,
    /// The address.
    pub email: Option<String>,
    /// Whether the provider says that the address was proved.
    pub is_verified: bool,
    /// The name to show.
    pub name: Option<String>,
}

/// Why a provider gave no answer that can be used. The text holds nothing that was sent or received.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the provider {0}")]
pub struct ProviderFault(pub String);

/// The answer of a provider, some time later.
pub type Asking<'a, T> = Pin<Box<dyn Future<Output = Result<T, ProviderFault>> + Send + 'a>>;

/// Asks one provider. Every call ends within a bounded time, and reads a bounded number of bytes.
pub trait IdentityProvider: Send + Sync + 'static {
    /// What is known of it.
    fn about(&self) -> &About;

    /// The address that a browser is sent to.
    fn authorization_url<'a>(&'a self, ask: Ask<'a>) -> Asking<'a, String>;

    /// Exchanges a code.
    fn redeem<'a>(&'a self, code: Code<'a>) -> Asking<'a, Redeemed>;

    /// Its keys, a JWK set (RFC 7517); the newest, or those it had a while ago.
    fn keys(&self, newest: bool) -> Asking<'_, Arc<str>>;

    /// What it says of the person.
    fn said<'a>(&'a self, access_token: &'a str) -> Asking<'a, Said>;
}
