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
    let mut places: Vec<_> = places(model, area).into_iter().enumerate().collect();
    // Where they share cells, those are the active one's.
    places.sort_by_key(|(index, _)| *index == model.active);
    for (index, (from, to, text)) in places {
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

/// What is tried until all tabs have room: letters of the titles of views that are not shown, and by how much a tab begins
/// behind the end of the one before it. -1: they share the cell of the bracket.
const CHOICES: [(usize, i16); 5] = [(usize::MAX, 1), (usize::MAX, -1), (5, -1), (3, -1), (0, -1)];

/// Where each tab is, and what stands in it.
fn places(model: &Model, area: Rect) -> Vec<(u16, u16, String)> {
    let width = |text: &String| u16::try_from(Safe::new(text).width() + 2).unwrap_or(u16::MAX);
    let fits = |(texts, apart): &(Vec<String>, i16)| {
        let mut end: u16 = 0;
        for text in texts {
            end = end.saturating_add_signed(if end == 0 { 0 } else { *apart }).saturating_add(width(text));
        }
        end <= area.width
    };
    let mut choices = CHOICES.into_iter().map(|(letters, apart)| (texts(model, letters), apart));
    let (texts, apart) = choices.find(fits).unwrap_or_else(|| (self::texts(model, 0), -1));
    let mut x = area.x;
    let mut places = Vec::new();
    for text in texts {
        let end = x.saturating_add(width(&text)).min(area.right());
        places.push((x.min(area.right()), end, text));
        x = end.saturating_add_signed(apart);
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
