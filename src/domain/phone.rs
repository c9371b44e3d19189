//! Phone numbers as E.164 writes them. Knows nothing of who can be reached.

use std::fmt;

/// A phone number: `+`, a country code and the rest, 7 to 15 digits in all, the first not a zero. `Debug` shows its end
/// only.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneNumber(String);

/// The text is not a phone number in the one spelling that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be in international form, + and 7 to 15 digits, without spaces: +4915112345678")]
pub struct NotAPhoneNumber;

/// How many digits at the end are shown to people.
const SHOWN: usize = 4;

impl PhoneNumber {
    /// Reads a number. Spaces, dashes, brackets and a leading `00` are refused: each number has one spelling.
    pub fn parse(text: &str) -> Result<Self, NotAPhoneNumber> {
        let digits = text.strip_prefix('+').ok_or(NotAPhoneNumber)?;
        let is_number = (7..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        if is_number { Ok(Self(text.to_owned())) } else { Err(NotAPhoneNumber) }
    }

    /// The number as it is dialled, `+` included.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits alone.
    pub fn digits(&self) -> &str {
        self.0.trim_start_matches('+')
    }

    /// The number for people who know it: `*********5678`.
    pub fn masked(&self) -> String {
        self.hidden_by('*')
    }

    /// The same where a star cannot stand: `xxxxxxxxx5678`.
    pub fn masked_with_x(&self) -> String {
        self.hidden_by('x')
    }

    fn hidden_by(&self, mark: char) -> String {
        let (hidden, shown) = self.digits().split_at(self.digits().len().saturating_sub(SHOWN));
        hidden.chars().map(|_| mark).chain(shown.chars()).collect()
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_has_one_spelling() {
        for good in ["+4915112345678", "+12025550123", "+2904000", "+123456789012345"] {
            assert_eq!(PhoneNumber::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "+",
            "4915112345678",
            "004915112345678",
            "+049151123456",
            "+49 151 12345678",
            "+49-151-1234567",
            "+1 (202) 555-0123",
            "+123456",
            "+1234567890123456",
            "+49151123456a",
            "+\u{0664}9151123456",
            "+4915112345678\n",
            "++4915112345678",
            "+4915112345678;ext=1",
        ] {
            assert_eq!(PhoneNumber::parse(bad), Err(NotAPhoneNumber), "{bad:?}");
        }
    }

    #[test]
    fn people_see_the_end_alone() {
        let number = PhoneNumber::parse("+4915112345678").unwrap();
        assert_eq!((number.masked().as_str(), number.digits()), ("*********5678", "4915112345678"));
        assert_eq!(number.masked_with_x(), "xxxxxxxxx5678");
        assert_eq!(format!("{number:?}"), "PhoneNumber(*********5678)");
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_plus_and_digits(text in "\\PC{0,20}") {
            if let Ok(number) = PhoneNumber::parse(&text) {
                prop_assert!(number.digits().bytes().all(|byte| byte.is_ascii_digit()));
                prop_assert_eq!(number.masked().len(), number.digits().len());
            }
        }
    }
}
