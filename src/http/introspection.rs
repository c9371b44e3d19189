//! Questions about tokens, over HTTP (RFC 7662).

use std::net::IpAddr;
use std::sync::Arc;

use poem_openapi::OpenApi;

use super::answer::Bare;
use super::asked::Asked;
use super::error::Fault;
use super::oauth::Told;
use super::oauth::credentials::Signed;
use super::query;
use super::tag::Tag;
use crate::domain::permission::Permission;
use crate::services::Services;
use crate::services::introspection::{self, Kind, Question, Standing};
use crate::wire::oauth::{Introspection, IntrospectionForm};

/// Questions about tokens.
pub struct IntrospectionApi(pub Arc<Services>);

#[OpenApi(tag = "Tag::Services")]
impl IntrospectionApi {
    /// Ask about a token
    ///
    /// RFC 7662. For registered services, and for API keys with the scope `users:read`. The answer is the truth of this
    /// moment: a token whose session ended or whose owner was switched off is not active, and of such a one nothing else
    /// is said. Asking about an API key is no use of it.
    #[oai(path = "/oauth/introspect", method = "post", operation_id = "introspect_token")]
    async fn introspect(
        &self,
        signed: Signed<IntrospectionForm>,
        asked: Asked,
    ) -> Result<Bare<Introspection>, Fault<Told>> {
        let IntrospectionForm { token, token_type_hint, client_ip, .. } = signed.form;
        let client_ip = client_ip.filter(|text| !text.is_empty());
        let question = Question {
            token: query::given("token", token.reveal())?,
            is_refresh: token_type_hint.as_deref() == Some("refresh_token"),
            client: query::value::<IpAddr>("client_ip", client_ip)?,
        };
        let found = introspection::introspect(&self.0, &asked.0, &signed.asker, question).await?;
        Ok(Bare::new(found.map(|found| self.shown(&found)).unwrap_or_default()))
    }
}

impl IntrospectionApi {
    fn shown(&self, found: &Standing) -> Introspection {
        let rules = self.0.tokens.rules();
        let token_type = match found.kind {
            Kind::Access => "Bearer",
            Kind::Refresh => "refresh_token",
            Kind::ApiKey => "api_key",
        };
        let scope: Vec<_> = found.rights.iter().map(Permission::name).collect();
        Introspection {
            active: true,
            scope: Some(scope.join(" ")),
            username: Some(found.user.username.as_str().to_owned()),
            token_type: Some(token_type.to_owned()),
            exp: found.expires_at,
            iat: found.issued_at,
            sub: Some(found.user.id.to_string()),
            aud: found.session.map(|_| rules.audience.clone()),
            iss: Some(rules.issuer.clone()),
            jti: Some(found.id.clone()),
            sid: found.session.map(|id| id.to_string()),
        }
    }
}
