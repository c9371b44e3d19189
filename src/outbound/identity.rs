//! Providers of accounts elsewhere, asked over HTTP: OpenID Connect with or without discovery, plain OAuth 2.0, and
//! GitHub's way of it. Knows nothing of what is done with an answer.
//!
//! ## Decision: a provider is asked when somebody logs in, never at the start
//! A server whose provider is away starts, and serves everybody else. What the provider says of itself, and its keys,
//! are kept for an hour; keys that do not fit are asked for again, at most every half minute, so that nobody can make
//! this server ask for them all the time.

pub mod answer;
pub mod metadata;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::http_client::{Endpoint, HttpClient};
use crate::ambient::Clock;
use crate::domain::time::Timestamp;
use crate::services::identity_provider::{
    About, Ask, Asking, Code, IdentityProvider, ProviderFault, Redeemed, Said,
};
use metadata::{Auth, Metadata};

/// Longest answer that is read (R68).
const ANSWER_MAX: usize = 64 * 1024;

/// How long one call may take (R68).
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// How long is believed what a provider said of itself.
const KEPT: Duration = Duration::from_secs(3600);

/// How long keys that do not fit are not asked for again.
const COOL_DOWN: Duration = Duration::from_secs(30);

/// Where a provider's parts are; those that are not given are found by discovery.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Urls {
    /// Where browsers are sent.
    pub authorization: Option<String>,
    /// Where codes are exchanged.
    pub token: Option<String>,
    /// Where the person is asked for.
    pub userinfo: Option<String>,
    /// Where its keys are.
    pub jwks: Option<String>,
}

/// How a provider says who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Claims of OpenID Connect (Core, section 5.1).
    Claims,
    /// GitHub's `/user` and `/user/emails`.
    Github,
}

/// One provider.
pub struct OAuthProvider {
    about: About,
    urls: Urls,
    dialect: Dialect,
    scope: String,
    secret: Option<Zeroizing<String>>,
    client: HttpClient,
    clock: Arc<dyn Clock>,
    metadata: Mutex<Option<(Timestamp, Arc<Metadata>)>>,
    keys: Mutex<Option<(Timestamp, Arc<str>)>>,
}

impl OAuthProvider {
    /// The provider `about`, asked for `scope` (names parted by spaces) with the client's `secret`, if it has one.
    pub fn new(
        about: About,
        (urls, dialect): (Urls, Dialect),
        (scope, secret): (String, Option<Zeroizing<String>>),
        client: HttpClient,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (metadata, keys) = (Mutex::new(None), Mutex::new(None));
        Self { about, urls, dialect, scope, secret, client, clock, metadata, keys }
    }

    async fn authorization(&self, ask: Ask<'_>) -> Result<String, ProviderFault> {
        let metadata = self.metadata().await?;
        let mut fields = vec![
            ("response_type", "code"),
            ("client_id", &self.about.client_id),
            ("redirect_uri", ask.redirect_uri),
            ("scope", &self.scope),
            ("state", ask.state),
            ("code_challenge", ask.challenge),
            ("code_challenge_method", "S256"),
        ];
        if self.about.is_openid {
            fields.push(("nonce", ask.nonce));
        }
        let query = serde_urlencoded::to_string(fields).map_err(|_| said("cannot be asked"))?;
        metadata.authorization_url(&query)
    }

    async fn exchange(&self, code: Code<'_>) -> Result<Redeemed, ProviderFault> {
        let metadata = self.metadata().await?;
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code.code),
            ("redirect_uri", code.redirect_uri),
            ("code_verifier", code.verifier),
        ];
        let mut headers = HeaderMap::new();
        let auth = if self.dialect == Dialect::Github { Auth::Body } else { metadata.auth() };
        match (&self.secret, auth) {
            (Some(secret), Auth::Basic) => {
                headers.insert(header::AUTHORIZATION, basic(&self.about.client_id, secret)?);
            }
            (Some(secret), Auth::Body) => {
                fields.extend([("client_id", self.about.client_id.as_str()), ("client_secret", secret)]);
            }
            (None, _) => fields.push(("client_id", &self.about.client_id)),
        }
        let form = serde_urlencoded::to_string(fields).map_err(|_| said("cannot be asked"))?;
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, form_type);
        let content = (headers, form.into_bytes());
        answer::tokens(&self.bytes(&metadata.token_endpoint, Method::POST, content).await?)
    }

    async fn person(&self, access_token: &str) -> Result<Said, ProviderFault> {
        let metadata = self.metadata().await?;
        let url =
            metadata.userinfo_endpoint.as_ref().ok_or_else(|| said("has no place to ask for people"))?;
        let ask = async |url: &str| -> Result<Vec<u8>, ProviderFault> {
            let mut bearer = HeaderValue::try_from(format!("Bearer {access_token}"))
                .map_err(|_| said("answered a token that cannot be sent"))?;
            bearer.set_sensitive(true);
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, bearer)]);
            self.bytes(url, Method::GET, (headers, Vec::new())).await
        };
        match self.dialect {
            Dialect::Claims => answer::person(&ask(url).await?),
            Dialect::Github => answer::github(&ask(url).await?, &ask(&format!("{url}/emails")).await?),
        }
    }

    async fn key_set(&self, newest: bool) -> Result<Arc<str>, ProviderFault> {
        let now = self.clock.now();
        let patience = if newest { COOL_DOWN } else { KEPT };
        if let Some(kept) = kept(&self.keys, now, patience) {
            return Ok(kept);
        }
        let metadata = self.metadata().await?;
        let url = metadata.jwks_uri.as_ref().ok_or_else(|| said("has no keys"))?;
        let body = self.bytes(url, Method::GET, (HeaderMap::new(), Vec::new())).await?;
        let text: Arc<str> = String::from_utf8(body).map_err(|_| said("answered no JSON"))?.into();
        *locked(&self.keys) = Some((now, text.clone()));
        Ok(text)
    }

    /// What is known of the provider, by configuration or by its own word (OpenID Connect Discovery, section 4).
    async fn metadata(&self) -> Result<Arc<Metadata>, ProviderFault> {
        if let Some(given) = Metadata::given(&self.urls, self.about.is_openid) {
            return Ok(Arc::new(given));
        }
        let now = self.clock.now();
        if let Some(kept) = kept(&self.metadata, now, KEPT) {
            return Ok(kept);
        }
        let url = format!("{}/.well-known/openid-configuration", self.about.issuer.trim_end_matches('/'));
        let body = self.bytes(&url, Method::GET, (HeaderMap::new(), Vec::new())).await?;
        let found = Arc::new(Metadata::found(&body, &self.about.issuer, &self.urls)?);
        *locked(&self.metadata) = Some((now, found.clone()));
        Ok(found)
    }

    /// The body of an answer that is 200. Redirects are not followed.
    async fn bytes(
        &self,
        url: &str,
        method: Method,
        (mut headers, body): (HeaderMap, Vec<u8>),
    ) -> Result<Vec<u8>, ProviderFault> {
        let endpoint = Endpoint::parse(url).map_err(|_| said("has an address that is not called"))?;
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static("latchkey"));
        let answer = self.client.fetch(&endpoint, method, (headers, body), ANSWER_MAX).await;
        let answer = answer.map_err(|fault| said(&format!("gave {fault}")))?;
        if answer.status == StatusCode::OK {
            Ok(answer.body)
        } else {
            Err(said(&format!("answered {}", answer.status.as_u16())))
        }
    }
}

impl IdentityProvider for OAuthProvider {
    fn about(&self) -> &About {
        &self.about
    }

    fn authorization_url<'a>(&'a self, ask: Ask<'a>) -> Asking<'a, String> {
        Box::pin(self.authorization(ask))
    }

    fn redeem<'a>(&'a self, code: Code<'a>) -> Asking<'a, Redeemed> {
        Box::pin(self.exchange(code))
    }

    fn keys(&self, newest: bool) -> Asking<'_, Arc<str>> {
        Box::pin(self.key_set(newest))
    }

    fn said<'a>(&'a self, access_token: &'a str) -> Asking<'a, Said> {
        Box::pin(self.person(access_token))
    }
}

fn locked<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn kept<T: ?Sized>(
    of: &Mutex<Option<(Timestamp, Arc<T>)>>,
    now: Timestamp,
    patience: Duration,
) -> Option<Arc<T>> {
    let kept = locked(of);
    let (at, value) = kept.as_ref()?;
    (*at <= now && now.since(*at) < patience).then(|| value.clone())
}

/// The client's own proof (RFC 6749, section 2.3.1): each part form-encoded, then both in base64.
fn basic(client_id: &str, secret: &str) -> Result<HeaderValue, ProviderFault> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let encoded =
        |text: &str| serde_urlencoded::to_string([("", text)]).map(|text| text.replacen('=', "", 1));
    let (Ok(id), Ok(secret)) = (encoded(client_id), encoded(secret).map(Zeroizing::new)) else {
        return Err(said("cannot be asked"));
    };
    let pair = Zeroizing::new(format!("{id}:{}", *secret));
    let text = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
    let mut value = HeaderValue::try_from(text.as_str()).map_err(|_| said("cannot be asked"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, ProviderFault> {
    serde_json::from_slice(body).map_err(|_| said("gave an answer of another form"))
}

fn said(what: &str) -> ProviderFault {
    ProviderFault(what.to_owned())
}

#[cfg(test)]
mod tests;
