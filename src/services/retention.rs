//! Shortening the audit log: what is older than is configured goes. Everything else that is not kept for ever has an end of
//! its own, see [`sweep`](super::sweep).
//!
//! ## Decision: dropped from the front, up to a seal, and recorded
//! A record says of its predecessor only the hash. So a chain whose front is gone verifies from any record on, but shows by
//! itself neither that the front was dropped by the rules nor what hash it ended with. Both are there: nothing is dropped
//! but what a signed seal vouches for, and the log itself records up to where it was shortened, before the first row goes.
//! Whoever verifies it refuses a front that is missing without such a record (R89). Seals stay.

use super::Services;
use super::audit::Witness;
use super::audit_log::THROUGH;
use crate::domain::audit::{Action, Outcome};
use crate::domain::time::Timestamp;
use crate::store::lane::{self, LANE_0, Span};
use crate::store::{Read, StoreError, Txn, seal};

/// Most transactions that one call runs: some ten thousand records.
const BATCHES_MAX: usize = 1_000;

/// Drops what is older than the configuration keeps; answers whether there may be more.
pub(super) async fn shorten(app: &Services) -> Result<bool, StoreError> {
    let Some(kept) = app.policy.retention.audit else { return Ok(false) };
    let ctx = app.own_context("retention");
    let oldest_kept = ctx.now.minus(kept);
    let Some(through) = app.read(|read| last_to_drop(read, oldest_kept))? else { return Ok(false) };
    let event = Witness::of_nobody(app, &ctx).event(Action::AuditShortened, Outcome::Success);
    let event = event.detail(THROUGH, through.to_string()).done();
    app.write("retention", &ctx, move |txn| txn.emit(event.clone())).await?;
    let batch = move |txn: &mut Txn<'_>| lane::forget(txn, LANE_0, through);
    for _ in 0..BATCHES_MAX {
        if !app.write("retention", &ctx, batch).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The last record that may go: a sealed one, not younger than `oldest_kept`. `None` where nothing is that old.
fn last_to_drop(read: &impl Read, oldest_kept: Timestamp) -> Result<Option<u64>, StoreError> {
    let Some((first, record)) = lane::records(read, LANE_0, Span::oldest(1))?.rows.into_iter().next() else {
        return Ok(None);
    };
    if record.at >= oldest_kept.millis() {
        return Ok(None);
    }
    let sealed = seal::last_before(read, oldest_kept.millis())?;
    let heads = sealed.into_iter().flat_map(|seal| seal.heads);
    Ok(heads.filter(|(lane, ..)| *lane == LANE_0).map(|(_, seq, _)| seq).find(|seq| *seq >= first))
}
