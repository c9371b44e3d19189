//! API keys, over the API: one's own, and for administrators everybody's.

use std::sync::Arc;
use std::time::Duration;

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};

use super::answer::Answer;
use super::asked::Asked;
use super::body::Json;
use super::error::{ApiError, Fault, Statuses};
use super::person::Person;
use super::principal::{Bearer, Caller};
use super::query;
use super::tag::Tag;
use super::user::{no_such_user, user_id};
use crate::domain::api_key;
use crate::domain::id::ApiKeyId;
use crate::domain::time::Timestamp;
use crate::services::Services;
use crate::services::api_key::listing::{self, KeyFilter, KeyPage};
use crate::services::api_key::{self as keys, Issued, KeyForm};
use crate::services::limits::Class;
use crate::wire::api_key::{
    AllApiKeys, ApiKey, CreateApiKey, NewApiKey, OwnApiKeys, OwnedApiKey, RotateApiKey, UpdateApiKey,
};
use crate::wire::auth::Message;
use crate::wire::error::ErrorCode;
use crate::wire::secret::Secret;

/// API keys.
pub struct ApiKeyApi(pub Arc<Services>);

/// What these operations can answer beside success.
pub struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 401, 403, 404, 405, 408, 409, 413, 415, 429, 500, 503];
}

/// The seconds of a limit that names none.
const AN_HOUR: u32 = 3_600;

#[expect(clippy::unused_async, reason = "poem-openapi wants async operations")]
#[OpenApi(prefix_path = "/api/v1", tag = "Tag::ApiKeys")]
impl ApiKeyApi {
    /// Make an API key
    ///
    /// The key itself is in this answer and never again. Its scopes are within what you may do, and it never may do
    /// more than you may at the time; it dies when you are switched off. Keys cannot make keys.
    #[oai(path = "/users/me/api-keys", method = "post", operation_id = "create_api_key")]
    async fn create(
        &self,
        caller: Bearer,
        body: Json<CreateApiKey>,
        asked: Asked,
    ) -> Result<Answer<NewApiKey, 201>, Fault<Listed>> {
        let CreateApiKey {
            name,
            description,
            scopes,
            expires_at,
            ip_allowlist,
            rate_limit,
            rate_limit_period,
            canary,
        } = body.0;
        let expires_at = expires_at.map(|at| time("expires_at", &at)).transpose()?;
        let rate = rate(rate_limit, rate_limit_period)?;
        let form =
            KeyForm { name: Some(name), description, scopes: Some(scopes), networks: ip_allowlist, rate };
        let more = (expires_at, canary.unwrap_or(false));
        let issued = keys::create(&self.0, &asked.0, &caller.0, &form, more).await?;
        Ok(Answer::new(self.issued(&issued, asked.0.now), asked.0.now))
    }

    /// List one's own API keys
    ///
    /// Newest first. `rotation_due` is true for a key whose secret is older than the server's policy likes.
    #[oai(path = "/users/me/api-keys", method = "get", operation_id = "list_own_api_keys")]
    async fn list(
        &self,
        asked: Asked,
        caller: Bearer,
        /// The most keys to answer, 1 to 100.
        #[oai(default = "hundred", validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<u32>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Answer<OwnApiKeys>, Fault<Listed>> {
        let filter = KeyFilter {
            after: query::cursor(cursor.0)?,
            limit: query::count(limit.0),
            ..KeyFilter::default()
        };
        let page = listing::list(&self.0, &asked.0, &caller.0, &filter)?;
        Ok(Answer::new(self.page(&page, asked.0.now), asked.0.now))
    }

    /// Change one of one's own API keys
    ///
    /// From its next use on; what is absent stays.
    #[oai(path = "/users/me/api-keys/:id", method = "put", operation_id = "update_api_key")]
    async fn update(
        &self,
        caller: Bearer,
        id: Path<String>,
        body: Json<UpdateApiKey>,
        asked: Asked,
    ) -> Result<Answer<ApiKey>, Fault<Listed>> {
        let UpdateApiKey { name, description, scopes, ip_allowlist, rate_limit, rate_limit_period } = body.0;
        let rate = rate(rate_limit, rate_limit_period)?;
        let form = KeyForm { name, description, scopes, networks: ip_allowlist, rate };
        let key = keys::update(&self.0, &asked.0, &caller.0, key_id(&id.0)?, &form).await?;
        Ok(Answer::new(self.shown(&key, asked.0.now), asked.0.now))
    }

    /// Give one of one's own API keys a new secret
    ///
    /// The new key is in this answer and never again. The old one goes on working for `grace_seconds`; the one before
    /// that ends now.
    #[oai(path = "/users/me/api-keys/:id/rotate", method = "post", operation_id = "rotate_api_key")]
    async fn rotate(
        &self,
        caller: Bearer,
        id: Path<String>,
        body: Json<RotateApiKey>,
        asked: Asked,
    ) -> Result<Answer<NewApiKey>, Fault<Listed>> {
        let grace = body.0.grace_seconds.map(|seconds| Duration::from_secs(seconds.into()));
        let issued = keys::rotate(&self.0, &asked.0, &caller.0, key_id(&id.0)?, grace).await?;
        Ok(Answer::new(self.issued(&issued, asked.0.now), asked.0.now))
    }

    /// Revoke one of one's own API keys
    ///
    /// It stops working at once. A key of somebody else answers like one that does not exist.
    #[oai(path = "/users/me/api-keys/:id", method = "delete", operation_id = "revoke_api_key")]
    async fn revoke(
        &self,
        asked: Asked,
        caller: Bearer,
        id: Path<String>,
    ) -> Result<Answer<Message>, Fault<Listed>> {
        keys::revoke(&self.0, &asked.0, &caller.0, key_id(&id.0)?).await?;
        Ok(Answer::new(Message::new("API key revoked."), asked.0.now))
    }

    /// List everybody's API keys
    ///
    /// Newest first. Needs `users:update`. A page may be short, even empty, and still have a `next_cursor`.
    #[oai(path = "/api-keys", method = "get", operation_id = "list_api_keys")]
    async fn list_all(
        &self,
        asked: Asked,
        caller: Caller,
        /// Only keys of this account.
        user_id: Query<Option<String>>,
        /// Only keys whose secret should be changed.
        #[oai(default)]
        rotation_due: Query<bool>,
        /// The most keys to look at, 1 to 100.
        #[oai(default = "hundred", validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<u32>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Answer<AllApiKeys>, Fault<Listed>> {
        let owner = query::value("user_id", user_id.0)?;
        let filter = KeyFilter {
            owner,
            rotation_due: rotation_due.0,
            after: query::cursor(cursor.0)?,
            limit: query::count(limit.0),
        };
        let KeyPage { keys, next, as_of } = listing::list_all(&self.0, &asked.0, &caller.0, &filter).await?;
        let shown = |key: &api_key::ApiKey| OwnedApiKey {
            user_id: key.owner.to_string(),
            key: self.shown(key, asked.0.now),
        };
        let api_keys = keys.iter().map(shown).collect();
        Ok(Answer::new(
            AllApiKeys { api_keys, next_cursor: next.map(|id| id.to_string()), as_of: as_of.to_string() },
            asked.0.now,
        ))
    }

    /// List somebody's API keys
    ///
    /// Newest first. Needs `users:update`. A page may be short, even empty, and still have a `next_cursor`.
    #[oai(path = "/users/:id/api-keys", method = "get", operation_id = "list_user_api_keys")]
    async fn list_of(
        &self,
        asked: Asked,
        caller: Caller,
        id: Path<String>,
        /// The most keys to look at, 1 to 100.
        #[oai(default = "hundred", validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<u32>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Answer<OwnApiKeys>, Fault<Listed>> {
        let (owner, after) = (Some(user_id(&id.0)?), query::cursor(cursor.0)?);
        let filter = KeyFilter { owner, after, limit: query::count(limit.0), ..KeyFilter::default() };
        let page = listing::list_of(&self.0, &asked.0, &caller.0, &filter).await?;
        Ok(Answer::new(self.page(&page.ok_or_else(no_such_user)?, asked.0.now), asked.0.now))
    }

    /// Revoke anybody's API key
    ///
    /// It stops working at once. Needs `users:update`; nobody revokes a key of an account of a higher rank.
    #[oai(path = "/api-keys/:id", method = "delete", operation_id = "revoke_any_api_key")]
    async fn revoke_any(
        &self,
        asked: Asked,
        caller: Person,
        id: Path<String>,
    ) -> Result<Answer<Message>, Fault<Listed>> {
        keys::revoke_any(&self.0, &asked.0, &caller.0.caller, key_id(&id.0)?).await?;
        Ok(Answer::new(Message::new("API key revoked."), asked.0.now))
    }
}

impl ApiKeyApi {
    /// The keys of one account.
    fn page(&self, page: &KeyPage, now: Timestamp) -> OwnApiKeys {
        OwnApiKeys {
            api_keys: page.keys.iter().map(|key| self.shown(key, now)).collect(),
            next_cursor: page.next.map(|id| id.to_string()),
            as_of: page.as_of.to_string(),
        }
    }

    /// A key as its owner sees it.
    pub(super) fn shown(&self, key: &api_key::ApiKey, now: Timestamp) -> ApiKey {
        let rate = key.rate.unwrap_or_else(|| self.0.limits.budget(Class::ApiKey));
        ApiKey {
            id: key.id.to_string(),
            name: key.name.clone(),
            description: key.description.clone(),
            prefix: key.hint.clone(),
            scopes: key.scopes.iter().map(|scope| scope.name().to_owned()).collect(),
            created_at: key.created_at.to_string(),
            rotated_at: key.rotated_at.to_string(),
            expires_at: key.expires_at.map(|at| at.to_string()),
            last_used_at: key.last_used_at.map(|at| at.to_string()),
            ip_allowlist: key.networks.iter().map(ToString::to_string).collect(),
            rate_limit: rate.count(),
            rate_limit_period: u32::try_from(rate.period().as_secs()).unwrap_or(u32::MAX),
            canary: key.is_canary,
            rotation_due: key.is_rotation_due(&self.0.policy.api_keys, now),
        }
    }

    fn issued(&self, issued: &Issued, now: Timestamp) -> NewApiKey {
        let former = issued.key.former.map(|(_, until)| until.to_string());
        NewApiKey {
            id: issued.key.id.to_string(),
            name: issued.key.name.clone(),
            api_key: Secret::new(issued.text.reveal().to_owned()),
            scopes: issued.key.scopes.iter().map(|scope| scope.name().to_owned()).collect(),
            created_at: issued.key.created_at.to_string(),
            former_key_ends_at: former,
            key: self.shown(&issued.key, now),
        }
    }
}

fn hundred() -> u32 {
    100
}

fn key_id(text: &str) -> Result<ApiKeyId, ApiError> {
    text.parse().map_err(|_| ApiError::new(ErrorCode::NotFound, "There is no such API key."))
}

fn time(field: &'static str, text: &str) -> Result<Timestamp, ApiError> {
    text.parse()
        .map_err(|_| ApiError::field(field, "invalid", format!("`{field}` is not a time (RFC 3339).")))
}

/// A limit: a period alone is none.
fn rate(count: Option<u32>, seconds: Option<u32>) -> Result<Option<(u32, u32)>, ApiError> {
    match (count, seconds) {
        (Some(count), seconds) => Ok(Some((count, seconds.unwrap_or(AN_HOUR)))),
        (None, None) => Ok(None),
        (None, Some(_)) => {
            Err(ApiError::field("rate_limit", "missing", "`rate_limit_period` goes with `rate_limit`."))
        }
    }
}
