//! The first line: which server, how the connection stands, who asks, what is allowed, the time. Knows no view.

use ratatui::layout::Rect;

use super::Canvas;
use crate::console::model::Model;
use crate::console::safe::Safe;
use crate::console::theme::Token;

/// Draws it. When there is too little room, who asks leaves first, then the address, the clock and the name; the
/// connection and the armed countdown stay.
pub fn draw(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    if area.is_empty() {
        return;
    }
    let (word, token) = model.link.word(model.now, model.look.sign("●", "*"));
    let target = model.target();
    let name = target.map(|target| Safe::new(&target.name)).unwrap_or_default();
    let address = target.map(|target| Safe::new(&target.address.to_string())).unwrap_or_default();
    let clock = Safe::new(&format!("{}Z", model.now.time_of_day()));
    // In the order in which they stand; the higher the rank, the sooner a part leaves.
    let mut parts = vec![
        (1, (name, Token::Accent)),
        (3, (address, Token::Muted)),
        (0, (Safe::new(&word), token)),
        (4, who(model)),
        (0, armed(model)),
        (2, (clock, Token::Muted)),
    ];
    parts.retain(|(_, (text, _))| !text.as_str().is_empty());
    let needed = |parts: &[(u8, (Safe, Token))]| {
        let width: usize = parts.iter().map(|(_, (text, _))| text.width() + 2).sum();
        u16::try_from(width).unwrap_or(u16::MAX)
    };
    while needed(&parts) > area.width {
        let last = parts.iter().map(|(rank, _)| *rank).max().filter(|rank| *rank > 0);
        let Some(last) = last else { break };
        parts.retain(|(rank, _)| *rank != last);
    }
    // The connection is the last that stands on the left.
    let left = parts.iter().position(|(rank, _)| *rank == 0).unwrap_or(0) + 1;
    let spare = area.width.saturating_sub(needed(&parts));
    let mut x = area.x.saturating_add(1);
    for (index, (_, (text, token))) in parts.iter().enumerate() {
        x = if index == left { x.saturating_add(spare) } else { x };
        let style = model.look.theme.style(*token);
        x = canvas.put((x, area.y), area.right().saturating_sub(x), text, style).saturating_add(2);
    }
}

fn who(model: &Model) -> (Safe, Token) {
    match (model.me.known(), model.me.problem()) {
        // A user of the host is known by number, and by the name that the configuration gives.
        (Some(me), _) if me.username.starts_with("uid:") => {
            let name = Some(&me.name).filter(|name| **name != me.username);
            let name = name.map(|name| format!("{name} ")).unwrap_or_default();
            (model.look.person(&format!("{name}{}", me.username)), Token::Plain)
        }
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
        None if model.strange.is_some() => (Safe::from("READ-ONLY (newer server)"), Token::Warn),
        None => (Safe::from("READ-ONLY"), Token::Info),
    }
}
