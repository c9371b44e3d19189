//! kill -9 under load, and again while it recovers: what was acknowledged is there after every start.
//!
//! Each round starts the server on what the last one left, checks every act acknowledged so far, loads it from several
//! threads and kills it at a random moment. `LATCHKEY_CRASH_ROUNDS` sets the number of rounds, `LATCHKEY_CRASH_SEED`
//! repeats the choices of a failed run; the moments of the threads among themselves are not repeatable.

mod ledger;

use std::sync::mpsc::channel;
use std::time::Duration;

use latchkey::ambient::{Entropy, OsEntropy, SeededEntropy, Stopwatch, entropy};
use serde_json::{Value, json};

use crate::process::client::{Client, Request};
use crate::process::server::{Home, PASSWORD, PATIENCE, Process, Server};
use ledger::{Admin, Person, Registrar};

const ROUNDS: u64 = 20;
const PEOPLE: usize = 3;
const TARGETS: usize = 2;
/// Most acknowledged acts between a start and its kill.
const ACTS: u64 = 60;
const SERVE: [&str; 5] = ["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"];

/// Repeatable choices.
struct Dice(SeededEntropy);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(SeededEntropy::new(seed))
    }

    fn below(&self, end: u64) -> u64 {
        number(&self.0) % end
    }

    fn index(&self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap()
    }
}

fn number(source: &dyn Entropy) -> u64 {
    u64::from_le_bytes(entropy::bytes(source))
}

#[expect(clippy::disallowed_methods, reason = "a longer run, or a repeated one, is asked for from outside")]
fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Everybody who puts load on the server and remembers what it has acknowledged.
struct Crowd {
    people: Vec<Person>,
    registrar: Registrar,
    admin: Admin,
}

impl Crowd {
    fn new(home: &Home, seed: u64) -> Self {
        home.create_user("root@example.com", "super_admin");
        let people: Vec<_> = (0..PEOPLE).map(|n| format!("person{n}@example.com")).collect();
        let targets: Vec<_> = (0..TARGETS).map(|n| format!("target{n}@example.com")).collect();
        for email in people.iter().chain(&targets) {
            home.create_user(email, "developer");
        }
        let dice = |n: usize| Dice::new(seed.wrapping_add(n as u64));
        Self {
            people: people.iter().enumerate().map(|(n, email)| Person::new(email, dice(n + 2))).collect(),
            registrar: Registrar::new(),
            admin: Admin::new(&targets, dice(1)),
        }
    }

    /// Holds that every acknowledged act is there, whatever became of the ones that were not.
    fn check(&mut self, client: &Client) {
        let root = client.log_in("root@example.com", PASSWORD).data(200);
        let users = users(client, root["access_token"].as_str().unwrap());
        let Self { people, registrar, admin } = self;
        std::thread::scope(|scope| {
            for person in people.iter_mut() {
                scope.spawn(|| person.check(client));
            }
            registrar.check(client, &users);
            admin.check(client, &users);
        });
    }

    /// Works until the connections break, which `killer` brings about.
    fn load(&mut self, client: &Client, killer: impl FnOnce(&mut dyn FnMut(Duration) -> bool)) {
        let (acknowledged, acts) = channel();
        let Self { people, registrar, admin } = self;
        std::thread::scope(|scope| {
            for person in people.iter_mut() {
                let acknowledged = acknowledged.clone();
                scope
                    .spawn(move || while person.act(client).is_ok_and(|()| acknowledged.send(()).is_ok()) {});
            }
            let (second, third) = (acknowledged.clone(), acknowledged);
            scope.spawn(move || while registrar.act(client).is_ok_and(|()| second.send(()).is_ok()) {});
            scope.spawn(move || while admin.act(client).is_ok_and(|()| third.send(()).is_ok()) {});
            killer(&mut |time| acts.recv_timeout(time).is_ok());
        });
    }
}

/// Every account, newest first.
fn users(client: &Client, token: &str) -> Vec<Value> {
    let mut users = Vec::new();
    loop {
        let path = format!("/api/v1/users?limit=100&offset={}", users.len());
        let page = client.ask(Request::get(&path).bearer(token)).data(200);
        users.extend(page["users"].as_array().unwrap().iter().cloned());
        if users.len() as u64 >= page["total"].as_u64().unwrap() {
            return users;
        }
    }
}

/// Both offline checks, which open the store as the kill has left it.
fn check_offline(home: &Home) {
    for command in
        [&["audit", "verify", "--data-dir", "data"][..], &["check", "--store", "--data-dir", "data"]]
    {
        let ended = home.run(command);
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    }
}

/// Starts the server and kills it at a random moment of its start.
fn die_young(home: &Home, dice: &Dice) {
    let mut process = Process::spawn(&mut home.command(&SERVE));
    process.says_within(Duration::from_micros(dice.below(200_000)));
    process.kill();
}

fn kill_under_load(server: Server, crowd: &mut Crowd, dice: &Dice) {
    let client = server.client();
    let (acts, further) = (1 + dice.below(ACTS), Duration::from_micros(dice.below(5_000)));
    crowd.load(&client, |acknowledged| {
        for _ in 0..acts {
            assert!(acknowledged(PATIENCE), "no act is acknowledged any more");
        }
        while acknowledged(further) && dice.below(4) > 0 {}
        let ended = server.into_process().kill();
        assert!(!ended.err.contains("panicked") && !ended.err.contains("ERROR"), "{}", ended.err);
    });
}

/// Every mail of an acknowledged registration leaves in the end.
fn check_mail(home: &Home, client: &Client, crowd: &Crowd) {
    let root = client.log_in("root@example.com", PASSWORD).data(200);
    let root = root["access_token"].as_str().unwrap();
    let waiting = || client.ask(Request::get("/api/v1/outbox").bearer(root)).data(200);
    let is_empty = |page: &Value| page.to_string().contains("\"mails\":[]");
    assert!((0..10_000).any(|_| is_empty(&waiting())), "{:#}", waiting());
    let mails = std::fs::read_dir(home.data().join("mail")).unwrap();
    let mails: String = mails.map(|mail| std::fs::read_to_string(mail.unwrap().path()).unwrap()).collect();
    for email in crowd.registrar.registered() {
        assert!(mails.contains(&format!("To: {email}")), "no mail for {email}");
    }
}

/// R90.
#[test]
fn what_was_acknowledged_survives_kills_under_load_and_during_recovery() {
    let seed = asked("LATCHKEY_CRASH_SEED").unwrap_or_else(|| number(&OsEntropy));
    let rounds = asked("LATCHKEY_CRASH_ROUNDS").unwrap_or(ROUNDS);
    println!("LATCHKEY_CRASH_SEED={seed}");
    let dice = Dice::new(seed);
    // A client that lost its answer asks again, however slow this machine is.
    let home = Home::new().env("LATCHKEY_TOKENS__RETRY_GRACE", "60s");
    let mut crowd = Crowd::new(&home, seed);
    for round in 1..=rounds {
        let watch = Stopwatch::start();
        let server = home.serve(&[]);
        let started = watch.elapsed();
        crowd.check(&server.client());
        let checked = watch.elapsed();
        kill_under_load(server, &mut crowd, &dice);
        println!(
            "round {round}: start {started:?}, check {:?}, load {:?}",
            checked - started,
            watch.elapsed() - checked
        );
        if round % 3 == 0 {
            die_young(&home, &dice);
            die_young(&home, &dice);
        }
        if round % 5 == 0 {
            check_offline(&home);
        }
    }
    let server = home.serve(&[]);
    crowd.check(&server.client());
    check_mail(&home, &server.client(), &crowd);
    server.stop();
    check_offline(&home);
    let bytes = home.data().join("store.redb").metadata().unwrap().len();
    println!("{} acts, {} KiB", crowd.acts(), bytes / 1024);
}

impl Crowd {
    fn acts(&self) -> u64 {
        self.people.iter().map(|person| person.acts).sum::<u64>() + self.registrar.acts + self.admin.acts
    }
}

#[test]
fn a_stop_under_load_keeps_what_was_acknowledged() {
    let seed = asked("LATCHKEY_CRASH_SEED").unwrap_or_else(|| number(&OsEntropy));
    println!("LATCHKEY_CRASH_SEED={seed}");
    let home = Home::new().env("LATCHKEY_TOKENS__RETRY_GRACE", "60s");
    let mut crowd = Crowd::new(&home, seed);
    for _ in 0..3 {
        let server = home.serve(&[]);
        let client = server.client();
        crowd.check(&client);
        crowd.load(&client, |acknowledged| {
            for _ in 0..ACTS {
                assert!(acknowledged(PATIENCE), "no act is acknowledged any more");
            }
            let ended = server.stop();
            assert!(ended.err.contains("connections_cut=0"), "{}", ended.err);
        });
    }
    check_offline(&home);
    let server = home.serve(&[]);
    crowd.check(&server.client());
}

#[test]
fn a_first_start_that_is_killed_begins_again() {
    let seed = asked("LATCHKEY_CRASH_SEED").unwrap_or_else(|| number(&OsEntropy));
    println!("LATCHKEY_CRASH_SEED={seed}");
    let dice = Dice::new(seed);
    for _ in 0..8 {
        let home = Home::new();
        let mut process = Process::spawn(&mut home.command(&SERVE));
        process.says_within(Duration::from_micros(dice.below(60_000)));
        process.kill();
        let mut server = home.serve(&[]);
        let form = json!({ "code": server.setup_code(), "email": "ada@example.com", "password": PASSWORD, "name": "Ada" });
        server.client().post("/api/v1/setup", &form).data(201);
        server.into_process().kill();
        home.serve(&[]).client().log_in("ada@example.com", PASSWORD).data(200);
    }
}
