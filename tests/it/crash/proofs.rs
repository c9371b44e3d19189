//! What may be used once: links of mails and codes of second factors. Spent is spent, also when the server dies right after
//! it said so. Knows nothing of kills.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use latchkey::ambient::{Clock, SystemClock};
use serde_json::{Value, json};

use super::Dice;
use super::ledger::{Line, log_in_with};
use crate::harness::{Answer, Authenticator};
use crate::process::client::{Client, Request};
use crate::process::server::PASSWORD;

/// Another password that satisfies the rules.
const SECOND: &str = "seven silent paper lanterns";

/// How far somebody new has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Stage {
    Registered,
    Verified,
    /// The old password is gone, and every session with it.
    Reset,
}

/// Newcomers register, follow the link of a mail, forget their password and set another one by mail.
pub struct Newcomers {
    mail: PathBuf,
    count: u64,
    current: Option<Newcomer>,
    done: Vec<Newcomer>,
    line: Line,
    pub acts: u64,
}

struct Newcomer {
    email: String,
    stage: Stage,
    /// An act that would have led to the next stage was not answered.
    is_in_doubt: bool,
    /// How often a link for a new password was asked for: the newest one alone is good.
    asked: u32,
    /// The last time was answered.
    is_asked: bool,
    used: Vec<String>,
}

impl Newcomers {
    /// `mail` is the folder into which the server sends.
    pub fn new(mail: PathBuf) -> Self {
        Self { mail, count: 0, current: None, done: Vec::new(), line: Line::default(), acts: 0 }
    }

    pub fn act(&mut self, client: &Client) -> io::Result<()> {
        let Self { mail, count, current, done, line, .. } = self;
        let Some(one) = current else {
            *count += 1;
            let email = format!("newcomer{count}@example.com");
            let form = registration(&email);
            let stage = Stage::Registered;
            let one = current.insert(Newcomer {
                email,
                stage,
                is_in_doubt: true,
                asked: 0,
                is_asked: false,
                used: Vec::new(),
            });
            line.ask(client, &form)?.data(201);
            one.is_in_doubt = false;
            return Ok(());
        };
        match one.stage {
            Stage::Registered => {
                let token = wait(mail, (line, client), (&one.email, "verify-email?token="))?;
                one.is_in_doubt = true;
                line.ask(client, &verification(&token))?.data(200);
                (one.stage, one.is_in_doubt) = (Stage::Verified, false);
                one.used.push(token);
            }
            Stage::Verified if !one.is_asked => {
                let form = json!({ "email": one.email });
                one.asked += 1;
                line.ask(client, &Request::post("/api/v1/auth/password-reset/initiate", &form))?.data(200);
                one.is_asked = true;
            }
            Stage::Verified => {
                let token = wait(mail, (line, client), (&one.email, "reset-password?token="))?;
                one.is_in_doubt = true;
                let answer = line.ask(client, &reset(&token))?;
                one.is_in_doubt = false;
                if !answer.status.is_success() {
                    // A newer link is on its way.
                    assert!(one.asked > 1, "{}: {answer:?}", one.email);
                    return Ok(());
                }
                one.stage = Stage::Reset;
                one.used.push(token);
            }
            Stage::Reset => done.extend(current.take()),
        }
        self.acts += 1;
        Ok(())
    }

    pub fn check(&mut self, client: &Client) {
        self.line = Line::default();
        let enters =
            |email: &str, password: &str| client.ask(log_in_with(email, password)).status.is_success();
        if let Some(one) = &mut self.current {
            let found = if enters(&one.email, SECOND) {
                Stage::Reset
            } else if enters(&one.email, PASSWORD) {
                Stage::Verified
            } else {
                Stage::Registered
            };
            let may_be = if one.is_in_doubt { [one.stage, next(one.stage)] } else { [one.stage; 2] };
            assert!(may_be.contains(&found), "{} was {:?} and is {found:?}", one.email, one.stage);
            // Whether an account in doubt is there shows by making it.
            if found == Stage::Registered && one.is_in_doubt {
                let again = client.ask(registration(&one.email)).status.as_u16();
                assert!([201, 409].contains(&again), "{}: {again}", one.email);
            }
            (one.stage, one.is_in_doubt) = (found, false);
        }
        let some = self.done.len().saturating_sub(2);
        for Newcomer { email, used, .. } in &self.done[some..] {
            assert!(!enters(email, PASSWORD) && enters(email, SECOND), "{email}: the reset is undone");
            for token in used {
                assert!(!client.ask(verification(token)).status.is_success(), "{email}: used twice");
                assert!(!client.ask(reset(token)).status.is_success(), "{email}: used twice");
            }
        }
    }
}

/// The newest token that was mailed, however long the mail takes.
pub(super) fn wait(
    folder: &Path,
    (line, client): (&mut Line, &Client),
    (email, link): (&str, &str),
) -> io::Result<String> {
    loop {
        if let Some(token) = newest(folder, email, link) {
            return Ok(token);
        }
        // The mail leaves by itself; meanwhile the server has to live.
        line.ask(client, &Request::get("/health"))?;
    }
}

fn next(stage: Stage) -> Stage {
    if stage == Stage::Registered { Stage::Verified } else { Stage::Reset }
}

fn registration(email: &str) -> Request {
    let form = json!({ "email": email, "password": PASSWORD, "name": "New" });
    Request::post("/api/v1/auth/register", &form)
}

pub(super) fn verification(token: &str) -> Request {
    Request::get(&format!("/api/v1/auth/verify-email/{token}"))
}

fn reset(token: &str) -> Request {
    let form = json!({ "token": token, "new_password": SECOND });
    Request::post("/api/v1/auth/password-reset/confirm", &form)
}

/// The token behind `link` in the newest mail to `email` that has one.
fn newest(folder: &Path, email: &str, link: &str) -> Option<String> {
    let mails = std::fs::read_dir(folder).ok()?.map_while(Result::ok);
    let mut tokens: Vec<_> = mails
        .filter_map(|mail| {
            Some((mail.metadata().ok()?.modified().ok()?, std::fs::read_to_string(mail.path()).ok()?))
        })
        .filter(|(_, text)| text.contains(&format!("To: {email}")))
        .filter_map(|(at, text)| {
            let text = text.replace("=\r\n", "").replace("=\n", "").replace("=3D", "=");
            let (_, rest) = text.split_once(link)?;
            let is_part = |c: &char| c.is_ascii_alphanumeric() || "-_".contains(*c);
            Some((at, rest.chars().take_while(is_part).collect()))
        })
        .collect();
    tokens.sort();
    Some(tokens.pop()?.1)
}

/// What the owner of a second factor waits for.
enum Waiting {
    Setup,
    Enable(Arc<Authenticator>),
    Spend,
    Renew,
    Disable,
}

/// Somebody who switches a second factor on and off, and logs in with its backup codes.
pub struct Careful {
    email: String,
    id: String,
    access: Option<String>,
    pending: Option<Arc<Authenticator>>,
    phone: Option<Arc<Authenticator>>,
    /// Codes that were not used yet; none are known when new ones were asked for in vain.
    codes: Vec<String>,
    used: Vec<String>,
    /// The one-time code that switched the factor on.
    first: Option<String>,
    doubt: Option<Waiting>,
    dice: Dice,
    line: Line,
    pub acts: u64,
}

impl Careful {
    pub fn new(email: &str, id: String, dice: Dice) -> Self {
        Self {
            email: email.to_owned(),
            id,
            access: None,
            pending: None,
            phone: None,
            codes: Vec::new(),
            used: Vec::new(),
            first: None,
            doubt: None,
            dice,
            line: Line::default(),
            acts: 0,
        }
    }

    pub fn act(&mut self, client: &Client) -> io::Result<()> {
        let password = json!({ "password": PASSWORD });
        match (self.phone.is_some(), self.pending.take(), self.access.is_some()) {
            (false, _, false) => {
                let tokens = self.line.ask(client, &log_in_with(&self.email, PASSWORD))?.data(200);
                self.access = Some(access(&tokens));
            }
            (false, None, true) => {
                self.doubt = Some(Waiting::Setup);
                let setup = self.ask(client, "/api/v1/auth/mfa/setup", &json!({}))?.data(200);
                self.pending = Some(Arc::new(Authenticator::of(&setup)));
            }
            (false, Some(phone), true) => {
                let code = phone.code_at(SystemClock.now());
                self.doubt = Some(Waiting::Enable(phone.clone()));
                let answer = self.ask(client, "/api/v1/auth/mfa/enable", &json!({ "code": code }))?;
                // At the turn of a step.
                if answer.status.is_success() {
                    self.first = Some(code);
                    self.enabled(phone);
                } else {
                    assert_eq!(answer.json()["error"]["code"], "MFA_INVALID");
                    self.pending = Some(phone);
                }
            }
            (true, ..) if self.codes.len() < 3 && self.access.is_some() => {
                self.doubt = Some(Waiting::Renew);
                let renewed = self.ask(client, "/api/v1/auth/mfa/backup-codes", &password)?.data(200);
                let codes = renewed["backup_codes"].as_array().unwrap();
                self.used.append(&mut self.codes);
                self.codes = codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
            }
            (true, ..) if self.access.is_some() && self.dice.below(6) == 0 => {
                self.doubt = Some(Waiting::Disable);
                self.ask(client, "/api/v1/auth/mfa/disable", &password)?.data(200);
                self.disabled();
            }
            (true, ..) => {
                let handle = self.line.ask(client, &log_in_with(&self.email, PASSWORD))?.data(200);
                let Some(code) = self.codes.first().cloned() else { return Ok(()) };
                let handle = handle["session_id"].as_str().unwrap().to_owned();
                self.doubt = Some(Waiting::Spend);
                let tokens = self.line.ask(client, &second_step(&handle, &code))?.data(200);
                self.access = Some(access(&tokens));
                self.used.push(self.codes.remove(0));
            }
        }
        self.doubt = None;
        self.acts += 1;
        Ok(())
    }

    fn ask(&mut self, client: &Client, path: &str, form: &Value) -> io::Result<Answer> {
        let request = Request::post(path, form).bearer(self.access.as_deref().unwrap());
        self.line.ask(client, &request)
    }

    fn enabled(&mut self, phone: Arc<Authenticator>) {
        self.codes.clone_from(&phone.backup_codes);
        (self.used, self.phone) = (Vec::new(), Some(phone));
    }

    fn disabled(&mut self) {
        (self.phone, self.first) = (None, None);
        (self.codes, self.used) = (Vec::new(), Vec::new());
    }

    /// `root` is an administrator's token.
    pub fn check(&mut self, client: &Client, root: &str) {
        self.line = Line::default();
        let path = format!("/api/v1/users/{}/factors", self.id);
        let found = client.ask(Request::get(&path).bearer(root)).data(200);
        let is_on = !found["factors"].as_array().unwrap().is_empty();
        let left = usize::try_from(found["backup_codes_left"].as_u64().unwrap_or(0)).unwrap();
        match self.doubt.take() {
            Some(Waiting::Enable(phone)) if is_on => self.enabled(phone),
            Some(Waiting::Disable) if !is_on => self.disabled(),
            Some(Waiting::Spend) if left + 1 == self.codes.len() => self.used.push(self.codes.remove(0)),
            // The new codes were lost with the answer, and nobody knows whether the old ones are.
            Some(Waiting::Renew) => self.codes.clear(),
            Some(Waiting::Setup) => self.pending = None,
            _ => {}
        }
        assert_eq!(is_on, self.phone.is_some(), "the second factor of {}: {found}", self.email);
        if !self.codes.is_empty() {
            assert_eq!(left, self.codes.len(), "the backup codes of {}", self.email);
        }
        if !is_on {
            return;
        }
        let handle = client.ask(log_in_with(&self.email, PASSWORD)).data(200);
        let handle = handle["session_id"].as_str().expect("a login waits for its second step").to_owned();
        let spent = self.used.iter().rev().take(2).chain(&self.first);
        for code in spent {
            client.ask(second_step(&handle, code)).refused(401, "MFA_INVALID");
        }
    }
}

fn access(tokens: &Value) -> String {
    tokens["access_token"].as_str().unwrap().to_owned()
}

fn second_step(handle: &str, code: &str) -> Request {
    Request::post("/api/v1/auth/mfa/verify", &json!({ "session_id": handle, "code": code }))
}
