//! A hash thread and its block buffer. Knows nothing of what a hash is compared with.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::{Zeroize, Zeroizing};

use super::HashError;
use super::queue::{Job, Order, Recipe, Shared, State};
use crate::ambient::Stopwatch;

/// More than the 32 MiB up to which glibc may keep a freed buffer in its heap: a larger allocation
/// is a mapping of its own and goes back to the system when it is freed. What is not written to
/// takes no memory.
const OWN_MAPPING_BLOCKS: usize = 33 * 1024;

/// What is added to a hash thread's nice value.
const NICER_BY: i32 = 10;

/// Hashes until the pool is closed.
pub(super) fn work(shared: &Shared) {
    // On Linux this is of the calling thread alone.
    if let Err(error) = rustix::process::nice(NICER_BY) {
        tracing::warn!(%error, "hash threads run at the priority of request threads");
    }
    let mut memory = Memory { blocks: Vec::new(), held: &shared.buffers };
    while let Some(job) = next(shared, &mut memory) {
        do_job(shared, job, &mut memory);
    }
}

/// Does the work of the threads of a pool that has none.
pub struct HandHasher(pub(super) Arc<Shared>);

impl HandHasher {
    /// Runs the hash that waits longest. Says whether there was one.
    pub fn turn(&self) -> bool {
        let job = take(&self.0, &mut self.0.lock());
        let mut memory = Memory { blocks: Vec::new(), held: &self.0.buffers };
        job.map(|job| do_job(&self.0, job, &mut memory)).is_some()
    }
}

fn do_job(shared: &Shared, Job { order, reply, .. }: Job, memory: &mut Memory<'_>) {
    let kib = order.memory_kib();
    let time = Stopwatch::start();
    // A panic must not take the thread with it. The buffer is plain data: whatever state it is
    // left in, the next run writes it anew.
    let run = catch_unwind(AssertUnwindSafe(|| {
        #[cfg(test)]
        shared.hooks.pass();
        run(&order, memory)
    }));
    drop(order);
    if memory.blocks.len() > blocks_of(shared.config.params.memory_kib()) {
        memory.free();
    }
    finished(shared, kib, time.elapsed());
    // The caller may have gone away meanwhile.
    let _ = reply.send(run.unwrap_or(Err(HashError::Failed)));
}

/// Waits for a job whose memory fits. Frees the buffer when there is none for a while.
fn next(shared: &Shared, memory: &mut Memory<'_>) -> Option<Job> {
    let idle = Stopwatch::start();
    let mut state = shared.lock();
    loop {
        if state.closed {
            return None;
        }
        if let Some(job) = take(shared, &mut state) {
            return Some(job);
        }
        let kept = shared.config.idle_after.saturating_sub(idle.elapsed());
        if memory.blocks.is_empty() {
            state = shared.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        } else if !kept.is_zero() {
            let waited = shared.work.wait_timeout(state, kept);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        } else {
            // Wiping takes a while: not under the lock.
            drop(state);
            memory.free();
            state = shared.lock();
        }
    }
}

/// The first job of the queue, if its memory fits beside what runs.
fn take(shared: &Shared, state: &mut State) -> Option<Job> {
    loop {
        let kib = state.queue.front()?.order.memory_kib();
        if state.running_kib > 0 && state.running_kib + kib > shared.budget_kib() {
            return None;
        }
        let job = state.queue.pop_front()?;
        let waited = job.waiting.elapsed();
        state.counts.waited(waited);
        if waited > shared.config.max_wait {
            let busy = shared.refuse(state);
            let _ = job.reply.send(Err(busy));
            continue;
        }
        state.counts.runs += 1;
        state.counts.running += 1;
        state.running_kib += kib;
        // The next job may fit beside this one.
        if !state.queue.is_empty() {
            shared.work.notify_one();
        }
        return Some(job);
    }
}

fn finished(shared: &Shared, kib: u64, took: Duration) {
    let mut state = shared.lock();
    state.counts.running -= 1;
    state.running_kib -= kib;
    state.usual_run = (state.usual_run * 7 + took) / 8;
}

fn run(order: &Order, memory: &mut Memory<'_>) -> Result<Zeroizing<[u8; 32]>, HashError> {
    let (salt, costs) = match &order.recipe {
        Recipe::Argon2 { salt, params } => (salt, params),
        Recipe::Bcrypt(stored) => return Ok(stored.run(&order.password)),
    };
    let params = Params::new(costs.memory_kib(), costs.passes(), costs.lanes(), Some(32));
    let params = params.map_err(|_| HashError::Failed)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let blocks = memory.at_least(blocks_of(costs.memory_kib()))?;
    let password = order.password.expose().as_bytes();
    let mut hash = Zeroizing::new([0; 32]);
    argon2
        .hash_password_into_with_memory(password, salt, hash.as_mut_slice(), blocks)
        .map_err(|_| HashError::Failed)?;
    Ok(hash)
}

/// A thread's block buffer, used again from hash to hash and wiped before it is given back.
struct Memory<'a> {
    blocks: Vec<Block>,
    /// How many threads hold one.
    held: &'a AtomicUsize,
}

impl Memory<'_> {
    fn at_least(&mut self, count: usize) -> Result<&mut [Block], HashError> {
        if self.blocks.len() < count {
            self.free();
            let mut blocks = Vec::new();
            blocks.try_reserve_exact(count.max(OWN_MAPPING_BLOCKS)).map_err(|_| HashError::NoMemory)?;
            blocks.resize(count, Block::new());
            self.blocks = blocks;
            self.held.fetch_add(1, Ordering::Relaxed);
        }
        Ok(&mut self.blocks)
    }

    fn free(&mut self) {
        if !self.blocks.is_empty() {
            self.blocks.iter_mut().for_each(Zeroize::zeroize);
            self.blocks = Vec::new();
            self.held.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Memory<'_> {
    fn drop(&mut self) {
        self.free();
    }
}

/// A block is one KiB.
fn blocks_of(memory_kib: u32) -> usize {
    usize::try_from(memory_kib).unwrap_or(usize::MAX)
}
