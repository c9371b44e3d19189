//! The picture of the state. Reads only, and draws what fits into any size, down to nothing. Knows no terminal.

pub mod canvas;
pub mod detail;
pub mod header;
pub mod layout;
mod over;
pub mod spark;
pub mod tabs;

pub use canvas::Canvas;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::model::Model;
use super::model::overlay::Overlay;
use super::safe::Safe;
use super::theme::Token;
use layout::Shape;

/// Draws `model` into `buf`, which is empty; answers where the cursor stands, when a line is typed.
pub fn draw(model: &Model, buf: &mut Buffer) -> Option<Position> {
    let area = buf.area;
    let mut canvas = Canvas::new(buf, &model.look, &model.deeds);
    let areas = layout::areas((area.width, area.height));
    if Shape::of(area) == Shape::Line {
        return line(model, &mut canvas, area);
    }
    header::draw(model, &mut canvas, areas.header);
    tabs::draw(model, &mut canvas, areas.tabs);
    let mut cursor = filter(model, &mut canvas, areas.filter);
    if let Some(view) = model.view() {
        view.draw(&mut canvas, areas.body);
    }
    if model.link.is_stale() {
        canvas.dim(areas.body);
    }
    status(model, &mut canvas, areas.status);
    footer(model, &mut canvas, areas.footer);
    if let Some(overlay) = &model.overlay {
        cursor = over::draw(model, overlay, &mut canvas, areas.body).or(cursor);
    }
    cursor
}

/// The smallest picture: the connection, and the view or the question.
fn line(model: &Model, canvas: &mut Canvas<'_>, area: Rect) -> Option<Position> {
    let (word, token) = model.link.word(model.now, model.look.sign("●", "*"));
    canvas.put((area.x, area.y), area.width, &Safe::new(&word), model.look.theme.style(token));
    let rest = Rect { y: area.y.saturating_add(1), height: area.height.saturating_sub(1), ..area };
    if rest.is_empty() {
        return None;
    }
    match &model.overlay {
        Some(Overlay::Confirm(asked)) => {
            let ask = asked.wanted().map_or_else(|| "y/esc".to_owned(), |wanted| asked.prompt(&wanted));
            let text = format!("{} {}? {ask}", asked.deed.verb, asked.count());
            canvas.paragraph(rest, &Safe::new(&text), Token::Danger);
        }
        Some(_) => canvas.paragraph(rest, &Safe::from("esc"), Token::Plain),
        None => {
            if let Some(view) = model.view() {
                view.draw(canvas, rest);
            }
        }
    }
    None
}

fn filter(model: &Model, canvas: &mut Canvas<'_>, area: Rect) -> Option<Position> {
    let view = model.view().filter(|view| !view.spec().fields.is_empty())?;
    let theme = model.look.theme;
    let x = canvas.put((area.x, area.y), area.width, &Safe::from(" / "), theme.style(Token::Accent));
    let room = area.right().saturating_sub(x);
    if let Some(Overlay::Filter(typing)) = &model.overlay {
        let (text, at) = typing.line.shown();
        canvas.put((x, area.y), room, &text, theme.style(Token::Plain));
        let at = u16::try_from(at).unwrap_or(u16::MAX).min(room.saturating_sub(1));
        return Some(Position { x: x.saturating_add(at), y: area.y });
    }
    let (text, token) = match view.filter() {
        "" => {
            let names: Vec<String> = view.spec().fields.iter().map(super::views::Field::shown).collect();
            (Safe::new(&format!("everything; filter by {}", names.join(" "))), Token::Muted)
        }
        filter => (Safe::new(filter), Token::Warn),
    };
    canvas.put((x, area.y), room, &text, theme.style(token));
    None
}

fn status(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let typed = match &model.overlay {
        Some(Overlay::Filter(typing)) => typing.error.as_deref(),
        Some(Overlay::Palette(choosing)) => choosing.error.as_deref(),
        Some(Overlay::Confirm(asked)) => asked.error.as_deref(),
        _ => None,
    };
    let pending = (model.deeds.pending() > 0).then(|| format!("{} pending", model.deeds.pending()));
    let (text, token) = if let Some(error) = typed {
        (Safe::new(error), Token::Danger)
    } else if let Some(notice) = &model.notice {
        (notice.text.clone(), notice.token)
    } else if let Some(sentence) = model.link.sentence() {
        (Safe::new(&sentence), Token::Warn)
    } else if let Some(pending) = pending {
        (Safe::new(&pending), Token::Warn)
    } else {
        return;
    };
    let x = canvas.put((area.x, area.y), area.width, &Safe::from(" "), model.look.theme.style(token));
    canvas.put((x, area.y), area.right().saturating_sub(x), &text, model.look.theme.style(token));
}

fn footer(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    if area.is_empty() {
        return;
    }
    let own = model.view().map_or(&[][..], |view| view.spec().actions);
    let shown = ["open", "mark", "filter", "follow", "actions", "help", "palette", "quit"];
    let shared = super::action::everywhere::ACTIONS.iter().filter(|action| shown.contains(&action.id));
    let mut x = area.x.saturating_add(1);
    let theme = model.look.theme;
    for action in own.iter().chain(shared) {
        let Some(key) = model.keymap.key(action.id) else { continue };
        let (key, name) = (Safe::new(&key), Safe::new(&format!(":{}", action.name)));
        let needed = u16::try_from(key.width() + name.width() + 2).unwrap_or(u16::MAX);
        if x.saturating_add(needed) > area.right() {
            break;
        }
        let token = if model.hindrance(action).is_some() { Token::Muted } else { Token::Plain };
        x = canvas.put((x, area.y), needed, &key, theme.style(Token::Accent));
        x = canvas.put((x, area.y), needed, &name, theme.style(token)).saturating_add(2);
    }
}

#[cfg(test)]
mod tests;
