//! A second factor that begins with the account: whoever registers is shown it at once, and may switch it on without a
//! login. Knows no cookie.
//!
//! ## Decision: a token of its own, and nothing but the first code goes with it
//! Whoever registered knows the password, but is not logged in, and a session for one call would open everything. So the
//! registration answers a one-time token that opens `enable_first` alone, for a quarter of an hour; it ends with the
//! first right code, and with whatever ends the account's sessions (a new password, a factor switched on or off). The
//! code itself is still needed: who steals the token alone can do nothing with it.

use std::time::Duration;

use super::{Enrolment, Shown, new_factor};
use crate::crypto::{OneTimeKind, SealKey};
use crate::domain::audit::{Action, Outcome};
use crate::domain::factor::{FIRST_ENROLMENT_TTL, Factor};
use crate::domain::id::UserId;
use crate::domain::user::User;
use crate::services::audit::Witness;
use crate::services::one_time::issue;
use crate::services::registration::{self, RegisterFault, Registration};
use crate::services::{Context, Services};
use crate::store::lane::EventV1;
use crate::store::one_time::{self, OneTime, Purpose};
use crate::store::{self, StoreError, Txn};

/// What whoever registered is shown, once.
pub struct FirstEnrolment {
    /// The enrolment, which waits for its first code.
    pub enrolment: Enrolment,
    /// What switches it on without a login, by [`enable_first`](super::enable_first).
    pub token: Shown,
    /// How long the token lives.
    pub token_ttl: Duration,
}

/// Makes a pending account for a stranger with an enrolment that waits, in one transaction, and mails the link that
/// proves the address.
pub async fn register(
    app: &Services,
    ctx: &Context,
    form: &Registration<'_>,
) -> Result<FirstEnrolment, RegisterFault> {
    let (_, first) = registration::register_with(app, ctx, form, |user, person| {
        let (first, started) = start(app, ctx, user, person);
        (first, move |txn: &mut Txn<'_>| started.write(txn))
    })
    .await?;
    Ok(first)
}

fn start(app: &Services, ctx: &Context, owner: &User, person: &SealKey) -> (FirstEnrolment, Started) {
    let (factor, enrolment) = new_factor(app, ctx, owner, &app.policy.factor.issuer);
    let (plain, token) = issue(app, ctx, OneTimeKind::EnrolFactor, owner.id, FIRST_ENROLMENT_TTL);
    let event = Witness::of_self(app, ctx, owner.id, person).event(Action::MfaSetup, Outcome::Success);
    let started =
        Started { owner: owner.id, factor, token, event: event.detail("by", "registration").done() };
    let first = FirstEnrolment { enrolment, token: plain.reveal(), token_ttl: FIRST_ENROLMENT_TTL };
    (first, started)
}

/// What is stored of it beside the account.
struct Started {
    owner: UserId,
    factor: Factor,
    token: OneTime,
    event: EventV1,
}

impl Started {
    fn write(&self, txn: &mut Txn<'_>) -> Result<(), StoreError> {
        store::factor::put(txn, self.owner, &self.factor)?;
        one_time::replace(txn, Purpose::EnrolFactor, &self.token)?;
        txn.emit(self.event.clone())
    }
}
