//! `[federation]` and `[[identity_provider]]`: logins with accounts elsewhere. Knows no protocol.

use std::path::PathBuf;

use super::called_url;
use super::reader::{Choice, Reader};
use super::secret::Secret;
use crate::domain::identity::ProviderName;

/// Most providers: more do not fit on a login page.
const PROVIDERS_MAX: usize = 16;

/// What GitHub is called where people are named.
const GITHUB: &str = "https://github.com";

/// Logins with accounts elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Federation {
    /// Who gets an account.
    pub new_accounts: NewAccounts,
    /// Whether a proved address leads to the account that has it.
    pub link_by_email: bool,
    /// Where the browser goes with its tokens.
    pub redirect_url: Option<String>,
    /// Who vouches.
    pub providers: Vec<IdentityProvider>,
}

/// Whether somebody without an account gets one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NewAccounts {
    /// Where anybody may register.
    #[default]
    AsRegistration,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Choice for NewAccounts {
    const WORDS: &'static [(&'static str, Self)] =
        &[("as_registration", Self::AsRegistration), ("always", Self::Always), ("never", Self::Never)];
}

/// What a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProviderKind {
    /// OpenID Connect.
    #[default]
    Oidc,
    /// OpenID Connect as Google speaks it.
    Google,
    /// OAuth 2.0 as GitHub speaks it.
    Github,
    /// OAuth 2.0 with a place to ask for the person.
    OAuth2,
}

impl Choice for ProviderKind {
    const WORDS: &'static [(&'static str, Self)] =
        &[("oidc", Self::Oidc), ("google", Self::Google), ("github", Self::Github), ("oauth2", Self::OAuth2)];
}

/// One provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityProvider {
    /// Its name in paths.
    pub name: ProviderName,
    /// What it speaks.
    pub kind: ProviderKind,
    /// Its name for people.
    pub title: String,
    /// Who it is.
    pub issuer: String,
    /// What we are called there.
    pub client_id: String,
    /// Proves that it is us.
    pub client_secret: Option<Secret>,
    /// What is asked for, parted by spaces.
    pub scope: String,
    /// Where browsers are sent; found by discovery where it is not given, like the others.
    pub authorization_url: Option<String>,
    /// Where codes are exchanged.
    pub token_url: Option<String>,
    /// Where the person is asked for.
    pub userinfo_url: Option<String>,
    /// Where its keys are.
    pub jwks_url: Option<String>,
    /// PEM certificates of the authority that signed its certificate, beside the public ones.
    pub ca_file: Option<PathBuf>,
    /// Whether it may lead to addresses that are not of the internet.
    pub allow_private: bool,
}

impl Federation {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let count = reader.sections("identity_provider");
        if count > PROVIDERS_MAX {
            let why = format!("expected at most {PROVIDERS_MAX} providers, found {count}");
            reader.problem("identity_provider", &why);
        }
        let found = (0..count.min(PROVIDERS_MAX)).filter_map(|index| IdentityProvider::read(reader, index));
        let providers: Vec<IdentityProvider> = found.collect();
        for (index, provider) in providers.iter().enumerate() {
            if providers.iter().take(index).any(|other| other.name == provider.name) {
                let why = format!("two providers are called {:?}", provider.name.as_str());
                reader.problem(&format!("identity_provider[{index}].name"), &why);
            }
        }
        Self {
            new_accounts: reader.choice("federation.new_accounts"),
            link_by_email: reader.switch("federation.link_by_email"),
            redirect_url: reader.parsed("federation.redirect_url", "a URL", called),
            providers,
        }
    }
}

impl IdentityProvider {
    fn read(reader: &mut Reader, index: usize) -> Option<Self> {
        let key = |name: &str| format!("identity_provider[{index}].{name}");
        let name = reader.parsed(&key("name"), "a name", |text| {
            text.parse::<ProviderName>().map_err(|error| error.to_string())
        });
        let kind: ProviderKind = reader.choice(&key("kind"));
        let title = reader.text(&key("title"));
        let issuer = reader.parsed(&key("issuer"), "a URL", called);
        let client_id = reader.text(&key("client_id"));
        let client_secret = reader.secret(&key("client_secret"));
        let scopes = reader.list(&key("scopes"), "a list of scopes", scope);
        let mut at = |name: &str, usual: Option<&str>| {
            let given = reader.parsed(&key(name), "a URL", called);
            given.or_else(|| usual.map(str::to_owned))
        };
        let github = |path| (kind == ProviderKind::Github).then_some(path);
        let authorization_url = at("authorization_url", github("https://github.com/login/oauth/authorize"));
        let token_url = at("token_url", github("https://github.com/login/oauth/access_token"));
        let userinfo_url = at("userinfo_url", github("https://api.github.com/user"));
        let jwks_url = at("jwks_url", None);
        let ca_file = reader.text(&key("ca_file")).map(PathBuf::from);
        let allow_private = reader.switch(&key("allow_private"));

        let has_places = authorization_url.is_some() && token_url.is_some() && userinfo_url.is_some();
        let issuer = issuer.or_else(|| match kind {
            ProviderKind::Google => Some("https://accounts.google.com".to_owned()),
            ProviderKind::Github => Some(GITHUB.to_owned()),
            ProviderKind::Oidc => None,
            // Without a better name a provider is the place where it is asked.
            ProviderKind::OAuth2 => userinfo_url.clone(),
        });
        let missing = [
            ("name", name.is_none(), "is missing"),
            ("client_id", client_id.is_none(), "is missing"),
            ("issuer", kind == ProviderKind::Oidc && issuer.is_none(), r#"kind "oidc" needs it"#),
            (
                "userinfo_url",
                kind == ProviderKind::OAuth2 && !has_places,
                r#"kind "oauth2" needs authorization_url, token_url and userinfo_url"#,
            ),
        ];
        for (name, is_missing, why) in missing {
            let said = key(name);
            if is_missing && reader.problems.iter().all(|problem| !problem.what.starts_with(&said)) {
                reader.problem(&said, why);
            }
        }
        let name = name?;
        Some(Self {
            kind,
            title: title.unwrap_or_else(|| title_of(kind, &name)),
            name,
            issuer: issuer?,
            client_id: client_id?,
            client_secret,
            scope: if scopes.is_empty() { usual_scope(kind).to_owned() } else { scopes.join(" ") },
            authorization_url,
            token_url,
            userinfo_url,
            jwks_url,
            ca_file,
            allow_private,
        })
    }
}

fn title_of(kind: ProviderKind, name: &ProviderName) -> String {
    match kind {
        ProviderKind::Google => "Google".to_owned(),
        ProviderKind::Github => "GitHub".to_owned(),
        ProviderKind::Oidc | ProviderKind::OAuth2 => name.to_string(),
    }
}

const fn usual_scope(kind: ProviderKind) -> &'static str {
    match kind {
        ProviderKind::Oidc | ProviderKind::Google => "openid email profile",
        ProviderKind::Github => "read:user user:email",
        ProviderKind::OAuth2 => "email profile",
    }
}

/// RFC 6749, section 3.3.
fn scope(text: &str) -> Result<String, String> {
    let is_scope = |b: u8| b == 0x21 || (0x23..=0x5b).contains(&b) || (0x5d..=0x7e).contains(&b);
    if !text.is_empty() && text.bytes().all(is_scope) {
        Ok(text.to_owned())
    } else {
        Err("a scope is printable ASCII without spaces, quotes and backslashes".to_owned())
    }
}

fn called(text: &str) -> Result<String, String> {
    called_url::parse(text, "http:// is for loopback only: codes and tokens could be read on the way")
}
