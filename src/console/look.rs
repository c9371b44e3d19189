//! How things are shown: theme, signs, and masks over names. Knows no view.

use std::cell::Cell;

use super::moment::Moment;
use super::safe::Safe;
use super::theme::Theme;

/// Handed to everything that draws.
#[derive(Debug)]
pub struct Look {
    /// The colours.
    pub theme: Theme,
    /// Only ASCII for lines and signs.
    pub ascii: bool,
    /// Names and addresses are replaced by stable pseudonyms, for a shared screen.
    pub masked: bool,
    /// Makes the pseudonyms of two consoles differ.
    pub salt: u64,
    /// The time ages are shown against.
    pub now: Moment,
    /// Rows built since the last reset. Held by a test: never more than fit.
    pub built: Cell<usize>,
}

impl Look {
    /// In `theme`, unmasked.
    pub const fn new(theme: Theme, ascii: bool, salt: u64) -> Self {
        let now = Moment::from_millis(0);
        Self { theme, ascii, masked: false, salt, now, built: Cell::new(0) }
    }

    /// The name of a person or an account.
    pub fn person(&self, name: &str) -> Safe {
        if self.masked { self.pseudonym("user", name) } else { Safe::name(name) }
    }

    /// A network address.
    pub fn place(&self, address: &str) -> Safe {
        if self.masked { self.pseudonym("ip", address) } else { Safe::new(address) }
    }

    /// An account by its id; the random end is enough to tell two apart.
    pub fn account(&self, id: &str) -> Safe {
        if self.masked { self.pseudonym("user", id) } else { short(id) }
    }

    /// How long ago the RFC 3339 time `at` was.
    pub fn age(&self, at: &str) -> Safe {
        let age = Moment::parse(at).map(|at| super::moment::brief(self.now.since(at)));
        Safe::new(age.as_deref().unwrap_or(at))
    }

    /// The time of day of an RFC 3339 time, to the millisecond.
    pub fn time(&self, at: &str) -> Safe {
        let is_utc = at.len() == 24 && at.ends_with('Z');
        Safe::new(at.get(11..23).filter(|_| is_utc).unwrap_or(at))
    }

    /// `fancy`, or `plain` where only ASCII is wanted.
    pub const fn sign(&self, fancy: &'static str, plain: &'static str) -> &'static str {
        if self.ascii { plain } else { fancy }
    }

    /// The same for the same text in one console.
    fn pseudonym(&self, kind: &str, text: &str) -> Safe {
        // FNV-1a: nobody is kept from guessing, a screen is kept from telling.
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325 ^ self.salt, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Safe::new(&format!("{kind}-{:05x}", hash & 0xf_ffff))
    }
}

/// The random end of an id: ids of one time begin alike.
pub fn short(id: &str) -> Safe {
    let start = id.char_indices().rev().nth(7).map_or(0, |(at, _)| at);
    if start == 0 { Safe::new(id) } else { Safe::new(&format!("..{}", id.get(start..).unwrap_or(id))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_is_stable_and_tells_nothing() {
        let mut look = Look::new(Theme::Mono, false, 7);
        assert_eq!(look.person("ada@example.com").as_str(), "ada@example.com");
        look.masked = true;
        let masked = look.person("ada@example.com");
        assert_eq!(masked, look.person("ada@example.com"));
        assert_ne!(masked, look.person("bob@example.com"));
        assert!(
            masked.as_str().starts_with("user-") && look.place("203.0.113.7").as_str().starts_with("ip-")
        );
    }

    #[test]
    fn times_are_shown_as_ages_and_times_of_day() {
        let mut look = Look::new(Theme::Mono, false, 7);
        look.now = Moment::parse("2026-11-21T12:41:07.000Z").unwrap();
        assert_eq!(look.age("2026-11-21T12:00:00.000Z").as_str(), "41m");
        assert_eq!(look.time("2026-11-21T12:00:00.123Z").as_str(), "12:00:00.123");
        assert_eq!((look.age("soon").as_str(), look.time("noon").as_str()), ("soon", "noon"));
    }
}
