//! API keys of the pynomaly profile, and its names of what they open.
//!
//! ## Decision: the guide's scopes are names of stored ones
//! The guide protects `detection` and `health`, which are not among the six stored resources. What is stored are 24
//! permissions that the roles of everybody hold, and a profile has no rule of its own; so its names are translated by a
//! fixed table, word for word: `detection:write` is stored as `metrics:write`. Detections are data that developers write
//! and everybody reads, as metrics are; health is what a monitor beside the system reads, as `integrations:read` lets it.
//! A key that another door made is shown under these names too, and a scope of a resource that the table does not name
//! (`audit:read`) keeps its own. Alternative: permissions of their own, which would change the table of roles and what is
//! stored with every key and role for the sake of one dialect.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};

use super::{Listed, message};
use crate::domain::api_key::ApiKey;
use crate::domain::id::ApiKeyId;
use crate::domain::permission::Scope;
use crate::http::asked::Asked;
use crate::http::error::{ApiError, Fault, Statuses};
use crate::http::principal::{Bearer, Caller};
use crate::http::profile::Flat;
use crate::http::profile::body::Loose;
use crate::http::query;
use crate::http::tag::Tag;
use crate::services::Services;
use crate::services::api_key::listing::{self, KeyFilter, KeyPage};
use crate::services::api_key::{self as keys, Issued, KeyForm};
use crate::wire::error::ErrorCode;
use crate::wire::profile::{Message, pynomaly as wire};
use crate::wire::secret::Secret;

/// The resources of the guide, and the stored ones whose permissions guard them.
const RESOURCES: [(&str, &str); 2] = [("detection", "metrics"), ("health", "integrations")];

/// API keys.
pub struct ApiKeyApi(pub Arc<Services>);

/// What needs a key's id can answer beside success.
struct KeyListed;

impl Statuses for KeyListed {
    const LIST: &'static [u16] = &[401, 403, 404, 405, 429, 500, 503];
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::ApiKeys")]
impl ApiKeyApi {
    /// Make an API key
    ///
    /// For administrators. The key itself is in this answer and never again. It may do what its scopes say, as far as you
    /// may.
    #[oai(path = "/api-keys", method = "post", operation_id = "create_api_key")]
    async fn create(
        &self,
        caller: Bearer,
        body: Loose<wire::CreateKey>,
        asked: Asked,
    ) -> Result<Flat<wire::NewKey, 201>, Fault<Listed>> {
        let wire::CreateKey { name, scopes, expires_at } = body.0;
        let unread = |_| ApiError::field("expires_at", "invalid", "expires_at: must be a time (RFC 3339)");
        let expires_at = expires_at.map(|at| at.parse()).transpose().map_err(unread)?;
        let scopes = scopes.iter().map(|scope| stored(scope)).collect();
        let form = KeyForm { name: Some(name), scopes: Some(scopes), ..KeyForm::default() };
        let issued = keys::create(&self.0, &asked.0, &caller.0, &form, (expires_at, false)).await?;
        Ok(Flat::new(made(&issued)))
    }

    /// List everybody's API keys
    ///
    /// For administrators. Newest first; a page may be short, even empty, and still have a `next_cursor`.
    #[oai(path = "/api-keys", method = "get", operation_id = "list_api_keys")]
    async fn list(
        &self,
        asked: Asked,
        caller: Caller,
        /// The most keys to look at, 1 to 100.
        #[oai(default = "hundred", validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<u32>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Flat<wire::Keys>, Fault<Listed>> {
        let limit = query::count(limit.0);
        let filter = KeyFilter { after: query::cursor(cursor.0)?, limit, ..KeyFilter::default() };
        let KeyPage { keys, next, as_of } = listing::list_all(&self.0, &asked.0, &caller.0, &filter).await?;
        Ok(Flat::new(wire::Keys {
            api_keys: keys.iter().map(listed).collect(),
            next_cursor: next.map(|id| id.to_string()),
            as_of: as_of.to_string(),
        }))
    }

    /// Revoke an API key
    ///
    /// For administrators. It stops working at once.
    #[oai(path = "/api-keys/:id", method = "delete", operation_id = "revoke_api_key")]
    async fn revoke(
        &self,
        asked: Asked,
        caller: Bearer,
        id: Path<String>,
    ) -> Result<Flat<Message>, Fault<KeyListed>> {
        let unknown = |_| ApiError::new(ErrorCode::NotFound, "There is no such API key.");
        let id: ApiKeyId = id.0.parse().map_err(unknown)?;
        keys::revoke_any(&self.0, &asked.0, &caller.0.into(), id).await?;
        Ok(message("API key revoked successfully"))
    }
}

fn hundred() -> u32 {
    100
}

fn made(issued: &Issued) -> wire::NewKey {
    let key = &issued.key;
    wire::NewKey {
        id: key.id.to_string(),
        name: key.name.clone(),
        api_key: Secret::new(issued.text.reveal().to_owned()),
        scopes: scopes(&key.scopes),
        created_at: key.created_at.to_string(),
        expires_at: key.expires_at.map(|at| at.to_string()),
    }
}

fn listed(key: &ApiKey) -> wire::Key {
    wire::Key {
        id: key.id.to_string(),
        name: key.name.clone(),
        user_id: key.owner.to_string(),
        prefix: key.hint.clone(),
        scopes: scopes(&key.scopes),
        created_at: key.created_at.to_string(),
        expires_at: key.expires_at.map(|at| at.to_string()),
        last_used_at: key.last_used_at.map(|at| at.to_string()),
    }
}

fn scopes(scopes: &[Scope]) -> Vec<String> {
    scopes.iter().map(|scope| renamed(scope.name(), |(own, stored)| (stored, own))).collect()
}

/// The stored name of a scope.
fn stored(scope: &str) -> String {
    renamed(scope, |names| names)
}

/// The scope with the other name of its resource: `way` says which of the two comes first.
fn renamed(
    scope: &str,
    way: impl Fn((&'static str, &'static str)) -> (&'static str, &'static str),
) -> String {
    let found = scope.split_once(':').and_then(|(resource, action)| {
        let (_, to) = RESOURCES.into_iter().map(way).find(|(from, _)| *from == resource)?;
        Some(format!("{to}:{action}"))
    });
    found.unwrap_or_else(|| scope.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scopes_of_the_guide_are_stored_and_shown_word_for_word() {
        for (own, kept) in [
            ("detection:read", "metrics:read"),
            ("detection:write", "metrics:write"),
            ("health:read", "integrations:read"),
            ("audit:read", "audit:read"),
        ] {
            assert_eq!(stored(own), kept);
            assert_eq!(scopes(&[kept.parse().unwrap()]), [own]);
        }
        for odd in ["detection", "", ":", "detections:read"] {
            assert_eq!(stored(odd), odd);
        }
    }
}
