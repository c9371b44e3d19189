//! Rows in one redb file: the default engine. Knows no table but the one that holds all rows.
//!
//! ## Decision
//! After a failed read or write redb refuses everything until its file is opened again. So a failure marks the engine
//! as in trouble, and the next use opens the file again. While the disk takes no writes, the file is opened with a
//! layer in memory that takes the writes of redb's recovery: reads go on, and each commit first tries the disk again.
//!
//! ## Decision
//! A commit that failed at its very last sync may be in the file all the same, or be shown by reads and never reach the
//! disk: Linux forgets what it could not write back, and the next sync says that all is well. So what is read after a
//! failure proves nothing. An empty commit confirms what the opened file shows before anybody reads it, and then the
//! same rows are written once more; the writer is one, so they meet the state before them or their own. A fault that
//! passes costs nobody an answer.
//!
//! ## Decision
//! Beginning a read and opening the table was a twentieth of an authenticated request. So the newest view is kept and
//! shared until the next commit, which lets go of it first, so that no page is held for a reader that may never come.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use redb::backends::FileBackend;
use redb::{Builder, Database, Durability, ReadOnlyTable, ReadableDatabase, StorageBackend, TableDefinition};

use super::{CommitFault, Engine, Integrity, KeyRange, RawRead, Visit, WriteSet};
use crate::store::error::StoreError;
use fault::{closed, fault, guarded, io_fault, is_guarding};
use medium::Medium;

mod fault;
#[cfg(test)]
pub(crate) mod faulty;
mod medium;

const ROWS: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("rows");

/// Opens the storage, again after each failure.
type Opener = Box<dyn Fn() -> io::Result<Box<dyn StorageBackend>> + Send + Sync>;

/// Rows in one redb file.
pub struct RedbEngine {
    opener: Opener,
    cache_bytes: usize,
    state: RwLock<State>,
    /// The newest opening that failed. Older snapshots that fail with their own opening say nothing about this one.
    broken: AtomicU64,
}

/// All rows as of one commit.
type Rows = ReadOnlyTable<&'static [u8], &'static [u8]>;

struct State {
    /// The rows as of the last commit, once somebody has looked. Before `db`: it is the first to go.
    newest: Mutex<Option<Arc<Rows>>>,
    db: Handle,
    /// Counts the openings, from 1.
    opening: u64,
    /// The disk takes no writes; redb's own go to memory and ours are refused.
    sheltered: bool,
}

/// A database that is open, or none. redb writes when it closes, and may panic then as at any other time.
struct Handle(Option<Database>);

impl Drop for Handle {
    fn drop(&mut self) {
        let db = self.0.take();
        let _ = guarded(|| drop(db));
    }
}

impl RedbEngine {
    /// Opens the file at `path` with a page cache of `cache_bytes`. A missing or empty file is an error, never a fresh
    /// start.
    ///
    /// [`StoreError::AlreadyOpen`] when a process holds it, [`StoreError::BadFile`] when it is no store.
    pub fn open(path: &Path, cache_bytes: usize) -> Result<Self, StoreError> {
        Self::from_opener(existing(path), cache_bytes, false)
    }

    /// Reads the whole file at `path` and writes nothing. [`StoreError::BadFile`] when a page is not the one that belongs
    /// in its place: reads verify a page's rows, and not whether the page is an older one or lies where it should.
    pub fn verify(path: &Path, cache_bytes: usize) -> Result<(), StoreError> {
        let state = State { newest: Mutex::default(), db: Handle(None), opening: 1, sheltered: true };
        let (state, broken) = (RwLock::new(state), AtomicU64::new(0));
        let engine = Self { opener: existing(path), cache_bytes, state, broken };
        let db = engine.database(false, true)?;
        engine.state.write().unwrap_or_else(PoisonError::into_inner).db = db;
        match engine.check()? {
            Integrity::Sound => Ok(()),
            Integrity::Repaired => {
                Err(StoreError::BadFile(Arc::new(io::Error::other("its pages do not fit together"))))
            }
        }
    }

    /// Makes the file at `path`, readable by its owner only, and opens it. An existing file is an error.
    ///
    /// The file appears under its name when it is complete, so that a crash leaves a store or nothing.
    pub fn create(path: &Path, cache_bytes: usize) -> Result<Self, StoreError> {
        let disk = |error: io::Error| io_fault(error.kind(), Arc::new(error));
        if path.try_exists().map_err(disk)? {
            return Err(disk(io::Error::from(io::ErrorKind::AlreadyExists)));
        }
        let mut draft = path.as_os_str().to_owned();
        draft.push(".new");
        let draft = PathBuf::from(draft);
        // Left by a crash: nothing was ever stored in it.
        let _ = fs::remove_file(&draft);
        let new = draft.clone();
        let engine = Self::on_backend(move || new_file(&new), cache_bytes)?;
        drop(engine);
        fs::rename(&draft, path).map_err(disk)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all()).map_err(disk)?;
        Self::open(path, cache_bytes)
    }

    /// Opens or makes a store on any storage. `backend` is called again when the storage has failed.
    pub fn on_backend<B: StorageBackend>(
        backend: impl Fn() -> io::Result<B> + Send + Sync + 'static,
        cache_bytes: usize,
    ) -> Result<Self, StoreError> {
        Self::from_opener(Box::new(move || Ok(Box::new(backend()?))), cache_bytes, true)
    }

    /// Whether this thread is inside redb, where a panic is caught and told as [`StoreError::BadFile`]. A panic hook
    /// need not tell it a second time.
    pub fn is_guarding() -> bool {
        is_guarding()
    }

    fn from_opener(opener: Opener, cache_bytes: usize, may_be_new: bool) -> Result<Self, StoreError> {
        let state =
            RwLock::new(State { newest: Mutex::default(), db: Handle(None), opening: 1, sheltered: false });
        let engine = Self { opener, cache_bytes, state, broken: AtomicU64::new(0) };
        let db = engine.database(may_be_new, false)?;
        db.try_with(make_table)?;
        engine.state.write().unwrap_or_else(PoisonError::into_inner).db = db;
        Ok(engine)
    }

    fn database(&self, may_be_new: bool, sheltered: bool) -> Result<Handle, StoreError> {
        let disk = |error: io::Error| io_fault(error.kind(), Arc::new(error));
        let storage = (self.opener)().map_err(disk)?;
        if !may_be_new && storage.len().map_err(disk)? == 0 {
            return Err(disk(io::Error::from(io::ErrorKind::UnexpectedEof)));
        }
        let medium = if sheltered { Medium::sheltered(storage) } else { Medium::direct(storage) };
        guarded(|| Builder::new().set_cache_size(self.cache_bytes).create_with_backend(medium))?
            .map(|db| Handle(Some(db)))
            .map_err(|error| fault(&error.into()))
    }

    /// Opens the storage again after trouble. An error when it takes no writes; it may be readable all the same.
    fn reopen(&self) -> Result<(), StoreError> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if !state.sheltered && !self.is_broken(&state) {
            return Ok(());
        }
        // redb holds a lock on the file until the old handle is gone.
        drop(state.newest().take());
        state.db = Handle(None);
        let opened = self.database(false, false);
        let opened = opened.and_then(|db| db.try_with(|db| apply(db, &WriteSet::new())).map(|()| db));
        state.sheltered = opened.is_err();
        let (db, error) = match opened {
            Ok(db) => (db, None),
            Err(error) => (self.database(false, true).unwrap_or(Handle(None)), Some(error)),
        };
        state.opening += u64::from(db.0.is_some());
        state.db = db;
        error.map_or(Ok(()), Err)
    }

    fn view(&self) -> Result<RedbSnapshot<'_>, StoreError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let Some(db) = &state.db.0 else { return Err(closed()) };
        let open = || -> Result<_, redb::Error> { Ok(db.begin_read()?.open_table(ROWS)?) };
        let opening = state.opening;
        // Opened under the lock: what a commit could have outdated is in its place when the commit clears it.
        let mut newest = state.newest();
        let rows = if let Some(rows) = &*newest {
            Arc::clone(rows)
        } else {
            let rows = guarded(open)?.map_err(|error| self.failed(&error, opening))?;
            Arc::clone(newest.insert(Arc::new(rows)))
        };
        Ok(RedbSnapshot { engine: self, opening, rows })
    }

    fn write(&self, writes: &WriteSet) -> Result<(), StoreError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        drop(state.newest().take());
        let written = state.db.try_with(|db| apply(db, writes));
        drop(state.newest().take());
        if written.is_err() {
            self.broken.fetch_max(state.opening, Ordering::AcqRel);
        }
        written
    }

    /// Notes a failure after which this opening of the file is of no more use.
    fn failed(&self, error: &redb::Error, opening: u64) -> StoreError {
        use redb::Error::{Io, LockPoisoned, PreviousIo};
        if matches!(error, Io(_) | PreviousIo | LockPoisoned(_)) {
            self.broken.fetch_max(opening, Ordering::AcqRel);
        }
        fault(error)
    }

    fn is_broken(&self, state: &State) -> bool {
        state.db.0.is_none() || self.broken.load(Ordering::Acquire) >= state.opening
    }

    fn with_state<T>(&self, f: impl FnOnce(&State) -> T) -> T {
        f(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Handle {
    fn try_with(&self, f: impl FnOnce(&Database) -> Result<(), redb::Error>) -> Result<(), StoreError> {
        let Some(db) = &self.0 else { return Err(closed()) };
        guarded(|| f(db))?.map_err(|error| fault(&error))
    }
}

impl State {
    fn newest(&self) -> MutexGuard<'_, Option<Arc<Rows>>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine for RedbEngine {
    fn snapshot(&self) -> Result<Box<dyn RawRead + '_>, StoreError> {
        if self.with_state(|state| self.is_broken(state)) {
            // What matters here is only whether it can be read afterwards.
            let _ = self.reopen();
        }
        Ok(Box::new(self.view()?))
    }

    fn commit(&self, writes: &WriteSet) -> Result<(), CommitFault> {
        if self.with_state(|state| state.sheltered || self.is_broken(state)) {
            self.reopen()?;
        }
        let Err(error) = self.write(writes) else { return Ok(()) };
        if self.reopen().is_err() {
            return Err(error.into());
        }
        Ok(self.write(writes)?)
    }

    fn check(&self) -> Result<Integrity, StoreError> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        drop(state.newest().take());
        let Some(db) = &mut state.db.0 else { return Err(closed()) };
        let sound = guarded(|| db.check_integrity())?.map_err(|error| fault(&error.into()))?;
        Ok(if sound { Integrity::Sound } else { Integrity::Repaired })
    }
}

impl fmt::Debug for RedbEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbEngine").field("cache_bytes", &self.cache_bytes).finish_non_exhaustive()
    }
}

struct RedbSnapshot<'a> {
    engine: &'a RedbEngine,
    opening: u64,
    rows: Arc<Rows>,
}

impl RawRead for RedbSnapshot<'_> {
    fn get(&self, key: &[u8], found: &mut dyn FnMut(&[u8])) -> Result<(), StoreError> {
        guarded(|| {
            if let Some(value) = self.rows.get(key)? {
                found(value.value());
            }
            Ok(())
        })?
        .map_err(|error: redb::StorageError| self.engine.failed(&error.into(), self.opening))
    }

    fn scan(&self, range: &KeyRange, reverse: bool, visit: &mut Visit<'_>) -> Result<(), StoreError> {
        if range.is_empty() {
            return Ok(());
        }
        guarded(|| {
            let mut rows = self.rows.range::<&[u8]>(range.bounds())?;
            while let Some(row) = if reverse { rows.next_back() } else { rows.next() } {
                let (key, value) = row?;
                if visit(key.value(), value.value()).is_break() {
                    break;
                }
            }
            Ok(())
        })?
        .map_err(|error: redb::StorageError| self.engine.failed(&error.into(), self.opening))
    }
}

/// Opens the file that is at `path` already. Even to be read alone: redb's locks are those of a writer.
fn existing(path: &Path) -> Opener {
    let path: PathBuf = path.into();
    Box::new(move || file(OpenOptions::new().read(true).write(true).open(&path)?))
}

fn file(file: File) -> io::Result<Box<dyn StorageBackend>> {
    Ok(Box::new(FileBackend::new(file).map_err(io::Error::other)?))
}

fn new_file(path: &Path) -> io::Result<FileBackend> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    FileBackend::new(options.open(path)?).map_err(io::Error::other)
}

/// Makes the one table of a new store. A redb file with other tables and without it belongs to somebody else.
#[expect(clippy::disallowed_methods, reason = "a new file has no writer yet")]
fn make_table(db: &Database) -> Result<(), redb::Error> {
    let reader = db.begin_read()?;
    match reader.open_table(ROWS) {
        Err(redb::TableError::TableDoesNotExist(_)) if reader.list_tables()?.next().is_none() => {
            let txn = db.begin_write()?;
            drop(txn.open_table(ROWS)?);
            Ok(txn.commit()?)
        }
        opened => opened.map(drop).map_err(Into::into),
    }
}

/// One durable commit: two-phase, with what a quick opening after a crash needs.
#[expect(clippy::disallowed_methods, reason = "this is the commit that the writer thread makes")]
fn apply(db: &Database, writes: &WriteSet) -> Result<(), redb::Error> {
    let mut txn = db.begin_write()?;
    txn.set_durability(Durability::Immediate)?;
    txn.set_two_phase_commit(true);
    txn.set_quick_repair(true);
    {
        let mut rows = txn.open_table(ROWS)?;
        for (key, value) in writes {
            match value {
                Some(value) => drop(rows.insert(key.as_slice(), value.as_slice())?),
                None => drop(rows.remove(key.as_slice())?),
            }
        }
    }
    Ok(txn.commit()?)
}

#[cfg(test)]
mod tests;
