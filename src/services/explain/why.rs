//! Why a credential opened nothing: it is looked at once more, where the refusal is made. Changes nothing.
//!
//! ## Decision: looked at again, and only then
//! Checking a credential is on the way of every request and answers yes or no; the reason is wanted of the few that are
//! refused. So the check stays as it is, and a refused credential is judged a second time, step by step. What changed
//! between the two looks is not noted wrong: then nothing is noted.

use std::net::IpAddr;

use super::trail::Trail;
use crate::crypto::token::{CLOCK_SKEW, TokenFault};
use crate::crypto::{KeyHash, OneTimeKind, PlainToken, SessionCookie};
use crate::domain::api_key::{ApiKey, KeyDenial};
use crate::domain::id::{SessionId, UserId};
use crate::domain::limit::{Budget, Class, Standing};
use crate::domain::lockout::LockoutPolicy;
use crate::domain::permission::{Permission, Permissions};
use crate::domain::session::Session;
use crate::domain::time::Timestamp;
use crate::domain::trace::{Kind, Step};
use crate::domain::user::User;
use crate::services::caller::{Caller, Credential};
use crate::services::one_time::purpose;
use crate::services::registration::RegisterFault;
use crate::services::{Context, Services};
use crate::store::{self, Read, StoreError};

/// Notes why the access token `text` opens nothing.
pub fn token(app: &Services, trail: &Trail, text: &str, now: Timestamp) {
    if !trail.is_on() {
        return;
    }
    match app.tokens.subject(text, now) {
        Err(fault) => trail.note(of_token(app, fault, text, now)),
        Ok(subject) => {
            trail.about(subject.user_id);
            found(trail, app.read(|read| of_session(read, (subject.user_id, subject.sid), now)));
        }
    }
}

/// What is wrong with the text of a token. Times are told of one whose signature holds alone.
pub(in crate::services) fn of_token(app: &Services, fault: TokenFault, text: &str, now: Timestamp) -> Step {
    let times = || app.tokens.times(text).unwrap_or((now, now));
    match fault {
        TokenFault::Expired => {
            let (_, ended_at) = times();
            Kind::TokenExpired.with("ended_at", ended_at).with("since", now.since(ended_at))
        }
        TokenFault::NotYetValid => {
            let (issued_at, _) = times();
            let ahead = Kind::TokenEarly.with("issued_at", issued_at).with("ahead", issued_at.since(now));
            ahead.with("allowed", CLOCK_SKEW)
        }
        TokenFault::WrongKind => Kind::TokenOtherKind.into(),
        TokenFault::UnknownKey => Kind::TokenUnknownKey.into(),
        TokenFault::TooLong => Kind::TokenForged.with("what", "it is too long"),
        TokenFault::Malformed => Kind::TokenForged.with("what", "its form is not that of a token"),
        TokenFault::WrongAlgorithm => Kind::TokenForged.with("what", "it names another algorithm"),
        TokenFault::BadSignature => Kind::TokenForged.with("what", "its signature does not fit"),
        TokenFault::WrongIssuer => Kind::TokenForged.with("what", "another issuer made it"),
        TokenFault::WrongAudience => Kind::TokenForged.with("what", "it is for another audience"),
        TokenFault::LivesTooLong => Kind::TokenForged.with("what", "it would live too long"),
    }
}

/// Notes why the session `id` of `user` is over.
pub(in crate::services) fn session(app: &Services, ctx: &Context, (user, id): (UserId, SessionId)) {
    found(&ctx.trail, app.read(|read| of_session(read, (user, id), ctx.now)));
}

/// Why the session `id` of `user` is over.
pub(in crate::services) fn of_session(
    read: &impl Read,
    (user, id): (UserId, SessionId),
    now: Timestamp,
) -> Result<Option<Step>, StoreError> {
    let session = store::session::by_id(read, id)?.filter(|session| session.user == user);
    let Some(owner) = store::user::by_id(read, user)? else {
        return Ok(Some(Kind::AccountGone.with("user", user)));
    };
    Ok(of_owner(&owner).or_else(|| match session {
        None => Some(Kind::SessionEnded.with("session", id)),
        Some(session) => over(&session, &owner, now),
    }))
}

fn over(session: &Session, owner: &User, now: Timestamp) -> Option<Step> {
    if session.epoch != owner.session_epoch {
        return Some(Kind::SessionsEnded.with("session", session.id));
    }
    let ended_at = session.expires_at();
    (ended_at <= now).then(|| Kind::SessionExpired.with("session", session.id).with("ended_at", ended_at))
}

/// Why nobody may be `owner`.
pub(in crate::services) fn of_owner(owner: &User) -> Option<Step> {
    let status = owner.status;
    (!status.is_usable()).then(|| Kind::AccountOff.with("user", owner.id).with("status", status.name()))
}

/// Notes why the cookie `text` opens nothing.
pub fn cookie(app: &Services, ctx: &Context, text: &str) {
    let Ok(value) = SessionCookie::parse(text) else { return ctx.trail.note(Kind::CookieUnknown) };
    let over = app.read(|read| {
        let session = store::session::by_id(read, value.id())?;
        session.map_or(Ok(None), |session| of_session(read, (session.user, session.id), ctx.now))
    });
    // A session that is not over, or none: then the value is not its own.
    match over {
        Ok(None) => ctx.trail.note(Kind::CookieUnknown),
        over => found(&ctx.trail, over),
    }
}

/// Notes why the API key `text` opens nothing for a client.
pub fn key(app: &Services, trail: &Trail, text: &str, (client, now): (IpAddr, Timestamp)) {
    if !trail.is_on() {
        return;
    }
    let unknown = |what: &'static str| Kind::KeyUnknown.with("what", what);
    let Ok(hash) = KeyHash::of(text) else { return trail.note(unknown("its form or its checksum is wrong")) };
    let hash = hash.as_bytes();
    let step = app.read(|read| {
        let Some(key) = store::api_key::by_hash(read, hash)? else {
            return Ok(Some(unknown("it is whole, and was revoked, is too old, or is another server's")));
        };
        trail.about(key.owner);
        let Some(owner) = store::user::by_id(read, key.owner)? else {
            return Ok(Some(Kind::AccountGone.with("user", key.owner)));
        };
        Ok(key.judge(&owner, hash, client, now).err().and_then(|denial| of_key(&key, &owner, (hash, denial))))
    });
    found(trail, step);
}

fn of_key(key: &ApiKey, owner: &User, (hash, denial): (&[u8; 32], KeyDenial)) -> Option<Step> {
    let about = |kind: Kind| kind.with("key", key.id);
    match denial {
        KeyDenial::Canary => Some(about(Kind::KeyCanary)),
        KeyDenial::Address => Some(about(Kind::KeyAddress).with("networks", key.networks.clone())),
        KeyDenial::Dead => of_owner(owner).or_else(|| {
            if key.epoch != owner.key_epoch {
                return Some(about(Kind::KeysRevoked).with("user", owner.id));
            }
            match key.former_end(hash) {
                Some(end) => Some(about(Kind::KeyReplaced).with("ended_at", end)),
                None => key.expires_at.map(|end| about(Kind::KeyExpired).with("ended_at", end)),
            }
        }),
    }
}

/// Notes why the mailed token `text` of `kind` opens nothing.
pub(in crate::services) fn link(app: &Services, ctx: &Context, kind: OneTimeKind, text: &str) {
    let of = |step: Kind| step.with("purpose", words(kind));
    let Ok(plain) = PlainToken::parse(kind, text) else { return ctx.trail.note(of(Kind::LinkUnreadable)) };
    let stored = app.read(|read| store::one_time::by_id(read, purpose(kind), plain.id()));
    found(
        &ctx.trail,
        stored.map(|stored| match stored {
            Some(stored) if stored.expires_at <= ctx.now => {
                ctx.trail.about(stored.owner);
                Some(of(Kind::LinkOver).with("ended_at", stored.expires_at))
            }
            _ => Some(of(Kind::LinkGone).with("made_at", plain.id().made_at())),
        }),
    );
}

/// Notes why nobody was registered.
pub(in crate::services) fn registration(ctx: &Context, fault: &RegisterFault) {
    match fault {
        RegisterFault::Closed => ctx.trail.note(Kind::RegistrationClosed),
        RegisterFault::Exists(taken) => ctx.trail.note(Kind::NameTaken.with("field", taken.field())),
        // What makes no sense is no denial, and a failure of ours neither.
        RegisterFault::Fields(_) | RegisterFault::Hash(_) | RegisterFault::Store(_) => {}
    }
}

const fn words(kind: OneTimeKind) -> &'static str {
    match kind {
        OneTimeKind::VerifyEmail => "a verified address",
        OneTimeKind::ResetPassword => "a new password",
        OneTimeKind::ChangeEmail => "another address",
        OneTimeKind::Setup => "the setup",
        OneTimeKind::Invitation => "an invitation",
        OneTimeKind::EnrolFactor => "a second factor",
    }
}

/// Nothing was left of `budget`, which is one of `class`.
pub fn exceeded(class: Class, budget: Budget, standing: Standing) -> Step {
    let of = match class {
        Class::Authenticated | Class::MfaDebug | Class::Export => "account",
        Class::ApiKey => "API key",
        Class::AuthzCheck | Class::Introspection | Class::ForwardAuth => "caller",
        Class::Mail => "name",
        Class::Login | Class::Register | Class::PasswordReset | Class::ResetConfirm | Class::Anonymous => {
            "address"
        }
    };
    let step = Kind::LimitReached.with("class", class.name()).with("of", of).with("count", budget.count());
    step.with("period", budget.period()).with("again", standing.until_next)
}

/// Whoever holds `held` lacks `required`.
pub(in crate::services) fn missing(user: UserId, required: Permission, held: Permissions) -> Step {
    Kind::PermissionMissing.with("user", user).with("required", required).with("held", held)
}

/// `caller`, who may do `held`, lacks `required`: the account itself does, or only its key.
pub(in crate::services) fn lacking(caller: &Caller, required: Permission, held: Permissions) -> Step {
    match caller.credential {
        Credential::ApiKey { id, .. } if caller.held.permissions.contains(required) => {
            Kind::ScopeMissing.with("key", id).with("required", required).with("held", held)
        }
        _ => missing(caller.user.id, required, caller.held.permissions),
    }
}

/// Too many wrong passwords from one network.
pub(in crate::services) fn network_lock(policy: &LockoutPolicy, until: Timestamp) -> Step {
    let allowed = u64::try_from(policy.failures).unwrap_or(u64::MAX);
    Kind::NetworkLocked.with("allowed", allowed).with("until", until)
}

/// Too many wrong passwords in a row.
pub(in crate::services) fn account_lock(policy: &LockoutPolicy, failures: u32, until: Timestamp) -> Step {
    let step = Kind::AccountLocked.with("failures", failures);
    step.with("allowed", policy.account_failures).with("until", until)
}

/// Notes what was found. A store that fails here failed the request before, and is told there.
fn found(trail: &Trail, step: Result<Option<Step>, StoreError>) {
    if let Ok(Some(step)) = step {
        trail.note(step);
    }
}
