//! What one login hash costs through the pool: CPU time against one fresh-memory hash of the
//! `argon2` crate, interleaved in one run, then both by wall clock; and the memory given back.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::expect_used, reason = "a benchmark stops at what it cannot measure")]

use std::time::Duration;
use std::{fs, thread};

use argon2::Argon2;
use criterion::{Criterion, criterion_group};
use latchkey::crypto::{HashPool, Password, PoolConfig, Verifier};
use rustix::time::{ClockId, clock_gettime};

const ROUNDS: usize = 100;

fn main() {
    memory_given_back();
    cpu_ratio();
    benches();
    Criterion::default().configure_from_args().final_summary();
}

/// Prints the best and the median CPU time of each, and their ratio. The best says most on a busy machine.
fn cpu_ratio() {
    let pool = pool(Duration::from_secs(10));
    let runtime = runtime();
    let (mut fresh, mut pooled) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = cpu_time();
        fresh_hash();
        let between = cpu_time();
        runtime.block_on(pool.verify(Password::new("password"), Verifier::Nobody)).expect("a verdict");
        let end = cpu_time();
        fresh.push(between.saturating_sub(start));
        pooled.push(end.saturating_sub(between));
    }
    println!("resident KiB after {ROUNDS} fresh hashes of the crate: {}", resident_kib());
    fresh.sort_unstable();
    pooled.sort_unstable();
    for (name, at) in [("best", 0), ("median", ROUNDS / 2)] {
        let (fresh, pooled) = (fresh.get(at).copied(), pooled.get(at).copied());
        let (fresh, pooled) = (fresh.unwrap_or_default(), pooled.unwrap_or_default());
        let ratio = pooled.as_secs_f64() / fresh.as_secs_f64();
        println!("login hash, {name} cpu of {ROUNDS}: fresh {fresh:?}, pool {pooled:?}, ratio {ratio:.3}");
    }
}

/// Prints the resident memory before, with and after 64 logins at once.
fn memory_given_back() {
    let pool = pool(Duration::from_millis(200));
    let runtime = runtime();
    let before = resident_kib();
    for _ in 0..3 {
        runtime.block_on(async {
            let logins = (0..64).map(|_| pool.verify(Password::new("password"), Verifier::Nobody));
            let mut logins: Vec<_> = logins.map(Box::pin).collect();
            for login in &mut logins {
                login.await.expect("a verdict");
            }
        });
        let during = resident_kib();
        while pool.stats().buffers > 0 {
            thread::yield_now();
        }
        println!("resident KiB: before {before}, after 64 logins {during}, idle {}", resident_kib());
    }
}

fn login_hash(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("login hash");
    group.sample_size(10);
    group.bench_function("fresh memory", |bench| bench.iter(fresh_hash));
    let (pool, runtime) = (pool(Duration::from_secs(10)), runtime());
    group.bench_function("pool", |bench| {
        bench.iter(|| runtime.block_on(pool.verify(Password::new("password"), Verifier::Nobody)));
    });
    group.finish();
}

fn fresh_hash() {
    let mut hash = [0; 32];
    Argon2::default().hash_password_into(b"password", &[0; 16], &mut hash).expect("a hash");
}

fn pool(idle_after: Duration) -> HashPool {
    HashPool::start(PoolConfig { idle_after, ..PoolConfig::default() }).expect("a pool")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime")
}

/// The CPU time of every thread of this process so far.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).expect("a time after the start")
}

fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

criterion_group!(benches, login_hash);
