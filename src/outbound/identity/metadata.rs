//! What a provider says of itself (OpenID Connect Discovery, section 3; RFC 8414). Knows nothing of how it is fetched.

use serde::Deserialize;

use super::super::http_client::Endpoint;
use super::{Urls, json, said};
use crate::services::identity_provider::ProviderFault;

/// How a client proves who it is at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// `client_secret_basic`.
    Basic,
    /// `client_secret_post`.
    Body,
}

/// Where the parts of a provider are.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Metadata {
    #[serde(default)]
    issuer: String,
    authorization_endpoint: String,
    /// Where codes are exchanged.
    pub token_endpoint: String,
    /// Where the person is asked for.
    #[serde(default)]
    pub userinfo_endpoint: Option<String>,
    /// Where its keys are.
    #[serde(default)]
    pub jwks_uri: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

impl Metadata {
    /// By configuration alone, if that says enough.
    pub fn given(urls: &Urls, is_openid: bool) -> Option<Self> {
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

    /// By its own word, if it is of `issuer`; what is configured goes before what was found.
    pub fn found(body: &[u8], issuer: &str, urls: &Urls) -> Result<Self, ProviderFault> {
        let found: Self = json(body)?;
        // Or another one could speak in its name (section 4.3).
        if found.issuer != issuer {
            return Err(said("says that it is another one"));
        }
        Ok(Self {
            authorization_endpoint: urls.authorization.clone().unwrap_or(found.authorization_endpoint),
            token_endpoint: urls.token.clone().unwrap_or(found.token_endpoint),
            userinfo_endpoint: urls.userinfo.clone().or(found.userinfo_endpoint),
            jwks_uri: urls.jwks.clone().or(found.jwks_uri),
            ..found
        })
    }

    /// Where a browser is sent with `query`. It goes nowhere that this server would not go.
    pub fn authorization_url(&self, query: &str) -> Result<String, ProviderFault> {
        let url = &self.authorization_endpoint;
        Endpoint::parse(url).map_err(|_| said("sends browsers to an address that is not called"))?;
        let mark = if url.contains('?') { '&' } else { '?' };
        Ok(format!("{url}{mark}{query}"))
    }

    /// Basic is what every provider must know (RFC 6749, section 2.3.1), unless it says otherwise.
    pub fn auth(&self) -> Auth {
        match &self.token_endpoint_auth_methods_supported {
            Some(methods) if !methods.iter().any(|method| method == "client_secret_basic") => Auth::Body,
            _ => Auth::Basic,
        }
    }
}
