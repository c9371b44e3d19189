//! The schema version: made, raised or refused when a store is opened. Knows no engine.

use super::error::{Abort, StoreError};
use super::scan::{Read, Scan};
use super::tables::{self, META, MetaV1};
use super::txn::Txn;

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
        None if reader.scan(&tables::LANE, Scan::all(1))?.rows.is_empty() => Ok(Need::BringUp),
        None => Err(StoreError::Damaged { table: META.name() }),
    }
}

/// Runs the migrations that the store has not seen, and writes the version.
pub(crate) fn bring_up(txn: &mut Txn<'_>, migrations: &[Migration]) -> Result<(), Abort<StoreError>> {
    let seen = match txn.get(&META, &())? {
        Some(meta) => usize::try_from(meta.schema.saturating_sub(1)).unwrap_or(usize::MAX),
        // A new store is born in the newest schema.
        None => migrations.len(),
    };
    for migration in migrations.iter().skip(seen) {
        migration(txn)?;
    }
    let schema = 1 + u32::try_from(migrations.len()).unwrap_or(u32::MAX - 1);
    txn.put(&META, &(), &MetaV1 { schema })?;
    Ok(())
}

#[cfg(test)]
mod tests;
