//! Follows the events of a server for as long as the console runs: comes back after a loss, where it was. Knows no view.
//!
//! ## Decision: gathered here, shown at most thirty times a second
//! Events are handed on in batches, one at most every [`Pace`], so a burst costs the screen one message and not
//! thousands. When nobody takes a batch it waits and grows; above a bound the oldest are dropped, counted, and the
//! batch says so: the view shows a gap instead of silence.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::backoff;
use super::client::{Client, Request};
use super::place::{End, Place};
use super::problem::{Kind, Problem};
use super::sse::Parser;
use crate::ambient::Entropy;
use crate::wire::audit::AuditLog;

/// Most events that wait for the screen.
const WAITING_MAX: usize = 5_000;

/// How long beyond a missed heartbeat the stream is only late.
const GRACE: Duration = Duration::from_secs(5);

/// What the stream tells.
#[derive(Debug, Clone)]
pub enum News {
    /// It begins, or goes on where it was.
    Ready,
    /// Something came again after it was late.
    Heard,
    /// No heartbeat came in time.
    Late,
    /// It broke; the next attempt is number `attempt`, in `wait`.
    Lost {
        /// Why.
        problem: Problem,
        /// Which attempt comes next, from 1.
        attempt: u32,
        /// In how long.
        wait: Duration,
    },
    /// The server does not let this credential follow; nothing more is tried until it is asked for.
    Refused(Problem),
    /// What happened, oldest first.
    Events {
        /// The events.
        events: Vec<AuditLog>,
        /// How many before them were dropped here.
        dropped: u64,
    },
    /// Something is missing: why.
    Gap(String),
}

/// The least time between two batches.
#[derive(Debug, Clone, Copy)]
pub struct Pace(pub Duration);

/// Everything the task needs.
pub struct Follower {
    /// The server.
    pub client: Arc<Client>,
    /// Where news go.
    pub out: mpsc::Sender<News>,
    /// Spreads the attempts.
    pub entropy: Arc<dyn Entropy>,
    /// How often batches come.
    pub pace: Pace,
    /// Ends a wait at once.
    pub again: Arc<Notify>,
}

impl Follower {
    /// Follows until nobody listens.
    pub async fn run(self) {
        let mut place = Place::default();
        let mut attempt = 0;
        loop {
            let end = self.stream(&mut place, &mut attempt).await;
            let news = match end {
                End::Closed => return,
                End::Refused(problem) => News::Refused(problem),
                End::Broken(problem) => {
                    attempt = attempt.saturating_add(1);
                    News::Lost { problem, attempt, wait: backoff::wait(attempt, &*self.entropy) }
                }
            };
            let wait = if let News::Lost { wait, .. } = news { Some(wait) } else { None };
            if self.out.send(news).await.is_err() {
                return;
            }
            match wait {
                // A wish to try again ends the wait, and counts only while there is one.
                Some(wait) => {
                    let _ = timeout(wait, self.again.notified()).await;
                }
                None => self.again.notified().await,
            }
        }
    }

    async fn stream(&self, place: &mut Place, attempt: &mut u32) -> End {
        let mut request = Request::get("/api/v1/events");
        if let Some(at) = &place.at {
            request = request.with("after", at.as_str());
        }
        let route = request.route();
        let mut body = match self.client.open(&request).await {
            Ok(body) => body,
            Err(problem) if matches!(problem.kind, Kind::Expired | Kind::Forbidden | Kind::Refused) => {
                return End::Refused(problem);
            }
            Err(problem) => return End::Broken(problem),
        };
        let broken = |why: String| End::Broken(Problem::local(Kind::Unreachable, &route, why));
        let mut batch = Batch::new(self.pace);
        let mut parser = Parser::default();
        let mut is_late = false;
        loop {
            let patience = if is_late { place.heartbeat.saturating_mul(2) } else { place.heartbeat + GRACE };
            let chunk = tokio::select! {
                () = batch.due() => {
                    batch.flush(&self.out);
                    continue;
                }
                chunk = timeout(patience, body.frame()) => chunk,
            };
            let chunk = match chunk {
                Err(_) if is_late => return broken("nothing was heard for too long".to_owned()),
                Err(_) => {
                    is_late = true;
                    if self.out.send(News::Late).await.is_err() {
                        return End::Closed;
                    }
                    continue;
                }
                Ok(None) => return broken("the server closed the stream".to_owned()),
                Ok(Some(Err(error))) => return broken(format!("the stream broke: {error}")),
                Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
            };
            if std::mem::take(&mut is_late) && self.out.send(News::Heard).await.is_err() {
                return End::Closed;
            }
            let frames = match parser.feed(&chunk) {
                Ok(frames) => frames,
                Err(error) => return broken(error.to_string()),
            };
            for frame in frames {
                match place.take(&route, frame) {
                    Ok(None) => {}
                    Ok(Some(News::Events { events, .. })) => batch.add(events),
                    Ok(Some(news)) => {
                        if matches!(news, News::Ready) {
                            *attempt = 0;
                        }
                        batch.flush(&self.out);
                        if self.out.send(news).await.is_err() {
                            return End::Closed;
                        }
                    }
                    Err(end) => {
                        batch.flush(&self.out);
                        return end;
                    }
                }
            }
        }
    }
}

/// Events on their way to the screen.
struct Batch {
    pace: Duration,
    events: VecDeque<AuditLog>,
    dropped: u64,
    due: Option<Instant>,
    last: Option<Instant>,
}

impl Batch {
    const fn new(pace: Pace) -> Self {
        Self { pace: pace.0, events: VecDeque::new(), dropped: 0, due: None, last: None }
    }

    fn add(&mut self, events: Vec<AuditLog>) {
        self.events.extend(events);
        while self.events.len() > WAITING_MAX {
            self.events.pop_front();
            self.dropped = self.dropped.saturating_add(1);
        }
        // The first after a silence goes at once.
        let now = tokio::time::Instant::now();
        self.due.get_or_insert_with(|| self.last.map_or(now, |last| last + self.pace).max(now));
    }

    async fn due(&self) {
        match self.due {
            Some(due) => sleep_until(due).await,
            None => sleep(Duration::MAX).await,
        }
    }

    /// Hands on what waits, unless nobody has taken the batch before yet.
    fn flush(&mut self, out: &mpsc::Sender<News>) {
        let now = tokio::time::Instant::now();
        self.due = None;
        self.last = Some(now);
        if self.events.is_empty() {
            return;
        }
        match out.try_reserve() {
            Ok(room) => {
                let dropped = std::mem::take(&mut self.dropped);
                room.send(News::Events { events: self.events.drain(..).collect(), dropped });
            }
            Err(_) => self.due = Some(now + self.pace),
        }
    }
}

#[cfg(test)]
mod tests;
