//! The queue between callers and hash threads, and the counters. Knows no hash.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::super::bcrypt_hash::BcryptHash;
use super::super::password::{HashParams, Password};
use super::{HashError, HashStats, PoolConfig};
use crate::ambient::Stopwatch;

/// One run to do.
pub(super) struct Order {
    pub(super) password: Password,
    pub(super) recipe: Recipe,
}

/// How to hash it.
pub(super) enum Recipe {
    Argon2 {
        salt: Vec<u8>,
        params: HashParams,
    },
    /// As this hash was made; its few KiB of state lie on the stack of the thread.
    Bcrypt(BcryptHash),
}

impl Order {
    pub(super) fn memory_kib(&self) -> u64 {
        match &self.recipe {
            Recipe::Argon2 { params, .. } => u64::from(params.memory_kib()),
            Recipe::Bcrypt(_) => 0,
        }
    }
}

pub(super) type Reply = oneshot::Sender<Result<Zeroizing<[u8; 32]>, HashError>>;

/// An order in the queue.
pub(super) struct Job {
    pub(super) number: u64,
    pub(super) order: Order,
    pub(super) reply: Reply,
    pub(super) waiting: Stopwatch,
}

/// What callers and threads share.
pub(super) struct Shared {
    pub(super) config: PoolConfig,
    pub(super) threads: usize,
    pub(super) state: Mutex<State>,
    /// Told when there is a job to take, or the pool is closed.
    pub(super) work: Condvar,
    /// Threads that hold a block buffer.
    pub(super) buffers: AtomicUsize,
    /// Whether it was told that bcrypt does not read every password.
    pub(super) told_unread: AtomicBool,
    #[cfg(test)]
    pub(super) hooks: super::tests::Hooks,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) queue: VecDeque<Job>,
    pub(super) next_number: u64,
    pub(super) closed: bool,
    pub(super) running_kib: u64,
    /// A moving average of the time of one run.
    pub(super) usual_run: Duration,
    pub(super) counts: HashStats,
}

impl Shared {
    pub(super) fn new(config: PoolConfig, threads: usize) -> Self {
        Self {
            config,
            threads,
            state: Mutex::default(),
            work: Condvar::new(),
            buffers: AtomicUsize::new(0),
            told_unread: AtomicBool::new(false),
            #[cfg(test)]
            hooks: super::tests::Hooks::default(),
        }
    }

    pub(super) fn budget_kib(&self) -> u64 {
        self.config.budget_bytes / 1024
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stats(&self) -> HashStats {
        let state = self.lock();
        let buffers = self.buffers.load(Ordering::Relaxed);
        HashStats { queued: state.queue.len(), buffers, ..state.counts }
    }

    pub(super) fn enqueue(&self, order: Order, reply: Reply) -> Result<Place<'_>, HashError> {
        let mut state = self.lock();
        if state.closed {
            return Err(HashError::Closed);
        }
        if state.queue.len() + state.counts.running >= self.threads + self.config.max_waiting {
            return Err(self.refuse(&mut state));
        }
        let number = state.next_number;
        state.next_number += 1;
        state.queue.push_back(Job { number, order, reply, waiting: Stopwatch::start() });
        self.work.notify_one();
        Ok(Place { shared: self, number })
    }

    /// Counts a refusal; the time to come again is the time the queue needs to empty.
    pub(super) fn refuse(&self, state: &mut State) -> HashError {
        state.counts.refused += 1;
        let ahead = state.queue.len() + state.counts.running;
        let rounds = u32::try_from(ahead.div_ceil(self.threads)).unwrap_or(u32::MAX);
        let seconds = state.usual_run.saturating_mul(rounds).as_secs() + 1;
        HashError::Busy { retry_after: Duration::from_secs(seconds) }
    }
}

impl HashStats {
    pub(super) fn waited(&mut self, waited: Duration) {
        self.longest_wait = self.longest_wait.max(waited);
        self.waits.add(waited);
    }
}

/// A caller's place in the queue: given up when the caller goes away.
pub(super) struct Place<'a> {
    pub(super) shared: &'a Shared,
    pub(super) number: u64,
}

impl Place<'_> {
    /// Gives the place up after too long a wait; `None` when a thread has taken the order already.
    pub(super) fn give_up(&self) -> Option<HashError> {
        let mut state = self.shared.lock();
        let at = state.queue.iter().position(|job| job.number == self.number)?;
        let job = state.queue.remove(at)?;
        state.counts.waited(job.waiting.elapsed());
        Some(self.shared.refuse(&mut state))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.queue.retain(|job| job.number != self.number);
    }
}
