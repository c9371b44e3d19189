//! What a list shows and does beside its rows: proof, columns, exports, details.

use super::{notice, on_sessions};
use crate::console::conn::events::News;
use crate::console::conn::problem::Kind;
use crate::console::model::link::Link;
use crate::console::model::msg::{Effect, Msg};
use crate::console::tests::{Stage, record, records, session, sessions};

#[test]
fn an_expired_credential_is_read_again_on_request() {
    let mut stage = on_sessions();
    stage.refuse("sessions", "page", Kind::Expired, 401);
    let connects =
        |stage: &Stage| stage.effects.iter().filter(|effect| matches!(effect, Effect::Connect(_))).count();
    let before = connects(&stage);
    stage.keys("r");
    assert_eq!((connects(&stage), &stage.model.link), (before + 1, &Link::Connecting));
    stage.tell(Msg::News(News::Ready));
    assert_eq!(stage.model.link, Link::Live);
}

#[test]
fn the_chain_of_what_is_seen_is_proved_and_a_break_is_told() {
    let mut stage = Stage::live((100, 50), "audit");
    stage.answer("audit", "page", &records((0..12).rev(), None));
    let screen = stage.screen();
    assert_eq!(screen.matches("  v ").count(), 11, "the oldest has no neighbour: {screen}");
    assert!(screen.contains("v follows from the one before"), "{screen}");
    stage.hear(vec![record(12), record(15)]);
    assert_eq!(stage.screen().matches("  v ").count(), 12, "after 12 comes 13: {}", stage.screen());
    let changed = crate::wire::audit::AuditLog { previous_checksum: "00".to_owned(), ..record(16) };
    stage.hear(vec![changed]);
    let screen = stage.screen();
    assert!(screen.contains("  X ") && screen.contains("chain BROKEN at #16-0"), "{screen}");
    stage.keys("2");
    assert!(stage.screen().contains("Audit !! CHAIN"), "{}", stage.screen());
}

#[test]
fn columns_are_chosen_and_kept_and_one_stays() {
    let mut stage = on_sessions();
    stage.keys("c");
    stage.types("client");
    stage.keys("enter");
    assert!(stage.screen().contains("[ ]"), "{}", stage.screen());
    stage.keys("esc");
    assert!(!stage.screen().contains(" CLIENT "), "{}", stage.screen());
    let kept = stage.effects.iter().rev().find_map(|effect| match effect {
        Effect::Keep { view, columns } => Some((*view, columns.join(" "))),
        _ => None,
    });
    assert_eq!(kept, Some(("sessions", "USER ST SESSION IP AGE IDLE".to_owned())));
    for title in ["USER", "ST", "SESSION", "IP", "AGE", "IDLE", "CLIENT"] {
        stage.keys("c");
        stage.types(title);
        stage.keys("enter esc");
    }
    let shown = stage.model.view().unwrap().columns().into_iter().filter(|(_, is_shown)| *is_shown).count();
    assert!(shown > 0);
}

#[test]
fn tab_moves_the_lines_of_the_details_and_not_the_cursor() {
    let mut stage = Stage::live((100, 30), "audit");
    stage.answer("audit", "page", &records((0..30).rev(), None));
    stage.keys("j tab");
    assert!(stage.screen().contains("MOVING HERE"), "{}", stage.screen());
    stage.keys("j j pgdn");
    assert_eq!(stage.selected().as_deref(), Some("28-0"));
    assert!(stage.screen().contains("hash"), "{}", stage.screen());
    stage.keys("tab j");
    assert_eq!(stage.selected().as_deref(), Some("27-0"));
}

#[test]
fn rows_are_exported_for_spreadsheets_and_for_programs() {
    let mut stage = on_sessions();
    stage.keys("e J m J");
    let saved: Vec<_> = stage
        .effects
        .iter()
        .filter_map(|effect| if let Effect::Save { name, text } = effect { Some((name, text)) } else { None })
        .collect();
    assert_eq!(saved[0].0, "latchkey-sessions-2026-11-21T124107000Z.csv");
    assert_eq!(saved[1].0, "latchkey-sessions-2026-11-21T124107000Z.jsonl");
    let line: serde_json::Value = serde_json::from_str(saved[1].1.lines().nth(1).unwrap()).unwrap();
    assert_eq!((&line["id"], &line["user"]), (&session(1).id.into(), &session(1).user_id.into()));
    assert!(!saved[2].1.contains("example.com") && !saved[2].1.contains(&session(1).id), "{}", saved[2].1);
}

#[test]
fn an_answer_that_is_not_understood_ends_writing() {
    let mut stage = Stage::live((100, 30), "sessions");
    stage.keys("A");
    stage.answer("sessions", "page", &serde_json::json!({ "sessions": 7 }));
    assert!(notice(&stage).starts_with("the server is newer than this console"), "{}", notice(&stage));
    stage.keys("r");
    stage.answer("sessions", "page", &sessions(0..3, None));
    stage.keys("d");
    assert_eq!(notice(&stage), "end: read-only: the server is newer than this console");
}

#[test]
fn what_came_into_another_view_is_counted_on_its_tab() {
    let mut stage = Stage::live((100, 30), "audit");
    stage.answer("audit", "page", &records((0..3).rev(), None));
    stage.keys("2");
    stage.hear(vec![record(3), record(4)]);
    assert!(stage.screen().contains("Audit +2"), "{}", stage.screen());
    stage.keys("4");
    stage.answer("audit", "page", &records((0..5).rev(), None));
    assert!(!stage.screen().contains("+2"), "{}", stage.screen());
}
