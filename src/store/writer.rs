//! The one writer: runs closures one after another and commits those that wait together. Knows no table but the lane.
//!
//! ## Decision
//! One durable commit costs two syncs, whatever it holds. So all jobs that wait when the writer is free (up to
//! [`GROUP_JOBS`]) run one after another over one snapshot and share one commit. Every answer of a group, even a
//! rule's no, leaves after that commit, for it may rest on rows of the group that were not durable yet.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::watch;

use super::codec::Codec;
use super::engine::{CommitFault, Engine};
use super::error::StoreError;
use super::lane::{self, Head, LANE_0};
use super::overlay::Overlay;
use super::snapshot::Snapshot;
use super::txn::{Effect, Stamp, Txn};

/// The most jobs that share one commit. More would make the first of them wait too long for the last.
pub const GROUP_JOBS: usize = 256;
/// The most jobs that wait: four full groups, some 50 ms of a busy disk. Whoever comes later is better off being told.
pub const QUEUE_JOBS: usize = 1024;
/// How often a group runs again after a conflict.
pub(crate) const ATTEMPTS: u32 = 50;

/// A closure on its way through the writer, without its types.
pub(crate) trait Task: Send {
    /// Runs the closure; `true` when its writes shall be committed. May be called again after a conflict.
    fn run(&mut self, txn: &mut Txn<'_>) -> bool;

    /// Sends the answer: what the closure said, or the store's error instead.
    fn answer(self: Box<Self>, failed: Option<StoreError>);
}

pub(crate) struct Job {
    pub name: &'static str,
    pub stamp: Stamp,
    pub task: Box<dyn Task>,
}

/// What the writer has done since it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// Durable commits.
    pub commits: u64,
    /// Transactions that wrote something and were committed.
    pub transactions: u64,
    /// Jobs waiting now.
    pub queued: usize,
}

#[derive(Debug, Default)]
struct Tally {
    commits: AtomicU64,
    transactions: AtomicU64,
    queued: AtomicUsize,
}

/// The handle of the writer. Dropping it lets the waiting jobs finish and ends the writer's thread.
pub(crate) struct Writer {
    queue: Option<SyncSender<Job>>,
    /// `None` while nobody, or whoever has the [`HandWriter`], does the work.
    thread: Mutex<Option<JoinHandle<()>>>,
    tally: Arc<Tally>,
    committed: watch::Receiver<u64>,
}

impl Writer {
    /// A writer and the one who does its work: see [`Writer::start`].
    pub fn new(engine: Arc<dyn Engine>, codec: Arc<Codec>) -> Result<(Self, HandWriter), StoreError> {
        let head = lane::head(&Snapshot::new(engine.snapshot()?, &codec), LANE_0)?;
        let (queue, jobs) = sync_channel(QUEUE_JOBS);
        let (announce, committed) = watch::channel(head.seq);
        let tally = Arc::new(Tally::default());
        let bench = Bench { engine, codec, tally: Arc::clone(&tally), announce, head: Some(head) };
        let writer = Self { queue: Some(queue), thread: Mutex::default(), tally, committed };
        Ok((writer, HandWriter { jobs, bench }))
    }

    /// Gives the work to a thread of its own.
    pub fn start(&self, work: HandWriter) -> Result<(), StoreError> {
        let thread = thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || work.until_closed())
            .map_err(|error| StoreError::Io(Arc::new(error)))?;
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(())
    }

    pub fn submit(&self, job: Job) -> Result<(), StoreError> {
        let queue = self.queue.as_ref().ok_or(StoreError::Closed)?;
        self.tally.queued.fetch_add(1, Ordering::Relaxed);
        queue.try_send(job).map_err(|refused| {
            self.tally.queued.fetch_sub(1, Ordering::Relaxed);
            match refused {
                TrySendError::Full(_) => StoreError::Busy { queued: QUEUE_JOBS },
                TrySendError::Disconnected(_) => StoreError::Closed,
            }
        })
    }

    pub fn counters(&self) -> Counters {
        Counters {
            commits: self.tally.commits.load(Ordering::Relaxed),
            transactions: self.tally.transactions.load(Ordering::Relaxed),
            queued: self.tally.queued.load(Ordering::Relaxed),
        }
    }

    pub fn committed(&self) -> watch::Receiver<u64> {
        self.committed.clone()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // The last handle may be dropped by an effect, on the writer's own thread, which cannot wait for itself.
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != thread::current().id()) {
            let _ = thread.join();
        }
    }
}

/// A writer without a thread: it works when it is told to. So a test decides itself who runs when, and a fuzz target
/// runs on one thread.
pub struct HandWriter {
    jobs: Receiver<Job>,
    bench: Bench,
}

impl HandWriter {
    /// Runs and commits the jobs that wait now, as one group; `false` when none waits.
    pub fn turn(&mut self) -> bool {
        let first = self.jobs.try_recv();
        first.map(|first| self.group(first)).is_ok()
    }

    fn until_closed(mut self) {
        while let Ok(first) = self.jobs.recv() {
            self.group(first);
        }
    }

    fn group(&mut self, first: Job) {
        let mut group = vec![first];
        group.extend(self.jobs.try_iter().take(GROUP_JOBS - 1));
        self.bench.work(group);
    }
}

/// Where the writer works.
struct Bench {
    engine: Arc<dyn Engine>,
    codec: Arc<Codec>,
    tally: Arc<Tally>,
    announce: watch::Sender<u64>,
    /// The newest commit record; `None` when a failed commit left it unknown, so that it is read again.
    head: Option<Head>,
}

/// A group that ran well but may not be durable yet.
#[derive(Default)]
struct Ran {
    /// For each job, the error of its own that takes the place of its answer.
    failed: Vec<Option<StoreError>>,
    effects: Vec<Effect>,
    writers: u64,
    head: Option<Head>,
    durable: bool,
}

impl Bench {
    fn work(&mut self, mut group: Vec<Job>) {
        self.tally.queued.fetch_sub(group.len(), Ordering::Relaxed);
        let outcome = self.run(&mut group);
        self.finish(group, outcome);
    }

    fn run(&mut self, group: &mut [Job]) -> Result<Ran, StoreError> {
        for _ in 0..ATTEMPTS {
            let attempt = catch_unwind(AssertUnwindSafe(|| self.attempt(group)));
            match attempt {
                Ok(Ok(ran)) => return Ok(ran),
                Ok(Err(CommitFault::Conflict)) => self.head = None,
                Ok(Err(CommitFault::Store(error))) => return self.fail(error),
                Err(_) => return self.fail(StoreError::Panicked { name: "commit" }),
            }
        }
        self.fail(StoreError::Conflict { attempts: ATTEMPTS })
    }

    fn fail(&mut self, error: StoreError) -> Result<Ran, StoreError> {
        self.head = None;
        Err(error)
    }

    fn attempt(&mut self, group: &mut [Job]) -> Result<Ran, CommitFault> {
        let base = Snapshot::new(self.engine.snapshot()?, &self.codec);
        let mut head = match self.head {
            Some(head) => head,
            None => lane::head(&base, LANE_0)?,
        };
        let mut ran = Ran::default();
        let mut overlay = Overlay::new(base.rows());
        for Job { name, stamp, task } in group {
            let mut txn = Txn::new(&overlay, &self.codec, *stamp);
            let ended = match catch_unwind(AssertUnwindSafe(|| task.run(&mut txn))) {
                Ok(true) => txn.end(&head).map(Some),
                Ok(false) => Ok(None),
                Err(_) => Err(StoreError::Panicked { name }),
            };
            let failed = match ended {
                Ok(Some(ended)) => {
                    head = ended.head.unwrap_or(head);
                    ran.writers += u64::from(!ended.writes.is_empty());
                    ran.effects.extend(ended.effects);
                    overlay.absorb(ended.writes);
                    None
                }
                Ok(None) => None,
                Err(error) => Some(error),
            };
            ran.failed.push(failed);
        }
        ran.head = Some(head);
        let writes = overlay.into_writes();
        drop(base);
        if !writes.is_empty() {
            self.engine.commit(&writes)?;
            ran.durable = true;
        }
        Ok(ran)
    }

    /// Everything that leaves the writer leaves here, after the commit.
    fn finish(&mut self, group: Vec<Job>, outcome: Result<Ran, StoreError>) {
        let mut errors = match outcome {
            Ok(ran) => {
                self.head = ran.head;
                self.tally.commits.fetch_add(u64::from(ran.durable), Ordering::Relaxed);
                self.tally.transactions.fetch_add(ran.writers, Ordering::Relaxed);
                let seq = ran.head.map_or(0, |head| head.seq);
                self.announce.send_if_modified(|last| std::mem::replace(last, seq) != seq);
                for effect in ran.effects {
                    let _ = catch_unwind(AssertUnwindSafe(effect));
                }
                ran.failed
            }
            Err(error) => vec![Some(error); group.len()],
        }
        .into_iter();
        for job in group {
            let error = errors.next().flatten();
            let _ = catch_unwind(AssertUnwindSafe(|| job.task.answer(error)));
        }
    }
}
