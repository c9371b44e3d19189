//! Roles and direct permissions, over the API.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::Path;

use super::answer::Answer;
use super::asked::Asked;
use super::body::{Json, NoBody};
use super::error::{ApiError, Fault, Statuses};
use super::person::Person;
use super::principal::Caller;
use super::tag::Tag;
use super::user::user_id;
use crate::domain::custom_role::AnyRole;
use crate::domain::held::Ground;
use crate::domain::permission::{NotAScope, Permission, Permissions, Scope};
use crate::services::custom_role::{self as roles, RoleForm, Shown};
use crate::services::role_act::RoleFault;
use crate::services::role_grant::{Right, give, take};
use crate::services::{Services, user_rights};
use crate::wire::auth::Message;
use crate::wire::role::{
    Allowing, CreateRole, GivePermission, HeldPermission, Role, RoleList, UpdateRole, UserPermissions,
};

/// Roles and who has them.
pub struct RoleApi(pub Arc<Services>);

/// What these operations can answer beside success.
pub struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 401, 403, 404, 405, 408, 409, 413, 415, 429, 500, 503];
}

#[expect(clippy::unused_async, reason = "poem-openapi wants async operations")]
#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Roles")]
impl RoleApi {
    /// List the roles
    ///
    /// All of them, for everybody who is known.
    #[oai(path = "/roles", method = "get", operation_id = "list_roles")]
    async fn list(&self, asked: Asked, _caller: Caller) -> Result<Answer<RoleList>, Fault<Listed>> {
        let all = roles::list(&self.0)?;
        let answer = RoleList { roles: all.roles.iter().map(role).collect(), as_of: all.as_of.to_string() };
        Ok(Answer::new(answer, asked.0.now))
    }

    /// One role
    ///
    /// By its id or slug.
    #[oai(path = "/roles/:id", method = "get", operation_id = "get_role")]
    async fn get(
        &self,
        asked: Asked,
        _caller: Caller,
        id: Path<String>,
    ) -> Result<Answer<Role>, Fault<Listed>> {
        let shown = roles::find(&self.0, &id.0)?.ok_or(RoleFault::NoRole)?;
        Ok(Answer::new(role(&shown), asked.0.now))
    }

    /// Make a role
    ///
    /// Needs `users:update` and a fresh proof (see `POST /auth/step-up`). With all that it inherits, a role allows
    /// nothing that you do not hold yourself.
    #[oai(path = "/roles", method = "post", operation_id = "create_role")]
    async fn create(
        &self,
        caller: Person,
        body: Json<CreateRole>,
        asked: Asked,
    ) -> Result<Answer<Role, 201>, Fault<Listed>> {
        let CreateRole { name, permissions, description, parent_role_id } = body.0;
        let form = RoleForm {
            name: Some(name),
            description,
            permissions: Some(permissions),
            parent: parent_role_id,
        };
        let made = roles::create(&self.0, &asked.0, &caller.0, &form).await?;
        Ok(Answer::new(role(&made), asked.0.now))
    }

    /// Change a role
    ///
    /// For everybody who holds it, from their next request on. Needs `users:update` and a fresh proof. Built-in roles
    /// stay as they are, and so do roles that allow more than you hold.
    #[oai(path = "/roles/:id", method = "put", operation_id = "update_role")]
    async fn update(
        &self,
        caller: Person,
        id: Path<String>,
        body: Json<UpdateRole>,
        asked: Asked,
    ) -> Result<Answer<Role>, Fault<Listed>> {
        let UpdateRole { name, permissions, description, parent_role_id } = body.0;
        let form = RoleForm { name, description, permissions, parent: parent_role_id };
        let changed = roles::update(&self.0, &asked.0, &caller.0, (&id.0, &form)).await?;
        Ok(Answer::new(role(&changed), asked.0.now))
    }

    /// Delete a role
    ///
    /// Needs `users:update` and a fresh proof. A role that accounts hold, or that roles inherit from, is kept: 409 says
    /// how many there are.
    #[oai(path = "/roles/:id", method = "delete", operation_id = "delete_role")]
    async fn delete(
        &self,
        asked: Asked,
        caller: Person,
        id: Path<String>,
    ) -> Result<Answer<Message>, Fault<Listed>> {
        roles::delete(&self.0, &asked.0, &caller.0, &id.0).await?;
        Ok(Answer::new(Message::new("Role deleted."), asked.0.now))
    }

    /// Give an account a role
    ///
    /// By the role's id or slug, from the account's next request on. Needs `users:update` and a fresh proof. Nobody
    /// gives more than they hold, or to an account of a higher rank.
    #[oai(path = "/users/:id/roles/:role_id", method = "post", operation_id = "give_role")]
    async fn give_role(
        &self,
        caller: Person,
        id: Path<String>,
        role_id: Path<String>,
        _body: NoBody,
        asked: Asked,
    ) -> Result<Answer<Message>, Fault<Listed>> {
        give(&self.0, &asked.0, &caller.0, (user_id(&id.0)?, Right::Role(role_id.0))).await?;
        Ok(Answer::new(Message::new("The user has this role."), asked.0.now))
    }

    /// Take a role from an account
    ///
    /// The same rules; one's own roles may go. The last active super administrator keeps that role.
    #[oai(path = "/users/:id/roles/:role_id", method = "delete", operation_id = "take_role")]
    async fn take_role(
        &self,
        asked: Asked,
        caller: Person,
        id: Path<String>,
        role_id: Path<String>,
    ) -> Result<Answer<Message>, Fault<Listed>> {
        take(&self.0, &asked.0, &caller.0, (user_id(&id.0)?, Right::Role(role_id.0))).await?;
        Ok(Answer::new(Message::new("The user does not have this role any more."), asked.0.now))
    }

    /// What an account may do, and why
    ///
    /// For each permission every role and direct permission that allows it. Needs `users:read`, but for one's own
    /// account.
    #[oai(path = "/users/:id/permissions", method = "get", operation_id = "user_permissions")]
    async fn permissions(
        &self,
        asked: Asked,
        caller: Caller,
        id: Path<String>,
    ) -> Result<Answer<UserPermissions>, Fault<Listed>> {
        let id = user_id(&id.0)?;
        let explained = user_rights::explain(&self.0, &asked.0, &caller.0, id).await?;
        let held = explained.permissions.iter().map(|(permission, by)| held_permission(*permission, by));
        let (permissions, as_of) = (held.collect(), explained.as_of.to_string());
        Ok(Answer::new(UserPermissions { user_id: id.to_string(), permissions, as_of }, asked.0.now))
    }

    /// Give an account a permission beside its roles
    ///
    /// The same rules as for a role.
    #[oai(path = "/users/:id/permissions", method = "post", operation_id = "give_permission")]
    async fn give_permission(
        &self,
        caller: Person,
        id: Path<String>,
        body: Json<GivePermission>,
        asked: Asked,
    ) -> Result<Answer<Message>, Fault<Listed>> {
        let right = Right::Permission(scope(&body.0.permission)?);
        give(&self.0, &asked.0, &caller.0, (user_id(&id.0)?, right)).await?;
        Ok(Answer::new(Message::new("The user has this permission."), asked.0.now))
    }

    /// Take a direct permission from an account
    ///
    /// The same rules as for a role. What the account's roles allow, it keeps.
    #[oai(path = "/users/:id/permissions/:permission", method = "delete", operation_id = "take_permission")]
    async fn take_permission(
        &self,
        asked: Asked,
        caller: Person,
        id: Path<String>,
        permission: Path<String>,
    ) -> Result<Answer<Message>, Fault<Listed>> {
        let right = Right::Permission(scope(&permission.0)?);
        take(&self.0, &asked.0, &caller.0, (user_id(&id.0)?, right)).await?;
        Ok(Answer::new(Message::new("The user does not have this direct permission any more."), asked.0.now))
    }
}

fn scope(text: &str) -> Result<Scope, ApiError> {
    let bad = |fault: NotAScope| ApiError::field("permission", "invalid", format!("permission: {fault}"));
    text.parse().map_err(bad)
}

/// The names of permissions.
fn names(permissions: Permissions) -> Vec<String> {
    permissions.iter().map(|permission| permission.name().to_owned()).collect()
}

fn role(shown: &Shown) -> Role {
    let (slug, effective_permissions) = (shown.role.slug().to_owned(), names(shown.effective));
    match &shown.role {
        AnyRole::BuiltIn(role) => Role {
            id: role.id().to_string(),
            name: role.title().to_owned(),
            slug,
            description: Some(role.description().to_owned()),
            permissions: effective_permissions.clone(),
            effective_permissions,
            parent_role_id: role.parent().map(|parent| parent.id().to_string()),
            is_system: true,
            created_at: None,
        },
        AnyRole::Custom(role) => Role {
            id: role.id.to_string(),
            name: role.name.clone(),
            slug,
            description: role.description.clone(),
            permissions: role.permissions.iter().map(|scope| scope.name().to_owned()).collect(),
            effective_permissions,
            parent_role_id: role.parent.map(|parent| parent.to_string()),
            is_system: false,
            created_at: Some(role.created_at.to_string()),
        },
    }
}

fn held_permission(permission: Permission, by: &[Ground]) -> HeldPermission {
    let (resource, action) = permission.name().split_once(':').unwrap_or_default();
    HeldPermission {
        permission: permission.name().to_owned(),
        resource: resource.to_owned(),
        action: action.to_owned(),
        description: format!("May {action} {resource}."),
        allowed_by: by.iter().map(allowing).collect(),
    }
}

fn allowing(ground: &Ground) -> Allowing {
    match ground {
        Ground::Role { role, through } => {
            Allowing { role: Some(role.clone()), inherited_from: through.clone(), permission: None }
        }
        Ground::Direct(scope) => {
            Allowing { role: None, inherited_from: None, permission: Some(scope.name().to_owned()) }
        }
    }
}
