//! Accounts, over the API: one's own, and for administrators everybody's.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};

use super::answer::Answer;
use super::asked::Asked;
use super::body::Json;
use super::error::{ApiError, Fault, Statuses};
use super::principal::Caller;
use super::role::names;
use super::tag::Tag;
use crate::domain::id::UserId;
use crate::domain::permission::Permissions;
use crate::domain::user::{DisplayName, Status};
use crate::services::user::{OFFSET_MAX, UserChange, UserFilter};
use crate::services::{Services, user, user_rights};
use crate::wire::error::ErrorCode;
use crate::wire::user::{UpdateUser, User, UserPage};

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
    /// Newest first. Needs `users:read`. At most 10,000 accounts are looked at; then `total_capped` is true
    /// and `total` is a lower bound.
    #[oai(path = "/users", method = "get", operation_id = "list_users")]
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
        /// Only accounts with this status.
        status: Query<Option<String>>,
        /// Only accounts whose address, username or name contains this, whatever the case.
        #[oai(validator(max_length = 100))]
        search: Query<Option<String>>,
    ) -> Result<Answer<UserPage>, Fault<Listed>> {
        let filter = UserFilter {
            status: status.0.map(|status| parse_status(&status)).transpose()?,
            search: search.0,
            offset: usize::try_from(offset.0).unwrap_or(OFFSET_MAX),
            limit: usize::try_from(limit.0).unwrap_or(1),
        };
        let page = user::list(&self.0, &asked.0, &caller.0, &filter).await?;
        let answer = UserPage {
            users: page.users.iter().map(|user| to_wire(&self.0, user, None)).collect::<Result<_, _>>()?,
            total: u64::try_from(page.total).unwrap_or(u64::MAX),
            limit: limit.0,
            offset: offset.0,
            total_capped: page.is_capped,
            as_of: page.as_of.to_string(),
        };
        Ok(Answer::new(answer, asked.0.now))
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
        let bad_name =
            |fault: crate::domain::user::NotAName| ApiError::field("name", "invalid", fault.to_string());
        let change = UserChange {
            name: body.0.name.map(|name| DisplayName::parse(&name)).transpose().map_err(bad_name)?,
            status: body.0.status.map(|status| parse_status(&status)).transpose()?,
        };
        let user = user::update(&self.0, &asked.0, &caller.0, user_id(&id.0)?, change).await?;
        Ok(Answer::new(to_wire(&self.0, &user, None)?, asked.0.now))
    }
}

fn twenty() -> u32 {
    20
}

fn parse_status(text: &str) -> Result<Status, ApiError> {
    text.parse().map_err(|fault: crate::domain::user::NotAStatus| {
        ApiError::field("status", "invalid", fault.to_string())
    })
}

/// The account that a path names.
pub(super) fn user_id(text: &str) -> Result<UserId, ApiError> {
    text.parse().map_err(|_| ApiError::new(ErrorCode::NotFound, "There is no such user."))
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
        permissions: permissions.map(names),
        created_at: user.created_at.to_string(),
    })
}
