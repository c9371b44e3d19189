//! Accounts: what they are, which names they answer to, and which names are allowed.
//!
//! ## Decision
//! Identifiers are ASCII: an email address or a username, unique across both without regard to case.
//! What a person types at login is folded once (NFKC, lower case, invisible characters and outer
//! space and dots removed), and the folded text names the guessing budget, so no spelling buys extra
//! guesses. An account is found only when the typed text itself is ASCII and differs from the folded
//! text in case and outer space alone: a look-alike in another script never reaches anybody.

use std::fmt;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization;

use super::email::EmailAddress;
use super::id::{RoleId, UserId};
use super::permission::Scope;
use super::role::Role;
use super::time::Timestamp;

/// Shortest and longest display name, in Unicode scalar values.
pub const NAME_CHARS: (usize, usize) = (2, 100);

/// Longest username, in characters.
pub const USERNAME_CHARS_MAX: usize = 50;

/// Longest derived username: a number of ten digits and its dash still fit behind it.
const DERIVED_CHARS_MAX: usize = USERNAME_CHARS_MAX - 11;

/// Longest text that is considered as an identifier at login, in bytes; a longer one names nobody.
pub const IDENTIFIER_BYTES_MAX: usize = 320;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Names the account, for ever.
    pub id: UserId,
    /// A second, numeric name: 31 random bits, for clients that want an integer.
    pub number: u32,
    /// Where mail goes.
    pub email: EmailAddress,
    /// The short name.
    pub username: Username,
    /// The display name.
    pub name: DisplayName,
    /// Whether the account may be used.
    pub status: Status,
    /// When the owner proved the address; `None` until then. A fact apart from the status.
    pub email_verified_at: Option<Timestamp>,
    /// The built-in roles held.
    pub roles: Vec<Role>,
    /// The custom roles held.
    pub custom_roles: Vec<RoleId>,
    /// What the account may do beside its roles, as it was given.
    pub permissions: Vec<Scope>,
    /// A session is alive only while it carries this number: raising it ends them all at once.
    pub session_epoch: u32,
    /// The same for API keys: it rises when the account is switched off.
    pub key_epoch: u32,
    /// Whether a login asks for a second factor.
    pub has_factor: bool,
    /// When the account was made.
    pub created_at: Timestamp,
}

/// Whether an account may be used.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Status {
    /// Registered, address not proved yet.
    Pending,
    /// In use.
    Active,
    /// Switched off by an administrator.
    Inactive,
    /// Switched off by an administrator, for cause.
    Suspended,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Active, Self::Inactive, Self::Suspended];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Suspended => "suspended",
        }
    }

    /// Whether tokens of the account work.
    pub const fn is_usable(self) -> bool {
        match self {
            Self::Pending | Self::Active => true,
            Self::Inactive | Self::Suspended => false,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a status; the statuses are pending, active, inactive and suspended")]
pub struct NotAStatus;

impl FromStr for Status {
    type Err = NotAStatus;

    fn from_str(text: &str) -> Result<Self, NotAStatus> {
        Self::ALL.into_iter().find(|status| status.name() == text).ok_or(NotAStatus)
    }
}

/// A username: 1 to 50 ASCII letters, digits, `.`, `_` and `-`, starting and ending with a letter
/// or digit. Its case is kept for show and ignored for comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username(String);

/// The text is no username.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 50 letters, digits, '.', '_' or '-', starting and ending with a letter or digit")]
pub struct NotAUsername;

impl Username {
    /// Reads a username as it stands; nothing is trimmed or repaired.
    pub fn parse(text: &str) -> Result<Self, NotAUsername> {
        let edge = |c: Option<&u8>| c.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = text.as_bytes();
        let fits = bytes.len() <= USERNAME_CHARS_MAX && bytes.iter().all(|c| is_username_byte(*c));
        if fits && edge(bytes.first()) && edge(bytes.last()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAUsername)
        }
    }

    /// From a verified row: what was written there was read by [`Username::parse`] before.
    pub(crate) const fn stored(text: String) -> Self {
        Self(text)
    }

    /// A name for an account that gave none: the local part of its address, with `-` for `+` and
    /// without what a username may not have; `user` when nothing is left.
    pub fn derived(email: &EmailAddress) -> Self {
        let local = email.local().replace('+', "-");
        let kept: String =
            local.bytes().filter(|c| is_username_byte(*c)).take(DERIVED_CHARS_MAX).map(char::from).collect();
        let base = kept.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        Self(if base.is_empty() { "user".to_owned() } else { base.to_owned() })
    }

    /// This derived name made unique by the account's number.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        Self(format!("{}-{number}", self.0))
    }

    /// The name as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that is unique: ASCII lower case.
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

/// A display name: 2 to 100 characters, none of them a control character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisplayName(String);

/// The text is no display name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 2 to 100 characters without control characters")]
pub struct NotAName;

impl DisplayName {
    /// Reads a name, outer space removed.
    pub fn parse(text: &str) -> Result<Self, NotAName> {
        let text = text.trim();
        let (min, max) = NAME_CHARS;
        let length = text.chars().take(max + 1).count();
        if (min..=max).contains(&length) && !text.chars().any(is_invisible) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAName)
        }
    }

    /// From a verified row: what was written there was read by [`DisplayName::parse`] before.
    pub(crate) const fn stored(text: String) -> Self {
        Self(text)
    }

    /// The name of somebody who gave none: the username, twice over when it is a single letter.
    pub fn from_username(username: &Username) -> Self {
        let name = username.as_str();
        Self(if name.len() < NAME_CHARS.0 { name.repeat(NAME_CHARS.0) } else { name.to_owned() })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What somebody typed to say who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identifier {
    folded: String,
    exact: bool,
}

impl Identifier {
    /// Folds what was typed. Every text is accepted; most name nobody.
    pub fn typed(text: &str) -> Self {
        let within = (0..=IDENTIFIER_BYTES_MAX).rev().find_map(|end| text.get(..end.min(text.len())));
        let folded: String = within.unwrap_or_default().nfkc().flat_map(char::to_lowercase).nfkc().collect();
        let folded: String = folded.chars().filter(|c| !is_invisible(*c)).collect();
        let folded = folded.trim_matches(|c: char| c.is_whitespace() || c == '.').to_owned();
        let exact = text.len() <= IDENTIFIER_BYTES_MAX && text.trim_ascii().to_ascii_lowercase() == folded;
        Self { folded, exact: exact && text.is_ascii() }
    }

    /// The key of the account to look up; `None` when no account can have this name.
    pub fn key(&self) -> Option<&str> {
        if self.exact && !self.folded.is_empty() { Some(&self.folded) } else { None }
    }

    /// The text that names the guessing budget: one for all spellings that look alike.
    pub fn budget(&self) -> &str {
        &self.folded
    }
}

fn is_username_byte(c: u8) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-')
}

/// Control characters, and format characters that show nothing (zero width, direction marks, fillers).
pub(super) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// An account for tests: Ada, active, proved, a developer.
#[cfg(test)]
pub(crate) fn ada() -> User {
    User {
        id: UserId::from_bytes([0xad; 16]),
        number: 1,
        email: EmailAddress::parse("ada@example.com").unwrap(),
        username: Username::parse("ada").unwrap(),
        name: DisplayName::parse("Ada").unwrap(),
        status: Status::Active,
        email_verified_at: Some(Timestamp::EPOCH),
        roles: vec![Role::Developer],
        custom_roles: Vec::new(),
        permissions: Vec::new(),
        session_epoch: 0,
        key_epoch: 0,
        has_factor: false,
        created_at: Timestamp::EPOCH,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_share_a_budget() {
        let spellings = [
            "ada@example.com",
            " ADA@example.com ",
            "ada@example.com.",
            "\u{ff41}da@example.com",
            "ad\u{200b}a@example.com",
            "ada@example.com\0",
        ];
        for spelling in spellings {
            assert_eq!(Identifier::typed(spelling).budget(), "ada@example.com", "{spelling:?}");
        }
    }

    #[test]
    fn only_ascii_that_differs_in_case_and_outer_space_finds_an_account() {
        assert_eq!(Identifier::typed(" Ada ").key(), Some("ada"));
        for nobody in ["\u{ff41}da", "ad\u{200b}a", "ada\0", "ada.", "", " ", "\u{212a}im", "a\u{430}a"] {
            assert_eq!(Identifier::typed(nobody).key(), None, "{nobody:?}");
        }
    }

    #[test]
    fn an_endless_identifier_names_nobody() {
        let long = "a".repeat(1_000_000);
        let identifier = Identifier::typed(&long);
        assert_eq!(identifier.key(), None);
        assert!(identifier.budget().len() <= IDENTIFIER_BYTES_MAX);
        // The cut falls inside a character, and each becomes 18.
        let unfolded = Identifier::typed(&"\u{fdfa}".repeat(100_000));
        assert_eq!(unfolded.key(), None);
        assert!(unfolded.budget().chars().count() <= IDENTIFIER_BYTES_MAX / 3 * 18);
    }

    #[test]
    fn usernames_follow_their_grammar() {
        for good in ["a", "Ada.L-1_x", &"a".repeat(50)] {
            assert!(Username::parse(good).is_ok(), "{good}");
        }
        for bad in ["", ".a", "a-", "a b", "a@b", "\u{e4}da", &"a".repeat(51)] {
            assert_eq!(Username::parse(bad), Err(NotAUsername), "{bad}");
        }
    }

    #[test]
    fn a_missing_username_comes_from_the_address() {
        let of = |email: &str| Username::derived(&EmailAddress::parse(email).unwrap());
        assert_eq!(of("ada.l+x@example.com").as_str(), "ada.l-x");
        assert_eq!(of("_@example.com").as_str(), "user");
        let longest = of(&format!("{}@example.com", "a".repeat(64))).numbered(u32::MAX);
        assert!(Username::parse(longest.as_str()).is_ok(), "{}", longest.as_str());
    }

    #[test]
    fn names_are_trimmed_and_show_no_control_characters() {
        assert_eq!(DisplayName::parse("  Ada Lovelace ").unwrap().as_str(), "Ada Lovelace");
        for bad in ["A", "", "a\nb", "a\u{202e}b", &"x".repeat(101)] {
            assert_eq!(DisplayName::parse(bad), Err(NotAName), "{bad:?}");
        }
    }
}
