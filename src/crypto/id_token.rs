//! ID tokens of providers (OpenID Connect Core, section 2): signature, and for whom, by whom, when and for which login.
//! Knows nothing of how they came.
//!
//! ## Decision: the key decides the algorithm
//! Of the algorithms that a token may name, only the one of the key it names is tried (RFC 8725, section 3.1), and never an
//! HMAC: the one secret that both sides share is no key here. Times are judged by the clock that is passed in.

use std::time::Duration;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, decode_header};
use serde::Deserialize;

use super::digest;
use crate::domain::time::Timestamp;

/// Longest ID token that is read.
pub const ID_TOKEN_MAX: usize = 16 * 1024;

/// By how much the provider's clock may differ from ours.
pub const LEEWAY: Duration = Duration::from_secs(60);

/// How long after it was issued a token is taken: it came a moment ago.
const AGE_MAX: Duration = Duration::from_secs(600);

/// What a token must say.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Who issues it.
    pub issuer: &'a str,
    /// For whom: our client id.
    pub audience: &'a str,
    /// The nonce of this login.
    pub nonce: &'a str,
    /// The time.
    pub now: Timestamp,
}

/// What a good token says of somebody. Nothing of it is judged yet.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct IdClaims {
    /// Names the person at the issuer.
    pub sub: String,
    /// The address.
    #[serde(default)]
    pub email: Option<String>,
    /// Whether the address was proved: `true` and nothing else says so.
    #[serde(default)]
    pub email_verified: Option<serde_json::Value>,
    /// The name to show.
    #[serde(default)]
    pub name: Option<String>,
    iss: String,
    aud: Audience,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
    exp: i64,
    iat: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Why a token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenFault {
    /// It is no signed token of a known algorithm, or a claim is missing or of another type.
    #[error("the ID token cannot be read")]
    Malformed,
    /// No key of the provider fits; it may have new ones.
    #[error("no key of the provider fits the ID token")]
    UnknownKey,
    /// The signature is not of the key.
    #[error("the signature of the ID token is wrong")]
    Signature,
    /// Another issuer.
    #[error("the ID token is of another issuer")]
    Issuer,
    /// For somebody else.
    #[error("the ID token is for another client")]
    Audience,
    /// Of another login.
    #[error("the ID token is of another login")]
    Nonce,
    /// Too old, or from the future.
    #[error("the ID token is not of this time")]
    Time,
}

/// What `token` says, if it is signed by one of `keys` (RFC 7517) and as `expected`.
pub fn verify(token: &str, keys: &str, expected: &Expected<'_>) -> Result<IdClaims, IdTokenFault> {
    if token.len() > ID_TOKEN_MAX {
        return Err(IdTokenFault::Malformed);
    }
    let header = decode_header(token).map_err(|_| IdTokenFault::Malformed)?;
    let keys: JwkSet = serde_json::from_str(keys).map_err(|_| IdTokenFault::UnknownKey)?;
    let fits = |key: &&Jwk| {
        let is_named = header.kid.is_none() || key.common.key_id == header.kid;
        is_named && is_for_signatures(key) && algorithms_of(key).contains(&header.alg)
    };
    let mut fitting = keys.keys.iter().filter(fits);
    // A token that names no key is good where the provider has but one of the kind.
    let (Some(key), None) = (fitting.next(), fitting.next()) else { return Err(IdTokenFault::UnknownKey) };
    let decoding = DecodingKey::from_jwk(key).map_err(|_| IdTokenFault::UnknownKey)?;
    let (signed, signature) = token.rsplit_once('.').ok_or(IdTokenFault::Malformed)?;
    let is_signed = jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &decoding, header.alg);
    if !is_signed.unwrap_or(false) {
        return Err(IdTokenFault::Signature);
    }
    let payload = signed.split('.').nth(1).and_then(|text| digest::from_base64url(text.as_bytes()));
    let claims = payload.and_then(|payload| serde_json::from_slice(&payload).ok());
    let claims: IdClaims = claims.ok_or(IdTokenFault::Malformed)?;
    judge(claims, expected)
}

fn judge(claims: IdClaims, expected: &Expected<'_>) -> Result<IdClaims, IdTokenFault> {
    let is_for_us = match &claims.aud {
        Audience::One(one) => one == expected.audience,
        // Any other that a token is for as well could use it against us: azp says who asked for it (section 3.1.3.7).
        Audience::Many(many) => {
            many.iter().any(|one| one == expected.audience) && (many.len() == 1 || claims.azp.is_some())
        }
    };
    if claims.iss != expected.issuer {
        Err(IdTokenFault::Issuer)
    } else if !is_for_us || claims.azp.as_ref().is_some_and(|azp| azp != expected.audience) {
        Err(IdTokenFault::Audience)
    } else if claims.nonce.as_deref() != Some(expected.nonce) {
        Err(IdTokenFault::Nonce)
    } else if is_of_now(&claims, expected.now) {
        Ok(claims)
    } else {
        Err(IdTokenFault::Time)
    }
}

fn is_of_now(claims: &IdClaims, now: Timestamp) -> bool {
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    let (now, leeway) = (now.seconds(), seconds(LEEWAY));
    now.saturating_sub(leeway) < claims.exp
        && claims.iat <= now.saturating_add(leeway)
        && now.saturating_sub(leeway + seconds(AGE_MAX)) <= claims.iat
}

fn is_for_signatures(key: &Jwk) -> bool {
    key.common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature)
}

/// With which algorithms a key may have signed.
fn algorithms_of(key: &Jwk) -> &'static [Algorithm] {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    match &key.algorithm {
        AlgorithmParameters::RSA(_) => &[RS256, RS384, RS512, PS256, PS384, PS512],
        AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
            EllipticCurve::P256 => &[ES256],
            EllipticCurve::P384 => &[ES384],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(_) => &[EdDSA],
        _ => &[],
    }
}

#[cfg(test)]
mod tests;
