//! `[profiles]`: the dialects of other systems' clients. Knows none of them.

use super::reader::Reader;
use super::{DAY, MINUTE};
use crate::domain::profile::{Profile, ProfileRules};

/// A profile that is switched on, and its rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnabledProfile {
    /// Which.
    pub profile: Profile,
    /// Its rules.
    pub rules: ProfileRules,
}

/// The profiles that are switched on; all of them with `--dev`.
pub(super) fn read(reader: &mut Reader, is_dev: bool) -> Vec<EnabledProfile> {
    let enabled = Profile::ALL.into_iter().filter_map(|profile| {
        let key = |name: &str| format!("profiles.{profile}.{name}");
        let is_enabled = reader.switch(&key("enabled"));
        let rules = ProfileRules {
            access_ttl: reader.duration(&key("access_ttl"), MINUTE..=DAY),
            require_verified_email: reader.switch(&key("require_verified_email")),
            password: reader.choice(&key("password_policy")),
        };
        (is_enabled || is_dev).then_some(EnabledProfile { profile, rules })
    });
    enabled.collect()
}
