//! Roles that administrators make: what they allow, what they inherit. Knows no account and no store.
//!
//! ## Decision: the slug is made once
//! Programs, tokens and audit records know a role by its slug, so a new name leaves it. Two roles must not be taken for
//! each other all the same: a name whose slug another role has, or would have by its name, is refused.

use super::id::RoleId;
use super::permission::{Permissions, Scope};
use super::role::Role;
use super::role_name::slug_of;
use super::time::Timestamp;
use super::user::is_invisible;

/// Most custom roles in one line of inheritance: more than any organisation has levels, and the most rows that one
/// role of an account costs a request.
pub const DEPTH_MAX: usize = 5;

/// Most custom roles in all: a change looks at every one in one transaction, and a list is one answer.
pub const ROLES_MAX: usize = 100;

/// Most custom roles of one account: with [`DEPTH_MAX`], a request of its owner reads at most fifty rows more.
pub const ROLES_PER_USER_MAX: usize = 10;

/// Longest description, in Unicode scalar values.
const DESCRIPTION_CHARS_MAX: usize = 500;

/// A custom role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomRole {
    /// Names the role, for ever.
    pub id: RoleId,
    /// What people read.
    pub name: String,
    /// What programs read: derived from the first name, unique, never changed.
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

    /// Whether a role with this slug could be taken for this one.
    pub fn is_like(&self, slug: &str) -> bool {
        self.slug == slug || slug_of(&self.name) == slug
    }
}

/// A role of either kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnyRole {
    /// One of the five.
    BuiltIn(Role),
    /// One that an administrator made.
    Custom(CustomRole),
}

impl AnyRole {
    /// Names the role.
    pub fn id(&self) -> RoleId {
        match self {
            Self::BuiltIn(role) => role.id(),
            Self::Custom(role) => role.id,
        }
    }

    /// The stable name.
    pub fn slug(&self) -> &str {
        match self {
            Self::BuiltIn(role) => role.name(),
            Self::Custom(role) => &role.slug,
        }
    }
}

/// A field of a role is not acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RoleFieldFault {
    /// The name is too short or too long, or has characters that show nothing.
    #[error("must be 2 to 50 characters without control characters")]
    Name,
    /// No slug of two characters can be made of the name.
    #[error("must have two letters or digits that are ASCII, for the slug")]
    NoSlug,
    /// The name looks like that of a built-in role (R57).
    #[error("looks like a built-in role")]
    LooksBuiltIn,
    /// The description is too long, or has characters that show nothing.
    #[error("must be at most 500 characters without control characters")]
    Description,
    /// A permission is none of ours.
    #[error("must be permissions such as metrics:read or metrics:write")]
    Permissions,
    /// There is no such role to inherit from.
    #[error("is no role")]
    Parent,
    /// The role would inherit from itself.
    #[error("would make the role inherit from itself")]
    Circle,
    /// The line of inheritance would be too long.
    #[error("would make a line of more than 5 custom roles")]
    TooDeep,
}

impl RoleFieldFault {
    /// The field to blame.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Name | Self::NoSlug | Self::LooksBuiltIn => "name",
            Self::Description => "description",
            Self::Permissions => "permissions",
            Self::Parent | Self::Circle | Self::TooDeep => "parent_role_id",
        }
    }

    /// Why, in one stable word.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Name | Self::NoSlug | Self::Description | Self::Permissions => "invalid",
            Self::LooksBuiltIn => "looks_built_in",
            Self::Parent => "unknown",
            Self::Circle => "circle",
            Self::TooDeep => "too_deep",
        }
    }
}

/// Reads a description, outer space removed.
pub fn parse_description(text: &str) -> Result<String, RoleFieldFault> {
    let text = text.trim();
    let is_short = text.chars().take(DESCRIPTION_CHARS_MAX + 1).count() <= DESCRIPTION_CHARS_MAX;
    if !is_short || text.chars().any(is_invisible) {
        return Err(RoleFieldFault::Description);
    }
    Ok(text.to_owned())
}

/// Whether every line of inheritance among `roles` (all there are) ends, soon enough (R57).
pub fn judge_lines(roles: &[CustomRole]) -> Result<(), RoleFieldFault> {
    let mut judged = Ok(());
    for role in roles {
        let (mut next, mut length) = (role.parent, 1);
        while let Some(above) = next.and_then(|id| roles.iter().find(|other| other.id == id)) {
            if above.id == role.id {
                return Err(RoleFieldFault::Circle);
            }
            length += 1;
            if length > DEPTH_MAX {
                judged = Err(RoleFieldFault::TooDeep);
                break;
            }
            next = above.parent;
        }
    }
    judged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_name_must_not_be_taken_for_another_role() {
        let role = role(1, None);
        let renamed = CustomRole { name: "Data Analyst".to_owned(), ..role };
        assert!(renamed.is_like("role_1") && renamed.is_like("data_analyst") && !renamed.is_like("data"));
    }

    fn role(number: u8, parent: Option<RoleId>) -> CustomRole {
        CustomRole {
            id: RoleId::from_bytes([number; 16]),
            name: format!("Role {number}"),
            slug: format!("role_{number}"),
            description: None,
            permissions: Vec::new(),
            parent,
            created_at: Timestamp::EPOCH,
        }
    }

    /// R57.
    #[test]
    fn lines_of_inheritance_end_and_are_short() {
        let below = |number: u8| Some(RoleId::from_bytes([number + 1; 16]));
        let line = |length: u8| (1..=length).map(|at| role(at, below(at))).collect::<Vec<_>>();
        let mut five = line(5);
        five[4].parent = Some(Role::Admin.id());
        assert_eq!(judge_lines(&five), Ok(()));
        five[4].parent = below(0);
        assert_eq!(judge_lines(&five), Err(RoleFieldFault::Circle));
        assert_eq!(judge_lines(&[role(1, below(0))]), Err(RoleFieldFault::Circle));
        assert_eq!(judge_lines(&line(6)), Err(RoleFieldFault::TooDeep));
        let mut ends_in_circle = line(9);
        ends_in_circle[8].parent = below(7);
        assert_eq!(judge_lines(&ends_in_circle), Err(RoleFieldFault::Circle));
    }

    #[test]
    fn a_description_is_trimmed_and_short() {
        assert_eq!(parse_description(" ").as_deref(), Ok(""));
        assert_eq!(parse_description("for x ").as_deref(), Ok("for x"));
        for bad in ["a\nb", &"x".repeat(501)] {
            assert_eq!(parse_description(bad), Err(RoleFieldFault::Description));
        }
    }
}
