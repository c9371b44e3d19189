//! A link that is mailed to an address: what carries its token, and what happens when a stranger asks for one.
//! Knows nothing of what a link opens.
//!
//! ## Decision: whoever is named, the request looks alike
//! The letter is written, one event recorded and one commit made, whether the address has an account or not; only
//! the owner of an account that may have the link gets the mail (R10).

use std::time::Duration;

use super::audit::{Witness, person_key};
use super::limits::{MailPlace, TOO_MANY_MAILS};
use super::mail::Sealed;
use super::one_time::{issue, purpose};
use super::{Context, Services};
use crate::crypto::OneTimeKind;
use crate::domain::audit::{Action, Outcome};
use crate::domain::email::EmailAddress;
use crate::domain::id::UserId;
use crate::domain::link::{Link, LinkTarget};
use crate::domain::mail::Letter;
use crate::domain::user::Identifier;
use crate::store::lane::EventV1;
use crate::store::one_time::{self, NOBODY, OneTime, Purpose};
use crate::store::{self, StoreError, Txn};

/// The mail with the link, and the token that the link carries.
pub(super) struct MailedLink {
    purpose: Purpose,
    token: OneTime,
    mail: Sealed,
}

/// What a link is for, where it leads, and how long it lives.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    pub(super) kind: OneTimeKind,
    pub(super) target: LinkTarget,
    pub(super) ttl: Duration,
}

impl MailedLink {
    /// A link for `owner`, in a letter to `to`.
    pub(super) fn new(
        app: &Services,
        ctx: &Context,
        terms: Terms,
        (owner, to): (UserId, &EmailAddress),
        letter: impl FnOnce(&Link) -> Letter,
    ) -> Self {
        let Terms { kind, target, ttl } = terms;
        let (plain, token) = issue(app, ctx, kind, owner, ttl);
        let letter = letter(&app.policy.public_url.link(target, &plain.reveal()));
        Self { purpose: purpose(kind), token, mail: Sealed::new(app, ctx, to, &letter, ttl) }
    }

    /// The same, whose token is for this address.
    pub(super) fn of_address(mut self, address: EmailAddress) -> Self {
        self.token.address = Some(address);
        self
    }

    /// Stores the token in place of an older one, and queues the mail.
    pub(super) fn insert(&self, txn: &mut Txn<'_>) -> Result<(), StoreError> {
        one_time::replace(txn, self.purpose, &self.token)?;
        self.mail.insert(txn)
    }
}

/// A link that anybody may ask for.
pub(super) struct Offer {
    /// The transaction's name.
    pub(super) name: &'static str,
    /// What is recorded.
    pub(super) action: Action,
    /// Writes the mail to an owner.
    pub(super) mail: fn(&Services, &Context, UserId, &EmailAddress) -> MailedLink,
    /// Why an owner gets no link now, as a stable name.
    pub(super) refusal: fn(&Txn<'_>, UserId) -> Result<Option<&'static str>, StoreError>,
}

/// Mails the link of `offer` to the address of the account that `email` names. Answers nothing.
pub(super) async fn ask(app: &Services, ctx: &Context, email: &str, offer: Offer) -> Result<(), StoreError> {
    let identifier = Identifier::typed(email);
    let found = app.read(|read| {
        // No username has an `@`; one would be a second name, and a second budget, for one mailbox.
        let Some(key) = identifier.key().filter(|key| key.contains('@')) else { return Ok(None) };
        let user = store::user::by_identifier(read, key)?;
        user.map(|user| Ok((person_key(app, read, user.id)?, user))).transpose()
    })?;
    let (witness, owner, to) = match &found {
        Some((person, user)) => {
            (Witness::of_stranger(app, ctx, user.id, person), user.id, user.email.clone())
        }
        None => (Witness::of_nobody(app, ctx), NOBODY, EmailAddress::of_nobody()),
    };
    // For nobody it is written too, and thrown away: writing it is most of the work.
    let mail = (offer.mail)(app, ctx, owner, &to);
    let sent = witness.event(offer.action, Outcome::Success).done();
    let mut denied = witness.event(offer.action, Outcome::Denied);
    if found.is_none() {
        denied = denied.detail("name_hash", app.keys.name_hash(identifier.budget()));
    }
    let denied = denied.done();
    let place = MailPlace::take(app, ctx, identifier.budget());
    let may_send = place.is_some();
    let is_sent = app
        .write(offer.name, ctx, move |txn| {
            let refusal = if may_send { (offer.refusal)(txn, owner)? } else { Some(TOO_MANY_MAILS) };
            if let Some(reason) = refusal {
                txn.emit(EventV1 { reason: Some(reason.to_owned()), ..denied.clone() })?;
                return Ok(false);
            }
            mail.insert(txn)?;
            txn.emit(sent.clone())?;
            Ok(true)
        })
        .await?;
    if is_sent {
        app.mail_queued.notify_one();
    } else if let Some(place) = place {
        place.give_back(app, ctx);
    }
    Ok(())
}
