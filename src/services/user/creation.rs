//! Making an account for somebody else: with a password, or by invitation.
//!
//! ## Decision: for people, not for API keys
//! A new account is a credential with roles. A key that could make one would hold whatever that account may do, beyond its
//! own scopes and its own end (R52).
//!
//! ## Decision: an invited account has no password at all
//! There is nothing to guess and nothing to leak until its owner sets one. The link went to the address, so following it
//! proves it. Whoever lost the link can also ask for a new password, which goes to the same mailbox.

use std::sync::Arc;

use crate::crypto::{HashError, OneTimeKind, Password};
use crate::domain::audit::{Action, Outcome};
use crate::domain::email::EmailAddress;
use crate::domain::id::UserId;
use crate::domain::link::LinkTarget;
use crate::domain::role::{Permission, Role};
use crate::domain::suspicion::Suspicious;
use crate::domain::user::{Status, User};
use crate::services::audit::{Witness, person_key};
use crate::services::caller::{Caller, Person};
use crate::services::limits::{Exceeded, MailPlace};
use crate::services::mailed_link::{MailedLink, Terms};
use crate::services::password::{Owner, report};
use crate::services::registration::{Draft, FieldFault, Maker, NewAccount, RegisterFault, Standing};
use crate::services::role::{Refused, require};
use crate::services::session::AuthFault;
use crate::services::suspicion::Suspicion;
use crate::services::verification::verification_mail;
use crate::services::{Context, Services, flatten};
use crate::store::lane::EventV1;
use crate::store::{self, Abort, StoreError, Txn};

/// What an administrator says of a new account.
#[derive(Clone, Copy)]
pub struct NewUser<'a> {
    /// The address, the names.
    pub owner: Owner<'a>,
    /// The password; without one its owner is invited.
    pub password: Option<&'a str>,
    /// The roles; without them that of whoever registers.
    pub roles: Option<&'a [Role]>,
    /// Whether the address counts as proved.
    pub is_proved: bool,
}

/// Why there is no new account.
#[derive(Debug, thiserror::Error)]
pub enum CreateFault {
    /// An invitation proves the address; nobody says so before.
    #[error("an invited address is proved by its invitation")]
    ProvedByInvitation,
    /// The roles are more than the caller holds (R56).
    #[error("the roles are more than you hold")]
    Beyond,
    /// The address got too many mails.
    #[error("too many mails")]
    TooManyMails(Exceeded),
    /// The names are not acceptable or taken, or nothing could be stored.
    #[error(transparent)]
    Register(#[from] RegisterFault),
    /// The caller's sessions ended while the request was under way.
    #[error(transparent)]
    Caller(#[from] AuthFault),
    /// The caller was refused.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl From<StoreError> for CreateFault {
    fn from(error: StoreError) -> Self {
        Self::Register(error.into())
    }
}

/// Makes an account. With a password it is active, and gets a mail that asks to prove the address unless the caller vouches
/// for it; without one its owner is mailed an invitation. Needs `users:create`.
pub async fn create(
    app: &Services,
    ctx: &Context,
    caller: &Person,
    form: NewUser<'_>,
) -> Result<User, CreateFault> {
    let caller = &caller.caller;
    require(app, ctx, caller, Permission::UsersCreate).await?;
    if form.password.is_none() && form.is_proved {
        return Err(CreateFault::ProvedByInvitation);
    }
    let draft = checked(app, form)?;
    if let Some(taken) = draft.taken(app)? {
        return Err(RegisterFault::Exists(taken).into());
    }
    let person = app.read(|read| person_key(app, read, caller.user.id))?;
    let roles = form.roles.map_or_else(|| vec![app.policy.registration.default_role], distinct);
    let standing = Standing {
        roles,
        status: if form.password.is_some() { Status::Active } else { Status::Pending },
        is_proved: form.is_proved,
        maker: Maker::Administrator(Box::new(caller.clone()), Arc::clone(&person)),
    };
    let phc = match form.password {
        Some(password) => Some(app.hashing.hash(Password::new(password), app.random()).await),
        None => None,
    };
    let phc = phc.transpose().map_err(|fault: HashError| RegisterFault::Hash(fault))?;
    let account = draft.with_hash(app, ctx, phc, standing);
    let place = MailPlace::claim(app, ctx, account.user.email.as_str()).map_err(CreateFault::TooManyMails)?;
    let watch = |witness: Witness, action, outcome| caller.signed(witness.event(action, outcome));
    let invited = Witness::of_other(app, ctx, (caller.user.id, account.user.id), &person);
    let denied = Witness::of_self(app, ctx, caller.user.id, &person);
    let making = Making {
        mail: mail_to(app, ctx, &account, form),
        invited: form
            .password
            .is_none()
            .then(|| watch(invited, Action::UserInvited, Outcome::Success).done()),
        denied: watch(denied, Action::AccessDenied, Outcome::Denied).reason("role_not_held").done(),
        escalation: Suspicion::new(app, ctx, Suspicious::PrivilegeEscalation),
        account,
        caller: caller.clone(),
    };
    let made = app.store.transact("user.create", app.stamp(ctx), move |txn| making.run(txn)).await;
    let made = made.map_err(flatten).and_then(|made| made);
    match &made {
        Ok(_) if !form.is_proved => app.mail_queued.notify_one(),
        _ => place.give_back(app, ctx),
    }
    made
}

/// The form's names, if they and the password may be had.
fn checked(app: &Services, form: NewUser<'_>) -> Result<Draft, RegisterFault> {
    let mut faults = Vec::new();
    let draft = Draft::named(form.owner, true, &mut faults);
    if let Some(password) = form.password {
        let password = report(app, &Password::new(password), form.owner);
        faults.extend(password.faults().into_iter().map(FieldFault::from));
    }
    draft.filter(|_| faults.is_empty()).ok_or(RegisterFault::Fields(faults))
}

fn distinct(roles: &[Role]) -> Vec<Role> {
    Role::ALL.into_iter().filter(|role| roles.contains(role)).collect()
}

/// The mail to the new owner, and what is recorded of it.
fn mail_to(app: &Services, ctx: &Context, account: &NewAccount, form: NewUser<'_>) -> Option<MailedLink> {
    let (id, to) = (account.user.id, &account.user.email);
    match form.password {
        None => Some(invitation(app, ctx, id, to)),
        Some(_) => (!form.is_proved).then(|| verification_mail(app, ctx, id, to)),
    }
}

/// The mail with the link that sets the first password of the account `owner`.
pub(super) fn invitation(app: &Services, ctx: &Context, owner: UserId, to: &EmailAddress) -> MailedLink {
    let ttl = app.policy.invitation_ttl;
    let terms = Terms { kind: OneTimeKind::Invitation, target: LinkTarget::AcceptInvitation, ttl };
    MailedLink::new(app, ctx, terms, (owner, to), |link| app.letters.invitation(to, link, ttl))
}

/// A new account that was decided on.
struct Making {
    account: NewAccount,
    mail: Option<MailedLink>,
    invited: Option<EventV1>,
    denied: EventV1,
    escalation: Suspicion,
    caller: Caller,
}

impl Making {
    /// The inner fault is a refusal that is recorded, so the transaction goes through.
    fn run(&self, txn: &mut Txn<'_>) -> Result<Result<User, CreateFault>, Abort<CreateFault>> {
        let (_, held) = self.caller.still_may::<CreateFault>(txn, Permission::UsersCreate)?;
        let wanted = store::role::held(txn, &self.account.user)?;
        if wanted.outranks(held) {
            self.escalation.write(txn, &self.denied)?;
            txn.emit(self.denied.clone())?;
            return Ok(Err(CreateFault::Beyond));
        }
        let made = self.account.insert(txn)?;
        let user = made.map_err(|taken| Abort::Rule(RegisterFault::Exists(taken).into()))?;
        self.mail.iter().try_for_each(|mail| mail.insert(txn))?;
        self.invited.iter().try_for_each(|event| txn.emit(event.clone()))?;
        Ok(Ok(user))
    }
}
