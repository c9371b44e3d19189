//! What can go wrong in the store. Knows nothing of rules: a rule that says no is [`Abort::Rule`], not a [`StoreError`].

use std::error::Error;
use std::sync::Arc;

/// The cause that an engine gave, shared by every job of a group that failed together.
pub type Cause = Arc<dyn Error + Send + Sync + 'static>;

/// The engine, the file or a limit said no. Carries table names and numbers, never keys or values.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The writer has as many jobs waiting as it accepts. Nothing was done; the caller may try again.
    #[error("the store is busy: {queued} transactions are waiting")]
    Busy {
        /// How many jobs were waiting.
        queued: usize,
    },
    /// The store is shutting down. Whether the transaction was committed is unknown.
    #[error("the store is closed")]
    Closed,
    /// The disk is full. Nothing was acknowledged; reads go on.
    #[error("the disk of the store is full")]
    NoSpace(#[source] Cause),
    /// Reading or writing the file failed. Nothing was acknowledged; reads go on where the disk lets them.
    #[error("the file of the store could not be read or written")]
    Io(#[source] Cause),
    /// Another process holds the file.
    #[error("the store is in use by another process")]
    AlreadyOpen,
    /// The file is not a store, or so damaged that the engine cannot read it.
    #[error("the file is not a store or is damaged")]
    BadFile(#[source] Cause),
    /// The first row does not verify: the key is not the one the store was made with, or the row is damaged.
    #[error("the key does not fit the store, or its first row is damaged")]
    KeyDoesNotFit,
    /// The store was written by a newer program.
    #[error("the store has schema version {found}, this program knows up to {known}")]
    NewerSchema {
        /// The version found in the store.
        found: u32,
        /// The newest version this program knows.
        known: u32,
    },
    /// A row has a version byte that this program does not know.
    #[error("a row of table {table} has version {found}, this program knows {known}")]
    UnknownVersion {
        /// The table of the row.
        table: &'static str,
        /// The version found in the row.
        found: u8,
        /// The version this program writes.
        known: u8,
    },
    /// A row does not verify or decode: damaged or tampered with.
    #[error("a row of table {table} is damaged")]
    Damaged {
        /// The table of the row.
        table: &'static str,
    },
    /// A limit of the store would be passed. The transaction cannot commit any more.
    #[error("{what} is larger than {limit} (table {table})")]
    TooLarge {
        /// The table that was written to.
        table: &'static str,
        /// What is too large.
        what: Limit,
        /// The limit, in bytes, or in rows for [`Limit::Writes`].
        limit: usize,
    },
    /// A closure panicked. Its transaction was not committed; the others went on.
    #[error("transaction {name} panicked")]
    Panicked {
        /// The name of the transaction.
        name: &'static str,
    },
    /// The transaction kept meeting others. Nothing was done; the caller may try again.
    #[error("the transaction met {attempts} conflicts in a row")]
    Conflict {
        /// How often it was tried.
        attempts: u32,
    },
}

/// A limit that holds on every engine, so that no engine is locked out later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// The bytes of one key, with its table byte: 512.
    Key,
    /// The bytes of one value, as stored: 65,536.
    Value,
    /// The keys and values of one transaction: 1 MiB.
    Transaction,
    /// The rows one transaction writes, its audit rows included: 100.
    Writes,
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Key => "the key",
            Self::Value => "the value",
            Self::Transaction => "the transaction",
            Self::Writes => "the number of rows written",
        })
    }
}

/// Why a closure ended without a result: a rule said no, or the store failed. `?` turns a [`StoreError`] into it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Abort<E> {
    /// A rule said no. Nothing was written.
    #[error(transparent)]
    Rule(E),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
