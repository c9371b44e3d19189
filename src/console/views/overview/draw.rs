//! How the Overview looks at every size. Knows no request.

use std::time::Duration;

use ratatui::layout::Rect;

use super::attention::{Concern, bytes, concerns, grouped};
use super::{Known, Overview};
use crate::console::draw::{Canvas, layout::Shape, spark};
use crate::console::look::Look;
use crate::console::model::deeds::counted;
use crate::console::moment::brief;
use crate::console::safe::Safe;
use crate::console::theme::Token;
use crate::console::views::sign;
use crate::wire::audit::AuditLog;
use crate::wire::server::Counted;
use crate::wire::stats::StatsSeries;

/// Where everything is; what has no room is empty. Of the two lists it is the inside of their frames.
#[derive(Debug, Clone, Copy, Default)]
pub struct Places {
    charts: Rect,
    counts: Rect,
    pub concerns: Rect,
    pub tail: Rect,
    health: Rect,
}

/// Of a body with so many concerns.
pub fn places(body: Rect, concerns: usize) -> Places {
    let lines = u16::try_from(concerns.max(1)).unwrap_or(u16::MAX);
    if body.width < 60 || body.height < 11 {
        let upper = lines.min(body.height / 2);
        let tail = Rect { y: body.y + upper, height: body.height - upper, ..body };
        return Places { concerns: Rect { height: upper, ..body }, tail, ..Places::default() };
    }
    let is_wide = body.width >= 100;
    let charts = (body.height.saturating_sub(10) / 3).clamp(2, CHARTS_MAX) + 2;
    let counts = u16::from(!is_wide);
    let most = (body.height.saturating_sub(charts + counts) / 2).clamp(3, ATTENTION_MAX);
    let attention = lines.saturating_add(2).min(most);
    let row = |y: u16, height| Rect { y: body.y + y, height, ..body };
    let inner = |area: Rect| Rect {
        x: area.x + 1,
        y: area.y + 1,
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(2),
    };
    let upper = row(0, charts);
    let left = if is_wide { body.width * 3 / 5 } else { body.width };
    let above = charts + counts + attention;
    Places {
        charts: Rect { width: left, ..upper },
        counts: if is_wide {
            Rect { x: body.x + left, width: body.width - left, ..upper }
        } else {
            row(charts, counts)
        },
        concerns: inner(row(charts + counts, attention)),
        tail: inner(row(above, body.height - above - 1)),
        health: row(body.height - 1, 1),
    }
}

/// Lines of history.
const CHARTS_MAX: u16 = 6;

/// Lines of what needs attention, with their frame.
const ATTENTION_MAX: u16 = 10;

/// A name, its numbers, and whether any of them is bad.
type Chart = (&'static str, fn(&StatsSeries) -> &[u64], bool);

/// The most telling first, for there may be room for a few only.
const CHARTS: [Chart; 6] = [
    ("ok", |series| &series.logins_ok, false),
    ("fail", |series| &series.logins_failed, true),
    ("lock", |series| &series.lockouts, true),
    ("refresh", |series| &series.refreshes, false),
    ("mfa", |series| &series.logins_mfa, false),
    ("denied", |series| &series.denials, true),
];

/// Cells of a chart's name, and of its numbers.
const NAME: u16 = 8;
const NUMBERS: u16 = 20;

impl Overview {
    pub(super) fn paint(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let look = canvas.look;
        let concerns = concerns(&self.known, look);
        if Shape::of(canvas.screen()) == Shape::Line {
            let text = counted(concerns.len(), ("concern", "concerns"));
            canvas.put((area.x, area.y), area.width, &Safe::new(&text), look.theme.style(Token::Plain));
            return;
        }
        if let Some((text, token)) = self.instead(look) {
            let inner = canvas.frame(area, &Safe::from("Overview"), &Safe::default());
            return canvas.paragraph(inner, &text, token);
        }
        let places = places(area, concerns.len());
        self.charts(canvas, places.charts);
        self.counts(canvas, places.counts);
        let is_framed = !places.health.is_empty();
        if is_framed {
            let title = format!("Needs attention ({})", concerns.len());
            canvas.frame(outer(places.concerns), &Safe::new(&title), &Safe::default());
            canvas.frame(outer(places.tail), &self.title(), &Safe::default());
        }
        self.concerns(canvas, places.concerns, &concerns);
        self.tail(canvas, places.tail);
        let (text, token) = self.health(look);
        let health = places.health;
        canvas.put((health.x, health.y), health.width.min(area.width), &text, look.theme.style(token));
    }

    /// What is shown instead of everything: nothing is known, and that is because ..
    fn instead(&self, look: &Look) -> Option<(Safe, Token)> {
        let Known { stats, counts, server, incidents } = &self.known;
        let knows = stats.data.known().is_some()
            || counts.data.known().is_some()
            || server.data.known().is_some()
            || incidents.data.known().is_some()
            || self.log.data.known().is_some();
        (!knows).then(|| stats.instead(look))
    }

    fn charts(&self, canvas: &mut Canvas<'_>, area: Rect) {
        if area.is_empty() {
            return;
        }
        let look = canvas.look;
        let Some(stats) = self.known.stats.data.known() else {
            let inner = canvas.frame(area, &Safe::from("Logins a minute"), &Safe::default());
            let (text, token) = self.known.stats.instead(look);
            return canvas.paragraph(inner, &text, token);
        };
        let width = area.width.saturating_sub(2 + NAME + NUMBERS);
        let minutes = stats.series.logins_ok.len().min(usize::from(width));
        let foot = self.known.stats.data.problem().map(|problem| Safe::new(&problem.line()));
        let title = Safe::new(&format!("A minute, the last {minutes} minutes"));
        let inner = canvas.frame(area, &title, &foot.unwrap_or_default());
        for ((name, series, is_bad), y) in CHARTS.iter().zip(inner.y..inner.bottom()) {
            let values = series(&stats.series);
            let seen = || values.iter().rev().take(minutes);
            let (now, most) = (seen().next().copied().unwrap_or(0), seen().max().copied().unwrap_or(0));
            let token = if *is_bad && most > 0 { Token::Warn } else { Token::Plain };
            let style = look.theme.style(token);
            canvas.put((inner.x, y), NAME, &Safe::from(*name), look.theme.style(Token::Muted));
            let line = Safe::new(&spark::line(values, minutes, look));
            let x = canvas.put((inner.x + NAME, y), width, &line, style);
            let numbers = Safe::new(&format!(" now {} max {}", grouped(now), grouped(most)));
            canvas.put((x, y), inner.right().saturating_sub(x), &numbers, style);
        }
    }

    /// In a frame where it has one, else in a line.
    fn counts(&self, canvas: &mut Canvas<'_>, area: Rect) {
        if area.is_empty() {
            return;
        }
        let look = canvas.look;
        let told = self.known.counts.data.known();
        let inner = if area.height > 1 {
            canvas.frame(area, &Safe::from("Counts"), &Safe::default())
        } else {
            Rect { x: area.x + 1, width: area.width.saturating_sub(1), ..area }
        };
        let Some(told) = told else {
            let (text, token) = self.known.counts.instead(look);
            return canvas.paragraph(inner, &text, token);
        };
        let sign = look.sign("≥", ">=");
        let number =
            |count: &Counted| format!("{}{}", if count.capped { sign } else { "" }, grouped(count.count));
        let all = [
            ("live sessions", &told.sessions, Token::Plain),
            ("locks", &told.lockouts, Token::Warn),
            ("users", &told.users, Token::Plain),
            ("api keys", &told.api_keys, Token::Plain),
            ("mails waiting", &told.mails, Token::Plain),
        ];
        let style =
            |token, count: &Counted| look.theme.style(if count.count == 0 { Token::Plain } else { token });
        if area.height == 1 {
            let mut x = inner.x;
            for (name, count, token) in all {
                let text = Safe::new(&format!("{} {name}", number(count)));
                x = canvas.put((x, inner.y), inner.right().saturating_sub(x), &text, style(token, count)) + 3;
            }
            return;
        }
        for ((name, count, token), y) in all.into_iter().zip(inner.y..inner.bottom()) {
            let text = Safe::new(&format!("{name:<16}{:>10}", number(count)));
            canvas.put((inner.x, y), inner.width, &text, style(token, count));
        }
    }

    fn concerns(&self, canvas: &mut Canvas<'_>, area: Rect, concerns: &[Concern]) {
        let look = canvas.look;
        if concerns.is_empty() {
            let (text, token) = match self.known.counts.data.known() {
                Some(_) => (Safe::from("Nothing needs attention."), Token::Ok),
                None => self.known.counts.instead(look),
            };
            canvas.put(
                (area.x, area.y),
                area.width.min(area.width * area.height.min(1)),
                &text,
                look.theme.style(token),
            );
            return;
        }
        let at = concerns.iter().position(|one| Some(one.id.as_str()) == self.selected.as_deref());
        let first = at.map_or(0, |at| (at + 1).saturating_sub(usize::from(area.height)));
        for (concern, y) in concerns.iter().skip(first).zip(area.y..area.bottom()) {
            let style = self.begin(canvas, Rect { y, height: 1, ..area }, &concern.id, concern.level.1);
            let x = canvas.put(
                (area.x + 2, y),
                area.width.saturating_sub(2),
                &Safe::from(concern.level.0),
                style.0,
            );
            let text = Safe::new(&format!("  {}", concern.text));
            canvas.put((x, y), area.right().saturating_sub(x), &text, style.1);
        }
    }

    fn tail(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let look = canvas.look;
        let first = self.tail.first(self.selected.as_deref(), area);
        if self.tail.records().next().is_none() {
            let (text, token) = match self.log.data.known() {
                Some(_) => (Safe::from("Nothing was recorded yet."), Token::Muted),
                None => self.log.instead(look),
            };
            return canvas.paragraph(area, &text, token);
        }
        for (record, y) in self.tail.records().skip(first).zip(area.y..area.bottom()) {
            look.built.set(look.built.get() + 1);
            let outcome = sign::outcome(record);
            let style = self.begin(canvas, Rect { y, height: 1, ..area }, &record.id, outcome.1);
            let text = Safe::new(&format!("{} ", look.time(&record.created_at).cut(12)));
            let x = canvas.put((area.x + 2, y), area.width.saturating_sub(2), &text, style.1);
            let word = Safe::new(&format!("{:<5}", outcome.0.as_str()));
            let x = canvas.put((x, y), area.right().saturating_sub(x), &word, style.0);
            canvas.put((x, y), area.right().saturating_sub(x), &said(record, look), style.1);
        }
    }

    /// The beginning of a line that the cursor may be on; answers how its word and its text look.
    fn begin(
        &self,
        canvas: &mut Canvas<'_>,
        row: Rect,
        id: &str,
        token: Token,
    ) -> (ratatui::style::Style, ratatui::style::Style) {
        let theme = canvas.look.theme;
        let is_selected = self.selected.as_deref() == Some(id);
        let style = |token| if is_selected { theme.selected(token) } else { theme.style(token) };
        canvas.style(row, style(Token::Plain));
        let cursor = Safe::from(if is_selected { ">" } else { " " });
        canvas.put((row.x, row.y), 1.min(row.width), &cursor, style(Token::Plain));
        (style(token), style(Token::Plain))
    }

    fn title(&self) -> Safe {
        match (self.tail.is_paused(), self.tail.news) {
            (false, _) => Safe::from("Live audit"),
            (true, 0) => Safe::from("Live audit  PAUSED"),
            (true, news) => Safe::new(&format!("Live audit  PAUSED  +{news} new (f)")),
        }
    }

    /// One line about the server.
    fn health(&self, look: &Look) -> (Safe, Token) {
        let Some(server) = self.known.server.data.known() else {
            let (text, token) = self.known.server.instead(look);
            return (Safe::new(&format!(" {text}")), token);
        };
        let mut parts = vec![format!("v{}", server.version)];
        parts.extend(server.uptime_seconds.map(|up| format!("up {}", brief(Duration::from_secs(up)))));
        let store = server.store.bytes.map(|size| format!(" {}", bytes(size))).unwrap_or_default();
        parts.push(format!("store{store}, {} waiting", server.store.queued));
        parts.push(format!("hashing {} now, {} waiting", server.hashing.running, server.hashing.queued));
        parts.push(format!("audit #{}", grouped(server.audit.head)));
        parts.extend(server.memory_bytes.map(|size| format!("memory {}", bytes(size))));
        parts.extend(server.disk_free_bytes.map(|free| format!("disk {} free", bytes(free))));
        parts.push(counted(usize::try_from(server.streams).unwrap_or(usize::MAX), ("stream", "streams")));
        (Safe::new(&format!(" {}", parts.join(" | "))), Token::Muted)
    }

    pub(super) fn as_lines(&self, look: &Look) -> Vec<Safe> {
        if let Some((text, _)) = self.instead(look) {
            return vec![text];
        }
        let mut lines = Vec::new();
        for concern in concerns(&self.known, look) {
            lines.push(Safe::new(&format!("{}  {}", concern.level.0, concern.text)));
        }
        if let Some(told) = self.known.counts.data.known() {
            let number = |count: &Counted| format!("{}{}", if count.capped { ">=" } else { "" }, count.count);
            lines.push(Safe::new(&format!(
                "{} live sessions, {} locks, {} users, {} api keys, {} mails waiting",
                number(&told.sessions),
                number(&told.lockouts),
                number(&told.users),
                number(&told.api_keys),
                number(&told.mails)
            )));
        }
        lines.push(self.health(look).0);
        for record in self.tail.records() {
            let outcome = sign::outcome(record).0;
            let time = look.time(&record.created_at);
            lines.push(Safe::new(&format!("{time} {outcome} {}", said(record, look))));
        }
        lines
    }
}

/// What happened, to whom, from where and why.
fn said(record: &AuditLog, look: &Look) -> Safe {
    let account = |id: &Option<String>| id.as_deref().map_or_else(|| Safe::from("-"), |id| look.account(id));
    let from = record.ip_address.as_deref().map_or_else(|| Safe::from("-"), |ip| look.place(ip));
    let action = Safe::new(&record.action).cut(24);
    let reason = Safe::new(record.reason.as_deref().unwrap_or_default());
    let about = account(&record.user_id);
    Safe::new(&format!(
        "{:<22} {:<11} {:<15} {}",
        action.as_str(),
        about.as_str(),
        from.as_str(),
        reason.as_str()
    ))
}

/// The frame around the inside of a list.
fn outer(inner: Rect) -> Rect {
    Rect {
        x: inner.x.saturating_sub(1),
        y: inner.y.saturating_sub(1),
        width: inner.width + 2,
        height: inner.height + 2,
    }
}
