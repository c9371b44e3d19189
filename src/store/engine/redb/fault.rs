//! What goes wrong inside redb, in the words of the store. Knows no row.

use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::store::error::StoreError;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is inside [`guarded`].
pub(super) fn is_guarding() -> bool {
    GUARDED.get()
}

/// redb may panic on a file that was changed behind its back: that is a bad file, not the end of the server.
pub(super) fn guarded<T>(f: impl FnOnce() -> T) -> Result<T, StoreError> {
    let outer = GUARDED.replace(true);
    let done = catch_unwind(AssertUnwindSafe(f));
    GUARDED.set(outer);
    done.map_err(|_| StoreError::BadFile(Arc::new(io::Error::other("the engine gave up on the file"))))
}

/// There is no file that is open.
pub(super) fn closed() -> StoreError {
    StoreError::Io(Arc::new(io::Error::from(io::ErrorKind::NotConnected)))
}

/// What an error of redb is to the store.
pub(super) fn fault(error: &redb::Error) -> StoreError {
    let cause = Arc::new(io::Error::other(error.to_string()));
    match error {
        redb::Error::Io(error) => io_fault(error.kind(), cause),
        redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => StoreError::AlreadyOpen,
        redb::Error::PreviousIo | redb::Error::DatabaseClosed | redb::Error::LockPoisoned(_) => {
            StoreError::Io(cause)
        }
        redb::Error::TransactionInProgress => StoreError::Busy { queued: 0 },
        _ => StoreError::BadFile(cause),
    }
}

/// What an error of the disk is to the store.
pub(super) fn io_fault(kind: io::ErrorKind, cause: Arc<io::Error>) -> StoreError {
    use io::ErrorKind::{FileTooLarge, InvalidData, QuotaExceeded, StorageFull, UnexpectedEof};
    match kind {
        StorageFull | QuotaExceeded | FileTooLarge => StoreError::NoSpace(cause),
        InvalidData | UnexpectedEof => StoreError::BadFile(cause),
        _ => StoreError::Io(cause),
    }
}
