//! API keys: what one is, and whether it opens a door. Knows no text of a key, no clock and no store.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;

use super::address::covers;
use super::id::{ApiKeyId, UserId};
use super::limit::Budget;
use super::permission::{self, Permission, Permissions, Scope};
use super::time::Timestamp;
use super::user::{User, is_invisible};

/// Longest name, in characters.
pub const NAME_CHARS: usize = 100;

/// Longest description, in characters.
pub const DESCRIPTION_CHARS: usize = 500;

/// Most networks of one key.
pub const NETWORKS_MAX: usize = 50;

/// Longest time that an old secret goes on working after a rotation.
pub const GRACE_MAX: Duration = Duration::from_secs(7 * 86_400);

/// Longest prefix of a key's text, in characters.
pub const PREFIX_CHARS: usize = 20;

/// Whether every key's text may begin with `text`: 1 to 20 of `[a-z0-9_]`, with `_` at the end.
pub fn is_prefix(text: &str) -> bool {
    let is_fit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=PREFIX_CHARS).contains(&text.len()) && text.ends_with('_') && text.bytes().all(is_fit)
}

/// Rules of API keys that an operator may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyPolicy {
    /// Most keys of one account.
    pub max_per_user: usize,
    /// The age of a secret at which its owner is told to change it.
    pub rotate_after: Duration,
    /// How long the old secret goes on working after a rotation, unless the caller says otherwise.
    pub rotation_grace: Duration,
    /// What whoever makes a key must hold; `None`: everybody makes their own.
    pub made_with: Option<Permission>,
    /// Whether a key's text names its owner behind the prefix, and has 43 characters behind that.
    pub names_owner: bool,
}

/// An API key without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Names the key, over all its rotations.
    pub id: ApiKeyId,
    /// Whose it is, and dies with.
    pub owner: UserId,
    /// The owner's key epoch when the key was made: another one now, and the key is dead.
    pub epoch: u32,
    /// What its owner calls it.
    pub name: String,
    /// What its owner says of it.
    pub description: Option<String>,
    /// What it asks for.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its present secret was made.
    pub rotated_at: Timestamp,
    /// The first moment at which it is dead; `None`: it does not end by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, as far as that was written.
    pub last_used_at: Option<Timestamp>,
    /// Where it may be used from; empty: from anywhere.
    pub networks: Vec<IpNet>,
    /// How often it may be used, where that is not the usual.
    pub rate: Option<Budget>,
    /// Whether it is bait, which nobody has a reason to use.
    pub is_canary: bool,
    /// The beginning of its text.
    pub hint: String,
    /// The hash of its text.
    pub hash: [u8; 32],
    /// The hash of its former text, and when that ends.
    pub former: Option<([u8; 32], Timestamp)>,
    /// Whether its owner was told that its secret is old.
    pub is_reminded: bool,
    /// When the server looks at it by itself, to remind or to remove.
    pub look_at: Timestamp,
}

/// Why a key that is known opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyDenial {
    /// It has expired, its secret was replaced, or its owner is switched off.
    Dead,
    /// It is bait.
    Canary,
    /// It is not to be used from there.
    Address,
}

impl ApiKey {
    /// Whether it has neither expired nor died with its owner.
    pub fn is_alive(&self, owner: &User, now: Timestamp) -> bool {
        owner.id == self.owner
            && owner.key_epoch == self.epoch
            && owner.status.is_usable()
            && self.expires_at.is_none_or(|end| now < end)
    }

    /// When the secret of `hash` ends, if it is the former one.
    pub fn former_end(&self, hash: &[u8; 32]) -> Option<Timestamp> {
        self.former.filter(|(former, _)| former == hash).map(|(_, end)| end)
    }

    /// Whether the secret of `hash` is one that the key has at `now`.
    pub fn opens_with(&self, hash: &[u8; 32], now: Timestamp) -> bool {
        self.hash == *hash || self.former_end(hash).is_some_and(|end| now < end)
    }

    /// Judges a use of the key with the secret of `hash`. A dead canary is as dead as any other key.
    pub fn judge(
        &self,
        owner: &User,
        hash: &[u8; 32],
        client: IpAddr,
        now: Timestamp,
    ) -> Result<(), KeyDenial> {
        if !self.opens_with(hash, now) || !self.is_alive(owner, now) {
            return Err(KeyDenial::Dead);
        }
        if self.is_canary {
            return Err(KeyDenial::Canary);
        }
        let client = client.to_canonical();
        if !self.networks.is_empty() && !self.networks.iter().any(|network| covers(network, client)) {
            return Err(KeyDenial::Address);
        }
        Ok(())
    }

    /// What its scopes stand for.
    pub fn permissions(&self) -> Permissions {
        self.scopes.iter().fold(Permissions::NONE, |all, scope| all.or(scope.permissions()))
    }

    /// Whether its secret is so old that it should be changed.
    pub fn is_rotation_due(&self, policy: &KeyPolicy, now: Timestamp) -> bool {
        now >= self.rotated_at.plus(policy.rotate_after)
    }

    /// When the server should next look at it, after `now`: when it is to be reminded of or when it ends, and at the
    /// latest after one such time.
    pub fn next_look(&self, policy: &KeyPolicy, now: Timestamp) -> Timestamp {
        let old_at = self.rotated_at.plus(policy.rotate_after);
        let regular = if self.is_reminded || old_at <= now { now.plus(policy.rotate_after) } else { old_at };
        self.expires_at.map_or(regular, |end| if end > now { end.min(regular) } else { now })
    }
}

/// A field of a key is not acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// The name.
    #[error("must be 1 to {NAME_CHARS} characters without control characters")]
    Name,
    /// The description.
    #[error("must be at most {DESCRIPTION_CHARS} characters without control characters")]
    Description,
    /// A scope that does not exist.
    #[error("every scope is a resource and an action, such as metrics:read, and there is at least one")]
    Scopes,
    /// An end that is over.
    #[error("must be in the future")]
    Expiry,
    /// A network that is none, or too many.
    #[error("must be at most {NETWORKS_MAX} addresses or networks, such as 203.0.113.7 or 10.0.0.0/8")]
    Networks,
    /// Numbers that make no limit.
    #[error("must be 1 to 1000000 requests in 1 to 86400 seconds")]
    Rate,
    /// A time too long for an old secret.
    #[error("must be at most 7 days")]
    Grace,
}

impl KeyFault {
    /// The field's name in requests.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Description => "description",
            Self::Scopes => "scopes",
            Self::Expiry => "expires_at",
            Self::Networks => "ip_allowlist",
            Self::Rate => "rate_limit",
            Self::Grace => "grace_seconds",
        }
    }
}

/// Reads a name, outer space removed.
pub fn parse_name(text: &str) -> Result<String, KeyFault> {
    let text = text.trim();
    if text.is_empty() { Err(KeyFault::Name) } else { line(text, NAME_CHARS).ok_or(KeyFault::Name) }
}

/// Reads a description, outer space removed; it may be empty.
pub fn parse_description(text: &str) -> Result<String, KeyFault> {
    line(text.trim(), DESCRIPTION_CHARS).ok_or(KeyFault::Description)
}

fn line(text: &str, chars_max: usize) -> Option<String> {
    let is_short = text.chars().take(chars_max + 1).count() <= chars_max;
    (is_short && !text.chars().any(is_invisible)).then(|| text.to_owned())
}

/// Reads scopes; at least one.
pub fn parse_scopes<T: AsRef<str>>(texts: &[T]) -> Result<Vec<Scope>, KeyFault> {
    let scopes = permission::parse_scopes(texts).map_err(|_| KeyFault::Scopes)?;
    if scopes.is_empty() { Err(KeyFault::Scopes) } else { Ok(scopes) }
}

/// Reads a list of addresses and networks. One bad entry refuses all of it: a list with a hole is no list (R54).
pub fn parse_networks<T: AsRef<str>>(texts: &[T]) -> Result<Vec<IpNet>, KeyFault> {
    if texts.len() > NETWORKS_MAX {
        return Err(KeyFault::Networks);
    }
    let network = |text: &T| {
        let text = text.as_ref();
        let one = || text.parse::<IpAddr>().ok().map(|address| IpNet::from(address.to_canonical()));
        text.parse::<IpNet>()
            .ok()
            .filter(|network| network.trunc() == *network)
            .or_else(one)
            .ok_or(KeyFault::Networks)
    };
    texts.iter().map(network).collect()
}

#[cfg(test)]
mod tests;
