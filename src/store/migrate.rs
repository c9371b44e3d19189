//! The schema version: made, raised or refused when a store is opened. Knows no engine.

use std::ops::ControlFlow;

use super::codec::Codec;
use super::engine::{CommitFault, Engine, KeyRange, WriteSet};
use super::error::{Abort, StoreError};
use super::scan::Read;
use super::tables::{END, META, MetaV1};
use super::txn::Txn;
use super::writer::ATTEMPTS;

/// Changes the rows of a store from one schema version to the next. It runs in the transaction that raises the
/// version, so a crash leaves either the old store or the new one, and it stays within the limits of a transaction:
/// what touches many rows writes a new record version instead, which readers understand beside the old one.
pub type Migration = fn(&mut Txn<'_>) -> Result<(), StoreError>;

/// The migrations: the first brings schema 1 to schema 2. Only added to.
pub const MIGRATIONS: &[Migration] = &[];

/// The schema version this program writes.
pub fn known() -> u32 {
    1 + u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX - 1)
}

/// Gives an engine without any row the first and the last one, in the newest schema.
pub(crate) fn found(engine: &dyn Engine, codec: &Codec) -> Result<(), StoreError> {
    let mut empty = true;
    engine.snapshot()?.scan(&KeyRange::everything(), false, &mut |_, _| {
        empty = false;
        ControlFlow::Break(())
    })?;
    if !empty {
        return Ok(());
    }
    let (first, last) = (META.row_key(&()), END.row_key(&()));
    let meta = codec.encode(META.name(), &first, &MetaV1 { schema: known() })?;
    let end = codec.encode(END.name(), &last, &())?;
    let rows = WriteSet::from([(first, Some(meta)), (last, Some(end))]);
    for _ in 0..ATTEMPTS {
        match engine.commit(&rows) {
            Ok(()) => return Ok(()),
            Err(CommitFault::Conflict) => {}
            Err(CommitFault::Store(error)) => return Err(error),
        }
    }
    Err(StoreError::Conflict { attempts: ATTEMPTS })
}

/// What has to be done to a store that is being opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Nothing,
    BringUp,
}

/// Reads the version. Refuses a store that is newer, and one whose first row does not fit the key.
pub(crate) fn need(reader: &impl Read) -> Result<Need, StoreError> {
    let meta = match reader.get(&META, &()) {
        Err(StoreError::Damaged { .. }) => return Err(StoreError::KeyDoesNotFit),
        other => other?,
    };
    match meta {
        Some(MetaV1 { schema }) if schema > known() => {
            Err(StoreError::NewerSchema { found: schema, known: known() })
        }
        Some(MetaV1 { schema }) if schema == known() => Ok(Need::Nothing),
        Some(_) => Ok(Need::BringUp),
        None => Err(StoreError::Damaged { table: META.name() }),
    }
}

/// Runs the migrations that the store has not seen, and writes the version.
pub(crate) fn bring_up(txn: &mut Txn<'_>, migrations: &[Migration]) -> Result<(), Abort<StoreError>> {
    let Some(meta) = txn.get(&META, &())? else {
        return Err(StoreError::Damaged { table: META.name() }.into());
    };
    let seen = usize::try_from(meta.schema.saturating_sub(1)).unwrap_or(usize::MAX);
    for migration in migrations.iter().skip(seen) {
        migration(txn)?;
    }
    let schema = 1 + u32::try_from(migrations.len()).unwrap_or(u32::MAX - 1);
    txn.put(&META, &(), &MetaV1 { schema })?;
    Ok(())
}

#[cfg(test)]
mod tests;
