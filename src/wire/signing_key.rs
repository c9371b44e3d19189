//! The keys that sign tokens, on the wire. Carries no secret.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

use super::word::Word;

/// How the keys turn.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
pub struct RotateKeys {
    /// Whether every token that was ever given out ends now. Otherwise each lives as long as it would have.
    #[oai(default)]
    #[serde(default)]
    pub revoke: bool,
}

impl Example for RotateKeys {
    fn example() -> Self {
        Self { revoke: false }
    }
}

/// A key that signs tokens, did, or will.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct SigningKey {
    /// Its name in the header of tokens.
    pub kid: String,
    /// `HS256`, `EdDSA` or `ES256`.
    pub algorithm: Word,
    /// `next`: published, and signs after the next turn. `current`: signs. `retired`: verifies what it signed.
    pub stage: Word,
    /// RFC 3339.
    pub created_at: String,
    /// Until when a retired key verifies (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verifies_until: Option<String>,
}

impl Example for SigningKey {
    fn example() -> Self {
        Self {
            kid: "5c1d3f7a90b2e486".to_owned(),
            algorithm: "EdDSA".into(),
            stage: "current".into(),
            created_at: "2026-11-21T10:00:00.000Z".to_owned(),
            verifies_until: None,
        }
    }
}

/// The keys that sign tokens. None, where the one key is a secret of the configuration.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct SigningKeyList {
    /// The keys, in the order in which they sign.
    pub keys: Vec<SigningKey>,
}

impl Example for SigningKeyList {
    fn example() -> Self {
        Self { keys: vec![SigningKey::example()] }
    }
}

/// What others verify tokens with (RFC 7517, section 5).
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct JwkSet {
    /// Public keys. None, while tokens are signed with HS256, whose keys are secrets.
    pub keys: Vec<Jwk>,
}

impl Example for JwkSet {
    fn example() -> Self {
        Self { keys: vec![Jwk::example()] }
    }
}

/// A public key (RFC 7517; RFC 8037 for Ed25519, RFC 7518 for P-256).
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct Jwk {
    /// `OKP` or `EC`.
    pub kty: Word,
    /// `Ed25519` or `P-256`.
    pub crv: Word,
    /// A coordinate, base64url.
    pub x: String,
    /// The other one, base64url; of `P-256`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// `sig`.
    #[serde(rename = "use")]
    #[oai(rename = "use")]
    pub usage: Word,
    /// `EdDSA` or `ES256`.
    pub alg: Word,
    /// Its name in the header of tokens.
    pub kid: String,
}

impl Example for Jwk {
    fn example() -> Self {
        Self {
            kty: "OKP".into(),
            crv: "Ed25519".into(),
            x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".to_owned(),
            y: None,
            usage: "sig".into(),
            alg: "EdDSA".into(),
            kid: "5c1d3f7a90b2e486".to_owned(),
        }
    }
}
