//! The policy of a profile: the operator's rules, and where its guide sets other values, those. Knows no wire.

pub mod trading;

use std::time::Duration;

use super::Policy;
use crate::crypto::KeyPrefix;
use crate::domain::cookie::{self, CookiePolicy, OverMax, SameSite};
use crate::domain::factor::{BackupCodeFormat, FactorPolicy};
use crate::domain::permission::Permission;
use crate::domain::profile::{Profile, ProfileRules};
use crate::domain::session::Rotation;

/// How long the reset link of the trading guide lives (X19).
const TRADING_RESET_TTL: Duration = Duration::from_secs(86_400);

/// Cookie sessions of the trading guide: T30 to T35.
const TRADING_COOKIES: CookiePolicy = CookiePolicy {
    name: cookie::TRADING_NAME,
    idle_ttl: Duration::from_secs(86_400),
    absolute_ttl: Duration::from_secs(7 * 86_400),
    max: 5,
    over_max: OverMax::Refuse,
    bind_network: true,
    bind_agent: true,
    same_site: SameSite::Strict,
};

impl Policy {
    /// These rules as `profile` has them. What its guide does not speak of stays as the operator set it.
    #[must_use]
    pub fn of_profile(&self, profile: Profile, rules: &ProfileRules) -> Self {
        let mut policy = self.clone();
        policy.tokens.access_ttl = rules.access_ttl;
        policy.login.require_verified_email = rules.require_verified_email;
        policy.password.kind = rules.password;
        policy.claims = profile.claims();
        policy.factor = FactorPolicy {
            backup_codes: match profile {
                Profile::Governance | Profile::Scribes => BackupCodeFormat::Grouped,
                Profile::Cirtusai => BackupCodeFormat::Alphanumeric,
                Profile::Pynomaly | Profile::Trading => BackupCodeFormat::Digits,
            },
            // The guide's client logs in with the code that it has just confirmed with (X26).
            enrolment_burns_step: profile != Profile::Cirtusai,
            ..policy.factor
        };
        if profile == Profile::Governance {
            // G55: nothing is demanded of a password but its length.
            policy.password.block_common = false;
        } else {
            // The clients of the other guides never store a new refresh token (X18), and know no step-up.
            policy.tokens.rotation = Rotation::Lazy;
            policy.step_up_ttl = Duration::ZERO;
        }
        if profile == Profile::Pynomaly {
            // P11: keys are made by administrators, who are those that may see and revoke everybody's.
            policy.api_keys.made_with = Some(Permission::UsersUpdate);
        }
        if profile == Profile::Trading {
            policy.reset_ttl = TRADING_RESET_TTL;
            policy.cookies = TRADING_COOKIES;
            // Its sessions are bound to the place of their login: no cookie carries them to other hosts.
            policy.forward_auth = None;
            policy.api_keys.names_owner = true;
            "Trading System".clone_into(&mut policy.factor.issuer);
        }
        let prefix = match profile {
            Profile::Governance => Some("llm_gov_sk_"),
            Profile::Pynomaly => Some("pyn_"),
            Profile::Trading => Some("ts_"),
            Profile::Cirtusai | Profile::Scribes => None,
        };
        if let Some(prefix) = prefix.and_then(|prefix| KeyPrefix::parse(prefix).ok()) {
            policy.api_key_prefix = prefix;
        }
        policy
    }
}
