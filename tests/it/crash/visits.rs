//! Who comes by a browser, and who moves to other addresses. Knows nothing of kills.

use std::io;
use std::path::PathBuf;

use serde_json::json;

use super::Dice;
use super::ledger::{Line, log_in};
use super::proofs::{verification, wait};
use crate::process::client::{Client, Request};
use crate::process::server::PASSWORD;

/// Live cookies at a time: with one more, of a login whose answer was lost, fewer than push out the oldest.
const MOST: usize = 3;
/// Ended ones that are looked at again.
const DEAD: usize = 20;

/// A session that lives by a cookie.
struct Visit {
    cookie: String,
    csrf: String,
}

impl Visit {
    fn post(&self, path: &str) -> Request {
        let request = Request::post(path, &json!({})).header("cookie", &self.cookie);
        request.header("x-csrf-token", &self.csrf)
    }

    fn lives(&self, client: &Client) -> bool {
        client.ask(Request::get("/api/v1/auth/session").header("cookie", &self.cookie)).status.is_success()
    }
}

enum Doubt {
    Open,
    End(Visit),
}

/// Logs in for a cookie, stays, and logs out.
pub struct Visitor {
    email: String,
    alive: Vec<Visit>,
    dead: Vec<Visit>,
    doubt: Option<Doubt>,
    dice: Dice,
    line: Line,
    pub acts: u64,
}

impl Visitor {
    pub fn new(email: &str, dice: Dice) -> Self {
        let (alive, dead) = (Vec::new(), Vec::new());
        Self { email: email.to_owned(), alive, dead, doubt: None, dice, line: Line::default(), acts: 0 }
    }

    pub fn act(&mut self, client: &Client) -> io::Result<()> {
        if self.alive.len() < MOST {
            let form = json!({ "email": self.email, "password": PASSWORD });
            self.doubt = Some(Doubt::Open);
            let answer = self.line.ask(client, &Request::post("/api/v1/auth/session", &form))?;
            let csrf = answer.data(200)["csrf_token"].as_str().unwrap().to_owned();
            let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
            self.alive.push(Visit { cookie, csrf });
        } else if self.dice.below(2) == 0 {
            let visit = self.alive.swap_remove(self.dice.index(MOST));
            let request = visit.post("/api/v1/auth/logout");
            self.doubt = Some(Doubt::End(visit));
            self.line.ask(client, &request)?.data(200);
            if let Some(Doubt::End(visit)) = self.doubt.take() {
                self.dead.push(visit);
            }
        } else {
            let stay = self.alive[self.dice.index(MOST)].post("/api/v1/auth/session/refresh");
            self.line.ask(client, &stay)?.data(200);
        }
        self.doubt = None;
        self.acts += 1;
        Ok(())
    }

    pub fn check(&mut self, client: &Client) {
        self.line = Line::default();
        for visit in &self.alive {
            assert!(visit.lives(client), "a cookie of {} is lost", self.email);
        }
        let old = self.dead.len().saturating_sub(DEAD);
        self.dead.drain(..old);
        for visit in &self.dead {
            assert!(!visit.lives(client), "a cookie of {} lives again", self.email);
        }
        match self.doubt.take() {
            Some(Doubt::End(visit)) if visit.lives(client) => self.alive.push(visit),
            Some(Doubt::End(visit)) => self.dead.push(visit),
            // Whether there is a session that nobody has the cookie of; with others like it, it would end ours.
            Some(Doubt::Open) => {
                let token = client.log_in(&self.email, PASSWORD).data(200);
                let all = Request::post("/api/v1/auth/logout-all", &json!({}));
                client.ask(all.bearer(token["access_token"].as_str().unwrap())).data(200);
                self.dead.append(&mut self.alive);
            }
            None => {}
        }
    }
}

/// Gives its account one address after the other.
pub struct Mover {
    mail: PathBuf,
    email: String,
    /// Asked for, and its link not followed yet.
    next: Option<String>,
    left: Option<String>,
    is_in_doubt: bool,
    asked: u64,
    line: Line,
    pub acts: u64,
}

impl Mover {
    /// `mail` is the folder into which the server sends.
    pub fn new(email: &str, mail: PathBuf) -> Self {
        let (email, line) = (email.to_owned(), Line::default());
        Self { mail, email, next: None, left: None, is_in_doubt: false, asked: 0, line, acts: 0 }
    }

    pub fn act(&mut self, client: &Client) -> io::Result<()> {
        if let Some(next) = self.next.clone() {
            let token = wait(&self.mail, (&mut self.line, client), (&next, "verify-email?token="))?;
            self.is_in_doubt = true;
            self.line.ask(client, &verification(&token))?.data(200);
            self.moved();
        } else {
            let tokens = self.line.ask(client, &log_in(&self.email))?.data(200);
            self.asked += 1;
            let next = format!("moved{}@example.com", self.asked);
            let form = Request::post("/api/v1/auth/email/change", &json!({ "new_email": next }));
            let form = form.bearer(tokens["access_token"].as_str().unwrap());
            self.line.ask(client, &form)?.data(200);
            self.next = Some(next);
        }
        self.acts += 1;
        Ok(())
    }

    fn moved(&mut self) {
        if let Some(next) = self.next.take() {
            self.left = Some(std::mem::replace(&mut self.email, next));
        }
        self.is_in_doubt = false;
    }

    pub fn check(&mut self, client: &Client) {
        self.line = Line::default();
        let enters = |email: &str| client.ask(log_in(email)).status.is_success();
        if self.is_in_doubt && self.next.as_deref().is_some_and(enters) {
            self.moved();
        }
        self.is_in_doubt = false;
        assert!(enters(&self.email), "the move to {} is undone", self.email);
        assert!(!self.left.as_deref().is_some_and(enters), "{:?} opens the account again", self.left);
    }
}
