//! Making an account.
//!
//! ## Decision: where taken addresses are hidden, no username depends on others
//! A username refused because an earlier registration took it would tell that the earlier one made an
//! account, and so that its address was free. There nobody chooses one, and each carries its account's number.

mod field;

use std::sync::Arc;

use super::audit::{Witness, new_person_key};
use super::caller::Caller;
use super::explain::why;
use super::limits::{MailPlace, TOO_MANY_MAILS};
use super::mail::Sealed;
use super::password::{Owner, report};
use super::verification::verification_mail;
use super::{Context, Services, flatten};
use crate::crypto::{Password, Phc, SealKey};
use crate::domain::audit::{Action, Outcome};
use crate::domain::email::EmailAddress;
use crate::domain::id::UserId;
use crate::domain::role::Role;
use crate::domain::user::{DisplayName, Status, User, Username};
use crate::store::lane::EventV1;
use crate::store::user::Taken;
use crate::store::{self, Abort, StoreError, Txn};

pub use crate::crypto::HashError as HashFault;
pub use field::FieldFault;

/// How many random numbers a new account tries before it gives up.
const NUMBER_TRIES: usize = 8;

/// What a person says of themselves when registering.
pub struct Registration<'a> {
    /// The address.
    pub email: &'a str,
    /// The password.
    pub password: &'a str,
    /// The display name; the username when absent.
    pub name: Option<&'a str>,
    /// The username; made from the address when absent.
    pub username: Option<&'a str>,
}

/// Why there is no new account.
#[derive(Debug, thiserror::Error)]
pub enum RegisterFault {
    /// Strangers may not register here.
    #[error("registration is closed")]
    Closed,
    /// Fields are not acceptable; all of them are named.
    #[error("fields are not valid")]
    Fields(Vec<FieldFault>),
    /// Another account has this name.
    #[error("an account with this {} exists", .0.field())]
    Exists(Taken),
    /// The password could not be hashed now.
    #[error(transparent)]
    Hash(#[from] HashFault),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a pending account for a stranger, and mails the link that proves the address.
pub async fn register(app: &Services, ctx: &Context, form: &Registration<'_>) -> Result<User, RegisterFault> {
    let alone = |_: &User, _: &SealKey| ((), |_: &mut Txn<'_>| Ok(()));
    Ok(register_with(app, ctx, form, alone).await?.0)
}

/// The same with `more` that begins with the account: it is told the account, whose number and perhaps username are not
/// yet known, and the person's key, and answers what it made and what is written of it beside the account.
pub(super) async fn register_with<T, W>(
    app: &Services,
    ctx: &Context,
    form: &Registration<'_>,
    more: impl FnOnce(&User, &SealKey) -> (T, W),
) -> Result<(User, T), RegisterFault>
where
    W: Fn(&mut Txn<'_>) -> Result<(), StoreError> + Send + 'static,
{
    make(app, ctx, form, more).await.inspect_err(|fault| why::registration(ctx, fault))
}

async fn make<T, W>(
    app: &Services,
    ctx: &Context,
    form: &Registration<'_>,
    more: impl FnOnce(&User, &SealKey) -> (T, W),
) -> Result<(User, T), RegisterFault>
where
    W: Fn(&mut Txn<'_>) -> Result<(), StoreError> + Send + 'static,
{
    let policy = app.policy.registration;
    if !policy.is_enabled {
        return Err(RegisterFault::Closed);
    }
    let draft = Draft::check(app, form, !policy.hides_existing)?;
    // Where the answer must not tell a taken address from a free one, time must not either: hash first.
    if !policy.hides_existing {
        draft.refuse_taken(app)?;
    }
    let standing = Standing::pending(policy.default_role);
    let account = draft.prepare(app, ctx, form.password, standing).await?;
    let (more, write_more) = more(&account.user, &account.person);
    let mail = verification_mail(app, ctx, account.user.id, &account.user.email);
    let hint = app.letters.registration_attempted(&account.user.email, &app.policy.public_url.home());
    let hint = Sealed::new(app, ctx, &account.user.email, &hint, policy.verify_ttl);
    let repeated = Witness::of_nobody(app, ctx).event(Action::RegistrationRepeated, Outcome::Denied);
    let repeated = repeated.detail("name_hash", app.keys.name_hash(account.user.email.as_str()));
    let place = MailPlace::take(app, ctx, account.user.email.as_str());
    let may_hint = place.is_some();
    let repeated = if may_hint { repeated } else { repeated.reason(TOO_MANY_MAILS) }.done();
    let made = app
        .store
        .transact("register", app.stamp(ctx), move |txn| match account.insert(txn)? {
            Ok(user) => {
                mail.insert(txn)?;
                write_more(txn)?;
                Ok(user)
            }
            Err(Taken::Email) if policy.hides_existing => {
                if may_hint {
                    hint.insert(txn)?;
                }
                txn.emit(repeated.clone())?;
                Ok(account.user.clone())
            }
            Err(taken) => Err(Abort::Rule(RegisterFault::Exists(taken))),
        })
        .await
        .map_err(flatten);
    match place {
        Some(place) if made.is_err() => place.give_back(app, ctx),
        _ => app.mail_queued.notify_one(),
    }
    Ok((made?, more))
}

/// Makes an active account with a proved address: for the command line and for `--dev`.
pub async fn create(
    app: &Services,
    ctx: &Context,
    form: &Registration<'_>,
    role: Role,
) -> Result<User, RegisterFault> {
    let draft = Draft::check(app, form, true)?;
    draft.refuse_taken(app)?;
    let standing = Standing::active(role, Maker::Server);
    let account = draft.prepare(app, ctx, form.password, standing).await?;
    app.store
        .transact("create", app.stamp(ctx), move |txn| {
            account.insert(txn)?.map_err(|taken| Abort::Rule(RegisterFault::Exists(taken)))
        })
        .await
        .map_err(flatten)
}

/// A new account whose names are well-formed.
pub(super) struct Draft {
    email: EmailAddress,
    name: DisplayName,
    username: Username,
    naming: Naming,
}

/// Where a new account's username comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Naming {
    /// From its owner: it is this one or none.
    Chosen,
    /// From the address, and with the account's number where another account has it.
    Derived,
    /// From the address, always with the account's number.
    Numbered,
}

impl Draft {
    /// Checks every field, and names all that are wrong. Unless the username `may_be_chosen`, choosing one is.
    pub(super) fn check(
        app: &Services,
        form: &Registration<'_>,
        may_be_chosen: bool,
    ) -> Result<Self, RegisterFault> {
        let owner = Owner { email: form.email, username: form.username, name: form.name };
        let mut faults = Vec::new();
        let draft = Self::named(owner, may_be_chosen, &mut faults);
        let password = report(app, &Password::new(form.password), owner);
        faults.extend(password.faults().into_iter().map(FieldFault::from));
        draft.filter(|_| faults.is_empty()).ok_or(RegisterFault::Fields(faults))
    }

    /// The names alone; `None` when there are new `faults`.
    pub(super) fn named(owner: Owner<'_>, may_be_chosen: bool, faults: &mut Vec<FieldFault>) -> Option<Self> {
        let email = EmailAddress::parse(owner.email).map_err(|fault| faults.push(fault.into())).ok();
        let naming = match owner.username {
            _ if !may_be_chosen => Naming::Numbered,
            Some(_) => Naming::Chosen,
            None => Naming::Derived,
        };
        let username = match owner.username {
            Some(_) if !may_be_chosen => {
                faults.push(FieldFault::UsernameChosen);
                None
            }
            Some(name) => Username::parse(name).map_err(|fault| faults.push(fault.into())).ok(),
            None => email.as_ref().map(Username::derived),
        };
        let name = match (owner.name, &username) {
            (Some(name), _) => DisplayName::parse(name).map_err(|fault| faults.push(fault.into())).ok(),
            (None, username) => username.as_ref().map(DisplayName::from_username),
        };
        Some(Self { email: email?, name: name?, username: username?, naming })
    }

    /// Of an address that is one already, and whose owner chose no username. A name that cannot be shown is none.
    pub(super) fn of_address(app: &Services, email: EmailAddress, name: Option<&str>) -> Self {
        let username = Username::derived(&email);
        let name = name.and_then(|name| DisplayName::parse(name).ok());
        let name = name.unwrap_or_else(|| DisplayName::from_username(&username));
        let naming = if app.policy.registration.hides_existing { Naming::Numbered } else { Naming::Derived };
        Self { email, name, username, naming }
    }

    /// The folded names that no other account may have: the address, and the username where it is chosen.
    pub(super) fn claims(&self) -> impl Iterator<Item = String> {
        let username = self.is_chosen().then(|| self.username.folded());
        [self.email.as_str().to_owned()].into_iter().chain(username)
    }

    /// Whether the username is this one or none.
    pub(super) fn is_chosen(&self) -> bool {
        self.naming == Naming::Chosen
    }

    /// Refuses a taken name before anything costly is done for it. The transaction looks again.
    fn refuse_taken(&self, app: &Services) -> Result<(), RegisterFault> {
        self.taken(app)?.map_or(Ok(()), |taken| Err(RegisterFault::Exists(taken)))
    }

    /// Which of the names another account has.
    pub(super) fn taken(&self, app: &Services) -> Result<Option<Taken>, StoreError> {
        let username = self.is_chosen().then_some(&self.username);
        app.read(|read| store::user::taken(read, &self.email, username))
    }

    /// Hashes the password and makes everything else that a transaction cannot make.
    pub(super) async fn prepare(
        self,
        app: &Services,
        ctx: &Context,
        password: &str,
        standing: Standing,
    ) -> Result<NewAccount, HashFault> {
        let phc = app.hashing.hash(Password::new(password), app.random()).await?;
        Ok(self.with_hash(app, ctx, Some(phc), standing))
    }

    /// Makes everything else that a transaction cannot make. Without a hash nobody can log in to the account.
    pub(super) fn with_hash(
        self,
        app: &Services,
        ctx: &Context,
        phc: Option<Phc>,
        standing: Standing,
    ) -> NewAccount {
        let id = UserId::new(ctx.now, &app.random());
        let (person, sealed_person) = new_person_key(app, id);
        let roles = standing.roles.iter().map(|role| role.name()).collect::<Vec<_>>().join(" ");
        let registered = |witness: Witness| {
            witness.event(Action::UserRegistered, Outcome::Success).detail("role", roles.as_str())
        };
        let made = match &standing.maker {
            Maker::Owner => registered(Witness::of_self(app, ctx, id, &person)),
            Maker::Server => {
                registered(Witness::of_stranger(app, ctx, id, &person)).detail("by", &ctx.request_id)
            }
            Maker::Administrator(caller, key) => {
                let witness = Witness::of_other(app, ctx, (caller.user.id, id), key);
                caller.signed(witness.event(Action::UserCreated, Outcome::Success)).detail("role", &roles)
            }
        };
        let user = User {
            id,
            number: 0,
            email: self.email,
            username: self.username,
            name: self.name,
            status: standing.status,
            email_verified_at: standing.is_proved.then_some(ctx.now),
            roles: standing.roles,
            custom_roles: Vec::new(),
            permissions: Vec::new(),
            session_epoch: 0,
            key_epoch: 0,
            has_factor: false,
            created_at: ctx.now,
        };
        NewAccount {
            user,
            naming: self.naming,
            numbers: std::array::from_fn(|_| u32::from_be_bytes(app.random()) >> 1),
            phc,
            person,
            sealed_person,
            made: made.done(),
        }
    }
}

/// How a new account begins.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) roles: Vec<Role>,
    pub(super) status: Status,
    /// Whether the address counts as proved.
    pub(super) is_proved: bool,
    pub(super) maker: Maker,
}

impl Standing {
    /// Of an account whose owner registers, and has yet to prove the address.
    fn pending(role: Role) -> Self {
        Self { is_proved: false, status: Status::Pending, ..Self::active(role, Maker::Owner) }
    }

    /// Of an account that is in use at once.
    pub(super) fn active(role: Role, maker: Maker) -> Self {
        Self { roles: vec![role], status: Status::Active, is_proved: true, maker }
    }
}

/// Who makes a new account.
#[derive(Debug)]
pub(super) enum Maker {
    /// The person it is for.
    Owner,
    /// The server itself: nobody acts, and the record says in which of its own tasks.
    Server,
    /// An administrator, under whose key the record is sealed.
    Administrator(Box<Caller>, Arc<SealKey>),
}

/// A new account, complete but for its number and perhaps its username, which depend on the others'.
pub(super) struct NewAccount {
    pub(super) user: User,
    naming: Naming,
    numbers: [u32; NUMBER_TRIES],
    phc: Option<Phc>,
    person: SealKey,
    sealed_person: Vec<u8>,
    made: EventV1,
}

impl NewAccount {
    /// The key of the person's own fields.
    pub(super) const fn person(&self) -> &SealKey {
        &self.person
    }

    /// Stores the account with its verifier and key, and records it; or says which name is taken.
    pub(super) fn insert(&self, txn: &mut Txn<'_>) -> Result<Result<User, Taken>, StoreError> {
        let mut user = self.user.clone();
        for number in self.numbers {
            user.number = number;
            for username in self.usernames(number) {
                user.username = username;
                match store::user::insert(txn, &user)? {
                    Ok(()) => {
                        if let Some(phc) = &self.phc {
                            store::user::set_phc(txn, user.id, phc.as_str().to_owned(), 0)?;
                        }
                        store::user::put_person_key(txn, user.id, self.sealed_person.clone())?;
                        txn.emit(self.made.clone())?;
                        return Ok(Ok(user));
                    }
                    Err(Taken::Username) => {}
                    Err(Taken::Email) => return Ok(Err(Taken::Email)),
                }
            }
        }
        Ok(Err(Taken::Username))
    }

    /// What the account may be called under `number`, best first.
    fn usernames(&self, number: u32) -> Vec<Username> {
        let name = &self.user.username;
        match self.naming {
            Naming::Chosen => vec![name.clone()],
            Naming::Derived => vec![name.clone(), name.numbered(number)],
            Naming::Numbered => vec![name.numbered(number)],
        }
    }
}
