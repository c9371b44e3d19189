//! Somebody who follows the feed.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use latchkey::domain::audit::{Action, Outcome};
use latchkey::services::audit::Witness;
use poem::Body;
use poem::http::{HeaderMap, Method};
use serde_json::Value;

use super::{Anonymous, Answer, TestApp};

/// The longest wait for what has to come. No test waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(30);

/// An open stream.
pub struct Following {
    pub headers: HeaderMap,
    chunks: Pin<Box<dyn Stream<Item = std::io::Result<Bytes>> + Send>>,
    waiting: Vec<Heard>,
}

/// One event of a stream; the event of a comment is `comment`.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    pub event: String,
    pub id: Option<String>,
    pub data: Value,
}

impl Heard {
    pub fn action(&self) -> &str {
        self.data["action"].as_str().unwrap_or_else(|| panic!("no act: {self:?}"))
    }
}

impl Anonymous<'_> {
    /// Opens a stream, or is refused.
    pub async fn follow(&self, query: &str) -> Result<Following, Answer> {
        let path = format!("/api/v1/events?{query}");
        let response = self.app.respond(Method::GET, &path, &self.headers, Body::empty()).await;
        if !response.status().is_success() {
            return Err(Answer::of(response).await);
        }
        let headers = response.headers().clone();
        let chunks = response.into_body().into_bytes_stream();
        Ok(Following { headers, chunks: Box::pin(chunks), waiting: Vec::new() })
    }

    /// Opens a stream, hears `ready` and gives its cursor.
    pub async fn followed(&self, query: &str) -> (Following, String) {
        let mut stream = self.follow(query).await.unwrap_or_else(|answer| panic!("refused: {}", answer.text));
        let ready = stream.next().await;
        assert_eq!((ready.event.as_str(), ready.id.as_deref()), ("ready", ready.data["cursor"].as_str()));
        (stream, ready.id.unwrap())
    }
}

impl Following {
    /// The next event, which has to come.
    pub async fn next(&mut self) -> Heard {
        if self.waiting.is_empty() {
            self.waiting = self.chunk().await.expect("the stream ended");
            self.waiting.reverse();
        }
        self.waiting.pop().unwrap()
    }

    /// The acts of the next `count` events.
    pub async fn actions(&mut self, count: usize) -> Vec<String> {
        let mut actions = Vec::new();
        for _ in 0..count {
            actions.push(self.next().await.action().to_owned());
        }
        actions
    }

    /// What comes at once; `None`: the stream has ended.
    pub async fn chunk(&mut self) -> Option<Vec<Heard>> {
        assert!(self.waiting.is_empty(), "{:?}", self.waiting);
        let chunk = tokio::time::timeout(PATIENCE, self.chunks.next()).await.expect("nothing came");
        let text = String::from_utf8(chunk?.unwrap().into()).unwrap();
        assert!(text.ends_with("\n\n"), "{text:?}");
        Some(text.trim_end_matches('\n').split("\n\n").map(heard).collect())
    }

    /// The reason of the end, which has to come next, and nothing after it.
    pub async fn end(&mut self) -> String {
        let end = self.next().await;
        assert_eq!((end.event.as_str(), self.chunk().await), ("end", None), "{end:?}");
        end.data["reason"].as_str().unwrap().to_owned()
    }
}

/// Reads one event as the HTML standard does, and allows no field that ours do not have.
fn heard(text: &str) -> Heard {
    let mut heard = Heard { event: "message".to_owned(), id: None, data: Value::Null };
    for line in text.split(['\n', '\r']) {
        match line.split_once(": ") {
            Some(("", _)) => "comment".clone_into(&mut heard.event),
            Some(("event", name)) => name.clone_into(&mut heard.event),
            Some(("id", id)) => assert_eq!(heard.id.replace(id.to_owned()), None, "{text:?}"),
            Some(("data", data)) => heard.data = serde_json::from_str(data).unwrap(),
            _ => panic!("not a field: {line:?}"),
        }
    }
    heard
}

impl TestApp {
    /// One commit with an event for each of these texts, which it carries.
    pub async fn commit(&self, texts: &[&str]) {
        let ctx = self.services.own_context("test");
        let witness = Witness::of_nobody(&self.services, &ctx);
        let events: Vec<_> = texts
            .iter()
            .map(|text| witness.event(Action::ConfigLoaded, Outcome::Success).detail("text", *text).done())
            .collect();
        let emit = move |txn: &mut latchkey::store::Txn<'_>| {
            events.iter().try_for_each(|event| txn.emit(event.clone()))
        };
        self.services.write("test", &ctx, emit).await.unwrap();
    }
}
