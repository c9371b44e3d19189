use poem_openapi::types::Example;

use super::*;
use crate::console::conn::problem::Kind;
use crate::console::model::msg::Msg;
use crate::console::tests::{Scene, Stage, record};
use crate::wire::lockout::{LockoutAttempt, LockoutRule};

/// Lock number `n`: of an account, and every third of a name of nobody.
fn lock(n: usize) -> Lockout {
    let people = ["mia@example.com", "adm\u{202E}nimda@example.com"];
    let is_of_nobody = n % 3 == 2;
    Lockout {
        id: format!("019a1f0c-2222-7000-8000-{n:012}"),
        email: (!is_of_nobody).then(|| people[n % 2].to_owned()),
        user_id: (!is_of_nobody).then(|| format!("019a1f0c-1111-7000-8000-{n:012}")),
        username: None,
        name_hash: is_of_nobody.then(|| "9f3c5d7e9f3c5d7e9f3c5d7e".to_owned()),
        network: (n % 4 != 3).then(|| "203.0.113.0/24".to_owned()),
        since: "2026-11-21T12:40:07.000Z".to_owned(),
        until: format!("2026-11-21T13:{:02}:07.000Z", 10 + n % 40),
        ..Lockout::example()
    }
}

fn page(numbers: std::ops::Range<usize>) -> LockoutPage {
    let as_of = "0-90-5f70bf18a0860170".to_owned();
    LockoutPage { lockouts: numbers.map(lock).collect(), next_cursor: None, as_of }
}

fn explained(n: usize) -> LockoutExplained {
    let attempt = |guess: usize| LockoutAttempt {
        at: format!("2026-11-21T12:39:{:02}.000Z", 50 - guess * 7),
        ip_address: Some(format!("203.0.113.{}", 44 + guess % 2)),
        user_agent: Some("curl \u{1b}[31m".to_owned()),
        ..LockoutAttempt::example()
    };
    LockoutExplained {
        lockout: lock(n),
        attempts: (0..5).map(attempt).collect(),
        ..LockoutExplained::example()
    }
}

fn fill(stage: &mut Stage) {
    stage.answer("lockouts", "page", &page(0..14));
    stage.keys("j enter");
    stage.wait(200);
    stage.answer("lockouts", "why", &explained(1));
}

static SCENE: Scene = Scene {
    view: "lockouts",
    parts: &["page"],
    fill,
    empty: |stage| stage.answer("lockouts", "page", &page(0..0)),
    own: &[
        ("no-match", |stage| {
            stage.keys("esc /");
            stage.types("user:019a1f0c-1111-7000-8000-000000000009");
            stage.keys("enter");
            stage.answer("lockouts", "page", &page(0..0));
        }),
        ("what-if", |stage| {
            stage.keys("w");
            stage.answer("lockouts", "what-if", &WhatIf::example());
            stage.keys("+");
        }),
        ("no-why", |stage| {
            stage.keys("j");
            stage.wait(200);
            stage.refuse("lockouts", "why", Kind::Late, 503);
        }),
        ("confirm", |stage| stage.keys("A U")),
        ("reason", |stage| {
            stage.keys("A U");
            stage.types("adm<202E>nimda@example.com");
            stage.keys("enter");
            stage.types("phoned");
        }),
        ("masked", |stage| stage.keys("m")),
    ],
};

#[test]
fn it_looks_as_reviewed_in_every_state_and_breaks_at_no_size() {
    SCENE.check();
}

fn filled() -> Stage {
    SCENE.stage("data", (120, 40))
}

#[test]
fn a_lock_is_lifted_after_its_name_and_a_reason_are_typed() {
    let mut stage = filled();
    stage.keys("k");
    stage.wait(200);
    stage.keys("U");
    assert!(stage.screen().contains("read-only: A arms"), "{}", stage.screen());
    stage.keys("A U U enter y");
    stage.keys("ctrl-u");
    stage.types("mia@example.com");
    stage.keys("enter enter");
    assert!(stage.calls().is_empty(), "an empty reason is none");
    stage.types("phoned, called back");
    stage.keys("enter");
    let calls = stage.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(
        (calls[0].method.as_str(), &calls[0].path),
        ("DELETE", &format!("/api/v1/lockouts/{}", lock(0).id))
    );
    assert_eq!(calls[0].note.as_deref(), Some("phoned, called back"));
}

#[test]
fn a_masked_console_tells_no_name_in_the_question_either() {
    let mut stage = filled();
    stage.keys("m A U");
    let screen = stage.screen();
    assert!(!screen.contains("example.com") && !screen.contains("203.0.113"), "{screen}");
    let shown = screen.split("type ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    stage.types(&shown);
    stage.keys("enter");
    stage.types("x");
    stage.keys("enter");
    assert_eq!(stage.calls().len(), 1);
}

#[test]
fn the_cursor_asks_for_the_row_it_rests_on() {
    let mut stage = filled();
    let path = |stage: &Stage| stage.asked("lockouts", "why").unwrap().2.path;
    stage.wait(200);
    stage.keys("j");
    assert_eq!(path(&stage), format!("/api/v1/lockouts/{}", lock(2).id), "after a rest at once");
    stage.keys("j j j");
    assert_eq!(path(&stage), format!("/api/v1/lockouts/{}", lock(2).id));
    assert!(!stage.screen().contains("wrong_password"), "nothing of another row is left");
    stage.wait(150);
    assert_eq!(path(&stage), format!("/api/v1/lockouts/{}", lock(5).id));
    stage.answer("lockouts", "why", &explained(5));
    assert!(stage.screen().contains("LOCK  curl"), "{}", stage.screen());
}

#[test]
fn other_rules_are_asked_for_number_by_number() {
    let mut stage = filled();
    stage.keys("w");
    stage.answer("lockouts", "what-if", &WhatIf::example());
    let target = |stage: &Stage| stage.asked("lockouts", "what-if").unwrap().2.target();
    assert_eq!(target(&stage), "/api/v1/lockouts/what-if");
    stage.keys("+ +");
    assert_eq!(target(&stage), "/api/v1/lockouts/what-if?failures=7");
    stage.keys("w -");
    assert_eq!(target(&stage), "/api/v1/lockouts/what-if?failures=7&window_seconds=600");
    stage.keys("+");
    assert_eq!(target(&stage), "/api/v1/lockouts/what-if?failures=7", "what is in force is not sent");
}

#[test]
fn a_change_reads_the_rows_again_no_more_than_once_a_second_and_over_is_over() {
    let mut stage = filled();
    stage.keys("esc f");
    stage.answer("lockouts", "page", &page(0..14));
    let generation = |stage: &Stage| stage.asked("lockouts", "page").unwrap().1;
    let before = generation(&stage);
    stage.hear(vec![record(2), record(6)]);
    stage.wait(2_000);
    assert_eq!(generation(&stage), before + 1);
    stage.answer("lockouts", "page", &page(0..2));
    assert!(stage.screen().contains("Lockouts !2"), "{}", stage.screen());
    stage.now = Moment::parse("2026-11-21T13:10:07.000Z").unwrap();
    stage.tell(Msg::Tick);
    assert!(stage.screen().contains("over"), "{}", stage.screen());
    assert_eq!(generation(&stage), before + 2, "its time has come");
}

#[test]
fn a_lock_that_was_lifted_goes_also_while_the_list_stands_still() {
    let mut stage = filled();
    let cleared = AuditLog {
        action: "lockout.cleared".to_owned(),
        outcome: "success".to_owned(),
        details: serde_json::json!({ "lockout": lock(1).id }),
        ..record(2)
    };
    stage.hear(vec![cleared, record(2)]);
    let screen = stage.screen();
    assert!(screen.contains("13 loaded") && screen.contains("+1 new (f)"), "{screen}");
    assert_eq!(stage.selected(), Some(lock(2).id));
}

#[test]
fn locks_are_counted_in_the_tab_before_anybody_looks() {
    let mut stage = Stage::live((120, 40), "overview");
    stage.answer("lockouts", "page", &page(0..3));
    assert!(stage.screen().contains("3 Lockouts !3"), "{}", stage.screen());
    assert!(stage.asked("lockouts", "why").is_none(), "nobody reads why");
    stage.wait(6_000);
    stage.hear(vec![record(2)]);
    stage.answer("lockouts", "page", &page(0..4));
    assert!(stage.screen().contains("3 Lockouts !4"), "{}", stage.screen());
    let asked = |stage: &Stage| stage.asked("lockouts", "page").unwrap().1;
    let before = asked(&stage);
    stage.hear(vec![record(6)]);
    assert_eq!(asked(&stage), before, "no more than every five seconds");
    stage.wait(5_000);
    stage.answer("lockouts", "page", &page(0..5));
    assert!(stage.screen().contains("3 Lockouts !5"), "nothing else has to happen: {}", stage.screen());
}

#[test]
fn rules_without_a_window_and_locks_that_are_gone_are_said() {
    let mut stage = SCENE.stage("data", (80, 24));
    stage.keys("j");
    stage.wait(200);
    stage.refuse("lockouts", "why", Kind::Missing, 404);
    assert!(stage.screen().contains("This lock is over."), "{}", stage.screen());
    let rule = LockoutRule { name: "account".to_owned(), window_seconds: None, ..LockoutRule::example() };
    let everywhere = Lockout { network: None, rule, ..lock(0) };
    let page = LockoutPage { lockouts: vec![everywhere], ..page(0..0) };
    stage.keys("r");
    stage.answer("lockouts", "page", &page);
    assert!(stage.screen().contains("everywhere"), "{}", stage.screen());
}
