//! Accounts, over the API: oneself, and for administrators everybody. What else is done to them is beside.

use std::fmt::Display;
use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};

use super::answer::Answer;
use super::asked::Asked;
use super::body::Json;
use super::error::{ApiError, Fault, Statuses};
use super::person::Person;
use super::principal::Caller;
use super::query;
use super::tag::Tag;
use crate::domain::id::UserId;
use crate::domain::order::Order;
use crate::domain::permission::Permissions;
use crate::domain::role::{NotARole, Role};
use crate::domain::user::{DisplayName, Status, Username};
use crate::services::password::Owner;
use crate::services::user::UserChange;
use crate::services::user::creation::{self, NewUser};
use crate::services::user::listing::{self, OFFSET_MAX, Start, UserFilter};
use crate::services::{Services, user, user_deletion, user_rights};
use crate::wire::auth::Message;
use crate::wire::error::ErrorCode;
use crate::wire::secret::Secret;
use crate::wire::user::{CreateUser, UpdateUser, User, UserLookup, UserPage};

/// Accounts.
pub struct UserApi(pub Arc<Services>);

/// What these operations can answer beside success.
pub struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 401, 403, 404, 405, 408, 409, 413, 415, 429, 500, 503];
}

#[expect(clippy::unused_async, reason = "poem-openapi wants async operations")]
#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Users")]
impl UserApi {
    /// Who am I
    #[oai(path = "/auth/me", method = "get", operation_id = "me")]
    async fn me(&self, asked: Asked, caller: Caller) -> Result<Answer<User>, Fault<Listed>> {
        let answer = to_wire(&self.0, &caller.0.user, Some(caller.0.rights()))?;
        Ok(Answer::new(answer, asked.0.now))
    }

    /// List accounts
    ///
    /// Newest first, unless `order` says otherwise. Needs `users:read`. By `offset`, at most 10,000 accounts are looked at; then `total_capped` is true
    /// and `total` is a lower bound. By `cursor`, or with `count=false`, nothing is counted and at most 1,000 accounts are
    /// looked at: a page may be short, even empty, and still have a `next_cursor`.
    #[oai(path = "/users", method = "get", operation_id = "list_users")]
    #[expect(clippy::too_many_arguments, reason = "one for each query parameter")]
    async fn list(
        &self,
        asked: Asked,
        caller: Caller,
        /// The most accounts to answer, 1 to 100.
        #[oai(default = "twenty", validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<u32>,
        /// How many accounts to pass over, at most 10,000.
        #[oai(default, validator(maximum(value = "10000")))]
        offset: Query<u32>,
        /// `next_cursor` of the page before; goes without `offset`.
        cursor: Query<Option<String>>,
        /// Whether to count: the first page of many costs less without.
        #[oai(default = "yes")]
        count: Query<bool>,
        /// Only accounts with this status.
        status: Query<Option<String>>,
        /// Only accounts with this built-in role.
        role: Query<Option<String>>,
        /// Only accounts whose address, username or name contains this, whatever the case.
        #[oai(validator(max_length = 100))]
        search: Query<Option<String>>,
        /// Only accounts that have a second factor (`true`) or none (`false`).
        has_factor: Query<Option<bool>>,
        /// Only accounts made at or after this time (RFC 3339).
        created_from: Query<Option<String>>,
        /// Only accounts made before this time (RFC 3339).
        created_before: Query<Option<String>>,
        /// `oldest`: the oldest first; else the newest.
        order: Query<Option<String>>,
    ) -> Result<Answer<UserPage>, Fault<Listed>> {
        let order = query::order(order.0)?;
        let filter = UserFilter {
            status: status.0.map(|status| parse_status(&status)).transpose()?,
            role: query::value("role", role.0)?,
            search: search.0,
            has_factor: has_factor.0,
            from: query::value("created_from", created_from.0)?,
            to: query::value("created_before", created_before.0)?,
            order,
            start: start(offset.0, query::cursor_in(order, cursor.0)?, count.0)?,
            limit: query::count(limit.0),
        };
        let page = listing::list(&self.0, &asked.0, &caller.0, &filter).await?;
        Ok(Answer::new(page_to_wire(&self.0, &page, (limit.0, offset.0, order))?, asked.0.now))
    }

    /// Find accounts by the beginning of a name
    ///
    /// Of their address or their username, whatever the case; in the order of these names and no other. Needs `users:read`.
    #[oai(path = "/users/lookup", method = "get", operation_id = "look_up_users")]
    async fn look_up(
        &self,
        asked: Asked,
        caller: Caller,
        /// How the address or the username begins; every one does without it.
        #[oai(default, validator(max_length = 254))]
        name: Query<String>,
        /// The most accounts to answer, 1 to 100.
        #[oai(default = "twenty", validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<u32>,
    ) -> Result<Answer<UserLookup>, Fault<Listed>> {
        let wanted = (name.0.as_str(), query::count(limit.0));
        let found = listing::look_up(&self.0, &asked.0, &caller.0, wanted).await?;
        let users = found.users.iter().map(|user| to_wire(&self.0, user, None)).collect::<Result<_, _>>()?;
        Ok(Answer::new(UserLookup { users, more: found.more, as_of: found.as_of.to_string() }, asked.0.now))
    }

    /// Make an account
    ///
    /// Needs `users:create`; takes the token of a session. With a password the account is active, and a mail asks to prove
    /// the address unless `email_verified` says that you vouch for it. Without one its owner is mailed an invitation: a link
    /// to a page where the password is set, which proves the address (`invitation.ttl`). Nobody gives more than they hold.
    #[oai(path = "/users", method = "post", operation_id = "create_user")]
    async fn create(
        &self,
        caller: Person,
        body: Json<CreateUser>,
        asked: Asked,
    ) -> Result<Answer<User, 201>, Fault<Listed>> {
        let CreateUser { email, name, username, password, roles, email_verified } = body.0;
        let roles = roles.map(|roles| parse_roles(&roles)).transpose()?;
        let form = NewUser {
            owner: Owner { email: &email, username: username.as_deref(), name: Some(&name) },
            password: password.as_ref().map(Secret::reveal),
            roles: roles.as_deref(),
            is_proved: email_verified.unwrap_or(false),
        };
        let user = creation::create(&self.0, &asked.0, &caller.0, form).await?;
        Ok(Answer::new(to_wire(&self.0, &user, None)?, asked.0.now))
    }

    /// One account, with what it may do
    ///
    /// Needs `users:read`, but for one's own account.
    #[oai(path = "/users/:id", method = "get", operation_id = "get_user")]
    async fn get(
        &self,
        asked: Asked,
        caller: Caller,
        id: Path<String>,
    ) -> Result<Answer<User>, Fault<Listed>> {
        let (user, held) = user_rights::show(&self.0, &asked.0, &caller.0, user_id(&id.0)?).await?;
        Ok(Answer::new(to_wire(&self.0, &user, Some(held))?, asked.0.now))
    }

    /// Change an account
    ///
    /// Needs `users:update`. An account that is switched off loses its sessions at once. Nobody changes an
    /// account of a higher rank, and the last active super administrator stays.
    #[oai(path = "/users/:id", method = "put", operation_id = "update_user")]
    async fn update(
        &self,
        caller: Caller,
        id: Path<String>,
        body: Json<UpdateUser>,
        asked: Asked,
    ) -> Result<Answer<User>, Fault<Listed>> {
        let UpdateUser { name, username, status } = body.0;
        let bad = |field, fault: &dyn Display| ApiError::field(field, "invalid", fault.to_string());
        let name = name.map(|name| DisplayName::parse(&name)).transpose();
        let username = username.map(|name| Username::parse(&name)).transpose();
        let change = UserChange {
            name: name.map_err(|fault| bad("name", &fault))?,
            username: username.map_err(|fault| bad("username", &fault))?,
            status: status.map(|status| parse_status(&status)).transpose()?,
        };
        let user = user::update(&self.0, &asked.0, &caller.0, user_id(&id.0)?, change).await?;
        Ok(Answer::new(to_wire(&self.0, &user, None)?, asked.0.now))
    }

    /// Delete somebody's account
    ///
    /// For good, with every session, key and token; the owner gets a last mail. Needs `users:delete` and a fresh proof (see
    /// `POST /auth/step-up`). Nobody deletes an account of a higher rank, nor their own here, and the last active super
    /// administrator stays.
    #[oai(path = "/users/:id", method = "delete", operation_id = "delete_user")]
    async fn delete(
        &self,
        asked: Asked,
        caller: Person,
        id: Path<String>,
    ) -> Result<Answer<Message>, Fault<Listed>> {
        user_deletion::delete_other(&self.0, &asked.0, &caller.0, user_id(&id.0)?).await?;
        Ok(Answer::new(Message::new("Account deleted."), asked.0.now))
    }
}

/// An id that is none names nobody, like one that is unknown (R59).
pub(super) fn user_id(text: &str) -> Result<UserId, ApiError> {
    text.parse().map_err(|_| no_such_user())
}

/// There is no such account.
pub(super) fn no_such_user() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "There is no such user.")
}

fn yes() -> bool {
    true
}

fn start(offset: u32, after: Option<UserId>, count: bool) -> Result<Start, ApiError> {
    match (after, offset) {
        (None, offset) if count => Ok(Start::Offset(usize::try_from(offset).unwrap_or(OFFSET_MAX))),
        (after, 0) => Ok(Start::After(after)),
        _ => {
            Err(ApiError::field("offset", "not_allowed", "`offset` goes with a count, and without `cursor`."))
        }
    }
}

fn parse_roles(names: &[String]) -> Result<Vec<Role>, ApiError> {
    let roles = names.iter().map(|name| name.parse()).collect::<Result<_, _>>();
    roles.map_err(|fault: NotARole| ApiError::field("roles", "invalid", fault.to_string()))
}

fn page_to_wire(
    app: &Services,
    page: &listing::UserPage,
    (limit, offset, order): (u32, u32, Order),
) -> Result<UserPage, ApiError> {
    let total = page.total;
    Ok(UserPage {
        users: page.users.iter().map(|user| to_wire(app, user, None)).collect::<Result<_, _>>()?,
        total: total.map(|total| u64::try_from(total.count).unwrap_or(u64::MAX)),
        limit,
        offset: total.map(|_| offset),
        total_capped: total.map(|total| total.is_capped),
        next_cursor: query::next_in(order, page.next),
        as_of: page.as_of.to_string(),
    })
}

fn twenty() -> u32 {
    20
}

fn parse_status(text: &str) -> Result<Status, ApiError> {
    text.parse().map_err(|fault: crate::domain::user::NotAStatus| {
        ApiError::field("status", "invalid", fault.to_string())
    })
}

/// An account as everybody who may see it sees it, perhaps with what it may do.
pub(super) fn to_wire(
    app: &Services,
    user: &crate::domain::user::User,
    permissions: Option<Permissions>,
) -> Result<User, ApiError> {
    Ok(User {
        id: user.id.to_string(),
        number: user.number,
        email: user.email.as_str().to_owned(),
        username: user.username.as_str().to_owned(),
        name: user.name.as_str().to_owned(),
        status: user.status.name().to_owned(),
        email_verified: user.email_verified_at.is_some(),
        mfa_enabled: user.has_factor,
        roles: user_rights::slugs(app, user)?,
        permissions: permissions.map(|held| held.iter().map(|one| one.name().into()).collect()),
        created_at: user.created_at.to_string(),
    })
}
