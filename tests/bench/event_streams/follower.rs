//! Whoever follows the feed, and what each heard. Knows nothing of who makes things happen.

use std::sync::Barrier;
use std::time::Duration;

use latchkey::ambient::{Clock, SystemClock};
use latchkey::domain::time::Timestamp;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::Place;
use crate::lab::client::{Client, get};
use crate::maker::NUMBERED;

/// The longest silence before a stream is given up.
const PATIENCE: Duration = Duration::from_secs(20);

/// What one stream got.
#[derive(Default)]
pub struct Heard {
    /// The numbers of the events, as they came.
    pub order: Vec<usize>,
    /// When each came.
    pub at: Vec<Duration>,
    /// How old each was then, by the stamp in it.
    pub since_stamp: Vec<Duration>,
}

impl Heard {
    /// How many of `count` events did not come.
    pub fn lost(&self, count: usize) -> usize {
        count - self.distinct()
    }

    /// How many came again.
    pub fn doubled(&self) -> usize {
        self.order.len() - self.distinct()
    }

    fn distinct(&self) -> usize {
        let mut sorted = self.order.clone();
        sorted.sort_unstable();
        sorted.dedup();
        sorted.len()
    }

    /// Takes every whole line of `received` that tells of a counted event.
    fn take(&mut self, received: &mut Vec<u8>, at: Duration, now: Timestamp) {
        let end = received.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let whole: Vec<u8> = received.drain(..end).collect();
        for line in String::from_utf8_lossy(&whole).lines().filter(|line| line.starts_with("data: ")) {
            let number = text(line, "\"request_id\":\"").and_then(|id| id.strip_prefix(NUMBERED));
            let Some(number) = number.and_then(|number| number.parse().ok()) else { continue };
            let stamp: Timestamp =
                text(line, "\"created_at\":\"").and_then(|at| at.parse().ok()).expect("a stamp");
            self.order.push(number);
            self.at.push(at);
            self.since_stamp.push(now.since(stamp));
        }
    }
}

/// The text behind `start`, up to its quotation mark.
fn text<'a>(line: &'a str, start: &str) -> Option<&'a str> {
    line.split_once(start)?.1.split('"').next()
}

/// Opens `streams`, says so at `open`, and follows until each has heard `count` events, or nothing for a while.
pub fn follow(
    runtime: &Runtime,
    place: &Place,
    token: &str,
    streams: usize,
    count: usize,
    open: &Barrier,
) -> Vec<Heard> {
    runtime.block_on(async {
        let mut clients = Vec::new();
        for _ in 0..streams {
            let mut client = place.connect().await;
            let status = client.begin(&get("/api/v1/events?topic=access", Some(token))).await;
            assert_eq!(status, 200, "{}", client.head());
            clients.push(client);
        }
        open.wait();
        let mut following = tokio::task::JoinSet::new();
        for client in clients {
            let place = place.clone();
            following.spawn(async move { follow_one(client, &place, count).await });
        }
        following.join_all().await
    })
}

async fn follow_one(mut client: Client, place: &Place, count: usize) -> Heard {
    let mut heard = Heard::default();
    while heard.order.len() < count {
        let Ok(received) = timeout(PATIENCE, client.more()).await else { break };
        heard.take(received, place.origin.elapsed(), SystemClock.now());
    }
    // What comes twice at the end comes now.
    if let Ok(received) = timeout(Duration::from_secs(1), client.more()).await {
        heard.take(received, place.origin.elapsed(), SystemClock.now());
    }
    heard
}
