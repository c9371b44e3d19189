//! The pool under test: exact counts of runs, refusals and buffers, without one sleep.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use super::*;
use crate::ambient::Stopwatch;

/// Lets a test hold every hash at its start, and make one panic.
#[derive(Default)]
pub(super) struct Hooks {
    held: AtomicBool,
    panic_next: AtomicBool,
    /// The nice value of the thread that hashed last.
    nice: AtomicI32,
}

impl Hooks {
    pub(super) fn pass(&self) {
        self.nice.store(nice(), Ordering::SeqCst);
        while self.held.load(Ordering::SeqCst) {
            thread::yield_now();
        }
        assert!(!self.panic_next.swap(false, Ordering::SeqCst), "a test asked for this panic");
    }
}

/// The nice value of the calling thread as the kernel shows it.
fn nice() -> i32 {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
    // The name in parentheses may hold spaces; the nice value is the 17th field behind it.
    let (_, fields) = stat.rsplit_once(')').unwrap();
    fields.split_whitespace().nth(16).unwrap().parse().unwrap()
}

fn config() -> PoolConfig {
    PoolConfig { params: HashParams::insecure_for_tests(), ..PoolConfig::default() }
}

/// A pool of one thread: the budget is one hash.
fn single(max_waiting: usize) -> PoolConfig {
    PoolConfig { budget_bytes: 8 * 1024, max_waiting, ..config() }
}

fn start(config: PoolConfig) -> Arc<HashPool> {
    Arc::new(HashPool::start(config).unwrap())
}

fn typed(text: &str) -> Password {
    Password::new(text)
}

fn stored(phc: &Phc) -> Verifier {
    Verifier::Phc(phc.as_str().to_owned())
}

/// Holds every hash at its start, or lets all go on.
fn hold(shared: &Shared, held: bool) {
    shared.hooks.held.store(held, Ordering::SeqCst);
}

/// Begins a verification on another task.
fn begin(pool: &Arc<HashPool>) -> tokio::task::JoinHandle<Result<Verdict, HashError>> {
    let pool = Arc::clone(pool);
    tokio::spawn(async move { pool.verify(typed("password"), Verifier::Nobody).await })
}

/// Waits until the counters are as they should be; fails after a minute.
fn until(pool: &HashPool, reached: impl Fn(HashStats) -> bool) {
    let patience = Stopwatch::start();
    while !reached(pool.stats()) {
        assert!(patience.elapsed() < Duration::from_secs(60), "still {:?}", pool.stats());
        thread::yield_now();
    }
}

#[tokio::test]
async fn a_password_matches_its_own_hash_and_no_other_password_does() {
    let pool = start(config());
    let phc = pool.hash(typed("correct horse"), [7; 16]).await.unwrap();
    assert!(phc.as_str().starts_with("$argon2id$v=19$m=8,t=1,p=1$BwcHBwcHBwcHBwcHBwcHBw$"));
    let right = pool.verify(typed("correct horse"), stored(&phc)).await;
    assert_eq!(right, Ok(Verdict { matches: true, needs_rehash: false }));
    for wrong in ["correct horsf", "Correct horse", "correct horse ", "", "correct horse\0"] {
        let verdict = pool.verify(typed(wrong), stored(&phc)).await;
        assert_eq!(verdict, Ok(Verdict { matches: false, needs_rehash: false }), "{wrong}");
    }
    assert_eq!(pool.stats().runs, 7);
}

#[tokio::test]
async fn hashes_of_the_reference_implementation_match_and_ask_for_a_new_hash() {
    let pool = start(config());
    for phc in [
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    ] {
        let verdict = pool.verify(typed("password"), Verifier::Phc(phc.to_owned())).await;
        assert_eq!(verdict, Ok(Verdict { matches: true, needs_rehash: true }), "{phc}");
    }
}

/// Of argon2-cffi 25, which uses the reference implementation. R6.
#[tokio::test]
async fn hashes_of_several_lanes_match_and_ask_for_a_new_hash() {
    let pool = start(config());
    for phc in [
        "$argon2id$v=19$m=64,t=1,p=4$MDEyMzQ1Njc4OWFiY2RlZg$WrjdTDmQBC+5g0abxjYJdRf1mwVB6Jz7JJ0Jr/2OmCw",
        "$argon2id$v=19$m=100,t=2,p=3$MDEyMzQ1Njc4OWFiY2RlZg$WCxf/glRmoU0fDjuk018873f6GxUi6GaoxjO4xiWDOw",
    ] {
        for (password, matches) in [("correct horse battery", true), ("correct horse batterz", false)] {
            let verdict = pool.verify(typed(password), Verifier::Phc(phc.to_owned())).await;
            assert_eq!(verdict, Ok(Verdict { matches, needs_rehash: matches }), "{phc}");
        }
    }
}

#[tokio::test]
async fn a_bcrypt_hash_matches_its_password_and_asks_for_a_new_hash() {
    let pool = start(config());
    let stored = "$2b$04$......................yqKybrYN1gfi6yNZruor7MV8yF80Yo.";
    for (password, matches) in
        [("correct horse battery", true), ("correct horse batterz", false), ("", false)]
    {
        let before = pool.stats().runs;
        let verdict = pool.verify(typed(password), Verifier::Phc(stored.to_owned())).await;
        assert_eq!(verdict, Ok(Verdict { matches, needs_rehash: matches }), "{password}");
        assert_eq!(pool.stats().runs, before + 1);
    }
    assert_eq!(pool.stats().buffers, 0);
}

/// The first 72 bytes, and what stands before a NUL, would match.
#[tokio::test]
async fn a_password_that_bcrypt_would_cut_never_matches() {
    let pool = start(config());
    let x72 = "x".repeat(72);
    let of_x72 = "$2b$04$......................SZFhVdUK5wGKY4lx/QrgUMHG0XsWjbi";
    let of_battery = "$2b$04$......................yqKybrYN1gfi6yNZruor7MV8yF80Yo.";
    for (password, stored, matches) in [
        (x72.clone(), of_x72, true),
        (format!("{x72}x"), of_x72, false),
        (format!("{x72}\0"), of_x72, false),
        ("correct horse battery\0".to_owned(), of_battery, false),
        ("correct horse battery\0more".to_owned(), of_battery, false),
    ] {
        let verdict = pool.verify(typed(&password), Verifier::Phc(stored.to_owned())).await;
        assert_eq!(verdict, Ok(Verdict { matches, needs_rehash: matches }), "{password:?}");
    }
    assert!(pool.shared.told_unread.load(Ordering::Relaxed));
    assert_eq!(pool.stats().runs, 5);
}

/// R6.
#[tokio::test]
async fn the_default_costs_agree_with_the_crates_own_hash() {
    use argon2::PasswordVerifier;
    let pool = start(PoolConfig::default());
    for _ in 0..2 {
        let phc = pool.hash(typed("reused memory gives the same hash"), [3; 16]).await.unwrap();
        let crates = argon2::Argon2::default();
        crates.verify_password(b"reused memory gives the same hash", phc.as_str()).unwrap();
    }
}

#[tokio::test]
async fn every_verification_costs_exactly_one_run_whoever_it_names() {
    let pool = start(config());
    let phc = pool.hash(typed("password"), [1; 16]).await.unwrap();
    let no = Ok(Verdict { matches: false, needs_rehash: false });
    let huge = phc.as_str().replace("m=8,", "m=65537,");
    let cases = [
        (stored(&phc), Ok(Verdict { matches: true, needs_rehash: false })),
        (Verifier::Nobody, no),
        (Verifier::Phc(String::new()), Err(HashError::Unreadable)),
        (Verifier::Phc("$2b$12$whatever".to_owned()), Err(HashError::Unreadable)),
        (Verifier::Phc(huge), Err(HashError::OverBudget)),
    ];
    for (at, (verifier, expected)) in cases.into_iter().enumerate() {
        let before = pool.stats().runs;
        assert_eq!(pool.verify(typed("password"), verifier).await, expected, "case {at}");
        assert_eq!(pool.stats().runs, before + 1, "case {at}");
    }
}

#[tokio::test]
async fn nobody_never_matches_even_the_hash_of_nothing() {
    let pool = start(config());
    for text in ["", "\0", "password"] {
        assert!(!pool.verify(typed(text), Verifier::Nobody).await.unwrap().matches);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_and_says_when_to_come_again() {
    let pool = start(single(2));
    hold(&pool.shared, true);
    let held: Vec<_> = (0..3).map(|_| begin(&pool)).collect();
    until(&pool, |stats| stats.running == 1 && stats.queued == 2);
    let refused = pool.hash(typed("late"), [0; 16]).await;
    assert!(matches!(refused, Err(HashError::Busy { retry_after }) if retry_after.as_secs() >= 1));
    assert_eq!(pool.stats().refused, 1);
    hold(&pool.shared, false);
    for held in held {
        assert!(!held.await.unwrap().unwrap().matches);
    }
    let stats = pool.stats();
    assert_eq!((stats.runs, stats.queued, stats.running), (3, 0, 0));
    assert!(stats.longest_wait > Duration::ZERO);
    assert!(stats.waits.total() >= stats.longest_wait);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_gives_its_place_up_and_costs_no_run() {
    let pool = start(single(1));
    hold(&pool.shared, true);
    let running = begin(&pool);
    until(&pool, |stats| stats.running == 1);
    let waiting = begin(&pool);
    until(&pool, |stats| stats.queued == 1);
    waiting.abort();
    until(&pool, |stats| stats.queued == 0);
    let next = begin(&pool);
    until(&pool, |stats| stats.queued == 1);
    // Going away from a hash that already runs leaves no permit behind either.
    running.abort();
    hold(&pool.shared, false);
    assert!(!next.await.unwrap().unwrap().matches);
    assert_eq!((pool.stats().runs, pool.stats().refused, pool.stats().running), (2, 0, 0));
}

#[tokio::test]
async fn a_caller_that_waited_too_long_is_refused_without_a_run() {
    let pool = start(PoolConfig { max_wait: Duration::ZERO, ..config() });
    let refused = pool.verify(typed("password"), Verifier::Nobody).await;
    assert!(matches!(refused, Err(HashError::Busy { .. })), "{refused:?}");
    assert_eq!((pool.stats().runs, pool.stats().refused), (0, 1));
}

/// However long the hashes before it take: a pool without threads is one whose threads are all at work.
#[tokio::test]
async fn a_caller_is_refused_in_time_though_no_thread_is_free() {
    let config = PoolConfig { max_wait: Duration::from_millis(1), ..config() };
    let pool = HashPool { shared: Arc::new(Shared::new(config, 1)) };
    let refused = pool.verify(typed("password"), Verifier::Nobody).await;
    assert!(matches!(refused, Err(HashError::Busy { .. })), "{refused:?}");
    let stats = pool.stats();
    assert_eq!((stats.runs, stats.refused, stats.queued), (0, 1, 0));
    assert!(stats.longest_wait >= Duration::from_millis(1));
    assert_eq!(stats.waits.total(), stats.longest_wait);
}

#[tokio::test]
async fn a_caller_whose_hash_is_under_way_is_not_refused_any_more() {
    let pool = start(single(1));
    hold(&pool.shared, true);
    let (reply, answer) = oneshot::channel();
    let place = pool.shared.enqueue(an_order(), reply).unwrap();
    until(&pool, |stats| stats.running == 1);
    assert_eq!(place.give_up(), None);
    hold(&pool.shared, false);
    answer.await.unwrap().unwrap();
    assert_eq!(pool.stats().refused, 0);
}

#[tokio::test]
async fn a_panic_in_a_hash_leaves_the_pool_working() {
    let pool = start(single(1));
    for _ in 0..3 {
        pool.shared.hooks.panic_next.store(true, Ordering::SeqCst);
        assert_eq!(pool.hash(typed("password"), [0; 16]).await, Err(HashError::Failed));
        assert!(pool.hash(typed("password"), [0; 16]).await.is_ok());
    }
    assert_eq!(pool.stats().running, 0);
}

#[tokio::test]
async fn buffers_are_freed_when_idle_and_taken_again_when_needed() {
    let pool = start(PoolConfig { idle_after: Duration::from_millis(1), ..single(1) });
    for _ in 0..3 {
        pool.hash(typed("password"), [0; 16]).await.unwrap();
        until(&pool, |stats| stats.buffers == 0);
    }
    let kept = start(single(1));
    kept.hash(typed("password"), [0; 16]).await.unwrap();
    assert_eq!(kept.stats().buffers, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_hash_with_more_memory_runs_alone_and_its_buffer_is_not_kept() {
    let pool = start(PoolConfig { budget_bytes: 16 * 1024, max_waiting: 8, ..config() });
    hold(&pool.shared, true);
    let large = {
        let pool = Arc::clone(&pool);
        let phc = Argon2Hash { params: HashParams::insecure_for_tests(), salt: vec![0; 16], hash: [0; 32] };
        let phc = phc.to_phc().into_string().replace("m=8,", "m=16,");
        tokio::spawn(async move { pool.verify(typed("password"), Verifier::Phc(phc)).await })
    };
    until(&pool, |stats| stats.running == 1);
    let small = begin(&pool);
    until(&pool, |stats| stats.queued == 1);
    hold(&pool.shared, false);
    assert!(!large.await.unwrap().unwrap().matches);
    assert!(!small.await.unwrap().unwrap().matches);
    assert_eq!(pool.stats().runs, 2);
    assert!(pool.stats().buffers <= 1, "the large buffer is gone");
}

fn an_order() -> Order {
    let recipe = Recipe::Argon2 { salt: vec![0; 16], params: HashParams::insecure_for_tests() };
    Order { password: typed("x"), recipe }
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_the_pool_answers_those_who_wait() {
    let pool = start(single(4));
    let shared = Arc::clone(&pool.shared);
    hold(&shared, true);
    let running = begin(&pool);
    until(&pool, |stats| stats.running == 1);
    // The pool is dropped when its last holder is: the waiting task holds the state only.
    let order = an_order();
    let (reply, answer) = oneshot::channel();
    let place = shared.enqueue(order, reply).unwrap();
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    drop(pool);
    assert!(answer.await.is_err(), "the reply is dropped with the queue");
    drop(place);
    hold(&shared, false);
    let (reply, _answer) = oneshot::channel();
    let order = an_order();
    assert!(matches!(shared.enqueue(order, reply), Err(HashError::Closed)));
}

#[test]
fn a_budget_below_one_hash_is_refused_at_start() {
    let refused = HashPool::start(PoolConfig { budget_bytes: 1024 * 1024, ..PoolConfig::default() });
    let message = refused.unwrap_err().to_string();
    assert_eq!(message, "the hashing budget is smaller than one hash, which takes 19456 KiB");
}

#[test]
fn debug_output_shows_counters_only() {
    let pool = start(config());
    assert!(format!("{pool:?}").starts_with("HashPool { stats: HashStats"));
}

/// A login storm must leave the processor to those who ask for less.
#[tokio::test]
async fn hash_threads_run_at_lower_priority_than_the_others() {
    let ours = nice();
    let pool = start(config());
    pool.hash(typed("password"), [1; 16]).await.unwrap();
    assert_eq!((pool.shared.hooks.nice.load(Ordering::SeqCst), nice()), ((ours + 10).min(19), ours));
}
