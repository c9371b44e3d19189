//! Callers that send as fast as they are answered, and what a round of that came to. Knows nothing of bars.

use std::time::Duration;

use latchkey::ambient::Stopwatch;
use serde_json::{Value, json};

use crate::lab::client::{Answer, Client, post};
use crate::lab::figures::{micros, percentile};
use crate::lab::process::Server;

/// One connection and what it asks.
pub struct Caller {
    client: Client,
    request: Vec<u8>,
    next: Next,
}

/// How the next request follows from the last answer.
enum Next {
    Same,
    Refresh,
    Register { caller: usize, sent: u32, password: &'static str },
}

impl Caller {
    /// Always the same request.
    pub fn repeat(client: Client, request: &[u8]) -> Self {
        Self { client, request: request.to_vec(), next: Next::Same }
    }

    /// Exchanges a refresh token, and then the one it got.
    pub fn refresh(client: Client, token: &str) -> Self {
        Self { client, request: refresh_request(token), next: Next::Refresh }
    }

    /// Registers one account after another.
    pub fn register(client: Client, caller: usize, password: &'static str) -> Self {
        let next = Next::Register { caller, sent: 0, password };
        Self { client, request: register_request(caller, 0, password), next }
    }

    async fn send_for(&mut self, length: Duration) -> Vec<Duration> {
        let (round, mut latencies) = (Stopwatch::start(), Vec::new());
        while round.elapsed() < length {
            let watch = Stopwatch::start();
            let answer = self.client.send(&self.request).await;
            latencies.push(watch.elapsed());
            assert!((200..300).contains(&answer.status), "{}", String::from_utf8_lossy(&answer.body));
            self.follow(&answer);
        }
        latencies
    }

    fn follow(&mut self, answer: &Answer) {
        match &mut self.next {
            Next::Same => {}
            Next::Refresh => {
                self.request = refresh_request(answer.data()["refresh_token"].as_str().expect("a token"));
            }
            Next::Register { caller, sent, password } => {
                *sent += 1;
                self.request = register_request(*caller, *sent, password);
            }
        }
    }
}

fn refresh_request(token: &str) -> Vec<u8> {
    post("/api/v1/auth/refresh", &json!({ "refresh_token": token }))
}

fn register_request(caller: usize, number: u32, password: &str) -> Vec<u8> {
    let email = format!("caller-{caller}-{number}@example.com");
    let body: Value = json!({ "email": email, "password": password, "name": "A Caller" });
    post("/api/v1/auth/register", &body)
}

/// What a round came to.
pub struct Round {
    latencies: Vec<Duration>,
    took: Duration,
    cpu: Duration,
}

/// All callers send for `length`; the CPU time is the server's.
pub async fn drive(server: &Server, callers: &mut Vec<Caller>, length: Duration) -> Round {
    let (cpu, watch) = (server.cpu(), Stopwatch::start());
    let mut running = tokio::task::JoinSet::new();
    for mut caller in callers.drain(..) {
        running.spawn(async move {
            let latencies = caller.send_for(length).await;
            (caller, latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(ended) = running.join_next().await {
        let (caller, some) = ended.expect("a caller that goes on to the end");
        callers.push(caller);
        latencies.extend(some);
    }
    Round { latencies, took: watch.elapsed(), cpu: server.cpu().saturating_sub(cpu) }
}

/// Several rounds as one.
pub fn total(rounds: Vec<Round>) -> Round {
    let mut sum = Round { latencies: Vec::new(), took: Duration::ZERO, cpu: Duration::ZERO };
    for round in rounds {
        sum.latencies.extend(round.latencies);
        sum.took += round.took;
        sum.cpu += round.cpu;
    }
    sum
}

impl Round {
    /// A count as a number to divide by.
    pub fn count(count: usize) -> f64 {
        f64::from(u32::try_from(count).expect("a count of requests"))
    }

    /// Server CPU time of one request, in microseconds.
    pub fn cpu_each(&self) -> f64 {
        micros(self.cpu) / Self::count(self.latencies.len())
    }

    /// One line of the table.
    pub fn print(mut self, name: &str) {
        self.latencies.sort_unstable();
        let rate = Self::count(self.latencies.len()) / self.took.as_secs_f64();
        let (p50, p99) = (percentile(&self.latencies, 50), percentile(&self.latencies, 99));
        println!(
            "{name:<34} {rate:>9.0} {:>9.0} {:>9.0} {:>11.1}",
            micros(p50),
            micros(p99),
            self.cpu_each()
        );
    }
}
