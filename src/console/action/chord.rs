//! A key with what is held down, and its name: `ctrl-l`, `space`, `G`. Knows no action.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key press.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    /// The key. An upper-case letter stands for shift.
    pub code: KeyCode,
    /// Whether Ctrl is held.
    pub ctrl: bool,
    /// Whether Alt is held.
    pub alt: bool,
}

const NAMED: &[(&str, KeyCode)] = &[
    ("space", KeyCode::Char(' ')),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backtab", KeyCode::BackTab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
];

impl From<KeyEvent> for Chord {
    fn from(key: KeyEvent) -> Self {
        let held = |modifier| key.modifiers.contains(modifier);
        Self { code: key.code, ctrl: held(KeyModifiers::CONTROL), alt: held(KeyModifiers::ALT) }
    }
}

impl Chord {
    /// Reads a name.
    pub fn named(name: &str) -> Option<Self> {
        let (name, ctrl) = name.strip_prefix("ctrl-").map_or((name, false), |rest| (rest, true));
        let (name, alt) = name.strip_prefix("alt-").map_or((name, false), |rest| (rest, true));
        let named = NAMED.iter().find(|(known, _)| *known == name).map(|(_, code)| *code);
        let code = named.or_else(|| {
            let mut chars = name.chars();
            let (c, rest) = (chars.next()?, chars.as_str());
            match rest.parse() {
                Ok(number) if c == 'f' && (1..=12).contains(&number) => Some(KeyCode::F(number)),
                _ => rest.is_empty().then_some(KeyCode::Char(c)),
            }
        })?;
        Some(Self { code, ctrl, alt })
    }

    /// The character, when nothing is held.
    pub const fn char(self) -> Option<char> {
        match self.code {
            KeyCode::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }
}

impl std::fmt::Display for Chord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let held = [(self.ctrl, "ctrl-"), (self.alt, "alt-")];
        held.iter().filter(|(is_held, _)| *is_held).try_for_each(|(_, name)| f.write_str(name))?;
        match (NAMED.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, KeyCode::Char(c)) => write!(f, "{c}"),
            (None, KeyCode::F(number)) => write!(f, "f{number}"),
            (None, _) => f.write_str("?"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_told_again() {
        for name in ["ctrl-l", "space", "G", "g", "*", "pgdn", "f5", "alt-x", "f", "[", "ctrl-space"] {
            assert_eq!(Chord::named(name).unwrap().to_string(), name);
        }
        for bad in ["", "gg", "ctrl-", "f99", "hyper-x"] {
            assert_eq!(Chord::named(bad), None, "{bad}");
        }
        let pressed = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(Chord::named("G"), Some(pressed.into()));
    }
}
