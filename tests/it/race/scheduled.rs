//! Races in orders that a scheduler draws. Knows no race.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use latchkey::ambient::{Entropy, SeededEntropy};
use latchkey::crypto::HashPool;
use latchkey::store::engine::{CommitFault, Engine, Integrity, RawRead, WriteSet};
use latchkey::store::{HandWriter, MemoryEngine, Store, StoreError};
use shuttle::scheduler::{
    PctScheduler, RandomScheduler, Scheduler, UncontrolledNondeterminismCheckScheduler as Repeated,
};
use shuttle::sync::atomic::AtomicBool;
use shuttle::{Config, Runner, thread};

use super::{Race, STORE_KEY, runtime};
use crate::harness::hash_pool;

const SEED: u64 = 0x0bad_5eed;

/// Use cases are deep, and deeper without optimisation.
const STACK_BYTES: usize = 1 << 20;

/// Runs the race in `orders` orders: half drawn freely, half with few changes of who goes first (PCT), which finds what
/// only a long wait of one racer shows.
pub fn run(race: &Arc<Race>, orders: usize) {
    let half = orders.div_ceil(2);
    // Twice each, and compared: a failure can be had again, for an order leads to the same steps each time.
    run_under(race, Repeated::new(RandomScheduler::new_from_seed(SEED, half)));
    run_under(race, PctScheduler::new_from_seed(SEED, 3, half));
}

fn run_under(race: &Arc<Race>, scheduler: impl Scheduler + 'static) {
    // Some waits are timed, and those need a runtime; none is driven by it.
    let runtime = runtime();
    let _entered = runtime.enter();
    let mut config = Config::new();
    config.stack_size = STACK_BYTES;
    config.max_steps = shuttle::MaxSteps::None;
    let race = Arc::clone(race);
    Runner::new(scheduler, config).run(move || round(&race));
}

fn round(race: &Arc<Race>) {
    let engine = Arc::new(Stepwise { rows: race.engine(), step: AtomicBool::new(false) });
    let (store, writer) = Store::by_hand(engine, STORE_KEY).unwrap();
    let (hashing, hasher) = HashPool::by_hand(hash_pool()).unwrap();
    let services = race.services(store, hashing, |bytes| Steps { bytes, step: AtomicBool::new(false) });
    let racing = Arc::new(AtomicUsize::new(race.few));
    let enter = |number| {
        let (act, racing) = (race.act(&services, number), Arc::clone(&racing));
        thread::spawn(move || {
            let prize = wait(act);
            racing.fetch_sub(1, Ordering::SeqCst);
            prize
        })
    };
    let racers: Vec<_> = (0..race.few).map(enter).collect();
    let writer = at_work(&racing, writer, HandWriter::turn);
    let hasher = at_work(&racing, hasher, |hasher| hasher.turn());
    let prizes = racers.into_iter().map(|racer| racer.join().unwrap()).collect();
    hasher.join().unwrap();
    alone(&mut writer.join().unwrap(), (race.judge)(services, prizes));
}

/// Has `worker` work while anybody races; hands it back.
fn at_work<W: Send + 'static>(
    racing: &Arc<AtomicUsize>,
    mut worker: W,
    turn: fn(&mut W) -> bool,
) -> thread::JoinHandle<W> {
    let racing = Arc::clone(racing);
    thread::spawn(move || {
        while racing.load(Ordering::SeqCst) > 0 {
            turn(&mut worker);
            thread::yield_now();
        }
        worker
    })
}

/// Asks again and again whether `act` is done, and lets the others go first meanwhile.
fn wait<T>(act: impl Future<Output = T>) -> T {
    let mut act = pin!(act);
    loop {
        if let Poll::Ready(done) = act.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return done;
        }
        thread::yield_now();
    }
}

/// Does `act` while nobody else does anything.
fn alone(writer: &mut HandWriter, act: impl Future<Output = ()>) {
    let mut act = pin!(act);
    while act.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
        writer.turn();
    }
}

/// Rows in memory; every look at them and every commit is a step of its own.
struct Stepwise {
    rows: Arc<MemoryEngine>,
    step: AtomicBool,
}

impl fmt::Debug for Stepwise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rows.fmt(f)
    }
}

impl Engine for Stepwise {
    fn snapshot(&self) -> Result<Box<dyn RawRead + '_>, StoreError> {
        self.step.load(Ordering::SeqCst);
        self.rows.snapshot()
    }

    fn commit(&self, writes: &WriteSet) -> Result<(), CommitFault> {
        self.step.load(Ordering::SeqCst);
        let done = self.rows.commit(writes);
        self.step.load(Ordering::SeqCst);
        done
    }

    fn check(&self) -> Result<Integrity, StoreError> {
        self.rows.check()
    }
}

/// Random bytes; every draw is a step of its own.
struct Steps {
    bytes: SeededEntropy,
    step: AtomicBool,
}

impl Entropy for Steps {
    fn fill(&self, bytes: &mut [u8]) {
        self.step.load(Ordering::SeqCst);
        self.bytes.fill(bytes);
    }
}
