use poem_openapi::types::Example;

use super::*;
use crate::console::conn::problem::Kind;
use crate::console::model::line::Line;

static END: Deed = Deed {
    verb: "END",
    done: "ended",
    things: ("session", "sessions"),
    request: |target| Request::delete(format!("/api/v1/sessions/{}", target.id)),
    asks: Asks::Yes,
    undo: "nothing",
};

static DISABLE: Deed = Deed { asks: Asks::Name, ..END_LIKE };
const END_LIKE: Deed = Deed {
    verb: "DISABLE",
    done: "disabled",
    things: ("account", "accounts"),
    request: |target| Request::delete(target.id.as_str()),
    asks: Asks::Yes,
    undo: "",
};

fn confirm(deed: &'static Deed, targets: &[(&str, &str, bool)]) -> Confirm {
    let target = |(id, name, is_mine): &(&str, &str, bool)| Target {
        id: (*id).to_owned(),
        name: (*name).to_owned(),
        is_mine: *is_mine,
    };
    let targets = targets.iter().map(target).collect();
    Confirm::new(deed, "sessions", targets)
}

fn event(request_id: &str) -> AuditLog {
    AuditLog { request_id: Some(request_id.to_owned()), ..AuditLog::example() }
}

#[test]
fn a_dialog_says_what_has_to_be_typed() {
    assert_eq!(confirm(&END, &[("1", "jo", false), ("2", "jo", false)]).word(), None);
    assert_eq!(confirm(&END, &[("1", "jo", false), ("2", "me", true)]).word().as_deref(), Some("mine"));
    assert_eq!(confirm(&DISABLE, &[("1", "jo", false)]).word().as_deref(), Some("jo"));
    assert_eq!(confirm(&DISABLE, &[("1", "jo", false), ("2", "mia", false)]).word().as_deref(), Some("2"));
    assert_eq!(confirm(&END, &[("1", "jo", false), ("2", "jo", false)]).count(), "2 sessions of 1 user");
    let mut typed = confirm(&DISABLE, &[("1", "jo", false)]);
    assert!(!typed.enter());
    typed.typed = Line::of("jo");
    assert!(typed.enter());
}

#[test]
fn a_write_is_final_with_its_answer_and_its_event_in_either_order() {
    let now = Moment::from_millis(0);
    let mut deeds = Deeds::default();
    let requests = deeds.begin(&confirm(&END, &[("a", "jo", false), ("b", "jo", false)]), "t");
    let names: Vec<_> = requests.iter().map(|request| request.request_id.clone().unwrap()).collect();
    assert_eq!(requests[1].path, "/api/v1/sessions/b");
    assert!(deeds.is_pending("a") && deeds.is_pending("b"));
    assert_eq!(deeds.answered(&names[0], None, now), None);
    assert!(deeds.is_pending("a"), "an answer alone is not final");
    assert_eq!(deeds.heard(&event(&names[0])), None);
    assert!(!deeds.is_pending("a"));
    assert_eq!(deeds.heard(&event(&names[1])), None);
    let ended = deeds.answered(&names[1], None, now).unwrap();
    assert_eq!(ended, Ended { sentence: "ended 2 sessions".to_owned(), is_good: true });
    assert_eq!((deeds.pending(), deeds.heard(&event(&names[1]))), (0, None));
}

#[test]
fn failures_and_silence_are_told() {
    let now = Moment::from_millis(0);
    let mut deeds = Deeds::default();
    let requests = deeds.begin(&confirm(&END, &[("a", "jo", false), ("b", "jo", false)]), "t");
    let names: Vec<_> = requests.iter().map(|request| request.request_id.clone().unwrap()).collect();
    let problem = Problem::local(Kind::Missing, "DELETE /api/v1/sessions/a", "gone");
    assert_eq!(deeds.answered(&names[0], Some(&problem), now), None);
    assert_eq!(deeds.answered(&names[1], None, now), None);
    assert_eq!(deeds.overdue(now.plus(Duration::from_secs(9))), None);
    assert_eq!(deeds.deadline(), Some(now.plus(EVENT_PATIENCE)));
    let ended = deeds.overdue(now.plus(EVENT_PATIENCE)).unwrap();
    assert!(!ended.is_good);
    assert!(
        ended
            .sentence
            .starts_with("ended 0 sessions, 2 failed: gone (DELETE /api/v1/sessions/a); b: answered")
    );
}

#[test]
fn a_reason_is_asked_after_the_name_and_is_one_line_that_fits() {
    static UNLOCK: Deed = Deed { asks: Asks::Reason, ..END_LIKE };
    let mut asked = confirm(&UNLOCK, &[("1", "jo", false)]);
    let mut enter = |text: &str| {
        asked.typed = Line::of(text);
        (asked.enter(), asked.error.is_some(), asked.reason())
    };
    assert_eq!(enter("jim"), (false, true, None));
    assert_eq!(enter("jo"), (false, false, None));
    assert_eq!(enter("  "), (false, true, None));
    assert_eq!(enter(&"x".repeat(201)), (false, true, None));
    assert_eq!(enter(" user phoned "), (true, false, Some("user phoned".to_owned())));
}
