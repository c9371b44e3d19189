//! Typed tables over an ordered key-value engine. Knows no rule, no HTTP and no secret: those arrive hashed or sealed.
//!
//! A transaction is a synchronous closure that **may run again**: no I/O, no clock, no randomness, no hashing inside.
//! Ids, secrets and hashes are made before and moved in. What a rule refuses ([`Abort::Rule`]) and what the store
//! cannot do ([`StoreError`]) are different things. An answer leaves after the commit that it rests on is durable.
//!
//! | file | holds |
//! |---|---|
//! | `tables` | the one list of tables |
//! | `keys`, `codec` | how keys and values become bytes, for ever |
//! | `scan`, `snapshot`, `txn` | reading; reading and writing |
//! | `verified` | a miss is believed only between rows that verify |
//! | `overlay`, `writer` | writes on their way: buffer, group, commit |
//! | `engine` | what an engine is: redb, memory |
//! | `lane` | audit events: one chained record for each transaction |
//! | `expiry`, `migrate`, `check` | sweeping, schema versions, the whole pass over a store |
//! | `conformance` | the suite that every engine passes |

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use tokio::sync::{oneshot, watch};

pub mod api_key;
pub mod check;
pub mod codec;
#[cfg(test)]
mod conformance;
pub mod engine;
pub mod error;
pub mod expiry;
pub mod factor;
pub mod identity;
pub mod keys;
pub mod lane;
pub mod lockout;
pub mod migrate;
pub mod one_time;
pub mod outbox;
mod overlay;
pub mod resource;
pub mod role;
mod scan;
pub mod seal;
pub mod service;
pub mod session;
pub mod signing_key;
pub mod sms_factor;
mod snapshot;
pub mod stats;
pub mod suspicion;
pub mod tables;
mod txn;
pub mod user;
mod verified;
pub mod webhook;
mod writer;

pub use engine::memory::MemoryEngine;
pub use engine::redb::RedbEngine;
pub use error::{Abort, StoreError};
pub use scan::{Page, Read, Scan};
pub use snapshot::Snapshot;
pub use tables::Table;
pub use txn::{Stamp, Txn};
pub use writer::{Counters, GROUP_JOBS, HandWriter, QUEUE_JOBS};

use codec::Codec;
use engine::Engine;
use migrate::Need;
use writer::{Job, Task, Writer};

/// The most bytes of a key, with its table byte.
pub const KEY_BYTES: usize = 512;
/// The most bytes of a value, as stored.
pub const VALUE_BYTES: usize = 64 * 1024;
/// The most bytes of keys and values that one transaction writes.
pub const TXN_BYTES: usize = 1024 * 1024;
/// The most rows that one transaction writes, its audit rows included.
pub const TXN_WRITES: usize = 100;
/// The most rows that one scan returns.
pub const SCAN_ROWS: usize = 1000;
/// The most bytes of the audit events of one transaction: they are one value, with room for its head and its tag.
pub const EVENT_BYTES: usize = VALUE_BYTES - 256;

/// The store. Cheap to clone; the last clone waits for the transactions under way and closes the engine.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    // Dropped first: it uses the engine until its thread has ended.
    writer: Writer,
    engine: Arc<dyn Engine>,
    codec: Arc<Codec>,
}

impl Store {
    /// Opens the store on `engine`: makes it when it is empty, migrates it when it is older.
    ///
    /// [`StoreError::NewerSchema`] when a newer program wrote it, [`StoreError::KeyDoesNotFit`] when `checksum_key`
    /// is not the one it was made with.
    pub fn open(engine: Arc<dyn Engine>, checksum_key: [u8; 32]) -> Result<Self, StoreError> {
        let (store, work) = Self::by_hand(engine, checksum_key)?;
        store.inner.writer.start(work)?;
        Ok(store)
    }

    /// The same without the writer's thread: transactions wait until the writer is told to work. For tests that run
    /// every order of events, and for fuzzing.
    pub fn by_hand(
        engine: Arc<dyn Engine>,
        checksum_key: [u8; 32],
    ) -> Result<(Self, HandWriter), StoreError> {
        let codec = Arc::new(Codec::new(&checksum_key));
        migrate::found(&*engine, &codec)?;
        let need = migrate::need(&Snapshot::new(engine.snapshot()?, &codec))?;
        let (writer, mut work) = Writer::new(Arc::clone(&engine), Arc::clone(&codec))?;
        let store = Self { inner: Arc::new(Inner { writer, engine, codec }) };
        if need == Need::BringUp {
            let stamp = Stamp { now: crate::domain::time::Timestamp::EPOCH, nonce: [0; 16] };
            let up = store.submit("migrate", stamp, |txn| migrate::bring_up(txn, migrate::MIGRATIONS))?;
            work.turn();
            up.recv().unwrap_or(Err(Abort::Store(StoreError::Closed))).map_err(|abort| match abort {
                Abort::Rule(error) | Abort::Store(error) => error,
            })?;
        }
        Ok((store, work))
    }

    /// Reads one consistent state, on the caller's thread.
    pub fn read<T, E>(&self, f: impl FnOnce(&Snapshot<'_>) -> Result<T, Abort<E>>) -> Result<T, Abort<E>> {
        f(&self.snapshot()?)
    }

    /// A consistent state to read from. Old rows stay in the file while it lives: keep it short.
    pub fn snapshot(&self) -> Result<Snapshot<'_>, StoreError> {
        Ok(Snapshot::new(self.inner.engine.snapshot()?, &self.inner.codec))
    }

    /// Runs `f` as one transaction: all of its writes and events become durable, or none.
    ///
    /// `f` runs on the writer's thread and may run again. Once this is called, the transaction goes its way even if
    /// the future is dropped. [`StoreError::Busy`] when too many are waiting.
    pub async fn transact<T, E, F>(&self, name: &'static str, stamp: Stamp, f: F) -> Result<T, Abort<E>>
    where
        F: FnMut(&mut Txn<'_>) -> Result<T, Abort<E>> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let send = move |result| drop(reply.send(result));
        self.inner.writer.submit(Job { name, stamp, task: Box::new(Call { f, result: None, send }) })?;
        answer.await.unwrap_or(Err(Abort::Store(StoreError::Closed)))
    }

    /// [`Store::transact`] for callers without a runtime. Blocks the thread.
    pub fn transact_blocking<T, E, F>(&self, name: &'static str, stamp: Stamp, f: F) -> Result<T, Abort<E>>
    where
        F: FnMut(&mut Txn<'_>) -> Result<T, Abort<E>> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        self.submit(name, stamp, f)?.recv().unwrap_or(Err(Abort::Store(StoreError::Closed)))
    }

    fn submit<T, E, F>(
        &self,
        name: &'static str,
        stamp: Stamp,
        f: F,
    ) -> Result<Receiver<Result<T, Abort<E>>>, StoreError>
    where
        F: FnMut(&mut Txn<'_>) -> Result<T, Abort<E>> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        let (reply, answer) = sync_channel(1);
        let send = move |result| drop(reply.send(result));
        self.inner.writer.submit(Job { name, stamp, task: Box::new(Call { f, result: None, send }) })?;
        Ok(answer)
    }

    /// The sequence of the newest commit record of lane 0, as it grows. A wake-up: read the records from the store.
    pub fn committed(&self) -> watch::Receiver<u64> {
        self.inner.writer.committed()
    }

    /// What the writer has done, and how many wait for it.
    pub fn counters(&self) -> Counters {
        self.inner.writer.counters()
    }

    pub(crate) fn engine(&self) -> &dyn Engine {
        &*self.inner.engine
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("engine", &self.inner.engine).finish_non_exhaustive()
    }
}

/// A closure with its answer.
struct Call<T, E, F, S> {
    f: F,
    result: Option<Result<T, Abort<E>>>,
    send: S,
}

impl<T, E, F, S> Task for Call<T, E, F, S>
where
    F: FnMut(&mut Txn<'_>) -> Result<T, Abort<E>> + Send,
    S: FnOnce(Result<T, Abort<E>>) + Send,
    T: Send,
    E: Send,
{
    fn run(&mut self, txn: &mut Txn<'_>) -> bool {
        let result = (self.f)(txn);
        let commit = result.is_ok();
        self.result = Some(result);
        commit
    }

    fn answer(self: Box<Self>, failed: Option<StoreError>) {
        let result = match failed {
            Some(error) => Err(Abort::Store(error)),
            None => self.result.unwrap_or(Err(Abort::Store(StoreError::Closed))),
        };
        (self.send)(result);
    }
}
