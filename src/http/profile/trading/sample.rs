//! The resources that the guide protects, as guarded echoes to try logins, keys and grants on. Of a signal only its owner
//! is kept.

use std::sync::Arc;

use poem::{Request, RequestBody};
use poem_openapi::param::Path;
use poem_openapi::registry::Registry;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, OpenApi};
use serde_json::{Value, json};

use super::{Listed, done, refusal};
use crate::domain::profile::trading::TradingPermission;
use crate::http::asked::Asked;
use crate::http::error::{ApiError, Fault};
use crate::http::principal::{Bearer, Caller, Shown, shown};
use crate::http::profile::Flat;
use crate::http::profile::body::Loose;
use crate::http::tag::Tag;
use crate::http::visit::Visit;
use crate::services::profile::trading;
use crate::services::{Services, resource};
use crate::wire::error::ErrorCode;
use crate::wire::profile::trading::Done;
use crate::wire::profile::trading_access as wire;

/// The sample resources of the guide.
pub struct SamplesApi(pub Arc<Services>);

#[expect(clippy::unused_async, reason = "poem-openapi wants async operations")]
#[OpenApi(tag = "Tag::Dev")]
impl SamplesApi {
    /// A page for whoever is logged in with a cookie
    #[oai(path = "/protected", method = "get", operation_id = "sample_protected")]
    async fn protected(&self, caller: WithCookie) -> Result<Flat<wire::Protected>, Fault<Listed>> {
        let user_id = caller.0.0.user.id.to_string();
        Ok(Flat::new(wire::Protected { message: "Access granted".to_owned(), user_id }))
    }

    /// Read signals
    ///
    /// Needs `read:signals`.
    #[oai(path = "/signals", method = "get", operation_id = "sample_signals")]
    async fn signals(&self, asked: Asked, caller: Caller) -> Result<Flat<Value>, Fault<Listed>> {
        trading::require(&self.0, &asked.0, &caller.0, TradingPermission::ReadSignals).await?;
        Ok(Flat::new(json!({ "signals": "signal data" })))
    }

    /// Make a signal
    ///
    /// Needs `create:signals`. You own it.
    #[oai(path = "/signals", method = "post", operation_id = "sample_create_signal")]
    async fn create(
        &self,
        caller: Caller,
        _body: Loose<Value>,
        asked: Asked,
    ) -> Result<Flat<wire::Signal, 201>, Fault<Listed>> {
        let made = trading::add_signal(&self.0, &asked.0, &caller.0).await?;
        Ok(Flat::new(wire::Signal { id: made.name.id().to_owned(), owner: made.owner.to_string() }))
    }

    /// Change a signal
    ///
    /// For its owner, for whoever was given `update:signals` about it, and for whoever may update all. The answer is what
    /// was sent.
    #[oai(path = "/signals/:id", method = "put", operation_id = "sample_update_signal")]
    async fn update(
        &self,
        caller: Caller,
        id: Path<String>,
        body: Loose<Value>,
        asked: Asked,
    ) -> Result<Flat<Value>, Fault<Listed>> {
        let needed = (id.0.as_str(), TradingPermission::UpdateSignals);
        trading::require_for_signal(&self.0, &asked.0, &caller.0, needed).await?;
        Ok(Flat::new(body.0))
    }

    /// Remove a signal
    ///
    /// For its owner, for whoever was given `delete:signals` about it, and for whoever may delete all.
    #[oai(path = "/signals/:id", method = "delete", operation_id = "sample_delete_signal")]
    async fn delete(
        &self,
        asked: Asked,
        caller: Caller,
        id: Path<String>,
    ) -> Result<Flat<Done>, Fault<Listed>> {
        let needed = (id.0.as_str(), TradingPermission::DeleteSignals);
        let name = trading::require_for_signal(&self.0, &asked.0, &caller.0, needed).await?;
        resource::remove(&self.0, &asked.0, &caller.0, &name).await?;
        Ok(done())
    }
}

/// Somebody with a good cookie; a token is none (T25).
struct WithCookie(Bearer);

impl<'a> ApiExtractor<'a> for WithCookie {
    const TYPES: &'static [ApiExtractorType] = Bearer::TYPES;
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        Bearer::register(registry);
    }

    fn security_schemes() -> Vec<&'static str> {
        vec!["Cookie"]
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let is_none = match shown(request.headers(), Visit::of(request)?.door().name) {
            Ok(Shown::Cookie(_)) => false,
            Err(error) => error.code() == ErrorCode::Unauthorized,
            Ok(Shown::Token(_) | Shown::Key(_)) => true,
        };
        if is_none {
            return Err(refusal::no_cookie().into());
        }
        let known = Bearer::from_request(request, body, options).await;
        Ok(Self(known.map_err(|error| refusal::cookie(ApiError::from(error)))?))
    }
}
