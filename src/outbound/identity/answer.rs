//! What providers answer. Knows nothing of how they are asked.

use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::{json, said};
use crate::services::identity_provider::{ProviderFault, Redeemed, Said};

/// What a token endpoint gave for a code (RFC 6749, section 5.1).
pub fn tokens(body: &[u8]) -> Result<Redeemed, ProviderFault> {
    json::<Tokens>(body)?.redeemed()
}

/// Whom a userinfo endpoint names (OpenID Connect Core, section 5.3.2).
pub fn person(body: &[u8]) -> Result<Said, ProviderFault> {
    Ok(json::<Claims>(body)?.said())
}

/// Whom GitHub's `/user` and `/user/emails` name.
pub fn github(user: &[u8], emails: &[u8]) -> Result<Said, ProviderFault> {
    Ok(json::<GithubUser>(user)?.said(&json::<Vec<GithubEmail>>(emails)?))
}

/// GitHub answers its errors with 200.
#[derive(Deserialize)]
struct Tokens {
    #[serde(default)]
    access_token: Option<String>,
    #[serde(default)]
    token_type: Option<String>,
    #[serde(default)]
    id_token: Option<String>,
}

impl Tokens {
    fn redeemed(self) -> Result<Redeemed, ProviderFault> {
        let is_bearer = self.token_type.is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
        let token = self.access_token.filter(|token| is_bearer && !token.is_empty());
        let access_token = token.map(Zeroizing::new).ok_or_else(|| said("took the code for nothing"))?;
        Ok(Redeemed { access_token, id_token: self.id_token.map(Zeroizing::new) })
    }
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    email_verified: Option<Value>,
    #[serde(default)]
    name: Option<String>,
}

impl Claims {
    fn said(self) -> Said {
        // The word `true`, and nothing that looks like it (R69).
        let is_verified = self.email_verified == Some(Value::Bool(true));
        Said { subject: self.sub, email: self.email, is_verified, name: self.name }
    }
}

#[derive(Deserialize)]
struct GithubUser {
    id: u64,
    login: String,
    #[serde(default)]
    name: Option<String>,
}

#[derive(Deserialize)]
struct GithubEmail {
    email: String,
    primary: bool,
    verified: bool,
}

impl GithubUser {
    fn said(self, emails: &[GithubEmail]) -> Said {
        let primary = emails.iter().find(|email| email.primary);
        Said {
            subject: self.id.to_string(),
            email: primary.map(|email| email.email.clone()),
            is_verified: primary.is_some_and(|email| email.verified),
            name: self.name.filter(|name| !name.is_empty()).or(Some(self.login)),
        }
    }
}
