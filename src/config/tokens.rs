//! `[tokens]`: access and refresh tokens. Knows no token format.

use std::time::Duration;

use super::duration;
use super::reader::{Choice, Reader};
use super::secret::Secret;
use super::{DAY, MINUTE, SECOND};
use crate::domain::signing_key::Algorithm;

/// The shortest secret that is accepted, in bytes.
pub const MIN_SECRET_BYTES: usize = 32;

/// Values that documentation shows. They are known to everyone, so they are no secrets.
const EXAMPLES: [&str; 2] =
    ["your-super-secret-key-min-32-chars", "an example: make yours with openssl rand -hex 32"];

/// How tokens are made and how long they last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// What tokens are signed with.
    pub algorithm: Algorithm,
    /// The HS256 key, its UTF-8 bytes as they stand; `None` means keys of our own, which turn.
    pub jwt_secret: Option<Secret>,
    /// The `iss` claim.
    pub issuer: String,
    /// The `aud` claim.
    pub audience: String,
    /// Life of an access token.
    pub access_ttl: Duration,
    /// Life of a refresh token.
    pub refresh_ttl: Duration,
    /// Life of a refresh family, however often it rotates.
    pub family_ttl: Duration,
    /// What a used refresh token does.
    pub rotation: Rotation,
    /// How long the same successor is given again to a client that lost the answer.
    pub retry_grace: Duration,
}

/// What a refresh token that was used before does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rotation {
    /// It revokes its family, but for a retry within the grace.
    #[default]
    Strict,
    /// It works until its successor has been used.
    Lazy,
}

impl Choice for Rotation {
    const WORDS: &'static [(&'static str, Self)] = &[("strict", Self::Strict), ("lazy", Self::Lazy)];
}

impl Choice for Algorithm {
    const WORDS: &'static [(&'static str, Self)] =
        &[("HS256", Self::Hs256), ("EdDSA", Self::EdDsa), ("ES256", Self::Es256)];
}

impl Tokens {
    /// `issuer` stands in when none is configured.
    pub(super) fn read(reader: &mut Reader, issuer: &str) -> Self {
        let jwt_secret = reader.secret("tokens.jwt_secret");
        if let Some(secret) = &jwt_secret {
            check_secret(reader, secret);
        }
        let given = reader.text("tokens.issuer");
        if given.is_none() {
            reader.set_shown("tokens.issuer", Some(format!("{issuer:?}")));
        }
        let tokens = Self {
            algorithm: reader.choice("tokens.algorithm"),
            jwt_secret,
            issuer: given.unwrap_or_else(|| issuer.to_owned()),
            audience: reader.text("tokens.audience").unwrap_or_default(),
            access_ttl: reader.duration("tokens.access_ttl", MINUTE..=DAY),
            refresh_ttl: reader.duration("tokens.refresh_ttl", MINUTE..=365 * DAY),
            family_ttl: reader.duration("tokens.family_ttl", MINUTE..=3650 * DAY),
            rotation: reader.choice("tokens.rotation"),
            retry_grace: reader.duration("tokens.retry_grace", Duration::ZERO..=60 * SECOND),
        };
        tokens.check(reader);
        tokens
    }

    fn check(&self, reader: &mut Reader) {
        if self.jwt_secret.is_some() && self.algorithm != Algorithm::Hs256 {
            let reason = format!("{} keys are not made from a secret", self.algorithm.name());
            let help = "take tokens.jwt_secret (JWT_SECRET_KEY) away: keys are made at the first start";
            reader.problem_with("tokens.algorithm", &reason, Some(help));
        }
        if self.access_ttl > self.refresh_ttl {
            let reason = format!("is less than tokens.access_ttl = {}", duration::display(self.access_ttl));
            reader.problem("tokens.refresh_ttl", &reason);
        }
        if self.refresh_ttl > self.family_ttl {
            let reason = format!("is more than tokens.family_ttl = {}", duration::display(self.family_ttl));
            reader.problem_with("tokens.refresh_ttl", &reason, Some("raise tokens.family_ttl as well"));
        }
    }
}

fn check_secret(reader: &mut Reader, secret: &Secret) {
    let reason = if secret.expose().len() < MIN_SECRET_BYTES {
        format!("the secret (JWT_SECRET_KEY) is shorter than {MIN_SECRET_BYTES} bytes")
    } else if EXAMPLES.contains(&secret.expose()) {
        "the secret (JWT_SECRET_KEY) is an example from documentation, which everyone knows".into()
    } else {
        return;
    };
    let inline = reader.source_of("tokens.jwt_secret").layer();
    let from_file = reader.source_of("tokens.jwt_secret_file").layer() > inline;
    let key = if from_file { "tokens.jwt_secret_file" } else { "tokens.jwt_secret" };
    let help = "make one with `openssl rand -hex 32`, or set none: a key is made at the first start";
    reader.problem_with(key, &reason, Some(help));
}
