//! Which passwords may be chosen. Knows nothing of hashing, and nothing of former passwords but how many count.
//!
//! ## Decision: a public word is judged by what is left beside it
//! A password may hold its owner's name or this server's; it is refused when it is little more than that. Password
//! and words are folded to lower case, letters and digits alone, so neither `Ada.Lovelace!` nor `ADA lovelace 1`
//! hides one. Everything that such words cover is struck out, and fewer than four letters or digits may not be all
//! that is left: they are a few thousand guesses away for whoever knows the owner.

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::common_passwords::is_common;
use super::credential::{PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, PasswordFault, PasswordRule};

/// Most former and present passwords that may be kept from being chosen again.
pub const HISTORY_MAX: usize = 24;

/// What guessers begin with, in lower case; the strict policy refuses a password that holds one, in any case.
const COMMON_PATTERNS: [&str; 8] =
    ["123456", "password", "qwerty", "abc123", "letmein", "admin", "welcome", "monkey"];

/// Breached ones that are too short for the list of the common ones, and so are found for a report alone.
const BREACHED_SHORT: [&str; 3] = ["123456", "qwerty", "abc123"];

/// As much of a name or address is read, in characters: the longest that an account has. What is checked comes
/// from strangers, so the work must not grow with it.
const TEXT_CHARS_MAX: usize = 254;

/// Shortest word that counts, in letters and digits: a shorter one is in too many passwords by chance.
const WORD_CHARS_MIN: usize = 3;

/// Shortest part of a name or address that counts by itself.
const PART_CHARS_MIN: usize = 4;

/// Fewest letters and digits beside public words.
const OWN_CHARS_MIN: usize = 4;

/// This server's own name.
const PRODUCT: &str = "latchkey";

/// Which passwords may be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// What is asked beside the length.
    pub kind: PolicyKind,
    /// Whether the common passwords are refused. The strict policy always refuses them.
    pub block_common: bool,
    /// How many of an account's last passwords, the present one included, cannot be chosen again; 0 to
    /// [`HISTORY_MAX`].
    pub history: usize,
}

impl Default for PasswordPolicy {
    /// Nothing beside the length; common passwords are refused; the last five cannot be chosen again.
    fn default() -> Self {
        Self { kind: PolicyKind::Basic, block_common: true, history: 5 }
    }
}

impl PasswordPolicy {
    /// What it asks for, for whoever chooses a password: one or two sentences.
    pub fn in_words(&self) -> String {
        let asks = match self.kind {
            PolicyKind::Basic => ". A long phrase of several words is best.",
            PolicyKind::Classes | PolicyKind::Strict => {
                ", among them an uppercase letter, a lowercase letter, a digit and a character of another kind."
            }
        };
        let last = match self.history {
            0 => String::new(),
            1 => " Not the password you have.".to_owned(),
            count => format!(" Not one of your last {count} passwords."),
        };
        format!("{PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters{asks}{last}")
    }
}

/// What is asked of a password beside its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PolicyKind {
    /// Nothing (SP 800-63B-4 advises against rules of composition).
    #[default]
    Basic,
    /// An uppercase letter, a lowercase letter, a digit and a special character.
    Classes,
    /// The classes, no common pattern, and not known from breaches.
    Strict,
}

impl PolicyKind {
    /// Every kind with its stable name.
    pub const ALL: [(&'static str, Self); 3] =
        [("basic", Self::Basic), ("classes", Self::Classes), ("strict", Self::Strict)];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Classes => "classes",
            Self::Strict => "strict",
        }
    }
}

/// What everybody may know of a password's owner and of the server: folded words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PublicWords(Vec<String>);

impl PublicWords {
    /// The words of these names and addresses, each whole and in parts; and the name of this product.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut words = Vec::new();
        for text in texts.into_iter().chain([PRODUCT]) {
            let end = text.char_indices().nth(TEXT_CHARS_MAX).map_or(text.len(), |(end, _)| end);
            let text = text.get(..end).unwrap_or_default();
            let local = text.rsplit_once('@').map(|(local, _)| local);
            for whole in [Some(text), local].into_iter().flatten() {
                add(&mut words, whole, WORD_CHARS_MIN);
            }
            for part in text.split(|c: char| !c.is_alphanumeric()) {
                add(&mut words, part, PART_CHARS_MIN);
            }
        }
        Self(words)
    }

    /// Whether these words are nearly all of a password.
    fn cover(&self, password: &str) -> bool {
        let folded = folded(password);
        let mut own = vec![true; folded.len()];
        for word in &self.0 {
            for (at, found) in folded.match_indices(word.as_str()) {
                own.iter_mut().skip(at).take(found.len()).for_each(|own| *own = false);
            }
        }
        let left = folded.char_indices().filter(|(at, _)| own.get(*at) == Some(&true)).count();
        left < OWN_CHARS_MIN && own.contains(&false)
    }
}

/// What a password is like, whatever the policy asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordReport {
    policy: PasswordPolicy,
    /// What is wrong, by the place of its rule in [`PasswordRule::ALL`].
    broken: [Option<PasswordFault>; 8],
}

impl PasswordReport {
    /// Each rule and whether the password keeps it, also the rules that the policy does not ask for.
    pub fn checks(&self) -> impl Iterator<Item = (PasswordRule, bool)> {
        PasswordRule::ALL.into_iter().zip(self.broken.map(|fault| fault.is_none()))
    }

    /// What is wrong under the policy; nothing when the password may be chosen.
    pub fn faults(&self) -> Vec<PasswordFault> {
        let broken = self.broken.into_iter().flatten();
        broken.filter(|fault| self.policy.asks_for(fault.rule())).collect()
    }
}

impl PasswordPolicy {
    /// Judges `password`, which is in normalisation form C, against every rule.
    pub fn check(&self, password: &str, words: &PublicWords) -> PasswordReport {
        let chars = password.chars().count();
        let lower = Zeroizing::new(password.to_lowercase());
        let has = |class: fn(char) -> bool| password.chars().any(class);
        let length = if chars < PASSWORD_CHARS_MIN {
            Some(PasswordFault::TooShort)
        } else if chars > PASSWORD_CHARS_MAX {
            Some(PasswordFault::TooLong)
        } else {
            None
        };
        let unless = |is_kept: bool, fault| (!is_kept).then_some(fault);
        let has_pattern = COMMON_PATTERNS.iter().any(|pattern| lower.contains(pattern));
        let is_breached = is_common(&lower) || BREACHED_SHORT.contains(&lower.as_str());
        let broken = [
            length,
            unless(has(char::is_uppercase), PasswordFault::NoUppercase),
            unless(has(char::is_lowercase), PasswordFault::NoLowercase),
            unless(has(char::is_numeric), PasswordFault::NoDigit),
            unless(has(|c| !c.is_alphanumeric()), PasswordFault::NoSpecial),
            unless(!has_pattern, PasswordFault::CommonPattern),
            unless(!is_breached, PasswordFault::Breached),
            // Too long for any account, so it need not be searched.
            unless(chars > PASSWORD_CHARS_MAX || !words.cover(password), PasswordFault::Context),
        ];
        PasswordReport { policy: *self, broken }
    }

    fn asks_for(&self, rule: PasswordRule) -> bool {
        use PasswordRule as Rule;
        match rule {
            Rule::Length | Rule::NotContext => true,
            Rule::Uppercase | Rule::Lowercase | Rule::Digit | Rule::Special => self.kind != PolicyKind::Basic,
            Rule::NoCommonPatterns => self.kind == PolicyKind::Strict,
            Rule::NotInBreachedList => self.kind == PolicyKind::Strict || self.block_common,
        }
    }
}

fn add(words: &mut Vec<String>, text: &str, chars_min: usize) {
    let word = folded(text);
    if word.chars().count() >= chars_min {
        words.push((*word).clone());
    }
}

/// Compatibility forms and case folded away, letters and digits alone.
fn folded(text: &str) -> Zeroizing<String> {
    // Room in advance: a growing string would leave copies of a password behind.
    let mut folded = Zeroizing::new(String::with_capacity(text.len() * 6));
    folded.extend(text.nfkc().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()));
    folded
}

#[cfg(test)]
mod tests;
