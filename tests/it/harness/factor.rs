//! A person with an authenticator app.

use std::time::Duration;

use latchkey::crypto::TotpSecret;
use latchkey::domain::factor::step_at;
use latchkey::domain::id::{SessionId, TokenId};
use latchkey::domain::session::{Family, Kind, Session};
use latchkey::domain::time::Timestamp;
use latchkey::domain::token::{AccessClaims, ExtraClaims};
use latchkey::store::{self, Txn};
use serde_json::{Value, json};

use super::{Anonymous, Answer, InBrowser, LoggedIn, PASSWORD, TestApp, text_at};

/// How long a code is shown.
pub const STEP: Duration = Duration::from_secs(30);

/// What the app and the drawer of a person hold after an enrolment.
#[derive(Debug)]
pub struct Authenticator {
    secret: TotpSecret,
    pub backup_codes: Vec<String>,
}

impl Authenticator {
    /// From the data of a set-up.
    pub fn of(setup: &Value) -> Self {
        let codes = setup["backup_codes"].as_array().unwrap();
        let backup_codes = codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
        let secret = TotpSecret::from_bytes(&from_base32(&text_at(setup, "/secret"))).unwrap();
        Self { secret, backup_codes }
    }

    /// The code that is shown now.
    pub fn code(&self, app: &TestApp) -> String {
        self.code_of(app, 0)
    }

    /// The code of so many steps from now.
    pub fn code_of(&self, app: &TestApp, steps: i64) -> String {
        let step = step_at(app.clock_now()).checked_add_signed(steps).unwrap();
        self.secret.code(step).to_string()
    }

    /// The code that is shown at this time.
    pub fn code_at(&self, now: Timestamp) -> String {
        self.secret.code(step_at(now)).to_string()
    }

    /// Whether that code is the code of no other step near now, as all but a few in a million are.
    pub fn is_unlike(&self, app: &TestApp, steps: i64) -> bool {
        let code = self.code_of(app, steps);
        (-2..=2).filter(|other| *other != steps).all(|other| self.code_of(app, other) != code)
    }

    /// Six digits that fit no step near now.
    pub fn wrong_code(&self, app: &TestApp) -> String {
        let near: Vec<_> = (-2..=2).map(|steps| self.code_of(app, steps)).collect();
        (0..1_000_000).map(|number| format!("{number:06}")).find(|code| !near.contains(code)).unwrap()
    }
}

impl TestApp {
    /// Switches a second factor on, and lets the step of the first code pass.
    pub async fn enrol(&self, caller: &LoggedIn<'_>) -> Authenticator {
        self.enrol_as(caller).await
    }

    /// The same, by somebody in a browser.
    pub async fn enrol_in_browser(&self, caller: &InBrowser<'_>) -> Authenticator {
        self.enrol_as(caller).await
    }

    async fn enrol_as(&self, caller: &Anonymous<'_>) -> Authenticator {
        let phone = Authenticator::of(&caller.post("/api/v1/auth/mfa/setup", json!({})).await.data(200));
        let code = phone.code(self);
        caller.post("/api/v1/auth/mfa/enable", json!({ "code": code })).await.data(200);
        self.advance(STEP);
        phone
    }

    /// An access token of a new session of `name` that nobody logged in for: it spends no code.
    pub async fn session_of(&self, name: &str) -> String {
        let (user, now) = (self.account(name).unwrap(), self.clock_now());
        let policy = self.services.policy.tokens;
        let family = Family::begin(now, TokenId::new(now, &self.services.random()), &policy);
        let session = Session {
            id: SessionId::new(now, &self.services.random()),
            user: user.id,
            epoch: user.session_epoch,
            created_at: now,
            authenticated_at: now,
            last_used_at: now,
            client: [198, 51, 100, 7].into(),
            user_agent: None,
            kind: Kind::Tokens(family),
        };
        let claims = AccessClaims {
            user_id: user.id,
            email: user.email.as_str().to_owned(),
            name: user.name.as_str().to_owned(),
            roles: Vec::new(),
            extra: ExtraClaims::default(),
            iat: now.seconds(),
            exp: now.plus(policy.access_ttl).seconds(),
            jti: family.head.id,
            sid: session.id,
        };
        let ctx = self.services.own_context("harness");
        let insert = move |txn: &mut Txn<'_>| store::session::insert(txn, &session);
        self.services.write("harness", &ctx, insert).await.unwrap();
        self.services.tokens.sign_access(&claims)
    }

    /// Somebody in such a session.
    pub async fn in_session_of(&self, name: &str) -> Anonymous<'_> {
        let token = self.session_of(name).await;
        self.anonymous().header("authorization", &format!("Bearer {token}"))
    }

    /// The handle of a login whose password was right.
    pub async fn first_step(&self, name: &str) -> String {
        let data = self.anonymous().log_in(name, PASSWORD).await.data(200);
        assert_eq!(data["requires_mfa"], true, "{data:#}");
        text_at(&data, "/session_id")
    }

    /// Sends a code for a login that waits.
    pub async fn second_step(&self, handle: &str, code: &str) -> Answer {
        let body = json!({ "session_id": handle, "code": code });
        self.anonymous().post("/api/v1/auth/mfa/verify", body).await
    }
}

/// RFC 4648, section 6, without padding.
fn from_base32(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for c in text.bytes() {
        let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == c).unwrap();
        bits = (bits << 5 | u32::try_from(value).unwrap()) & 0xffff;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap());
        }
    }
    bytes
}
