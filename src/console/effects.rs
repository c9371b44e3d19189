//! Does what an update asks for: requests and the event stream, on tasks of their own. Knows no screen.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc};
use tokio::task::{AbortHandle, JoinHandle};

use super::conn::events::{Follower, News, Pace};
use super::conn::problem::Kind;
use super::conn::{Client, Problem, Request, Target};
use super::model::msg::{Msg, Slot};
use crate::ambient::Entropy;

/// Answers that wait for the screen.
pub const WAITING: usize = 1_024;

/// What runs in the background.
pub struct Effects {
    runtime: Handle,
    out: mpsc::Sender<Msg>,
    news: mpsc::Sender<News>,
    entropy: Arc<dyn Entropy>,
    pace: Pace,
    client: Option<Arc<Client>>,
    follower: Option<JoinHandle<()>>,
    again: Arc<Notify>,
    asked: HashMap<Slot, AbortHandle>,
    busy: Arc<AtomicUsize>,
}

/// One request that is under way; counts itself out, however it ends.
struct Busy(Arc<AtomicUsize>);

impl Busy {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Effects {
    /// Nothing runs yet; it will on `runtime`. Answers go to `out`, the stream to `news`. Over SSH batches come more slowly.
    pub fn new(
        runtime: Handle,
        (out, news): (mpsc::Sender<Msg>, mpsc::Sender<News>),
        entropy: Arc<dyn Entropy>,
        is_over_ssh: bool,
    ) -> Self {
        Self {
            runtime,
            out,
            news,
            entropy,
            pace: Pace(Duration::from_millis(if is_over_ssh { 100 } else { 33 })),
            client: None,
            follower: None,
            again: Arc::default(),
            asked: HashMap::new(),
            busy: Arc::default(),
        }
    }

    /// Where it runs.
    #[cfg(debug_assertions)]
    pub fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Whether requests are under way.
    pub fn is_busy(&self) -> bool {
        self.busy.load(Ordering::SeqCst) > 0
    }

    /// Talks to `target` from now on, and to nobody else.
    pub fn connect(&mut self, target: Target) -> Result<(), String> {
        self.asked.drain().for_each(|(_, task)| task.abort());
        self.follower.take().inspect(JoinHandle::abort);
        self.client = None;
        let client = Arc::new(Client::new(target.with_key()?).map_err(|error| error.to_string())?);
        self.client = Some(client.clone());
        self.again = Arc::default();
        let follower = Follower {
            client,
            out: self.news.clone(),
            entropy: self.entropy.clone(),
            pace: self.pace,
            again: self.again.clone(),
        };
        self.follower = Some(self.runtime.spawn(follower.run()));
        Ok(())
    }

    /// Asks for `slot`; what was asked for it before is no longer wanted.
    pub fn ask(&mut self, slot: Slot, generation: u64, request: Request) {
        let (client, out, busy) = (self.client.clone(), self.out.clone(), Busy::new(&self.busy));
        let task = self.runtime.spawn(async move {
            let result = asked(client, request).await;
            // Nobody is left to hear it when the console ends.
            let _ = out.send(Msg::Answer { slot, generation, result }).await;
            drop(busy);
        });
        if let Some(before) = self.asked.insert(slot, task.abort_handle()) {
            before.abort();
        }
    }

    /// Writes; ends only by itself.
    pub fn call(&self, request: Request) {
        let (client, out, busy) = (self.client.clone(), self.out.clone(), Busy::new(&self.busy));
        self.runtime.spawn(async move {
            let request_id = request.request_id.clone().unwrap_or_default();
            let result = asked(client, request).await;
            let _ = out.send(Msg::Done { request_id, result }).await;
            drop(busy);
        });
    }

    /// Ends a wait for the next attempt.
    pub fn again(&self) {
        self.again.notify_waiters();
    }
}

async fn asked(client: Option<Arc<Client>>, request: Request) -> Result<super::conn::Answer, Problem> {
    match client {
        Some(client) => client.ask(request).await,
        None => Err(Problem::local(Kind::Unreachable, &request.route(), "there is no server")),
    }
}

/// Writes `text` to a new file `name`, readable by its owner alone.
pub fn save(name: &str, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(name)?;
    file.write_all(text.as_bytes())
}
