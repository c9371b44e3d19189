//! kill -9 around the revocation of the keys that sign tokens, by the API under load and by the command line on the store
//! that a kill has left: what a revoked key signed stays dead, and what needs no token goes on.

use std::io;
use std::time::Duration;

use latchkey::ambient::OsEntropy;
use serde_json::json;

use super::guards::signing;
use super::ledger::{Line, Registrar, Session, log_in};
use super::neighbours::Neighbours;
use super::proofs::Newcomers;
use super::visits::Visitor;
use super::{ACTS, Busy, Dice, asked, check_offline, home, load, number, users};
use crate::process::client::{Client, Request};
use crate::process::server::{PASSWORD, PATIENCE, Process};

const ROUNDS: u64 = 8;
/// Sessions of a revoked key that are looked at again.
const DEAD: usize = 20;
const COMMAND: [&str; 5] = ["key", "rotate", "--revoke", "--data-dir", "data"];

/// Logs in, and revokes the keys under the tokens.
#[derive(Default)]
struct Revoker {
    alive: Vec<Session>,
    dead: Vec<Session>,
    /// A revocation has perhaps happened.
    is_in_doubt: bool,
    /// The key that signs, as the last answer said.
    current: Option<String>,
    line: Line,
    acts: u64,
}

impl Revoker {
    fn revoked(&mut self) {
        self.dead.append(&mut self.alive);
        let old = self.dead.len().saturating_sub(DEAD);
        self.dead.drain(..old);
        self.is_in_doubt = false;
    }

    fn check(&mut self, client: &Client, root: &str) {
        self.line = Line::default();
        let list = client.ask(Request::get("/api/v1/signing-keys").bearer(root)).data(200);
        let found = signing(&list);
        if self.is_in_doubt {
            let living = self.alive.iter().filter(|one| client.ask(one.me()).status.is_success()).count();
            assert!(
                living == 0 || living == self.alive.len(),
                "{living} of {} tokens live",
                self.alive.len()
            );
            let is_same = self.current.as_ref().is_none_or(|current| *current == found);
            assert!(is_same || living == 0, "another key signs, and old tokens live: {list}");
            if living == 0 {
                self.revoked();
            }
        } else {
            assert!(self.current.as_ref().is_none_or(|current| *current == found), "{list}");
        }
        (self.current, self.is_in_doubt) = (Some(found), false);
        for session in &mut self.alive {
            client.ask(session.me()).data(200);
            *session = Session::of(&client.ask(session.renewal()).data(200));
        }
        for session in &self.dead {
            session.assert_dead(&mut self.line, client);
        }
    }
}

impl Busy for Revoker {
    fn act(&mut self, client: &Client) -> io::Result<()> {
        if self.alive.len() < 3 {
            let tokens = self.line.ask(client, &log_in("root@example.com"))?.data(200);
            self.alive.push(Session::of(&tokens));
        } else {
            let turn = Request::post("/api/v1/signing-keys/rotate", &json!({ "revoke": true }));
            self.is_in_doubt = true;
            let answer = self.line.ask(client, &turn.bearer(self.alive[0].access()))?;
            self.current = Some(signing(&answer.data(200)));
            self.revoked();
        }
        self.acts += 1;
        Ok(())
    }

    fn acts(&self) -> u64 {
        self.acts
    }
}

/// R90 to R92.
#[test]
fn what_a_revoked_key_signed_stays_dead_whenever_the_server_or_the_command_is_killed() {
    let seed = asked("LATCHKEY_CRASH_SEED").unwrap_or_else(|| number(&OsEntropy));
    let rounds = asked("LATCHKEY_CRASH_ROUNDS").unwrap_or(ROUNDS);
    println!("LATCHKEY_CRASH_SEED={seed}");
    let (home, dice) = (home(&Neighbours::start()), Dice::new(seed));
    home.create_user("root@example.com", "super_admin");
    home.create_user("visitor@example.com", "developer");
    let (mut revoker, mut registrar) = (Revoker::default(), Registrar::new());
    let mut newcomers = Newcomers::new(home.data().join("mail"));
    let mut visitor = Visitor::new("visitor@example.com", Dice::new(seed.wrapping_add(1)));
    for round in 0..=rounds {
        let server = home.serve(&[]);
        let client = server.client();
        let root = client.log_in("root@example.com", PASSWORD).data(200);
        let root = root["access_token"].as_str().unwrap();
        revoker.check(&client, root);
        registrar.check(&client, &users(&client, root));
        newcomers.check(&client);
        visitor.check(&client);
        let acts = 1 + dice.below(ACTS);
        load(vec![&mut revoker, &mut registrar, &mut newcomers, &mut visitor], &client, |acknowledged| {
            assert!((0..acts).all(|_| acknowledged(PATIENCE)), "no act is acknowledged any more");
            let ended = server.into_process().kill();
            assert!(!ended.err.contains("panicked") && !ended.err.contains("ERROR"), "{}", ended.err);
        });
        if round % 2 == 1 {
            let mut process = Process::spawn(&mut home.command(&COMMAND));
            let said = process.says_within(Duration::from_micros(dice.below(150_000)));
            process.kill();
            (revoker.is_in_doubt, revoker.current) = (true, None);
            if said.is_some() {
                revoker.revoked();
            }
        }
        if round % 4 == 3 {
            check_offline(&home);
        }
    }
    println!("{rounds} rounds, {} acts of who revokes", revoker.acts);
}
