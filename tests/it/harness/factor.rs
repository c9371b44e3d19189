//! A person with an authenticator app.

use std::time::Duration;

use latchkey::crypto::TotpSecret;
use latchkey::domain::factor::step_at;
use serde_json::{Value, json};

use super::{Answer, LoggedIn, PASSWORD, TestApp, text_at};

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

    /// Six digits that fit no step near now.
    pub fn wrong_code(&self, app: &TestApp) -> String {
        let near: Vec<_> = (-2..=2).map(|steps| self.code_of(app, steps)).collect();
        (0..).map(|number| format!("{number:06}")).find(|code| !near.contains(code)).unwrap()
    }
}

impl TestApp {
    /// Switches a second factor on, and lets the step of the first code pass.
    pub async fn enrol(&self, caller: &LoggedIn<'_>) -> Authenticator {
        let phone = Authenticator::of(&caller.post("/api/v1/auth/mfa/setup", json!({})).await.data(200));
        let code = phone.code(self);
        caller.post("/api/v1/auth/mfa/enable", json!({ "code": code })).await.data(200);
        self.advance(STEP);
        phone
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
