//! The second line: the views. Knows no particular one.

use ratatui::layout::Rect;

use super::Canvas;
use crate::console::model::Model;
use crate::console::safe::Safe;
use crate::console::theme::Token;
use crate::console::views::View;

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

/// Letters of the titles of views that are not shown, where there is not room for all of them.
const LETTERS: [usize; 4] = [usize::MAX, 5, 3, 0];

/// Where each tab is, and what stands in it.
fn places(model: &Model, area: Rect) -> Vec<(u16, u16, String)> {
    let width = |text: &String| u16::try_from(Safe::new(text).width() + 2).unwrap_or(u16::MAX);
    let fits = |texts: &Vec<String>| {
        texts.iter().fold(0, |sum: u16, text| sum.saturating_add(width(text) + 1))
            <= area.width.saturating_add(1)
    };
    let mut choices = LETTERS.into_iter().map(|letters| texts(model, letters));
    let texts = choices.find(fits).unwrap_or_else(|| self::texts(model, 0));
    let mut x = area.x;
    let mut places = Vec::new();
    for text in texts {
        let end = x.saturating_add(width(&text)).min(area.right());
        places.push((x.min(area.right()), end, text));
        x = end.saturating_add(1);
    }
    places
}

fn texts(model: &Model, letters: usize) -> Vec<String> {
    let text = |(index, view): (usize, &dyn View)| {
        let spec = view.spec();
        let badge = if model.may(spec.needs) { view.badge() } else { Some("-".to_owned()) };
        let letters = if index == model.active { usize::MAX } else { letters };
        let title: String = spec.title.chars().take(letters).collect();
        let parts = [model.keymap.key(spec.id()), Some(title).filter(|title| !title.is_empty()), badge];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    model.views.iter().map(AsRef::as_ref).enumerate().map(text).collect()
}
