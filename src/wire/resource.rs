//! Resources of applications and what is granted about them, on the wire.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

const USER: &str = "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11";

/// A resource to register.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
pub struct RegisterResource {
    /// Its name: `policies`, `metrics`, `costs` or `integrations`, then `/` and an id of 1 to 128 letters, digits or
    /// `-._~:`.
    pub resource: String,
}

impl Example for RegisterResource {
    fn example() -> Self {
        Self { resource: "policies/42".to_owned() }
    }
}

/// A resource.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct Resource {
    /// Its name.
    pub resource: String,
    /// The account that owns it; absent where that was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<String>,
    /// When it was registered (RFC 3339).
    pub created_at: String,
}

impl Example for Resource {
    fn example() -> Self {
        Self {
            resource: "policies/42".to_owned(),
            owner_id: Some(USER.to_owned()),
            created_at: "2026-11-21T10:00:00.000Z".to_owned(),
        }
    }
}

/// Resources of one owner.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct ResourceList {
    /// The resources, in the order of their names within each kind.
    pub resources: Vec<Resource>,
    /// Send it as `cursor` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Send it as `after` to `GET /api/v1/events`: its events are all newer than this page, and none is missing.
    pub as_of: String,
}

impl Example for ResourceList {
    fn example() -> Self {
        Self {
            resources: vec![Resource::example()],
            next_cursor: None,
            as_of: "0-90-5f70bf18a0860170".to_owned(),
        }
    }
}

/// Who is to own a resource.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
pub struct NewOwner {
    /// The account.
    pub user_id: String,
}

impl Example for NewOwner {
    fn example() -> Self {
        Self { user_id: USER.to_owned() }
    }
}

/// One thing that one account may do with a resource.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example, skip_serializing_if_is_none)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The account.
    pub user_id: String,
    /// A permission of the resource's kind, for example `policies:update`; `policies:write` is create and update.
    pub permission: String,
    /// When it ends (RFC 3339). Without one it does not end by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

impl Example for Grant {
    fn example() -> Self {
        Self {
            user_id: USER.to_owned(),
            permission: "policies:update".to_owned(),
            expires_at: Some("2026-12-01T00:00:00.000Z".to_owned()),
        }
    }
}

/// The live grants of a resource; there are at most 64.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct GrantList {
    /// The grants, oldest first.
    pub grants: Vec<Grant>,
    /// Send it as `after` to `GET /api/v1/events`: its events are all newer than this list, and none is missing.
    pub as_of: String,
}

impl Example for GrantList {
    fn example() -> Self {
        Self { grants: vec![Grant::example()], as_of: "0-90-5f70bf18a0860170".to_owned() }
    }
}
