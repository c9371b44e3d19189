mod samples;

use poem_openapi::types::Example;

use crate::console::conn::problem::Kind;
use crate::console::conn::{Address, Answer, Credential};
use crate::console::model::msg::{Effect, Msg};
use crate::console::model::overlay::Overlay;
use crate::console::tests::Stage;
use crate::wire::api_key::NewApiKey;
use crate::wire::audit::AuditLog;
use crate::wire::user::{User, UserPage};
use samples::{HOSTILE, fill, key, keys, mail, more, none, user, users};

const VIEWS: [&str; 3] = ["users", "keys", "health"];

const STATES: [&str; 12] = [
    "loading",
    "empty",
    "no-match",
    "data",
    "detail",
    "error",
    "stale",
    "forbidden",
    "confirm",
    "masked",
    "help",
    "typed",
];

const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

/// The line of the mail under the cursor, in Health.
fn to_mail(stage: &mut Stage) {
    for _ in 0..200 {
        stage.keys("j");
        if stage.selected().is_some_and(|id| id == mail(1, "waiting").id) {
            return;
        }
    }
    panic!("no mail: {}", stage.screen());
}

fn refuse(stage: &mut Stage, view: &str, kind: Kind, status: u16) {
    let parts: &[&str] =
        if view == "health" { &["server", "stats", "limits", "mails", "keys", "config"] } else { &["page"] };
    for part in parts {
        stage.refuse(view, part, kind, status);
    }
}

/// `view` in `state`.
fn stage(view: &str, state: &str, size: (u16, u16)) -> Stage {
    let mut shown = Stage::live(size, view);
    match state {
        "loading" => shown.wait(1_200),
        "empty" => none(&mut shown, view),
        "error" => refuse(&mut shown, view, Kind::Late, 503),
        "forbidden" => refuse(&mut shown, view, Kind::Forbidden, 403),
        "no-match" => {
            fill(&mut shown, view);
            shown.keys("/");
            shown.types(
                if view == "keys" { "user:nobody" } else { "nobody at all" }.split(' ').next().unwrap_or(""),
            );
            shown.keys("enter");
            if view != "health" {
                none(&mut shown, view);
            }
        }
        "stale" => {
            fill(&mut shown, view);
            shown.lose();
            shown.wait(1_000);
        }
        "help" => {
            fill(&mut shown, view);
            shown.keys("?");
        }
        "confirm" | "typed" => {
            fill(&mut shown, view);
            shown.keys("A");
            if view == "health" {
                shown.keys("R");
            } else if view == "users" {
                shown.keys("D");
            } else {
                shown.keys("d");
            }
            if state == "typed" {
                shown.types(&word(&shown));
                shown.keys("enter");
                shown.types("SEC-118 phoned");
            }
        }
        _ => {
            fill(&mut shown, view);
            shown.keys(if view == "health" { "j j j" } else { "j" });
            if state == "masked" {
                shown.keys("m");
            }
            if state != "data" {
                shown.keys("enter");
                more(&mut shown, view);
            }
        }
    }
    shown
}

fn word(stage: &Stage) -> String {
    match &stage.model.overlay {
        Some(Overlay::Confirm(asked)) => asked.word().unwrap(),
        other => panic!("{other:?}"),
    }
}

fn event(action: &str, request_id: &str) -> AuditLog {
    AuditLog {
        action: action.to_owned(),
        outcome: "success".to_owned(),
        user_id: Some(user(0).id),
        request_id: Some(request_id.to_owned()),
        ..AuditLog::example()
    }
}

fn done(stage: &mut Stage, body: &str) -> String {
    let request_id = stage.calls().last().unwrap().request_id.clone().unwrap();
    let body = body.to_owned().into_bytes().into();
    stage.tell(Msg::Done {
        request_id: request_id.clone(),
        result: Ok(Answer { route: String::new(), body }),
    });
    request_id
}

#[test]
fn every_view_in_every_state_looks_as_reviewed() {
    for view in VIEWS {
        for state in STATES {
            let shown = SIZES.map(|size| format!("{:?}", stage(view, state, size).buffer()));
            insta::assert_snapshot!(format!("{view}-{state}"), shown.join("\n"));
        }
    }
}

#[test]
fn nothing_breaks_at_any_size_in_any_state() {
    std::thread::scope(|scope| {
        for view in VIEWS {
            for state in ["loading", "no-match", "data", "detail", "error", "confirm", "typed"] {
                scope.spawn(move || {
                    let mut stage = stage(view, state, (80, 24));
                    for (width, height) in
                        (0..=130).flat_map(|width| (0..=50).map(move |height| (width, height)))
                    {
                        stage.model.size = (width, height);
                        stage.buffer();
                    }
                });
            }
        }
    });
}

#[test]
fn moves_at_any_size_break_nothing() {
    for view in VIEWS {
        stage(view, "data", (80, 24)).moves_at_any_size();
    }
}

#[test]
fn hostile_text_reaches_no_cell_and_masks_hide_names() {
    let evil = User {
        email: HOSTILE.to_owned(),
        username: HOSTILE.to_owned(),
        name: HOSTILE.to_owned(),
        status: HOSTILE.to_owned(),
        roles: vec![HOSTILE.to_owned()],
        created_at: HOSTILE.to_owned(),
        ..user(0)
    };
    let mut stage = Stage::live((130, 50), "users");
    stage.answer("users", "page", &UserPage { users: vec![evil], ..users(0, None) });
    stage.keys("enter");
    let screen = stage.screen();
    assert!(screen.contains("<202E>"), "{screen}");
    let is_hidden =
        |c: char| c != '\n' && (c.is_control() || ('\u{200b}'..='\u{202e}').contains(&c) || c > '\u{ffff}');
    for view in VIEWS {
        for state in ["data", "detail", "confirm", "typed", "masked"] {
            let screen = self::stage(view, state, (120, 40)).screen();
            assert!(!screen.chars().any(is_hidden), "{screen:?}");
            let is_told = screen.contains("mia") || screen.contains("203.0.113");
            assert!(state != "masked" || !is_told, "{screen}");
        }
    }
}

#[test]
fn a_deed_takes_the_name_and_a_reason_and_tells_the_server_why() {
    let mut stage = stage("users", "typed", (100, 30));
    assert!(stage.calls().is_empty());
    stage.keys("enter enter y");
    let [call] = stage.calls()[..] else { panic!("one confirmation is one call") };
    assert_eq!(call.path, format!("/api/v1/users/{}", user(0).id));
    assert_eq!(call.body.as_deref(), Some("{\"status\":\"suspended\"}"));
    assert_eq!(call.note.as_deref(), Some("SEC-118 phoned"));
    let request_id = done(&mut stage, "{\"data\":{}}");
    assert_eq!(stage.model.deeds.pending(), 1, "answered is not final");
    stage.hear(vec![event("user.status_changed", &request_id)]);
    assert_eq!(stage.model.deeds.pending(), 0);
    // The row is asked for where it stands.
    stage.answer("users", "row", &User { status: "inactive".to_owned(), ..user(0) });
    assert!(stage.screen().contains("inactive"), "{}", stage.screen());
}

#[test]
fn ones_own_account_and_key_have_to_be_typed_as_such() {
    let mut stage = Stage::live((100, 30), "users");
    let me = User { email: "ops@example.com".to_owned(), ..User::example() };
    stage.answer("users", "page", &UserPage { users: vec![me], ..users(0, None) });
    stage.keys("A D");
    assert_eq!(word(&stage), "mine");
    let mut stage = Stage::live((100, 30), "keys");
    stage.model.servers[0].credential = Credential::new("lk_Aa000restofthekey");
    stage.answer("keys", "page", &keys(2, None));
    stage.keys("A d");
    assert_eq!(word(&stage), "mine");
    stage.keys("esc j d");
    assert_eq!(word(&stage), "lk_Aa001");
    stage.hear(vec![AuditLog {
        details: serde_json::json!({ "api_key": key(1).key.id }),
        ..event("api_key.revoked", "x")
    }]);
    assert_eq!(stage.selected(), Some(key(0).key.id), "a revoked key is gone");
}

#[test]
fn a_key_is_made_by_a_session_and_its_text_is_shown_once() {
    let mut stage = Stage::live((100, 30), "keys");
    stage.answer("keys", "page", &keys(2, None));
    stage.keys("A n");
    assert!(stage.screen().contains("needs the token of your own session"), "{}", stage.screen());
    stage.model.servers[0].credential = Credential::new("aa.bb.cc");
    stage.model.servers[0].address = Address::Unix("/run/x".into());
    stage.keys("n enter");
    assert!(stage.screen().contains("the key needs a name"), "{}", stage.screen());
    for line in ["ci", "metrics:read", "2h", ""] {
        stage.types(line);
        stage.keys("enter");
    }
    let body = stage.calls()[0].body.clone().unwrap();
    assert!(body.contains("2026-11-21T14:41:07.000Z") && body.contains("metrics:read"), "{body}");
    let answer = serde_json::json!({ "data": NewApiKey::example() }).to_string();
    let request_id = done(&mut stage, &answer);
    let secret = NewApiKey::example().api_key;
    assert!(stage.screen().contains(secret.reveal()));
    stage.keys("y enter");
    let copied = |effect: &Effect| matches!(effect, Effect::Copy(text) if text == secret.reveal());
    assert!(stage.effects.iter().any(copied) && stage.screen().contains("Shown this once"));
    stage.keys("esc");
    stage.hear(vec![event("api_key.created", &request_id)]);
    assert!(!stage.screen().contains(secret.reveal()) && stage.model.overlay.is_none());
}

#[test]
fn health_acts_on_the_mail_under_the_cursor_and_on_the_key_that_signs() {
    let mut stage = stage("health", "data", (120, 40));
    stage.keys("A s");
    assert!(stage.model.overlay.is_none(), "no mail is under the cursor");
    to_mail(&mut stage);
    stage.keys("s y");
    assert_eq!(stage.calls()[0].path, format!("/api/v1/outbox/{}/retry", mail(1, "").id));
    stage.keys("R");
    assert_eq!(word(&stage), "bbbb0002");
    stage.types("bbbb0002");
    stage.keys("enter");
    stage.types("old");
    stage.keys("enter");
    assert_eq!(stage.calls()[1].path, "/api/v1/signing-keys/rotate");
    let before = stage.effects.len();
    stage.hear(vec![event("key.rotated", "x"), event("mail.retried", "x")]);
    assert_eq!(stage.effects.len(), before + 2, "what changed is asked for again");
    let before = stage.effects.len();
    stage.wait(5_000);
    assert_eq!(stage.effects.len(), before + 4, "what moves is asked for now and then");
}

#[test]
fn health_finds_settings_and_keeps_the_cursor_on_its_line() {
    let mut stage = stage("health", "data", (80, 24));
    stage.keys("/");
    stage.types("setting_4");
    stage.keys("enter j");
    let screen = stage.screen();
    assert!(screen.contains("* section.setting_4") && !screen.contains("setting_5 "), "{screen}");
    stage.keys("esc G");
    assert_eq!(stage.selected().as_deref(), Some("section.setting_59"));
    stage.keys("e");
}
