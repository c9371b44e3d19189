//! What the operations of OAuth have in common, and what the server says of them (RFC 8414). Knows no token.

pub mod credentials;

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::Type;

use super::answer::Bare;
use super::error::{Fault, Statuses};
use super::limit::{Anonymous, Place};
use super::signing_key::JWKS;
use super::tag::Tag;
use crate::services::Services;
use crate::wire::oauth::{OauthFailure, ServerMetadata};

/// Where to ask about a token.
pub const INTROSPECT: &str = "/oauth/introspect";

/// Where to revoke a token.
pub const REVOKE: &str = "/oauth/revoke";

/// What begins the path of what a server says of itself (RFC 8615).
pub const WELL_KNOWN: &str = "/.well-known/";

/// What the operations of OAuth can answer beside success.
pub struct Told;

impl Statuses for Told {
    const LIST: &'static [u16] = &[400, 401, 403, 405, 408, 413, 415, 429, 500, 503];

    fn schema_ref() -> MetaSchemaRef {
        OauthFailure::schema_ref()
    }

    fn register(registry: &mut Registry) {
        OauthFailure::register(registry);
    }
}

/// What the server says of itself.
pub struct MetadataApi(pub Arc<Services>);

/// What this operation can answer beside success.
pub struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[405, 429, 500, 503];
}

#[expect(clippy::unused_async, reason = "poem-openapi wants async operations")]
#[OpenApi(tag = "Tag::Services")]
impl MetadataApi {
    /// What this server can do of OAuth
    ///
    /// RFC 8414. It answers questions about tokens and revokes them; it gives none out by OAuth.
    #[oai(path = "/.well-known/oauth-authorization-server", method = "get", operation_id = "oauth_metadata")]
    async fn metadata(&self, _place: Place<Anonymous>) -> Result<Bare<ServerMetadata>, Fault<Listed>> {
        let (url, rules) = (&self.0.policy.public_url, self.0.tokens.rules());
        let methods = || vec!["client_secret_basic".to_owned(), "client_secret_post".to_owned()];
        Ok(Bare::new(ServerMetadata {
            issuer: rules.issuer.clone(),
            jwks_uri: url.at(JWKS),
            response_types_supported: Vec::new(),
            grant_types_supported: Vec::new(),
            introspection_endpoint: url.at(INTROSPECT),
            introspection_endpoint_auth_methods_supported: methods(),
            revocation_endpoint: url.at(REVOKE),
            revocation_endpoint_auth_methods_supported: methods(),
        }))
    }
}
