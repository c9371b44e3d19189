//! Who has codes sent to a phone, and takes the phone away again. Knows nothing of kills.

use std::io;

use serde_json::json;

use super::Dice;
use super::ledger::{Line, log_in};
use super::neighbours::Neighbours;
use crate::harness::Answer;
use crate::process::client::{Client, Request};
use crate::process::server::PASSWORD;

#[derive(Clone, Copy)]
enum Doubt {
    Setup,
    Enable,
    Disable,
}

/// Somebody with a new number each time, so that no text is mistaken for another.
pub struct Texted {
    email: String,
    neighbours: Neighbours,
    /// The newest number, once a code is on its way to it.
    number: Option<String>,
    is_on: bool,
    doubt: Option<Doubt>,
    /// The code that switched the phone on: it is used up.
    spent: Option<String>,
    count: u64,
    access: Option<String>,
    dice: Dice,
    line: Line,
    pub acts: u64,
}

impl Texted {
    pub fn new(email: &str, neighbours: Neighbours, dice: Dice) -> Self {
        Self {
            email: email.to_owned(),
            neighbours,
            number: None,
            is_on: false,
            doubt: None,
            spent: None,
            count: 0,
            access: None,
            dice,
            line: Line::default(),
            acts: 0,
        }
    }

    pub fn act(&mut self, client: &Client) -> io::Result<()> {
        match (&self.access, self.is_on, self.number.clone()) {
            (None, ..) => {
                self.access = Some(self.line.log_in(client, &self.email)?);
            }
            (_, true, _) if self.dice.below(2) == 0 => {
                // A code is sent to it once more, which takes no place of the one that is used up.
                self.ask(client, Request::new("POST", "/api/v1/auth/step-up/sms"))?.data(200);
            }
            (_, true, _) => {
                self.doubt = Some(Doubt::Disable);
                let form = json!({ "password": PASSWORD });
                self.ask(client, Request::post("/api/v1/auth/mfa/sms/disable", &form))?.data(200);
                self.disabled();
            }
            (_, false, None) => {
                self.count += 1;
                let number = format!("+49151{:08}", self.count);
                self.doubt = Some(Doubt::Setup);
                let form = json!({ "phone_number": number });
                self.ask(client, Request::post("/api/v1/auth/mfa/sms/setup", &form))?.data(200);
                self.number = Some(number);
            }
            (_, false, Some(number)) => {
                let code = self.wait(client, &number)?;
                self.doubt = Some(Doubt::Enable);
                // Also where it was tried before a kill: a code that was not taken is still good.
                let form = json!({ "code": code });
                self.ask(client, Request::post("/api/v1/auth/mfa/sms/enable", &form))?.data(200);
                self.enabled();
            }
        }
        self.doubt = None;
        self.acts += 1;
        Ok(())
    }

    fn ask(&mut self, client: &Client, request: Request) -> io::Result<Answer> {
        let request = request.bearer(self.access.as_deref().unwrap());
        self.line.ask(client, &request)
    }

    /// The code, however long its text takes; meanwhile the server has to live.
    fn wait(&mut self, client: &Client, number: &str) -> io::Result<String> {
        loop {
            if let Some(code) = self.neighbours.code_for(number) {
                return Ok(code);
            }
            self.line.ask(client, &Request::get("/health"))?;
        }
    }

    fn enabled(&mut self) {
        self.spent = self.number.as_deref().and_then(|number| self.neighbours.code_for(number));
        self.is_on = true;
    }

    fn disabled(&mut self) {
        (self.is_on, self.number, self.spent) = (false, None, None);
    }

    pub fn check(&mut self, client: &Client) {
        self.line = Line::default();
        if self.access.is_none() {
            return;
        }
        let status = self.ask(client, Request::get("/api/v1/auth/mfa/sms")).unwrap().data(200);
        let is_on = status["enabled"] == true;
        match self.doubt.take() {
            Some(Doubt::Setup) => self.number = None,
            Some(Doubt::Enable) if is_on => self.enabled(),
            Some(Doubt::Disable) if !is_on => self.disabled(),
            _ => {}
        }
        assert_eq!(is_on, self.is_on, "the phone of {}: {status}", self.email);
        if let Some(number) = &self.number {
            let shown = status["phone_number"].as_str().expect("there is a phone");
            assert!(shown.ends_with(&number[number.len() - 4..]), "{number} is shown as {shown}");
        }
        let login = client.ask(log_in(&self.email)).data(200);
        assert_eq!(login["requires_mfa"] == true, self.is_on, "{login}");
        if let Some(code) = &self.spent {
            let form = json!({ "session_id": login["session_id"], "code": code });
            client.ask(Request::post("/api/v1/auth/mfa/verify", &form)).refused(401, "MFA_INVALID");
        }
    }
}
