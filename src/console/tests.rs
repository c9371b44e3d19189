//! A console on a stage, for tests: a model whose time stands still, whose questions are answered by hand.

use std::collections::BTreeMap;

use poem_openapi::types::Example;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::action::{Chord, Keymap, keymap::Choices};
use super::conn::events::News;
use super::conn::problem::Kind;
use super::conn::{Answer, Problem, Request, Target, Trust};
use super::draw::draw;
use super::look::Look;
use super::model::msg::{Effect, Msg, Slot};
use super::model::{Model, Setup};
use super::moment::Moment;
use super::theme::Theme;
use super::update::{begin, update};
use super::views;
use crate::wire::audit::{AuditLog, AuditPage};
use crate::wire::live_session::{LiveSession, LiveSessionPage};
use crate::wire::user::User;

/// A console whose effects are kept.
pub struct Stage {
    pub model: Model,
    pub now: Moment,
    pub effects: Vec<Effect>,
}

impl Stage {
    /// At `view`, in the theme without colours, at a fixed time.
    pub fn new(size: (u16, u16), view: &str) -> Self {
        Self::within(size, view, Theme::Mono)
    }

    /// At `view`, in `theme`.
    pub fn within(size: (u16, u16), view: &str, theme: Theme) -> Self {
        let now = Moment::parse("2026-11-21T12:41:07.000Z").unwrap();
        let servers = ["prod-eu-1", "prod-us"].map(|name| Target {
            name: name.to_owned(),
            address: "unix:/run/latchkey.sock".parse().unwrap(),
            trust: Trust::Public,
            credential: None,
            key_file: None,
            is_read_only: name == "prod-us",
        });
        let mut model = Model::new(Setup {
            servers: servers.into(),
            server: 0,
            size,
            keymap: Keymap::new(&views::specs(), &Choices::new()).unwrap(),
            columns: BTreeMap::new(),
            look: Look::new(theme, false, 7),
            tag: "t".to_owned(),
            is_armed: false,
            now,
        });
        model.active = model.view_named(view).unwrap();
        let effects = begin(&mut model);
        Self { model, now, effects }
    }

    /// Connected, and known as an operator who may do everything.
    pub fn live(size: (u16, u16), view: &str) -> Self {
        let mut stage = Self::new(size, view);
        stage.tell(Msg::News(News::Ready));
        stage.answer("console", "me", &User { email: "ops@example.com".to_owned(), ..User::example() });
        stage
    }

    /// `msg` happens now.
    pub fn tell(&mut self, msg: Msg) {
        self.effects.extend(update(&mut self.model, self.now, msg));
    }

    /// Time passes.
    pub fn wait(&mut self, millis: u64) {
        self.now = self.now.plus(std::time::Duration::from_millis(millis));
        self.tell(Msg::Tick);
    }

    /// Keys are pressed, by their names, with blanks between.
    pub fn keys(&mut self, names: &str) {
        for name in names.split_whitespace() {
            self.tell(Msg::Key(Chord::named(name).unwrap()));
        }
    }

    /// Text is typed.
    pub fn types(&mut self, text: &str) {
        for c in text.chars() {
            self.keys(&if c == ' ' { "space".to_owned() } else { c.to_string() });
        }
    }

    /// The newest question of the slot, as far as there is one.
    pub fn asked(&self, view: &str, part: &str) -> Option<(Slot, u64, Request)> {
        self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Ask { slot, generation, request } if slot.view == view && slot.part == part => {
                Some((*slot, *generation, request.clone()))
            }
            _ => None,
        })
    }

    /// The newest question of the slot is answered with `data`.
    pub fn answer(&mut self, view: &str, part: &str, data: &impl serde::Serialize) {
        let (slot, generation, request) = self.asked(view, part).unwrap();
        let body = serde_json::to_vec(&serde_json::json!({ "data": data })).unwrap().into();
        self.tell(Msg::Answer { slot, generation, result: Ok(Answer { route: request.route(), body }) });
    }

    /// The newest question of the slot fails.
    pub fn refuse(&mut self, view: &str, part: &str, kind: Kind, status: u16) {
        let (slot, generation, request) = self.asked(view, part).unwrap();
        let problem = Problem {
            kind,
            status: Some(status),
            route: request.route(),
            message: "You may not do this.".to_owned(),
            request_id: Some("r-1".to_owned()),
        };
        self.tell(Msg::Answer { slot, generation, result: Err(problem) });
    }

    /// The writes that were sent.
    pub fn calls(&self) -> Vec<&Request> {
        let calls = self.effects.iter().filter_map(|effect| match effect {
            Effect::Call(request) => Some(request),
            _ => None,
        });
        calls.collect()
    }

    /// The connection is lost.
    pub fn lose(&mut self) {
        let problem = Problem::local(Kind::Unreachable, "GET /api/v1/events", "the server closed the stream");
        let wait = std::time::Duration::from_secs(3);
        self.tell(Msg::News(News::Lost { problem, attempt: 4, wait }));
    }

    /// `events` happen.
    pub fn hear(&mut self, events: Vec<AuditLog>) {
        self.tell(Msg::News(News::Events { events, dropped: 0 }));
    }

    /// Keys, clicks and turns of the wheel at every height and the widths where something changes: nothing may panic.
    pub fn moves_at_any_size(&mut self) {
        for width in [0, 1, 19, 20, 59, 60, 99, 100, 130] {
            for height in 0..=50 {
                self.tell(Msg::Resize(width, height));
                self.keys("pgdn k enter esc G g space v * \\");
                self.tell(Msg::Click(width / 2, height / 2));
                self.tell(Msg::Wheel(3));
                self.buffer();
            }
        }
    }

    /// What is on the screen, text and styles.
    pub fn buffer(&self) -> Buffer {
        let (width, height) = self.model.size;
        let mut buffer = Buffer::empty(Rect { x: 0, y: 0, width, height });
        self.model.look.built.set(0);
        draw(&self.model, &mut buffer);
        buffer
    }

    /// What is on the screen, as text.
    pub fn screen(&self) -> String {
        let buffer = self.buffer();
        let rows = buffer.content.chunks(usize::from(buffer.area.width.max(1)));
        rows.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>() + "\n").collect()
    }

    /// The id of the selected row.
    pub fn selected(&self) -> Option<String> {
        self.model.view()?.facts().first().map(|(_, id)| id.clone())
    }
}

/// Session number `n`, of one of four people.
pub fn session(n: usize) -> LiveSession {
    let people = ["mia@example.com", "jo@example.com", "li.wei@example.com", "adm\u{202E}nimda@example.com"];
    LiveSession {
        id: format!("019a1f0c-0000-7000-8000-{n:012}"),
        user_id: format!("019a1f0c-1111-7000-8000-{:012}", n % 4),
        email: people[n % 4].to_owned(),
        user_agent: Some(format!("Firefox/{n} \u{1b}[31m")),
        created_at: format!("2026-11-21T12:{:02}:00.000Z", 40 - n % 40),
        current: n == 0,
        ..LiveSession::example()
    }
}

/// The page of the sessions `numbers`, with more behind it when `more`.
pub fn sessions(numbers: impl IntoIterator<Item = usize>, more: Option<&str>) -> LiveSessionPage {
    LiveSessionPage {
        sessions: numbers.into_iter().map(session).collect(),
        next_cursor: more.map(str::to_owned),
        as_of: "0-90-5f70bf18a0860170".to_owned(),
    }
}

/// Audit record number `n`, later ones with higher numbers.
pub fn record(n: usize) -> AuditLog {
    let (action, outcome) = [
        ("login.failed", "denied"),
        ("login.succeeded", "success"),
        ("lockout.set", "success"),
        ("api_key.created", "failure"),
    ][n % 4];
    AuditLog {
        id: format!("{n}-0"),
        action: action.to_owned(),
        outcome: outcome.to_owned(),
        created_at: format!("2026-11-21T12:{:02}:{:02}.000Z", n / 60 % 60, n % 60),
        checksum: format!("{n:064x}"),
        previous_checksum: format!("{:064x}", n.saturating_sub(1)),
        details: serde_json::json!({ "name_hash": "9f3c\u{202E}" }),
        ..AuditLog::example()
    }
}

/// The page of the records `numbers`.
pub fn records(numbers: impl IntoIterator<Item = usize>, more: Option<&str>) -> AuditPage {
    AuditPage {
        logs: numbers.into_iter().map(record).collect(),
        next_cursor: more.map(str::to_owned),
        as_of: "0-90-5f70bf18a0860170".to_owned(),
    }
}

/// The event that ends session number `n`, in the request `request_id`.
pub fn ended(n: usize, request_id: &str) -> AuditLog {
    AuditLog {
        id: format!("{}-0", 5_000 + n),
        action: "session.ended".to_owned(),
        outcome: "success".to_owned(),
        resource_type: Some("session".to_owned()),
        resource_id: Some(session(n).id),
        request_id: Some(request_id.to_owned()),
        ..AuditLog::example()
    }
}

/// What brings a stage into a state.
type Play = fn(&mut Stage);

/// A view on a stage, for tests that show it in every state.
pub struct Scene {
    pub view: &'static str,
    /// The questions it asks by itself.
    pub parts: &'static [&'static str],
    /// Everything is answered, and there is something to see.
    pub fill: Play,
    /// Everything is answered, and there is nothing.
    pub empty: Play,
    /// States that only this view has.
    pub own: &'static [(&'static str, Play)],
}

impl Scene {
    /// The names of all states.
    pub fn states(&self) -> Vec<&'static str> {
        let shared =
            ["loading", "empty", "data", "error", "forbidden", "stale", "lagging", "help", "palette"];
        shared.into_iter().chain(self.own.iter().map(|(name, _)| *name)).collect()
    }

    /// The view in `state`.
    pub fn stage(&self, state: &str, size: (u16, u16)) -> Stage {
        let mut shown = Stage::live(size, self.view);
        let refuse = |stage: &mut Stage, kind, status| {
            self.parts.iter().for_each(|part| stage.refuse(self.view, part, kind, status));
        };
        match state {
            "loading" => shown.wait(1_200),
            "empty" => (self.empty)(&mut shown),
            "error" => refuse(&mut shown, Kind::Late, 503),
            "forbidden" => refuse(&mut shown, Kind::Forbidden, 403),
            _ => (self.fill)(&mut shown),
        }
        match state {
            "stale" => {
                shown.lose();
                shown.wait(1_000);
            }
            "lagging" => shown.tell(Msg::News(News::Late)),
            "help" => shown.keys("?"),
            "palette" => {
                shown.keys(":");
                shown.types("lo");
            }
            _ => self.own.iter().filter(|(name, _)| *name == state).for_each(|(_, play)| play(&mut shown)),
        }
        shown
    }

    /// Every state looks as reviewed, text and styles, hides nothing, and is drawn at every size.
    pub fn check(&self) {
        let is_hidden = |c: char| {
            c != '\n' && (c.is_control() || ('\u{200b}'..='\u{202e}').contains(&c) || c > '\u{ffff}')
        };
        for state in self.states() {
            let screen = self.stage(state, (120, 40)).screen();
            assert!(!screen.chars().any(is_hidden), "{screen:?}");
            let shown = [(80, 24), (120, 40)].map(|size| format!("{:?}", self.stage(state, size).buffer()));
            insta::assert_snapshot!(format!("{}-{state}", self.view), shown.join("\n"));
        }
        std::thread::scope(|scope| {
            for state in self.states() {
                scope.spawn(move || {
                    let mut stage = self.stage(state, (80, 24));
                    for size in (0..=130).flat_map(|width| (0..=50).map(move |height| (width, height))) {
                        stage.model.size = size;
                        stage.buffer();
                    }
                });
            }
        });
    }
}
