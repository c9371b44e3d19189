//! What a password must be. Knows nothing of hashing.

/// Fewest characters of a password, in Unicode scalar values after NFC (SP 800-63B-4, 3.1.1.2).
pub const PASSWORD_CHARS_MIN: usize = 8;

/// Most characters of a password, in Unicode scalar values after NFC. A longer one is refused, never cut.
pub const PASSWORD_CHARS_MAX: usize = 128;

/// Why a password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// Fewer than [`PASSWORD_CHARS_MIN`] characters.
    #[error("must have at least 8 characters")]
    TooShort,
    /// More than [`PASSWORD_CHARS_MAX`] characters.
    #[error("must have at most 128 characters")]
    TooLong,
}

/// Judges a password by its number of characters.
pub const fn check_length(chars: usize) -> Result<(), PasswordFault> {
    if chars < PASSWORD_CHARS_MIN {
        Err(PasswordFault::TooShort)
    } else if chars > PASSWORD_CHARS_MAX {
        Err(PasswordFault::TooLong)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_to_one_hundred_and_twenty_eight_characters_are_accepted() {
        let outcomes = [7, 8, 128, 129].map(check_length);
        assert_eq!(outcomes, [Err(PasswordFault::TooShort), Ok(()), Ok(()), Err(PasswordFault::TooLong)]);
    }
}
