//! Whoever makes things happen, at a steady rate: refused requests, each with a number. Knows nothing of who follows.

use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::Place;
use crate::lab::client::get;

/// Connections.
const MAKERS: usize = 50;

/// What begins the id of every request that is counted.
pub const NUMBERED: &str = "bench-";

/// Makes `count` events, `rate` a second; answers when each was answered, and how long all took.
pub fn make(
    runtime: &Runtime,
    place: &Place,
    token: &str,
    rate: usize,
    count: usize,
) -> (Vec<Duration>, Duration) {
    runtime.block_on(async {
        let began = place.origin.elapsed();
        let mut makers = tokio::task::JoinSet::new();
        for first in 0..MAKERS {
            let (place, token) = (place.clone(), token.to_owned());
            makers.spawn(async move { make_some(&place, &token, first, (rate, count)).await });
        }
        let mut answered = vec![Duration::ZERO; count];
        for (number, at) in makers.join_all().await.concat() {
            answered[number] = at;
        }
        (answered, place.origin.elapsed() - began)
    })
}

/// Every so many-th event, from `first` on.
async fn make_some(
    place: &Place,
    token: &str,
    first: usize,
    (rate, count): (usize, usize),
) -> Vec<(usize, Duration)> {
    let mut client = place.connect().await;
    let apart = Duration::from_secs_f64(1.0 / f64::from(u32::try_from(rate).expect("a rate")));
    let begin = Instant::now() + apart * u32::try_from(first).expect("a number");
    let mut pace = interval_at(begin, apart * u32::try_from(MAKERS).expect("a number"));
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut answered = Vec::new();
    for number in (first..count).step_by(MAKERS) {
        pace.tick().await;
        let request = String::from_utf8(get("/api/v1/outbox", Some(token))).expect("text");
        let request = request.replacen("\r\n", &format!("\r\nx-request-id: {NUMBERED}{number}\r\n"), 1);
        let answer = client.send(request.as_bytes()).await;
        assert_eq!(answer.status, 403, "{}", String::from_utf8_lossy(&answer.body));
        answered.push((number, place.origin.elapsed()));
    }
    answered
}
