//! Any acts of one person with a second factor, and of whoever guesses it, on the real use cases over the memory engine,
//! against a model of names and times: no step and no backup code is taken twice, a waiting login ends once or dies of
//! five wrong codes, no hour hears more than twenty of them, a refresh token has one successor, and what ended is dead.
//!
//! A login begins here as a right password leaves it, for a hash in every run would let few runs through.
#![no_main]

use std::collections::{BTreeMap, HashSet};
use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context as Poller, Poll, Waker};
use std::time::Duration;

use arbitrary::Arbitrary;
use latchkey::ambient::ManualClock;
use latchkey::crypto::{LoginHandle, TotpSecret};
use latchkey::domain::factor::{PENDING_LOGIN_TRIES, PENDING_LOGIN_TTL, STEP, WRONG_CODES_MAX, steps_at};
use latchkey::domain::id::UserId;
use latchkey::domain::role::Role;
use latchkey::domain::time::Timestamp;
use latchkey::domain::user::User;
use latchkey::services::factor::{FactorFault, check};
use latchkey::services::login::{LoggedIn, LoginFault, Typed, log_in};
use latchkey::services::opening::{Opened, Opening};
use latchkey::services::pending_login::{Browser, verify};
use latchkey::services::registration::{Registration, create};
use latchkey::services::session::{authenticate, end, end_all};
use latchkey::services::token::{Granted, refresh};
use latchkey::services::{Context, Services, enrolment};
use latchkey::store::factor::PendingLogin;
use latchkey::store::{self, HandWriter, MemoryEngine, Store, Txn};
use latchkey_fuzz::{HOUR, services};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
enum Act {
    /// A right password.
    Begin,
    /// A code for the waiting login so many before the newest.
    Finish(u8, Code),
    /// A code at the door of a step-up.
    Prove(Code),
    /// The refresh token so many before the newest of a session.
    Refresh(u8, u8),
    LogOut(u8),
    LogOutEverywhere(u8),
    Wait(u16),
}

#[derive(Debug, Arbitrary)]
enum Code {
    /// Of the app, so many steps from now, up to three.
    App(u8),
    Backup(u8),
    Wrong,
}

const PASSWORD: &str = "correct horse battery";
const STORE_KEY: [u8; 32] = [7; 32];
const BEGIN: Timestamp = Timestamp::from_seconds(1_800_000_000);
const ACTS: usize = 60;

/// What every run begins from: Ada, whose factor is on.
struct Start {
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    now: Timestamp,
    ada: UserId,
    secret: TotpSecret,
    backup_codes: Vec<String>,
    last_step: u64,
}

static START: LazyLock<Start> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(enrolled())
});

async fn enrolled() -> Start {
    let engine = Arc::new(MemoryEngine::single_run());
    let (app, _) = services(Store::open(engine.clone(), STORE_KEY).expect("an empty store opens"), BEGIN, 1);
    let ctx = app.own_context("start");
    let form = Registration {
        email: "ada@example.com",
        password: PASSWORD,
        name: Some("Ada"),
        username: Some("ada"),
    };
    let ada = create(&app, &ctx, &form, Role::Developer).await.expect("nobody is there").id;
    let typed = Typed { name: "ada", password: PASSWORD, code: None };
    let Ok(LoggedIn::Done(Opened::Tokens(tokens))) = log_in(&app, &ctx, typed, Opening::Tokens).await else {
        panic!("a right password logs in")
    };
    let caller = authenticate(&app, &tokens.access_token, ctx.now).expect("a new token");
    let shown = enrolment::set_up(&app, &ctx, &caller).await.expect("a fresh session enrols");
    let factor = app.read(|read| store::factor::of_user(read, ada)).expect("readable").expect("set up");
    let secret = app.keys.factors.open(&store::factor::place(ada), &factor.sealed_secret).expect("ours");
    let secret = TotpSecret::from_bytes(&secret).expect("a secret");
    let step = steps_at(ctx.now).nth(1).expect("three");
    enrolment::enable(&app, &ctx, &caller, &secret.code(step)).await.expect("the right code");
    end_all(&app, &ctx, &caller).await.expect("a live session");
    let mut rows = BTreeMap::new();
    engine.tamper(|held| rows.clone_from(held));
    let backup_codes = shown.backup_codes.iter().map(|code| code.to_string()).collect();
    Start { rows, now: BEGIN.plus(STEP), ada, secret, backup_codes, last_step: step }
}

struct Waiting {
    handle: String,
    epoch: u32,
    tries_left: u8,
    dies: Timestamp,
}

struct Session {
    /// The refresh tokens with their ends, oldest first, and when the last but one was replaced.
    tokens: Vec<(String, Timestamp)>,
    replaced_at: Timestamp,
    access: (String, Timestamp),
    ends: Timestamp,
    is_ended: bool,
}

struct World {
    app: Services,
    clock: ManualClock,
    writer: HandWriter,
    epoch: u32,
    last_step: u64,
    spent: HashSet<usize>,
    waiting: Vec<Waiting>,
    sessions: Vec<Session>,
    /// When wrong codes were heard.
    heard: Vec<Timestamp>,
}

fuzz_target!(|acts: Vec<Act>| {
    let engine = MemoryEngine::single_run();
    engine.tamper(|rows| rows.clone_from(&START.rows));
    let (store, writer) = Store::by_hand(Arc::new(engine), STORE_KEY).expect("a store of ours");
    let (app, clock) = services(store, START.now, 2);
    let ada = app.read(|read| store::user::by_id(read, START.ada)).expect("readable").expect("Ada");
    let mut world = World {
        app,
        clock,
        writer,
        epoch: ada.session_epoch,
        last_step: START.last_step,
        spent: HashSet::new(),
        waiting: Vec::new(),
        sessions: Vec::new(),
        heard: Vec::new(),
    };
    acts.iter().take(ACTS).for_each(|act| world.take(act));
});

impl World {
    fn take(&mut self, act: &Act) {
        let ctx = Context { client: [198, 51, 100, 7].into(), ..self.app.own_context("fuzz") };
        match act {
            Act::Wait(seconds) => self.clock.advance(Duration::from_secs(u64::from(*seconds))),
            Act::Begin => self.begin(&ctx),
            Act::Finish(back, code) => self.finish(&ctx, usize::from(*back), code),
            Act::Prove(code) => self.prove(&ctx, code),
            Act::Refresh(session, back) => self.refresh(&ctx, *session, usize::from(*back)),
            Act::LogOut(session) => self.log_out(&ctx, *session, false),
            Act::LogOutEverywhere(session) => self.log_out(&ctx, *session, true),
        }
        self.check(ctx.now);
    }

    fn begin(&mut self, ctx: &Context) {
        let handle = LoginHandle::new(self.app.random());
        let login = PendingLogin {
            key: self.app.keys.logins.hash(&handle),
            user: START.ada,
            epoch: self.epoch,
            is_cookie: false,
            tries_left: PENDING_LOGIN_TRIES,
            expires_at: ctx.now.plus(PENDING_LOGIN_TTL),
        };
        let insert = move |txn: &mut Txn<'_>| store::factor::insert_pending(txn, &login);
        done(&mut self.writer, self.app.write("begin", ctx, insert)).expect("a free row");
        self.waiting.push(Waiting {
            handle: handle.reveal().to_string(),
            epoch: self.epoch,
            tries_left: PENDING_LOGIN_TRIES,
            dies: login.expires_at,
        });
    }

    fn finish(&mut self, ctx: &Context, back: usize, code: &Code) {
        let Some(at) = self.waiting.len().checked_sub(1 + back) else { return };
        let handle = self.waiting[at].handle.clone();
        let text = self.text(code, ctx.now);
        let is_waiting = {
            let login = &self.waiting[at];
            login.tries_left > 0 && ctx.now < login.dies && login.epoch == self.epoch
        };
        let said = done(&mut self.writer, verify(&self.app, ctx, &handle, &text, Browser::NONE));
        match said {
            Ok(Opened::Tokens(granted)) => {
                assert!(is_waiting && self.spend(&text, ctx.now), "a login for nothing");
                self.waiting[at].tries_left = 0;
                self.open(ctx.now, *granted);
            }
            Err(LoginFault::WrongCode) => {
                assert!(is_waiting && !self.spend(&text, ctx.now), "a right code was wrong");
                self.waiting[at].tries_left -= 1;
                self.hear(ctx.now);
            }
            Err(LoginFault::NoPendingLogin) => assert!(!is_waiting, "a waiting login is gone"),
            Err(LoginFault::Locked { .. }) => {
                assert!(is_waiting);
                self.is_locked(ctx.now);
            }
            Ok(Opened::Cookie(_)) | Err(_) => panic!("nothing else can be said"),
        }
    }

    fn prove(&mut self, ctx: &Context, code: &Code) {
        let text = self.text(code, ctx.now);
        let ada: User = self.app.read(|read| store::user::by_id(read, START.ada)).expect("ok").expect("Ada");
        match done(&mut self.writer, check(&self.app, ctx, &ada, &text)) {
            Ok(_) => assert!(self.spend(&text, ctx.now), "a code for nothing"),
            Err(FactorFault::Wrong) => {
                assert!(!self.spend(&text, ctx.now), "a right code was wrong");
                self.hear(ctx.now);
            }
            Err(FactorFault::Locked { .. }) => self.is_locked(ctx.now),
            Err(_) => panic!("nothing else can be said"),
        }
    }

    /// Spends a code in the model; false when it is none, or was spent.
    fn spend(&mut self, text: &str, now: Timestamp) -> bool {
        let is_fitting = |step: &u64| *step > self.last_step && START.secret.code(*step).as_str() == text;
        if let Some(step) = steps_at(now).find(is_fitting) {
            self.last_step = step;
            return true;
        }
        START.backup_codes.iter().position(|code| code == text).is_some_and(|at| self.spent.insert(at))
    }

    fn text(&self, code: &Code, now: Timestamp) -> String {
        match code {
            Code::Wrong => "not a code".to_owned(),
            Code::Backup(which) => START.backup_codes[usize::from(*which) % START.backup_codes.len()].clone(),
            Code::App(steps) => {
                let step = steps_at(now).nth(1).expect("three") - 3 + u64::from(steps % 7);
                START.secret.code(step).to_string()
            }
        }
    }

    fn hear(&mut self, now: Timestamp) {
        self.heard.push(now);
        let of_late = self.heard.iter().filter(|at| at.plus(HOUR) > now).count();
        assert!(of_late <= WRONG_CODES_MAX, "{of_late} wrong codes in an hour");
    }

    fn is_locked(&self, now: Timestamp) {
        let of_late = self.heard.iter().filter(|at| at.plus(HOUR * 2) > now).count();
        assert!(of_late >= WRONG_CODES_MAX, "locked after {of_late} wrong codes");
    }

    fn open(&mut self, now: Timestamp, granted: Granted) {
        let ends = now.plus(HOUR * 720);
        self.sessions.push(Session {
            tokens: Vec::new(),
            replaced_at: now,
            access: (String::new(), now),
            ends,
            is_ended: false,
        });
        let last = self.sessions.len() - 1;
        self.keep(last, now, granted);
    }

    fn keep(&mut self, session: usize, now: Timestamp, granted: Granted) {
        let session = &mut self.sessions[session];
        session.replaced_at = now;
        session.tokens.push((granted.refresh_token, now.plus(HOUR * 168).min(session.ends)));
        session.access = (granted.access_token, now.plus(HOUR).min(session.ends));
    }

    fn refresh(&mut self, ctx: &Context, session: u8, back: usize) {
        let Some(at) = usize::from(session).checked_rem(self.sessions.len()) else { return };
        let Some(which) = self.sessions[at].tokens.len().checked_sub(1 + back) else { return };
        let (token, dies) = self.sessions[at].tokens[which].clone();
        let said = done(&mut self.writer, refresh(&self.app, ctx, &token));
        let is_lost = self.sessions[at].is_ended || ctx.now >= dies;
        let is_retry = back == 1 && ctx.now.since(self.sessions[at].replaced_at) <= Duration::from_secs(10);
        match said {
            Ok(granted) if back == 0 => {
                assert!(!is_lost && granted.refresh_token != token);
                self.keep(at, ctx.now, granted);
            }
            Ok(granted) => {
                assert!(!is_lost && is_retry, "a token was used twice");
                let newest = self.sessions[at].tokens.last().expect("the one that was presented");
                assert_eq!(granted.refresh_token, newest.0, "one successor");
                self.sessions[at].access =
                    (granted.access_token, ctx.now.plus(HOUR).min(self.sessions[at].ends));
            }
            Err(_) if is_lost => {}
            Err(_) => {
                assert!(back >= 1 && !is_retry, "a good token was refused");
                self.sessions[at].is_ended = true;
            }
        }
    }

    fn log_out(&mut self, ctx: &Context, session: u8, is_everywhere: bool) {
        let Some(at) = usize::from(session).checked_rem(self.sessions.len()) else { return };
        let Ok(caller) = authenticate(&self.app, &self.sessions[at].access.0, ctx.now) else { return };
        if is_everywhere {
            done(&mut self.writer, end_all(&self.app, ctx, &caller)).expect("a live session");
            self.epoch += 1;
            self.sessions.iter_mut().for_each(|session| session.is_ended = true);
        } else {
            done(&mut self.writer, end(&self.app, ctx, &caller, caller.session)).expect("a live session");
            self.sessions[at].is_ended = true;
        }
    }

    /// Every access token opens as the model says.
    fn check(&self, now: Timestamp) {
        for session in &self.sessions {
            let (access, dies) = &session.access;
            let newest = session.tokens.last().expect("a session has tokens").1;
            let opens = authenticate(&self.app, access, now).is_ok();
            assert_eq!(opens, !session.is_ended && now < *dies && now < newest);
        }
    }
}

/// Does `act`; the writer works whenever it waits.
fn done<T>(writer: &mut HandWriter, act: impl Future<Output = T>) -> T {
    let mut act = pin!(act);
    loop {
        if let Poll::Ready(done) = act.as_mut().poll(&mut Poller::from_waker(Waker::noop())) {
            return done;
        }
        assert!(writer.turn(), "it waits for nothing");
    }
}
