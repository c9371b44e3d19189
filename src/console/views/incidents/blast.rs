//! What an attack looks like in words, and what ending its sessions would touch. Knows no request.

use std::collections::BTreeSet;

use ratatui::layout::Rect;

use super::IncidentPanes;
use crate::console::draw::Canvas;
use crate::console::draw::canvas::wrapped;
use crate::console::look::Look;
use crate::console::model::deeds::counted;
use crate::console::moment::{Moment, brief};
use crate::console::safe::Safe;
use crate::console::theme::Token;
use crate::wire::guessing::Incident;

/// Draws both: side by side where there is room, else one below the other in one frame.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, row: Option<&Incident>, panes: &IncidentPanes) {
    let look = canvas.look;
    let title = row.map_or_else(|| Safe::from("Incident"), |row| look.place(&row.network));
    let looks = row
        .map_or_else(|| vec![(Safe::from("No network is selected."), Token::Muted)], |row| looks(row, look));
    let blast = row.map(|_| blast(panes, look)).unwrap_or_default();
    if area.width < 100 {
        let title = Safe::new(&format!("{title}, and its sessions (dry run)"));
        let inner = canvas.frame(area, &title, &Safe::default());
        return paragraphs(canvas, inner, &[looks, blast].concat());
    }
    let left = area.width / 2;
    let inner = canvas.frame(Rect { width: left, ..area }, &title, &Safe::default());
    paragraphs(canvas, inner, &looks);
    let right = Rect { x: area.x + left, width: area.width - left, ..area };
    let inner = canvas.frame(right, &Safe::from("Sessions from there (dry run)"), &Safe::default());
    paragraphs(canvas, inner, &blast);
}

fn paragraphs(canvas: &mut Canvas<'_>, area: Rect, texts: &[(Safe, Token)]) {
    let lines = texts.iter().flat_map(|(text, token)| {
        wrapped(text, usize::from(area.width)).into_iter().map(|line| (line, *token))
    });
    for ((line, token), y) in lines.zip(area.y..area.bottom()) {
        canvas.put((area.x, y), area.width, &line, canvas.look.theme.style(token));
    }
}

/// The attack in words.
pub(super) fn looks(row: &Incident, look: &Look) -> Vec<(Safe, Token)> {
    let shape = match row.shape.as_str() {
        "spray" => "Spray: few guesses at each of many names, so that no lock begins.",
        "guessing" => "Guessing: at few names. Perhaps one person who forgot, or one target.",
        "flood" => "Flood: many guesses at many names.",
        _ => "A shape that this console does not know.",
    };
    let size = format!(
        "{} at {} from {}, {}",
        counted(whole(row.failures), ("failure", "failures")),
        counted(whole(row.names), ("name", "names")),
        counted(whole(row.addresses), ("address", "addresses")),
        counted(whole(row.lockouts), ("lock", "locks")),
    );
    let (first, last) = (Moment::parse(&row.first_at), Moment::parse(&row.last_at));
    let span = first.zip(last).map(|(first, last)| last.since(first));
    let rate = span.filter(|span| span.as_secs() >= 60).map(|span| {
        let minutes = span.as_secs() / 60;
        format!(", {} a minute", row.failures.checked_div(minutes).unwrap_or(0))
    });
    let time = format!(
        "for {}, the last {} ago{}",
        span.map(brief).unwrap_or_default(),
        look.age(&row.last_at),
        rate.unwrap_or_default()
    );
    let (won, token) = match row.logins {
        0 => ("no login from there succeeded meanwhile".to_owned(), Token::Ok),
        logins => {
            let logins = counted(whole(logins), ("login", "logins"));
            (format!("! {logins} from there succeeded meanwhile: look at them (i)"), Token::Danger)
        }
    };
    vec![
        (Safe::from(shape), Token::Info),
        (Safe::new(&size), Token::Plain),
        (Safe::new(&time), Token::Plain),
        (Safe::new(&won), token),
    ]
}

/// What ending the sessions would do.
pub(super) fn blast(panes: &IncidentPanes, look: &Look) -> Vec<(Safe, Token)> {
    if !panes.may_end {
        return vec![(Safe::from("To look needs users:update."), Token::Muted)];
    }
    let Some(told) = panes.blast.data.known() else { return vec![panes.blast.instead(look)] };
    let outcome = |outcome: &'static str| told.sessions.iter().filter(move |one| one.outcome == outcome);
    let accounts: BTreeSet<_> = outcome("ended").filter_map(|one| one.user_id.as_deref()).collect();
    let ended = usize::try_from(told.ended).unwrap_or(usize::MAX);
    let (main, token) = if ended == 0 {
        ("No session from there would end.".to_owned(), Token::Ok)
    } else {
        let sessions = counted(ended, ("session", "sessions"));
        let accounts = counted(accounts.len(), ("account", "accounts"));
        (format!("{sessions} of {accounts} would end."), Token::Warn)
    };
    let mut lines = vec![(Safe::new(&main), token)];
    let kept = [("outranked", "kept, of accounts above yours"), ("own", "kept, your own")];
    for (name, words) in kept {
        let count = outcome(name).count();
        if count > 0 {
            lines.push((Safe::new(&format!("{count} {words}")), Token::Plain));
        }
    }
    if told.next_cursor.is_some() {
        lines.push((Safe::from("There are more: end these, and look again."), Token::Warn));
    }
    if let Some(problem) = panes.blast.data.problem() {
        lines.push((Safe::new(&problem.line()), Token::Danger));
    }
    if ended > 0 {
        lines.push((Safe::from("D ends them, after the network is typed, and why."), Token::Muted));
    }
    lines.push((Safe::from("A network is not blocked here; a firewall or proxy does that."), Token::Muted));
    lines
}

fn whole(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
