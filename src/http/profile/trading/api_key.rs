//! API keys of the trading profile. They are named by the hash of their text.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::Path;

use super::{Listed, done, names, permission};
use crate::domain::api_key::ApiKey;
use crate::domain::profile::trading::TradingPermission;
use crate::domain::time::Timestamp;
use crate::http::asked::Asked;
use crate::http::error::{ApiError, Fault};
use crate::http::principal::Bearer;
use crate::http::profile::Flat;
use crate::http::profile::body::Loose;
use crate::http::tag::Tag;
use crate::services::api_key::listing::{self, KeyFilter, find_by_hash, hash_of};
use crate::services::api_key::{self as keys, KeyForm};
use crate::services::profile::trading;
use crate::services::session::Principal;
use crate::services::{Context, Services};
use crate::wire::profile::trading::Done;
use crate::wire::profile::trading_access as wire;
use crate::wire::secret::Secret;

/// T21: how often a key may be used in how many seconds.
const USUAL_RATE: (u32, u32) = (1_000, 3_600);

/// API keys.
pub struct ApiKeyApi(pub Arc<Services>);

#[expect(clippy::unused_async, reason = "poem-openapi wants async operations")]
#[OpenApi(prefix_path = "/api-keys", tag = "Tag::ApiKeys")]
impl ApiKeyApi {
    /// Make an API key
    ///
    /// The key itself is in this answer and never again. It may do what its permissions say, as far as you may.
    #[oai(path = "/", method = "post", operation_id = "create_api_key")]
    async fn create(
        &self,
        caller: Bearer,
        body: Loose<wire::CreateKey>,
        asked: Asked,
    ) -> Result<Flat<wire::NewKey, 201>, Fault<Listed>> {
        let wire::CreateKey { name, permissions, ip_whitelist, rate_limit } = body.0;
        let permissions = permissions.unwrap_or_else(|| names(&[TradingPermission::ReadSignals]));
        let rate = rate_limit.map_or(USUAL_RATE, |rate| (rate.requests, rate.window));
        let form = KeyForm {
            name: Some(name),
            scopes: Some(self.scopes(&asked.0, &caller.0, &permissions).await?),
            networks: ip_whitelist,
            rate: Some(rate),
            ..KeyForm::default()
        };
        let issued = keys::create(&self.0, &asked.0, &caller.0, &form, (None, false)).await?;
        Ok(Flat::new(wire::NewKey {
            api_key: Secret::new(issued.text.reveal().to_owned()),
            name: issued.key.name.clone(),
            permissions: names(&TradingPermission::among(&issued.key.scopes)),
            created_at: seconds(issued.key.created_at),
            key_hash: hash_of(&issued.key),
        }))
    }

    /// List one's own API keys
    ///
    /// Newest first.
    #[oai(path = "/", method = "get", operation_id = "list_api_keys")]
    async fn list(&self, asked: Asked, caller: Bearer) -> Result<Flat<Vec<wire::Key>>, Fault<Listed>> {
        let filter = KeyFilter { limit: self.0.policy.api_keys.max_per_user, ..KeyFilter::default() };
        let page = listing::list(&self.0, &asked.0, &caller.0, &filter)?;
        Ok(Flat::new(page.keys.iter().map(shown).collect()))
    }

    /// Change what an API key opens
    #[oai(path = "/:key_hash", method = "patch", operation_id = "update_api_key")]
    async fn update(
        &self,
        caller: Bearer,
        key_hash: Path<String>,
        body: Loose<wire::KeyPermissions>,
        asked: Asked,
    ) -> Result<Flat<Done>, Fault<Listed>> {
        let (ctx, caller) = (&asked.0, &caller.0);
        let id = find_by_hash(&self.0, ctx, caller, &key_hash.0)?;
        let scopes = Some(self.scopes(ctx, caller, &body.0.permissions).await?);
        keys::update(&self.0, ctx, caller, id, &KeyForm { scopes, ..KeyForm::default() }).await?;
        Ok(done())
    }

    /// Revoke an API key
    ///
    /// It stops working at once.
    #[oai(path = "/:key_hash", method = "delete", operation_id = "revoke_api_key")]
    async fn revoke(
        &self,
        asked: Asked,
        caller: Bearer,
        key_hash: Path<String>,
    ) -> Result<Flat<Done>, Fault<Listed>> {
        let id = find_by_hash(&self.0, &asked.0, &caller.0, &key_hash.0)?;
        keys::revoke(&self.0, &asked.0, &caller.0, id).await?;
        Ok(done())
    }
}

impl ApiKeyApi {
    /// The stored names of permissions, which the caller holds.
    async fn scopes(
        &self,
        ctx: &Context,
        caller: &Principal,
        permissions: &[String],
    ) -> Result<Vec<String>, ApiError> {
        let mut scopes = Vec::new();
        for text in permissions {
            let needed = permission(text)?;
            trading::require(&self.0, ctx, &caller.clone().into(), needed).await?;
            scopes.push(needed.stored().name().to_owned());
        }
        Ok(scopes)
    }
}

fn shown(key: &ApiKey) -> wire::Key {
    wire::Key {
        name: key.name.clone(),
        permissions: names(&TradingPermission::among(&key.scopes)),
        created_at: seconds(key.created_at),
        last_used: key.last_used_at.map(seconds),
        is_active: true,
        ip_whitelist: key.networks.iter().map(network).collect(),
        key_hash: hash_of(key),
    }
}

/// An address stands for itself.
fn network(network: &ipnet::IpNet) -> String {
    if network.prefix_len() == network.max_prefix_len() {
        network.addr().to_string()
    } else {
        network.to_string()
    }
}

/// T16: a number, as the guide's clients expect a time.
#[expect(clippy::cast_precision_loss, reason = "milliseconds fit until the year 287,396")]
fn seconds(at: Timestamp) -> f64 {
    at.millis() as f64 / 1_000.0
}
