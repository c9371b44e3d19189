use poem_openapi::types::Example;

use super::*;
use crate::console::conn::problem::Kind;
use crate::console::model::line::Line;
use crate::console::model::many::{Many, Scope};

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
fn many_are_one_request_that_is_final_when_each_was_told() {
    static MANY: Many = Many { deed: &END, path: "/revoke", scope: Scope::Marked };
    let now = Moment::from_millis(0);
    let mut deeds = Deeds::default();
    let targets = [("a", "jo", false), ("b", "mia", false), ("c", "jo", false)];
    let mut asked = Confirm { many: Some(&MANY), ..confirm(&END, &targets) };
    asked.reason = Some(Line::of(" SEC-118 "));
    let [request] = deeds.begin(&asked, "t").try_into().unwrap();
    assert_eq!(request.body.as_deref(), Some(r#"{"ids":["a","b","c"]}"#));
    assert_eq!((request.note.as_deref(), deeds.pending()), (Some("SEC-118"), 3));
    let name = request.request_id.unwrap();
    let of = |id: &str| AuditLog { resource_id: Some(id.to_owned()), ..event(&name) };
    assert_eq!(deeds.heard(&of("a")), None);
    assert_eq!(deeds.heard(&of("other")), None);
    let body = serde_json::json!({ "data": { "dry_run": false, "ended": 2, "as_of": "", "sessions": [
        { "id": "a", "outcome": "ended" }, { "id": "b", "outcome": "gone" }, { "id": "c", "outcome": "ended" }
    ] } });
    let answer = Answer { route: String::new(), body: serde_json::to_vec(&body).unwrap().into() };
    deeds.told(&name, &answer).unwrap();
    assert_eq!(deeds.answered(&name, None, now), None);
    let ended = deeds.heard(&of("c")).unwrap();
    assert_eq!((ended.sentence.as_str(), ended.is_good), ("ended 2 sessions, 1 failed: b gone", false));
}

#[test]
fn what_was_done_can_be_taken_back_where_something_does() {
    let now = Moment::from_millis(0);
    let mut deeds = Deeds::default();
    let asked =
        Confirm { inverse: Some(&DISABLE), ..confirm(&END, &[("a", "jo", false), ("b", "mia", false)]) };
    let names: Vec<_> =
        deeds.begin(&asked, "t").into_iter().map(|request| request.request_id.unwrap()).collect();
    let problem = Problem::local(Kind::Missing, "DELETE /a", "gone");
    deeds.answered(&names[0], Some(&problem), now);
    deeds.answered(&names[1], None, now);
    assert!(deeds.inverse.is_none(), "not yet final");
    deeds.heard(&event(&names[1])).unwrap();
    let (deed, targets) = deeds.inverse.clone().unwrap();
    assert_eq!((deed.verb, targets.len(), targets[0].id.as_str()), ("DISABLE", 1, "b"));
    deeds.begin(&confirm(&END, &[("c", "jo", false)]), "t");
    assert!(deeds.inverse.is_none(), "only the last write is taken back");
}

#[test]
fn a_reason_is_asked_after_the_name_and_is_one_line_that_fits() {
    static UNLOCK: Deed = Deed { asks: Asks::Reason, ..END_LIKE };
    let mut asked = confirm(&UNLOCK, &[("1", "jo", false)]);
    let mut enter = |text: &str| {
        *asked.line() = Line::of(text);
        (asked.enter(), asked.error.is_some(), asked.note())
    };
    assert_eq!(enter("jim"), (false, true, None));
    assert_eq!(enter("jo"), (false, false, None));
    assert_eq!(enter("  "), (false, true, None));
    assert!(enter(&"x".repeat(201)).1, "no longer than the server keeps");
    assert_eq!(enter(" user phoned "), (true, false, Some("user phoned".to_owned())));
}
