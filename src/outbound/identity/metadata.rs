//! What a provider says of itself (OpenID Connect Discovery, section 3; RFC 8414). Knows nothing of how it is fetched.

use serde::Deserialize;

use super::{Urls, said};
use crate::services::identity_provider::ProviderFault;

/// How a client proves who it is at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Auth {
    /// `client_secret_basic`.
    Basic,
    /// `client_secret_post`.
    Body,
}

/// Where the parts of a provider are.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Metadata {
    #[serde(default)]
    issuer: String,
    pub(super) authorization_endpoint: String,
    pub(super) token_endpoint: String,
    #[serde(default)]
    pub(super) userinfo_endpoint: Option<String>,
    #[serde(default)]
    pub(super) jwks_uri: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

impl Metadata {
    /// By configuration alone, if that says enough.
    pub(super) fn given(urls: &Urls, is_openid: bool) -> Option<Self> {
        let is_enough = if is_openid { urls.jwks.is_some() } else { urls.userinfo.is_some() };
        let (authorization, token) = (urls.authorization.clone()?, urls.token.clone()?);
        is_enough.then(|| Self {
            issuer: String::new(),
            authorization_endpoint: authorization,
            token_endpoint: token,
            userinfo_endpoint: urls.userinfo.clone(),
            jwks_uri: urls.jwks.clone(),
            token_endpoint_auth_methods_supported: None,
        })
    }

    /// The same, if it is of `issuer`; what is configured goes before what was found.
    pub(super) fn checked(self, issuer: &str, urls: &Urls) -> Result<Self, ProviderFault> {
        // Or another one could speak in its name (section 4.3).
        if self.issuer != issuer {
            return Err(said("says that it is another one"));
        }
        Ok(Self {
            authorization_endpoint: urls.authorization.clone().unwrap_or(self.authorization_endpoint),
            token_endpoint: urls.token.clone().unwrap_or(self.token_endpoint),
            userinfo_endpoint: urls.userinfo.clone().or(self.userinfo_endpoint),
            jwks_uri: urls.jwks.clone().or(self.jwks_uri),
            ..self
        })
    }

    /// Basic is what every provider must know (RFC 6749, section 2.3.1), unless it says otherwise.
    pub(super) fn auth(&self) -> Auth {
        match &self.token_endpoint_auth_methods_supported {
            Some(methods) if !methods.iter().any(|method| method == "client_secret_basic") => Auth::Body,
            _ => Auth::Basic,
        }
    }
}
