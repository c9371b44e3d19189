//! Things of applications that somebody owns: their names, and who was granted what about each. Knows no store and no
//! role.
//!
//! ## Decision: the first word of a name is the resource of a permission
//! A resource is named by an application, as `kind/id`: the kind is the first word of a permission (`policies` of
//! `policies:update`), the id is the application's own. So a question needs no second language: `policies:update` about
//! `policies/42` is either held for all policies or comes with this one. Alternative: kinds of the application's own,
//! which no role could ever speak of. `users` and `audit` are this server's own: what may be done to an account is
//! decided by permission and rank, and an owner or a grant that the server itself does not heed would be a lie, so
//! nothing of these kinds is registered.
//!
//! ## Decision: a resource outlives its owner
//! When an account is deleted, what was granted to it goes. What it owned stays and has no owner any more: the thing
//! itself lives on in its application, and if its name became free, whoever registered it next would own somebody
//! else's data. Roles and grants still decide about it, and whoever holds `users:update` gives it another owner. It
//! goes on naming the account, by an id that is never used again.

use std::fmt;
use std::str::FromStr;

use super::id::UserId;
use super::permission::{Permission, Permissions, Scope};
use super::time::Timestamp;

/// Most resources of one owner: as many as one scan counts, so that registering another costs no table of counters.
pub const RESOURCES_MAX: usize = 1_000;

/// Most grants of one resource: they are one row of a few kilobytes, read with one look-up, and removing all of them
/// with their index rows stays within the writes of one transaction. To share with more people is what roles are for.
pub const GRANTS_MAX: usize = 64;

/// Longest id of a resource, in bytes.
pub const ID_BYTES_MAX: usize = 128;

/// What a permission is about: its first word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// Accounts of this server.
    Users,
    /// Policies.
    Policies,
    /// Metrics.
    Metrics,
    /// Costs.
    Costs,
    /// The audit log of this server.
    Audit,
    /// Integrations.
    Integrations,
}

impl Kind {
    /// All of them, in the order of [`Permission::ALL`].
    pub const ALL: [Self; 6] =
        [Self::Users, Self::Policies, Self::Metrics, Self::Costs, Self::Audit, Self::Integrations];

    /// The word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Policies => "policies",
            Self::Metrics => "metrics",
            Self::Costs => "costs",
            Self::Audit => "audit",
            Self::Integrations => "integrations",
        }
    }

    /// What the permission is about.
    pub const fn of(permission: Permission) -> Self {
        use Permission as P;
        match permission {
            P::UsersCreate | P::UsersRead | P::UsersUpdate | P::UsersDelete => Self::Users,
            P::PoliciesCreate | P::PoliciesRead | P::PoliciesUpdate | P::PoliciesDelete => Self::Policies,
            P::MetricsCreate | P::MetricsRead | P::MetricsUpdate | P::MetricsDelete => Self::Metrics,
            P::CostsCreate | P::CostsRead | P::CostsUpdate | P::CostsDelete => Self::Costs,
            P::AuditCreate | P::AuditRead | P::AuditUpdate | P::AuditDelete => Self::Audit,
            P::IntegrationsCreate | P::IntegrationsRead | P::IntegrationsUpdate | P::IntegrationsDelete => {
                Self::Integrations
            }
        }
    }

    /// Create, read, update and delete.
    const fn four(self) -> [Permission; 4] {
        use Permission as P;
        match self {
            Self::Users => [P::UsersCreate, P::UsersRead, P::UsersUpdate, P::UsersDelete],
            Self::Policies => [P::PoliciesCreate, P::PoliciesRead, P::PoliciesUpdate, P::PoliciesDelete],
            Self::Metrics => [P::MetricsCreate, P::MetricsRead, P::MetricsUpdate, P::MetricsDelete],
            Self::Costs => [P::CostsCreate, P::CostsRead, P::CostsUpdate, P::CostsDelete],
            Self::Audit => [P::AuditCreate, P::AuditRead, P::AuditUpdate, P::AuditDelete],
            Self::Integrations => {
                [P::IntegrationsCreate, P::IntegrationsRead, P::IntegrationsUpdate, P::IntegrationsDelete]
            }
        }
    }

    /// The right to make one.
    pub const fn create(self) -> Permission {
        let [create, ..] = self.four();
        create
    }

    /// The right to change one.
    pub const fn update(self) -> Permission {
        let [_, _, update, _] = self.four();
        update
    }

    /// The right to remove one.
    pub const fn delete(self) -> Permission {
        let [.., delete] = self.four();
        delete
    }

    /// All that may be allowed about one.
    pub const fn permissions(self) -> Permissions {
        let [create, read, update, delete] = self.four();
        Permissions::NONE.with(create).with(read).with(update).with(delete)
    }

    /// Whether such things belong to this server, so that no application owns one.
    pub const fn is_ours(self) -> bool {
        matches!(self, Self::Users | Self::Audit)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name of a resource, written `kind/id`. The id is 1 to 128 ASCII letters, digits, `-`, `.`, `_`, `~` and `:`,
/// which stand in a path as they are, and its case counts; `.` and `..`, which a path swallows, are no ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceName {
    kind: Kind,
    id: String,
}

/// The text names no resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a resource: write users, policies, metrics, costs, audit or integrations, then / and 1 to 128 letters, digits \
     or -._~:"
)]
pub struct NotAResource;

impl ResourceName {
    /// The resource `id` of a kind.
    pub fn new(kind: Kind, id: &str) -> Result<Self, NotAResource> {
        let is_safe = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_' | b'~' | b':');
        let fits = (1..=ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(is_safe);
        if fits && id != "." && id != ".." { Ok(Self { kind, id: id.to_owned() }) } else { Err(NotAResource) }
    }

    /// From a verified row: what was written there was read by [`ResourceName::new`] before.
    pub(crate) const fn stored(kind: Kind, id: String) -> Self {
        Self { kind, id }
    }

    /// What it is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Which one it is.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Display for ResourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.id)
    }
}

impl FromStr for ResourceName {
    type Err = NotAResource;

    fn from_str(text: &str) -> Result<Self, NotAResource> {
        let (kind, id) = text.split_once('/').ok_or(NotAResource)?;
        let kind = Kind::ALL.into_iter().find(|known| known.name() == kind).ok_or(NotAResource)?;
        Self::new(kind, id)
    }
}

/// Something of an application that somebody owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Names it.
    pub name: ResourceName,
    /// Who owns it; an account that is gone means nobody.
    pub owner: UserId,
    /// When it was registered.
    pub created_at: Timestamp,
    /// Who else was granted something about it, alive or not. At most one for each account and scope.
    pub grants: Vec<Grant>,
}

/// One account may do one thing with one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// The account.
    pub user: UserId,
    /// What it may do: one permission, or `kind:write`.
    pub scope: Scope,
    /// When it ends; `None`: not by itself.
    pub expires_at: Option<Timestamp>,
}

impl Grant {
    /// Whether the grant counts at `now`: up to its end, and not in it.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_is_about_one_kind_and_named_for_it() {
        for permission in Permission::ALL {
            let kind = Kind::of(permission);
            assert!(kind.permissions().contains(permission));
            assert_eq!(permission.name().split_once(':').unwrap().0, kind.name());
        }
        for kind in Kind::ALL {
            let [create, update, delete] =
                [kind.create(), kind.update(), kind.delete()].map(Permission::name);
            let named = ["create", "update", "delete"].map(|action| format!("{kind}:{action}"));
            assert_eq!([create, update, delete].map(str::to_owned), named);
        }
    }

    #[test]
    fn a_name_is_a_kind_and_an_id_that_needs_no_escape() {
        for good in ["policies/42", "metrics/a.b-c_d~e:f", &format!("costs/{}", "x".repeat(128)), "users/..."]
        {
            assert_eq!(good.parse::<ResourceName>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "policies",
            "policies/",
            "/42",
            "Policies/42",
            "signals/42",
            "policies/4/2",
            "policies/a b",
            "policies/%34",
            "policies/\u{e4}",
            "policies/a\0",
            "policies/.",
            "policies/..",
            " policies/42",
            &format!("costs/{}", "x".repeat(129)),
        ] {
            assert_eq!(bad.parse::<ResourceName>(), Err(NotAResource), "{bad:?}");
        }
    }

    /// T45: to the millisecond.
    #[test]
    fn a_grant_ends_at_its_end() {
        let end = Timestamp::from_millis(1_000);
        let grant = |expires_at| Grant {
            user: UserId::from_bytes([1; 16]),
            scope: Scope::all().next().unwrap(),
            expires_at,
        };
        assert!(grant(Some(end)).is_alive(Timestamp::from_millis(999)));
        assert!(!grant(Some(end)).is_alive(end));
        assert!(grant(None).is_alive(Timestamp::from_millis(i64::MAX)));
    }
}
