//! The Health view: how the server is, what waits, what ends soon, and every setting. Knows nothing of lists of rows.
//!
//! ## Decision: one page of lines
//! What an operator looks for here is a line: a setting, a mail, a key. So everything is one page that scrolls and is
//! filtered as it is typed; where there is room, what only changes by itself stands beside it.

mod draw;
mod facts;
mod lines;

use std::time::Duration;

use ratatui::layout::Rect;

use crate::console::action::{ActionSpec, Danger, Run, Step, When};
use crate::console::conn::{Answer, Problem, Request};
use crate::console::draw::Canvas;
use crate::console::look::Look;
use crate::console::model::deeds::{Asks, Deed, Target};
use crate::console::model::remote::Remote;
use crate::console::moment::Moment;
use crate::console::safe::Safe;
use crate::console::theme::Theme;
use crate::console::views::{Cx, Field, Sent, View, ViewSpec};
use crate::wire::audit::AuditLog;
use crate::wire::outbox::OutboxPage;
use crate::wire::server::{Server, ServerConfig, StrainedLimits};
use crate::wire::signing_key::SigningKeyList;
use crate::wire::stats::Stats;
use lines::Line;

/// How often what changes by itself is asked for while it is looked at.
const EVERY: Duration = Duration::from_secs(5);

static SPEC: ViewSpec = ViewSpec {
    open: ActionSpec::open("health", "health", &["7"]),
    title: "Health",
    aliases: &["h", "config", "mail"],
    needs: "audit:read",
    actions: ACTIONS,
    fields: &[Field { name: "", help: "lines that hold this text", sent: Sent::As("text") }],
};

const ACTIONS: &[ActionSpec] = &[
    ActionSpec::deed(
        ("health.send", "send mail", "Send the waiting mail under the cursor now."),
        &["s"],
        "users:update",
        &SEND,
    ),
    ActionSpec::deed(
        ("health.drop", "remove mail", "Remove the mail under the cursor; it is never sent."),
        &["d"],
        "users:update",
        &DROP,
    ),
    ActionSpec {
        id: "health.rotate",
        name: "rotate key",
        help: "Let the next signing key sign; what the present one signed stays valid.",
        keys: &["R"],
        when: When::Targets,
        needs: Some("integrations:update"),
        danger: Danger::Write,
        run: Run::Deed(&ROTATE),
    },
];

const MAILS: (&str, &str) = ("mail", "mails");

static SEND: Deed = Deed {
    verb: "SEND",
    done: "sent off",
    things: MAILS,
    request: |target| Request::post(format!("/api/v1/outbox/{}/retry", target.id), ""),
    asks: Asks::Yes,
    undo: "tried at once instead of later",
};

static DROP: Deed = Deed {
    verb: "REMOVE",
    done: "removed",
    things: MAILS,
    request: |target| Request::delete(format!("/api/v1/outbox/{}", target.id)),
    asks: Asks::Reason,
    undo: "cannot be undone; it is never sent",
};

static ROTATE: Deed = Deed {
    verb: "ROTATE",
    done: "rotated",
    things: ("signing key", "signing keys"),
    request: |_| Request::post("/api/v1/signing-keys/rotate", "{\"revoke\":false}"),
    asks: Asks::Reason,
    undo: "cannot be undone; tokens that were signed stay valid until they end",
};

/// The view.
#[derive(Default)]
pub struct Health {
    generation: u64,
    server: Remote<Server>,
    stats: Remote<Stats>,
    limits: Remote<StrainedLimits>,
    mails: Remote<OutboxPage>,
    keys: Remote<SigningKeyList>,
    config: Remote<ServerConfig>,
    next: Option<Moment>,
    filter: String,
    recalled: Vec<String>,
    /// The line under the cursor, by its id.
    selected: Option<String>,
    top: usize,
    is_open: bool,
}

impl Health {
    fn ask(&mut self, parts: &[&'static str], cx: &mut Cx<'_>) {
        for part in parts {
            let path = match *part {
                "server" => "/api/v1/server",
                "stats" => "/api/v1/stats",
                "limits" => "/api/v1/limits",
                "mails" => "/api/v1/outbox?limit=100",
                "keys" => "/api/v1/signing-keys",
                _ => "/api/v1/server/config",
            };
            match *part {
                "server" => self.server.ask(cx.now),
                "stats" => self.stats.ask(cx.now),
                "limits" => self.limits.ask(cx.now),
                "mails" => self.mails.ask(cx.now),
                "keys" => self.keys.ask(cx.now),
                _ => self.config.ask(cx.now),
            }
            cx.ask((SPEC.id(), part), self.generation, Request::get(path));
        }
    }

    fn ask_moving(&mut self, cx: &mut Cx<'_>) {
        self.next = Some(cx.now.plus(EVERY));
        self.ask(&["server", "stats", "limits", "mails"], cx);
    }

    /// The lines that the cursor goes over: those that pass the filter, without what stands beside them.
    fn page(&self, cx: &Cx<'_>) -> Vec<Line> {
        let mut look = Look::new(Theme::Mono, true, 0);
        look.now = cx.now;
        let is_beside = draw::has_two_sides(cx.body);
        let passes = |line: &Line| !(is_beside && line.moves) && line.is_found_by(&self.filter);
        lines::all(self, &look).into_iter().filter(passes).collect()
    }

    fn index(&self, page: &[Line]) -> Option<usize> {
        let id = self.selected.as_deref()?;
        page.iter().position(|line| line.id == id)
    }

    fn walk(&mut self, to: impl Fn(usize) -> usize, cx: &Cx<'_>) {
        let page = self.page(cx);
        let at = self.index(&page).map_or(self.top, to).min(page.len().saturating_sub(1));
        self.selected = page.get(at).map(|line| line.id.clone());
        let height = draw::height(cx.body, self.is_open);
        self.top = self.top.clamp(at.saturating_add(1).saturating_sub(height), at);
    }

    /// What the line under the cursor is about: its kind, and its name there.
    fn thing(&self) -> Option<(&str, &str)> {
        self.selected.as_deref()?.split_once(' ')
    }
}

impl View for Health {
    fn spec(&self) -> &'static ViewSpec {
        &SPEC
    }

    fn enter(&mut self, cx: &mut Cx<'_>) {
        if self.next.is_none_or(|at| at <= cx.now) {
            self.ask_moving(cx);
        }
        let is_missing = [self.keys.known().is_none(), self.config.known().is_none()];
        let missing = ["keys", "config"].into_iter().zip(is_missing).filter(|(_, is_missing)| *is_missing);
        let missing: Vec<_> = missing.map(|(part, _)| part).collect();
        self.ask(&missing, cx);
    }

    fn reload(&mut self, cx: &mut Cx<'_>) {
        // Answers on their way may be older than what made it reload.
        self.generation += 1;
        if cx.is_shown {
            self.ask_moving(cx);
            self.ask(&["keys", "config"], cx);
        } else {
            self.next = None;
        }
    }

    fn answer(&mut self, part: &str, generation: u64, result: Result<Answer, Problem>, cx: &mut Cx<'_>) {
        if generation != self.generation {
            return;
        }
        let now = cx.now;
        match part {
            "server" => self.server.settle(result.and_then(|answer| answer.read()), now),
            "stats" => self.stats.settle(result.and_then(|answer| answer.read()), now),
            "limits" => self.limits.settle(result.and_then(|answer| answer.read()), now),
            "mails" => self.mails.settle(result.and_then(|answer| answer.read()), now),
            "keys" => self.keys.settle(result.and_then(|answer| answer.read()), now),
            _ => self.config.settle(result.and_then(|answer| answer.read()), now),
        }
    }

    fn events(&mut self, events: &[AuditLog], cx: &mut Cx<'_>) {
        let any = |actions: &[&str]| events.iter().any(|event| actions.contains(&event.action.as_str()));
        if !cx.is_shown {
            // Read again when somebody looks.
            self.keys =
                if any(&["key.rotated"]) { Remote::default() } else { std::mem::take(&mut self.keys) };
            return;
        }
        if any(&["key.rotated"]) {
            self.ask(&["keys"], cx);
        }
        if any(&["mail.retried", "mail.deleted"]) {
            self.ask(&["mails"], cx);
        }
    }

    fn gap(&mut self, _why: &str, cx: &mut Cx<'_>) {
        self.reload(cx);
    }

    fn deadline(&self) -> Option<Moment> {
        self.next
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        if cx.is_shown && self.next.is_some_and(|at| at <= cx.now) {
            self.ask_moving(cx);
        }
    }

    fn is_list(&self) -> bool {
        true
    }

    fn step(&mut self, step: Step, cx: &mut Cx<'_>) {
        let page = draw::height(cx.body, self.is_open);
        match step {
            Step::Up => self.walk(|at| at.saturating_sub(1), cx),
            Step::Down => self.walk(|at| at.saturating_add(1), cx),
            Step::PageUp => self.walk(|at| at.saturating_sub(page), cx),
            Step::PageDown => self.walk(|at| at.saturating_add(page), cx),
            Step::Top => self.walk(|_| 0, cx),
            Step::End => self.walk(|_| usize::MAX, cx),
            Step::To(line) => {
                let at = self.top.saturating_add(line);
                self.selected = self.page(cx).get(at).map(|line| line.id.clone());
            }
            Step::Open => {
                self.is_open = true;
                self.walk(|at| at, cx);
            }
            Step::Close if self.is_open => self.is_open = false,
            Step::Close => {
                self.filter.clear();
                self.walk(|at| at, cx);
            }
            Step::Mark | Step::Range | Step::All | Step::Unmark | Step::Follow | Step::Pane | Step::Order => {
            }
        }
    }

    fn filter(&self) -> &str {
        &self.filter
    }

    fn set_filter(&mut self, text: &str, cx: &mut Cx<'_>) -> Result<(), String> {
        text.trim().clone_into(&mut self.filter);
        if !self.filter.is_empty() {
            self.recalled.retain(|before| *before != self.filter);
            self.recalled.push(self.filter.clone());
        }
        self.selected = None;
        self.top = 0;
        self.enter(cx);
        Ok(())
    }

    fn recalled(&self) -> &[String] {
        &self.recalled
    }

    fn targets(&self) -> Vec<Target> {
        let keys = self.current_key().into_iter();
        keys.chain(self.mail_here()).collect()
    }

    fn targets_of(&self, deed: &'static Deed) -> Vec<Target> {
        let is_mail = deed.things == MAILS;
        if is_mail { self.mail_here() } else { self.current_key() }.into_iter().collect()
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let Some((kind, name)) = self.thing() else { return Vec::new() };
        let fact = match kind.split(':').next().unwrap_or_default() {
            "ip_address" => Some("ip"),
            "user" => Some("user"),
            _ => None,
        };
        let own = std::iter::once(("id", name.to_owned()));
        own.chain(fact.map(|fact| (fact, name.to_owned()))).collect()
    }

    fn request(&self, _now: Moment) -> Option<Request> {
        let path = match self.thing().map_or("", |(kind, _)| kind) {
            "mail" => "/api/v1/outbox",
            "kid" => "/api/v1/signing-keys",
            "setting" => "/api/v1/server/config",
            _ => "/api/v1/server",
        };
        Some(Request::get(path))
    }

    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        self.paint(canvas, area);
    }

    fn lines(&self, look: &Look) -> Vec<String> {
        let lines = lines::all(self, look).into_iter().filter(|line| line.is_found_by(&self.filter));
        lines.map(|line| format!("{}\t{}", line.name, line.cell.0)).collect()
    }

    fn csv(&self, look: &Look) -> Option<String> {
        let lines = lines::all(self, look).into_iter().filter(|line| line.is_found_by(&self.filter));
        let rows = lines.map(|line| format!("{},{}\n", line.name.csv(), line.cell.0.csv()));
        Some(Safe::from("LINE").csv() + "," + &Safe::from("VALUE").csv() + "\n" + &rows.collect::<String>())
    }
}

impl Health {
    /// The mail under the cursor.
    fn mail_here(&self) -> Option<Target> {
        let (_, id) = self.thing().filter(|(kind, _)| *kind == "mail")?;
        let mail = self.mails.known()?.mails.iter().find(|mail| mail.id == id)?;
        Some(Target { id: mail.id.clone(), name: mail.to.clone(), is_mine: false })
    }

    /// The key that signs now, wherever the cursor is.
    fn current_key(&self) -> Option<Target> {
        let key = self.keys.known()?.keys.iter().find(|key| key.stage.as_str() == "current")?;
        Some(Target { id: key.kid.clone(), name: key.kid.clone(), is_mine: false })
    }
}
