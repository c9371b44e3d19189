//! Roles and permissions on the wire. Knows no account beyond its id.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

/// A role to make.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example, skip_serializing_if_is_none)]
#[serde(deny_unknown_fields)]
pub struct CreateRole {
    /// What to call it, 2 to 50 characters, unlike any built-in role. Its slug is made of it.
    pub name: String,
    /// What it allows, for example `metrics:read`; `metrics:write` is create and update.
    pub permissions: Vec<String>,
    /// What it is for, at most 500 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The role whose permissions it has too: an id or a slug.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_role_id: Option<String>,
}

impl Example for CreateRole {
    fn example() -> Self {
        Self {
            name: "Data Analyst".to_owned(),
            permissions: vec!["metrics:write".to_owned()],
            description: Some("Looks at what things cost.".to_owned()),
            parent_role_id: Some("viewer".to_owned()),
        }
    }
}

/// What to change of a role; what is absent stays. Its slug stays always.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example, skip_serializing_if_is_none)]
#[serde(deny_unknown_fields)]
pub struct UpdateRole {
    /// What to call it, 2 to 50 characters, unlike any built-in role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it allows, in place of what it allows now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
    /// What it is for, at most 500 characters; empty: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The role whose permissions it has too: an id or a slug; empty: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_role_id: Option<String>,
}

impl Example for UpdateRole {
    fn example() -> Self {
        let permissions = Some(vec!["metrics:read".to_owned(), "costs:read".to_owned()]);
        Self { name: None, permissions, description: None, parent_role_id: None }
    }
}

/// A role.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct Role {
    /// Names the role. A built-in role has the same id on every server.
    pub id: String,
    /// What people read.
    pub name: String,
    /// What programs read; it never changes.
    pub slug: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it allows by itself, as it was given.
    pub permissions: Vec<String>,
    /// All that it allows, with what it inherits.
    pub effective_permissions: Vec<String>,
    /// The role that it inherits from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_role_id: Option<String>,
    /// Whether it is built in, and cannot be changed.
    pub is_system: bool,
    /// RFC 3339; absent for built-in roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
}

impl Example for Role {
    fn example() -> Self {
        Self {
            id: "019a1f0c-5c11-7d02-8e4f-3b2a1c0d9e8f".to_owned(),
            name: "Data Analyst".to_owned(),
            slug: "data_analyst".to_owned(),
            description: Some("Looks at what things cost.".to_owned()),
            permissions: vec!["metrics:write".to_owned()],
            effective_permissions: [
                "policies:read",
                "metrics:create",
                "metrics:read",
                "metrics:update",
                "costs:read",
                "integrations:read",
            ]
            .map(str::to_owned)
            .to_vec(),
            parent_role_id: Some("00000000-0000-7000-8000-000000000001".to_owned()),
            is_system: false,
            created_at: Some("2026-11-21T10:00:00.000Z".to_owned()),
        }
    }
}

/// All roles.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct RoleList {
    /// The five built-in roles, highest rank first, then the custom ones, oldest first: at most 105.
    pub roles: Vec<Role>,
    /// Send it as `after` to `GET /api/v1/events`: its events are all newer than this list, and none is missing.
    pub as_of: String,
}

impl Example for RoleList {
    fn example() -> Self {
        Self { roles: vec![Role::example()], as_of: "0-90-5f70bf18a0860170".to_owned() }
    }
}

/// A permission to give.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
pub struct GivePermission {
    /// For example `metrics:read`; `metrics:write` is create and update.
    pub permission: String,
}

impl Example for GivePermission {
    fn example() -> Self {
        Self { permission: "metrics:write".to_owned() }
    }
}

/// What an account may do, and by what.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct UserPermissions {
    /// The account.
    pub user_id: String,
    /// Each permission that it holds.
    pub permissions: Vec<HeldPermission>,
    /// Send it as `after` to `GET /api/v1/events`: its events are all newer than this answer, and none is missing.
    pub as_of: String,
}

impl Example for UserPermissions {
    fn example() -> Self {
        Self {
            user_id: "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11".to_owned(),
            permissions: vec![HeldPermission::example()],
            as_of: "0-90-5f70bf18a0860170".to_owned(),
        }
    }
}

/// A permission that an account holds.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct HeldPermission {
    /// `resource:action`.
    pub permission: String,
    /// What it is about.
    pub resource: String,
    /// `create`, `read`, `update` or `delete`.
    pub action: String,
    /// A sentence for people.
    pub description: String,
    /// All that it is held by: taking one away leaves the others.
    pub allowed_by: Vec<Allowing>,
}

impl Example for HeldPermission {
    fn example() -> Self {
        Self {
            permission: "metrics:create".to_owned(),
            resource: "metrics".to_owned(),
            action: "create".to_owned(),
            description: "May create metrics.".to_owned(),
            allowed_by: vec![Allowing::example()],
        }
    }
}

/// What allows a permission: a role, or a direct permission.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct Allowing {
    /// The slug of a role that the account has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The slug of the role that has the permission itself, where `role` inherits it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inherited_from: Option<String>,
    /// A direct permission of the account, as it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
}

impl Example for Allowing {
    fn example() -> Self {
        Self {
            role: Some("data_analyst".to_owned()),
            inherited_from: Some("developer".to_owned()),
            permission: None,
        }
    }
}
