//! The first line: which server, how the connection stands, who asks, what is allowed, the time. Knows no view.

use ratatui::layout::Rect;

use super::Canvas;
use crate::console::model::Model;
use crate::console::safe::Safe;
use crate::console::theme::Token;

/// Draws it. The connection and the armed countdown are never left out for lack of room.
pub fn draw(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let theme = model.look.theme;
    let (word, token) = model.link.word(model.now, model.look.sign("●", "*"));
    let link = (Safe::new(&word), token);
    let mut right = vec![armed(model)];
    let mut left = vec![link];
    if let Some(target) = model.target().filter(|_| area.width >= 60) {
        left.insert(0, (Safe::new(&target.name), Token::Accent));
        if area.width >= 100 {
            left.insert(1, (Safe::new(&target.address.to_string()), Token::Muted));
        }
        right.push((Safe::new(&format!("{}Z", model.now.time_of_day())), Token::Muted));
        right.insert(0, who(model));
    }
    let width = |parts: &[(Safe, Token)]| parts.iter().map(|(text, _)| text.width() + 2).sum::<usize>();
    let needed = u16::try_from(width(&right)).unwrap_or(u16::MAX);
    let mut x = area.x.saturating_add(1);
    let left_end = area.right().saturating_sub(needed);
    for (text, token) in left {
        x = canvas.put((x, area.y), left_end.saturating_sub(x), &text, theme.style(token)).saturating_add(2);
    }
    let mut x = left_end.max(area.x);
    for (text, token) in right {
        x = canvas
            .put((x, area.y), area.right().saturating_sub(x), &text, theme.style(token))
            .saturating_add(2);
    }
}

fn who(model: &Model) -> (Safe, Token) {
    match (model.me.known(), model.me.problem()) {
        (Some(me), _) => (model.look.person(&me.email), Token::Plain),
        (None, Some(_)) => (Safe::from("who?"), Token::Warn),
        (None, None) => (Safe::default(), Token::Plain),
    }
}

fn armed(model: &Model) -> (Safe, Token) {
    match model.armed_until.filter(|until| *until > model.now) {
        Some(until) => {
            let left = until.since(model.now).as_secs();
            (Safe::new(&format!("ARMED {:02}:{:02} left", left / 60, left % 60)), Token::Danger)
        }
        None => (Safe::from("READ-ONLY"), Token::Info),
    }
}
