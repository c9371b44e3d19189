//! Removing what has expired, in bounded batches. Every reader judges expiry by itself, so a late
//! sweep costs space and nothing else.

use super::Services;
use super::api_key::care::Look;
use super::explain::keeping;
use super::retention::shorten;
use crate::store::{
    StoreError, api_key, expiry, factor, identity, lockout, one_time, outbox, resource, session, suspicion,
    tables, webhook,
};

/// Most expired rows that one transaction handles: each takes up to six writes of the hundred.
const BATCH: usize = 16;

/// Most batches that one call removes.
const BATCHES_MAX: usize = 1_000;

/// Removes one batch of whatever expired, and has the owners of old API keys told; then what the audit log keeps no longer.
/// Answers whether there may be more.
pub async fn sweep(app: &Services) -> Result<bool, StoreError> {
    let has_traces = keeping::sweep(app).await?;
    Ok(batch(app).await?.may_be_more || has_traces || shorten(app).await?)
}

/// Removes all that expired, as far as that is not too much for one call; answers how many sessions were among it (T39).
pub async fn sweep_all(app: &Services) -> Result<usize, StoreError> {
    let mut sessions = 0_usize;
    for _ in 0..BATCHES_MAX {
        let swept = batch(app).await?;
        sessions = sessions.saturating_add(swept.sessions);
        if !swept.may_be_more {
            break;
        }
    }
    Ok(sessions)
}

/// What a batch came to.
#[derive(Debug, Clone, Copy, Default)]
struct Swept {
    may_be_more: bool,
    sessions: usize,
}

async fn batch(app: &Services) -> Result<Swept, StoreError> {
    let ctx = app.own_context("sweep");
    let due = app.read(|read| expiry::due(read, ctx.now, BATCH))?;
    if due.is_empty() {
        return Ok(Swept::default());
    }
    let may_be_more = due.len() == BATCH;
    let looks = app.read(|read| {
        let keys = due.iter().filter_map(|due| Some((due.key_in(&tables::API_KEYS)?, due.at)));
        keys.map(|key| Look::prepare(app, &ctx, read, key)).collect::<Result<Vec<_>, _>>()
    })?;
    let swept = app.write("sweep", &ctx, move |txn| {
        let mut sessions = 0_usize;
        for due in &due {
            if let Some(id) = due.key_in(&tables::SESSIONS) {
                sessions = sessions.saturating_add(usize::from(session::expire(txn, id, due.at)?));
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
            } else if let Some(hash) = due.key_in(&tables::API_KEY_HASHES) {
                api_key::expire_former(txn, hash, due.at)?;
            } else if let Some(key) = due.key_in(&tables::SPENT_STATES) {
                identity::expire_state(txn, key, due.at)?;
            } else if let Some(key) = due.key_in(&tables::GRANTS_TO) {
                resource::expire_grant(txn, &key, due.at)?;
            } else if let Some(key) = due.key_in(&tables::DEAD_LETTERS) {
                webhook::expire(txn, &key, due.at)?;
            }
        }
        let queued = looks.iter().try_fold(false, |queued, look| Ok(look.run(txn)? || queued))?;
        Ok((queued, sessions))
    });
    let (is_queued, sessions) = swept.await?;
    if is_queued {
        app.mail_queued.notify_one();
    }
    Ok(Swept { may_be_more, sessions })
}
