//! What a password must be, and in which words one is refused. Knows nothing of hashing.

/// Fewest characters of a password, in Unicode scalar values after NFC (SP 800-63B-4, 3.1.1.2).
pub const PASSWORD_CHARS_MIN: usize = 8;

/// Most characters of a password, in Unicode scalar values after NFC. A longer one is refused, never cut.
pub const PASSWORD_CHARS_MAX: usize = 128;

/// What is asked of a password, apart from its former use. Which of these count is the policy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordRule {
    /// It has [`PASSWORD_CHARS_MIN`] to [`PASSWORD_CHARS_MAX`] characters. Holds under every policy.
    Length,
    /// It has an uppercase letter.
    Uppercase,
    /// It has a lowercase letter.
    Lowercase,
    /// It has a digit.
    Digit,
    /// It has a character that is neither letter nor digit.
    Special,
    /// It holds none of the words that guessers begin with.
    NoCommonPatterns,
    /// It is none of the passwords known from breaches.
    NotInBreachedList,
    /// It is more than a word that everybody knows of its owner or of this server. Holds under every policy.
    NotContext,
}

impl PasswordRule {
    /// Every rule, in the order in which they are told.
    pub const ALL: [Self; 8] = [
        Self::Length,
        Self::Uppercase,
        Self::Lowercase,
        Self::Digit,
        Self::Special,
        Self::NoCommonPatterns,
        Self::NotInBreachedList,
        Self::NotContext,
    ];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Uppercase => "uppercase",
            Self::Lowercase => "lowercase",
            Self::Digit => "digit",
            Self::Special => "special",
            Self::NoCommonPatterns => "no_common_patterns",
            Self::NotInBreachedList => "not_in_breached_list",
            Self::NotContext => "not_context",
        }
    }
}

/// Why a password is refused. The text follows the name of the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// Fewer than [`PASSWORD_CHARS_MIN`] characters.
    #[error("must have at least 8 characters")]
    TooShort,
    /// More than [`PASSWORD_CHARS_MAX`] characters.
    #[error("must have at most 128 characters")]
    TooLong,
    /// No uppercase letter.
    #[error("must have an uppercase letter")]
    NoUppercase,
    /// No lowercase letter.
    #[error("must have a lowercase letter")]
    NoLowercase,
    /// No digit.
    #[error("must have a digit")]
    NoDigit,
    /// Nothing but letters and digits.
    #[error("must have a character that is neither a letter nor a digit")]
    NoSpecial,
    /// One of the words that guessers begin with.
    #[error("must not contain a common word such as \"password\", \"qwerty\" or \"123456\"")]
    CommonPattern,
    /// Known from breaches.
    #[error("is one of the most common passwords, please choose another")]
    Breached,
    /// A public word and little more.
    #[error("is little more than your name, your address or the name of this service, please choose another")]
    Context,
}

impl PasswordFault {
    /// The rule that it breaks.
    pub const fn rule(self) -> PasswordRule {
        match self {
            Self::TooShort | Self::TooLong => PasswordRule::Length,
            Self::NoUppercase => PasswordRule::Uppercase,
            Self::NoLowercase => PasswordRule::Lowercase,
            Self::NoDigit => PasswordRule::Digit,
            Self::NoSpecial => PasswordRule::Special,
            Self::CommonPattern => PasswordRule::NoCommonPatterns,
            Self::Breached => PasswordRule::NotInBreachedList,
            Self::Context => PasswordRule::NotContext,
        }
    }
}
