//! The data folder: who may use it, and the key files in it. Knows neither what a key means nor what the store holds.
//!
//! ```text
//! <data-dir>/           0700
//!   lock                held while a process uses the folder; the system lets go of it when the process ends
//!   store.redb          0600
//!   keys/               0700
//!     master.key        0600   everything at rest, and by it what signs tokens
//!   first-start         only while the first start is under way
//! ```
//!
//! ## Decision
//! Problem: keys without a store mean that the store has vanished, and starting afresh would hide the loss; but a first start
//! that is killed halfway leaves keys without a store as well. Choice: the file `first-start` stands until the store is
//! complete. Nothing is acknowledged before that, so a first start that finds it begins again.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};
use zeroize::Zeroizing;

use super::failure::Failure;

const PRIVATE_DIR: u32 = 0o700;
const PRIVATE_FILE: u32 = 0o600;
const MAX_KEY_BYTES: u64 = 4096;

/// The text of `keys/master.key`, as it stands in the file.
pub type MasterText = Zeroizing<String>;

/// A data folder that belongs to this process alone until it is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// Never read: holding it open is the lock.
    _lock: File,
}

/// Why a data folder is not used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// There is none, and this command makes none.
    #[error("there is no data folder {}", .0.display())]
    Missing(PathBuf),
    /// It is open to group or others.
    #[error("{} is open to other users (mode {mode:03o})", .path.display())]
    Open {
        /// The file or folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// The mode it should have.
        wanted: u32,
    },
    /// It belongs to someone else.
    #[error("{} belongs to user {owner}, and this process runs as user {runner}", .path.display())]
    Owner {
        /// The file or folder.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who asks.
        runner: u32,
    },
    /// It is a symbolic link, or a folder in place of a file, or the reverse.
    #[error("{} is not a plain {wanted}", .path.display())]
    Kind {
        /// What was found.
        path: PathBuf,
        /// "file" or "folder".
        wanted: &'static str,
    },
    /// Another process has it.
    #[error("another process uses the data folder {}", .0.display())]
    InUse(PathBuf),
    /// There are keys and no store.
    #[error("{} has keys but no store: the store has vanished", .0.display())]
    StoreVanished(PathBuf),
    /// It was made by `--dev`.
    #[error("{} was made by --dev: its accounts have known passwords", .0.display())]
    Development(PathBuf),
    /// It was not made by `--dev`.
    #[error("{} is not a folder of --dev, which would add accounts with known passwords", .0.display())]
    Production(PathBuf),
    /// There is a store and a key is missing.
    #[error("there is a store, but {} is missing", .0.display())]
    KeyMissing(PathBuf),
    /// The system said no.
    #[error("cannot use {}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl DataDirError {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Missing(_) => {
                Some("name the folder with --data-dir, or make it with `latchkey serve`".into())
            }
            Self::Open { path, wanted, .. } => Some(format!("chmod {wanted:o} {}", path.display())),
            Self::Owner { owner, .. } => Some(format!("run as user {owner}, or chown the data folder")),
            Self::Kind { path, wanted } => Some(format!("put the {wanted} itself at {}", path.display())),
            Self::InUse(_) => Some("stop the other process, or name another folder with --data-dir".into()),
            Self::StoreVanished(path) => Some(format!(
                "restore store.redb from a backup, or, to begin with no users, move {} away",
                path.join("keys").display()
            )),
            Self::Development(_) => Some("name another folder with --data-dir, or add --dev".into()),
            Self::Production(_) => Some("name another folder with --data-dir, or leave out --dev".into()),
            Self::KeyMissing(path) => Some(format!("restore {} from a backup", path.display())),
            Self::Io { .. } => None,
        }
    }
}

impl From<DataDirError> for Failure {
    fn from(error: DataDirError) -> Self {
        Self { help: error.help(), ..Self::from_error(&error) }
    }
}

impl DataDir {
    /// Opens the folder, or makes it with the key that `make_key` gives. A new folder counts as begun until
    /// [`DataDir::settle`]; no write may be acknowledged before that.
    pub fn open_or_create(
        path: &Path,
        make_key: impl FnOnce() -> MasterText,
    ) -> Result<(Self, MasterText), DataDirError> {
        make_folder(path)?;
        let dir = Self::claim(path)?;
        let begun = exists(&dir.first_start())?;
        if begun {
            remove(&dir.store_file())?;
            remove(&dir.master_file())?;
        }
        if dir.is_used()? {
            let key = dir.key()?;
            return Ok((dir, key));
        }
        if !begun {
            create(&dir.first_start(), "")?;
        }
        make_folder(&dir.path.join("keys"))?;
        let key = make_key();
        create(&dir.master_file(), &key)?;
        sync(&dir.path)?;
        Ok((dir, key))
    }

    /// Opens a folder that has a store; makes nothing.
    pub fn open(path: &Path) -> Result<(Self, MasterText), DataDirError> {
        if !exists(path)? {
            return Err(DataDirError::Missing(path.to_owned()));
        }
        let dir = Self::claim(path)?;
        if !dir.is_used()? || exists(&dir.first_start())? {
            return Err(DataDirError::Missing(path.to_owned()));
        }
        let key = dir.key()?;
        Ok((dir, key))
    }

    /// Says that the store is complete. To be called after the store was made and before anything is acknowledged.
    pub fn settle(&self) -> Result<(), DataDirError> {
        remove(&self.first_start())?;
        sync(&self.path)
    }

    /// Keeps development and production apart: a folder that `--dev` made has accounts with known passwords. A
    /// new folder is marked, a used one must fit. To be called before [`DataDir::settle`].
    pub fn keep_apart(&self, dev: bool) -> Result<(), DataDirError> {
        let marker = self.path.join("dev");
        let is_new = exists(&self.first_start())?;
        match (dev, exists(&marker)?) {
            (true, false) if is_new => make_folder(&marker),
            (true, false) => Err(DataDirError::Production(self.path.clone())),
            (false, true) => Err(DataDirError::Development(self.path.clone())),
            _ => Ok(()),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The store file.
    pub fn store_file(&self) -> PathBuf {
        self.path.join("store.redb")
    }

    fn claim(path: &Path) -> Result<Self, DataDirError> {
        check(path, &fs::metadata(path).map_err(at(path))?, PRIVATE_DIR)?;
        let file = path.join("lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(PRIVATE_FILE);
        let lock = options.custom_flags(no_follow()).open(&file).map_err(at(&file))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(DataDirError::InUse(path.to_owned())),
            Err(error) => Err(at(&file)(error.into())),
        }
    }

    /// Whether there is a store or a master key.
    fn is_used(&self) -> Result<bool, DataDirError> {
        Ok(exists(&self.store_file())? || exists(&self.master_file())?)
    }

    fn key(&self) -> Result<MasterText, DataDirError> {
        if !exists(&self.store_file())? {
            return Err(DataDirError::StoreVanished(self.path.clone()));
        }
        let keys = self.path.join("keys");
        if !exists(&self.master_file())? {
            return Err(DataDirError::KeyMissing(self.master_file()));
        }
        check(&keys, &fs::symlink_metadata(&keys).map_err(at(&keys))?, PRIVATE_DIR)?;
        let store = self.store_file();
        let metadata = fs::symlink_metadata(&store).map_err(at(&store))?;
        check(&store, &metadata, PRIVATE_FILE)?;
        // The engine would take an emptied file for a new one.
        if metadata.len() == 0 {
            return Err(DataDirError::StoreVanished(self.path.clone()));
        }
        read_key(&self.master_file())
    }

    fn master_file(&self) -> PathBuf {
        self.path.join("keys/master.key")
    }

    fn first_start(&self) -> PathBuf {
        self.path.join("first-start")
    }
}

/// Reads a key file of one's own, for example beside a copy of the store. The same rules hold for it.
pub fn read_key(path: &Path) -> Result<Zeroizing<String>, DataDirError> {
    let mut options = OpenOptions::new();
    // Without a wait, or a pipe in place of the file would hold the start.
    let flags = no_follow() | open_flag(OFlags::NONBLOCK);
    let file =
        options.read(true).custom_flags(flags).open(path).map_err(|error| match error.raw_os_error() {
            Some(code) if code == rustix::io::Errno::LOOP.raw_os_error() => {
                DataDirError::Kind { path: path.to_owned(), wanted: "file" }
            }
            _ => at(path)(error),
        })?;
    check(path, &file.metadata().map_err(at(path))?, PRIVATE_FILE)?;
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_KEY_BYTES).read_to_string(&mut text).map_err(at(path))?;
    Ok(text)
}

/// The rules for everything in the folder: of the wanted kind, of this user, closed to all others.
fn check(path: &Path, metadata: &fs::Metadata, wanted: u32) -> Result<(), DataDirError> {
    let path = || path.to_owned();
    let runner = rustix::process::geteuid().as_raw();
    let mode = metadata.permissions().mode() & 0o777;
    let (right_kind, name) =
        if wanted == PRIVATE_DIR { (metadata.is_dir(), "folder") } else { (metadata.is_file(), "file") };
    if !right_kind {
        return Err(DataDirError::Kind { path: path(), wanted: name });
    }
    if metadata.uid() != runner {
        return Err(DataDirError::Owner { path: path(), owner: metadata.uid(), runner });
    }
    if mode & 0o077 != 0 {
        return Err(DataDirError::Open { path: path(), mode, wanted });
    }
    Ok(())
}

/// Makes a folder with its parents. One that is there already is left as it is, but an empty one of ours is closed.
fn make_folder(path: &Path) -> Result<(), DataDirError> {
    let fresh = match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(path).map_err(at(path))?;
            true
        }
        Err(error) => return Err(at(path)(error)),
    };
    let ours = fs::metadata(path).map_err(at(path))?.uid() == rustix::process::geteuid().as_raw();
    if fresh && ours {
        fs::set_permissions(path, Permissions::from_mode(PRIVATE_DIR)).map_err(at(path))?;
        path.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), sync)?;
    }
    Ok(())
}

/// Makes a file that was not there, closed to others whatever the umask, and durable.
fn create(path: &Path, text: &str) -> Result<(), DataDirError> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(PRIVATE_FILE).open(path).map_err(at(path))?;
    file.set_permissions(Permissions::from_mode(PRIVATE_FILE)).map_err(at(path))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(at(path))?;
    path.parent().map_or(Ok(()), sync)
}

fn remove(path: &Path) -> Result<(), DataDirError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(path)(error)),
        _ => Ok(()),
    }
}

/// Whether something is there, a broken link too. "Not allowed to look" is an error, not a no.
fn exists(path: &Path) -> Result<bool, DataDirError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(at(path)(error)),
    }
}

fn sync(folder: &Path) -> Result<(), DataDirError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))
}

fn at(path: &Path) -> impl Fn(io::Error) -> DataDirError {
    move |source| DataDirError::Io { path: path.to_owned(), source }
}

fn no_follow() -> i32 {
    open_flag(OFlags::NOFOLLOW)
}

fn open_flag(flag: OFlags) -> i32 {
    i32::try_from(flag.bits()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
