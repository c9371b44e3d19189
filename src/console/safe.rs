//! Text that may be shown: what others wrote, with everything that could move, hide or turn it made visible. Knows no
//! screen.
//!
//! ## Decision: a type at the edge, and visible instead of gone
//! Names and user agents are written by attackers. A terminal obeys a right-to-left override or a tag character that a
//! widget lets through, and dropping it silently would let `adm<202E>nimda` pass for another name. So whatever is drawn
//! is a [`Safe`], and what must not reach the terminal is spelled out as `<202E>`.

use std::fmt::Write;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Most characters of one text that are kept; nothing shown is longer.
const LENGTH_MAX: usize = 2_000;

/// Most combining marks on one character.
const MARKS_MAX: usize = 2;

/// The sign beside a name that mixes scripts.
pub const SUSPECT: &str = "~sp";

/// Text that changes nothing but the cells it is drawn in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Safe(String);

impl Safe {
    /// `text` with every dangerous character spelled out.
    pub fn new(text: &str) -> Self {
        // Nearly everything is plain.
        if text.len() <= LENGTH_MAX && text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_control()) {
            return Self(text.to_owned());
        }
        let mut safe = String::with_capacity(text.len());
        let mut marks = 0;
        for (index, c) in text.chars().take(LENGTH_MAX).enumerate() {
            let is_mark = !c.is_ascii() && c.width() == Some(0);
            marks = if is_mark { marks + 1 } else { 0 };
            if is_dangerous(c) || (is_mark && (index == 0 || marks > MARKS_MAX)) {
                let _ = write!(safe, "<{:04X}>", u32::from(c));
            } else {
                safe.push(c);
            }
        }
        Self(safe)
    }

    /// A name somebody chose, with [`SUSPECT`] behind it when its letters come from several scripts.
    pub fn name(text: &str) -> Self {
        let mut safe = Self::new(text);
        if is_suspect(text) {
            safe.0.push(' ');
            safe.0.push_str(SUSPECT);
        }
        safe
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Cells it takes.
    pub fn width(&self) -> usize {
        if self.0.is_ascii() { self.0.len() } else { self.0.width() }
    }

    /// At most `width` cells of it; what is cut ends in `..`.
    #[must_use]
    pub fn cut(&self, width: usize) -> Self {
        if self.width() <= width {
            return self.clone();
        }
        let dots = ".".repeat(width.min(2));
        let mut left = width.saturating_sub(2);
        let mut cut = String::new();
        for c in self.0.chars() {
            let Some(rest) = left.checked_sub(c.width().unwrap_or(0)) else { break };
            left = rest;
            cut.push(c);
        }
        Self(cut + &dots)
    }

    /// For one field of a spreadsheet: quoted, and with nothing a spreadsheet would run.
    pub fn csv(&self) -> String {
        let guard = if self.0.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
        format!("\"{guard}{}\"", self.0.replace('"', "\"\""))
    }
}

impl From<&'static str> for Safe {
    fn from(text: &'static str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Safe {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl std::fmt::Display for Safe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a terminal would do something else with `c` than to show it where it stands.
fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            // Format characters (Cf), line separators, fillers and blanks, every space but the plain one.
            0xA0 | 0xAD | 0x34F | 0x600..=0x605 | 0x61C | 0x6DD | 0x70F | 0x890 | 0x891 | 0x8E2
            | 0x115F | 0x1160 | 0x1680 | 0x17B4 | 0x17B5 | 0x180B..=0x180F
            | 0x2000..=0x200F | 0x2028..=0x202F | 0x205F..=0x206F | 0x2800 | 0x3000 | 0x3164
            // Private use, variation selectors, and the rest of the planes.
            | 0xE000..=0xF8FF | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFF
            | 0x110BD | 0x110CD | 0x13430..=0x1345F | 0x1BCA0..=0x1BCA3 | 0x1D159 | 0x1D173..=0x1D17A
            | 0xE0000..=0x0010_FFFF)
}

/// Whether one word of `text` has letters of several scripts that look alike, or letters dressed up as others.
pub fn is_suspect(text: &str) -> bool {
    text.split(|c: char| !c.is_alphabetic()).any(|word| {
        let mut scripts = word.chars().map(script);
        let first = scripts.next().unwrap_or(Script::Other);
        first == Script::Dressed || scripts.any(|script| script != first)
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
    Armenian,
    Cherokee,
    Dressed,
    Other,
}

fn script(c: char) -> Script {
    match u32::from(c) {
        0x41..=0x5A | 0x61..=0x7A | 0xC0..=0x24F | 0x1E00..=0x1EFF => Script::Latin,
        0x370..=0x3FF | 0x1F00..=0x1FFF => Script::Greek,
        0x400..=0x52F | 0x1C80..=0x1C8F | 0x2DE0..=0x2DFF | 0xA640..=0xA69F => Script::Cyrillic,
        0x531..=0x587 => Script::Armenian,
        0x13A0..=0x13FF | 0xAB70..=0xABBF => Script::Cherokee,
        // Small capitals, letterlike symbols, full width, mathematical letters.
        0x1D00..=0x1D7F | 0x2100..=0x214F | 0xFF21..=0xFF5A | 0x1D400..=0x1D7FF => Script::Dressed,
        _ => Script::Other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_could_move_or_hide_text_is_spelled_out() {
        let shown = |text: &str| Safe::new(text).to_string();
        assert_eq!(shown("adm\u{202E}nimda"), "adm<202E>nimda");
        assert_eq!(shown("a\u{200B}b\u{E0041}c\u{1B}[2J\r\n"), "a<200B>b<E0041>c<001B>[2J<000D><000A>");
        assert_eq!(shown("Zoë 李"), "Zoë 李");
        assert_eq!(shown("e\u{301}\u{301}\u{301}\u{301}"), "e\u{301}\u{301}<0301><0301>");
    }

    #[test]
    fn names_that_mix_scripts_are_marked() {
        assert_eq!(Safe::name("\u{430}dmin@example.com").to_string(), "\u{430}dmin@example.com ~sp");
        for honest in ["ada@example.com", "Иван@example.com", "zoë", "li.wei", "Ωmega-3".split_at(2).0]
        {
            assert!(!is_suspect(honest), "{honest}");
        }
        assert!(is_suspect("ｒoot") && is_suspect("𝐚dmin"));
    }

    #[test]
    fn text_is_cut_by_cells() {
        let cut = |text: &str, width| Safe::new(text).cut(width).to_string();
        assert_eq!(cut("019a1f0c-7b1e", 10), "019a1f0c..");
        assert_eq!(cut("李李李", 5), "李..");
        assert_eq!((cut("abc", 1), cut("abc", 0), cut("abc", 3)), (".".into(), String::new(), "abc".into()));
    }

    #[test]
    fn a_spreadsheet_runs_nothing() {
        assert_eq!(Safe::new("=1+1\"").csv(), "\"'=1+1\"\"\"");
    }

    proptest! {
        #[test]
        fn nothing_dangerous_passes_and_cuts_fit(text in any::<String>(), width in 0usize..40) {
            let safe = Safe::name(&text);
            prop_assert!(!safe.as_str().chars().any(is_dangerous));
            prop_assert!(safe.cut(width).width() <= width);
        }
    }
}
