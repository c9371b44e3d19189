//! A disk for tests: clones share it, it fails or holds on demand. Knows nothing of what is stored.

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
        self.may_fail()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.may_fail()?;
        self.storage.write(offset, data)
    }
}
