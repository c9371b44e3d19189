//! What views draw on: text that is safe, in cells that are there. Knows no view.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthChar;

use crate::console::look::Look;
use crate::console::model::deeds::Deeds;
use crate::console::safe::Safe;
use crate::console::theme::Token;

/// A buffer, and how to draw on it. Nothing outside of it is ever touched.
pub struct Canvas<'a> {
    buf: &'a mut Buffer,
    /// How things look.
    pub look: &'a Look,
    /// Which rows are pending.
    pub deeds: &'a Deeds,
}

impl<'a> Canvas<'a> {
    /// On `buf`.
    pub const fn new(buf: &'a mut Buffer, look: &'a Look, deeds: &'a Deeds) -> Self {
        Self { buf, look, deeds }
    }

    /// All of it.
    pub const fn screen(&self) -> Rect {
        self.buf.area
    }

    /// Writes `text` in one line, at most `width` cells of it; answers the column behind it.
    pub fn put(&mut self, (x, y): (u16, u16), width: u16, text: &Safe, style: Style) -> u16 {
        let screen = self.buf.area;
        let width = width.min(screen.right().saturating_sub(x));
        if width == 0 || y >= screen.bottom() || y < screen.y || x < screen.x {
            return x;
        }
        let text = text.cut(usize::from(width));
        self.buf.set_stringn(x, y, text.as_str(), usize::from(width), style).0
    }

    /// Gives every cell of `area` the style.
    pub fn style(&mut self, area: Rect, style: Style) {
        self.buf.set_style(area.intersection(self.buf.area), style);
    }

    /// Takes what was in `area` away.
    pub fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buf.area);
        for y in area.y..area.bottom() {
            for x in area.x..area.right() {
                if let Some(cell) = self.buf.cell_mut((x, y)) {
                    cell.reset();
                }
            }
        }
    }

    /// Shows that `area` may be old.
    pub fn dim(&mut self, area: Rect) {
        let style = self.look.theme.style(Token::Stale).add_modifier(Modifier::DIM);
        self.buf.set_style(area.intersection(self.buf.area), style);
    }

    /// A frame with a title above and a remark below; answers what is inside.
    pub fn frame(&mut self, area: Rect, title: &Safe, foot: &Safe) -> Rect {
        if area.width < 2 || area.height < 2 {
            return Rect { width: 0, height: 0, ..area };
        }
        let ascii = self.look.ascii;
        let (corners, [across, down]) =
            if ascii { (['+'; 4], ['-', '|']) } else { (['┌', '┐', '└', '┘'], ['─', '│']) };
        let style = self.look.theme.style(Token::Muted);
        let (right, bottom) = (area.right() - 1, area.bottom() - 1);
        for x in area.x..area.right() {
            self.symbol((x, area.y), across, style);
            self.symbol((x, bottom), across, style);
        }
        for y in area.y..area.bottom() {
            self.symbol((area.x, y), down, style);
            self.symbol((right, y), down, style);
        }
        let ends = [(area.x, area.y), (right, area.y), (area.x, bottom), (right, bottom)];
        for (corner, at) in corners.into_iter().zip(ends) {
            self.symbol(at, corner, style);
        }
        self.label((area.x + 1, area.y), area.width - 2, title, Token::Accent);
        self.label((area.x + 1, bottom), area.width - 2, foot, Token::Muted);
        Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
    }

    /// `text` between blanks, over a line of the frame.
    fn label(&mut self, at: (u16, u16), width: u16, text: &Safe, token: Token) {
        if !text.as_str().is_empty() && width > 2 {
            let text = Safe::new(&format!(" {} ", text.cut(usize::from(width - 2))));
            self.put(at, width, &text, self.look.theme.style(token));
        }
    }

    fn symbol(&mut self, at: (u16, u16), symbol: char, style: Style) {
        if let Some(cell) = self.buf.cell_mut(at) {
            cell.set_char(symbol).set_style(style);
        }
    }

    /// Writes `text` over as many lines as it needs and `area` has, broken at blanks.
    pub fn paragraph(&mut self, area: Rect, text: &Safe, token: Token) {
        let style = self.look.theme.style(token);
        for (line, y) in wrapped(text, usize::from(area.width)).iter().zip(area.y..area.bottom()) {
            self.put((area.x, y), area.width, line, style);
        }
    }
}

/// `text` in lines of at most `width` cells.
pub fn wrapped(text: &Safe, width: usize) -> Vec<Safe> {
    let mut lines = Vec::new();
    if width == 0 {
        return lines;
    }
    // A line break of ours arrives spelled out.
    for part in text.as_str().split("<000A>") {
        let mut line = String::new();
        let mut used = 0;
        for word in part.split(' ') {
            let needed = Safe::new(word).width();
            if used > 0 && used + 1 + needed > width {
                lines.push(Safe::new(&std::mem::take(&mut line)));
                used = 0;
            } else if used > 0 {
                line.push(' ');
                used += 1;
            }
            for c in word.chars() {
                let cells = c.width().unwrap_or(0);
                if used + cells > width {
                    lines.push(Safe::new(&std::mem::take(&mut line)));
                    used = 0;
                }
                line.push(c);
                used += cells;
            }
        }
        lines.push(Safe::new(&line));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_broken_at_blanks_and_long_words_anywhere() {
        let lines = |text: &str, width| {
            wrapped(&Safe::new(text), width).iter().map(Safe::to_string).collect::<Vec<_>>()
        };
        assert_eq!(lines("one two three", 7), ["one two", "three"]);
        assert_eq!(lines("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(lines("a\nb", 9), ["a", "b"]);
        assert!(lines("a", 0).is_empty());
    }
}
