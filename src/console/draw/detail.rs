//! The details of one thing, and beside them what can be done with it. Knows no particular thing.

use ratatui::layout::Rect;

use super::Canvas;
use crate::console::action::When;
use crate::console::safe::Safe;
use crate::console::theme::Token;
use crate::console::views::ViewSpec;
use crate::console::views::list::Detail;

/// Cells of the names.
const NAMES: u16 = 10;

/// Draws `facts` into `area`.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, title: &Safe, facts: &[Detail], spec: &ViewSpec) {
    // What is done with the whole list is in the footer.
    let actions: Vec<_> = spec.actions.iter().filter(|action| action.when != When::List).collect();
    let (left, right) = if area.width >= 100 && !actions.is_empty() {
        let left = area.width * 3 / 5;
        (Rect { width: left, ..area }, Some(Rect { x: area.x + left, width: area.width - left, ..area }))
    } else {
        (area, None)
    };
    let title = Safe::new(&format!("Detail {title}"));
    let below = facts.len().saturating_sub(usize::from(left.height.saturating_sub(2)));
    let foot = if below > 0 { Safe::new(&format!("{below} more below")) } else { Safe::default() };
    let inner = canvas.frame(left, &title, &foot);
    if facts.is_empty() {
        canvas.paragraph(inner, &Safe::from("No row is selected."), Token::Muted);
    }
    let theme = canvas.look.theme;
    for ((name, cell), y) in facts.iter().zip(inner.y..inner.bottom()) {
        let x = inner.x.saturating_add(NAMES.min(inner.width));
        canvas.put((inner.x, y), NAMES.min(inner.width), &Safe::from(*name), theme.style(Token::Muted));
        canvas.put((x, y), inner.right().saturating_sub(x), &cell.0, theme.style(cell.1));
    }
    if let Some(right) = right {
        let inner = canvas.frame(right, &Safe::from("Actions (x)"), &Safe::default());
        for (action, y) in actions.into_iter().zip(inner.y..inner.bottom()) {
            let text = Safe::new(&format!("{:<4}{}", action.keys.first().unwrap_or(&""), action.help));
            canvas.put((inner.x, y), inner.width, &text, theme.style(Token::Plain));
        }
    }
}
