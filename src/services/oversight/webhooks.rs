//! Webhooks as an operator sees them and sets them right: how each stands, and what it gave up.

use super::{OversightFault, Thing};
use crate::domain::audit::{Action, Outcome};
use crate::domain::feed::Cursor;
use crate::domain::permission::Permission;
use crate::services::audit::Witness;
use crate::services::audit_log::AuditEntry;
use crate::services::caller::Caller;
use crate::services::events::as_of;
use crate::services::role::{Refused, require};
use crate::services::webhook::{Hook, Standing, event_at, standing};
use crate::services::webhook_sink::{OutgoingEvent, SinkFault};
use crate::services::{Context, Services, flatten};
use crate::store::lane::EventV1;
use crate::store::webhook::{self, DeadLetter, Place, Progress};
use crate::store::{Abort, Page, StoreError, Txn};

pub use crate::store::webhook::DeadLetter as Letter;

/// What this takes.
const NEEDED: Permission = Permission::IntegrationsUpdate;

/// All webhooks, in the order of the configuration. Needs `integrations:update`, as what is sent there is about everybody.
pub async fn list<'a>(
    app: &'a Services,
    ctx: &Context,
    caller: &Caller,
) -> Result<(Vec<Standing<'a>>, Cursor), Refused> {
    require(app, ctx, caller, NEEDED).await?;
    Ok(app.read(|read| Ok((standing(app, read)?, as_of(read)?)))?)
}

/// Sends an event that tells of nothing to the webhook `name`, past all that waits; answers why it was not taken, if so.
pub async fn test(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    name: &str,
) -> Result<Result<(), SinkFault>, OversightFault> {
    require(app, ctx, caller, NEEDED).await?;
    let hook = find(app, name)?;
    let entry = AuditEntry {
        seq: 0,
        index: 0,
        checksum: String::new(),
        previous: String::new(),
        at: ctx.now,
        action: "webhook.test".to_owned(),
        outcome: Outcome::Success,
        reason: None,
        actor: Some(caller.user.id),
        subject: None,
        session: None,
        request_id: ctx.request_id.clone(),
        detail: vec![("webhook".to_owned(), hook.name.clone())],
        client: None,
        user_agent: None,
        note: None,
    };
    let event = OutgoingEvent { id: format!("test-{}", ctx.request_id.replace('.', "-")), entry };
    let outcome = hook.sink.deliver(&event).await;
    let record = record(app, ctx, caller, (Action::WebhookTested, hook), outcome.as_ref().err())?;
    act(app, ctx, caller, move |txn| Ok(txn.emit(record.clone())?)).await?;
    Ok(outcome)
}

/// Has the webhook `name` go on at once, whether its receiver was gone or it waits after a failure.
pub async fn resume(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    name: &str,
) -> Result<(), OversightFault> {
    require(app, ctx, caller, NEEDED).await?;
    let hook = find(app, name)?;
    let (record, name) = (record(app, ctx, caller, (Action::WebhookResumed, hook), None)?, hook.name.clone());
    act(app, ctx, caller, move |txn| {
        if let Some(progress) = webhook::progress(txn, &name)? {
            let going = Progress { gone_at: None, due_at: None, failures: 0, ..progress };
            webhook::put(txn, &name, &going)?;
        }
        Ok(txn.emit(record.clone())?)
    })
    .await
}

/// What the webhook `name` gave up, the oldest first, behind `after`; and the state that it was read from.
pub async fn dead_letters(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    name: &str,
    (after, limit): (Option<Place>, usize),
) -> Result<(Page<Place, DeadLetter>, Cursor), OversightFault> {
    require(app, ctx, caller, NEEDED).await?;
    let hook = find(app, name)?;
    Ok(app.read(|read| Ok((webhook::dead_letters(read, &hook.name, after, limit)?, as_of(read)?)))?)
}

/// Delivers what the webhook `name` gave up at `place`, past all that waits; answers why it was not taken, if so.
pub async fn redeliver(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    (name, place): (&str, Place),
) -> Result<Result<(), SinkFault>, OversightFault> {
    require(app, ctx, caller, NEEDED).await?;
    let hook = find(app, name)?;
    let event = app.read(|read| {
        let letter = webhook::dead_letter(read, &hook.name, place)?;
        letter.map(|_| event_at(app, read, place)).transpose()
    });
    let event = event?.ok_or(OversightFault::NotFound(Thing::DeadLetter))?.ok_or(OversightFault::NotKept)?;
    let outcome = hook.sink.deliver(&event).await;
    let record = record(app, ctx, caller, (Action::WebhookRedelivered, hook), outcome.as_ref().err())?;
    let (record, was_taken) = (about(record, place), outcome.is_ok());
    let name = hook.name.clone();
    act(app, ctx, caller, move |txn| {
        if was_taken {
            dig_up(txn, &name, place)?;
        }
        Ok(txn.emit(record.clone())?)
    })
    .await?;
    Ok(outcome)
}

/// Forgets that the webhook `name` gave up what is at `place`.
pub async fn drop_letter(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    (name, place): (&str, Place),
) -> Result<(), OversightFault> {
    require(app, ctx, caller, NEEDED).await?;
    let hook = find(app, name)?;
    let record = about(record(app, ctx, caller, (Action::WebhookDropped, hook), None)?, place);
    let name = hook.name.clone();
    act(app, ctx, caller, move |txn| {
        if !dig_up(txn, &name, place)? {
            return Err(Abort::Rule(OversightFault::NotFound(Thing::DeadLetter)));
        }
        Ok(txn.emit(record.clone())?)
    })
    .await
}

fn find<'a>(app: &'a Services, name: &str) -> Result<&'a Hook, OversightFault> {
    app.hooks.iter().find(|hook| hook.name == name).ok_or(OversightFault::NotFound(Thing::Webhook))
}

fn record(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    (action, hook): (Action, &Hook),
    fault: Option<&SinkFault>,
) -> Result<EventV1, StoreError> {
    let outcome = if fault.is_some() { Outcome::Failure } else { Outcome::Success };
    let witness = Witness::of_operator(app, ctx, caller.user.id, None)?;
    let record = caller.signed(witness.event(action, outcome)).detail("webhook", &hook.name);
    let record = match fault {
        Some(fault) => record.reason("not_taken").detail("error", fault.to_string()),
        None => record,
    };
    Ok(record.done())
}

fn about(mut record: EventV1, (seq, index): Place) -> EventV1 {
    record.detail.push(("event".to_owned(), format!("{seq}-{index}")));
    record
}

/// Runs `change`, unless the caller lost the right meanwhile.
async fn act(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    change: impl Fn(&mut Txn<'_>) -> Result<(), Abort<OversightFault>> + Send + 'static,
) -> Result<(), OversightFault> {
    let caller = caller.clone();
    let run = app.store.transact("webhook.act", app.stamp(ctx), move |txn| {
        caller.still_may::<OversightFault>(txn, NEEDED)?;
        change(txn)
    });
    run.await.map_err(flatten)
}

/// Removes a dead letter; answers whether there was one.
fn dig_up(txn: &mut Txn<'_>, name: &str, place: Place) -> Result<bool, StoreError> {
    let (Some(letter), Some(mut progress)) =
        (webhook::dead_letter(txn, name, place)?, webhook::progress(txn, name)?)
    else {
        return Ok(false);
    };
    webhook::dig_up(txn, name, &mut progress, &letter)?;
    webhook::put(txn, name, &progress)?;
    Ok(true)
}
