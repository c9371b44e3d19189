//! Removing what has expired, in bounded batches. Every reader judges expiry by itself, so a late
//! sweep costs space and nothing else.

use super::Services;
use crate::store::{StoreError, expiry, factor, lockout, one_time, outbox, session, suspicion, tables};

/// Most expired rows that one transaction handles: each takes up to four writes of the hundred.
const BATCH: usize = 20;

/// Removes one batch of whatever expired; answers whether there may be more.
pub async fn sweep(app: &Services) -> Result<bool, StoreError> {
    let ctx = app.own_context("sweep");
    let due = app.read(|read| expiry::due(read, ctx.now, BATCH))?;
    if due.is_empty() {
        return Ok(false);
    }
    let may_be_more = due.len() == BATCH;
    app.write("sweep", &ctx, move |txn| {
        for due in &due {
            if let Some(id) = due.key_in(&tables::SESSIONS) {
                session::expire(txn, id, due.at)?;
            } else if let Some(key) = due.key_in(&tables::ONE_TIME) {
                one_time::expire(txn, key, due.at)?;
            } else if let Some(key) = due.key_in(&tables::PENDING_LOGINS) {
                factor::expire_pending(txn, key, due.at)?;
            } else if let Some(id) = due.key_in(&tables::OUTBOX) {
                outbox::expire(txn, id, due.at)?;
            } else if let Some(key) = due.key_in(&tables::STREAKS) {
                lockout::expire_streak(txn, key, due.at)?;
            } else if let Some(key) = due.key_in(&tables::PLACES) {
                lockout::expire_place(txn, key, due.at)?;
            } else if let Some(id) = due.key_in(&tables::SUSPICIONS) {
                suspicion::expire(txn, id, due.at)?;
            }
        }
        Ok(may_be_more)
    })
    .await
}
