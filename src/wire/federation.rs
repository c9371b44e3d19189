//! Logins with accounts elsewhere on the wire. Knows nothing of how they are decided.

use poem_openapi::types::Example;
use poem_openapi::{Object, Union};
use serde::{Deserialize, Serialize};

use super::auth::{CodeNeeded, TokenPair};
use super::secret::Secret;
use super::user::UserSummary;

/// Where one can log in with an account elsewhere.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct Provider {
    /// Its name in paths.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Where a browser begins the login.
    pub login_url: String,
}

impl Example for Provider {
    fn example() -> Self {
        Self {
            name: "google".to_owned(),
            title: "Google".to_owned(),
            login_url: "https://auth.example.com/api/v1/auth/oauth/google".to_owned(),
        }
    }
}

/// All of them.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct ProviderList {
    /// In the order of the configuration.
    pub providers: Vec<Provider>,
}

impl Example for ProviderList {
    fn example() -> Self {
        Self { providers: vec![Provider::example()] }
    }
}

/// What a browser that comes back gets: tokens, the handle of a second step, or the link that was made.
#[derive(Debug, Clone, Union, Serialize, Deserialize)]
#[oai(one_of)]
#[serde(untagged)]
pub enum FederatedAnswer {
    /// The login is done.
    Granted(FederatedLogin),
    /// A code is asked for.
    CodeNeeded(CodeNeeded),
    /// The account elsewhere opens the account that began this.
    Linked(Linked),
}

impl Example for FederatedAnswer {
    fn example() -> Self {
        Self::Granted(FederatedLogin::example())
    }
}

/// A successful login with an account elsewhere.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct FederatedLogin {
    /// A JWT for `Authorization: Bearer`.
    pub access_token: Secret,
    /// A JWT for `/auth/refresh`, and for nothing else.
    pub refresh_token: Secret,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds until the access token expires.
    pub expires_in: u64,
    /// Who logged in.
    pub user: FederatedUser,
    /// Always false: no second step is open.
    pub requires_mfa: bool,
}

impl Example for FederatedLogin {
    fn example() -> Self {
        let TokenPair { access_token, refresh_token, token_type, expires_in } = TokenPair::example();
        let user = FederatedUser::new(UserSummary::example(), "google");
        Self { access_token, refresh_token, token_type, expires_in, user, requires_mfa: false }
    }
}

/// Who logged in, and with what.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
pub struct FederatedUser {
    /// The account.
    pub id: String,
    /// Its address.
    pub email: String,
    /// Its short name.
    pub username: String,
    /// The name to show.
    pub name: String,
    /// `active`.
    pub status: String,
    /// Whether a login asks for a second factor.
    pub mfa_enabled: bool,
    /// The provider's name.
    pub oauth_provider: String,
}

impl FederatedUser {
    /// `user`, who came from `provider`.
    pub fn new(user: UserSummary, provider: &str) -> Self {
        let UserSummary { id, email, username, name, status, mfa_enabled } = user;
        Self { id, email, username, name, status, mfa_enabled, oauth_provider: provider.to_owned() }
    }
}

/// A link that was made.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
pub struct Linked {
    /// The link.
    pub identity: Identity,
}

/// An account elsewhere that opens one's own account.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct Identity {
    /// Names the link.
    pub id: String,
    /// The provider's name.
    pub provider: String,
    /// The address there when the link was made, if the provider told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// RFC 3339.
    pub linked_at: String,
}

impl Example for Identity {
    fn example() -> Self {
        Self {
            id: "019a1f0c-9d20-7b11-8a52-5d1f2c3b4a61".to_owned(),
            provider: "google".to_owned(),
            email: Some("ada@example.com".to_owned()),
            linked_at: "2026-11-21T10:00:00.000Z".to_owned(),
        }
    }
}

/// One's links.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct IdentityList {
    /// Oldest first; at most ten.
    pub identities: Vec<Identity>,
}

impl Example for IdentityList {
    fn example() -> Self {
        Self { identities: vec![Identity::example()] }
    }
}

/// A wish to link one's account with one elsewhere.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
pub struct LinkRequest {
    /// The provider's name.
    pub provider: String,
}

impl Example for LinkRequest {
    fn example() -> Self {
        Self { provider: "google".to_owned() }
    }
}

/// Where the browser goes on.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct LinkBegun {
    /// The provider's page. The same browser must open it: it got a cookie with this answer.
    pub authorization_url: String,
}

impl Example for LinkBegun {
    fn example() -> Self {
        Self {
            authorization_url: "https://accounts.google.com/o/oauth2/v2/auth?response_type=code&.."
                .to_owned(),
        }
    }
}
