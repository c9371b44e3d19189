//! What an account elsewhere opens here: the account it is linked with, one that it is linked with now, or a new one.
//! Knows no provider's protocol.
//!
//! ## Decision: a login elsewhere is the password, not the second factor
//! Where a second factor is on, the login waits for it like any other; and an account that may not be used opens for
//! nobody, whoever vouches (R69).

use super::super::audit::{Witness, person_key};
use super::super::factor::notice;
use super::super::identity_provider::About;
use super::super::login::{LoggedIn, LoginFault};
use super::super::mail::Sealed;
use super::super::opening::{Entry, Opening, Promise, prepare};
use super::super::registration::{Draft, Maker, NewAccount, Standing};
use super::super::session::{AuthFault, end_all_of, live_owner};
use super::super::{Context, Services, flatten, pending_login};
use super::FederationFault;
use crate::crypto::{LoginHandle, digest};
use crate::domain::audit::{Action, Outcome};
use crate::domain::email::EmailAddress;
use crate::domain::id::{IdentityId, SessionId, UserId};
use crate::domain::identity::{
    Claims, FederationPolicy, IDENTITIES_MAX, Identity, Reached, Unreached, reach,
};
use crate::domain::login::{Decision, DenyReason, decide};
use crate::domain::mail::FactorNews;
use crate::domain::time::Timestamp;
use crate::domain::user::{Status, User};
use crate::store::factor::PendingLogin;
use crate::store::lane::EventV1;
use crate::store::one_time::{self, Purpose};
use crate::store::{self, Abort, Read, StoreError, Txn};

/// Links the account elsewhere with the account of a live session.
pub(super) async fn link(
    app: &Services,
    ctx: &Context,
    about: &About,
    claims: &Claims,
    (user, session): ([u8; 16], [u8; 16]),
) -> Result<Identity, FederationFault> {
    let (user, session) = (UserId::from_bytes(user), SessionId::from_bytes(session));
    let witness = Witness::of_caller(app, ctx, user)?;
    let linked = witness.event(Action::IdentityLinked, Outcome::Success).session(session);
    let linked = linked.detail("provider", about.name.as_str()).done();
    let (place, identity) = (place(about, claims), identity(app, ctx, about, claims, user));
    let owner = app.read(|read| store::user::by_id(read, user))?;
    let mail = owner.map(|owner| notice(app, ctx, &owner, FactorNews::Linked));
    let run = app.store.transact("federation.link", app.stamp(ctx), move |txn| {
        let owner = live_owner(txn, user, session, txn.now())?;
        owner.ok_or(Abort::Rule(FederationFault::Caller(AuthFault::Invalid)))?;
        match store::identity::by_place(txn, place)? {
            Some(there) if there.user == user => return Ok(there),
            Some(_) => return Err(Abort::Rule(FederationFault::Taken)),
            None => {}
        }
        if store::identity::of_user(txn, user)?.len() >= IDENTITIES_MAX {
            return Err(Abort::Rule(FederationFault::TooMany));
        }
        store::identity::insert(txn, place, &identity)?;
        txn.emit(linked.clone())?;
        mail.iter().try_for_each(|mail| mail.insert(txn))?;
        Ok(identity.clone())
    });
    let identity = run.await.map_err(flatten)?;
    app.mail_queued.notify_one();
    Ok(identity)
}

/// Logs in with the account elsewhere, for what `opening` says.
pub(super) async fn log_in(
    app: &Services,
    ctx: &Context,
    (about, claims): (&About, &Claims),
    opening: Opening<'_>,
) -> Result<LoggedIn, FederationFault> {
    let at =
        At { place: place(about, claims), claims: claims.clone(), policy: app.policy.federation.clone() };
    let found = app.read(|read| at.look(read))?;
    let reached = match found.reached(&at) {
        Ok(reached) => reached,
        Err(unreached) => {
            let nobody = Witness::of_nobody(app, ctx).event(Action::LoginFailed, Outcome::Denied);
            let event = nobody.reason(unreached.name()).detail("provider", about.name.as_str()).done();
            app.write("federation.denied", ctx, move |txn| txn.emit(event.clone())).await?;
            return Err(FederationFault::Unreached(unreached));
        }
    };
    let arrival = Arrival::prepare(app, ctx, (about, opening), &at, &reached)?;
    let (arrival, promised) = match arrival {
        Ok(prepared) => prepared,
        Err((reason, event)) => {
            app.write("federation.denied", ctx, move |txn| txn.emit(event.clone())).await?;
            return Err(LoginFault::Barred(reason).into());
        }
    };
    let user = app.write("federation.login", ctx, move |txn| arrival.run(txn, &at)).await??;
    app.mail_queued.notify_one();
    Ok(match promised {
        Promised::Session(promise, session) => LoggedIn::Done(promise.kept(app, ctx.now, user, session)?),
        Promised::Wait(handle) => LoggedIn::CodeNeeded(handle.reveal()),
    })
}

/// Whom it is looked for, and under which rules.
struct At {
    place: [u8; 32],
    claims: Claims,
    policy: FederationPolicy,
}

/// The accounts that may be meant.
#[derive(PartialEq, Eq)]
struct Found {
    linked: Option<User>,
    same_address: Option<User>,
}

impl At {
    fn look(&self, read: &impl Read) -> Result<Found, StoreError> {
        let identity = store::identity::by_place(read, self.place)?;
        let linked = identity.map(|identity| store::user::by_id(read, identity.user)).transpose()?.flatten();
        let email = self.claims.email.as_ref();
        let same = email.map(|email| store::user::by_identifier(read, email.as_str())).transpose()?.flatten();
        // An address is one, a username that looks like one is not.
        let same_address = same.filter(|user| Some(&user.email) == email);
        Ok(Found { linked, same_address })
    }
}

impl Found {
    fn reached<'a>(&'a self, at: &'a At) -> Result<Reached<'a>, Unreached> {
        reach(&at.claims, self.linked.as_ref(), self.same_address.as_ref(), &at.policy)
    }
}

/// What the person is given when all is written.
enum Promised {
    Session(Promise, SessionId),
    Wait(LoginHandle),
}

/// What is done to the account before it opens.
enum Change {
    None,
    Link,
    TakeOver,
    Make(Box<NewAccount>),
}

/// How the login ends.
enum End {
    Session(Box<Entry>, EventV1),
    Wait(PendingLogin, EventV1),
}

/// A login that was decided on, to be held against the accounts as they are when it is written.
struct Arrival {
    /// As it was when it was decided.
    before: Option<User>,
    change: Change,
    identity: Identity,
    end: End,
    witness: Witness,
    linked: EventV1,
    /// Tells the owner of an account that was there before.
    mail: Option<Sealed>,
    changed: EventV1,
    too_many: EventV1,
}

type Denial = (DenyReason, EventV1);

impl Arrival {
    fn prepare(
        app: &Services,
        ctx: &Context,
        (about, opening): (&About, Opening<'_>),
        at: &At,
        reached: &Reached<'_>,
    ) -> Result<Result<(Self, Promised), Denial>, StoreError> {
        let (user, before, change) = match *reached {
            Reached::Linked(user) => (user.clone(), Some(user.clone()), Change::None),
            Reached::SameAddress(user) => (user.clone(), Some(user.clone()), Change::Link),
            Reached::TakenOver(user) => (taken_over(user, ctx), Some(user.clone()), Change::TakeOver),
            Reached::New(email) => {
                let account = new_account(app, ctx, &at.claims, email);
                (account.user.clone(), None, Change::Make(Box::new(account)))
            }
        };
        let witness = if let Change::Make(account) = &change {
            Witness::of_self(app, ctx, user.id, account.person())
        } else {
            let person = app.read(|read| person_key(app, read, user.id))?;
            Witness::of_self(app, ctx, user.id, &person)
        };
        let event = |action, outcome| witness.event(action, outcome).detail("provider", about.name.as_str());
        let denied =
            |reason: DenyReason| event(Action::LoginFailed, Outcome::Denied).reason(reason.name()).done();
        let (end, promised) = match decide(Some(&user), true, app.policy.login) {
            Decision::Deny(reason) => return Ok(Err((reason, denied(reason)))),
            Decision::RequireFactor => {
                let (handle, login) = pending_login::begin(app, ctx, &user, opening != Opening::Tokens);
                let asked = event(Action::LoginMfaRequired, Outcome::Success).done();
                (End::Wait(login, asked), Promised::Wait(handle))
            }
            Decision::Grant => {
                let (promise, entry) = prepare(app, ctx, &user, opening)?;
                let id = entry.id();
                let succeeded = event(Action::LoginSucceeded, Outcome::Success).session(id).done();
                (End::Session(Box::new(entry), succeeded), Promised::Session(promise, id))
            }
        };
        let mail = before.as_ref().map(|owner| notice(app, ctx, owner, FactorNews::Linked));
        let arrival = Self {
            before,
            change,
            identity: identity(app, ctx, about, &at.claims, user.id),
            end,
            linked: event(Action::IdentityLinked, Outcome::Success).done(),
            mail,
            changed: denied(DenyReason::AccountChanged),
            too_many: denied(DenyReason::TooManySessions),
            witness,
        };
        Ok(Ok((arrival, promised)))
    }

    fn run(&self, txn: &mut Txn<'_>, at: &At) -> Result<Result<User, FederationFault>, StoreError> {
        let now = at.look(txn)?;
        let user = match now.reached(at) {
            Ok(Reached::Linked(user) | Reached::SameAddress(user) | Reached::TakenOver(user)) => Some(user),
            Ok(Reached::New(_)) => None,
            Err(_) => return self.denied(txn),
        };
        if user != self.before.as_ref() {
            return self.denied(txn);
        }
        let Some(user) = self.change(txn, at)? else { return self.denied(txn) };
        match &self.end {
            End::Wait(login, asked) => {
                store::factor::insert_pending(txn, login)?;
                txn.emit(asked.clone())?;
            }
            End::Session(entry, succeeded) => {
                if entry.write(txn, &self.witness)?.is_err() {
                    txn.emit(self.too_many.clone())?;
                    return Ok(Err(LoginFault::TooManySessions.into()));
                }
                txn.emit(succeeded.clone())?;
            }
        }
        Ok(Ok(user))
    }

    fn denied(&self, txn: &mut Txn<'_>) -> Result<Result<User, FederationFault>, StoreError> {
        txn.emit(self.changed.clone())?;
        Ok(Err(LoginFault::Denied.into()))
    }

    /// Makes or changes the account, and the link; nothing where a name was taken meanwhile.
    fn change(&self, txn: &mut Txn<'_>, at: &At) -> Result<Option<User>, StoreError> {
        let user = match (&self.change, &self.before) {
            (Change::Make(account), _) => account.insert(txn)?.ok(),
            (Change::TakeOver, Some(before)) => Some(self.take_over(txn, before.clone())?),
            (_, before) => before.clone(),
        };
        if user.is_some() && !matches!(self.change, Change::None) {
            if store::identity::of_user(txn, self.identity.user)?.len() >= IDENTITIES_MAX {
                return Ok(None);
            }
            store::identity::insert(txn, at.place, &self.identity)?;
            txn.emit(self.linked.clone())?;
            self.mail.iter().try_for_each(|mail| mail.insert(txn))?;
        }
        Ok(user)
    }

    /// Takes away all that opened the account, and proves its address.
    fn take_over(&self, txn: &mut Txn<'_>, mut user: User) -> Result<User, StoreError> {
        let ended = end_all_of(txn, &mut user)?;
        store::user::revoke_phc(txn, user.id)?;
        store::factor::remove(txn, user.id)?;
        store::sms_factor::remove(txn, user.id)?;
        store::identity::remove_all(txn, user.id)?;
        one_time::remove_of(txn, Purpose::VerifyEmail, user.id)?;
        if user.has_factor {
            let event = self.witness.event(Action::MfaDisabled, Outcome::Success);
            txn.emit(event.reason("taken_over").done())?;
        }
        let user = stripped(user, txn.now());
        store::user::put(txn, &user)?;
        let event = self.witness.event(Action::SessionAllEnded, Outcome::Success).reason("taken_over");
        txn.emit(event.detail("sessions_ended", ended.to_string()).done())?;
        let event = self.witness.event(Action::EmailVerified, Outcome::Success).reason("taken_over");
        txn.emit(event.done())?;
        Ok(user)
    }
}

/// The account as it will be: what a session of it must be made for.
fn taken_over(user: &User, ctx: &Context) -> User {
    let session_epoch = user.session_epoch.wrapping_add(1);
    stripped(User { session_epoch, ..user.clone() }, ctx.now)
}

fn stripped(user: User, now: Timestamp) -> User {
    User {
        status: Status::Active,
        email_verified_at: Some(now),
        key_epoch: user.key_epoch.wrapping_add(1),
        has_factor: false,
        ..user
    }
}

/// An account for somebody whose address the provider vouches for. It has no password.
fn new_account(app: &Services, ctx: &Context, claims: &Claims, email: &EmailAddress) -> NewAccount {
    let draft = Draft::of_address(app, email.clone(), claims.name.as_deref());
    let role = app.policy.registration.default_role;
    draft.with_hash(app, ctx, None, Standing::active(role, Maker::Owner))
}

fn identity(app: &Services, ctx: &Context, about: &About, claims: &Claims, user: UserId) -> Identity {
    Identity {
        id: IdentityId::new(ctx.now, &app.random()),
        user,
        provider: about.name.clone(),
        email: claims.email.clone(),
        linked_at: ctx.now,
    }
}

/// Where an account elsewhere is stored: the hash of who vouches and of its name there.
fn place(about: &About, claims: &Claims) -> [u8; 32] {
    digest::sha256(&[about.issuer.as_bytes(), b"\0", claims.subject.as_bytes()].concat())
}
