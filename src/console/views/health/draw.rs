//! How the page looks. Knows no request.

use ratatui::layout::Rect;

use super::Health;
use super::lines::{self, Line};
use crate::console::draw::Canvas;
use crate::console::draw::layout::{LIST_FRAME, Shape};
use crate::console::safe::Safe;
use crate::console::theme::Token;

/// Cells of the names on the left side, and of those of settings.
const NAMES: [u16; 2] = [12, 34];

/// Lines of the pane that shows one line in full.
const PANE: u16 = 6;

/// Whether what moves stands beside the page.
pub(super) const fn has_two_sides(body: Rect) -> bool {
    body.width >= 100 && body.height >= 19
}

/// The page, what stands beside it, and what shows one line in full.
fn areas(body: Rect, is_open: bool) -> (Rect, Option<Rect>, Option<Rect>) {
    let has_pane = is_open && body.height >= PANE * 2;
    let pane = has_pane.then(|| Rect { y: body.bottom() - PANE, height: PANE, ..body });
    let rest = Rect { height: body.height - if has_pane { PANE } else { 0 }, ..body };
    if !has_two_sides(body) {
        return (rest, None, pane);
    }
    let left = rest.width / 2;
    let right = Rect { x: rest.x + left, width: rest.width - left, ..rest };
    (right, Some(Rect { width: left, ..rest }), pane)
}

/// Lines of the page.
pub(super) fn height(body: Rect, is_open: bool) -> usize {
    usize::from(areas(body, is_open).0.height.saturating_sub(LIST_FRAME)).max(1)
}

impl Health {
    pub(super) fn paint(&self, canvas: &mut Canvas<'_>, area: Rect) {
        if Shape::of(canvas.screen()) == Shape::Line {
            let text = if self.server.known().is_some() { "Health" } else { "Health ?" };
            canvas.put(
                (area.x, area.y),
                area.width,
                &Safe::from(text),
                canvas.look.theme.style(Token::Plain),
            );
            return;
        }
        let (right, left, below) = areas(area, self.is_open);
        let (moving, mut lines) = lines::all(self, canvas.look)
            .into_iter()
            .partition::<Vec<_>, _>(|line| left.is_some() && line.moves);
        lines.retain(|line| line.is_found_by(&self.filter));
        if let Some(left) = left {
            let inner = canvas.frame(left, &Safe::from("Now"), &Safe::default());
            for (line, y) in moving.iter().zip(inner.y..inner.bottom()) {
                one(canvas, Rect { y, height: 1, ..inner }, line, (NAMES[0], false));
            }
        }
        self.paint_page(canvas, right, &lines);
        if let Some(pane) = below {
            let line = self.index(&lines).and_then(|at| lines.get(at));
            let title = line.map(|line| line.name.clone()).unwrap_or_default();
            let inner = canvas.frame(pane, &title, &Safe::from("esc closes"));
            let text = line.map(|line| line.cell.0.clone()).unwrap_or_default();
            canvas.paragraph(inner, &text, Token::Plain);
        }
    }

    fn paint_page(&self, canvas: &mut Canvas<'_>, area: Rect, page: &[Line]) {
        let title = Safe::new(&format!("Health  {} lines", page.len()));
        let inner = canvas.frame(area, &title, &self.foot(canvas));
        if inner.is_empty() {
            return;
        }
        let style = canvas.look.theme.style(Token::Muted);
        canvas.put(
            (inner.x.saturating_add(2), inner.y),
            inner.width.saturating_sub(2),
            &Safe::from("WHAT"),
            style,
        );
        let inner = Rect { y: inner.y + 1, height: inner.height - 1, ..inner };
        if page.is_empty() {
            let text = format!("Nothing matches {}; / changes the filter, esc takes it away.", self.filter);
            canvas.paragraph(inner, &Safe::new(&text), Token::Muted);
            return;
        }
        let selected = self.index(page);
        let shown = page.iter().enumerate().skip(self.top).zip(inner.y..inner.bottom());
        for ((index, line), y) in shown {
            canvas.look.built.set(canvas.look.built.get() + 1);
            let is_setting = line.id.starts_with("setting ");
            let names = if is_setting { NAMES[1].min(inner.width / 5 * 3) } else { NAMES[0] };
            one(canvas, Rect { y, height: 1, ..inner }, line, (names, selected == Some(index)));
        }
    }

    /// How old the picture is.
    fn foot(&self, canvas: &Canvas<'_>) -> Safe {
        match self.server.problem() {
            Some(_) => Safe::from("r tries again"),
            None if self.server.known().is_some() => Safe::default(),
            None => self.server.loading_since().map_or_else(Safe::default, |since| {
                let waited = crate::console::moment::brief(canvas.look.now.since(since));
                Safe::new(&format!("loading health ({waited})"))
            }),
        }
    }
}

fn one(canvas: &mut Canvas<'_>, row: Rect, line: &Line, (names, is_selected): (u16, bool)) {
    let theme = canvas.look.theme;
    let style = |token| if is_selected { theme.selected(token) } else { theme.style(token) };
    canvas.style(row, style(Token::Plain));
    let id = line.id.split_once(' ').map_or("", |(_, id)| id);
    let sign = if canvas.deeds.is_pending(id) {
        "~"
    } else if is_selected {
        ">"
    } else {
        " "
    };
    canvas.put((row.x, row.y), 1.min(row.width), &Safe::from(sign), style(Token::Warn));
    let x = row.x.saturating_add(2).min(row.right());
    let token = if line.is_head { Token::Accent } else { Token::Muted };
    if line.is_head {
        canvas.put((x, row.y), row.right().saturating_sub(x), &line.name, style(token));
        return;
    }
    canvas.put((x, row.y), names.min(row.right().saturating_sub(x)), &line.name, style(token));
    let x = x.saturating_add(names + 1).min(row.right());
    canvas.put((x, row.y), row.right().saturating_sub(x), &line.cell.0, style(line.cell.1));
}
