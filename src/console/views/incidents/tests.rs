use poem_openapi::types::Example;

use super::*;
use crate::console::conn::problem::Kind;
use crate::console::tests::{Scene, Stage, record};
use crate::wire::live_session::EndedSession;
use crate::wire::user::User;

fn incidents(count: usize) -> Incidents {
    let shapes = ["spray", "guessing", "flood", "odd\u{202E}"];
    let incident = |n: usize| Incident {
        network: format!("203.0.{}.0/24", 113 + n),
        shape: shapes[n % 4].to_owned(),
        logins: u64::from(n.is_multiple_of(2)),
        ..Incidents::example().incidents[0].clone()
    };
    Incidents { incidents: (0..count).map(incident).collect(), ..Incidents::example() }
}

fn blast(outcomes: &[&str]) -> EndedSessions {
    let session = |(n, outcome): (usize, &&str)| EndedSession {
        id: format!("019a1f0c-0000-7000-8000-{n:012}"),
        user_id: Some(format!("019a1f0c-1111-7000-8000-{:012}", n / 2)),
        outcome: (*outcome).to_owned(),
    };
    let ended = u32::try_from(outcomes.iter().filter(|outcome| **outcome == "ended").count()).unwrap();
    let sessions = outcomes.iter().enumerate().map(session).collect();
    EndedSessions { dry_run: true, ended, sessions, ..EndedSessions::example() }
}

fn fill(stage: &mut Stage) {
    stage.answer("incidents", "page", &incidents(4));
    stage.keys("enter");
    stage.wait(200);
    stage.answer("incidents", "blast", &blast(&["ended", "ended", "ended", "outranked", "own"]));
}

static SCENE: Scene = Scene {
    view: "incidents",
    parts: &["page"],
    fill,
    empty: |stage| stage.answer("incidents", "page", &incidents(0)),
    own: &[
        ("no-match", |stage| {
            stage.keys("esc /");
            stage.types("minutes:60 least:5000");
            stage.keys("enter");
            stage.answer("incidents", "page", &incidents(0));
        }),
        ("nothing-won", |stage| {
            stage.keys("j");
            stage.wait(200);
            stage.answer("incidents", "blast", &blast(&[]));
        }),
        ("no-blast", |stage| {
            stage.keys("j");
            stage.wait(200);
            stage.refuse("incidents", "blast", Kind::Late, 503);
        }),
        ("confirm", |stage| stage.keys("A D")),
        ("masked", |stage| stage.keys("m")),
    ],
};

#[test]
fn it_looks_as_reviewed_in_every_state_and_breaks_at_no_size() {
    SCENE.check();
}

#[test]
fn what_the_dry_run_counted_is_what_is_ended_and_nothing_else() {
    let mut stage = SCENE.stage("data", (120, 40));
    let look = stage.asked("incidents", "blast").unwrap().2;
    assert_eq!((look.method.as_str(), look.path.as_str()), ("POST", "/api/v1/sessions/revoke"));
    let look: EndSessions = serde_json::from_str(&look.body.unwrap()).unwrap();
    assert_eq!((look.dry_run, look.network.as_deref(), look.ids), (Some(true), Some("203.0.113.0/24"), None));
    stage.keys("A D");
    assert!(stage.screen().contains("3 sessions opened before 2026-11-21T12:41:07"), "{}", stage.screen());
    stage.types("203.0.113.0/24");
    stage.keys("enter");
    stage.types("SEC-118");
    stage.keys("enter");
    let calls = stage.calls();
    assert_eq!((calls.len(), calls[0].note.as_deref()), (1, Some("SEC-118")));
    let sent: EndSessions = serde_json::from_str(calls[0].body.as_deref().unwrap()).unwrap();
    assert_eq!((sent.expect_count, sent.until, sent.dry_run), (Some(3), look.until, None));
    assert_eq!(sent.network.as_deref(), Some("203.0.113.0/24"));
}

#[test]
fn a_masked_deed_names_the_network_to_the_server_alone() {
    let mut stage = SCENE.stage("data", (120, 40));
    stage.keys("m A D");
    let screen = stage.screen();
    assert!(!screen.contains("203.0.113"), "{screen}");
    let shown = screen.split("type ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    stage.types(&shown);
    stage.keys("enter x enter");
    let sent: EndSessions = serde_json::from_str(stage.calls()[0].body.as_deref().unwrap()).unwrap();
    assert_eq!(sent.network.as_deref(), Some("203.0.113.0/24"));
}

#[test]
fn nothing_is_ended_on_an_old_look() {
    let mut stage = SCENE.stage("data", (120, 40));
    stage.keys("A");
    let says = |stage: &mut Stage, why: &str| {
        stage.keys("D");
        assert!(stage.screen().contains(why) && stage.calls().is_empty(), "{}", stage.screen());
    };
    stage.keys("j D");
    says(&mut stage, "there is nothing to do it to");
    stage.wait(200);
    stage.refuse("incidents", "blast", Kind::Late, 503);
    says(&mut stage, "there is nothing to do it to");
    stage.keys("r");
    stage.answer("incidents", "page", &incidents(4));
    stage.wait(200);
    stage.answer("incidents", "blast", &blast(&["own", "outranked"]));
    says(&mut stage, "there is nothing to do it to");
}

#[test]
fn who_may_not_end_sessions_does_not_ask_what_would_end() {
    let mut stage = Stage::live((120, 40), "incidents");
    let auditor = User {
        permissions: Some(vec!["audit:read".into()]),
        roles: vec!["auditor".to_owned()],
        ..User::example()
    };
    stage.answer("console", "me", &auditor);
    stage.answer("incidents", "page", &incidents(2));
    assert!(stage.asked("incidents", "blast").is_none());
    assert!(stage.screen().contains("To look needs users:update."), "{}", stage.screen());
}

#[test]
fn events_read_again_no_more_than_every_five_seconds_and_the_pivot_is_the_network() {
    let mut stage = SCENE.stage("data", (120, 40));
    stage.keys("esc f");
    stage.answer("incidents", "page", &incidents(4));
    let generation = |stage: &Stage| stage.asked("incidents", "page").unwrap().1;
    let before = generation(&stage);
    stage.hear((0..40).map(|n| record(n * 4)).collect());
    stage.wait(3_000);
    assert_eq!(generation(&stage), before);
    stage.wait(2_000);
    assert_eq!(generation(&stage), before + 1);
    stage.keys("i");
    assert_eq!(stage.model.view().unwrap().filter(), "ip:203.0.113.0/24");
}
