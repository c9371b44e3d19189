//! Roles that administrators make. Knows no account and no store.

use super::id::RoleId;
use super::permission::{Permissions, Scope};
use super::time::Timestamp;

/// Most custom roles in one line of inheritance: more than any organisation has levels, and the most rows that one
/// role of an account costs a request.
pub const DEPTH_MAX: usize = 5;

/// A custom role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomRole {
    /// Names the role, for ever.
    pub id: RoleId,
    /// What people read.
    pub name: String,
    /// What programs read: derived from the name, unique.
    pub slug: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it allows, as it was given.
    pub permissions: Vec<Scope>,
    /// The role whose permissions it has too, built-in or custom.
    pub parent: Option<RoleId>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl CustomRole {
    /// What it allows by itself.
    pub fn own(&self) -> Permissions {
        self.permissions.iter().fold(Permissions::NONE, |set, scope| set.or(scope.permissions()))
    }
}
