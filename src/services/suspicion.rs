//! What looks like an attack: written with the act that gave it away, and read by whoever watches.

use std::collections::HashMap;
use std::time::Duration;

use super::audit::{Personal, open_personal};
use super::caller::Caller;
use super::events::as_of;
use super::role::{Refused, require};
use super::{Context, Services};
use crate::domain::feed::Cursor;
use crate::domain::id::{SessionId, SuspicionId, UserId};
use crate::domain::role::Permission;
use crate::domain::suspicion::Suspicious;
use crate::domain::time::Timestamp;
use crate::store::lane::EventV1;
use crate::store::suspicion::{self, SuspicionV1};
use crate::store::{Read, StoreError, Txn};

/// How long a suspicious act is listed. The audit log keeps it longer.
const KEPT: Duration = Duration::from_secs(90 * 86_400);

/// A suspicious act to be written. Made before the transaction, for its id is random.
#[derive(Debug, Clone, Copy)]
pub struct Suspicion {
    id: SuspicionId,
    kind: Suspicious,
}

impl Suspicion {
    /// One of this kind, at the time of the request.
    pub fn new(app: &Services, ctx: &Context, kind: Suspicious) -> Self {
        Self { id: SuspicionId::new(ctx.now, &app.random()), kind }
    }

    /// Writes it beside the audit `event` that it was noticed by.
    pub fn write(&self, txn: &mut Txn<'_>, event: &EventV1) -> Result<(), StoreError> {
        let expires_at = txn.now().plus(KEPT);
        let record = SuspicionV1 { kind: self.kind.name().to_owned(), event: event.clone() };
        suspicion::insert(txn, self.id, &record, expires_at)
    }
}

/// Which suspicious acts to list.
#[derive(Debug, Clone, Default)]
pub struct SuspicionFilter {
    /// Only those about this account.
    pub user: Option<UserId>,
    /// Only those before this one in the list's order.
    pub after: Option<SuspicionId>,
    /// Most acts to answer.
    pub limit: usize,
}

/// A suspicious act.
#[derive(Debug)]
pub struct Seen {
    /// Names it.
    pub id: SuspicionId,
    /// The stable name of its kind.
    pub kind: String,
    /// Whose account it concerns.
    pub user: Option<UserId>,
    /// What was noticed: names and values. Without where it came from, once the person was forgotten.
    pub details: Vec<(String, String)>,
    /// When it happened.
    pub at: Timestamp,
}

/// A page of suspicious acts.
#[derive(Debug)]
pub struct SuspicionPage {
    /// The acts, newest first.
    pub seen: Vec<Seen>,
    /// Where the next page starts, when there is one.
    pub next: Option<SuspicionId>,
    /// The state that they were read from.
    pub as_of: Cursor,
}

/// Lists suspicious acts, newest first. Needs `audit:read`.
pub async fn list(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    filter: &SuspicionFilter,
) -> Result<SuspicionPage, Refused> {
    require(app, ctx, caller, Permission::AuditRead).await?;
    Ok(app.read(|read| page(app, read, filter, ctx.now))?)
}

fn page(
    app: &Services,
    read: &impl Read,
    filter: &SuspicionFilter,
    now: Timestamp,
) -> Result<SuspicionPage, StoreError> {
    let page = suspicion::list(read, filter.user, filter.after, filter.limit)?;
    let next = page.rows.last().map(|(id, _)| *id).filter(|_| page.more);
    let (mut keys, mut seen) = (HashMap::new(), Vec::with_capacity(page.rows.len()));
    for (id, SuspicionV1 { kind, event }) in page.rows {
        let at = Timestamp::from_millis(event.at);
        // A late sweep shows nothing for longer.
        if now < at.plus(KEPT) {
            let personal = open_personal(app, read, &mut keys, &event)?;
            let user = event.subject.map(UserId::from_bytes);
            seen.push(Seen { id, kind, user, details: details(event, personal), at });
        }
    }
    Ok(SuspicionPage { seen, next, as_of: as_of(read)? })
}

fn details(event: EventV1, personal: Option<Personal>) -> Vec<(String, String)> {
    let (client, user_agent) =
        personal.map_or((None, None), |known| (Some(known.client.to_string()), known.user_agent));
    let facts = [
        ("action", Some(event.action)),
        ("reason", event.reason),
        ("actor_id", event.actor.map(|id| UserId::from_bytes(id).to_string())),
        ("session_id", event.session.map(|id| SessionId::from_bytes(id).to_string())),
        ("request_id", Some(event.request_id)),
        ("ip_address", client),
        ("user_agent", user_agent),
    ];
    let facts = facts.into_iter().filter_map(|(name, fact)| Some((name.to_owned(), fact?)));
    facts.chain(event.detail).collect()
}
