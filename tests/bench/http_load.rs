//! HTTP load: the release binary and an empty poem-openapi handler behind the same accept loop, each in a process of
//! its own, driven in turns. Prints rate, latency and server CPU per request, and the ratios that have a bar.
//!
//! `cargo bench --bench http_load`, about a minute; `-- --rounds 3 --seconds 0.5` for a quick look,
//! `-- --only get` for the first comparison alone, `-- --only targets` for the response times that the scribes guide
//! asks for (`--requests 1000`, each), `-- --log warn` to see what the line of each request costs.
//!
//! Read the ratios: both sides of each are measured in rounds that alternate, and the median of the rounds' ratios is
//! printed, so a busy machine disturbs both alike. Rates and latencies share the machine with the client.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::expect_used, reason = "a benchmark stops at what it cannot measure")]
#![expect(clippy::indexing_slicing, reason = "a missing JSON member stops the benchmark")]
#![expect(dead_code, reason = "two benchmarks share the lab")]

#[path = "http_load/denials.rs"]
mod denials;
#[path = "http_load/empty.rs"]
mod empty;
mod lab;
#[path = "http_load/load.rs"]
mod load;
#[path = "http_load/targets.rs"]
mod targets;

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use argon2::Argon2;
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;
use tokio_rustls::TlsConnector;

use lab::client::{Client, get, post, post_as, trusting};
use lab::figures::{argument, at_least, bar, median, micros, word};
use lab::process::{Server, latchkey};
use load::{Caller, Round, drive, total};

const PASSWORD: &str = "latchkey-dev-password";
const EMAIL: &str = "user@example.com";
/// What makes a proxy ask this server.
const BEFORE_AN_APPLICATION: &str = "public_url = \"https://auth.example.com\"\ntrusted_proxies = [\"127.0.0.1\"]\n\
    [forward_auth]\ncookie_domain = \"example.com\"\n\
    [[forward_auth.rule]]\nhost = \"app.example.com\"\npath = \"/public\"\nneed = \"public\"\n\
    [[forward_auth.rule]]\nhost = \"app.example.com\"\nneed = \"permission:metrics:read\"\n";
/// Connections of the cheap requests, and of those that hash a password.
const MANY: usize = 32;
const FEW: usize = 8;
/// Callers of the group commit bar.
const WRITERS: usize = 64;

fn main() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some(empty::ROLE) {
        return empty::serve(&mut arguments);
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(measure(argument("--rounds", 7), Duration::from_secs_f64(argument("--seconds", 1.0))));
}

async fn measure(rounds: usize, length: Duration) {
    let folder = tempfile::tempdir().expect("a folder");
    let only = word("--only");
    if only.as_deref() == Some("targets") {
        return aims(folder.path(), length).await;
    }
    if only.as_deref() == Some("denials") {
        return denials::measure(folder.path(), rounds).await;
    }
    let plain = Pair::start(folder.path(), "plain", &[]).await;
    let secure = Pair::start(folder.path(), "tls", &["--tls"]).await;
    println!("{:<34} {:>9} {:>9} {:>9} {:>11}", "", "rate /s", "p50 us", "p99 us", "cpu us/req");

    let of_plain = plain.compare_get("plain", rounds, length).await;
    let of_secure = secure.compare_get("TLS", rounds, length).await;
    let of_key = plain.compare_key(rounds, length).await;
    let of_proxy = plain.compare_forward_auth(rounds, length).await;
    bar("API-key GET / authenticated GET, plain", of_key, 1.2, "x");
    bar("forward-auth / authenticated GET, plain", of_proxy, 1.2, "x");
    bar("authenticated GET / empty handler, plain", of_plain, 1.7, "x");
    bar("authenticated GET / empty handler, TLS", of_secure, 1.7, "x");
    if only.as_deref() == Some("get") {
        return;
    }
    let login = plain.compare_login(rounds, length).await;
    let grouped = plain.refresh(rounds, length).await;
    plain.register(rounds.min(3), length).await;

    bar("login / one fresh-memory argon2 hash", login, 1.05, "x");
    at_least("transactions per durable commit, 64 callers refresh", grouped, 16.0, "");
    drop((plain, secure));
    aims(folder.path(), length).await;
}

/// The targets of the scribes guide, whose load test logs in to one account from one address: it is exempt from limits.
async fn aims(folder: &Path, length: Duration) {
    let folder = folder.join("targets");
    std::fs::create_dir(&folder).expect("a folder");
    let mut command = latchkey(&folder);
    command.args(["serve", "--dev", "--listen", "127.0.0.1:0", "--data-dir"]).arg(folder.join("data"));
    command.env("LATCHKEY_LIMITS__EXEMPT", "127.0.0.0/8");
    let server = Server::start(&mut command, &folder.join("log"));
    let hash = fresh_hashes(length);
    targets::measure(&server, argument("--requests", 1_000), (EMAIL, PASSWORD), hash).await;
}

/// Drives two sides in turns: all rounds of each, and the median of the rounds' ratios of the second to the first.
async fn alternate(
    (base, base_callers): (&Server, &mut Vec<Caller>),
    (ours, our_callers): (&Server, &mut Vec<Caller>),
    rounds: usize,
    length: Duration,
) -> (Round, Round, f64) {
    let (mut all_base, mut all_ours, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=rounds {
        let first = drive(base, base_callers, length).await;
        let second = drive(ours, our_callers, length).await;
        // The first round warms both up.
        if round > 0 {
            ratios.push(second.cpu_each() / first.cpu_each());
            all_base.push(first);
            all_ours.push(second);
        }
    }
    (total(all_base), total(all_ours), median(ratios))
}

/// The program and the empty handler, both with or both without TLS.
struct Pair {
    ours: Server,
    empty: Server,
    tls: Option<TlsConnector>,
    empty_tls: Option<TlsConnector>,
    access: String,
}

impl Pair {
    async fn start(folder: &Path, name: &str, flags: &[&str]) -> Self {
        let folder = folder.join(name);
        std::fs::create_dir(&folder).expect("a folder");
        let data = folder.join("data");
        let mut command = latchkey(&folder);
        command.args(["serve", "--dev", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data).args(flags);
        command.args(["--log", &word("--log").unwrap_or_else(|| "info".to_owned())]);
        if flags.is_empty() {
            let config = folder.join("auth.toml");
            std::fs::write(&config, BEFORE_AN_APPLICATION).expect("a file");
            command.arg("--config").arg(&config);
        }
        let ours = Server::start(&mut command, &folder.join("log"));
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.arg(empty::ROLE).arg(folder.join("empty")).args(flags);
        let empty = Server::start(&mut command, &folder.join("log of the empty handler"));
        let is_secure = !flags.is_empty();
        let tls = is_secure.then(|| trusting(&data.join("tls/cert.pem")));
        let empty_tls = is_secure.then(|| trusting(&folder.join("empty/cert.pem")));
        let mut client = Client::connect(ours.address, tls.as_ref()).await;
        let tokens = client.send(&login_request()).await.data();
        let access = tokens["access_token"].as_str().expect("a token").to_owned();
        Self { ours, empty, tls, empty_tls, access }
    }

    async fn callers(&self, count: usize, request: &[u8]) -> Vec<Caller> {
        let mut callers = Vec::new();
        for _ in 0..count {
            let client = Client::connect(self.ours.address, self.tls.as_ref()).await;
            callers.push(Caller::repeat(client, request));
        }
        callers
    }

    /// The median ratio of an authenticated GET to the empty handler.
    async fn compare_get(&self, name: &str, rounds: usize, length: Duration) -> f64 {
        let mut ours = self.callers(MANY, &get("/api/v1/auth/me", Some(&self.access))).await;
        let mut empty = Vec::new();
        for _ in 0..MANY {
            let client = Client::connect(self.empty.address, self.empty_tls.as_ref()).await;
            empty.push(Caller::repeat(client, &get(empty::PATH, None)));
        }
        let (all_empty, all_ours, ratio) =
            alternate((&self.empty, &mut empty), (&self.ours, &mut ours), rounds, length).await;
        all_empty.print(&format!("empty handler, {name}, {MANY} conn."));
        all_ours.print(&format!("authenticated GET, {name}, {MANY} conn."));
        ratio
    }

    /// The median ratio of a GET with an API key to one with an access token.
    async fn compare_key(&self, rounds: usize, length: Duration) -> f64 {
        let body = json!({ "name": "Bench", "scopes": ["metrics:read"], "rate_limit": 1_000_000, "rate_limit_period": 1 });
        let mut client = Client::connect(self.ours.address, self.tls.as_ref()).await;
        let made = client.send(&post_as("/api/v1/users/me/api-keys", &body, &self.access)).await.data();
        let key = made["api_key"].as_str().expect("a key");
        let mut keyed = self.callers(MANY, &get("/api/v1/auth/me", Some(key))).await;
        let mut bearer = self.callers(MANY, &get("/api/v1/auth/me", Some(&self.access))).await;
        let (_, all, ratio) =
            alternate((&self.ours, &mut bearer), (&self.ours, &mut keyed), rounds, length).await;
        all.print(&format!("API-key GET, {MANY} conn."));
        ratio
    }

    /// The median ratio of a proxy's question about somebody with a cookie to a GET with an access token.
    async fn compare_forward_auth(&self, rounds: usize, length: Duration) -> f64 {
        let mut client = Client::connect(self.ours.address, self.tls.as_ref()).await;
        let login = post("/api/v1/auth/session", &json!({ "email": EMAIL, "password": PASSWORD }));
        assert_eq!(client.send(&login).await.status, 200);
        let name = "__Secure-latchkey-proxy=";
        let head = client.head();
        let cookie =
            head.lines().find_map(|line| line.split_once(name)?.1.split(';').next()).expect("a cookie");
        let question = format!(
            "GET /forward-auth HTTP/1.1\r\nhost: localhost\r\nuser-agent: bench\r\nx-forwarded-for: 192.0.2.7\r\n\
             x-forwarded-method: GET\r\nx-forwarded-proto: https\r\nx-forwarded-host: app.example.com\r\n\
             x-forwarded-uri: /numbers?of=today\r\ncookie: {name}{cookie}\r\n\r\n"
        );
        let mut asking = self.callers(MANY, question.as_bytes()).await;
        let mut bearer = self.callers(MANY, &get("/api/v1/auth/me", Some(&self.access))).await;
        let (_, all, ratio) =
            alternate((&self.ours, &mut bearer), (&self.ours, &mut asking), rounds, length).await;
        all.print(&format!("forward-auth, {MANY} conn."));
        ratio
    }

    /// The median ratio of a login to one hash of the `argon2` crate with fresh memory, both on all processors.
    async fn compare_login(&self, rounds: usize, length: Duration) -> f64 {
        let mut callers = self.callers(FEW, &login_request()).await;
        let (mut all, mut ratios, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let hash = fresh_hashes(length);
            let login = drive(&self.ours, &mut callers, length).await;
            ratios.push(login.cpu_each() / hash);
            hashes.push(hash);
            all.push(login);
        }
        println!(
            "{:<34} {:>9} {:>9} {:>9} {:>11.1}",
            "argon2 hash, fresh memory",
            "",
            "",
            "",
            median(hashes)
        );
        total(all).print(&format!("login, {FEW} conn."));
        median(ratios)
    }

    /// Refreshes with [`MANY`] callers, then with [`WRITERS`]: the transactions per durable commit of those.
    async fn refresh(&self, rounds: usize, length: Duration) -> f64 {
        let mut callers = self.refreshing(MANY).await;
        let mut all = Vec::new();
        for _ in 0..rounds.min(3) {
            all.push(drive(&self.ours, &mut callers, length).await);
        }
        total(all).print(&format!("refresh, {MANY} conn."));
        callers.extend(self.refreshing(WRITERS - MANY).await);
        let before = self.store_counters().await;
        drive(&self.ours, &mut callers, length.max(Duration::from_secs(1))).await.print("refresh, 64 conn.");
        let after = self.store_counters().await;
        (after.0 - before.0) / (after.1 - before.1)
    }

    async fn refreshing(&self, count: usize) -> Vec<Caller> {
        let mut callers = Vec::new();
        for _ in 0..count {
            let mut client = Client::connect(self.ours.address, self.tls.as_ref()).await;
            let tokens = client.send(&login_request()).await.data();
            callers.push(Caller::refresh(client, tokens["refresh_token"].as_str().expect("a token")));
        }
        callers
    }

    async fn register(&self, rounds: usize, length: Duration) {
        let mut callers = Vec::new();
        for number in 0..FEW {
            let client = Client::connect(self.ours.address, self.tls.as_ref()).await;
            callers.push(Caller::register(client, number, PASSWORD));
        }
        let mut all = Vec::new();
        for _ in 0..rounds {
            all.push(drive(&self.ours, &mut callers, length).await);
        }
        total(all).print(&format!("register, {FEW} conn."));
    }

    /// Transactions and durable commits since the start.
    async fn store_counters(&self) -> (f64, f64) {
        let mut client = Client::connect(self.ours.address, self.tls.as_ref()).await;
        let page = client.send(&get("/metrics", None)).await.body;
        let page = String::from_utf8_lossy(&page);
        let value = |name: &str| {
            let line = page.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|value| value.trim().parse::<f64>().ok()).expect("a counter")
        };
        (value("latchkey_store_transactions_total"), value("latchkey_store_commits_total"))
    }
}

fn login_request() -> Vec<u8> {
    post("/api/v1/auth/login", &json!({ "email": EMAIL, "password": PASSWORD }))
}

/// The CPU time of one hash in microseconds, while every processor hashes, as they do during logins.
fn fresh_hashes(length: Duration) -> f64 {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(3);
    let hash_for = move || {
        let (watch, mut times) = (latchkey::ambient::Stopwatch::start(), Vec::new());
        while watch.elapsed() < length {
            let before = thread_cpu();
            let mut hash = [0; 32];
            let salt = [7; 16];
            Argon2::default().hash_password_into(PASSWORD.as_bytes(), &salt, &mut hash).expect("a hash");
            times.push(micros(thread_cpu().saturating_sub(before)));
        }
        times
    };
    let threads: Vec<_> = (0..threads).map(|_| thread::spawn(hash_for)).collect();
    let times: Vec<f64> = threads.into_iter().flat_map(|thread| thread.join().expect("times")).collect();
    times.iter().sum::<f64>() / Round::count(times.len())
}

fn thread_cpu() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).expect("a time after the start")
}
