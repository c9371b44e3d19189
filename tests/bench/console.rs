//! The console against a large server: 100,000 sessions, 1,000,000 records. Prints what a frame costs, how long an event
//! takes to the screen, what memory it holds, and how often it wakes up when nothing happens.
//!
//! `cargo bench --bench console`, about three minutes; `-- --users 1000 --events 20` for a quick look.
//!
//! A frame is drawn in this process, over what the server answers, while the cursor walks down: the picture, what differs
//! from the last one, and the bytes for it. All else is the real program in a terminal of its own, made by `script`. An
//! event is a refusal; the time begins before the request is sent, so that the request and the commit are in it, and ends
//! with the last byte of the picture that has the new row. Clients, server and console share the machine.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::expect_used, reason = "a benchmark stops at what it cannot measure")]
#![expect(clippy::indexing_slicing, reason = "a missing JSON member stops the benchmark")]
#![expect(dead_code, reason = "the benchmarks share the lab")]

#[path = "footprint/crowd.rs"]
mod crowd;
#[path = "console/frames.rs"]
mod frames;
mod lab;
#[path = "console/screen.rs"]
mod screen;

use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use latchkey::ambient::Stopwatch;
use serde_json::json;

use lab::client::{Client, get, post, trusting};
use lab::figures::{argument, bar, median, percentile};
use lab::process::{Server, latchkey};
use screen::Screen;

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

/// How long nothing happens before the console counts as idle, and then how long its wake-ups are counted.
const QUIET: Duration = Duration::from_secs(31);
const IDLE: Duration = Duration::from_secs(30);

fn main() {
    let (users, events) = (argument("--users", 100_000_u32), argument("--events", 200_usize));
    let folder = tempfile::tempdir().expect("a folder");
    let (folder, data) = (folder.path(), folder.path().join("data"));
    create(folder, &data);
    serve(folder, &data).stop();
    let watch = Stopwatch::start();
    crowd::fill(&data, users, 10);
    println!("({users} sessions, {} records: made in {} s)", users * 10, watch.elapsed().as_secs());
    let server = serve(folder, &data);

    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for view in ["sessions", "audit"] {
        let times = runtime.block_on(frames::draw(&data.join("admin.sock"), view, 1_000));
        let times = times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
        bar(&format!("frame at 120x40, {view}, median of 1,000"), median(times), 5.0, "ms");
    }

    let mut screen = Screen::open(folder, &data);
    screen.press("4");
    let (whole, after) = runtime.block_on(happen(&server, &data, &screen, events));
    bar(
        "event to screen, from before its request, p95",
        percentile(&whole, 95).as_secs_f64() * 1e3,
        150.0,
        "ms",
    );
    println!(
        "({events} events: median {:.0} ms, most {:.0} ms; from the answer on p95 {:.0} ms)",
        percentile(&whole, 50).as_secs_f64() * 1e3,
        percentile(&whole, 100).as_secs_f64() * 1e3,
        percentile(&after, 95).as_secs_f64() * 1e3
    );
    for view in ["1", "3", "5", "6", "7", "I", "2", "4"] {
        screen.press(view);
    }
    for _ in 0..20 {
        screen.press("G");
    }
    bar("console, resident after all views and 20 pages", screen.memory_kib("VmRSS") / 1024.0, 40.0, "MiB");
    screen.press("2");
    thread::sleep(QUIET);
    let looked_at = screen.wakes(IDLE);
    screen.type_in("\u{1b}[O");
    thread::sleep(Duration::from_secs(2));
    let unseen = screen.wakes(IDLE);
    bar("wake-ups a second of all threads, looked at", looked_at.1, 1.0, "/s");
    bar("wake-ups a second of the screen's thread, not looked at", unseen.0, 0.0, "/s");
    println!("(of the screen's thread when looked at {:.2}, of all when not {:.2})", looked_at.0, unseen.1);
    screen.close();
    server.stop();
}

fn create(folder: &Path, data: &Path) {
    let mut command = latchkey(folder);
    command.args(["user", "create", "--role", "super_admin", "--password-stdin", "--email", EMAIL]);
    command.arg("--data-dir").arg(data).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = command.spawn().expect("the program starts");
    child.stdin.take().expect("its input").write_all(PASSWORD.as_bytes()).expect("a password");
    assert!(child.wait().expect("it ends").success());
}

fn serve(folder: &Path, data: &Path) -> Server {
    let mut command = latchkey(folder);
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data);
    Server::start(&mut command, &folder.join("log"))
}

/// Makes `count` events, one after the other; answers, sorted, how long each took to the screen, from before its request
/// and from its answer on.
async fn happen(
    server: &Server,
    data: &Path,
    screen: &Screen,
    count: usize,
) -> (Vec<Duration>, Vec<Duration>) {
    let tls = trusting(&data.join("tls/cert.pem"));
    let mut client = Client::connect(server.address, Some(&tls)).await;
    let login = post("/api/v1/auth/login", &json!({ "email": "person.7@example.com", "password": PASSWORD }));
    let token = client.send(&login).await.data()["access_token"].as_str().expect("a token").to_owned();
    let refused = get("/api/v1/outbox", Some(&token));
    let (mut whole, mut after) = (Vec::new(), Vec::new());
    for number in 0..count {
        // Never in step with the pictures.
        tokio::time::sleep(Duration::from_millis(150 + u64::try_from(number * 37 % 101).expect("a number")))
            .await;
        screen.forget();
        let began = screen.now();
        assert_eq!(client.send(&refused).await.status, 403);
        let answered = screen.now();
        let seen = screen.drawn();
        whole.push(seen.saturating_sub(began));
        after.push(seen.saturating_sub(answered));
    }
    whole.sort();
    after.sort();
    (whole, after)
}
