//! Who makes, changes and removes things of a kind, and knows after each start what has to be there. Knows no kind.
//!
//! Everything a keeper has is a picture: what the server shows, by names that the keeper chose. An act changes one
//! name. After a kill the picture has to be the same but for the name of the act whose answer did not come, and that is
//! as it was or as the act would have made it.

use std::collections::BTreeMap;
use std::io;

use serde_json::Value;

use super::Dice;
use super::ledger::Line;
use crate::process::client::{Client, Request};

/// What the server shows, by name.
pub type Picture = BTreeMap<String, String>;

/// How a name stands after an act.
pub enum After {
    /// It is gone.
    Gone,
    /// It shows this.
    Shows(String),
    /// It shows what the answer says, and something else than before.
    AsAnswered,
}

/// One request that changes one name.
pub struct Act {
    pub name: String,
    pub request: Request,
    pub after: After,
}

/// A kind of things.
pub trait Trade: Send {
    /// Who does it.
    fn email(&self) -> &str;

    /// What to do next.
    fn next(&mut self, picture: &Picture, dice: &Dice) -> Act;

    /// What an answer shows of the thing it is about.
    fn shown(&self, _answer: &Value) -> String {
        String::new()
    }

    /// The secret that an answer gave away.
    fn secret(&self, _answer: &Value) -> Option<String> {
        None
    }

    /// Whether a secret opens its door.
    fn opens(&self, _client: &Client, _secret: &str) -> bool {
        false
    }

    /// Everything there is, and the ids by which the next acts will name it.
    fn look(&mut self, get: &mut dyn FnMut(&str) -> io::Result<Value>) -> io::Result<Picture>;
}

/// Somebody with a trade.
pub struct Keeper {
    trade: Box<dyn Trade>,
    picture: Picture,
    /// The secret of each thing that has one, as far as it is known.
    secrets: BTreeMap<String, String>,
    dead: Vec<String>,
    doubt: Option<Act>,
    access: Option<String>,
    dice: Dice,
    line: Line,
    pub acts: u64,
}

impl Keeper {
    pub fn new(trade: impl Trade + 'static, dice: Dice) -> Self {
        Self {
            trade: Box::new(trade),
            picture: Picture::new(),
            secrets: BTreeMap::new(),
            dead: Vec::new(),
            doubt: None,
            access: None,
            dice,
            line: Line::default(),
            acts: 0,
        }
    }

    pub fn act(&mut self, client: &Client) -> io::Result<()> {
        if self.access.is_none() {
            self.enter(client)?;
            // Ids are learned by looking.
            let found = self.look(client)?;
            assert_eq!(found, self.picture);
        }
        let act = self.trade.next(&self.picture, &self.dice);
        let request = act.request.clone().bearer(self.access.as_deref().unwrap());
        let act = self.doubt.insert(act);
        let answer = self.line.ask(client, &request)?;
        assert!(answer.status.is_success(), "{}: {}", act.name, answer.text);
        let data =
            serde_json::from_str::<Value>(&answer.text).map_or(Value::Null, |json| json["data"].clone());
        let Some(Act { name, after, .. }) = self.doubt.take() else { return Ok(()) };
        let former = self.secrets.remove(&name);
        let secret = self.trade.secret(&data);
        if secret.is_none() && !matches!(after, After::Gone) {
            self.secrets.extend(former.map(|secret| (name.clone(), secret)));
        } else {
            self.dead.extend(former);
            self.secrets.extend(secret.map(|secret| (name.clone(), secret)));
        }
        let before = match after {
            After::Gone => self.picture.remove(&name),
            After::Shows(shown) => self.picture.insert(name, shown),
            After::AsAnswered => {
                let shown = self.trade.shown(&data);
                assert_ne!(self.picture.get(&name), Some(&shown), "the answer shows no change");
                self.picture.insert(name, shown)
            }
        };
        self.acts += 1;
        // Something new has an id to be learned.
        if before.is_none() {
            let found = self.look(client)?;
            assert_eq!(found, self.picture);
        }
        Ok(())
    }

    pub fn check(&mut self, client: &Client) {
        self.line = Line::default();
        self.enter(client).unwrap();
        let mut found = self.look(client).unwrap();
        if let Some(Act { name, after, .. }) = self.doubt.take() {
            let now = found.remove(&name);
            let before = self.picture.remove(&name);
            let has_happened = match &after {
                After::Gone => now.is_none(),
                After::Shows(shown) => now.as_ref() == Some(shown),
                After::AsAnswered => now.is_some(),
            };
            assert!(now == before || has_happened, "{name} was {before:?} and is {now:?}");
            // The answer with a new secret is lost, and perhaps with it the old secret.
            if now != before && matches!(after, After::Gone | After::AsAnswered) {
                self.dead.extend(self.secrets.remove(&name));
            }
            if let Some(now) = now {
                found.insert(name.clone(), now.clone());
                self.picture.insert(name, now);
            }
        }
        assert_eq!(found, self.picture);
        for (name, secret) in &self.secrets {
            assert!(self.trade.opens(client, secret), "the secret of {name} does not open its door any more");
        }
        let some = self.dead.len().saturating_sub(8);
        for secret in &self.dead[some..] {
            assert!(!self.trade.opens(client, secret), "a secret that was taken back opens its door");
        }
    }

    fn enter(&mut self, client: &Client) -> io::Result<()> {
        self.access = Some(self.line.log_in(client, self.trade.email())?);
        Ok(())
    }

    fn look(&mut self, client: &Client) -> io::Result<Picture> {
        let (line, access) = (&mut self.line, self.access.as_deref().unwrap());
        self.trade.look(&mut |path| Ok(line.ask(client, &Request::get(path).bearer(access))?.data(200)))
    }
}
