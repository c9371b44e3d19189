use std::time::Duration;

use proptest::prelude::*;

use crate::console::conn::events::News;
use crate::console::conn::problem::Kind;
use crate::console::model::ARMED;
use crate::console::model::link::Link;
use crate::console::model::msg::{Effect, Msg};
use crate::console::model::overlay::Overlay;
use crate::console::tests::{Stage, ended, record, records, session, sessions};

mod lists;
mod order;
mod writing;

use writing::ids_of;

fn on_sessions() -> Stage {
    let mut stage = Stage::live((100, 30), "sessions");
    stage.answer("sessions", "page", &sessions(0..30, None));
    stage
}

fn notice(stage: &Stage) -> &str {
    stage.model.notice.as_ref().map_or("", |notice| notice.text.as_str())
}

#[test]
fn a_write_needs_arming_and_a_yes_and_is_final_with_its_event() {
    let mut stage = on_sessions();
    stage.keys("j space d");
    assert_eq!(notice(&stage), "end: read-only: A arms");
    stage.keys("A d");
    assert!(matches!(stage.model.overlay, Some(Overlay::Confirm(_))));
    stage.keys("d enter space");
    assert!(stage.calls().is_empty(), "neither the same key nor Enter confirms");
    stage.keys("y y y");
    assert_eq!(stage.calls().len(), 1, "one confirmation is one call");
    let request_id = stage.calls()[0].request_id.clone().unwrap();
    assert_eq!(stage.calls()[0].path, format!("/api/v1/sessions/{}", session(1).id));
    stage.tell(Msg::Done { request_id: request_id.clone(), result: Ok(answered()) });
    assert_eq!(stage.model.deeds.pending(), 1, "answered is not final");
    assert!(stage.screen().contains(" ~ "), "{}", stage.screen());
    stage.hear(vec![ended(1, &request_id)]);
    assert_eq!((stage.model.deeds.pending(), notice(&stage)), (0, "ended 1 session"));
    assert!(!stage.screen().contains(&session(1).id[28..]));
}

fn answered() -> crate::console::conn::Answer {
    crate::console::conn::Answer { route: String::new(), body: bytes::Bytes::from_static(b"{\"data\":{}}") }
}

#[test]
fn what_is_confirmed_is_what_was_asked_whatever_happens_meanwhile() {
    let mut stage = on_sessions();
    stage.keys("A j d");
    stage.hear(vec![ended(1, "other")]);
    stage.keys("y");
    let paths: Vec<_> = stage.calls().iter().map(|call| call.path.clone()).collect();
    assert_eq!(paths, [format!("/api/v1/sessions/{}", session(1).id)]);
}

#[test]
fn ones_own_session_has_to_be_typed() {
    let mut stage = on_sessions();
    stage.keys("A d y enter");
    assert!(stage.calls().is_empty());
    assert!(stage.screen().contains("incl. YOURS"), "{}", stage.screen());
    stage.tell(Msg::Paste("mine".to_owned()));
    stage.keys("enter");
    assert!(stage.calls().is_empty(), "a confirmation is not pasted");
    stage.keys("ctrl-u");
    stage.types("mine");
    stage.keys("enter");
    assert_eq!(stage.calls().len(), 1);
}

#[test]
fn writes_end_with_the_armed_time_with_the_connection_and_on_read_only_servers() {
    let mut stage = on_sessions();
    stage.keys("A");
    stage.wait(u64::try_from(ARMED.as_millis()).unwrap());
    assert_eq!(notice(&stage), "read-only again: ten minutes are over");
    stage.keys("A d");
    stage.lose();
    assert!(stage.model.overlay.is_none());
    stage.keys("d");
    assert!(notice(&stage).starts_with("end: not while x STALE"), "{}", notice(&stage));
    stage.keys(":");
    stage.types("ctx prod-us");
    stage.keys("enter A");
    assert_eq!(notice(&stage), "read-only: so it is set for this server");
    assert!(matches!(stage.effects.iter().rev().find(|effect| matches!(effect, Effect::Connect(_))),
        Some(Effect::Connect(target)) if target.name == "prod-us"));
}

#[test]
fn a_permission_that_is_missing_is_said_before_the_server_has_to() {
    let mut stage = on_sessions();
    let me = crate::wire::user::User {
        permissions: Some(vec!["audit:read".into()]),
        roles: vec!["auditor".to_owned()],
        ..poem_openapi::types::Example::example()
    };
    stage.answer("console", "me", &me);
    stage.keys("A d");
    assert_eq!(notice(&stage), "end: needs users:update; you are auditor");
}

#[test]
fn late_answers_to_older_questions_count_no_more() {
    let mut stage = Stage::live((100, 30), "audit");
    let (slot, generation, _) = stage.asked("audit", "page").unwrap();
    stage.keys("/");
    stage.types("res:deny");
    stage.keys("enter");
    let body = serde_json::to_vec(&serde_json::json!({ "data": records(0..3, None) })).unwrap().into();
    let answer = crate::console::conn::Answer { route: String::new(), body };
    stage.tell(Msg::Answer { slot, generation, result: Ok(answer) });
    assert_eq!(stage.selected(), None);
    assert!(stage.asked("audit", "page").unwrap().2.target().contains("outcome=denied"));
}

#[test]
fn filters_are_recalled_corrected_and_taken_back() {
    let mut stage = on_sessions();
    stage.keys("/");
    stage.types("ipp:1");
    stage.keys("enter");
    assert!(stage.screen().contains("is no filter here"), "{}", stage.screen());
    stage.keys("ctrl-u");
    stage.types("ip:192.0.2.1");
    stage.keys("enter");
    assert_eq!(stage.model.view().unwrap().filter(), "ip:192.0.2.1");
    stage.answer("sessions", "page", &sessions([], None));
    stage.keys("esc");
    assert_eq!(stage.model.view().unwrap().filter(), "");
    stage.keys("/ up enter");
    assert_eq!(stage.model.view().unwrap().filter(), "ip:192.0.2.1");
    stage.keys("[");
    assert_eq!(stage.model.view().unwrap().filter(), "");
    stage.keys("]");
    assert_eq!(stage.model.view().unwrap().filter(), "ip:192.0.2.1");
}

#[test]
fn a_pivot_filters_the_other_view_by_the_row_and_back_returns() {
    let mut stage = on_sessions();
    stage.keys("j t");
    assert_eq!(stage.model.view().unwrap().filter(), format!("session:{}", session(1).id));
    assert_eq!(stage.model.view().unwrap().spec().id(), "audit");
    stage.keys("[");
    assert_eq!(
        (stage.model.view().unwrap().spec().id(), stage.selected()),
        ("sessions", Some(session(1).id))
    );
    stage.keys("j i");
    assert_eq!(stage.model.view().unwrap().filter(), "ip:203.0.113.7");
}

#[test]
fn copies_name_the_row_and_the_command_without_the_secret() {
    let mut stage = on_sessions();
    stage.keys("j y Y");
    let copied: Vec<_> = stage
        .effects
        .iter()
        .filter_map(|effect| if let Effect::Copy(text) = effect { Some(text.as_str()) } else { None })
        .collect();
    assert_eq!(copied[0], session(1).id);
    assert_eq!(
        copied[1],
        "curl -fsS --unix-socket '/run/latchkey.sock' 'http://localhost/api/v1/sessions?limit=100'"
    );
}

#[test]
fn new_records_come_on_top_while_it_follows_and_are_counted_while_it_does_not() {
    let mut stage = Stage::live((100, 30), "audit");
    stage.answer("audit", "page", &records((0..30).rev(), None));
    assert_eq!(stage.selected().as_deref(), Some("29-0"));
    stage.hear(vec![record(30), record(31)]);
    assert_eq!(stage.selected().as_deref(), Some("29-0"), "the cursor stays on its row");
    stage.keys("enter");
    stage.hear(vec![record(32)]);
    assert!(stage.screen().contains("PAUSED  +1 new (f)"), "{}", stage.screen());
    stage.keys("esc f");
    stage.answer("audit", "page", &records((0..33).rev(), None));
    assert!(stage.screen().contains("12:00:32"), "{}", stage.screen());
    // More than a screen: the row is out of sight, so it is selected no more.
    stage.hear((33..80).map(record).collect());
    assert_eq!(stage.selected(), None);
}

#[test]
fn a_gap_is_a_row_for_who_reads_and_a_reading_for_who_follows() {
    let mut stage = Stage::live((100, 30), "audit");
    stage.answer("audit", "page", &records((0..30).rev(), None));
    stage.keys("j space");
    stage.tell(Msg::News(News::Gap("expired".to_owned())));
    stage.keys("g");
    assert!(stage.screen().contains("-- gap: the server no longer keeps"), "{}", stage.screen());
    let before = stage.asked("audit", "page").unwrap().1;
    stage.keys("enter");
    assert!(stage.asked("audit", "page").unwrap().1 > before, "Enter loads what is missing");
    stage.answer("audit", "page", &records((0..30).rev(), None));
    stage.keys("f");
    stage.answer("audit", "page", &records((0..30).rev(), None));
    let before = stage.asked("audit", "page").unwrap().1;
    stage.tell(Msg::News(News::Gap("expired".to_owned())));
    assert!(stage.asked("audit", "page").unwrap().1 > before);
}

#[test]
fn the_link_tells_what_it_is_and_an_expired_token_is_said() {
    let mut stage = on_sessions();
    stage.tell(Msg::News(News::Late));
    assert!(stage.screen().contains("LAGGING"));
    stage.lose();
    assert!(stage.screen().contains("x STALE 0s, retry in 3s (4)"), "{}", stage.screen());
    stage.keys("r");
    assert!(stage.effects.iter().any(|effect| matches!(effect, Effect::Again)));
    stage.tell(Msg::News(News::Ready));
    assert_eq!(stage.model.link, Link::Live);
    stage.refuse("sessions", "page", Kind::Expired, 401);
    assert!(
        stage.screen().contains("x EXPIRED") && stage.screen().contains("log in again"),
        "{}",
        stage.screen()
    );
}

#[test]
fn nothing_wakes_a_console_that_nobody_looks_at() {
    let mut stage = on_sessions();
    let second = stage.now.next_whole(1);
    assert_eq!(stage.model.deadline(), Some(second));
    stage.tell(Msg::Focus(false));
    assert_eq!(stage.model.deadline(), None);
    stage.tell(Msg::Focus(true));
    stage.keys("A");
    stage.tell(Msg::Focus(false));
    assert_eq!(stage.model.deadline(), Some(stage.now.plus(ARMED)), "writes end in time all the same");
}

#[test]
fn where_nothing_happens_the_clock_goes_by_five_seconds() {
    let mut stage = on_sessions();
    stage.tell(Msg::News(News::Ready));
    stage.now = stage.now.plus(Duration::from_secs(31));
    stage.tell(Msg::Tick);
    assert_eq!(stage.model.deadline(), Some(stage.now.next_whole(5)));
    stage.keys("A");
    stage.now = stage.now.plus(Duration::from_secs(31));
    stage.tell(Msg::Tick);
    assert_eq!(stage.model.deadline(), Some(stage.now.next_whole(1)), "what is left of writing is counted");
    stage.keys("A");
    assert_eq!(stage.model.deadline(), Some(stage.now.next_whole(1)));
}

#[test]
fn a_paste_never_acts() {
    let mut stage = on_sessions();
    stage.keys("A");
    stage.tell(Msg::Paste("dyq".to_owned()));
    assert!(stage.calls().is_empty() && stage.model.overlay.is_none());
    stage.keys(":");
    stage.tell(Msg::Paste("quit\n".to_owned()));
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::Quit)));
    assert!(stage.screen().contains(": quit"), "{}", stage.screen());
}

#[test]
fn a_fault_in_the_background_is_a_line() {
    let mut stage = on_sessions();
    stage.tell(Msg::Fault("internal fault at x.rs:1".to_owned()));
    assert_eq!(notice(&stage), "the console failed: internal fault at x.rs:1");
}

/// What can happen between a look and an act.
#[derive(Debug, Clone, Copy)]
enum Step {
    Key(&'static str),
    End(usize),
    Login,
    Page(usize, usize),
    Fail,
    Lose,
    Ready,
    Wait(u64),
    Resize(u16, u16),
}

fn step() -> impl Strategy<Value = Step> {
    const KEYS: &[&str] =
        &["j", "k", "pgdn", "pgup", "g", "G", "space", "enter", "esc", "f", "d", "A", "x", "v", "r", "s"];
    prop_oneof![
        6 => proptest::sample::select(KEYS).prop_map(Step::Key),
        2 => (0usize..60).prop_map(Step::End),
        2 => Just(Step::Login),
        3 => (0usize..40, 1usize..40).prop_map(|(from, count)| Step::Page(from, count)),
        1 => Just(Step::Fail),
        1 => Just(Step::Lose),
        1 => Just(Step::Ready),
        2 => (1u64..3_000).prop_map(Step::Wait),
        1 => (0u16..130, 0u16..50).prop_map(|(width, height)| Step::Resize(width, height)),
    ]
}

fn play(stage: &mut Stage, step: Step) {
    match step {
        Step::Key(name) => stage.keys(name),
        Step::End(n) => stage.hear(vec![ended(n, "other")]),
        Step::Login => stage.hear(vec![record(1)]),
        Step::Page(from, count) => {
            stage.answer("sessions", "page", &sessions(from..from + count, Some("next")));
        }
        Step::Fail => stage.refuse("sessions", "page", Kind::Late, 503),
        Step::Lose => stage.lose(),
        Step::Ready => stage.tell(Msg::News(News::Ready)),
        Step::Wait(millis) => stage.wait(millis),
        Step::Resize(width, height) => stage.tell(Msg::Resize(width, height)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Rows that come and go move no cursor and no mark to another id, and one confirmation is one call a target.
    #[test]
    fn cursor_and_marks_hold_ids_whatever_happens(steps in proptest::collection::vec(step(), 1..60)) {
        let mut stage = on_sessions();
        for step in steps {
            let selected = stage.selected();
            let is_move = matches!(step, Step::Key(_) | Step::Page(..));
            let gone = if let Step::End(n) = step { Some(session(n).id) } else { None };
            play(&mut stage, step);
            stage.buffer();
            let after = stage.selected();
            prop_assert!(
                is_move || after == selected || after.is_none() || selected == gone,
                "{selected:?} became {after:?}"
            );
        }
        prop_assert!(stage.calls().is_empty(), "nobody said yes");
        if let Some(Overlay::Confirm(asked)) = &stage.model.overlay {
            let mut wanted: Vec<_> = asked.targets.iter().map(|target| target.id.clone()).collect();
            let has_own = asked.targets.iter().any(|target| target.is_mine);
            let is_possible = stage.model.link.is_live() && stage.model.is_armed();
            stage.hear((0..40).map(|n| ended(n, "other")).collect());
            if has_own {
                stage.keys("ctrl-u");
                stage.types("mine");
                stage.keys("enter enter");
            } else {
                stage.keys("y y");
            }
            let calls = stage.calls();
            prop_assert_eq!(calls.len(), usize::from(is_possible), "one confirmation is one call");
            if let Some(call) = calls.first() {
                let mut called = ids_of(call);
                wanted.sort();
                called.sort();
                prop_assert_eq!(called, wanted);
            }
        }
    }
}

#[test]
fn a_write_without_an_event_is_told_after_a_while() {
    let mut stage = on_sessions();
    stage.keys("A j d y");
    let request_id = stage.calls()[0].request_id.clone().unwrap();
    stage.tell(Msg::Done { request_id, result: Ok(answered()) });
    stage.now = stage.now.plus(Duration::from_secs(10));
    stage.tell(Msg::Tick);
    assert!(notice(&stage).contains("no audit event came"), "{}", notice(&stage));
}
