//! Whose budget a guess takes from, whatever is typed: SECURITY R8 and R15.

use super::lockout::{LOCKED, SET, WRONG, fail, guess_at, refused, seen};
use crate::harness::{PASSWORD, TestApp};

/// R15.
#[tokio::test]
async fn every_spelling_of_a_name_takes_from_one_budget() {
    for name in ["ada", "nobody"] {
        let app = TestApp::new().with_user("ada").await;
        let wide: String = name.chars().map(|c| char::from_u32(c as u32 + 0xfee0).unwrap()).collect();
        let upper = name.to_uppercase();
        for spelling in [format!(" {upper} "), wide, format!("{name}."), format!("\u{200b}{name}\0")] {
            fail(&app, "203.0.113.1", &spelling, 1).await;
        }
        let (_, events) = guess_at(&app, "203.0.113.1", name, "wrong").await;
        assert_eq!(events[1], SET);
        refused(&app, "203.0.113.1", &upper).await;
        refused(&app, "203.0.113.1", &format!("{name}\u{200d}")).await;
    }
}

/// R8, R15: address and username of one account share its guesses, and no answer says that they are one's.
#[tokio::test]
async fn two_names_of_one_account_share_its_guesses_and_nobody_sees_it() {
    let app = TestApp::new().with_user("ada").await;
    let mut walks = Vec::new();
    for (email, name, is_known) in [("ada@example.com", "ada", true), ("eve@example.com", "eve", false)] {
        let (mut walk, hashes) = (Vec::new(), app.hashes());
        for typed in [email, email, email, email, name, email, email, name, name, name, name, name] {
            let is_free = is_known && walk.len() < 5;
            let password = if is_free { "wrong" } else { PASSWORD };
            let (answer, events) = guess_at(&app, "203.0.113.1", typed, password).await;
            let heard = if walk.len() < 5 || !is_known && answer.status == 401 { WRONG } else { LOCKED };
            let heard = if is_known { heard } else { heard.replace("wrong_password", "unknown_user").leak() };
            assert_eq!(events[0], heard, "{typed} {}", walk.len());
            walk.push((seen(&answer), app.hashes() - hashes));
        }
        walks.push(walk);
    }
    let statuses: Vec<u16> = walks[0].iter().map(|((status, ..), _)| *status).collect();
    assert_eq!(statuses, [401, 401, 401, 401, 401, 401, 423, 401, 401, 401, 401, 423]);
    assert_eq!(walks[0], walks[1]);
    guess_at(&app, "203.0.114.1", "ada", PASSWORD).await.0.data(200);
}

/// A look-alike that fills the budget locks the account, and the record says so.
#[tokio::test]
async fn a_lock_by_look_alikes_is_recorded_as_the_accounts() {
    let app = TestApp::new().with_user("ada").await;
    fail(&app, "203.0.113.1", "ada.", 5).await;
    let record = app.records().pop().unwrap();
    assert_eq!(record.action, "lockout.set");
    assert_eq!(record.subject, Some(*app.account("ada").unwrap().id.as_bytes()));
}
