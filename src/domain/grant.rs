//! What allows an account something, with a resource or without. Knows no store, no role and no clock.
//!
//! ## Decision: three ways, and nothing forbids
//! A question is a permission (`kind:write` is two), and may name a resource of its kind. It is allowed by (1) holding the
//! permission, through a role or directly, then for every resource of the kind, registered or not; (2) owning the
//! resource (T44), whatever may be asked about it; (3) a grant to this account, for this resource, of this permission
//! or of `kind:write`, that has not ended (T45). There is no rule that forbids: what one way allows no other takes
//! away, so an answer does not depend on an order, and the first way that allows is the one that is told.
//! An API key narrows all three: it never does more than its scopes say (R53), not even as the owner.
//!
//! ## Decision: a grant is not passed on
//! What may be granted is what the granter holds or owns, not what was granted to them: or a grant with an end could be
//! made into one without. Granting takes the right to update: of the resource, by owning it, or of its whole kind.

use super::id::UserId;
use super::permission::{Permission, Permissions, Scope};
use super::resource::{Kind, Resource, ResourceName};
use super::time::Timestamp;

/// What may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    scope: Scope,
    resource: Option<ResourceName>,
}

/// The permission is about another kind than the resource is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not of the kind that the permission is about")]
pub struct OtherKind;

impl Question {
    /// Whether somebody may do this; with a resource, whether to this one.
    pub fn new(scope: Scope, resource: Option<ResourceName>) -> Result<Self, OtherKind> {
        let is_of = |name: &ResourceName| scope.permissions().beyond(name.kind().permissions()).is_none();
        if resource.as_ref().is_none_or(is_of) { Ok(Self { scope, resource }) } else { Err(OtherKind) }
    }

    /// What is to be done: all that the scope stands for.
    pub fn permissions(&self) -> Permissions {
        self.scope.permissions()
    }

    /// What to.
    pub const fn resource(&self) -> Option<&ResourceName> {
        self.resource.as_ref()
    }
}

/// An account as a question sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Who {
    /// The account.
    pub user: UserId,
    /// What it holds.
    pub rights: Permissions,
    /// What its credential is good for; `None`: for everything.
    pub scopes: Option<Permissions>,
}

/// What allows something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// The account holds the permission.
    Right,
    /// It owns the resource.
    Ownership,
    /// It was granted, until this time; `None`: without an end.
    Grant(Option<Timestamp>),
}

impl Who {
    /// What allows `permission`, about `resource` where there is one; `None`: nothing. Of several grants it is the one
    /// that lasts longest.
    pub fn ground(
        &self,
        permission: Permission,
        resource: Option<&Resource>,
        now: Timestamp,
    ) -> Option<Ground> {
        if !self.reach(Permissions::NONE.with(permission)).contains(permission) {
            return None;
        }
        if self.rights.contains(permission) {
            return Some(Ground::Right);
        }
        let resource = resource.filter(|resource| resource.name.kind() == Kind::of(permission))?;
        if resource.owner == self.user {
            return Some(Ground::Ownership);
        }
        let mine = resource.grants.iter().filter(|grant| grant.user == self.user && grant.is_alive(now));
        let ends = mine.filter(|grant| grant.scope.permissions().contains(permission));
        ends.map(|grant| grant.expires_at).max_by_key(|end| (end.is_none(), *end)).map(Ground::Grant)
    }

    /// What the account may grant others about `resource`. Whoever lacks the right to update among it grants nothing.
    pub fn grantable(&self, resource: &Resource) -> Permissions {
        let all = resource.name.kind().permissions();
        self.reach(if resource.owner == self.user { all } else { all.and(self.rights) })
    }

    /// Whether the account may know of `resource`: it concerns the account, or the account may change all of its kind,
    /// or sees or changes accounts.
    pub fn may_see(&self, resource: &Resource, now: Timestamp) -> bool {
        let kind = resource.name.kind();
        let keepers = [kind.update(), kind.delete(), Permission::UsersRead, Permission::UsersUpdate];
        if keepers.into_iter().any(|right| self.held().contains(right)) {
            return true;
        }
        let is_mine = |user: UserId| user == self.user;
        let concerns = is_mine(resource.owner)
            || resource.grants.iter().any(|grant| is_mine(grant.user) && grant.is_alive(now));
        concerns && self.reach(kind.permissions()) != Permissions::NONE
    }

    /// Whether the account may give `resource` another owner: its own, or as one who looks after accounts.
    pub fn may_hand_over(&self, resource: &Resource) -> bool {
        let owned =
            resource.owner == self.user && self.grantable(resource).contains(resource.name.kind().update());
        owned || self.held().contains(Permission::UsersUpdate)
    }

    /// What the account holds, as far as its credential is good for it.
    pub fn held(&self) -> Permissions {
        self.reach(self.rights)
    }

    /// The part of `permissions` that the credential is good for.
    fn reach(&self, permissions: Permissions) -> Permissions {
        self.scopes.map_or(permissions, |scopes| scopes.and(permissions))
    }
}

#[cfg(test)]
mod tests;
