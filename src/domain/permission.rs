//! What may be allowed: 24 permissions, sets of them, and the scopes that ask for some. Knows no role and no account.

use std::fmt;
use std::str::FromStr;

macro_rules! permissions {
    ($($name:ident = $text:literal,)*) => {
        /// One thing that may be allowed, written `resource:action`.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Permission {
            $(#[doc = concat!("`", $text, "`")] $name,)*
        }

        impl Permission {
            /// All of them, resource by resource.
            pub const ALL: [Self; 24] = [$(Self::$name),*];

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

permissions! {
    UsersCreate = "users:create",
    UsersRead = "users:read",
    UsersUpdate = "users:update",
    UsersDelete = "users:delete",
    PoliciesCreate = "policies:create",
    PoliciesRead = "policies:read",
    PoliciesUpdate = "policies:update",
    PoliciesDelete = "policies:delete",
    MetricsCreate = "metrics:create",
    MetricsRead = "metrics:read",
    MetricsUpdate = "metrics:update",
    MetricsDelete = "metrics:delete",
    CostsCreate = "costs:create",
    CostsRead = "costs:read",
    CostsUpdate = "costs:update",
    CostsDelete = "costs:delete",
    AuditCreate = "audit:create",
    AuditRead = "audit:read",
    AuditUpdate = "audit:update",
    AuditDelete = "audit:delete",
    IntegrationsCreate = "integrations:create",
    IntegrationsRead = "integrations:read",
    IntegrationsUpdate = "integrations:update",
    IntegrationsDelete = "integrations:delete",
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of permissions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Permissions(u32);

impl Permissions {
    /// Nothing.
    pub const NONE: Self = Self(0);

    /// This set and `permission`.
    #[must_use]
    pub const fn with(self, permission: Permission) -> Self {
        Self(self.0 | (1 << permission as u32))
    }

    /// What is in either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether `permission` is in the set.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u32) != 0
    }

    /// The members, in the order of [`Permission::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let at = usize::try_from(rest.trailing_zeros()).ok()?;
            rest &= rest.wrapping_sub(1);
            Permission::ALL.get(at).copied()
        })
    }

    /// The first member that `other` lacks.
    pub fn beyond(self, other: Self) -> Option<Permission> {
        Self(self.0 & !other.0).iter().next()
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(all: I) -> Self {
        all.into_iter().fold(Self::NONE, Self::with)
    }
}

/// What a credential asks for: one permission, or `resource:write`, which stands for create and update and is kept
/// as it was written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Scope(u8);

/// The text is no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a scope: write users, policies, metrics, costs, audit or integrations, then :create, :read, :update, :delete or :write"
)]
pub struct NotAScope;

/// `resource:write` of each resource. Their codes follow those of the permissions.
const WRITES: [(&str, Permission, Permission); 6] = [
    ("users:write", Permission::UsersCreate, Permission::UsersUpdate),
    ("policies:write", Permission::PoliciesCreate, Permission::PoliciesUpdate),
    ("metrics:write", Permission::MetricsCreate, Permission::MetricsUpdate),
    ("costs:write", Permission::CostsCreate, Permission::CostsUpdate),
    ("audit:write", Permission::AuditCreate, Permission::AuditUpdate),
    ("integrations:write", Permission::IntegrationsCreate, Permission::IntegrationsUpdate),
];

impl Scope {
    /// How many there are.
    pub const COUNT: usize = Permission::ALL.len() + WRITES.len();

    /// Every scope.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..).take(Self::COUNT).map(Self)
    }

    /// The scope with this code, as it is stored for ever: permissions in their order, then the writes.
    pub fn from_code(code: u8) -> Option<Self> {
        (usize::from(code) < Self::COUNT).then_some(Self(code))
    }

    /// The code at rest.
    pub const fn code(self) -> u8 {
        self.0
    }

    /// The scope that asks for this permission alone. Codes of permissions are their places.
    pub const fn of(permission: Permission) -> Self {
        Self(permission as u8)
    }

    /// The stable name.
    pub fn name(self) -> &'static str {
        self.look_up().0
    }

    /// What it stands for.
    pub fn permissions(self) -> Permissions {
        self.look_up().1
    }

    fn look_up(self) -> (&'static str, Permissions) {
        let at = usize::from(self.0);
        if let Some(permission) = Permission::ALL.get(at) {
            return (permission.name(), Permissions::NONE.with(*permission));
        }
        let write = at.checked_sub(Permission::ALL.len()).and_then(|at| WRITES.get(at));
        write.map_or(("", Permissions::NONE), |(name, create, update)| {
            (name, Permissions::NONE.with(*create).with(*update))
        })
    }
}

/// Reads scopes; one that comes twice counts once. More than twice as many texts as there are scopes are refused.
pub fn parse_scopes<T: AsRef<str>>(texts: &[T]) -> Result<Vec<Scope>, NotAScope> {
    if texts.len() > 2 * Scope::COUNT {
        return Err(NotAScope);
    }
    let mut scopes = Vec::new();
    for text in texts {
        let scope = text.as_ref().parse()?;
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    Ok(scopes)
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scope {
    type Err = NotAScope;

    fn from_str(text: &str) -> Result<Self, NotAScope> {
        let permission = || Permission::ALL.iter().position(|permission| permission.name() == text);
        let write = || Some(Permission::ALL.len() + WRITES.iter().position(|(name, ..)| *name == text)?);
        let at = permission().or_else(write).and_then(|at| u8::try_from(at).ok());
        at.map(Self).ok_or(NotAScope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_six_resources_with_four_actions_each() {
        let resources = ["users", "policies", "metrics", "costs", "audit", "integrations"];
        let actions = ["create", "read", "update", "delete"];
        let names =
            resources.iter().flat_map(|resource| actions.map(|action| format!("{resource}:{action}")));
        assert_eq!(names.collect::<Vec<_>>(), Permission::ALL.map(|permission| permission.name().to_owned()));
    }

    #[test]
    fn sets_hold_what_was_put_in() {
        for one in Permission::ALL {
            let set = Permissions::NONE.with(one);
            assert_eq!(set.iter().collect::<Vec<_>>(), [one]);
            assert!(Permission::ALL.iter().all(|other| set.contains(*other) == (*other == one)));
        }
        let [a, b, c] = [Permission::UsersRead, Permission::AuditRead, Permission::IntegrationsDelete];
        let (left, right): (Permissions, Permissions) =
            ([a, b].into_iter().collect(), [b, c].into_iter().collect());
        assert_eq!(left.and(right), Permissions::NONE.with(b));
        assert_eq!(left.or(right).iter().count(), 3);
        assert_eq!((left.beyond(right), left.beyond(left.or(right))), (Some(a), None));
    }

    /// X14.
    #[test]
    fn write_is_create_and_update_and_keeps_its_name() {
        let scope: Scope = "metrics:write".parse().unwrap();
        assert_eq!(scope.name(), "metrics:write");
        let both = [Permission::MetricsCreate, Permission::MetricsUpdate].into_iter().collect();
        assert_eq!(scope.permissions(), both);
    }

    #[test]
    fn scopes_are_read_back_by_name_and_by_code() {
        for scope in Scope::all() {
            assert_eq!(scope.name().parse(), Ok(scope));
            assert_eq!(Scope::from_code(scope.code()), Some(scope));
            assert!(scope.permissions() != Permissions::NONE);
        }
        for one in Permission::ALL {
            assert_eq!(Scope::of(one).name(), one.name());
        }
        assert_eq!(Scope::from_code(30), None);
        for bad in [
            "",
            "*",
            "*:read",
            "users",
            "users:",
            "users:*",
            "Users:read",
            "users:read ",
            "read:users",
            "roles:read",
        ] {
            assert_eq!(bad.parse::<Scope>(), Err(NotAScope), "{bad:?}");
        }
    }

    /// The codes are in stores.
    #[test]
    fn the_codes_stay_what_they_are() {
        for (name, code) in [
            ("users:create", 0),
            ("metrics:read", 9),
            ("integrations:delete", 23),
            ("users:write", 24),
            ("integrations:write", 29),
        ] {
            assert_eq!(name.parse::<Scope>().unwrap().code(), code, "{name}");
        }
    }
}
