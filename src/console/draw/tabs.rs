//! The second line: the views. Knows no particular one.

use ratatui::layout::Rect;

use super::Canvas;
use crate::console::model::Model;
use crate::console::safe::Safe;
use crate::console::theme::Token;

/// Draws it.
pub fn draw(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    if area.is_empty() {
        return;
    }
    let theme = model.look.theme;
    for (index, (from, to, text)) in places(model, area).into_iter().enumerate() {
        let is_active = index == model.active;
        let (text, token) = if is_active {
            (format!("[{text}]"), Token::Accent)
        } else {
            (format!(" {text} "), Token::Muted)
        };
        canvas.put((from, area.y), to.saturating_sub(from), &Safe::new(&text), theme.style(token));
    }
}

/// The view whose tab is at the cell.
pub fn at(model: &Model, area: Rect, (x, y): (u16, u16)) -> Option<usize> {
    if area.is_empty() || y != area.y {
        return None;
    }
    places(model, area).iter().position(|(from, to, _)| (*from..*to).contains(&x))
}

/// Where each tab is, and what stands in it.
fn places(model: &Model, area: Rect) -> Vec<(u16, u16, String)> {
    let mut x = area.x;
    let mut places = Vec::new();
    for view in &model.views {
        let spec = view.spec();
        let key = model.keymap.key(spec.id()).map(|key| format!("{key} ")).unwrap_or_default();
        let badge = if model.may(spec.needs) { view.badge() } else { Some("-".to_owned()) };
        let badge = badge.map(|badge| format!(" {badge}")).unwrap_or_default();
        let text = format!("{key}{}{badge}", spec.title);
        let width = u16::try_from(Safe::new(&text).width() + 2).unwrap_or(u16::MAX);
        let end = x.saturating_add(width).min(area.right());
        places.push((x.min(area.right()), end, text));
        x = end.saturating_add(1);
    }
    places
}
