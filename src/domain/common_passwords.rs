//! The passwords that everybody guesses first. Knows no policy. Source and licence: `assets/common_passwords.md`.
//!
//! ## Decision: a text inside the executable, searched where it lies
//! The list is sorted, so a search halves the text itself: nothing is read, parsed or allocated at the start, and
//! the pages that no search touches stay on disk. A search is 15 comparisons, beside the hash that follows nothing.

use std::cmp::Ordering;

const LIST: &str = include_str!("../../assets/common_passwords.txt");

/// Whether `folded`, in lower case, is on the list. Shorter ones than a password may be are not.
pub fn is_common(folded: &str) -> bool {
    let (mut rest, wanted) = (LIST.as_bytes(), folded.as_bytes());
    // The line around the middle of what is left; then the lines before it or those after it are left.
    while !rest.is_empty() {
        let (before, after) = rest.split_at(rest.len() / 2);
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let end = after.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| before.len() + at);
        let line = rest.get(start..end).unwrap_or_default();
        rest = match wanted.cmp(line) {
            Ordering::Equal => return true,
            Ordering::Less => rest.get(..start).unwrap_or_default(),
            Ordering::Greater => rest.get(end + 1..).unwrap_or_default(),
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use unicode_normalization::is_nfc;

    use super::*;
    use crate::domain::credential::{PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN};

    #[test]
    fn the_list_is_long_sorted_folded_and_holds_only_what_could_be_a_password() {
        let lines: Vec<_> = LIST.lines().collect();
        // The number that the documents name.
        assert_eq!(lines.len(), 17_950);
        assert!(lines.windows(2).all(|pair| pair[0].as_bytes() < pair[1].as_bytes()));
        for line in lines {
            assert!(is_nfc(line) && line.to_lowercase() == line, "{line}");
            assert!((PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&line.chars().count()), "{line}");
        }
        assert!(LIST.ends_with('\n') && !LIST.contains('\r'));
    }

    #[test]
    fn every_line_is_found_and_nothing_else() {
        for line in LIST.lines() {
            assert!(is_common(line), "{line}");
            assert!(!is_common(&format!("{line}\n")) && !is_common(&format!("{line}\0")), "{line}");
        }
        for other in [
            "",
            "\n",
            "password\npassword1",
            "a",
            "~~~~~~~~~~",
            "\u{e4}\u{e4}\u{e4}",
            "correct horse battery",
        ] {
            assert!(!is_common(other), "{other}");
        }
    }
}
