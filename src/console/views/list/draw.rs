//! How a list looks. Only the rows that are seen are built. Knows no request.

use std::fmt::Write;

use ratatui::layout::Rect;

use super::{Asked, Detail, List, Load, QUIET};
use crate::console::draw::layout::{self, Shape};
use crate::console::draw::{Canvas, detail};
use crate::console::look::Look;
use crate::console::model::deeds::counted;
use crate::console::model::rows::Item;
use crate::console::moment::brief;
use crate::console::safe::Safe;
use crate::console::theme::Token;
use crate::console::views::Column;
use crate::console::views::column::fit_some;

/// Cells before the first column: the cursor, and a mark.
const GUTTER: u16 = 4;

impl<R: Clone + 'static> List<R> {
    pub(super) fn paint(&self, canvas: &mut Canvas<'_>, area: Rect) {
        if Shape::of(canvas.screen()) == Shape::Line {
            return self.line(canvas, area);
        }
        if let Some(pane) = self.paint_rows(canvas, area) {
            let facts = self.details(canvas.look);
            let mut title = self.row().map(|row| Safe::new((self.spec.id)(row))).unwrap_or_default();
            if self.in_pane {
                title = Safe::new(&format!("{title}  MOVING HERE (tab)"));
            }
            // The last line is always seen.
            let first = self.scroll.min(facts.len().saturating_sub(1));
            detail::draw(canvas, pane, &title, facts.get(first..).unwrap_or_default(), &self.spec.view);
        }
    }

    /// What is known of the row under the cursor, and what was asked about it besides.
    pub(super) fn details(&self, look: &Look) -> Vec<Detail> {
        let Some(row) = self.row() else { return Vec::new() };
        let mut facts = (self.spec.detail)(row, look);
        facts.extend(self.asides(look));
        facts
    }

    /// Draws the rows; answers where the details go, when they are seen.
    pub fn paint_rows(&self, canvas: &mut Canvas<'_>, area: Rect) -> Option<Rect> {
        let (list, pane) = layout::list(area, self.is_open);
        if !list.is_empty() {
            self.paint_list(canvas, list);
        }
        pane
    }

    fn paint_list(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let inner = canvas.frame(area, &self.title(area), &self.foot());
        if inner.is_empty() {
            return;
        }
        let most = if Shape::of(canvas.screen()) == Shape::Small { 2 } else { usize::MAX };
        let shown = self.spec.columns.iter().filter(|column| !self.hidden.contains(column.title));
        let columns = fit_some(&shown.collect::<Vec<_>>(), inner.width.saturating_sub(self.gutter()), most);
        headings(canvas, (inner, self.gutter()), &columns);
        let lines = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
        let shown = self.window.len().saturating_sub(self.top).min(usize::from(lines.height));
        if shown == 0 {
            if lines.height > 0 {
                let (text, token) = self.instead(canvas);
                canvas.paragraph(lines, &text, token);
            }
            return;
        }
        let selected = self.index();
        for (line, y) in (lines.y..lines.bottom()).enumerate().take(shown) {
            let index = self.top.saturating_add(line);
            let Some(item) = self.window.at(index) else { break };
            canvas.look.built.set(canvas.look.built.get() + 1);
            let row = Rect { y, height: 1, ..lines };
            let proof = self.proof(index);
            self.paint_item(canvas, (row, &proof), item, &columns, selected == Some(index));
        }
    }

    fn paint_item(
        &self,
        canvas: &mut Canvas<'_>,
        (area, proof): (Rect, &(Safe, Token)),
        item: &Item<R>,
        columns: &[(&'static Column<R>, u16)],
        is_selected: bool,
    ) {
        let id = self.window.id_of(item);
        let theme = canvas.look.theme;
        let style = |token| {
            if is_selected { theme.selected(token) } else { theme.style(token) }
        };
        let plain = style(Token::Plain);
        let (accent, warn) = (style(Token::Accent), style(Token::Warn));
        canvas.style(area, plain);
        canvas.put((area.x, area.y), 1, &Safe::from(if is_selected { ">" } else { " " }), plain);
        let sign = if canvas.deeds.is_pending(id) {
            ("~", warn)
        } else if self.marks.contains_key(id) {
            ("*", accent)
        } else {
            (" ", plain)
        };
        canvas.put(
            (area.x.saturating_add(2), area.y),
            1.min(area.width.saturating_sub(2)),
            &Safe::from(sign.0),
            sign.1,
        );
        if self.chain.is_some() {
            let x = area.x.saturating_add(GUTTER);
            canvas.put((x, area.y), 1.min(area.right().saturating_sub(x)), &proof.0, style(proof.1));
        }
        let mut x = area.x.saturating_add(self.gutter());
        match item {
            Item::Gap(_, why) => {
                let text = Safe::new(&format!("-- gap: {why}; enter loads what is missing --"));
                canvas.put((x, area.y), area.right().saturating_sub(x), &text, warn);
            }
            Item::Row(row) => {
                for (column, width) in columns {
                    let cell = (column.cell)(row, canvas.look);
                    let theme = canvas.look.theme;
                    let style = if is_selected { theme.selected(cell.1) } else { theme.style(cell.1) };
                    canvas.put((x, area.y), *width, &cell.0, style);
                    x = x.saturating_add(width + 1);
                }
            }
        }
    }

    /// Cells before the first column.
    const fn gutter(&self) -> u16 {
        if self.chain.is_some() { GUTTER + 2 } else { GUTTER }
    }

    fn title(&self, area: Rect) -> Safe {
        let height = usize::from(area.height.saturating_sub(layout::LIST_FRAME));
        let first = self.top + usize::from(!self.window.is_empty());
        let last = self.top.saturating_add(height).min(self.window.len());
        let mut title =
            format!("{}  rows {first}-{last} of {} loaded", self.spec.view.title, self.window.len());
        if self.is_whole {
            title.push_str("  ALL that match marked");
        } else if !self.marks.is_empty() {
            let _ = write!(title, "  {} marked", self.marks.len());
        }
        let is_oldest_first = self.filter.is_oldest_first();
        if is_oldest_first {
            title.push_str("  OLDEST FIRST");
        } else if !self.follows {
            title.push_str("  PAUSED");
        }
        if self.news > 0 {
            let way = if is_oldest_first { "below" } else { "(f)" };
            let _ = write!(title, "  +{} new {way}", self.news);
        }
        Safe::new(&title)
    }

    fn foot(&self) -> Safe {
        let foot = self.edge();
        match self.legend().filter(|_| !self.window.is_empty()) {
            Some(legend) if foot.as_str().is_empty() => Safe::new(&legend),
            Some(legend) => Safe::new(&format!("{foot}; {legend}")),
            None => foot,
        }
    }

    /// What is beyond the last row.
    fn edge(&self) -> Safe {
        match &self.load {
            Load::Asked(Asked::Next, _) => Safe::from("loading more"),
            Load::Asked(Asked::Before, _) if self.filter.is_oldest_first() => {
                Safe::from("loading older ones")
            }
            Load::Asked(Asked::Before, _) => Safe::from("loading newer ones"),
            Load::Failed(problem) if !self.window.is_empty() => Safe::new(&problem.line()),
            Load::Ready if self.window.has_end() => Safe::from("that is all"),
            Load::Ready if self.window.is_empty() => Safe::from("pgdn searches on"),
            _ if self.window.is_empty() => Safe::default(),
            _ => Safe::from("more below"),
        }
    }

    /// What stands where the rows would be.
    fn instead(&self, canvas: &Canvas<'_>) -> (Safe, Token) {
        let now = canvas.look.now;
        match &self.load {
            Load::Asked(_, since) if now.since(*since) >= QUIET => {
                let name = self.spec.view.title.to_lowercase();
                (Safe::new(&format!("loading {name} ({})", brief(now.since(*since)))), Token::Muted)
            }
            Load::Never | Load::Asked(..) => (Safe::default(), Token::Muted),
            Load::Failed(problem) => {
                (Safe::new(&format!("{}\nr tries again", problem.line())), Token::Danger)
            }
            Load::Ready if self.window.has_end() => (Safe::new(&self.nothing()), Token::Muted),
            Load::Ready => (Safe::from("Nothing found so far; pgdn searches on."), Token::Muted),
        }
    }

    /// All there is room for on the smallest screens.
    fn line(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let text = format!("{} {}", self.spec.view.title, counted(self.window.len(), ("row", "rows")));
        canvas.put((area.x, area.y), area.width, &Safe::new(&text), canvas.look.theme.style(Token::Plain));
    }
}

fn headings<R>(canvas: &mut Canvas<'_>, (area, gutter): (Rect, u16), columns: &[(&'static Column<R>, u16)]) {
    let mut x = area.x.saturating_add(gutter);
    for (column, width) in columns {
        canvas.put((x, area.y), *width, &Safe::from(column.title), canvas.look.theme.style(Token::Muted));
        x = x.saturating_add(width + 1);
    }
}
