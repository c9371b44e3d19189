//! Receivers of webhooks, without sockets: they answer what the test says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use latchkey::services::webhook::{self, Hook, Next, Seen};
use latchkey::services::webhook_sink::{Delivering, OutgoingEvent, SinkFault, WebhookSink};
use tokio::sync::Notify;

use super::TestApp;

/// A receiver that keeps what it gets.
#[derive(Clone, Default)]
pub struct Receiver {
    answers: Arc<Mutex<VecDeque<Result<(), SinkFault>>>>,
    seen: Arc<Mutex<Vec<OutgoingEvent>>>,
    hangs: Arc<Mutex<bool>>,
    called: Arc<Notify>,
}

impl Receiver {
    /// Has the next deliveries fail so often.
    pub fn fail(&self, times: usize) {
        let fault = || Err(SinkFault::Failed("the receiver answered 503".to_owned()));
        self.answers.lock().unwrap().extend((0..times).map(|_| fault()));
    }

    /// Has the next delivery answered with 503, and a `Retry-After`.
    pub fn be_busy(&self, wait: Duration) {
        self.answers.lock().unwrap().push_back(Err(SinkFault::Busy { status: 503, wait }));
    }

    /// Has the next delivery answered with 410.
    pub fn go(&self) {
        self.answers.lock().unwrap().push_back(Err(SinkFault::Gone));
    }

    /// Takes what it gets and never answers, or answers again.
    pub fn hang(&self, hangs: bool) {
        *self.hangs.lock().unwrap() = hangs;
    }

    /// Waits until it is called.
    pub async fn called(&self) {
        self.called.notified().await;
    }

    /// What it got, and forgets it.
    pub fn take(&self) -> Vec<OutgoingEvent> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }

    /// The actions of what it got, and forgets it.
    pub fn actions(&self) -> Vec<String> {
        self.take().into_iter().map(|event| event.entry.action).collect()
    }
}

impl WebhookSink for Receiver {
    fn deliver<'a>(&'a self, event: &'a OutgoingEvent) -> Delivering<'a> {
        self.seen.lock().unwrap().push(event.clone());
        self.called.notify_one();
        let answer = self.answers.lock().unwrap().pop_front().unwrap_or(Ok(()));
        let hangs = *self.hangs.lock().unwrap();
        Box::pin(async move {
            if hangs {
                std::future::pending::<()>().await;
            }
            answer
        })
    }
}

/// A hook that is told of `actions`, or of all; three attempts.
pub fn hook(name: &str, actions: Option<&str>, receiver: &Receiver) -> Hook {
    Hook {
        name: name.to_owned(),
        origin: format!("https://{name}.example.com"),
        actions: actions.map(|actions| actions.parse().unwrap()),
        attempts_max: 3,
        dead_for: Duration::from_secs(30 * 86_400),
        dead_max: 3,
        sink: Arc::new(receiver.clone()),
        seen: Seen::default(),
    }
}

impl TestApp {
    /// A server with these webhooks, each of which has begun.
    pub async fn with_webhooks(hooks: Vec<Hook>) -> Self {
        let (app, ()) = Self::with_parts(|_| {}, |shared, _| shared.hooks = hooks);
        for at in 0..app.services.hooks.len() {
            app.tell(at).await;
        }
        app
    }

    /// The same store and time in a new process, with these webhooks.
    pub async fn restarted_with_webhooks(self, hooks: Vec<Hook>) -> Self {
        let app = self.again(|shared| shared.hooks = hooks);
        webhook::forget_others(&app.services).await.unwrap();
        app
    }

    /// Delivers to the hook at this place until it waits; answers for what.
    pub async fn tell(&self, at: usize) -> Next {
        loop {
            let next = webhook::step(&self.services, &self.services.hooks[at]).await.unwrap();
            if next != Next::Now {
                return next;
            }
        }
    }
}
