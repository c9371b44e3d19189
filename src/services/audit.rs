//! The audit log: what is written of an act, how it is read, and how it is sealed.
//!
//! ## Decision: people can be forgotten, records cannot
//! Where somebody came from and what their client called itself is sealed under a key of their own.
//! Dropping the key makes those fields unreadable for ever; every record, hash and seal stays.
//! A typed name that belongs to nobody is kept only as a keyed hash: enough to see that somebody
//! tries the same name again and again, too little to learn a password typed into the wrong field.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Context, Services};
use crate::crypto::seal::SealKey;
use crate::domain::audit::{Action, Outcome};
use crate::domain::id::{SessionId, UserId};
use crate::domain::operator::Operator;
use crate::domain::time::Timestamp;
use crate::store::lane::{EventV1, OutcomeV1};
use crate::store::{Read, StoreError, user};

/// What is written of one request about one person: made before the transaction, so that no
/// randomness is needed inside it.
#[derive(Debug, Clone)]
pub struct Witness {
    at: Timestamp,
    request_id: String,
    actor: Option<UserId>,
    subject: Option<UserId>,
    personal: Vec<u8>,
}

/// What is sealed under the person's own key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Personal {
    /// Where the request came from.
    pub client: IpAddr,
    /// What the client called itself.
    pub user_agent: Option<String>,
    /// Why it was done, in the caller's own words.
    pub note: Option<String>,
}

impl Witness {
    /// Watches `subject`, whose key is `person`, act for themselves.
    pub fn of_self(app: &Services, ctx: &Context, subject: UserId, person: &SealKey) -> Self {
        Self::new(app, ctx, (Some(subject), Some(subject)), person)
    }

    /// Watches `subject` act for themselves; their key is read now.
    pub(super) fn of_caller(app: &Services, ctx: &Context, subject: UserId) -> Result<Self, StoreError> {
        let person = app.read(|read| person_key(app, read, subject))?;
        Ok(Self::of_self(app, ctx, subject, &person))
    }

    /// Watches somebody who has not shown to be `subject` knock at their door.
    pub fn of_stranger(app: &Services, ctx: &Context, subject: UserId, person: &SealKey) -> Self {
        Self::new(app, ctx, (None, Some(subject)), person)
    }

    /// Watches `actor`, whose key is `person`, act on `subject`.
    pub fn of_other(
        app: &Services,
        ctx: &Context,
        (actor, subject): (UserId, UserId),
        person: &SealKey,
    ) -> Self {
        Self::new(app, ctx, (Some(actor), Some(subject)), person)
    }

    /// Watches `actor` do something to what is `subject`'s, or nobody's; the actor's key is read now.
    pub(super) fn of_operator(
        app: &Services,
        ctx: &Context,
        actor: UserId,
        subject: Option<UserId>,
    ) -> Result<Self, StoreError> {
        let person = app.read(|read| person_key(app, read, actor))?;
        Ok(Self::new(app, ctx, (Some(actor), subject), &person))
    }

    /// Watches somebody who is nobody: no account has the name, or the server itself.
    pub fn of_nobody(app: &Services, ctx: &Context) -> Self {
        Self::new(app, ctx, (None, None), &app.keys.nobody)
    }

    fn new(
        app: &Services,
        ctx: &Context,
        (actor, subject): (Option<UserId>, Option<UserId>),
        key: &SealKey,
    ) -> Self {
        let personal =
            Personal { client: ctx.client, user_agent: ctx.user_agent.clone(), note: ctx.note.clone() };
        let personal = seal_personal(app, (actor.or(subject), &ctx.request_id), key, &personal);
        Self { at: ctx.now, request_id: ctx.request_id.clone(), actor, subject, personal }
    }

    /// The record of an act.
    pub fn event(&self, action: Action, outcome: Outcome) -> Draft {
        Draft(EventV1 {
            at: self.at.millis(),
            action: action.name().to_owned(),
            outcome: match outcome {
                Outcome::Success => OutcomeV1::Success,
                Outcome::Failure => OutcomeV1::Failure,
                Outcome::Denied => OutcomeV1::Denied,
            },
            actor: self.actor.map(|id| *id.as_bytes()),
            subject: self.subject.map(|id| *id.as_bytes()),
            session: None,
            request_id: self.request_id.clone(),
            reason: None,
            detail: Vec::new(),
            personal: self.personal.clone(),
        })
    }
}

/// A record being written.
#[derive(Debug, Clone)]
#[must_use]
pub struct Draft(EventV1);

impl Draft {
    /// Whom the act concerns, where that is known only in the transaction. There is an actor, so the sealed fields stay
    /// bound to the same key.
    pub fn about(mut self, subject: UserId) -> Self {
        self.0.subject = Some(*subject.as_bytes());
        self
    }

    /// The session the act belongs to.
    pub fn session(mut self, id: SessionId) -> Self {
        self.0.session = Some(*id.as_bytes());
        self
    }

    /// Why it came out as it did: a stable name.
    pub fn reason(mut self, reason: &str) -> Self {
        self.0.reason = Some(reason.to_owned());
        self
    }

    /// One more fact; never a secret, never personal.
    pub fn detail(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.detail.push((name.to_owned(), value.into()));
        self
    }

    /// The record for the transaction.
    pub fn done(self) -> EventV1 {
        self.0
    }
}

/// The key of a person's own fields; a person without one (it was dropped) gets the nobody key, and so does an operator.
pub fn person_key(app: &Services, read: &impl Read, id: UserId) -> Result<Arc<SealKey>, StoreError> {
    Ok(opened_person_key(app, read, id)?.map_or_else(|| app.keys.nobody.clone(), Arc::new))
}

/// A new personal key for the account `id`, and the form in which it is stored.
pub fn new_person_key(app: &Services, id: UserId) -> (SealKey, Vec<u8>) {
    let key = app.random::<32>();
    let sealed = app.keys.people.seal(id.as_bytes(), &key, app.random());
    (SealKey::new(&key), sealed)
}

/// What is kept of a person: sealed under `key`, which is `owner`'s, and bound to the request.
pub(super) fn seal_personal(
    app: &Services,
    (owner, request_id): (Option<UserId>, &str),
    key: &SealKey,
    personal: &Personal,
) -> Vec<u8> {
    let plain = postcard::to_stdvec(personal).unwrap_or_default();
    key.seal(&place(owner, request_id), &plain, app.random())
}

/// What a record says of the person, if the key is still there.
pub(super) fn open_personal(
    app: &Services,
    read: &impl Read,
    keys: &mut HashMap<UserId, Option<SealKey>>,
    event: &EventV1,
) -> Result<Option<Personal>, StoreError> {
    let owner = event.actor.or(event.subject).map(UserId::from_bytes);
    open_sealed(app, read, keys, (owner, &event.request_id), &event.personal)
}

/// The same of what [`seal_personal`] made.
pub(super) fn open_sealed(
    app: &Services,
    read: &impl Read,
    keys: &mut HashMap<UserId, Option<SealKey>>,
    (owner, request_id): (Option<UserId>, &str),
    sealed: &[u8],
) -> Result<Option<Personal>, StoreError> {
    let key = match owner.filter(|id| Operator::uid_of(*id).is_none()) {
        None => Some(app.keys.nobody.as_ref()),
        Some(id) => match keys.entry(id) {
            Entry::Occupied(entry) => entry.into_mut().as_ref(),
            Entry::Vacant(entry) => entry.insert(opened_person_key(app, read, id)?).as_ref(),
        },
    };
    let plain = key.and_then(|key| key.open(&place(owner, request_id), sealed).ok());
    Ok(plain.and_then(|plain| postcard::from_bytes(plain.as_slice()).ok()))
}

fn opened_person_key(app: &Services, read: &impl Read, id: UserId) -> Result<Option<SealKey>, StoreError> {
    let sealed = user::person_key(read, id)?;
    let plain = sealed.and_then(|sealed| app.keys.people.open(id.as_bytes(), &sealed).ok());
    Ok(plain.and_then(|plain| <&[u8; 32]>::try_from(plain.as_slice()).ok().map(SealKey::new)))
}

/// What binds the sealed fields to their record.
fn place(owner: Option<UserId>, request_id: &str) -> Vec<u8> {
    let mut place = b"latchkey audit".to_vec();
    place.extend_from_slice(owner.map_or([0; 16], |id| *id.as_bytes()).as_slice());
    place.extend_from_slice(request_id.as_bytes());
    place
}
