//! Many at once for what may be had once: SECURITY R14, R42, R44, R45, R48, R61, and section 4, 3.
//!
//! Each race is run in two ways. A scheduler (shuttle) runs the use cases themselves one step at a time, in orders drawn
//! from a seed; a step ends where a caller meets what others share: a snapshot, a commit, the source of random bytes,
//! an answer that is not there yet. And 24 threads run them, begun at one moment. `LATCHKEY_RACE_ROUNDS` says how often;
//! a few times is enough to find a race that was opened again.
//!
//! ## Decision: the real code under the scheduler, and only its writer and its hash threads told when to work
//! A model of a store would show that the model is right. So the services, the store, its groups, its conflicts (the
//! memory engine has every group run twice) and its answers are the real ones; [`Store::by_hand`] leaves out the
//! writer's thread, [`HashPool::by_hand`] those that hash, and tasks of the scheduler do their work. So an order drawn
//! from a seed is the same each time. What memory keeps (budgets of requests and guesses) lies behind locks which nobody
//! holds across a step, so one visit of a lock is one step, as it is for threads.

mod budgets;
mod factors;
mod revocation;
mod scheduled;
mod tokens;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use latchkey::ambient::{Entropy, ManualClock, SeededEntropy};
use latchkey::crypto::HashPool;
use latchkey::domain::time::Timestamp;
use latchkey::services::{Context, Policy, Services};
use latchkey::store::lane::{self, LANE_0, Span};
use latchkey::store::{MemoryEngine, Store};
use tokio::runtime::Runtime;

use crate::harness::{STORE_KEY, TestApp, hash_pool, shared_over};

/// Threads of a race.
const CROWD: usize = 24;

/// Rounds of each race by threads where nobody asks for more, and orders of the scheduler.
const ROUNDS: usize = 10;
const ORDERS: usize = 60;

type Doing<T> = Pin<Box<dyn Future<Output = T> + Send>>;
/// What one of the racers does; its prize, if it got one.
type Act = dyn Fn(Arc<Services>, Context, usize) -> Doing<Option<String>> + Send + Sync;
/// Looks at what all racers got, and at what they left.
type Judge = dyn Fn(Arc<Services>, Vec<Option<String>>) -> Doing<()> + Send + Sync;

/// A race that can be run again and again from the same start.
struct Race {
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    policy: Policy,
    now: Timestamp,
    /// Racers under the scheduler: fewer than threads, for the orders of many are too many to draw from.
    few: usize,
    act: Box<Act>,
    judge: Box<Judge>,
    seed: AtomicU64,
}

impl Race {
    /// A race from the state of `app` in which exactly one may win.
    fn new<F>(app: &TestApp, act: impl Fn(Arc<Services>, Context, usize) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<String>> + Send + 'static,
    {
        let mut rows = BTreeMap::new();
        app.engine.tamper(|held| rows.clone_from(held));
        Self {
            rows,
            policy: app.services.policy.clone(),
            now: app.services.clock.now(),
            few: 3,
            act: Box::new(move |services, ctx, number| Box::pin(act(services, ctx, number))),
            judge: Box::new(|_, prizes| {
                assert_eq!(prizes.iter().flatten().count(), 1, "{prizes:?}");
                Box::pin(async {})
            }),
            seed: AtomicU64::new(1),
        }
    }

    /// The same with `few` racers under the scheduler.
    fn of_few(self, few: usize) -> Self {
        Self { few, ..self }
    }

    /// The same with other rules.
    fn judged<F>(
        self,
        judge: impl Fn(Arc<Services>, Vec<Option<String>>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self { judge: Box::new(move |services, prizes| Box::pin(judge(services, prizes))), ..self }
    }

    /// Runs it both ways.
    fn run(self) {
        let asked = asked_for();
        let race = Arc::new(self);
        scheduled::run(&race, asked.unwrap_or(ORDERS));
        race.run_by_threads(asked.unwrap_or(ROUNDS));
    }

    fn run_by_threads(&self, rounds: usize) {
        let runtime = runtime();
        for _ in 0..rounds {
            let store = Store::open(self.engine(), STORE_KEY).unwrap();
            let services = self.services(store, HashPool::start(hash_pool()).unwrap(), |entropy| entropy);
            let start = Barrier::new(CROWD);
            let prizes = thread::scope(|scope| {
                let race = |number| {
                    let (act, start, runtime) = (self.act(&services, number), &start, &runtime);
                    scope.spawn(move || {
                        start.wait();
                        runtime.block_on(act)
                    })
                };
                let racers: Vec<_> = (0..CROWD).map(race).collect();
                racers.into_iter().map(|racer| racer.join().unwrap()).collect()
            });
            runtime.block_on((self.judge)(services, prizes));
        }
    }

    fn act(&self, services: &Arc<Services>, number: usize) -> Doing<Option<String>> {
        (self.act)(services.clone(), context(services), number)
    }

    /// The rows of the start, in an engine of their own.
    fn engine(&self) -> Arc<MemoryEngine> {
        let engine = MemoryEngine::new();
        engine.tamper(|rows| rows.clone_from(&self.rows));
        Arc::new(engine)
    }

    /// The services of one round. No two rounds draw the same random bytes, nor those that the start was made with.
    fn services<E: Entropy>(
        &self,
        store: Store,
        hashing: HashPool,
        entropy: impl Fn(SeededEntropy) -> E,
    ) -> Arc<Services> {
        let clock = ManualClock::at(self.now);
        let seed = self.seed.fetch_add(1, Ordering::Relaxed);
        let mut shared = shared_over(&self.policy, &clock, store, hashing);
        shared.entropy = Arc::new(entropy(SeededEntropy::new(seed)));
        Arc::new(Services::new(shared, self.policy.clone()))
    }
}

/// How many rounds of each race, and orders, the environment asks for.
#[expect(clippy::disallowed_methods, reason = "a longer run is asked for from outside")]
fn asked_for() -> Option<usize> {
    std::env::var("LATCHKEY_RACE_ROUNDS").ok().map(|rounds| rounds.parse().unwrap())
}

/// A request of somebody somewhere.
fn context(services: &Services) -> Context {
    Context { client: [198, 51, 100, 7].into(), ..services.own_context("race") }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap()
}

/// Makes what a race begins from.
fn ready<T>(start: impl Future<Output = T>) -> T {
    runtime().block_on(start)
}

/// How many events of `action` have `reason`.
fn events(services: &Services, action: &str, reason: Option<&str>) -> usize {
    let page = services.read(|read| lane::records(read, LANE_0, Span::oldest(1_000))).unwrap();
    let all = page.rows.iter().flat_map(|(_, record)| &record.events);
    all.filter(|event| event.action == action && event.reason.as_deref() == reason).count()
}
