//! The pool that runs every password hash of the server. Knows no user and no request.
//!
//! ## Decision
//! Hashing is the one thing a stranger can make the server do that costs 20 MiB and tens of
//! milliseconds. So it has its own threads (a login storm leaves the request threads alone), a
//! memory budget, a bounded queue that answers [`HashError::Busy`] when it is full, and block
//! buffers that are used again. Every call costs exactly one run, whoever it names: a stored hash
//! costs what it was made with, nobody and a stored hash that cannot be read cost what a new one does.
//!
//! A bcrypt hash of another system runs here as well, at its own cost and so at its own pace. Who
//! measures can tell an account that has one, until its owner has logged in: the login replaces it.
//!
//! ## Decision: hash threads are nicer than request threads
//! With as many hash threads as cores, a login storm would leave each request half a core. A thread with a nice
//! value of 10 more has a ninth of the weight and yields to one that wakes up, so a request that takes microseconds
//! need not wait for the end of a time slice; on an idle machine it hashes as fast as ever.
//!
//! One hash uses one lane, so one thread: more threads than cores would only make each wait longer.
//! A stored hash may ask for more memory than a new one would, up to the whole budget; it then runs
//! when nothing else does.

mod queue;
mod waits;
mod worker;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::password::{Argon2Hash, HashParams, Password, Phc, StoredHash};
use super::{bcrypt_hash, digest};
use queue::{Order, Recipe, Shared};
pub use waits::Waits;
pub use worker::HandHasher;

/// How the pool is sized.
#[derive(Debug, Clone)]
pub struct PoolConfig {
    /// The costs of every new hash.
    pub params: HashParams,
    /// The memory that running hashes may use together, in bytes.
    pub budget_bytes: u64,
    /// How many callers may wait while all threads hash.
    pub max_waiting: usize,
    /// A caller that waited longer than this is refused, not hashed for.
    pub max_wait: Duration,
    /// A buffer not used for this long is wiped and given back to the system.
    pub idle_after: Duration,
}

impl Default for PoolConfig {
    /// 19 MiB and two passes a hash, 64 MiB in all, 256 waiting for at most 10 s, buffers kept for 10 s.
    fn default() -> Self {
        Self {
            params: HashParams::default(),
            budget_bytes: 64 * 1024 * 1024,
            max_waiting: 256,
            max_wait: Duration::from_secs(10),
            idle_after: Duration::from_secs(10),
        }
    }
}

/// Against what a password is verified.
pub enum Verifier {
    /// A stored hash in the PHC string format, or bcrypt's.
    Phc(String),
    /// No such user, or a user without a password: costs one hash of the current costs, never matches.
    Nobody,
}

/// What a verification found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The password is the right one.
    pub matches: bool,
    /// It is, and its hash has other costs than new ones have, lower or higher, or is of another kind: store a
    /// new hash.
    pub needs_rehash: bool,
}

/// Why there is no hash or verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// The queue is full, or the wait was too long.
    #[error("too many passwords wait to be hashed")]
    Busy {
        /// When to come again; whole seconds, at least one.
        retry_after: Duration,
    },
    /// The stored hash is damaged or of another kind. It cost one hash all the same.
    #[error("the stored password hash cannot be read")]
    Unreadable,
    /// The stored hash asks for more memory than the whole budget. It cost one hash all the same.
    #[error("the stored password hash needs more memory than the hashing budget")]
    OverBudget,
    /// The system gives no memory.
    #[error("no memory for a password hash")]
    NoMemory,
    /// The hash thread panicked over this job; it goes on with the next.
    #[error("the password hash failed")]
    Failed,
    /// The pool was closed while the job waited.
    #[error("the hash pool is closed")]
    Closed,
}

/// What the pool did and does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HashStats {
    /// Hashes begun since the start.
    pub runs: u64,
    /// Callers answered [`HashError::Busy`] since the start.
    pub refused: u64,
    /// Callers waiting now.
    pub queued: usize,
    /// Hashes running now.
    pub running: usize,
    /// Threads that hold a block buffer now.
    pub buffers: usize,
    /// The longest wait for a thread since the start.
    pub longest_wait: Duration,
    /// All waits for a thread since the start, those of refused callers too.
    pub waits: Waits,
}

/// Hashes and verifies passwords. Dropping it ends its threads after the hash they are at.
pub struct HashPool {
    shared: Arc<Shared>,
}

impl HashPool {
    /// Starts as many threads as the budget and the machine allow.
    pub fn start(config: PoolConfig) -> Result<Self, PoolError> {
        let (pool, HandHasher(shared)) = Self::by_hand(config)?;
        for number in 0..shared.threads {
            let shared = Arc::clone(&shared);
            let named = thread::Builder::new().name(format!("hash-{number}"));
            named.spawn(move || worker::work(&shared)).map_err(PoolError::Thread)?;
        }
        Ok(pool)
    }

    /// The same without the threads: callers wait until a hash is run by hand. For tests that run every order of
    /// events.
    pub fn by_hand(config: PoolConfig) -> Result<(Self, HandHasher), PoolError> {
        let permits = config.budget_bytes / (u64::from(config.params.memory_kib()) * 1024);
        let permits = usize::try_from(permits).unwrap_or(usize::MAX);
        if permits == 0 {
            return Err(PoolError::BudgetTooSmall { memory_kib: config.params.memory_kib() });
        }
        let threads = permits.min(thread::available_parallelism().map_or(1, usize::from));
        let shared = Arc::new(Shared::new(config, threads));
        Ok((Self { shared: Arc::clone(&shared) }, HandHasher(shared)))
    }

    /// The hash of a new password under the current costs. The salt must be random.
    pub async fn hash(&self, password: Password, salt: [u8; 16]) -> Result<Phc, HashError> {
        let params = self.shared.config.params;
        let hash =
            self.run(Order { password, recipe: Recipe::Argon2 { salt: salt.to_vec(), params } }).await?;
        Ok(Argon2Hash { params, salt: salt.to_vec(), hash: *hash }.to_phc())
    }

    /// Whether the password fits the verifier. Dropping the future while it waits takes it out of
    /// the queue.
    pub async fn verify(&self, password: Password, verifier: Verifier) -> Result<Verdict, HashError> {
        let current = self.shared.config.params;
        let stored = match &verifier {
            Verifier::Phc(phc) => Some(self.readable(phc)),
            Verifier::Nobody => None,
        };
        let recipe = match &stored {
            Some(Ok(StoredHash::Argon2(stored))) => {
                Recipe::Argon2 { salt: stored.salt.clone(), params: stored.params }
            }
            Some(Ok(StoredHash::Bcrypt(stored))) => Recipe::Bcrypt(stored.clone()),
            _ => Recipe::Argon2 { salt: vec![0; 16], params: current },
        };
        let is_read = bcrypt_hash::reads_all(&password);
        let hash = self.run(Order { password, recipe }).await?;
        let (matches, outdated) = match stored.transpose()? {
            None => (false, false),
            Some(StoredHash::Argon2(stored)) => {
                let outdated = stored.params != current || stored.salt.len() != 16;
                (digest::same(&stored.hash, &*hash), outdated)
            }
            Some(StoredHash::Bcrypt(stored)) => {
                if !is_read {
                    self.tell_unread();
                }
                (digest::same(&stored.filled(), &*hash) && is_read, true)
            }
        };
        Ok(Verdict { matches, needs_rehash: matches && outdated })
    }

    /// Whether a hash can be verified here: it asks for no more memory than the whole budget.
    pub fn can_verify(&self, phc: &Phc) -> bool {
        self.readable(phc.as_str()).is_ok()
    }

    /// Counters, for metrics and tests.
    pub fn stats(&self) -> HashStats {
        self.shared.stats()
    }

    fn readable(&self, phc: &str) -> Result<StoredHash, HashError> {
        let stored = StoredHash::parse(phc).ok_or(HashError::Unreadable)?;
        if u64::from(stored.memory_kib()) > self.shared.budget_kib() {
            return Err(HashError::OverBudget);
        }
        Ok(stored)
    }

    /// Once, however often it happens: it is for operators who imported, and strangers can make it happen.
    fn tell_unread(&self) {
        if !self.shared.told_unread.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "a password of more than 72 bytes or with a NUL was tried on an imported bcrypt hash: it never \
                 matches, because bcrypt reads only a part of it; its owner can reset it (told once)"
            );
        }
    }

    async fn run(&self, order: Order) -> Result<Zeroizing<[u8; 32]>, HashError> {
        let (reply, mut answer) = oneshot::channel();
        let place = self.shared.enqueue(order, reply)?;
        let answered = match timeout(self.shared.config.max_wait, &mut answer).await {
            Ok(answered) => answered,
            Err(_) => match place.give_up() {
                Some(busy) => return Err(busy),
                None => answer.await,
            },
        };
        answered.unwrap_or(Err(HashError::Closed))
    }
}

impl Drop for HashPool {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closed = true;
        state.queue.clear();
        self.shared.work.notify_all();
    }
}

impl fmt::Debug for HashPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashPool").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// Why a pool does not start.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// Not one hash fits.
    #[error("the hashing budget is smaller than one hash, which takes {memory_kib} KiB")]
    BudgetTooSmall {
        /// What one hash takes, in KiB.
        memory_kib: u32,
    },
    /// The system starts no thread.
    #[error("a hash thread does not start")]
    Thread(#[source] std::io::Error),
}

#[cfg(test)]
mod tests;
