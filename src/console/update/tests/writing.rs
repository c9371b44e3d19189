//! Writes: reasons, many at once after a look, and what takes them back.

use super::{notice, on_sessions};
use crate::console::conn::Request;
use crate::console::tests::{Stage, session, sessions};

/// The sessions that `call` ends.
pub fn ids_of(call: &Request) -> Vec<String> {
    let body = call.body.as_deref().map(|body| serde_json::from_str::<serde_json::Value>(body).unwrap());
    match body {
        Some(body) => serde_json::from_value(body["ids"].clone()).unwrap(),
        None => vec![call.path.rsplit('/').next().unwrap().to_owned()],
    }
}

fn looked(numbers: std::ops::Range<usize>, next: Option<&str>) -> serde_json::Value {
    let one = |n: usize| {
        let outcome = if n == 0 { "own" } else { "ended" };
        serde_json::json!({ "id": session(n).id, "user_id": session(n).user_id, "outcome": outcome })
    };
    let sessions: Vec<_> = numbers.map(one).collect();
    serde_json::json!({ "dry_run": true, "ended": 0, "sessions": sessions, "next_cursor": next, "as_of": "" })
}

#[test]
fn all_sessions_of_a_user_are_looked_at_then_typed_then_ended_as_they_were_seen() {
    let mut stage = on_sessions();
    stage.keys("A j D");
    let (_, _, look) = stage.asked("console", "look").unwrap();
    assert_eq!(look.path, "/api/v1/sessions/revoke");
    let body: serde_json::Value = serde_json::from_str(&look.body.unwrap()).unwrap();
    assert_eq!(body, serde_json::json!({ "user_id": session(1).user_id, "dry_run": true }));
    assert!(stage.screen().contains("which to END: 0 so far"), "{}", stage.screen());
    stage.answer("console", "look", &looked(1..3, Some("more")));
    assert!(stage.asked("console", "look").unwrap().2.body.unwrap().contains("\"cursor\":\"more\""));
    stage.answer("console", "look", &looked(0..1, None));
    assert!(stage.screen().contains("1 are passed over"), "{}", stage.screen());
    stage.keys("y enter");
    assert!(stage.calls().is_empty(), "this much is typed");
    stage.keys("ctrl-u");
    stage.types("jo@example.com");
    stage.keys("tab");
    stage.types("stolen laptop");
    assert!(stage.screen().contains("stolen laptop"), "{}", stage.screen());
    stage.keys("enter");
    let [call] = stage.calls().try_into().unwrap();
    assert_eq!(ids_of(call), [session(1).id, session(2).id]);
    assert_eq!(call.note.as_deref(), Some("stolen laptop"));
}

#[test]
fn all_that_match_is_typed_by_its_number() {
    let mut stage = Stage::live((100, 30), "sessions");
    stage.keys("/");
    stage.types("ip:203.0.113.0/24 user:mia");
    stage.keys("enter");
    stage.answer("sessions", "page", &sessions(1..30, Some("next")));
    stage.keys("A *");
    assert!(stage.screen().contains("ALL that match marked"), "{}", stage.screen());
    stage.keys("d");
    let look = stage.asked("console", "look").unwrap().2;
    assert_eq!(look.people, [("user_id".to_owned(), "mia".to_owned())]);
    assert!(look.body.unwrap().contains("\"network\":\"203.0.113.0/24\""));
    stage.answer("console", "look", &looked(1..41, None));
    assert!(stage.screen().contains("type 40 and enter"), "{}", stage.screen());
    stage.types("40");
    stage.keys("enter");
    assert_eq!(ids_of(stage.calls()[0]).len(), 40);
}

#[test]
fn a_look_ends_with_esc_and_with_the_connection() {
    let mut stage = on_sessions();
    stage.keys("A D esc");
    stage.answer("console", "look", &looked(1..3, None));
    assert!(stage.model.overlay.is_none());
    stage.keys("D");
    stage.lose();
    assert!(stage.model.overlay.is_none() && stage.calls().is_empty());
}

#[test]
fn a_reason_can_be_given_and_is_never_taken_for_a_yes() {
    let mut stage = on_sessions();
    stage.keys("A j d tab");
    stage.types("yes");
    assert!(stage.calls().is_empty());
    stage.keys("enter");
    assert!(stage.calls().is_empty(), "Enter only ends the reason");
    stage.keys("y");
    assert_eq!(stage.calls()[0].note.as_deref(), Some("yes"));
}

#[test]
fn what_cannot_be_taken_back_is_said() {
    let mut stage = on_sessions();
    stage.keys("z");
    assert_eq!(notice(&stage), "take back: read-only: A arms");
    stage.keys("A z");
    assert_eq!(notice(&stage), "there is nothing that could be taken back");
}
