//! What lies over a view: the palette, the help, a question. Knows no view.

use ratatui::layout::{Position, Rect};

use super::Canvas;
use super::canvas::wrapped;
use crate::console::model::Model;
use crate::console::model::deeds::{Asks, Confirm, Target};
use crate::console::model::overlay::{Choosing, Overlay};
use crate::console::safe::Safe;
use crate::console::theme::Token;
use crate::wire::secret::Secret;

/// Cells of the width of a question.
const WIDTH: u16 = 76;

/// Draws `overlay` over `body`; answers where the cursor stands.
pub fn draw(model: &Model, overlay: &Overlay, canvas: &mut Canvas<'_>, body: Rect) -> Option<Position> {
    match overlay {
        Overlay::Filter(_) => None,
        Overlay::Palette(choosing) => choose(model, overlay, choosing, (canvas, body, "Command")),
        Overlay::Help(choosing) => {
            choose(model, overlay, choosing, (canvas, body, "Help: type to search, enter runs"))
        }
        Overlay::Actions(choosing) => choose(model, overlay, choosing, (canvas, body, "Actions")),
        Overlay::Columns(choosing) => {
            choose(model, overlay, choosing, (canvas, body, "Columns: enter shows or hides"))
        }
        Overlay::Looking(looking) => {
            let area = middle(body, 76, 3);
            canvas.clear(area);
            let inner = canvas.frame(area, &Safe::from("Looking"), &Safe::from("esc cancels"));
            let text = format!("which to {}: {} so far", looking.many.deed.verb, looking.found.len());
            canvas.paragraph(inner, &Safe::new(&text), Token::Info);
            None
        }
        Overlay::Confirm(asked) => confirm(model, asked, canvas, body),
        Overlay::Secret(secret) => {
            shown_once(model, secret, canvas, body);
            None
        }
    }
}

/// A line and what it finds. Only the choices that are seen are drawn.
fn choose(
    model: &Model,
    overlay: &Overlay,
    choosing: &Choosing,
    (canvas, body, title): (&mut Canvas<'_>, Rect, &'static str),
) -> Option<Position> {
    let theme = model.look.theme;
    let area = middle(body, 90, body.height);
    canvas.clear(area);
    let choices = model.choices(overlay);
    let inner =
        canvas.frame(area, &Safe::from(title), &Safe::new(&format!("{} found, esc closes", choices.len())));
    if inner.is_empty() {
        return None;
    }
    let (text, at) = choosing.line.shown();
    let x = canvas.put((inner.x, inner.y), inner.width, &Safe::from(": "), theme.style(Token::Accent));
    canvas.put((x, inner.y), inner.right().saturating_sub(x), &text, theme.style(Token::Plain));
    let lines = usize::from(inner.height.saturating_sub(1));
    let first = choosing.at.saturating_add(1).saturating_sub(lines);
    for ((index, choice), y) in choices.iter().enumerate().skip(first).zip(inner.y + 1..inner.bottom()) {
        let row = Rect { y, height: 1, ..inner };
        let token = if choice.hindrance.is_some() { Token::Muted } else { Token::Plain };
        let style = if index == choosing.at { theme.selected(token) } else { theme.style(token) };
        canvas.style(row, style);
        let why = choice.hindrance.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
        let help = Safe::new(&format!("{}{why}", choice.help));
        let key = Safe::new(&choice.keys).cut(12);
        let title = Safe::new(&choice.title).cut(18);
        canvas.put((row.x, y), 12.min(row.width), &key, style);
        canvas.put((row.x.saturating_add(13), y), row.width.saturating_sub(13).min(18), &title, style);
        canvas.put((row.x.saturating_add(32), y), row.width.saturating_sub(32), &help, style);
    }
    let at = u16::try_from(at).unwrap_or(u16::MAX);
    Some(Position { x: x.saturating_add(at).min(inner.right().saturating_sub(1)), y: inner.y })
}

/// The question before a write. What it is about stands there in full, as far as there is room.
fn confirm(model: &Model, asked: &Confirm, canvas: &mut Canvas<'_>, body: Rect) -> Option<Position> {
    let theme = model.look.theme;
    let server = model.target().map(|target| target.name.as_str()).unwrap_or_default();
    let mine = if asked.targets.iter().any(|target| target.is_mine) { "  incl. YOURS" } else { "" };
    let title = Safe::new(&format!("{} {} on {server}?{mine}", asked.deed.verb, asked.count()));
    let (lines, notes) = (lines(asked), notes(model, asked, body.width.clamp(3, WIDTH) - 2));
    let most = lines.len().min(12);
    // Those that are not shown are counted on a line of their own.
    let wanted = most + usize::from(lines.len() > most) + notes.len() + 4;
    let area = middle(body, WIDTH, u16::try_from(wanted).unwrap_or(u16::MAX));
    canvas.clear(area);
    let inner = canvas.frame(area, &title, &Safe::from("esc cancels"));
    // What has to be typed is always seen.
    let room = usize::from(inner.height).saturating_sub(2);
    let notes = notes.get(..room.saturating_sub(1).min(notes.len())).unwrap_or_default();
    let room = room.saturating_sub(notes.len());
    let shown = if lines.len() > room { room.saturating_sub(1) } else { lines.len() };
    let mut y = inner.y;
    let mut say = |canvas: &mut Canvas<'_>, text: &Safe, token| {
        if y >= inner.bottom() {
            return None;
        }
        let x = canvas.put((inner.x, y), inner.width, text, theme.style(token));
        y += 1;
        Some((x, y - 1))
    };
    for (text, token) in lines.iter().take(shown) {
        say(canvas, text, *token);
    }
    if lines.len() > shown {
        say(canvas, &Safe::new(&format!("and {} more", lines.len() - shown)), Token::Warn);
    }
    for (text, token) in notes {
        say(canvas, text, *token);
    }
    let reason = asked.reason.clone().unwrap_or_default();
    let mut typed = None;
    let why = if asked.needs_reason() { "why (required): " } else { "why (tab): " };
    if let Some(at) =
        say(canvas, &Safe::from(why), if asked.is_saying { Token::Accent } else { Token::Muted })
    {
        typed = asked.is_saying.then_some((at, &reason));
        let room = inner.right().saturating_sub(at.0);
        canvas.put(at, room, &reason.shown().0, theme.style(Token::Plain));
    }
    let demanded = asked.demanded();
    let verb = asked.deed.verb.to_lowercase();
    let ask = match (&demanded, asked.is_saying) {
        (Some(wanted), _) => asked.prompt(wanted),
        (None, true) => format!("enter, then y {verb}   esc cancel"),
        (None, false) => format!("y {verb}   esc cancel"),
    };
    if let Some(at) = say(canvas, &Safe::new(&ask), Token::Danger).filter(|_| demanded.is_some()) {
        let room = inner.right().saturating_sub(at.0);
        canvas.put(at, room, &asked.typed.shown().0, theme.style(Token::Plain));
        typed = typed.or(Some((at, &asked.typed)));
    }
    let ((x, y), line) = typed?;
    let at = u16::try_from(line.shown().1).unwrap_or(u16::MAX);
    Some(Position { x: x.saturating_add(at).min(inner.right().saturating_sub(1)), y })
}

/// What else there is to know, and what can be done about it afterwards.
fn notes(model: &Model, asked: &Confirm, width: u16) -> Vec<(Safe, Token)> {
    let back = asked.inverse.and_then(|_| model.keymap.key("undo"));
    let back = back.map(|key| format!(" ({key})")).unwrap_or_default();
    let remark = asked.remark.iter().map(|remark| (remark.clone(), Token::Warn));
    let undo = (format!("{}{back}", asked.deed.undo), Token::Muted);
    let wrap = |(text, token): (String, Token)| {
        wrapped(&Safe::new(&text), usize::from(width)).into_iter().map(move |line| (line, token))
    };
    remark.chain([undo]).flat_map(wrap).collect()
}

/// What it is about: the targets, or what is filled in so far.
fn lines(asked: &Confirm) -> Vec<(Safe, Token)> {
    if let Asks::Form(form) = asked.deed.asks {
        let filled = form.questions.iter().zip(&asked.said);
        return filled
            .map(|(question, said)| (Safe::new(&format!("{}: {said}", question.name)), Token::Plain))
            .collect();
    }
    let line = |(target, name): (&Target, &String)| {
        let mine = if target.is_mine { "  YOURS" } else { "" };
        let id = if target.id == *name { Safe::default() } else { Safe::new(&target.id) };
        let text = Safe::new(&format!("{}  {id}{mine}", Safe::name(name)));
        (text, if target.is_mine { Token::Danger } else { Token::Plain })
    };
    asked.targets.iter().zip(&asked.names).map(line).collect()
}

/// What is shown this once; not where a screen is shared.
fn shown_once(model: &Model, secret: &Secret, canvas: &mut Canvas<'_>, body: Rect) {
    let area = middle(body, 76, 7);
    canvas.clear(area);
    let inner = canvas.frame(area, &Safe::from("Shown this once"), &Safe::from("y copies, esc closes"));
    let text = if model.look.masked { Safe::from("masked; y copies it") } else { Safe::new(secret.reveal()) };
    canvas.paragraph(inner, &text, Token::Warn);
    let rest = Rect { y: inner.y.saturating_add(3), height: inner.height.saturating_sub(3), ..inner };
    canvas.paragraph(rest, &Safe::from("It is kept nowhere: copy it before this closes."), Token::Muted);
}

/// A box in the middle of `body`, at most this large.
fn middle(body: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(body.width), height.min(body.height));
    Rect { x: body.x + (body.width - width) / 2, y: body.y + (body.height - height) / 2, width, height }
}
