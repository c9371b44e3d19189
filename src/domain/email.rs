//! The one grammar of a mail address. Knows nothing of accounts or of sending.
//!
//! ## Decision
//! An address is the dot-atom form of RFC 5321 in ASCII, and it is stored folded to lower case on both sides of
//! the `@`. RFC 5321 lets a host tell `Ada@` from `ada@`; no host that matters does, and two accounts that
//! differ only in case are a way to deceive. Quoted local parts, comments, address literals and Unicode are
//! refused, so an address has one spelling, fits every header unchanged, and has no Unicode twin.

use std::fmt;
use std::str::FromStr;

/// The longest address, in bytes (the path of RFC 5321 without its angle brackets).
pub const MAX_ADDRESS: usize = 254;
/// The longest part before the `@`, in bytes.
pub const MAX_LOCAL: usize = 64;
const MAX_LABEL: usize = 63;

/// A mail address that keeps the grammar, in lower case. Prints as it is; it is personal data, so log the
/// account's id instead.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress {
    text: String,
    at: usize,
}

/// Why a text is not a mail address. Names the rule, never the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// There is not exactly one `@`.
    #[error("an email address has exactly one @")]
    At,
    /// Over 254 bytes, or over 64 before the `@`.
    #[error("an email address has at most 254 characters, 64 of them before the @")]
    TooLong,
    /// The part before the `@` is not a dot-atom.
    #[error("before the @ stand letters, digits, single dots between them and !#$%&'*+-/=?^_`{{|}}~")]
    Local,
    /// The part after the `@` is not a host name with a dot (or `localhost`).
    #[error("after the @ stands a domain name such as example.com")]
    Domain,
}

impl EmailAddress {
    /// Reads an address. Nothing is trimmed: a space, comma, quote, line break or non-ASCII letter anywhere is
    /// an error.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        if text.len() > MAX_ADDRESS {
            return Err(EmailError::TooLong);
        }
        let (local, domain) = text.split_once('@').ok_or(EmailError::At)?;
        if domain.contains('@') {
            return Err(EmailError::At);
        }
        if local.len() > MAX_LOCAL {
            return Err(EmailError::TooLong);
        }
        if !local.split('.').all(is_atom) {
            return Err(EmailError::Local);
        }
        if !is_domain(domain) {
            return Err(EmailError::Domain);
        }
        Ok(Self { at: local.len(), text: text.to_ascii_lowercase() })
    }

    /// From a verified row: what was written there was read by [`EmailAddress::parse`] before, and this is on the
    /// way of every request.
    pub(crate) fn stored(text: String) -> Option<Self> {
        let at = text.find('@')?;
        Some(Self { text, at })
    }

    /// An address that gets no mail: for work that must not tell whether there is an account.
    pub fn of_nobody() -> Self {
        Self { text: "nobody@localhost".to_owned(), at: "nobody".len() }
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part before the `@`.
    pub fn local(&self) -> &str {
        self.text.get(..self.at).unwrap_or_default()
    }

    /// The part after the `@`.
    pub fn domain(&self) -> &str {
        self.text.get(self.at + 1..).unwrap_or_default()
    }
}

impl FromStr for EmailAddress {
    type Err = EmailError;

    fn from_str(text: &str) -> Result<Self, EmailError> {
        Self::parse(text)
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmailAddress(..@{})", self.domain())
    }
}

/// The `atext` of RFC 5322, at least one.
fn is_atom(atom: &str) -> bool {
    let is_atext = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    !atom.is_empty() && atom.bytes().all(is_atext)
}

/// A last label of digits alone would be an IPv4 address, which is no domain.
fn is_domain(domain: &str) -> bool {
    if domain.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let last = domain.rsplit('.').next().unwrap_or_default();
    domain.contains('.') && domain.split('.').all(is_label) && !last.bytes().all(|b| b.is_ascii_digit())
}

/// A letter-digit-hyphen label of RFC 1123.
pub(super) fn is_label(label: &str) -> bool {
    let ends_well = !label.starts_with('-') && !label.ends_with('-');
    (1..=MAX_LABEL).contains(&label.len())
        && ends_well
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordinary_addresses_are_read_and_folded() {
        let ada = EmailAddress::parse("Ada.Lovelace+math@Example.COM").unwrap();
        assert_eq!(ada.as_str(), "ada.lovelace+math@example.com");
        assert_eq!((ada.local(), ada.domain()), ("ada.lovelace+math", "example.com"));
        for good in ["a@localhost", "x@xn--bcher-kva.example", "o'neil@a.b-c.d1", "!#$%&'*+-/=?^_`{|}~@a.bc"]
        {
            assert!(EmailAddress::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn everything_clever_is_refused() {
        let local = format!("{}@example.com", "a".repeat(65));
        let label = format!("a@{}.com", "b".repeat(64));
        let long = format!("a@{}.com", "b.".repeat(126));
        let bad = [
            "",
            "@",
            "a",
            "a@",
            "@example.com",
            "a@b@example.com",
            "a b@example.com",
            " a@example.com",
            "a@example.com ",
            "a@example.com.",
            "a@.example.com",
            "a@exa..mple.com",
            "a@com",
            "a@-x.com",
            "a@x-.com",
            ".a@example.com",
            "a.@example.com",
            "a..b@example.com",
            "\"a\"@example.com",
            "a(c)@example.com",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a@[IPv6:::1]",
            "a@example.com,b@example.com",
            "a@example.com;b",
            "a@example.com\r\nBcc: b@example.com",
            "a\n@example.com",
            "<a@example.com>",
            "Ada <a@example.com>",
            "\u{430}da@example.com",
            "ada@ex\u{430}mple.com",
            "a@example.com\0",
            "a@b\u{ff0e}com",
            "\u{212a}@a.bc",
            "a@exa_mple.com",
            local.as_str(),
            label.as_str(),
            long.as_str(),
        ];
        for text in bad {
            assert!(EmailAddress::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn debug_keeps_the_person_out_of_logs() {
        let ada = EmailAddress::parse("ada@example.com").unwrap();
        assert_eq!(format!("{ada:?}"), "EmailAddress(..@example.com)");
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_plain_ascii_with_one_spelling(text in "\\PC{0,40}|[a-zA-Z.+'@-]{1,300}") {
            if let Ok(address) = EmailAddress::parse(&text) {
                let plain = |b: u8| b.is_ascii_graphic() && !b"\"(),:;<>[\\]".contains(&b);
                prop_assert!(address.as_str().bytes().all(plain));
                prop_assert_eq!(EmailAddress::parse(&text.to_ascii_uppercase()).unwrap(), address.clone());
                prop_assert_eq!(EmailAddress::parse(address.as_str()).unwrap(), address.clone());
                prop_assert_eq!(format!("{}@{}", address.local(), address.domain()), address.to_string());
            }
        }

        #[test]
        fn every_dot_atom_at_every_domain_is_read(
            local in "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]{1,20}(\\.[a-z0-9]{1,9}){0,3}",
            domain in "([a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?\\.){1,4}[a-z]{2,12}",
        ) {
            let text = format!("{local}@{domain}");
            prop_assert!(EmailAddress::parse(&text).is_ok(), "{}", text);
        }

        #[test]
        fn one_foreign_character_anywhere_spoils_an_address(
            at in 0usize..16, intruder in "[ ,;:<>()\\[\\]\\\\\"\r\n\t\u{0}\u{7f}\u{80}-\u{ffff}]",
        ) {
            let mut text = String::from("ada@example.com");
            text.insert_str(at.min(text.len()), &intruder);
            prop_assert!(EmailAddress::parse(&text).is_err(), "{:?}", text);
        }
    }
}
