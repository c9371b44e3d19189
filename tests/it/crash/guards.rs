//! Who guesses a password, and who turns the keys that sign tokens. Knows nothing of kills.

use std::io;

use serde_json::{Value, json};

use super::ledger::{Line, log_in_with};
use crate::process::client::{Client, Request};

/// Guesses the password of one account, each time from another network: an answered guess counts, whatever comes after.
pub struct Guesser {
    email: String,
    id: String,
    answered: u64,
    in_doubt: u64,
    line: Line,
    pub acts: u64,
}

/// Most guesses between two looks: fewer than lock the account.
const GUESSES: u64 = 80;

impl Guesser {
    pub fn new(email: &str, id: String) -> Self {
        Self { email: email.to_owned(), id, answered: 0, in_doubt: 0, line: Line::default(), acts: 0 }
    }

    pub fn act(&mut self, client: &Client) -> io::Result<()> {
        if self.answered + self.in_doubt == GUESSES {
            self.line.ask(client, &Request::get("/health"))?;
            return Ok(());
        }
        let from = format!("203.0.{}.1", self.answered + self.in_doubt);
        let guess = log_in_with(&self.email, "not the password").header("x-forwarded-for", &from);
        self.in_doubt += 1;
        self.line.ask(client, &guess)?.refused(401, "AUTHENTICATION_FAILED");
        self.in_doubt -= 1;
        self.answered += 1;
        self.acts += 1;
        Ok(())
    }

    pub fn check(&mut self, client: &Client, root: &str) {
        self.line = Line::default();
        let unlock = Request::post(&format!("/api/v1/users/{}/unlock", self.id), &json!({})).bearer(root);
        let counted = client.ask(unlock).data(200)["failures"].as_u64().unwrap();
        let possible = self.answered..=self.answered + self.in_doubt;
        assert!(possible.contains(&counted), "{counted} guesses are counted, not {possible:?}");
        (self.answered, self.in_doubt) = (0, 0);
    }
}

/// Turns the keys that sign tokens: a key that was said to sign goes on doing so.
#[derive(Default)]
pub struct Turner {
    current: Option<String>,
    is_doubtful: bool,
    access: Option<String>,
    starts: u64,
    line: Line,
    pub acts: u64,
}

impl Turner {
    pub fn act(&mut self, client: &Client) -> io::Result<()> {
        // A turn at some starts: what an old key signed has to live, and of old keys there is a limit.
        let Some(root) = self.access.take() else {
            self.line.ask(client, &Request::get("/health"))?;
            return Ok(());
        };
        self.is_doubtful = true;
        let turn = Request::post("/api/v1/signing-keys/rotate", &json!({})).bearer(&root);
        self.current = Some(signing(&self.line.ask(client, &turn)?.data(200)));
        self.is_doubtful = false;
        self.acts += 1;
        Ok(())
    }

    pub fn check(&mut self, client: &Client, root: &str) {
        self.line = Line::default();
        let list = client.ask(Request::get("/api/v1/signing-keys").bearer(root)).data(200);
        let found = signing(&list);
        assert!(self.is_doubtful || self.current.as_ref().is_none_or(|current| *current == found), "{list}");
        self.starts += 1;
        self.access = self.starts.is_multiple_of(4).then(|| root.to_owned());
        (self.current, self.is_doubtful) = (Some(found), false);
    }
}

/// The name of the key that signs.
pub(super) fn signing(list: &Value) -> String {
    let keys = list["keys"].as_array().unwrap();
    let current = keys.iter().find(|key| key["stage"] == "current").expect("a key signs");
    current["kid"].as_str().unwrap().to_owned()
}
