//! Whoever makes things happen, at a steady rate: refused requests, each with a number. Knows nothing of who follows.

use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::Place;
use crate::lab::client::{Client, get};

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
        let mut clients = Vec::new();
        for _ in 0..MAKERS {
            clients.push(place.connect().await);
        }
        let began = place.origin.elapsed();
        let mut makers = tokio::task::JoinSet::new();
        for (first, client) in clients.into_iter().enumerate() {
            let (place, token) = (place.clone(), token.to_owned());
            makers.spawn(async move { make_some(client, &place, &token, (first, rate, count)).await });
        }
        let mut answered = vec![Duration::ZERO; count];
        for (number, at) in makers.join_all().await.concat() {
            answered[number] = at;
        }
        (answered, place.origin.elapsed().saturating_sub(began))
    })
}

/// Every so many-th event, from `first` on.
async fn make_some(
    mut client: Client,
    place: &Place,
    token: &str,
    (first, rate, count): (usize, usize, usize),
) -> Vec<(usize, Duration)> {
    let apart = Duration::from_secs_f64(1.0 / f64::from(u32::try_from(rate).expect("a rate")));
    let begin = Instant::now() + apart * u32::try_from(first).expect("a number");
    let mut ticks = interval_at(begin, apart * u32::try_from(MAKERS).expect("a number"));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut answered = Vec::new();
    for number in (first..count).step_by(MAKERS) {
        ticks.tick().await;
        let request = String::from_utf8(get("/api/v1/outbox", Some(token))).expect("text");
        let request = request.replacen("\r\n", &format!("\r\nx-request-id: {NUMBERED}{number}\r\n"), 1);
        let answer = client.send(request.as_bytes()).await;
        assert_eq!(answer.status, 403, "{}", String::from_utf8_lossy(&answer.body));
        answered.push((number, place.origin.elapsed()));
    }
    answered
}
