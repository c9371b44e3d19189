//! Followers of the feed: 100 streams stay open over TLS while 500 events a second happen. Prints that each stream got
//! each event once and in one order, how long an event takes from its commit to a client, and what memory it costs.
//!
//! `cargo bench --bench event_streams`, about half a minute; `-- --streams 10 --seconds 3` for a quick look.
//!
//! An event is a refusal, answered 403 after its record is durable. Its age at a client is told by two clocks: the
//! server's own stamp in the event, which is the head of the request, so that the commit itself is in the time; and the
//! moment at which whoever caused it had the answer, which is the commit and the way of a short answer. Both are clocks
//! of this machine. The clients share the machine with the server.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::expect_used, reason = "a benchmark stops at what it cannot measure")]
#![expect(clippy::indexing_slicing, reason = "a missing JSON member stops the benchmark")]
#![expect(dead_code, reason = "the benchmarks share the lab")]

#[path = "event_streams/follower.rs"]
mod follower;
mod lab;
#[path = "event_streams/maker.rs"]
mod maker;

use std::path::Path;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use latchkey::ambient::Stopwatch;
use serde_json::json;
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsConnector;

use follower::Heard;
use lab::client::{Client, post, trusting};
use lab::figures::{argument, at_least, bar, percentile};
use lab::process::{Server, latchkey};

const PASSWORD: &str = "latchkey-dev-password";

/// After this the buffers of the two logins are given back.
const HASHING_ENDS: Duration = Duration::from_secs(12);

/// Where the server is, and when everything is measured from.
#[derive(Clone)]
pub struct Place {
    address: std::net::SocketAddr,
    tls: TlsConnector,
    origin: Arc<Stopwatch>,
}

impl Place {
    async fn connect(&self) -> Client {
        Client::connect(self.address, Some(&self.tls)).await
    }

    async fn log_in(&self, email: &str) -> String {
        let login = post("/api/v1/auth/login", &json!({ "email": email, "password": PASSWORD }));
        let data = self.connect().await.send(&login).await.data();
        data["access_token"].as_str().expect("a token").to_owned()
    }
}

fn main() {
    let (streams, rate) = (argument("--streams", 100_usize), argument("--rate", 500_usize));
    let count = rate * argument("--seconds", 10_usize);
    let folder = tempfile::tempdir().expect("a folder");
    let server = start(folder.path(), streams);
    let tls = trusting(&folder.path().join("data/tls/cert.pem"));
    let place = Place { address: server.address, tls, origin: Arc::new(Stopwatch::start()) };
    let runtime = alone();
    let (reader, stranger) = runtime.block_on(async {
        (place.log_in("admin@example.com").await, place.log_in("user@example.com").await)
    });

    thread::sleep(HASHING_ENDS);
    let at_rest = megabytes(server.memory_kib("VmRSS"));
    let open = Arc::new(Barrier::new(2));
    let (followers, is_open) = (place.clone(), open.clone());
    let heard =
        thread::spawn(move || follower::follow(&alone(), &followers, &reader, streams, count, &is_open));
    open.wait();
    let opened = megabytes(server.memory_kib("VmRSS"));
    server.forget_peak();
    let before = server.cpu();
    let (made, took) = maker::make(&runtime, &place, &stranger, rate, count);
    let heard = heard.join().expect("followers that come to an end");
    let cpu = server.cpu().saturating_sub(before).as_secs_f64();
    let most = megabytes(server.memory_kib("VmHWM"));

    let seconds = took.as_secs_f64();
    println!("{count} events in {seconds:.1} s, {streams} streams, server cpu {cpu:.1} s");
    at_least("events a second, made and answered", figure(count) / seconds, figure(rate) * 0.98, "/s");
    bar("events that a stream lost", figure(heard.iter().map(|one| one.lost(count)).sum()), 0.0, "");
    bar("events that a stream got twice", figure(heard.iter().map(Heard::doubled).sum()), 0.0, "");
    let first = &heard[0].order;
    bar(
        "streams with another order",
        figure(heard.iter().filter(|one| one.order != *first).count()),
        0.0,
        "",
    );
    latencies(
        "from the server's stamp to a client",
        heard.iter().flat_map(|one| one.since_stamp.iter().copied()),
    );
    let since_answer = heard
        .iter()
        .flat_map(|one| one.order.iter().zip(&one.at).map(|(number, at)| at.saturating_sub(made[*number])));
    latencies("from the answer of its cause to a client", since_answer);
    println!("resident: at rest {at_rest:.1} MB, {streams} streams {opened:.1} MB, at most {most:.1} MB");
    bar("memory that the run adds to the open streams", most - opened, 32.0, "MB");
    server.stop();
}

fn start(folder: &Path, streams: usize) -> Server {
    let data = folder.join("data");
    let mut command = latchkey(folder);
    command
        .args(["serve", "--dev", "--tls", "--log", "warn", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data);
    command.env("LATCHKEY_EVENTS__MAX_STREAMS_PER_USER", streams.to_string());
    Server::start(&mut command, &folder.join("log"))
}

/// One thread for one kind of client: the server is to have the rest of the machine.
fn alone() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn latencies(name: &str, all: impl Iterator<Item = Duration>) {
    let mut all: Vec<_> = all.collect();
    all.sort_unstable();
    let millis = |part| percentile(&all, part).as_secs_f64() * 1e3;
    println!("{name}: p50 {:.1} ms, p99 {:.1} ms, most {:.1} ms", millis(50), millis(99), millis(100));
    bar(&format!("{name}, p95"), millis(95), 100.0, "ms");
}

fn figure(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("below four thousand million"))
}

fn megabytes(kib: u64) -> f64 {
    f64::from(u32::try_from(kib).expect("below 4 TiB")) * 1024.0 / 1e6
}
