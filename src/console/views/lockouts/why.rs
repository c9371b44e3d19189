//! Why somebody is locked: the rule, the guesses that led to it, and the end of it. Knows no request.

use std::collections::BTreeSet;

use ratatui::layout::Rect;

use super::{left, place, who};
use crate::console::conn::problem::Kind;
use crate::console::draw::Canvas;
use crate::console::draw::canvas::wrapped;
use crate::console::look::Look;
use crate::console::model::deeds::counted;
use crate::console::moment::brief;
use crate::console::safe::Safe;
use crate::console::theme::Token;
use crate::console::views::part::Part;
use crate::wire::lockout::{Lockout, LockoutAttempt, LockoutExplained};

/// Draws it into `area`. Where there is too little room, the oldest guesses are left out.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, row: Option<&Lockout>, why: &Part<LockoutExplained>) {
    let title = row.map_or_else(
        || Safe::from("Why"),
        |row| Safe::new(&format!("Why is {} locked?", who(row, canvas.look).0)),
    );
    let inner = canvas.frame(area, &title, &Safe::default());
    let look = canvas.look;
    let head = head(row, why, look);
    let guesses = guesses(why, look);
    let mut y = inner.y;
    for (text, token) in &head {
        for line in wrapped(text, usize::from(inner.width)) {
            if y < inner.bottom() {
                canvas.put((inner.x, y), inner.width, &line, look.theme.style(*token));
                y += 1;
            }
        }
    }
    let room = usize::from(inner.bottom().saturating_sub(y));
    let skipped = guesses.len().saturating_sub(room);
    for ((text, token), y) in guesses.iter().skip(skipped).zip(y..inner.bottom()) {
        canvas.put((inner.x, y), inner.width, text, look.theme.style(*token));
    }
}

/// The same as lines.
pub fn lines(row: Option<&Lockout>, why: &Part<LockoutExplained>, look: &Look) -> Vec<(Safe, Token)> {
    let mut lines = head(row, why, look);
    lines.extend(guesses(why, look));
    lines
}

/// What holds for the lock as a whole.
fn head(row: Option<&Lockout>, why: &Part<LockoutExplained>, look: &Look) -> Vec<(Safe, Token)> {
    let Some(row) = row else { return vec![(Safe::from("No lock is selected."), Token::Muted)] };
    let ends = match left(row, look.now) {
        Some(left) if left.is_zero() => "it should be over".to_owned(),
        Some(left) => format!("unlocks by itself in {}", brief(left)),
        None => format!("until {}", Safe::new(&row.until)),
    };
    let ends = Safe::new(&format!("since {} ago, {}; {ends}", look.age(&row.since), place(row, look)));
    let Some(told) = why.data.known() else {
        if why.data.problem().is_some_and(|problem| problem.kind == Kind::Missing) {
            return vec![(Safe::from("This lock is over."), Token::Muted)];
        }
        return vec![(ends, Token::Plain), why.instead(look)];
    };
    // The rule in the server's words names the network.
    let rule = match row.network.as_deref().filter(|_| look.masked) {
        Some(network) => told.explanation.replace(network, look.place(network).as_str()),
        None => told.explanation.clone(),
    };
    let mut lines = vec![(Safe::new(&rule), Token::Info), (ends, Token::Warn)];
    lines.extend(summary(&told.attempts));
    lines
}

/// Whether it looks like one client that forgot, or like many.
fn summary(attempts: &[LockoutAttempt]) -> Option<(Safe, Token)> {
    let distinct = |of: fn(&LockoutAttempt) -> Option<&str>| {
        attempts.iter().filter_map(of).collect::<BTreeSet<_>>().len()
    };
    let addresses = distinct(|attempt| attempt.ip_address.as_deref());
    let clients = distinct(|attempt| attempt.user_agent.as_deref());
    let text = format!(
        "{} from {} by {}",
        counted(attempts.len(), ("guess", "guesses")),
        counted(addresses, ("address", "addresses")),
        counted(clients, ("client", "clients"))
    );
    (!attempts.is_empty()).then(|| (Safe::new(&text), Token::Muted))
}

/// The guesses, the oldest first; the last is the one that locked.
fn guesses(why: &Part<LockoutExplained>, look: &Look) -> Vec<(Safe, Token)> {
    let Some(told) = why.data.known() else { return Vec::new() };
    let count = told.attempts.len();
    if count == 0 {
        return vec![(
            Safe::from("The guesses are out of reach: too much was recorded since."),
            Token::Muted,
        )];
    }
    let line = |(index, attempt): (usize, &LockoutAttempt)| {
        let address =
            attempt.ip_address.as_deref().map_or_else(|| Safe::from("-"), |address| look.place(address));
        let reason = Safe::new(attempt.reason.as_deref().unwrap_or(&attempt.action));
        let client = Safe::new(attempt.user_agent.as_deref().unwrap_or("-"));
        let number = format!("{}/{count}", count - index);
        let (end, token) = if index == 0 { ("  LOCK", Token::Danger) } else { ("", Token::Plain) };
        let at = look.time(&attempt.at);
        let text =
            format!("{} {:<15} {:<14} {number:<5}{end}  {client}", at, address.as_str(), reason.as_str());
        (Safe::new(&text), token)
    };
    told.attempts.iter().enumerate().map(line).rev().collect()
}
