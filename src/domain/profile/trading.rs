//! What the trading guide calls roles and permissions, and which of ours stand for them. Knows no wire.
//!
//! ## Decision: the guide's own table, over permissions of ours
//! The guide has three roles and twelve permissions, `action:resource`, and a table of what each role may (T41). That
//! table decides in the profile, so what an account may do there is exactly what the guide says, and what an account was
//! given beside its role is added (T42). An account, a key and a grant keep permissions of ours, so each of the twelve is
//! kept as one of the 24: where both systems mean the same it is that one, and signals are kept as `costs`, of which a
//! developer may update and delete none. What a key opens is bounded by both: by what it was given, and by what its owner
//! may do. Alternative: permissions of the guide in the store, which the canonical API would have to refuse (G76) and
//! yet show.

use crate::domain::permission::{Permission, Scope};
use crate::domain::resource::Kind;
use crate::domain::role::Role;
use crate::domain::user::User;

/// What signals are kept as.
pub const SIGNALS: Kind = Kind::Costs;

/// A role of the guide. The order is the rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TradingRole {
    /// Everybody.
    User,
    /// Looks after signals.
    Admin,
    /// May do everything.
    SuperAdmin,
}

macro_rules! permissions {
    ($($name:ident = $text:literal as $stored:ident,)*) => {
        /// A permission of the guide, written `action:resource`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum TradingPermission {
            $(#[doc = concat!("`", $text, "`")] $name,)*
        }

        impl TradingPermission {
            /// All of them, in the order of the guide.
            pub const ALL: [Self; 12] = [$(Self::$name),*];

            /// The name in the guide.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// What stands for it in accounts, keys and grants.
            pub const fn stored(self) -> Permission {
                match self {
                    $(Self::$name => Permission::$stored,)*
                }
            }
        }
    };
}

permissions! {
    ReadSignals = "read:signals" as CostsRead,
    CreateSignals = "create:signals" as MetricsCreate,
    UpdateSignals = "update:signals" as CostsUpdate,
    DeleteSignals = "delete:signals" as CostsDelete,
    ReadUsers = "read:users" as UsersRead,
    CreateUsers = "create:users" as UsersCreate,
    UpdateUsers = "update:users" as UsersUpdate,
    DeleteUsers = "delete:users" as UsersDelete,
    ReadAdmin = "read:admin" as AuditRead,
    SystemAdmin = "system:admin" as AuditUpdate,
    ExecuteTrades = "execute:trades" as PoliciesUpdate,
    ManageAccounts = "manage:accounts" as AuditCreate,
}

impl TradingRole {
    /// Every role, lowest first.
    pub const ALL: [Self; 3] = [Self::User, Self::Admin, Self::SuperAdmin];

    /// What an account is to the guide (X13).
    pub fn of(user: &User) -> Self {
        let one = |role: &Role| match role {
            Role::SuperAdmin => Self::SuperAdmin,
            Role::Admin => Self::Admin,
            Role::Manager | Role::Developer | Role::Viewer => Self::User,
        };
        user.roles.iter().map(one).max().unwrap_or(Self::User)
    }

    /// The name in the guide.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
            Self::SuperAdmin => "super_admin",
        }
    }

    /// The role that an account has which is given this one.
    pub const fn stored(self) -> Role {
        match self {
            Self::User => Role::Developer,
            Self::Admin => Role::Admin,
            Self::SuperAdmin => Role::SuperAdmin,
        }
    }

    /// The table of the guide (T41).
    pub const fn permissions(self) -> &'static [TradingPermission] {
        use TradingPermission as P;
        match self {
            Self::User => &[P::ReadSignals, P::CreateSignals, P::ReadUsers],
            Self::Admin => &[
                P::ReadSignals,
                P::CreateSignals,
                P::UpdateSignals,
                P::DeleteSignals,
                P::ReadUsers,
                P::ReadAdmin,
                P::ExecuteTrades,
            ],
            Self::SuperAdmin => &P::ALL,
        }
    }
}

impl TradingPermission {
    /// The permission of the guide that the one of ours with this name stands for.
    pub fn kept_as(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.stored().name() == name)
    }

    /// The permission with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.name() == name)
    }

    /// Whether an account may do this: by its role, or because it was given to it beside that (T42).
    pub fn is_held_by(self, user: &User) -> bool {
        TradingRole::of(user).permissions().contains(&self) || self.is_direct(user)
    }

    /// Whether an account may do this with others' accounts too: a user reads its own alone (T43).
    pub fn reaches_others(self, user: &User) -> bool {
        let is_own_only = self == Self::ReadUsers && TradingRole::of(user) == TradingRole::User;
        self.is_held_by(user) && (!is_own_only || self.is_direct(user))
    }

    /// All that an account may do, in the order of the guide.
    pub fn held_by(user: &User) -> Vec<Self> {
        Self::ALL.into_iter().filter(|own| own.is_held_by(user)).collect()
    }

    /// All that is among `scopes`, in the order of the guide.
    pub fn among(scopes: &[Scope]) -> Vec<Self> {
        let is_among = |own: &Self| scopes.iter().any(|scope| scope.permissions().contains(own.stored()));
        Self::ALL.into_iter().filter(is_among).collect()
    }

    fn is_direct(self, user: &User) -> bool {
        user.permissions.iter().any(|scope| scope.permissions().contains(self.stored()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::permission::Permissions;
    use crate::domain::user::ada;

    fn names(all: &[TradingPermission]) -> Vec<&'static str> {
        all.iter().map(|one| one.name()).collect()
    }

    /// T40, X13.
    #[test]
    fn an_account_has_one_role_of_the_guide() {
        let with = |roles: &[Role]| TradingRole::of(&User { roles: roles.to_vec(), ..ada() }).name();
        assert_eq!(Role::ALL.map(|role| with(&[role])), ["user", "user", "user", "admin", "super_admin"]);
        assert_eq!((with(&[]), with(&Role::ALL)), ("user", "super_admin"));
        for role in TradingRole::ALL {
            assert_eq!(with(&[role.stored()]), role.name());
        }
    }

    /// T41.
    #[test]
    fn the_table_of_roles_is_that_of_the_guide() {
        assert_eq!(names(TradingRole::User.permissions()), ["read:signals", "create:signals", "read:users"]);
        assert_eq!(
            names(TradingRole::Admin.permissions()),
            [
                "read:signals",
                "create:signals",
                "update:signals",
                "delete:signals",
                "read:users",
                "read:admin",
                "execute:trades"
            ]
        );
        assert_eq!(TradingRole::SuperAdmin.permissions(), TradingPermission::ALL);
    }

    /// X12: what is kept is read back, and whoever is given a role can do what the guide says with what we keep.
    #[test]
    fn each_permission_is_kept_as_one_of_ours_that_its_roles_hold() {
        let all: Permissions = TradingPermission::ALL.into_iter().map(TradingPermission::stored).collect();
        assert_eq!(all.iter().count(), 12);
        for own in TradingPermission::ALL {
            assert_eq!(TradingPermission::kept_as(own.stored().name()), Some(own));
            assert_eq!(TradingPermission::named(own.name()), Some(own));
            for role in TradingRole::ALL.into_iter().filter(|role| role.permissions().contains(&own)) {
                let is_own_profile = (role, own) == (TradingRole::User, TradingPermission::ReadUsers);
                let holds = role.stored().permissions().contains(own.stored());
                assert_eq!(holds, !is_own_profile, "{role:?} {own:?}");
            }
        }
        assert_eq!(TradingPermission::kept_as("integrations:read"), None);
        assert_eq!(TradingPermission::named("signals:read"), None);
    }

    /// T46: no role that is the guide's user may change everybody's signals.
    #[test]
    fn only_administrators_may_change_signals_of_others() {
        for role in Role::ALL {
            let user = User { roles: vec![role], ..ada() };
            let may = TradingPermission::UpdateSignals.is_held_by(&user);
            assert_eq!(role.permissions().contains(SIGNALS.update()), may);
            assert_eq!(role.permissions().contains(SIGNALS.delete()), may);
        }
    }

    /// T42, T43.
    #[test]
    fn what_was_given_beside_the_role_is_added_once() {
        let scopes = ["costs:read", "costs:write", "users:read"].map(|text| text.parse().unwrap());
        let (given, plain) =
            (User { permissions: scopes.to_vec(), ..ada() }, User { permissions: Vec::new(), ..ada() });
        let held = TradingPermission::held_by(&given);
        assert_eq!(names(&held), ["read:signals", "create:signals", "update:signals", "read:users"]);
        assert!(TradingPermission::ReadUsers.reaches_others(&given));
        assert!(!TradingPermission::ReadUsers.reaches_others(&plain));
        assert_eq!(
            names(&TradingPermission::among(&scopes)),
            ["read:signals", "update:signals", "read:users"]
        );
    }
}
