//! A line of text that is typed. Knows no key.

use super::super::safe::Safe;

/// Most characters.
const LENGTH_MAX: usize = 500;

/// The text and the cursor in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    text: Vec<char>,
    at: usize,
}

/// One thing done to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// A character comes in.
    Insert(char),
    /// The one before the cursor goes.
    Backspace,
    /// The one under the cursor goes.
    Delete,
    /// The word before the cursor goes.
    DeleteWord,
    /// Everything goes.
    Clear,
    /// The cursor moves.
    Left,
    /// The cursor moves.
    Right,
    /// The cursor moves to the beginning.
    Home,
    /// The cursor moves to the end.
    End,
}

impl Line {
    /// With `text`, the cursor behind it.
    pub fn of(text: &str) -> Self {
        let text: Vec<char> = text.chars().take(LENGTH_MAX).collect();
        Self { at: text.len(), text }
    }

    /// The text.
    pub fn text(&self) -> String {
        self.text.iter().collect()
    }

    /// The text to show, and the cell of the cursor in it.
    pub fn shown(&self) -> (Safe, usize) {
        let before: String = self.text.iter().take(self.at).collect();
        (Safe::new(&self.text()), Safe::new(&before).width())
    }

    /// Does `edit`.
    pub fn edit(&mut self, edit: Edit) {
        match edit {
            Edit::Insert(c) if self.text.len() < LENGTH_MAX && !c.is_control() => {
                self.text.insert(self.at, c);
                self.at += 1;
            }
            Edit::Backspace if self.at > 0 => {
                self.at -= 1;
                self.text.remove(self.at);
            }
            Edit::Delete if self.at < self.text.len() => drop(self.text.remove(self.at)),
            Edit::DeleteWord => {
                let is_space = |at: usize| self.text.get(at).is_none_or(|c| c.is_whitespace());
                let mut from = self.at;
                while from > 0 && is_space(from - 1) {
                    from -= 1;
                }
                while from > 0 && !is_space(from - 1) {
                    from -= 1;
                }
                self.text.drain(from..self.at);
                self.at = from;
            }
            Edit::Clear => *self = Self::default(),
            Edit::Left => self.at = self.at.saturating_sub(1),
            Edit::Right => self.at = (self.at + 1).min(self.text.len()),
            Edit::Home => self.at = 0,
            Edit::End => self.at = self.text.len(),
            Edit::Insert(_) | Edit::Backspace | Edit::Delete => {}
        }
    }

    /// Puts pasted text in, without what no line holds.
    pub fn paste(&mut self, text: &str) {
        for c in text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }) {
            self.edit(Edit::Insert(c));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_edited_by_characters_and_words() {
        let mut line = Line::of("user:mia ip:1");
        for edit in
            [Edit::DeleteWord, Edit::Backspace, Edit::Home, Edit::Delete, Edit::Insert('U'), Edit::End]
        {
            line.edit(edit);
        }
        line.paste("\nx\u{1b}");
        assert_eq!(line.text(), "User:mia x");
        for edit in
            [Edit::Left, Edit::Right, Edit::Right, Edit::Delete, Edit::Clear, Edit::Backspace, Edit::Left]
        {
            line.edit(edit);
        }
        assert_eq!(line, Line::default());
    }

    #[test]
    fn the_cursor_stands_behind_what_is_shown_before_it() {
        let mut line = Line::of("李\u{202e}");
        assert_eq!((line.shown().0.as_str(), line.shown().1), ("李<202E>", 8));
        line.edit(Edit::Left);
        assert_eq!(line.shown().1, 2);
    }
}
