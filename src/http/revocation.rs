//! Revoking tokens, over HTTP (RFC 7009).

use std::sync::Arc;

use poem_openapi::OpenApi;

use super::answer::Bare;
use super::asked::Asked;
use super::error::Fault;
use super::oauth::Told;
use super::oauth::credentials::Signed;
use super::query;
use super::tag::Tag;
use crate::services::{Services, revocation};
use crate::wire::oauth::{RevocationForm, Revoked};

/// Revocations.
pub struct RevocationApi(pub Arc<Services>);

#[OpenApi(tag = "Tag::Services")]
impl RevocationApi {
    /// Revoke a token
    ///
    /// RFC 7009. For registered services, and for API keys with the scope `users:update`. An access or a refresh token
    /// ends its session, and so both. An API key is revoked by an API key alone, whose owner is not outranked by that of
    /// the other; a service is answered `unsupported_token_type`. A token that is good for nothing is answered like one
    /// that was.
    #[oai(path = "/oauth/revoke", method = "post", operation_id = "revoke_token")]
    async fn revoke(
        &self,
        signed: Signed<RevocationForm>,
        asked: Asked,
    ) -> Result<Bare<Revoked>, Fault<Told>> {
        let token = query::given("token", signed.form.token.reveal())?;
        revocation::revoke(&self.0, &asked.0, &signed.asker, token).await?;
        Ok(Bare::new(Revoked {}))
    }
}
