//! A disk for tests: clones share it, it fails, holds or loses its power on demand. Knows nothing of what is stored.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// How a disk fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No space left: nothing that was written is lost, and reads go on.
    Full,
    /// The file system was made read-only: reads go on.
    ReadOnly,
    /// An input or output error of a write or a sync.
    Broken,
    /// The same, and a sync that fails forgets what it should have written, though reads still show it: what Linux does
    /// when it cannot write its page cache back.
    Forgetful,
    /// An input or output error of anything, reads too.
    Dead,
}

impl Fault {
    fn error(self) -> io::Error {
        io::Error::from(match self {
            Self::Full => io::ErrorKind::StorageFull,
            Self::ReadOnly => io::ErrorKind::ReadOnlyFilesystem,
            Self::Broken | Self::Forgetful | Self::Dead => io::ErrorKind::Other,
        })
    }
}

/// A disk in memory. A write that fails is not done; redb must not rely on either.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    files: Arc<Mutex<Files>>,
    mood: Arc<(Mutex<Mood>, Condvar)>,
}

#[derive(Debug, Default)]
struct Files {
    /// What reads show.
    shown: Vec<u8>,
    /// What is sure to be there after the power was lost.
    synced: Vec<u8>,
    /// What turns the one into the other.
    unsynced: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Length(usize),
    Bytes(usize, Vec<u8>),
}

impl Change {
    fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Length(len) => file.resize(*len, 0),
            Self::Bytes(offset, bytes) => place(file, *offset, bytes),
        }
    }

    /// What is left of it when the power goes: all, nothing, a part from its beginning, or some of its sectors.
    fn apply_by_luck(&self, file: &mut Vec<u8>, random: &impl Fn() -> [u8; 2]) {
        let [luck, tear] = random();
        match (self, luck) {
            (_, 0..85) | (Self::Length(_), 85..128) => self.apply(file),
            (Self::Bytes(offset, bytes), 85..128) => {
                place(file, *offset, &bytes[..bytes.len() * usize::from(tear) / 256]);
            }
            (Self::Bytes(offset, bytes), 128..192) => {
                let first = (SECTOR - offset % SECTOR).min(bytes.len());
                let (mut at, mut sectors) = (*offset, vec![&bytes[..first]]);
                sectors.extend(bytes[first..].chunks(SECTOR));
                for sector in sectors {
                    if random()[0].is_multiple_of(2) {
                        place(file, at, sector);
                    }
                    at += sector.len();
                }
            }
            _ => {}
        }
    }
}

fn place(file: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    file.resize(file.len().max(offset + bytes.len()), 0);
    file[offset..offset + bytes.len()].copy_from_slice(bytes);
}

#[derive(Debug, Default)]
struct Mood {
    /// Counts down with each call that can fail this way; the fault strikes at zero.
    fail_in: Option<(u64, Fault)>,
    once: bool,
    holding: bool,
    waiting: bool,
    passes: u64,
}

/// A call of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Read,
    Change,
    Sync,
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
    /// The `nth` call from now fails, and all after it. Only [`Fault::Dead`] counts reads, and only it fails them.
    pub fn fail_from(&self, nth: u64, fault: Fault) {
        let mut mood = self.mood();
        (mood.fail_in, mood.once) = (Some((nth, fault)), false);
    }

    /// The `nth` call from now fails, and none after it.
    pub fn fail_once(&self, nth: u64, fault: Fault) {
        let mut mood = self.mood();
        (mood.fail_in, mood.once) = (Some((nth, fault)), true);
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

    /// The disk as it is found when the power was lost now: each change since the last sync is there, torn or lost, as
    /// `random` has it.
    pub fn after_crash(&self, random: impl Fn() -> [u8; 2]) -> Self {
        let files = self.files();
        let mut found = files.synced.clone();
        files.unsynced.iter().for_each(|change| change.apply_by_luck(&mut found, &random));
        Self::holding(found)
    }

    /// A disk of its own with what this one has synced.
    pub fn copy(&self) -> Self {
        Self::holding(self.files().synced.clone())
    }

    /// A disk that has these bytes.
    pub fn holding(bytes: Vec<u8>) -> Self {
        let files = Files { shown: bytes.clone(), synced: bytes, unsynced: Vec::new() };
        Self { files: Arc::new(Mutex::new(files)), ..Self::default() }
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mood(&self) -> MutexGuard<'_, Mood> {
        self.mood.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: Change) -> io::Result<()> {
        self.may_fail(Call::Change)?;
        let mut files = self.files();
        change.apply(&mut files.shown);
        files.unsynced.push(change);
        Ok(())
    }

    fn may_fail(&self, call: Call) -> io::Result<()> {
        let mut mood = self.mood();
        let Some((left, fault)) = &mut mood.fail_in else { return Ok(()) };
        if call == Call::Read && *fault != Fault::Dead {
            return Ok(());
        }
        *left = left.saturating_sub(1);
        if *left > 0 {
            return Ok(());
        }
        let fault = *fault;
        if mood.once {
            mood.fail_in = None;
        }
        if fault == Fault::Forgetful && call == Call::Sync {
            self.files().unsynced.clear();
        }
        Err(fault.error())
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.files().shown.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.may_fail(Call::Read)?;
        let (files, start) = (self.files(), usize::try_from(offset).unwrap());
        let end = start.checked_add(out.len()).filter(|end| *end <= files.shown.len());
        let end = end.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        out.copy_from_slice(&files.shown[start..end]);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(Change::Length(usize::try_from(len).unwrap()))
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
        self.may_fail(Call::Sync)?;
        let mut files = self.files();
        let Files { synced, unsynced, .. } = &mut *files;
        unsynced.drain(..).for_each(|change| change.apply(synced));
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(Change::Bytes(usize::try_from(offset).unwrap(), data.to_vec()))
    }
}
