//! Lists with the oldest first.

use super::{notice, on_sessions};
use crate::console::conn::events::News;
use crate::console::model::msg::{Effect, Msg};
use crate::console::tests::{Stage, record, records, sessions};

/// The audit log with the oldest thirty records first, which are all there are.
fn oldest_first() -> Stage {
    let mut stage = Stage::live((100, 50), "audit");
    stage.answer("audit", "page", &records((0..30).rev(), None));
    stage.keys("s");
    stage.answer("audit", "page", &records(0..30, None));
    stage
}

fn asked(stage: &Stage, view: &str) -> (u64, String) {
    let (_, generation, request) = stage.asked(view, "page").unwrap();
    (generation, request.target())
}

#[test]
fn a_list_is_turned_over_and_whatever_keeps_its_filter_keeps_its_order() {
    let mut stage = oldest_first();
    assert_eq!(asked(&stage, "audit").1, "/api/v1/audit/logs?limit=100&order=oldest");
    assert_eq!(stage.selected().as_deref(), Some("0-0"));
    assert!(stage.screen().contains("OLDEST FIRST") && stage.screen().contains("/ order:oldest"));
    stage.keys("Y s");
    let copied = stage.effects.iter().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    });
    assert!(copied.unwrap().ends_with("/api/v1/audit/logs?limit=100&order=oldest'"));
    assert_eq!(asked(&stage, "audit").1, "/api/v1/audit/logs?limit=100");
    stage.keys("/");
    stage.types("res:ok");
    stage.keys("enter s");
    stage.answer("audit", "page", &records([1, 5], None));
    assert_eq!(stage.model.view().unwrap().filter(), "res:ok order:oldest");
    stage.keys("t");
    assert!(!asked(&stage, "audit").1.contains("order"), "a pivot is a filter of its own");
    stage.keys("[");
    assert_eq!(asked(&stage, "audit").1, "/api/v1/audit/logs?limit=100&outcome=success&order=oldest");
    stage.answer("audit", "page", &records([1, 5], None));
    stage.keys("esc");
    assert_eq!(stage.model.view().unwrap().filter(), "");
    stage.keys("/ up enter");
    assert_eq!(stage.model.view().unwrap().filter(), "res:ok order:oldest");
    stage.keys(":");
    stage.types("users order:oldest state:active");
    stage.keys("enter");
    assert_eq!(asked(&stage, "users").1, "/api/v1/users?count=false&limit=100&order=oldest&status=active");
}

#[test]
fn what_is_new_stands_at_the_end_of_the_oldest_first_and_is_asked_for_there() {
    let mut stage = oldest_first();
    let before = asked(&stage, "audit");
    assert!(stage.screen().contains("that is all"), "{}", stage.screen());
    stage.hear(vec![record(30), record(31)]);
    let screen = stage.screen();
    assert!(screen.contains("+2 new below") && screen.contains("more below"), "{screen}");
    assert_eq!((stage.selected().as_deref(), asked(&stage, "audit")), (Some("0-0"), before.clone()));
    stage.keys("G");
    assert_eq!(
        asked(&stage, "audit"),
        (before.0 + 1, before.1.clone()),
        "its last page is the first, once more"
    );
    stage.hear(vec![record(32)]);
    stage.answer("audit", "page", &records(0..32, None));
    let screen = stage.screen();
    assert!(screen.contains("more below") && screen.contains("new below"), "one came meanwhile: {screen}");
    stage.keys("G");
    stage.answer("audit", "page", &records(0..33, None));
    let screen = stage.screen();
    assert!(screen.contains("of 33 loaded") && screen.contains("that is all"), "{screen}");
    assert!(!screen.contains("new below"), "{screen}");
    stage.keys("G");
    assert_eq!((stage.selected().as_deref(), asked(&stage, "audit").0), (Some("32-0"), before.0 + 2));
}

#[test]
fn only_what_passes_the_filter_is_counted_behind_the_oldest_first() {
    let mut stage = Stage::live((100, 50), "audit");
    stage.keys("/");
    stage.types("act:lockout.* order:oldest");
    stage.keys("enter");
    stage.answer("audit", "page", &records([2, 6], None));
    stage.hear(vec![record(8), record(9)]);
    assert!(
        stage.screen().contains("that is all") && !stage.screen().contains("new below"),
        "{}",
        stage.screen()
    );
    stage.hear(vec![record(10)]);
    assert!(stage.screen().contains("+1 new below"), "{}", stage.screen());
    stage.keys("2");
    stage.hear(vec![record(14)]);
    assert!(stage.screen().contains("Audit +2"), "{}", stage.screen());
    stage.keys("4");
    assert!(stage.screen().contains("+2 new below"), "what was read stays where it is: {}", stage.screen());
}

#[test]
fn a_login_is_counted_behind_the_oldest_sessions_and_nothing_is_read_again() {
    let mut stage = on_sessions();
    stage.keys("j space s");
    stage.answer("sessions", "page", &sessions((0..30).rev(), None));
    assert!(stage.screen().contains("1 marked"), "the same rows, so the same marks: {}", stage.screen());
    let before = asked(&stage, "sessions");
    stage.hear(vec![record(1)]);
    stage.wait(5_000);
    assert_eq!(asked(&stage, "sessions"), before);
    assert!(stage.screen().contains("+1 new below"), "{}", stage.screen());
    stage.keys("/");
    stage.types(" ip:192.0.2.1");
    stage.keys("enter");
    assert!(!stage.screen().contains("1 marked"), "other rows: {}", stage.screen());
}

#[test]
fn following_turns_the_list_over() {
    let mut stage = oldest_first();
    stage.hear(vec![record(30)]);
    stage.keys("f");
    assert_eq!(asked(&stage, "audit").1, "/api/v1/audit/logs?limit=100");
    stage.answer("audit", "page", &records((0..31).rev(), None));
    stage.hear(vec![record(31)]);
    let screen = stage.screen();
    assert!(!screen.contains("PAUSED") && !screen.contains("OLDEST"), "{screen}");
    assert!(screen.find("12:00:31") < screen.find("12:00:30"), "{screen}");
}

#[test]
fn a_gap_moves_nothing_of_the_oldest_first_and_is_said() {
    let mut stage = oldest_first();
    let before = asked(&stage, "audit");
    stage.tell(Msg::News(News::Gap("expired".to_owned())));
    assert!(notice(&stage).ends_with("what is loaded may be old; r reads it again"), "{}", notice(&stage));
    assert_eq!((stage.selected().as_deref(), asked(&stage, "audit")), (Some("0-0"), before));
    assert!(stage.screen().contains("more below"), "{}", stage.screen());
}

#[test]
fn the_chain_is_proved_upwards_where_the_oldest_come_first() {
    let mut stage = oldest_first();
    let screen = stage.screen();
    assert_eq!(screen.matches("  v ").count(), 27, "the first of 28 has no neighbour: {screen}");
    stage.keys("r");
    let mut page = records(0..30, None);
    page.logs[7].previous_checksum = "00".to_owned();
    stage.answer("audit", "page", &page);
    assert!(stage.screen().contains("chain BROKEN at #7-0"), "{}", stage.screen());
}

#[test]
fn all_that_match_are_the_same_in_either_order() {
    let mut stage = on_sessions();
    stage.keys("s");
    stage.answer("sessions", "page", &sessions((0..30).rev(), Some("oldest-x")));
    stage.keys("A * d");
    let (_, _, look) = stage.asked("console", "look").unwrap();
    let body: serde_json::Value = serde_json::from_str(&look.body.unwrap()).unwrap();
    assert_eq!(body, serde_json::json!({ "since": "1970-01-01T00:00:00Z", "dry_run": true }));
}

#[test]
fn a_list_with_one_order_has_no_key_for_another() {
    for view in ["keys", "lockouts", "incidents", "overview"] {
        let mut stage = Stage::live((100, 30), view);
        let before = stage.effects.len();
        stage.keys("s");
        assert_eq!((stage.effects.len(), notice(&stage)), (before, ""), "{view}");
        stage.tell(Msg::Line("order".to_owned()));
        assert_eq!(notice(&stage), "there is no command \"order\"; ? lists all", "{view}");
    }
}
