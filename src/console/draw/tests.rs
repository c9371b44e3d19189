use std::time::Instant;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::draw;
use crate::console::conn::problem::Kind;
use crate::console::tests::{Stage, record, records, session, sessions};
use crate::console::theme::Theme;
use crate::wire::audit::AuditLog;

/// The states every view has.
const STATES: [&str; 11] = [
    "loading",
    "empty",
    "no-match",
    "data",
    "oldest",
    "error",
    "stale",
    "forbidden",
    "confirm",
    "help",
    "palette",
];

/// `view` in `state`.
fn stage(view: &str, state: &str, size: (u16, u16)) -> Stage {
    let mut shown = Stage::live(size, view);
    let fill = |stage: &mut Stage, numbers: std::ops::Range<usize>| match view {
        "sessions" => stage.answer(view, "page", &sessions(numbers, Some("next"))),
        _ => stage.answer(view, "page", &records(numbers.rev(), Some("next"))),
    };
    let none = |stage: &mut Stage| match view {
        "sessions" => stage.answer(view, "page", &sessions([], None)),
        _ => stage.answer(view, "page", &records([], None)),
    };
    match state {
        "loading" => shown.wait(1_200),
        "empty" => none(&mut shown),
        "no-match" => {
            shown.keys("/");
            shown.types("ip:192.0.2.1");
            shown.keys("enter");
            none(&mut shown);
        }
        "error" => shown.refuse(view, "page", Kind::Late, 503),
        "forbidden" => shown.refuse(view, "page", Kind::Forbidden, 403),
        "stale" => {
            fill(&mut shown, 0..40);
            shown.lose();
            shown.wait(1_000);
        }
        "oldest" => {
            shown.keys("s");
            match view {
                "sessions" => shown.answer(view, "page", &sessions((0..40).rev(), Some("next"))),
                _ => shown.answer(view, "page", &records(0..40, None)),
            }
            shown.hear(vec![record(40), record(41)]);
            shown.keys("j");
        }
        "confirm" => {
            fill(&mut shown, 0..40);
            shown.keys("space j space A d");
        }
        "help" => {
            fill(&mut shown, 0..40);
            shown.keys("?");
        }
        "palette" => {
            fill(&mut shown, 0..40);
            shown.keys(":");
            shown.types("se");
        }
        _ => {
            fill(&mut shown, 0..40);
            shown.keys("space j enter");
        }
    }
    shown
}

#[test]
fn every_view_in_every_state_looks_as_reviewed() {
    for view in ["sessions", "audit"] {
        for state in STATES {
            let shown = [(80, 24), (120, 40)].map(|size| format!("{:?}", stage(view, state, size).buffer()));
            insta::assert_snapshot!(format!("{view}-{state}"), shown.join("\n"));
        }
    }
}

#[test]
fn other_sizes_and_themes_look_as_reviewed() {
    for (width, height) in [(100, 30), (50, 14), (18, 4)] {
        insta::assert_snapshot!(
            format!("sessions-{width}x{height}"),
            stage("sessions", "data", (width, height)).screen()
        );
    }
    let mut okabe = stage("sessions", "data", (80, 24));
    okabe.model.look.theme = Theme::OkabeIto;
    insta::assert_snapshot!("sessions-okabe-ito", format!("{:?}", okabe.buffer()));
    okabe.model.look.ascii = true;
    okabe.keys("m");
    let ascii = okabe.screen();
    assert!(ascii.is_ascii() && !ascii.contains("example.com"), "{ascii}");
}

#[test]
fn nothing_breaks_at_any_size_in_any_state() {
    std::thread::scope(|scope| {
        for view in ["sessions", "audit"] {
            for state in STATES {
                scope.spawn(move || {
                    let mut stage = stage(view, state, (80, 24));
                    // One buffer for all: what an earlier size left in it breaks nothing either.
                    let mut buffer = Buffer::default();
                    for (width, height) in
                        (0..=130).flat_map(|width| (0..=50).map(move |height| (width, height)))
                    {
                        stage.model.size = (width, height);
                        buffer.resize(Rect { x: 0, y: 0, width, height });
                        draw(&stage.model, &mut buffer);
                    }
                });
            }
        }
    });
}

#[test]
fn moves_at_any_size_break_nothing() {
    stage("sessions", "data", (80, 24)).moves_at_any_size();
}

#[test]
fn only_rows_that_are_seen_are_built() {
    for rows in [10, 10_000] {
        let mut stage = Stage::live((120, 40), "sessions");
        let row = session(1);
        let one = |n: usize| crate::wire::live_session::LiveSession { id: n.to_string(), ..row.clone() };
        let page = crate::wire::live_session::LiveSessionPage {
            sessions: (0..rows).map(one).collect(),
            ..sessions([], None)
        };
        stage.answer("sessions", "page", &page);
        stage.keys("G");
        stage.buffer();
        let built = stage.model.look.built.get();
        assert!((1..=42).contains(&built), "{built} rows were built");
    }
}

/// The budget is 5 ms for a picture and what it changes on the terminal; a build for tests is many times slower, and
/// only says how long it took.
#[test]
#[expect(clippy::disallowed_methods, reason = "it measures")]
fn a_thousand_pictures_are_drawn_within_the_budget() {
    for view in ["sessions", "audit"] {
        let mut stage = stage(view, "data", (120, 40));
        stage.keys("esc");
        let area = Rect { x: 0, y: 0, width: 120, height: 40 };
        let mut before = Buffer::empty(area);
        let mut times: Vec<_> = (0..1_000)
            .map(|n| {
                stage.keys(if n % 60 < 30 { "j" } else { "k" });
                let began = Instant::now();
                let mut buffer = Buffer::empty(area);
                draw(&stage.model, &mut buffer);
                let changed = before.diff(&buffer).len();
                before = buffer;
                assert!(changed > 0);
                began.elapsed()
            })
            .collect();
        times.sort_unstable();
        let (median, slow) = (times[500], times[990]);
        println!("{view}: a picture of 120x40 takes {median:?}, one in a hundred {slow:?}");
        assert!(cfg!(debug_assertions) || median.as_millis() < 5, "{median:?}");
    }
}

#[test]
fn the_row_under_the_cursor_is_reversed_in_every_theme() {
    for theme in Theme::ALL {
        let mut stage = stage("audit", "data", (80, 24));
        stage.model.look.theme = theme;
        let buffer = stage.buffer();
        let cursor = (0..24).find(|y| buffer[(1, *y)].symbol() == ">").unwrap();
        assert!(buffer[(5, cursor)].modifier.contains(Modifier::REVERSED));
    }
}

#[test]
fn hostile_text_reaches_no_cell() {
    let hostile = "\u{202E}\u{200B}\u{1b}[2J\u{7f}\u{E0041}\u{ad}\u{feff}\r\n\u{9b}x";
    let mut stage = Stage::live((130, 50), "audit");
    let evil = AuditLog {
        action: hostile.to_owned(),
        reason: Some(hostile.to_owned()),
        ip_address: Some(hostile.to_owned()),
        user_agent: Some(hostile.to_owned()),
        user_id: Some(hostile.to_owned()),
        details: serde_json::json!({ hostile: hostile }),
        created_at: hostile.to_owned(),
        ..record(1)
    };
    let page = crate::wire::audit::AuditPage { logs: vec![evil], ..records([], None) };
    stage.answer("audit", "page", &page);
    stage.keys("enter");
    let screen = stage.screen();
    assert!(screen.contains("<202E>"), "{screen}");
    let is_hidden =
        |c: char| c != '\n' && (c.is_control() || ('\u{200b}'..='\u{202e}').contains(&c) || c > '\u{ffff}');
    assert!(!screen.chars().any(is_hidden), "{screen:?}");
}
