//! What providers answer. Knows nothing of how they are asked.

use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::said;
use crate::services::identity_provider::{ProviderFault, Redeemed, Said};

/// The answer of a token endpoint (RFC 6749, section 5.1). GitHub answers its errors with 200.
#[derive(Deserialize)]
pub(super) struct Tokens {
    #[serde(default)]
    access_token: Option<String>,
    #[serde(default)]
    token_type: Option<String>,
    #[serde(default)]
    id_token: Option<String>,
}

impl Tokens {
    pub(super) fn redeemed(self) -> Result<Redeemed, ProviderFault> {
        let is_bearer = self.token_type.is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
        let token = self.access_token.filter(|token| is_bearer && !token.is_empty());
        let access_token = token.map(Zeroizing::new).ok_or_else(|| said("took the code for nothing"))?;
        Ok(Redeemed { access_token, id_token: self.id_token.map(Zeroizing::new) })
    }
}

/// The answer of a userinfo endpoint (OpenID Connect Core, section 5.3.2).
#[derive(Deserialize)]
pub(super) struct Claims {
    sub: String,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    email_verified: Option<Value>,
    #[serde(default)]
    name: Option<String>,
}

impl Claims {
    pub(super) fn said(self) -> Said {
        // The word `true`, and nothing that looks like it (R69).
        let is_verified = self.email_verified == Some(Value::Bool(true));
        Said { subject: self.sub, email: self.email, is_verified, name: self.name }
    }
}

/// GitHub's `/user`.
#[derive(Deserialize)]
pub(super) struct GithubUser {
    id: u64,
    login: String,
    #[serde(default)]
    name: Option<String>,
}

/// One of GitHub's `/user/emails`.
#[derive(Deserialize)]
pub(super) struct GithubEmail {
    email: String,
    primary: bool,
    verified: bool,
}

impl GithubUser {
    pub(super) fn said(self, emails: &[GithubEmail]) -> Said {
        let primary = emails.iter().find(|email| email.primary);
        Said {
            subject: self.id.to_string(),
            email: primary.map(|email| email.email.clone()),
            is_verified: primary.is_some_and(|email| email.verified),
            name: self.name.filter(|name| !name.is_empty()).or(Some(self.login)),
        }
    }
}
