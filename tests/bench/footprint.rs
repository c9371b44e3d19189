//! What the server takes beside CPU: memory at rest and after logins, time to the first answer, disk, binary size.
//!
//! R91: the first answer after a kill. `cargo bench --bench footprint`, about three minutes, one of them a wait for
//! memory to be given back; `-- --users 10000 --idle 15` for a quick look. The folders are made by the program itself;
//! accounts beyond the first are put into its store through the library, all with the verifier of the first.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::expect_used, reason = "a benchmark stops at what it cannot measure")]
#![expect(dead_code, reason = "two benchmarks share the lab")]

#[path = "footprint/crowd.rs"]
mod crowd;
mod lab;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use latchkey::ambient::Stopwatch;
use serde_json::json;

use lab::client::{Client, post, trusting};
use lab::figures::{argument, bar, median};
use lab::process::{Server, latchkey};

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";
const LOGINS: usize = 64;
/// Starts of which the median counts.
const STARTS: usize = 7;

fn main() {
    let (users, idle) = (argument("--users", 100_000_u32), Duration::from_secs_f64(argument("--idle", 60.0)));
    let temporary = tempfile::tempdir().expect("a folder");
    let small = Home::new(&temporary.path().join("small"));
    let large = Home::new(&temporary.path().join("large"));
    let bytes_before = large.store_bytes();
    crowd::fill(&large.data(), users, 0);
    let bytes_each = (large.store_bytes() - bytes_before) / f64::from(users);

    let [idle_mib, peak_mib, after_mib] = small.memory(idle);
    bar("resident, idle", idle_mib, 25.0, "MB");
    println!("{:<58} {peak_mib:>10.2} MB", format!("resident at most during {LOGINS} logins at once"));
    bar(&format!("resident, {} s after {LOGINS} logins", idle.as_secs()), after_mib, 25.0, "MB");
    let [idle_mib, _, _] = large.memory(Duration::ZERO);
    println!("{:<58} {idle_mib:>10.2} MB", format!("resident, idle, {users} users"));
    bar("start to first 200, empty store", small.starts(Server::stop), 100.0, "ms");
    bar("start to first 200 after kill -9, empty store", small.starts(Server::kill), 100.0, "ms");
    bar(&format!("start to first 200, {users} users"), large.starts(Server::stop), 200.0, "ms");
    bar(&format!("start to first 200 after kill -9, {users} users"), large.starts(Server::kill), 200.0, "ms");
    bar("disk for each user with one session", bytes_each, 900.0, "B");
    let binary = fs::metadata(env!("CARGO_BIN_EXE_latchkey")).expect("the binary");
    bar("binary", megabytes(binary.len()), 30.0, "MB");
}

/// A folder in which the program has run before, with one account.
struct Home {
    folder: PathBuf,
}

impl Home {
    fn new(folder: &Path) -> Self {
        fs::create_dir(folder).expect("a folder");
        let home = Self { folder: folder.to_owned() };
        let mut command = latchkey(folder);
        command.args(["user", "create", "--role", "super_admin", "--password-stdin", "--email", EMAIL]);
        command.arg("--data-dir").arg(home.data()).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().expect("the program starts");
        child.stdin.take().expect("its input").write_all(PASSWORD.as_bytes()).expect("a password");
        assert!(child.wait().expect("it ends").success());
        home.serve().stop();
        home
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn store_bytes(&self) -> f64 {
        let store = fs::metadata(self.data().join("store.redb")).expect("a store");
        f64::from(u32::try_from(store.blocks()).expect("a file below 2 TiB")) * 512.0
    }

    fn serve(&self) -> Server {
        let mut command = latchkey(&self.folder);
        command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(self.data());
        // So many logins of one account at once, from one address, are too many otherwise.
        command.env("LATCHKEY_LIMITS__EXEMPT", "127.0.0.0/8");
        Server::start(&mut command, &self.folder.join("log"))
    }

    /// The median time from the start of the process to its first 200, in milliseconds. Each run ends as `end` says,
    /// after a login: the next start finds what that left.
    fn starts(&self, end: fn(Server)) -> f64 {
        let (mut times, mut cpu) = (Vec::new(), Vec::new());
        for _ in 0..=STARTS {
            let watch = Stopwatch::start();
            let server = self.serve();
            healthy(&server);
            times.push(watch.elapsed().as_secs_f64() * 1e3);
            cpu.push(server.cpu().as_secs_f64() * 1e3);
            self.log_in(&server, 1);
            end(server);
        }
        // The first one follows a run that ended otherwise.
        let times = times.split_off(1);
        let best = times.iter().copied().fold(f64::INFINITY, f64::min);
        println!("(the next: best {best:.0} ms; cpu {:.0} ms of the median)", median(cpu));
        median(times)
    }

    /// Resident memory in MB: idle, at most during logins, and `idle` after them.
    fn memory(&self, idle: Duration) -> [f64; 3] {
        let server = self.serve();
        healthy(&server);
        std::thread::sleep(Duration::from_secs(1));
        let at_rest = megabytes(server.memory_kib("VmRSS") * 1024);
        self.log_in(&server, LOGINS);
        let peak = megabytes(server.memory_kib("VmHWM") * 1024);
        std::thread::sleep(idle);
        let after = megabytes(server.memory_kib("VmRSS") * 1024);
        server.stop();
        [at_rest, peak, after]
    }

    /// Logs in `count` times at once, over TLS.
    fn log_in(&self, server: &Server, count: usize) {
        let tls = trusting(&self.data().join("tls/cert.pem"));
        let request = post("/api/v1/auth/login", &json!({ "email": EMAIL, "password": PASSWORD }));
        let address = server.address;
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let mut logins = tokio::task::JoinSet::new();
            for _ in 0..count {
                let (tls, request) = (tls.clone(), request.clone());
                logins.spawn(async move {
                    let mut client = Client::connect(address, Some(&tls)).await;
                    client.send(&request).await.data();
                });
            }
            while let Some(login) = logins.join_next().await {
                login.expect("a login");
            }
        });
    }
}

/// Waits for a 200. Health answers in plain HTTP too, so no handshake is in the time.
fn healthy(server: &Server) {
    let mut stream = TcpStream::connect(server.address).expect("a connection");
    stream
        .write_all(b"GET /health/ready HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

fn megabytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1000).expect("below 4 TB")) / 1000.0
}
