//! What goes wrong inside redb, in the words of the store. Knows no row.
//!
//! ## Decision: a panic within a panic ends the process
//! A whole page in the wrong place can name pages that are not there. redb 4.5 meets them when a commit frees pages:
//! it panics with its lock held, and on the way out an iterator of its own puts its leaf in order, takes the poisoned
//! lock and panics again, which aborts. Both happen between redb's `commit` and redb's own locals: no value of ours is
//! dropped there that could be leaked in its place, and a leaked transaction would hold the file, so that nobody could
//! open it again. So the process ends as by `kill -9`: nothing that was answered is lost. Whoever supervises it starts it
//! again, and the start reads the file before the first commit and refuses it in one line; of a store above
//! `store.verify_at_start_mib`, `latchkey check --store` does. One in 5,400 random damages of pages came to this.

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
