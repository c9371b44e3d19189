//! The keys that sign tokens, over the API: what others verify with, and the turn to the next.

use std::sync::Arc;

use poem_openapi::OpenApi;

use super::answer::{Answer, Bare};
use super::asked::Asked;
use super::body::Json;
use super::error::{Fault, Statuses};
use super::limit::{Anonymous, Place};
use super::person::Person;
use super::principal::Caller;
use super::tag::Tag;
use crate::domain::signing_key::{self, Algorithm, PublicKey, Stage};
use crate::services::{Services, signing_key as keys};
use crate::wire::signing_key::{Jwk, JwkSet, RotateKeys, SigningKey, SigningKeyList};

/// Where the public keys are.
pub const JWKS: &str = "/.well-known/jwks.json";

/// The keys that sign tokens.
pub struct SigningKeyApi(pub Arc<Services>);

/// What [`SigningKeyApi`] can answer beside success.
pub struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 401, 403, 405, 408, 409, 413, 415, 429, 500, 503];
}

/// What the public keys can be answered with beside success.
pub struct Published;

impl Statuses for Published {
    const LIST: &'static [u16] = &[405, 429, 500, 503];
}

#[OpenApi]
impl SigningKeyApi {
    /// The keys that verify tokens
    ///
    /// RFC 7517. The next key is here before it signs, and one that signed stays until the last of its tokens is over. A
    /// token that verifies may still belong to a session that was ended: ask `/oauth/introspect` where that matters.
    #[expect(clippy::unused_async, reason = "poem-openapi wants async operations")]
    #[oai(path = "/.well-known/jwks.json", method = "get", operation_id = "jwks", tag = "Tag::Services")]
    async fn jwks(&self, _place: Place<Anonymous>, asked: Asked) -> Result<Bare<JwkSet>, Fault<Published>> {
        let published = keys::published(&self.0, &asked.0);
        Ok(Bare::new(JwkSet { keys: published.into_iter().map(jwk).collect() }))
    }

    /// List the keys that sign tokens
    ///
    /// In the order in which they sign. None where the one key is a secret of the configuration. Needs `integrations:update`.
    #[oai(
        path = "/api/v1/signing-keys",
        method = "get",
        operation_id = "list_signing_keys",
        tag = "Tag::Operation"
    )]
    async fn list(&self, asked: Asked, caller: Caller) -> Result<Answer<SigningKeyList>, Fault<Listed>> {
        let ring = keys::list(&self.0, &asked.0, &caller.0).await?;
        Ok(Answer::new(to_wire(&ring), asked.0.now))
    }

    /// Let the next key sign
    ///
    /// What the present one signed goes on being valid, unless `revoke` ends every token that was ever given out: everybody
    /// logs in again then. 409 where the one key is a secret of the configuration. Needs `integrations:update`.
    #[oai(
        path = "/api/v1/signing-keys/rotate",
        method = "post",
        operation_id = "rotate_signing_keys",
        tag = "Tag::Operation"
    )]
    async fn rotate(
        &self,
        caller: Person,
        body: Json<RotateKeys>,
        asked: Asked,
    ) -> Result<Answer<SigningKeyList>, Fault<Listed>> {
        let ring = keys::rotate(&self.0, &asked.0, &caller.0, body.0.revoke).await?;
        Ok(Answer::new(to_wire(&ring), asked.0.now))
    }
}

fn to_wire(ring: &[signing_key::SigningKey]) -> SigningKeyList {
    let keys = ring.iter().map(|key| {
        let (stage, until) = match key.stage {
            Stage::Next => ("next", None),
            Stage::Current => ("current", None),
            Stage::Retired { until } => ("retired", Some(until.to_string())),
        };
        SigningKey {
            kid: key.kid.clone(),
            algorithm: key.algorithm.name().into(),
            stage: stage.into(),
            created_at: key.created_at.to_string(),
            verifies_until: until,
        }
    });
    SigningKeyList { keys: keys.collect() }
}

fn jwk(key: PublicKey) -> Jwk {
    let (kty, crv) = if key.algorithm == Algorithm::Es256 { ("EC", "P-256") } else { ("OKP", "Ed25519") };
    let alg = key.algorithm.name().into();
    Jwk { kty: kty.into(), crv: crv.into(), x: key.x, y: key.y, usage: "sig".into(), alg, kid: key.kid }
}
