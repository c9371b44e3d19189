//! A storm of logins: 120 callers log in flat out at the release binary, while others read at a steady rate. Prints what the
//! reads take before, during and after, by the server's own histogram and by the reader's watch, and how long hashes wait.
//!
//! `cargo bench --bench login_storm`, about four minutes; `-- --runs 1 --seconds 3` for a quick look.
//!
//! The callers share the machine with the server; on more than two processors the reads are disturbed less.
//! Held to the bar of R101.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::expect_used, clippy::panic, reason = "a benchmark stops at what it cannot measure")]
#![expect(clippy::indexing_slicing, reason = "a missing JSON member stops the benchmark")]
#![expect(dead_code, reason = "the benchmarks share the lab")]

#[path = "login_storm/histogram.rs"]
mod histogram;
mod lab;
#[path = "login_storm/load.rs"]
mod load;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use histogram::Histogram;
use lab::client::{Client, post, trusting};
use lab::figures::{argument, at_least, bar, median, percentile};
use lab::process::{Server, latchkey};
use load::{Place, Storm};

const ACCOUNT: (&str, &str) = ("user@example.com", "latchkey-dev-password");
const CALLERS: usize = 120;
/// After this the server is to be as it was.
const CALM: Duration = Duration::from_secs(3);

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (runs, length) = (argument("--runs", 5), Duration::from_secs_f64(argument("--seconds", 6.0)));
    let folder = tempfile::tempdir().expect("a folder");
    for (name, flags) in [("plain", &[][..]), ("TLS", &["--tls"])] {
        runtime.block_on(measure(&folder.path().join(name), name, flags, runs, length));
    }
}

async fn measure(folder: &Path, name: &str, flags: &[&str], runs: usize, length: Duration) {
    std::fs::create_dir(folder).expect("a folder");
    let data = folder.join("data");
    let mut command = latchkey(folder);
    command.args(["serve", "--dev", "--log", "warn", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data);
    command.args(flags).env("LATCHKEY_LIMITS__ENABLED", "false");
    let server = Server::start(&mut command, &folder.join("log"));
    let tls = (!flags.is_empty()).then(|| trusting(&data.join("tls/cert.pem")));
    let mut client = Client::connect(server.address, tls.as_ref()).await;
    let login = post("/api/v1/auth/login", &json!({ "email": ACCOUNT.0, "password": ACCOUNT.1 }));
    let access = client.send(&login).await.data()["access_token"].as_str().expect("a token").to_owned();
    let place = Place { address: server.address, tls, access };

    println!(
        "{:<10} {:>21} {:>21} {:>21} {:>9} {:>8} {:>8} {:>8}",
        name, "idle p99 ms", "storm p99 ms", "after p99 ms", "wait s", "200", "401", "503"
    );
    println!(
        "{:<10} {:>21} {:>21} {:>21} {:>9}",
        "", "server   reader", "server   reader", "server   reader", "at most"
    );
    let mut rounds = Vec::new();
    for number in 0..=runs {
        let round = Round::of(&place, length).await;
        // The first one warms up.
        if number > 0 {
            round.print(&format!("run {number}"));
            rounds.push(round);
        }
    }
    let middle = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure).collect());
    let (idle, storm, after) =
        (middle(|r| r.idle.server), middle(|r| r.storm.server), middle(|r| r.after.server));
    bar(&format!("{name}: p99 of reads in the storm (2 x idle + 10 ms)"), storm, 2.0 * idle + 10.0, "ms");
    bar(&format!("{name}: p99 of reads from 3 s after it (2 x idle)"), after, 2.0 * idle, "ms");
    bar(
        &format!("{name}: longest wait for a hash, at most"),
        rounds.iter().map(|r| r.wait).fold(0.0, f64::max),
        10.0,
        "s",
    );
    at_least(
        &format!("{name}: logins answered in the smallest storm"),
        rounds.iter().map(|r| f64::from(r.logins.granted + r.logins.denied)).fold(f64::INFINITY, f64::min),
        1.0,
        "",
    );
}

/// One run: before, during and after a storm.
struct Round {
    idle: Reads,
    storm: Reads,
    after: Reads,
    wait: f64,
    logins: Storm,
}

/// The p99 of reads in milliseconds.
struct Reads {
    server: f64,
    reader: f64,
}

impl Round {
    async fn of(place: &Place, length: Duration) -> Self {
        let idle = Reads::of(place, length).await;
        let before = place.metrics().await;
        let over = Arc::new(AtomicBool::new(false));
        let running = place.storm(CALLERS, ACCOUNT, over.clone());
        let storm = Reads::of(place, length).await;
        over.store(true, Ordering::Relaxed);
        tokio::time::sleep(CALM).await;
        let after = Reads::of(place, length).await;
        let logins = tokio::task::spawn_blocking(|| running.join().expect("a storm that ends"))
            .await
            .expect("its sum");
        let waits = |page: &str| Histogram::read(page, "latchkey_hash_wait_seconds", "");
        let wait = waits(&place.metrics().await).since(&waits(&before)).most();
        Self { idle, storm, after, wait, logins }
    }

    fn print(&self, name: &str) {
        let both = |reads: &Reads| format!("{:.2} {:>8.2}", reads.server, reads.reader);
        let Storm { granted, denied, busy } = self.logins;
        println!(
            "{name:<10} {:>21} {:>21} {:>21} {:>9.2} {granted:>8} {denied:>8} {busy:>8}",
            both(&self.idle),
            both(&self.storm),
            both(&self.after),
            self.wait
        );
    }
}

impl Reads {
    async fn of(place: &Place, length: Duration) -> Self {
        let reads =
            |page: &str| Histogram::read(page, "latchkey_http_request_duration_seconds", "method=\"GET\"");
        let before = reads(&place.metrics().await);
        let seen = place.read(length).await;
        let server = reads(&place.metrics().await).since(&before);
        assert!(
            server.count() >= f64::from(u32::try_from(seen.len()).expect("a count")),
            "every read is in the histogram"
        );
        Self { server: server.percentile(99.0) * 1e3, reader: percentile(&seen, 99).as_secs_f64() * 1e3 }
    }
}
