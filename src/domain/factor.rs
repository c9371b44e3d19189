//! A second factor: time-based codes (RFC 6238) and the backup codes beside them. Knows no key and no clock.
//!
//! ## Decision: a step is used once, and steps only go on
//! A code is good for 90 seconds, so whoever sees one typed could type it again. The last accepted step is kept with
//! the factor, and only a later one is accepted (RFC 6238, section 5.2). A clock that was set back revives nothing:
//! until it has caught up, a backup code is the way in.

use std::time::Duration;

use super::role::{Role, Roles};
use super::time::Timestamp;
use super::user::is_invisible;

/// How long a code is shown: one step.
pub const STEP: Duration = Duration::from_secs(30);

/// Steps before and after the present one whose codes are taken: for slow typing and clocks that are off (R46).
pub const SKEW_STEPS: u64 = 1;

/// How far apart a code may be to be told from one that is merely wrong.
const SKEWED_STEPS: u64 = 6;

/// How long an enrolment waits for its first code.
pub const ENROLMENT_TTL: Duration = Duration::from_secs(3_600);

/// How long whoever registered may switch the new account's factor on without a login.
pub const FIRST_ENROLMENT_TTL: Duration = Duration::from_secs(900);

/// How long a login waits for its second step.
pub const PENDING_LOGIN_TTL: Duration = Duration::from_secs(300);

/// Wrong codes that one waiting login takes.
pub const PENDING_LOGIN_TRIES: u8 = 5;

/// Wrong codes of one account in any [`WRONG_CODES_WINDOW`], over all its logins and sessions (R47).
pub const WRONG_CODES_MAX: usize = 20;

/// See [`WRONG_CODES_MAX`].
pub const WRONG_CODES_WINDOW: Duration = Duration::from_secs(3_600);

/// Longest issuer, in characters.
pub const ISSUER_CHARS: usize = 64;

/// Whether authenticator apps can show `text` as issuer: the label of an otpauth URI parts issuer and account by a colon.
pub fn is_issuer(text: &str) -> bool {
    (1..=ISSUER_CHARS).contains(&text.chars().count())
        && !text.contains(|c: char| c == ':' || is_invisible(c))
}

/// The keyed hash of a backup code.
pub type BackupHash = [u8; 32];

/// The rules of second factors that an operator may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactorPolicy {
    /// The name that authenticator apps show. Without a colon.
    pub issuer: String,
    /// Roles that may administer nothing without a second factor.
    pub required_for: Vec<Role>,
    /// Whether owners may see their own valid codes.
    pub debug_codes: bool,
    /// What backup codes look like.
    pub backup_codes: BackupCodeFormat,
    /// Whether the code that confirms an enrolment is used up by it.
    pub enrolment_burns_step: bool,
}

impl Default for FactorPolicy {
    /// The shipped rules.
    fn default() -> Self {
        Self {
            issuer: "Latchkey".to_owned(),
            required_for: Vec::new(),
            debug_codes: true,
            backup_codes: BackupCodeFormat::default(),
            enrolment_burns_step: true,
        }
    }
}

impl FactorPolicy {
    /// Whether an account that holds `roles`, or inherits from them, must have a second factor.
    pub fn requires(&self, roles: Roles) -> bool {
        self.required_for.iter().any(|role| roles.contains(*role))
    }
}

/// What a set of backup codes looks like. Every verifier takes every format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BackupCodeFormat {
    /// 5 codes `XXXX-XXXX-XXXX-XXXX`.
    #[default]
    Grouped,
    /// 8 codes of 8 letters and digits.
    Alphanumeric,
    /// 10 codes of 8 digits.
    Digits,
}

impl BackupCodeFormat {
    /// How many codes a set has.
    pub const fn count(self) -> usize {
        match self {
            Self::Grouped => 5,
            Self::Alphanumeric => 8,
            Self::Digits => 10,
        }
    }

    /// How many characters a code has, dashes not counted.
    pub const fn chars(self) -> usize {
        match self {
            Self::Grouped => 16,
            Self::Alphanumeric | Self::Digits => 8,
        }
    }

    /// After how many characters a dash stands.
    pub const fn group(self) -> usize {
        match self {
            Self::Grouped => 4,
            Self::Alphanumeric | Self::Digits => 8,
        }
    }

    /// The characters. Letters and digits that look alike (I and 1, O and 0) are left out together.
    pub const fn alphabet(self) -> &'static [u8] {
        match self {
            Self::Grouped | Self::Alphanumeric => b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ",
            Self::Digits => b"0123456789",
        }
    }
}

/// The time-based factor of an account, waiting for its first code or on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factor {
    /// The secret, sealed to its row. No two seals are equal, so it also names the enrolment.
    pub sealed_secret: Vec<u8>,
    /// When the enrolment began.
    pub started_at: Timestamp,
    /// When its first code came; `None` until then, and then it is of no effect.
    pub confirmed_at: Option<Timestamp>,
    /// The last step whose code was accepted.
    pub last_step: Option<u64>,
    /// The backup codes that are left.
    pub backup_codes: Vec<BackupHash>,
}

impl Factor {
    /// Whether a login asks for it.
    pub const fn is_on(&self) -> bool {
        self.confirmed_at.is_some()
    }

    /// Whether it still waits for its first code at `now`.
    pub fn is_pending(&self, now: Timestamp) -> bool {
        !self.is_on() && now < self.started_at.plus(ENROLMENT_TTL)
    }

    /// Accepts the code of `step`, if no code of it or of a later one was accepted before.
    pub fn accept_step(&mut self, step: u64) -> bool {
        let is_later = self.last_step.is_none_or(|last| step > last);
        if is_later {
            self.last_step = Some(step);
        }
        is_later
    }

    /// Uses up a backup code; answers how many are left. The hashes are keyed, so `==` tells a stranger nothing.
    pub fn take_backup_code(&mut self, hash: &BackupHash) -> Option<usize> {
        let at = self.backup_codes.iter().position(|known| known == hash)?;
        self.backup_codes.remove(at);
        Some(self.backup_codes.len())
    }
}

/// The step at `now`; the first one before 1970.
pub fn step_at(now: Timestamp) -> u64 {
    u64::try_from(now.seconds()).unwrap_or(0) / STEP.as_secs()
}

/// The steps whose codes are taken at `now`, earliest first.
pub fn steps_at(now: Timestamp) -> impl Iterator<Item = u64> {
    let step = step_at(now);
    step.saturating_sub(SKEW_STEPS)..=step.saturating_add(SKEW_STEPS)
}

/// The steps around those, up to three minutes apart from `now`: what a device with a wrong clock may show.
pub fn skewed_steps_at(now: Timestamp) -> impl Iterator<Item = u64> {
    let step = step_at(now);
    let (before, after) = (step.saturating_sub(SKEWED_STEPS), step.saturating_add(SKEWED_STEPS));
    (before..=after).filter(move |other| other.abs_diff(step) > SKEW_STEPS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn factor() -> Factor {
        Factor {
            sealed_secret: vec![1],
            started_at: NOW,
            confirmed_at: None,
            last_step: None,
            backup_codes: vec![[1; 32], [2; 32], [3; 32]],
        }
    }

    #[test]
    fn an_enrolment_waits_an_hour_and_is_on_once_confirmed() {
        let almost = NOW.plus(ENROLMENT_TTL).minus(Duration::from_millis(1));
        assert!(factor().is_pending(almost) && !factor().is_pending(NOW.plus(ENROLMENT_TTL)));
        let on = Factor { confirmed_at: Some(NOW), ..factor() };
        assert!(on.is_on() && !on.is_pending(NOW) && !factor().is_on());
    }

    #[test]
    fn an_issuer_is_short_and_parted_from_the_account_by_the_one_colon() {
        assert!(is_issuer("Pynomaly Security") && is_issuer("Söhne") && is_issuer(&"x".repeat(64)));
        for bad in ["", "a:b", "a\nb", "a\u{202e}b", &"x".repeat(65)] {
            assert!(!is_issuer(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_backup_code_is_taken_once() {
        let mut factor = factor();
        assert_eq!(factor.take_backup_code(&[2; 32]), Some(2));
        assert_eq!(factor.take_backup_code(&[2; 32]), None);
        assert_eq!(factor.take_backup_code(&[9; 32]), None);
        assert_eq!(
            (factor.take_backup_code(&[1; 32]), factor.take_backup_code(&[3; 32])),
            (Some(1), Some(0))
        );
    }

    #[test]
    fn the_window_is_one_step_to_each_side_and_ends_at_the_ends_of_time() {
        let steps = |at| steps_at(at).collect::<Vec<_>>();
        assert_eq!(steps(Timestamp::from_seconds(59)), [0, 1, 2]);
        assert_eq!(steps(Timestamp::from_seconds(60)), [1, 2, 3]);
        assert_eq!(steps(Timestamp::from_seconds(-1)), [0, 1]);
        assert_eq!(steps(Timestamp::from_millis(i64::MAX)).len(), 3);
    }

    #[test]
    fn every_format_is_made_of_what_it_says() {
        for (format, count, chars) in [
            (BackupCodeFormat::Grouped, 5, 16),
            (BackupCodeFormat::Alphanumeric, 8, 8),
            (BackupCodeFormat::Digits, 10, 8),
        ] {
            assert_eq!((format.count(), format.chars()), (count, chars));
            assert!(format.alphabet().iter().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase()));
        }
    }

    proptest! {
        /// R45, against the plainest model: a step is accepted when it is later than all accepted before.
        #[test]
        fn accepted_steps_only_go_on(steps in proptest::collection::vec(0_u64..20, 0..60)) {
            let (mut factor, mut accepted) = (factor(), Vec::new());
            for step in steps {
                let expected = accepted.iter().all(|earlier| step > *earlier);
                prop_assert_eq!(factor.accept_step(step), expected);
                if expected {
                    accepted.push(step);
                }
            }
        }
    }
}
