//! A disk for tests: clones share it, it fails, holds or crashes on demand. Knows nothing of what is stored.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;
use redb::backends::InMemoryBackend;

/// How a disk fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No space left.
    Full,
    /// An input or output error.
    Broken,
}

impl Fault {
    fn error(self) -> io::Error {
        io::Error::from(match self {
            Self::Full => io::ErrorKind::StorageFull,
            Self::Broken => io::ErrorKind::Other,
        })
    }
}

/// A disk in memory. A write that fails is not done; redb must not rely on either.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    storage: Arc<InMemoryBackend>,
    mood: Arc<(Mutex<Mood>, Condvar)>,
    journal: Arc<Mutex<Journal>>,
}

/// What a crash leaves: all that was synced, and of the rest what luck will have.
#[derive(Debug, Default)]
struct Journal {
    synced: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Length(u64),
    Bytes(u64, Vec<u8>),
}

#[derive(Debug, Default)]
struct Mood {
    /// Counts down with each write and sync; the fault strikes at zero.
    fail_in: Option<(u64, Fault)>,
    once: bool,
    holding: bool,
    waiting: bool,
    passes: u64,
}

/// Lets all syncs go when it is dropped.
pub(crate) struct Hold(Disk);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.mood().holding = false;
        self.0.mood.1.notify_all();
    }
}

impl Disk {
    /// The `nth` write or sync from now fails, and all after it.
    pub fn fail_from(&self, nth: u64, fault: Fault) {
        let mut mood = self.mood();
        (mood.fail_in, mood.once) = (Some((nth, fault)), false);
    }

    /// The `nth` write or sync from now fails, and none after it.
    pub fn fail_once(&self, nth: u64) {
        let mut mood = self.mood();
        (mood.fail_in, mood.once) = (Some((nth, Fault::Broken)), true);
    }

    /// Nothing fails any more.
    pub fn heal(&self) {
        self.mood().fail_in = None;
    }

    /// Every sync waits until it is let go.
    pub fn hold_syncs(&self) -> Hold {
        self.mood().holding = true;
        Hold(self.clone())
    }

    /// Waits until a sync waits.
    pub fn wait_for_sync(&self) {
        let waiting = self.mood.1.wait_while(self.mood(), |mood| !mood.waiting || mood.passes > 0);
        drop(waiting.unwrap_or_else(PoisonError::into_inner));
    }

    /// Lets the sync go that waits.
    pub fn let_one_sync_go(&self) {
        self.mood().passes += 1;
        self.mood.1.notify_all();
    }

    /// The disk as it is found after a crash now: each change since the last sync is there, torn or lost, as `random`
    /// has it.
    pub fn after_crash(&self, random: impl Fn() -> [u8; 2]) -> Self {
        let journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = journal.synced.clone();
        for change in &journal.unsynced {
            let [luck, tear] = random();
            match change {
                Change::Length(len) if luck < 128 => found.resize(usize::try_from(*len).unwrap(), 0),
                Change::Bytes(offset, bytes) if luck < 170 => {
                    let whole = luck < 85;
                    let kept = if whole { bytes.len() } else { bytes.len() * usize::from(tear) / 256 };
                    let start = usize::try_from(*offset).unwrap();
                    found.resize(found.len().max(start + kept), 0);
                    found[start..start + kept].copy_from_slice(&bytes[..kept]);
                }
                _ => {}
            }
        }
        let disk = Self::default();
        disk.storage.set_len(found.len() as u64).unwrap();
        disk.storage.write(0, &found).unwrap();
        disk.note_synced().unwrap();
        disk
    }

    fn note(&self, change: Change) {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).unsynced.push(change);
    }

    fn note_synced(&self) -> io::Result<()> {
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        journal.synced.resize(usize::try_from(self.storage.len()?).unwrap(), 0);
        self.storage.read(0, &mut journal.synced)?;
        journal.unsynced.clear();
        Ok(())
    }

    fn mood(&self) -> MutexGuard<'_, Mood> {
        self.mood.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn may_fail(&self) -> io::Result<()> {
        let mut mood = self.mood();
        let Some((left, fault)) = &mut mood.fail_in else { return Ok(()) };
        *left = left.saturating_sub(1);
        if *left > 0 {
            return Ok(());
        }
        let error = fault.error();
        if mood.once {
            mood.fail_in = None;
        }
        Err(error)
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        self.storage.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.storage.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.may_fail()?;
        self.note(Change::Length(len));
        self.storage.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut mood = self.mood();
        if mood.holding {
            mood.waiting = true;
            self.mood.1.notify_all();
            let wait = self.mood.1.wait_while(mood, |mood| mood.holding && mood.passes == 0);
            mood = wait.unwrap_or_else(PoisonError::into_inner);
            mood.waiting = false;
            mood.passes = mood.passes.saturating_sub(1);
            self.mood.1.notify_all();
        }
        drop(mood);
        self.may_fail()?;
        self.note_synced()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.may_fail()?;
        self.note(Change::Bytes(offset, data.to_vec()));
        self.storage.write(offset, data)
    }
}
