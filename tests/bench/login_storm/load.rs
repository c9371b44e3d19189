//! The two kinds of callers: readers at a steady rate, and a storm of logins. Knows nothing of bars.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use latchkey::ambient::Stopwatch;
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};
use tokio_rustls::TlsConnector;

use crate::lab::client::{Client, get, post};

/// Connections of the readers, and the pause of each between two requests: 50 requests a second together.
const READERS: usize = 5;
const PAUSE: Duration = Duration::from_millis(100);

/// Where the server is, and who reads there.
#[derive(Clone)]
pub struct Place {
    pub address: SocketAddr,
    pub tls: Option<TlsConnector>,
    pub access: String,
}

/// What a storm came to.
#[derive(Default)]
pub struct Storm {
    pub granted: u32,
    pub denied: u32,
    /// Answered 503, each with Retry-After.
    pub busy: u32,
}

impl Place {
    /// What `/metrics` shows now.
    pub async fn metrics(&self) -> String {
        let mut client = Client::connect(self.address, self.tls.as_ref()).await;
        String::from_utf8_lossy(&client.send(&get("/metrics", None)).await.body).into_owned()
    }

    /// Reads at a steady rate for `length`; the times that the reader saw, ascending.
    pub async fn read(&self, length: Duration) -> Vec<Duration> {
        let mut readers = tokio::task::JoinSet::new();
        for _ in 0..READERS {
            let place = self.clone();
            readers.spawn(async move { place.read_alone(length).await });
            tokio::time::sleep(PAUSE / u32::try_from(READERS).unwrap_or(1)).await;
        }
        let mut seen: Vec<_> = readers.join_all().await.concat();
        seen.sort_unstable();
        seen
    }

    async fn read_alone(&self, length: Duration) -> Vec<Duration> {
        let request = get("/api/v1/auth/me", Some(&self.access));
        let mut client = Client::connect(self.address, self.tls.as_ref()).await;
        let (round, mut seen, mut pace) = (Stopwatch::start(), Vec::new(), interval(PAUSE));
        pace.set_missed_tick_behavior(MissedTickBehavior::Skip);
        while round.elapsed() < length {
            pace.tick().await;
            let watch = Stopwatch::start();
            let answer = client.send(&request).await;
            seen.push(watch.elapsed());
            assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        }
        seen
    }

    /// `callers` log in flat out until `over`, every other one with a wrong password. They share one thread: the
    /// server is to have the rest of the machine.
    pub fn storm(
        &self,
        callers: usize,
        account: (&'static str, &'static str),
        over: Arc<AtomicBool>,
    ) -> JoinHandle<Storm> {
        let place = self.clone();
        thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let mut storm = tokio::task::JoinSet::new();
                for number in 0..callers {
                    let (place, over) = (place.clone(), over.clone());
                    let password = if number % 2 == 0 { account.1 } else { "not the password" };
                    storm.spawn(async move { place.log_in(account.0, password, &over).await });
                }
                let mut sum = Storm::default();
                for one in storm.join_all().await {
                    sum.granted += one.granted;
                    sum.denied += one.denied;
                    sum.busy += one.busy;
                }
                sum
            })
        })
    }

    async fn log_in(&self, email: &str, password: &str, over: &AtomicBool) -> Storm {
        let request = post("/api/v1/auth/login", &json!({ "email": email, "password": password }));
        let mut client = Client::connect(self.address, self.tls.as_ref()).await;
        let mut storm = Storm::default();
        while !over.load(Ordering::Relaxed) {
            let answer = client.send(&request).await;
            match answer.status {
                200 => storm.granted += 1,
                401 => storm.denied += 1,
                503 => {
                    assert!(client.head().contains("\r\nretry-after: "), "{}", client.head());
                    storm.busy += 1;
                }
                other => panic!("{other} {}", String::from_utf8_lossy(&answer.body)),
            }
        }
        storm
    }
}
