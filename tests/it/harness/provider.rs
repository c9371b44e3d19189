//! Providers of accounts elsewhere, without sockets: they say of whoever brings a code what the test says.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use latchkey::ambient::{Clock as _, ManualClock};
use latchkey::crypto::digest::sha256;
use latchkey::services::Policy;
use latchkey::services::identity_provider::{
    About, Ask, Asking, Code, IdentityProvider, ProviderFault, Redeemed, Said,
};
use poem::http::header;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{Anonymous, Answer, TestApp};

/// What a browser keeps while it is elsewhere.
pub const FEDERATION: &str = "__Host-latchkey-federation";

/// A provider.
pub struct StandIn {
    about: About,
    clock: ManualClock,
    key: EncodingKey,
    keys: Arc<str>,
    /// What is said of whoever brings the code, and its challenge and nonce once a browser was sent.
    people: Mutex<HashMap<String, Value>>,
    asked: Mutex<HashMap<String, (String, String)>>,
    exchanges: Mutex<usize>,
}

impl StandIn {
    fn new(name: &str, is_openid: bool, clock: &ManualClock) -> Arc<Self> {
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref()).unwrap();
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let [x, y] = [x, y].map(|part| URL_SAFE_NO_PAD.encode(part));
        let keys = json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": "1", "x": x, "y": y }] });
        Arc::new(Self {
            about: About {
                name: name.parse().unwrap(),
                title: name.to_uppercase(),
                issuer: format!("https://{name}.example"),
                client_id: "our-client".to_owned(),
                is_openid,
            },
            clock: clock.clone(),
            key: EncodingKey::from_ec_der(pkcs8.as_ref()),
            keys: keys.to_string().into(),
            people: Mutex::default(),
            asked: Mutex::default(),
            exchanges: Mutex::default(),
        })
    }

    /// Has the provider say `claims` of whoever brings `code`. Of an ID token they replace what it says else.
    pub fn says(&self, code: &str, claims: Value) {
        self.people.lock().unwrap().insert(code.to_owned(), claims);
    }

    /// How many codes were brought.
    pub fn exchanges(&self) -> usize {
        *self.exchanges.lock().unwrap()
    }

    fn answer(&self, code: Code<'_>) -> Result<Redeemed, ProviderFault> {
        *self.exchanges.lock().unwrap() += 1;
        let fault = |what: &str| ProviderFault(what.to_owned());
        let claims = self.people.lock().unwrap().get(code.code).cloned().ok_or(fault("answered 400"))?;
        let challenge = URL_SAFE_NO_PAD.encode(sha256(code.verifier.as_bytes()));
        let asked = self.asked.lock().unwrap();
        let (nonce, redirect_uri) = asked.get(&challenge).cloned().ok_or(fault("answered 400"))?;
        assert_eq!(redirect_uri, code.redirect_uri);
        let now = self.clock.now().seconds();
        let mut token = json!({
            "iss": self.about.issuer, "aud": self.about.client_id, "nonce": nonce, "iat": now, "exp": now + 300,
        });
        token.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        let header = Header { kid: Some("1".to_owned()), ..Header::new(Algorithm::ES256) };
        let id_token = jsonwebtoken::encode(&header, &token, &self.key).unwrap();
        Ok(Redeemed {
            access_token: Zeroizing::new(code.code.to_owned()),
            id_token: self.about.is_openid.then(|| Zeroizing::new(id_token)),
        })
    }
}

impl IdentityProvider for StandIn {
    fn about(&self) -> &About {
        &self.about
    }

    fn authorization_url<'a>(&'a self, ask: Ask<'a>) -> Asking<'a, String> {
        let mut asked = self.asked.lock().unwrap();
        asked.insert(ask.challenge.to_owned(), (ask.nonce.to_owned(), ask.redirect_uri.to_owned()));
        let fields = [("state", ask.state), ("nonce", ask.nonce), ("challenge", ask.challenge)];
        let query = serde_urlencoded::to_string(fields).unwrap();
        Box::pin(async move { Ok(format!("{}/authorize?{query}", self.about.issuer)) })
    }

    fn redeem<'a>(&'a self, code: Code<'a>) -> Asking<'a, Redeemed> {
        Box::pin(async move { self.answer(code) })
    }

    fn keys(&self, _newest: bool) -> Asking<'_, Arc<str>> {
        Box::pin(async { Ok(self.keys.clone()) })
    }

    fn said<'a>(&'a self, access_token: &'a str) -> Asking<'a, Said> {
        let claims = self.people.lock().unwrap()[access_token].clone();
        let text = move |name: &str| claims[name].as_str().map(str::to_owned);
        let is_verified = self.people.lock().unwrap()[access_token]["email_verified"] == true;
        let said = Said {
            subject: text("sub").unwrap_or_default(),
            email: text("email"),
            is_verified,
            name: text("name"),
        };
        Box::pin(async { Ok(said) })
    }
}

/// A server with two providers: `google`, which speaks OpenID Connect, and `github`, which does not.
pub struct Federated {
    pub app: TestApp,
    pub google: Arc<StandIn>,
    pub github: Arc<StandIn>,
}

impl Federated {
    pub fn new() -> Self {
        Self::with_policy(|_| {})
    }

    pub fn with_policy(change: impl FnOnce(&mut Policy)) -> Self {
        let (app, (google, github)) = TestApp::with_parts(change, |shared, clock| {
            let (google, github) =
                (StandIn::new("google", true, clock), StandIn::new("github", false, clock));
            shared.providers = vec![google.clone(), github.clone()];
            (google, github)
        });
        Self { app, google, github }
    }

    /// A browser that was sent to `provider`.
    pub async fn sent_to(&self, provider: &str) -> Away<'_> {
        let begun = self.app.anonymous().get(&format!("/api/v1/auth/oauth/{provider}")).await;
        assert_eq!(begun.status.as_u16(), 302, "{}", begun.text);
        Away::of(&self.app, provider, begun.header("location").unwrap(), &begun)
    }

    /// What a browser gets that went to `provider` and came back with `code`.
    pub async fn came_back(&self, provider: &str, code: &str) -> Answer {
        self.sent_to(provider).await.back(&format!("code={code}")).await
    }
}

/// A browser that is with a provider.
pub struct Away<'a> {
    pub app: &'a TestApp,
    pub provider: String,
    pub location: String,
    pub state: String,
    pub cookie: String,
}

impl<'a> Away<'a> {
    /// Whoever was sent to `location` and got the cookie of `answer`.
    pub fn of(app: &'a TestApp, provider: &str, location: &str, answer: &Answer) -> Self {
        let set = answer.headers.get(header::SET_COOKIE).unwrap().to_str().unwrap();
        let cookie = set.split(';').next().unwrap().split_once('=').unwrap().1.to_owned();
        let query = location.split_once('?').unwrap().1;
        let fields: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap();
        let state = fields.into_iter().find(|(name, _)| name == "state").unwrap().1;
        Self { app, provider: provider.to_owned(), location: location.to_owned(), state, cookie }
    }

    /// Comes back with its state, its cookie and `query`.
    pub async fn back(&self, query: &str) -> Answer {
        self.back_as(self.browser(), &format!("state={}&{query}", self.state)).await
    }

    /// Somebody comes back with just `query`.
    pub async fn back_as(&self, client: Anonymous<'_>, query: &str) -> Answer {
        client.get(&format!("/api/v1/auth/oauth/{}/callback?{query}", self.provider)).await
    }

    /// The browser.
    pub fn browser(&self) -> Anonymous<'a> {
        self.app.anonymous().header("cookie", &format!("{FEDERATION}={}", self.cookie))
    }
}
