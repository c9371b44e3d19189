//! The Overview: how much happens, how many there are, what needs attention, and the audit log as it grows. Knows nothing of
//! lists in general.

mod attention;
mod draw;
mod tail;

use std::time::Duration;

use ratatui::layout::Rect;

use super::part::Part;
use super::{Cx, View, ViewSpec, audit};
use crate::console::action::{ActionSpec, Step};
use crate::console::conn::{Answer, Problem, Request};
use crate::console::draw::Canvas;
use crate::console::draw::layout::LIST_FRAME;
use crate::console::look::Look;
use crate::console::moment::Moment;
use crate::console::safe::Safe;
use crate::wire::audit::{AuditLog, AuditPage};
use crate::wire::guessing::Incidents;
use crate::wire::server::{Census, Server};
use crate::wire::stats::Stats;
use attention::{Concern, concerns};
use tail::Tail;

static SPEC: ViewSpec = ViewSpec {
    open: ActionSpec::open("overview", "overview", &["1"]),
    title: "Overview",
    aliases: &["o", "home"],
    needs: "audit:read",
    actions: &[],
    fields: &[],
};

/// The least time between two readings that events cause. One counts up to 10,000 rows of a kind.
const PACE: Duration = Duration::from_secs(3);

/// How old the numbers may become while they are looked at and nothing happens.
const REFRESH: Duration = Duration::from_secs(30);

/// The view.
pub fn view() -> Box<dyn View> {
    Box::new(Overview {
        known: Known {
            stats: Part::new("overview", "stats"),
            counts: Part::new("overview", "counts"),
            server: Part::new("overview", "server"),
            incidents: Part::new("overview", "incidents"),
        },
        log: Part::new("overview", "log"),
        tail: Tail::default(),
        selected: None,
        asked_at: None,
        reload_at: None,
    })
}

/// What the server says in numbers.
struct Known {
    stats: Part<Stats>,
    counts: Part<Census>,
    server: Part<Server>,
    incidents: Part<Incidents>,
}

struct Overview {
    known: Known,
    log: Part<AuditPage>,
    tail: Tail,
    /// The concern or the record under the cursor.
    selected: Option<String>,
    asked_at: Option<Moment>,
    reload_at: Option<Moment>,
}

/// A line that the cursor can be on.
enum Line<'a> {
    Concern(Concern),
    Record(&'a AuditLog),
}

impl Line<'_> {
    fn id(&self) -> &str {
        match self {
            Self::Concern(concern) => &concern.id,
            Self::Record(record) => &record.id,
        }
    }
}

impl Overview {
    fn ask_numbers(&mut self, cx: &mut Cx<'_>) {
        (self.asked_at, self.reload_at) = (Some(cx.now), None);
        self.known.stats.ask(Request::get("/api/v1/stats"), cx);
        self.known.counts.ask(Request::get("/api/v1/server/counts"), cx);
        self.known.server.ask(Request::get("/api/v1/server"), cx);
        self.known.incidents.ask(Request::get("/api/v1/audit/incidents").with("limit", "10"), cx);
    }

    fn ask_log(&mut self, cx: &mut Cx<'_>) {
        self.log.ask(Request::get("/api/v1/audit/logs").with("limit", tail::LENGTH.to_string()), cx);
    }

    /// The lines that the cursor goes over, with what is shown of them.
    fn all_lines(&self, look: &Look) -> Vec<Line<'_>> {
        let concerns = concerns(&self.known, look).into_iter().map(Line::Concern);
        concerns.chain(self.tail.records().map(Line::Record)).collect()
    }

    fn line(&self) -> Option<Line<'_>> {
        let id = self.selected.as_deref()?;
        // Where it leads does not depend on how it is shown.
        let look = Look::new(crate::console::theme::Theme::Mono, false, 0);
        self.all_lines(&look).into_iter().find(|line| line.id() == id)
    }

    fn walk(&mut self, to: impl Fn(usize) -> usize, cx: &Cx<'_>) {
        let mut look = Look::new(crate::console::theme::Theme::Mono, false, 0);
        look.now = cx.now;
        let ids: Vec<String> = self.all_lines(&look).iter().map(|line| line.id().to_owned()).collect();
        let at = self.selected.as_ref().and_then(|id| ids.iter().position(|other| other == id));
        // The first step takes up the first line.
        let next = at.map_or_else(|| to(0).saturating_sub(1), &to).min(ids.len().saturating_sub(1));
        self.selected = ids.into_iter().nth(next);
    }

    /// A click on the line so far below the top of a list.
    fn click(&mut self, line: usize, cx: &Cx<'_>) {
        let mut look = Look::new(crate::console::theme::Theme::Mono, false, 0);
        look.now = cx.now;
        let y =
            cx.body.y.saturating_add(LIST_FRAME - 1).saturating_add(u16::try_from(line).unwrap_or(u16::MAX));
        let concerns = concerns(&self.known, &look);
        let places = draw::places(cx.body, concerns.len());
        let within = |area: Rect| (y >= area.y && y < area.bottom()).then(|| usize::from(y - area.y));
        let id = if let Some(index) = within(places.concerns) {
            concerns.get(index).map(|concern| concern.id.clone())
        } else {
            let first = self.tail.first(self.selected.as_deref(), places.tail);
            within(places.tail)
                .and_then(|index| self.tail.records().nth(first + index))
                .map(|one| one.id.clone())
        };
        self.selected = id.or_else(|| self.selected.take());
    }
}

impl View for Overview {
    fn spec(&self) -> &'static ViewSpec {
        &SPEC
    }

    fn enter(&mut self, cx: &mut Cx<'_>) {
        let is_old = self.asked_at.is_none_or(|at| cx.now.since(at) >= PACE);
        let is_broken = self.log.data.problem().is_some();
        if is_old || is_broken {
            self.ask_numbers(cx);
        }
        if self.log.data.known().is_none() || is_broken {
            self.ask_log(cx);
        }
    }

    fn reload(&mut self, cx: &mut Cx<'_>) {
        if cx.is_shown {
            self.ask_numbers(cx);
            self.ask_log(cx);
        } else {
            // What was missed is read when somebody comes back.
            (self.asked_at, self.tail) = (None, Tail::default());
            self.log.forget();
        }
    }

    fn answer(&mut self, part: &str, generation: u64, result: Result<Answer, Problem>, cx: &mut Cx<'_>) {
        self.known.stats.answer(part, generation, &result, cx);
        self.known.counts.answer(part, generation, &result, cx);
        self.known.server.answer(part, generation, &result, cx);
        self.known.incidents.answer(part, generation, &result, cx);
        if part == "log" {
            self.log.answer(part, generation, &result, cx);
            if let Some(page) = self.log.data.known() {
                self.tail.join(&page.logs);
            }
        }
    }

    fn events(&mut self, events: &[AuditLog], cx: &mut Cx<'_>) {
        self.tail.hear(events);
        let due = self.asked_at.map_or(cx.now, |at| at.plus(PACE).max(cx.now));
        self.reload_at.get_or_insert(due);
    }

    fn deadline(&self) -> Option<Moment> {
        self.reload_at
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let is_due = self.reload_at.is_some_and(|at| at <= cx.now);
        let is_old = self.asked_at.is_some_and(|at| cx.now.since(at) >= REFRESH);
        if cx.is_shown && (is_due || is_old) {
            self.ask_numbers(cx);
        }
    }

    fn step(&mut self, step: Step, cx: &mut Cx<'_>) {
        let page = usize::from(cx.body.height / 2).max(1);
        match step {
            Step::Up => self.walk(|at| at.saturating_sub(1), cx),
            Step::Down => self.walk(|at| at.saturating_add(1), cx),
            Step::PageUp => self.walk(|at| at.saturating_sub(page), cx),
            Step::PageDown => self.walk(|at| at.saturating_add(page), cx),
            Step::Top => self.walk(|_| 0, cx),
            Step::End => self.walk(|_| usize::MAX, cx),
            Step::To(line) => self.click(line, cx),
            Step::Follow if self.tail.pause() => self.ask_log(cx),
            Step::Close => self.selected = None,
            Step::Follow
            | Step::Open
            | Step::Pane
            | Step::Mark
            | Step::Range
            | Step::All
            | Step::Unmark
            | Step::Order => {}
        }
    }

    fn leads(&self) -> Option<String> {
        self.line().map(|line| match line {
            Line::Concern(concern) => concern.leads.to_owned(),
            Line::Record(record) => match &record.request_id {
                Some(request) => format!("audit req:{request}"),
                None => "audit".to_owned(),
            },
        })
    }

    fn is_list(&self) -> bool {
        true
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        match self.line() {
            Some(Line::Record(record)) => audit::facts(record),
            Some(Line::Concern(Concern { id, network, .. })) => {
                std::iter::once(("id", id)).chain(network.map(|network| ("ip", network))).collect()
            }
            None => Vec::new(),
        }
    }

    fn request(&self, _now: Moment) -> Option<Request> {
        Some(Request::get("/api/v1/stats"))
    }

    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        self.paint(canvas, area);
    }

    fn lines(&self, look: &Look) -> Vec<String> {
        self.as_lines(look).iter().map(Safe::to_string).collect()
    }
}

#[cfg(test)]
mod tests;
