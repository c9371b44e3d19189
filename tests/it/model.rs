//! Random lives of a few accounts against a model that keeps the rules in its simplest words.
//!
//! The model knows names, times and which refresh token follows which; it knows nothing of tokens' text, of
//! epochs or of rows. Every answer and every audit event of the server must be the one the model foretells, and
//! after each step every session is as alive as the model says. A failure prints the shortest life that shows it.

mod account;
mod guesses;
mod password;
mod session;

use std::time::Duration;

use latchkey::domain::time::Timestamp;
use latchkey::domain::user::Status;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::harness::{Anonymous, TestApp};
use guesses::Guesses;
use password::{PASSWORDS, WRONG};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
const LOCK_WINDOW: Duration = Duration::from_secs(15 * 60);
const GRACE: Duration = Duration::from_secs(10);
const NAMES: [&str; 3] = ["ada", "eve", "kim"];

/// What happens next. Numbers pick one of what is there, so that every step can be taken in every state.
#[derive(Debug, Clone)]
enum Step {
    Register(usize),
    Verify(usize),
    LogIn {
        who: usize,
        is_right: bool,
    },
    /// `back`: 0 is the newest refresh token of the session, 1 the one before, and so on.
    Refresh {
        session: usize,
        back: usize,
    },
    LogOut(usize),
    LogOutEverywhere(usize),
    /// `to` is the number of the new password, `is_right` whether the current one is given.
    Change {
        session: usize,
        to: usize,
        is_right: bool,
    },
    AskForReset(usize),
    Reset {
        who: usize,
        to: usize,
    },
    /// Asks for the other of a person's two addresses.
    AskForEmail(usize),
    ConfirmEmail(usize),
    Delete(usize),
    Switch {
        who: usize,
        to: Status,
    },
    Wait(Duration),
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..NAMES.len();
    let any = 0..64_usize;
    let any_session = any.clone();
    let password = 0..PASSWORDS.len();
    let is_right = prop_oneof![2 => Just(true), 1 => Just(false)];
    let back = prop_oneof![5 => Just(0), 3 => Just(1), 1 => 2..4_usize];
    let to = prop_oneof![
        1 => Just(Status::Suspended),
        1 => Just(Status::Inactive),
        3 => Just(Status::Active),
    ];
    let seconds = prop_oneof![
        6 => prop::sample::select(vec![1, 5, 10, 11]),
        3 => prop::sample::select(vec![60, 899, 900, 3_539, 3_599]),
        2 => prop::sample::select(vec![86_400, 6 * 86_400]),
        1 => Just(12 * 86_400),
    ];
    prop_oneof![
        1 => who.clone().prop_map(Step::Register),
        2 => who.clone().prop_map(Step::Verify),
        8 => (who.clone(), is_right.clone()).prop_map(|(who, is_right)| Step::LogIn { who, is_right }),
        14 => (any.clone(), back).prop_map(|(session, back)| Step::Refresh { session, back }),
        2 => any.clone().prop_map(Step::LogOut),
        1 => any.clone().prop_map(Step::LogOutEverywhere),
        3 => (any, password.clone(), is_right)
            .prop_map(|(session, to, is_right)| Step::Change { session, to, is_right }),
        2 => who.clone().prop_map(Step::AskForReset),
        2 => (who.clone(), password).prop_map(|(who, to)| Step::Reset { who, to }),
        2 => any_session.clone().prop_map(Step::AskForEmail),
        2 => who.clone().prop_map(Step::ConfirmEmail),
        1 => any_session.prop_map(Step::Delete),
        2 => (who, to).prop_map(|(who, to)| Step::Switch { who, to }),
        6 => seconds.prop_map(|seconds| Step::Wait(Duration::from_secs(seconds))),
    ]
}

#[test]
fn random_lives_go_as_the_model_says() {
    let config = Config { cases: 64, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let lives = prop::collection::vec(step(), 1..64);
    let outcome = runner.run(&lives, |steps| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(live(&steps));
        Ok(())
    });
    if let Err(fault) = outcome {
        panic!("{fault}");
    }
}

async fn live(steps: &[Step]) {
    let app = TestApp::new();
    // The harness's own administrator must not appear among the events of a step.
    app.add("nobody-special", latchkey::domain::role::Role::Developer).await;
    app.set_status("nobody-special", Status::Active).await;
    let mut world = World { app: &app, people: Default::default(), sessions: Vec::new() };
    // Two of the three have an account from the start, so that lives are not all about registering.
    let begin = [Step::Register(0), Step::Verify(0), Step::Register(1), Step::Verify(1)];
    for step in begin.iter().chain(steps) {
        let (expected, happened) = app.events_of(world.take(step)).await;
        assert_eq!(happened, expected, "{step:?}");
        world.check(step).await;
    }
}

/// A person as the model sees them.
#[derive(Default)]
struct Person {
    account: Option<Account>,
    /// Guesses under the name, whoever had it: they decide what a login is told.
    named: Guesses,
    /// Guesses at the account, and at nobody while nobody had the name: they decide what is compared.
    held: Guesses,
    at_nobody: Guesses,
}

struct Account {
    status: Status,
    is_proved: bool,
    link: Link,
    /// The link that sets a new password, while it lives.
    reset: Option<Link>,
    /// The numbers of the passwords, the present one last.
    passwords: Vec<usize>,
    /// Whether the address is the second of the person's two.
    has_moved: bool,
    /// The link that gives the account the other address, while it lives, and whether that is the second.
    other: Option<(Link, bool)>,
}

struct Link {
    token: String,
    dies: Timestamp,
}

/// A session as the model sees it.
struct Session {
    who: usize,
    is_ended: bool,
    began: Timestamp,
    dies: Timestamp,
    /// The refresh tokens, oldest first, and when each was replaced.
    tokens: Vec<Refresh>,
    access: String,
    access_dies: Timestamp,
}

struct Refresh {
    text: String,
    dies: Timestamp,
    replaced_at: Option<Timestamp>,
}

struct World<'a> {
    app: &'a TestApp,
    people: [Person; NAMES.len()],
    sessions: Vec<Session>,
}

impl Account {
    fn may_be_used(&self) -> bool {
        matches!(self.status, Status::Pending | Status::Active)
    }
}

impl World<'_> {
    /// Takes the step on the server and in the model; answers the events the model foretells.
    async fn take(&mut self, step: &Step) -> Vec<String> {
        match *step {
            Step::Register(who) => self.register(who).await,
            Step::Verify(who) => self.verify(who).await,
            Step::LogIn { who, is_right } => self.log_in(who, is_right).await,
            Step::Refresh { session, back } => match self.pick(session) {
                Some(session) => self.refresh(session, back).await,
                None => Vec::new(),
            },
            Step::LogOut(session) => match self.pick(session) {
                Some(session) => self.log_out(session).await,
                None => Vec::new(),
            },
            Step::LogOutEverywhere(session) => match self.pick(session) {
                Some(session) => self.log_out_everywhere(session).await,
                None => Vec::new(),
            },
            Step::Change { session, to, is_right } => match self.pick(session) {
                Some(session) => self.change(session, to, is_right).await,
                None => Vec::new(),
            },
            Step::AskForReset(who) => self.ask_for_reset(who).await,
            Step::Reset { who, to } => self.reset(who, to).await,
            Step::AskForEmail(session) => match self.pick(session) {
                Some(session) => self.ask_for_email(session).await,
                None => Vec::new(),
            },
            Step::ConfirmEmail(who) => self.confirm_email(who).await,
            Step::Delete(session) => match self.pick(session) {
                Some(session) => self.delete(session).await,
                None => Vec::new(),
            },
            Step::Switch { who, to } => self.switch(who, to).await,
            Step::Wait(time) => {
                self.app.advance(time);
                Vec::new()
            }
        }
    }

    async fn register(&mut self, who: usize) -> Vec<String> {
        let email = self.email(who);
        let answer = self.app.anonymous().register(&email).await;
        if self.people[who].account.is_some() {
            answer.refused(409, "ALREADY_EXISTS");
            return Vec::new();
        }
        answer.data(201);
        let link = Link { token: self.app.mailed_token(&email).await, dies: self.now().plus(DAY) };
        let account = Some(Account {
            status: Status::Pending,
            is_proved: false,
            link,
            reset: None,
            passwords: vec![0],
            has_moved: false,
            other: None,
        });
        (self.people[who].account, self.people[who].held) = (account, Guesses::default());
        one("user.registered success")
    }

    async fn verify(&mut self, who: usize) -> Vec<String> {
        let now = self.now();
        let Some(account) = &mut self.people[who].account else { return Vec::new() };
        let answer = self.app.verify(&account.link.token).await;
        if account.is_proved || now >= account.link.dies || !account.may_be_used() {
            answer.refused(400, "VALIDATION_ERROR");
            return Vec::new();
        }
        answer.data(200);
        (account.is_proved, account.status) = (true, Status::Active);
        one("email.verified success")
    }

    async fn log_in(&mut self, who: usize, is_right: bool) -> Vec<String> {
        let password = if is_right { self.password(who) } else { WRONG };
        let answer = self.app.anonymous().log_in(NAMES[who], password).await;
        let now = self.now();
        if self.people[who].named.is_locked(now) {
            answer.refused(423, "ACCOUNT_LOCKED");
            return one("login.failed denied locked");
        }
        if self.guesses(who).is_locked(now) {
            answer.refused(401, "AUTHENTICATION_FAILED");
            self.people[who].named.count(now);
            return one("login.failed denied locked");
        }
        let denial = match &self.people[who].account {
            None => Some("unknown_user"),
            Some(_) if !is_right => Some("wrong_password"),
            Some(account) if account.status == Status::Suspended => Some("account_suspended"),
            Some(account) if account.status == Status::Inactive => Some("account_inactive"),
            Some(account) if !account.is_proved => Some("email_not_verified"),
            Some(_) => None,
        };
        if let Some(reason) = denial {
            answer.refused(401, "AUTHENTICATION_FAILED");
            let mut events = vec![format!("login.failed denied {reason}")];
            self.people[who].named.count(now);
            events.extend(self.count_wrong(who));
            return events;
        }
        self.people[who].named.wrong.clear();
        self.people[who].held.wrong.clear();
        let session = Session {
            who,
            is_ended: false,
            began: now,
            dies: now.plus(DAY * 30),
            tokens: Vec::new(),
            access: String::new(),
            access_dies: now,
        };
        self.sessions.push(session);
        self.note(self.sessions.len() - 1, &answer);
        one("login.succeeded success")
    }

    async fn switch(&mut self, who: usize, to: Status) -> Vec<String> {
        let Some(account) = &mut self.people[who].account else { return Vec::new() };
        self.app.set_status(NAMES[who], to).await;
        if account.status == to {
            return Vec::new();
        }
        account.status = to;
        if !account.may_be_used() {
            self.end_all(who);
        }
        one("user.status_changed success")
    }

    /// Every session opens its door, and is listed, exactly as the model says.
    async fn check(&self, step: &Step) {
        let now = self.now();
        for (at, session) in self.sessions.iter().enumerate() {
            let answer = self.caller(at).get("/api/v1/auth/sessions?limit=100").await;
            let expected = if now < session.access_dies && !session.is_ended { 200 } else { 401 };
            assert_eq!(answer.status, expected, "session {at} after {step:?}: {}", answer.text);
            if expected == 200 {
                let listed = answer.data(200)["sessions"].as_array().unwrap().len();
                assert_eq!(listed, self.alive(session.who), "session {at} after {step:?}");
            }
        }
        for (name, person) in NAMES.iter().zip(&self.people) {
            let stored = self.app.account(name).map(|user| (user.status, user.email_verified_at.is_some()));
            let known = person.account.as_ref().map(|account| (account.status, account.is_proved));
            assert_eq!(stored, known, "{name} after {step:?}");
        }
    }

    /// Counts a wrong password for whoever has the name; answers the event of the lock that it begins, if it does.
    fn count_wrong(&mut self, who: usize) -> Option<String> {
        let now = self.now();
        self.guesses(who).count(now).then(|| "lockout.set success network".to_owned())
    }

    fn is_locked(&mut self, who: usize) -> bool {
        let now = self.now();
        self.guesses(who).is_locked(now)
    }

    fn guesses(&mut self, who: usize) -> &mut Guesses {
        let person = &mut self.people[who];
        if person.account.is_some() { &mut person.held } else { &mut person.at_nobody }
    }

    /// Ends every session of a person, and with them the links that were asked for meanwhile.
    fn end_all(&mut self, who: usize) {
        let account = self.people[who].account.as_mut().unwrap();
        (account.reset, account.other) = (None, None);
        self.sessions
            .iter_mut()
            .filter(|session| session.who == who)
            .for_each(|session| session.is_ended = true);
    }

    /// How many sessions of a person live.
    fn alive(&self, who: usize) -> usize {
        let lives = |session: &&Session| {
            let newest = session.tokens.last().is_some_and(|token| self.now() < token.dies);
            session.who == who && !session.is_ended && newest
        };
        self.sessions.iter().filter(lives).count()
    }

    fn caller(&self, at: usize) -> Anonymous<'_> {
        self.app.anonymous().header("authorization", &format!("Bearer {}", self.sessions[at].access))
    }

    fn pick(&self, number: usize) -> Option<usize> {
        number.checked_rem(self.sessions.len())
    }

    fn now(&self) -> Timestamp {
        self.app.services.clock.now()
    }
}

fn one(event: &str) -> Vec<String> {
    vec![event.to_owned()]
}
