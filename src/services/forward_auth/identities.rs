//! Signed identities of late: what an application was told of somebody is told again, as long as it is true. Knows no
//! rule.
//!
//! ## Decision: signed once for half of its life
//! An application asks on the way of each of its requests, and a signature by a curve costs more than everything else.
//! So a signed identity is handed out again until half of its time is over: whoever gets one has at least the other half
//! to verify it. It is compared with the account as it is, and with the key that signs now: nothing of it is ever old.

use std::fmt;
use std::sync::Arc;

use super::Identity;
use crate::domain::id::UserId;
use crate::domain::recent::Recent;
use crate::domain::time::Timestamp;
use crate::domain::user::User;

/// Most identities that are remembered: about 3 MB when they all are.
const IDENTITIES_MAX: usize = 2_000;

/// What was signed of late. One value, shared by all requests.
pub struct Identities(Recent<Whose, Option<Signed>>);

/// Who is told of, to which host, and whether they came with a key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Whose {
    pub(super) user: UserId,
    pub(super) host: String,
    pub(super) is_key: bool,
}

/// An identity, and what it was made of.
pub(super) struct Signed {
    pub(super) user: User,
    pub(super) kid: String,
    /// From when and until when it is handed out.
    pub(super) span: (Timestamp, Timestamp),
    pub(super) identity: Arc<Identity>,
}

impl Default for Identities {
    fn default() -> Self {
        Self(Recent::new(IDENTITIES_MAX))
    }
}

impl Identities {
    /// What was signed, if `user` is still the same, the key `kid` signs, and `now` is within its time.
    pub(super) fn find(
        &self,
        whose: &Whose,
        user: &User,
        kid: &str,
        now: Timestamp,
    ) -> Option<Arc<Identity>> {
        let found = self.0.look(whose, |signed| {
            let signed = signed.as_ref()?;
            let (from, until) = signed.span;
            let is_good = signed.user == *user && signed.kid == kid && from <= now && now < until;
            is_good.then(|| signed.identity.clone())
        });
        found.flatten()
    }

    pub(super) fn keep(&self, whose: Whose, signed: Signed) {
        self.0.with(whose, |slot| *slot = Some(signed));
    }
}

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identities")
    }
}
