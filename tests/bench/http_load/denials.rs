//! What it costs that the judgement of a denied request is kept: the same denials by two servers, of which one keeps
//! each and the other none.

use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use crate::lab::client::{Client, get, post};
use crate::lab::figures::{bar, median, micros};
use crate::lab::process::{Server, latchkey};
use crate::{EMAIL, PASSWORD};

/// Connections.
const MANY: u32 = 32;
/// Longer than what was denied is gathered to be written.
const GATHERED: Duration = Duration::from_millis(700);
/// Clients, in turns.
const CLIENTS: u32 = 512;
/// How often all connections send in one round.
const CHEAP: u32 = 1_000;
/// The same of an account, which has a share of 10,000 in a day.
const OWN: u32 = 300;
const HASHED: u32 = 4;

/// One server, connections to it, and the tokens of two accounts.
struct Side {
    server: Server,
    keeps: bool,
    client: Client,
    many: Vec<Client>,
    admin: String,
    user: String,
    sent: u32,
}

impl Side {
    async fn start(folder: &Path, keep_for: &str) -> Self {
        let folder = folder.join(format!("keeps {keep_for}"));
        std::fs::create_dir(&folder).expect("a folder");
        let mut command = latchkey(&folder);
        command.args(["serve", "--dev", "--listen", "127.0.0.1:0", "--data-dir"]).arg(folder.join("data"));
        command.env("LATCHKEY_TRUSTED_PROXIES", "127.0.0.1").env("LATCHKEY_EXPLAIN__KEEP_FOR", keep_for);
        command.env("LATCHKEY_EXPLAIN__MAX_ENTRIES", "200000");
        command.env("LATCHKEY_LIMITS__AUTHENTICATED", "1000000/1s");
        let server = Server::start(&mut command, &folder.join("log"));
        let client = Client::connect(server.address, None).await;
        let many = join_all((0..MANY).map(|_| Client::connect(server.address, None))).await;
        Self {
            server,
            keeps: keep_for != "0s",
            client,
            many,
            admin: String::new(),
            user: String::new(),
            sent: 0,
        }
    }

    /// Begins another day, in which whoever was denied has their share again.
    async fn next_round(&mut self) {
        let answer = self.client.send(&post("/dev/clock", &json!({ "advance_seconds": 86_401 }))).await;
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        self.admin = log_in(&mut self.client, "admin@example.com").await;
        self.user = log_in(&mut self.client, EMAIL).await;
    }

    /// Server CPU time of a request like `request`, which all connections send `times`.
    async fn cpu_each(&mut self, times: u32, request: &str, status: u16) -> f64 {
        let before = self.server.cpu_of_threads();
        let mut from = String::new();
        for _ in 0..times {
            let mut batch = Vec::new();
            for client in &mut self.many {
                self.sent += 1;
                from = format!("10.0.{}.{}", self.sent % CLIENTS / 256, self.sent % 256);
                let named = request.replace("nobody0000000", &format!("nobody{:07}", self.sent));
                let text = named.replacen("\r\n\r\n", &format!("\r\nX-Forwarded-For: {from}\r\n\r\n"), 1);
                batch.push(async move { client.send(text.as_bytes()).await });
            }
            for answer in join_all(batch).await {
                assert_eq!(answer.status, status, "{}", String::from_utf8_lossy(&answer.body));
            }
        }
        // What is written in the background is counted, and the look is not.
        tokio::time::sleep(GATHERED).await;
        let spent = self.server.cpu_of_threads().saturating_sub(before);
        let seen = self.client.send(&get("/api/v1/explain?limit=50", Some(&self.admin))).await.data();
        if self.keeps && status != 200 {
            let seen = seen["requests"].as_array().expect("a list");
            assert!(seen.iter().any(|one| one["ip_address"] == from), "the last one is kept");
        }
        micros(spent) / f64::from(times * MANY)
    }
}

async fn log_in(client: &mut Client, email: &str) -> String {
    let login = post("/api/v1/auth/login", &json!({ "email": email, "password": PASSWORD }));
    client.send(&login).await.data()["access_token"].as_str().expect("a token").to_owned()
}

/// Prints what each kind of denial costs with its judgement kept, against the same without.
pub async fn measure(folder: &Path, rounds: usize) {
    let mut without = Side::start(folder, "0s").await;
    let mut with = Side::start(folder, "1d").await;
    let wrong = post(
        "/api/v1/auth/login",
        &json!({ "email": "nobody0000000@example.com", "password": "wrong-password" }),
    );
    let me = |bearer: Option<&str>| String::from_utf8(get("/api/v1/auth/me", bearer)).expect("text");
    let admins = |user: &str| String::from_utf8(get("/api/v1/users", Some(user))).expect("text");
    let kinds = [
        ("a GET that is allowed", CHEAP, 200),
        ("401, no token", CHEAP, 401),
        ("401, no token of ours", CHEAP, 401),
        ("403, no permission", OWN, 403),
        ("401, wrong password", HASHED, 401),
    ];
    for (number, (name, times, status)) in kinds.into_iter().enumerate() {
        let request = |side: &Side| match number {
            0 => me(Some(&side.user)),
            1 => me(None),
            2 => me(Some("no.token.ofours")),
            3 => admins(&side.user),
            _ => String::from_utf8(wrong.clone()).expect("text"),
        };
        let (mut ratios, mut extra) = (Vec::new(), Vec::new());
        for round in 0..=rounds {
            let mut each = [0.0; 2];
            for (side, cost) in [&mut without, &mut with].into_iter().zip(&mut each) {
                side.next_round().await;
                let text = request(side);
                *cost = side.cpu_each(times, &text, status).await;
            }
            // The first round warms both up.
            if round > 0 {
                println!("{name:<34} {:>9.1} {:>9.1} us", each[0], each[1]);
                ratios.push(each[1] / each[0]);
                extra.push(each[1] - each[0]);
            }
        }
        println!("{name:<34} {:>9.1} us more", median(extra));
        bar(&format!("{name}: kept / not kept"), median(ratios), 1.05, "x");
    }
}
