//! All that is held of somebody, for the person: read in one snapshot, and without secrets.
//!
//! ## Decision: what names others stays out
//! The document goes to the person, whoever asked for it. So it tells what an administrator did to the account, and not who
//! that was, from where and in which words.
//!
//! ## Decision: one document, and pages of the audit log alone
//! Everything but the audit log has a cap by itself or is cut at `MOST` rows, newest first, and the document names what
//! was cut. The audit log has no cap: it comes by [`EVENTS`], and the next page is asked for with the place of this one.

use std::collections::HashMap;

use super::audit::{Witness, open_personal};
use super::audit_log::{AuditEntry, AuditPage, entry};
use super::caller::Person;
use super::events::as_of;
use super::limits::{Class, Exceeded, Key};
use super::role::require;
use super::session::{AuthFault, Principal, live_owner};
use super::sms_factor::number_of;
use super::step_up::{StepUpNeeded, require_fresh};
use super::suspicion::{Seen, SuspicionFilter};
use super::user::ActFault;
use super::user::act::Act;
use super::user::factors::{Factors, factors};
use super::{Context, Services, flatten, suspicion};
use crate::crypto::digest::to_hex;
use crate::domain::api_key::ApiKey;
use crate::domain::audit::{Action, Outcome};
use crate::domain::id::UserId;
use crate::domain::identity::Identity;
use crate::domain::order::Order;
use crate::domain::permission::{Permission, Permissions};
use crate::domain::phone::PhoneNumber;
use crate::domain::resource::{Grant, Resource, ResourceName};
use crate::domain::session::Session;
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::store::lane::{self, EventV1, LANE_0, LaneRecordV1, Span};
use crate::store::outbox::{self, Queued};
use crate::store::{self, Abort, Page, Read, SCAN_ROWS, StoreError};

pub use super::user_deletion::delete as delete_self;

/// Most rows of one kind, but for the audit log.
const MOST: usize = SCAN_ROWS;

/// Most commits of the audit log in one document.
pub const EVENTS: usize = 500;

/// Why nothing was exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportFault {
    /// The caller proved nothing of late.
    #[error(transparent)]
    Stale(#[from] StepUpNeeded),
    /// The caller asks too often.
    #[error("too many exports")]
    Limited(Exceeded),
    /// An administrator may not have it.
    #[error(transparent)]
    Act(#[from] ActFault),
    /// The caller's session ended while the request was under way.
    #[error(transparent)]
    Caller(#[from] AuthFault),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// All that is held of an account.
#[derive(Debug)]
pub struct Export {
    /// The account.
    pub user: User,
    /// What it may do.
    pub permissions: Permissions,
    /// When its password was set, if it has one.
    pub password_set_at: Option<Timestamp>,
    /// Its second factors.
    pub factors: Factors,
    /// The phone that gets its codes.
    pub phone: Option<PhoneNumber>,
    /// Its sessions, those that ended and were not removed yet among them.
    pub sessions: Vec<Session>,
    /// Its API keys.
    pub api_keys: Vec<ApiKey>,
    /// Its accounts elsewhere.
    pub identities: Vec<Identity>,
    /// What it owns.
    pub resources: Vec<Resource>,
    /// What it was granted, and of which resources.
    pub grants: Vec<(ResourceName, Grant)>,
    /// Mails to it that wait or were given up, among the newest of all.
    pub mails: Vec<Queued>,
    /// What looked like an attack on it.
    pub suspicions: Vec<Seen>,
    /// What happened to it, newest first.
    pub events: Vec<AuditEntry>,
    /// Where the events go on, if there are more.
    pub events_before: Option<u64>,
    /// What was cut: the names of its kinds.
    pub cut: Vec<&'static str>,
}

/// All that is held of the caller, with events before the place `before`. Asks for a fresh proof, is limited and recorded.
pub async fn export(
    app: &Services,
    ctx: &Context,
    caller: &Principal,
    before: Option<u64>,
) -> Result<Export, ExportFault> {
    require_fresh(app, ctx, caller)?;
    take_place(app, ctx, caller.user.id)?;
    let (id, session) = (caller.user.id, caller.session);
    let found = app.read(|read| collect(app, ctx, read, (id, before)))?;
    let found = found.ok_or(ExportFault::Caller(AuthFault::Invalid))?;
    let witness = Witness::of_caller(app, ctx, id)?;
    let record = witness.event(Action::UserExported, Outcome::Success).session(session).done();
    let run = app.store.transact("user.export", app.stamp(ctx), move |txn| {
        let owner = live_owner(txn, id, session, txn.now())?;
        owner.ok_or(Abort::Rule(ExportFault::Caller(AuthFault::Invalid)))?;
        Ok(txn.emit(record.clone())?)
    });
    run.await.map_err(flatten::<ExportFault>)?;
    Ok(found)
}

/// The same of the account `id`, for an administrator who hands it to the person. Needs `users:update` and `audit:read`,
/// as its parts do, and a rank that is not below the account's.
pub async fn export_other(
    app: &Services,
    ctx: &Context,
    caller: &Person,
    (id, before): (UserId, Option<u64>),
) -> Result<Export, ExportFault> {
    require(app, ctx, &caller.caller, Permission::AuditRead).await.map_err(ActFault::from)?;
    let act = Act::begin_fresh(app, ctx, caller, id, Permission::UsersUpdate).await?;
    take_place(app, ctx, caller.caller.user.id)?;
    let found = app.read(|read| collect(app, ctx, read, (id, before)))?.ok_or(ActFault::NotFound)?;
    act.run(app, ctx, "user.export_other", |act, txn, _| {
        txn.emit(act.success(Action::UserExported).done())?;
        Ok::<_, Abort<ActFault>>(Ok(()))
    })
    .await?;
    Ok(found)
}

/// What happened to the caller's account, newest first: the events of at most `limit` commits before the place `before`,
/// told as the document tells them.
pub fn happened(
    app: &Services,
    caller: &Principal,
    (before, limit): (Option<u64>, usize),
) -> Result<AuditPage, StoreError> {
    app.read(|read| {
        let (entries, next) = events(app, read, (caller.user.id, before, limit))?;
        Ok(AuditPage { entries, next, as_of: as_of(read)? })
    })
}

/// The `before` of the document after the one of `before`; `None` where that has the oldest events.
pub fn further(app: &Services, caller: &Principal, before: Option<u64>) -> Result<Option<u64>, StoreError> {
    Ok(next(&app.read(|read| records(read, (caller.user.id, before, EVENTS)))?))
}

fn take_place(app: &Services, ctx: &Context, id: UserId) -> Result<(), ExportFault> {
    if app.limits.applies_to(ctx.client) {
        app.limits.take(Class::Export, Key::user(id), ctx.now).map_err(ExportFault::Limited)?;
    }
    Ok(())
}

fn collect(
    app: &Services,
    ctx: &Context,
    read: &impl Read,
    (id, before): (UserId, Option<u64>),
) -> Result<Option<Export>, StoreError> {
    let Some(user) = store::user::by_id(read, id)? else { return Ok(None) };
    let (sessions, more_sessions) = store::session::of_user(read, id, (Order::Newest, None), MOST)?;
    let (api_keys, more_keys) = store::api_key::list(read, Some(id), None, MOST)?;
    let (resources, more_resources) = store::resource::of_owner(read, id, None, MOST)?;
    let (grants, more_grants) = store::resource::grants_to(read, id, MOST)?;
    let (mails, more_mails) = outbox::list(read, None, MOST)?;
    let filter = SuspicionFilter { user: Some(id), limit: MOST, ..SuspicionFilter::default() };
    let suspicions = suspicion::page(app, read, &filter, ctx.now)?;
    let (events, events_before) = events(app, read, (id, before, EVENTS))?;
    let phone = store::sms_factor::of_user(read, id)?;
    let cut = [
        ("sessions", more_sessions),
        ("api_keys", more_keys),
        ("resources", more_resources),
        ("grants", more_grants),
        ("mails", more_mails),
        ("suspicious_events", suspicions.next.is_some()),
    ];
    Ok(Some(Export {
        permissions: store::role::held(read, &user)?.permissions,
        password_set_at: store::user::password_set_at(read, id)?,
        factors: factors(read, id)?,
        phone: phone.and_then(|phone| number_of(app, id, &phone)),
        sessions,
        api_keys,
        identities: store::identity::of_user(read, id)?.into_iter().map(|(_, identity)| identity).collect(),
        resources,
        grants,
        mails: mails.into_iter().filter(|mail| mail.to == user.email).collect(),
        suspicions: suspicions.seen.into_iter().map(|seen| without_others(seen, id)).collect(),
        events,
        events_before,
        cut: cut.into_iter().filter_map(|(name, is_cut)| is_cut.then_some(name)).collect(),
        user,
    }))
}

/// A page of what happened to the account `id`, newest first, and where the next begins.
fn events(
    app: &Services,
    read: &impl Read,
    (id, before, limit): (UserId, Option<u64>, usize),
) -> Result<(Vec<AuditEntry>, Option<u64>), StoreError> {
    let page = records(read, (id, before, limit))?;
    let next = next(&page);
    let (mut events, mut keys) = (Vec::new(), HashMap::new());
    for (seq, record) in page.rows {
        let chain = (to_hex(&record.hash(LANE_0, seq)?), to_hex(&record.prev_hash));
        let of_person = |event: &EventV1| event.subject == Some(*id.as_bytes());
        for (index, event) in record.events.into_iter().enumerate().filter(|(_, event)| of_person(event)) {
            let is_own = event.actor.is_none_or(|actor| actor == *id.as_bytes());
            let personal = if is_own { open_personal(app, read, &mut keys, &event)? } else { None };
            let found = entry((seq, index), chain.clone(), event, personal);
            events.push(if is_own { found } else { AuditEntry { actor: None, session: None, ..found } });
        }
    }
    Ok((events, next))
}

/// The commits with such events.
fn records(
    read: &impl Read,
    (id, before, limit): (UserId, Option<u64>, usize),
) -> Result<Page<u64, LaneRecordV1>, StoreError> {
    lane::by_subject(read, *id.as_bytes(), LANE_0, Span { before, ..Span::newest(limit) })
}

/// Where the page behind this one begins.
fn next(page: &Page<u64, LaneRecordV1>) -> Option<u64> {
    page.rows.last().filter(|_| page.more).map(|(seq, _)| *seq)
}

/// What looked like an attack on the account `id`, without who another one was.
fn without_others(mut seen: Seen, id: UserId) -> Seen {
    let actor = seen.details.iter().find(|(name, _)| name == "actor_id").map(|(_, actor)| actor.clone());
    if actor.is_some_and(|actor| actor != id.to_string()) {
        seen.details.retain(|(name, _)| matches!(name.as_str(), "action" | "reason" | "request_id"));
    }
    // Nor who has seen to it.
    Seen { acknowledged: None, ..seen }
}
