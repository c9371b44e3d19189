//! The bodies of OAuth: forms in, plain JSON out. Knows no envelope.
//!
//! Unknown fields of these forms are ignored, as RFC 6749 (3.2) asks; a field that comes twice is refused.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// A form in which a service may say who it is (RFC 6749, 2.3.1).
pub trait ClientForm {
    /// Its `client_id` and its secret.
    fn client(&self) -> (Option<&str>, Option<&Secret>);
}

/// A question about a token (RFC 7662, 2.1).
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct IntrospectionForm {
    /// The token: an access token, a refresh token or an API key.
    pub token: Secret,
    /// `refresh_token` for a refresh token, which is good only where this says so; anything else changes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type_hint: Option<String>,
    /// The address from which the token was shown to you. An API key that is for some networks only is good only where
    /// this is one of theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<String>,
    /// Of a service that does not send its secret in the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Of a service that does not send its secret in the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Secret>,
}

impl ClientForm for IntrospectionForm {
    fn client(&self) -> (Option<&str>, Option<&Secret>) {
        (self.client_id.as_deref(), self.client_secret.as_ref())
    }
}

impl Example for IntrospectionForm {
    fn example() -> Self {
        Self {
            token: "mF_9.B5f-4.1JqM".into(),
            token_type_hint: Some("access_token".to_owned()),
            client_ip: None,
            client_id: None,
            client_secret: None,
        }
    }
}

/// A token to revoke (RFC 7009, 2.1).
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct RevocationForm {
    /// The token: an access token, a refresh token or an API key.
    pub token: Secret,
    /// Changes nothing: every kind of token is known by its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type_hint: Option<String>,
    /// Of a service that does not send its secret in the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Of a service that does not send its secret in the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Secret>,
}

impl ClientForm for RevocationForm {
    fn client(&self) -> (Option<&str>, Option<&Secret>) {
        (self.client_id.as_deref(), self.client_secret.as_ref())
    }
}

impl Example for RevocationForm {
    fn example() -> Self {
        Self {
            token: "45ghiukldjahdnhzdauz".into(),
            token_type_hint: Some("refresh_token".to_owned()),
            client_id: None,
            client_secret: None,
        }
    }
}

/// How a token stands (RFC 7662, 2.2). Of one that is not good now, only `active` is there.
#[derive(Debug, Clone, Default, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct Introspection {
    /// Whether it is good at this moment.
    pub active: bool,
    /// What it allows now: permissions with spaces between.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The name of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// `Bearer`, `refresh_token` or `api_key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<String>,
    /// When it ends, in seconds since 1970 UTC; absent of an API key that does not end by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    /// When it was issued, in seconds since 1970 UTC; absent of an API key whose secret was replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    /// The account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// Whom the token is for; absent of an API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
    /// Who issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// Names the token; of an API key, its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// The session it belongs to; absent of an API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
}

impl Example for Introspection {
    fn example() -> Self {
        Self {
            active: true,
            scope: Some("metrics:read policies:read".to_owned()),
            username: Some("ada".to_owned()),
            token_type: Some("Bearer".to_owned()),
            exp: Some(1_800_003_600),
            iat: Some(1_800_000_000),
            sub: Some("019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11".to_owned()),
            aud: Some("latchkey".to_owned()),
            iss: Some("https://auth.example.com".to_owned()),
            jti: Some("019a1f0c-9d20-7b11-8a52-5d1f2c3b4a61".to_owned()),
            sid: Some("019a1f0c-9d20-7b11-8a52-5d1f2c3b4a59".to_owned()),
        }
    }
}

/// A token is revoked, or was good for nothing before (RFC 7009, 2.2).
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct Revoked {}

impl Example for Revoked {
    fn example() -> Self {
        Self {}
    }
}

/// A failure (RFC 6749, 5.2).
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct OauthFailure {
    /// `invalid_client`, `invalid_request`, `insufficient_scope`, `access_denied`, `unsupported_token_type`,
    /// `temporarily_unavailable` or `server_error`.
    pub error: String,
    /// One sentence for people.
    pub error_description: String,
    /// The scope that is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

impl Example for OauthFailure {
    fn example() -> Self {
        Self {
            error: "invalid_client".to_owned(),
            error_description: "The client is not known, or its secret is wrong.".to_owned(),
            scope: None,
        }
    }
}

/// What this server can do of OAuth (RFC 8414, 2). It gives out no tokens by OAuth, so there are no such endpoints.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct ServerMetadata {
    /// The `iss` of every token.
    pub issuer: String,
    /// Where the keys are that verify tokens.
    pub jwks_uri: String,
    /// None.
    pub response_types_supported: Vec<String>,
    /// None.
    pub grant_types_supported: Vec<String>,
    /// Where to ask about a token.
    pub introspection_endpoint: String,
    /// How a service shows who it is there.
    pub introspection_endpoint_auth_methods_supported: Vec<String>,
    /// Where to revoke a token.
    pub revocation_endpoint: String,
    /// How a service shows who it is there.
    pub revocation_endpoint_auth_methods_supported: Vec<String>,
}

impl Example for ServerMetadata {
    fn example() -> Self {
        let methods = || vec!["client_secret_basic".to_owned(), "client_secret_post".to_owned()];
        Self {
            issuer: "https://auth.example.com".to_owned(),
            jwks_uri: "https://auth.example.com/.well-known/jwks.json".to_owned(),
            response_types_supported: Vec::new(),
            grant_types_supported: Vec::new(),
            introspection_endpoint: "https://auth.example.com/oauth/introspect".to_owned(),
            introspection_endpoint_auth_methods_supported: methods(),
            revocation_endpoint: "https://auth.example.com/oauth/revoke".to_owned(),
            revocation_endpoint_auth_methods_supported: methods(),
        }
    }
}
