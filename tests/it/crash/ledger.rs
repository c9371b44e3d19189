//! Who acts on the server, and what it has acknowledged to them. Knows nothing of kills.
//!
//! An act under way when the connection breaks is in doubt: it has happened as a whole or not at all, and the next
//! check finds out which.

use std::io;

use serde_json::{Value, json};

use super::Dice;
use crate::harness::Answer;
use crate::process::client::{Client, Connection, Request};
use crate::process::server::PASSWORD;

/// Ended sessions that one person goes on looking at.
const DEAD: usize = 40;
const LOGIN: &str = "/api/v1/auth/login";

pub fn log_in(email: &str) -> Request {
    log_in_with(email, PASSWORD)
}

pub fn log_in_with(email: &str, password: &str) -> Request {
    Request::post(LOGIN, &json!({ "email": email, "password": password }))
}

/// One connection that is made when it is needed and forgotten when it breaks.
#[derive(Default)]
pub struct Line(Option<Connection>);

impl Line {
    pub fn ask(&mut self, client: &Client, request: &Request) -> io::Result<Answer> {
        let mut connection = match self.0.take() {
            Some(connection) => connection,
            None => client.connect()?,
        };
        let answer = connection.ask(request)?;
        self.0 = Some(connection);
        Ok(answer)
    }

    /// Logs in; answers with the access token.
    pub fn log_in(&mut self, client: &Client, email: &str) -> io::Result<String> {
        let tokens = self.ask(client, &log_in(email))?.data(200);
        Ok(tokens["access_token"].as_str().unwrap().to_owned())
    }
}

/// What a login or a refresh has given.
pub(super) struct Session {
    access: String,
    refresh: String,
    alive: bool,
}

impl Session {
    pub(super) fn of(tokens: &Value) -> Self {
        let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token"), alive: true }
    }

    pub(super) fn access(&self) -> &str {
        &self.access
    }

    pub(super) fn me(&self) -> Request {
        Request::get("/api/v1/auth/me").bearer(&self.access)
    }

    pub(super) fn renewal(&self) -> Request {
        Request::post("/api/v1/auth/refresh", &json!({ "refresh_token": self.refresh }))
    }

    pub(super) fn assert_dead(&self, line: &mut Line, client: &Client) {
        line.ask(client, &self.me()).unwrap().refused(401, "TOKEN_INVALID");
        line.ask(client, &self.renewal()).unwrap().refused(401, "TOKEN_INVALID");
    }
}

/// An act whose answer has not come.
enum Doubt {
    Login,
    Refresh(usize),
    End(usize),
    EndAll,
}

/// Logs in, refreshes and ends sessions; nobody else touches them.
pub struct Person {
    email: String,
    sessions: Vec<Session>,
    doubt: Option<Doubt>,
    dice: Dice,
    line: Line,
    pub acts: u64,
}

impl Person {
    pub fn new(email: &str, dice: Dice) -> Self {
        Self {
            email: email.to_owned(),
            sessions: Vec::new(),
            doubt: None,
            dice,
            line: Line::default(),
            acts: 0,
        }
    }

    pub fn act(&mut self, client: &Client) -> io::Result<()> {
        let alive = self.alive();
        let one = (!alive.is_empty()).then(|| alive[self.dice.index(alive.len())]);
        match (self.dice.below(20), one) {
            (0, Some(_)) if alive.len() > 2 => self.end_all(client, alive[0])?,
            (1..=2, Some(one)) => self.end(client, one, Request::post("/api/v1/auth/logout", &json!({})))?,
            (3..=4, Some(one)) => {
                let id = self.id_of(client, one)?;
                self.end(client, one, Request::delete(&format!("/api/v1/auth/sessions/{id}")))?;
            }
            (5..=8, _) | (_, None) if alive.len() < 6 => self.log_in(client)?,
            (_, Some(one)) => self.refresh(client, one)?,
            (_, None) => {}
        }
        self.doubt = None;
        self.acts += 1;
        Ok(())
    }

    fn log_in(&mut self, client: &Client) -> io::Result<()> {
        self.doubt = Some(Doubt::Login);
        let tokens = self.line.ask(client, &log_in(&self.email))?.data(200);
        self.sessions.push(Session::of(&tokens));
        Ok(())
    }

    fn refresh(&mut self, client: &Client, one: usize) -> io::Result<()> {
        self.doubt = Some(Doubt::Refresh(one));
        let tokens = self.line.ask(client, &self.sessions[one].renewal())?.data(200);
        self.sessions[one] = Session::of(&tokens);
        Ok(())
    }

    fn end(&mut self, client: &Client, one: usize, request: Request) -> io::Result<()> {
        self.doubt = Some(Doubt::End(one));
        self.line.ask(client, &request.bearer(&self.sessions[one].access))?.data(200);
        self.sessions[one].alive = false;
        Ok(())
    }

    fn end_all(&mut self, client: &Client, one: usize) -> io::Result<()> {
        self.doubt = Some(Doubt::EndAll);
        let request = Request::post("/api/v1/auth/logout-all", &json!({})).bearer(&self.sessions[one].access);
        self.line.ask(client, &request)?.data(200);
        self.sessions.iter_mut().for_each(|session| session.alive = false);
        Ok(())
    }

    /// The id of the session, as its own list marks it.
    fn id_of(&mut self, client: &Client, one: usize) -> io::Result<String> {
        let request = Request::get("/api/v1/auth/sessions").bearer(&self.sessions[one].access);
        let list = self.line.ask(client, &request)?.data(200);
        let sessions = list["sessions"].as_array().unwrap();
        let own =
            sessions.iter().find(|session| session["current"] == true).expect("the session is in its list");
        Ok(own["id"].as_str().unwrap().to_owned())
    }

    fn alive(&self) -> Vec<usize> {
        (0..self.sessions.len()).filter(|&one| self.sessions[one].alive).collect()
    }

    pub fn check(&mut self, client: &Client) {
        self.line = Line::default();
        self.settle_doubt(client);
        // A long run looks at the ends of late alone: the others have been looked at often enough.
        let mut dead = self.sessions.iter().filter(|session| !session.alive).count();
        self.sessions.retain(|session| {
            let is_old = !session.alive && dead > DEAD;
            dead -= usize::from(is_old);
            !is_old
        });
        for session in &mut self.sessions {
            if session.alive {
                self.line.ask(client, &session.me()).unwrap().data(200);
                let tokens = self.line.ask(client, &session.renewal()).unwrap().data(200);
                *session = Session::of(&tokens);
            } else {
                session.assert_dead(&mut self.line, client);
            }
        }
    }

    fn settle_doubt(&mut self, client: &Client) {
        match self.doubt.take() {
            None | Some(Doubt::Login) => {}
            // Rotated or not: the same token is good once more, for whoever lost the answer.
            Some(Doubt::Refresh(one)) => {
                let tokens = self.line.ask(client, &self.sessions[one].renewal()).unwrap().data(200);
                self.sessions[one] = Session::of(&tokens);
            }
            Some(Doubt::End(one)) => self.sessions[one].alive = self.lives(client, one),
            Some(Doubt::EndAll) => {
                let alive = self.alive();
                let living = alive.iter().filter(|&&one| self.lives(client, one)).count();
                assert!(living == 0 || living == alive.len(), "{living} of {} sessions live", alive.len());
                for one in alive {
                    self.sessions[one].alive = living > 0;
                }
            }
        }
    }

    fn lives(&self, client: &Client, one: usize) -> bool {
        client.ask(self.sessions[one].me()).status.is_success()
    }
}

/// Registers accounts.
pub struct Registrar {
    registered: Vec<String>,
    doubt: Option<String>,
    line: Line,
    pub acts: u64,
}

impl Registrar {
    pub fn new() -> Self {
        Self { registered: Vec::new(), doubt: None, line: Line::default(), acts: 0 }
    }

    pub fn registered(&self) -> &[String] {
        &self.registered
    }

    pub fn act(&mut self, client: &Client) -> io::Result<()> {
        let email = format!("new{}@example.com", self.registered.len());
        self.doubt = Some(email.clone());
        let answer = self.line.ask(client, &Self::form(&email))?;
        answer.data(201);
        self.registered.extend(self.doubt.take());
        self.acts += 1;
        Ok(())
    }

    pub fn check(&mut self, client: &Client, users: &[Value]) {
        self.line = Line::default();
        let is_there = |email: &str| users.iter().any(|user| user["email"] == email);
        for email in &self.registered {
            assert!(is_there(email), "{email} is lost");
        }
        if let Some(email) = self.doubt.take() {
            let again = client.ask(Self::form(&email));
            assert_eq!(again.status.as_u16(), if is_there(&email) { 409 } else { 201 }, "{again:?}");
            self.registered.push(email);
        }
    }

    fn form(email: &str) -> Request {
        let form = json!({ "email": email, "password": PASSWORD, "name": "Somebody" });
        Request::post("/api/v1/auth/register", &form)
    }
}

/// An account whose status changes.
struct Target {
    email: String,
    is_active: bool,
    session: Option<Session>,
}

/// Switches accounts off and on.
pub struct Admin {
    targets: Vec<Target>,
    /// Sessions that an account lost when it was switched off.
    ended: Vec<Session>,
    doubt: Option<(usize, bool)>,
    access: Option<String>,
    dice: Dice,
    line: Line,
    pub acts: u64,
}

impl Admin {
    pub fn new(targets: &[String], dice: Dice) -> Self {
        let target = |email: &String| Target { email: email.clone(), is_active: true, session: None };
        let targets = targets.iter().map(target).collect();
        Self { targets, ended: Vec::new(), doubt: None, access: None, dice, line: Line::default(), acts: 0 }
    }

    pub fn act(&mut self, client: &Client) -> io::Result<()> {
        let Some(access) = self.access.clone() else {
            let tokens = self.line.ask(client, &log_in("root@example.com"))?.data(200);
            self.access = Some(Session::of(&tokens).access);
            return Ok(());
        };
        let one = self.dice.index(self.targets.len());
        let target = &mut self.targets[one];
        if target.is_active && target.session.is_none() {
            let tokens = self.line.ask(client, &log_in(&target.email))?.data(200);
            target.session = Some(Session::of(&tokens));
        } else {
            let wanted = !target.is_active;
            let list = Request::get(&format!("/api/v1/users?search={}", target.email)).bearer(&access);
            let found = self.line.ask(client, &list)?.data(200);
            let id = found["users"][0]["id"].as_str().unwrap();
            let status = json!({ "status": if wanted { "active" } else { "suspended" } });
            let change = Request::put(&format!("/api/v1/users/{id}"), &status).bearer(&access);
            self.doubt = Some((one, wanted));
            self.line.ask(client, &change)?.data(200);
            self.doubt = None;
            self.switched(one, wanted);
        }
        self.acts += 1;
        Ok(())
    }

    pub fn check(&mut self, client: &Client, users: &[Value]) {
        self.line = Line::default();
        self.access = None;
        let is_active = |email: &str| {
            let user = users.iter().find(|user| user["email"] == email).expect("the account is there");
            user["status"] == "active"
        };
        if let Some((one, wanted)) = self.doubt.take()
            && is_active(&self.targets[one].email) == wanted
        {
            self.switched(one, wanted);
        }
        for target in &self.targets {
            assert_eq!(is_active(&target.email), target.is_active, "{}", target.email);
            if let Some(session) = &target.session {
                self.line.ask(client, &session.me()).unwrap().data(200);
            }
        }
        for session in &self.ended {
            session.assert_dead(&mut self.line, client);
        }
    }

    fn switched(&mut self, one: usize, is_active: bool) {
        self.targets[one].is_active = is_active;
        self.ended.extend(self.targets[one].session.take());
    }
}
