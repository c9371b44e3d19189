//! Who links an account with accounts elsewhere, and takes the links away again. Knows nothing of kills.

use std::collections::BTreeMap;
use std::io;

use serde_json::json;

use super::Dice;
use super::ledger::Line;
use crate::harness::Answer;
use crate::process::client::{Client, Request};

/// Most links at a time.
const MOST: usize = 4;
const IDENTITIES: &str = "/api/v1/users/me/identities";
const PROVIDER: &str = "/api/v1/auth/oauth/work";

enum Doubt {
    Link(String),
    Unlink(String),
}

/// Who is somebody else at every journey: the code that the provider gives is the subject that it vouches for.
pub struct Joiner {
    email: String,
    /// Who is linked, as the server shows them.
    linked: Vec<String>,
    unlinked: Vec<String>,
    doubt: Option<Doubt>,
    /// The last callback that made a link: it does so once.
    used: Option<Request>,
    count: u64,
    access: Option<String>,
    dice: Dice,
    line: Line,
    pub acts: u64,
}

impl Joiner {
    pub fn new(email: &str, dice: Dice) -> Self {
        Self {
            email: email.to_owned(),
            linked: Vec::new(),
            unlinked: Vec::new(),
            doubt: None,
            used: None,
            count: 0,
            access: None,
            dice,
            line: Line::default(),
            acts: 0,
        }
    }

    pub fn act(&mut self, client: &Client) -> io::Result<()> {
        let Some(access) = self.access.clone() else {
            self.access = Some(self.line.log_in(client, &self.email)?);
            return Ok(());
        };
        if self.linked.len() == MOST || (!self.linked.is_empty() && self.dice.below(3) == 0) {
            let subject = self.linked[self.dice.index(self.linked.len())].clone();
            let id = self.shown(client, &access)?[&subject].clone();
            self.doubt = Some(Doubt::Unlink(subject.clone()));
            let request = Request::delete(&format!("{IDENTITIES}/{id}")).bearer(&access);
            self.line.ask(client, &request)?.data(200);
            self.settled(Some(false));
        } else {
            self.count += 1;
            let subject = format!("elsewhere{}", self.count);
            let begin = Request::post(IDENTITIES, &json!({ "provider": "work" })).bearer(&access);
            let begun = self.line.ask(client, &begin)?;
            let callback = callback(begun.data(200)["authorization_url"].as_str().unwrap(), &begun, &subject);
            self.doubt = Some(Doubt::Link(subject));
            self.line.ask(client, &callback)?.data(200);
            self.used = Some(callback);
            self.settled(Some(true));
        }
        self.acts += 1;
        Ok(())
    }

    /// The act that was in doubt has left its subject linked, or not.
    fn settled(&mut self, is_linked: Option<bool>) {
        let Some(Doubt::Link(subject) | Doubt::Unlink(subject)) = self.doubt.take() else { return };
        self.linked.retain(|linked| *linked != subject);
        if is_linked == Some(true) { self.linked.push(subject) } else { self.unlinked.push(subject) }
    }

    /// The ids of the links, by subject.
    fn shown(&mut self, client: &Client, access: &str) -> io::Result<BTreeMap<String, String>> {
        let list = self.line.ask(client, &Request::get(IDENTITIES).bearer(access))?.data(200);
        let subject = |email: &str| email.split('@').next().unwrap().to_owned();
        let all = list["identities"].as_array().unwrap().iter();
        Ok(all
            .map(|one| (subject(one["email"].as_str().unwrap()), one["id"].as_str().unwrap().to_owned()))
            .collect())
    }

    pub fn check(&mut self, client: &Client) {
        self.line = Line::default();
        let Some(access) = self.access.clone() else { return };
        let shown = self.shown(client, &access).unwrap();
        if let Some(Doubt::Link(subject) | Doubt::Unlink(subject)) = &self.doubt {
            let is_linked = shown.contains_key(subject);
            self.settled(Some(is_linked));
        }
        self.linked.sort();
        assert!(
            shown.keys().eq(&self.linked),
            "the links of {}: {shown:?}, not {:?}",
            self.email,
            self.linked
        );
        for subject in &self.linked {
            assert!(opens(client, subject), "{subject} opens the account no more");
        }
        for subject in self.unlinked.iter().rev().take(3) {
            assert!(!opens(client, subject), "{subject} opens the account again");
        }
        if let Some(callback) = &self.used {
            client.ask(callback.clone()).refused(400, "VALIDATION_ERROR");
        }
    }
}

/// Whether a login with the account elsewhere opens one here.
fn opens(client: &Client, subject: &str) -> bool {
    let begun = client.ask(Request::get(PROVIDER));
    let location = begun.header("location").expect("a browser is sent on").to_owned();
    let arrived = client.ask(callback(&location, &begun, subject));
    assert!(arrived.status.is_success() || arrived.status == 403, "{arrived:?}");
    arrived.status.is_success()
}

/// The browser comes back from `url` as `subject`, with the cookie that it was given.
fn callback(url: &str, begun: &Answer, subject: &str) -> Request {
    let state = url.split(['?', '&']).find(|field| field.starts_with("state=")).unwrap();
    let cookie = begun.header("set-cookie").unwrap().split(';').next().unwrap();
    Request::get(&format!("{PROVIDER}/callback?code={subject}&{state}")).header("cookie", cookie)
}
