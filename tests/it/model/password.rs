//! Passwords in the model: the present one, those before it, and the link that sets another.

use latchkey::domain::user::Status;
use serde_json::json;

use super::{Guesses, HOUR, Link, World, one};
use crate::harness::PASSWORD;

pub const WRONG: &str = "wrong password";

/// More than are remembered, so that the oldest may come back.
pub const PASSWORDS: [&str; 7] = [
    PASSWORD,
    "one quiet river",
    "two quiet rivers",
    "three quiet rivers",
    "four quiet rivers",
    "five quiet rivers",
    "six quiet rivers",
];

/// How many passwords of an account cannot be chosen again, the present one included.
const REMEMBERED: usize = 5;

impl World<'_> {
    pub(super) async fn change(&mut self, at: usize, to: usize, is_right: bool) -> Vec<String> {
        let who = self.sessions[at].who;
        let current = if is_right { self.password(who) } else { WRONG };
        let body = json!({ "current_password": current, "new_password": PASSWORDS[to] });
        let answer = self.caller(at).post("/api/v1/auth/password/change", body).await;
        let session = &self.sessions[at];
        if self.now() >= session.access_dies || session.is_ended {
            self.is_let_in(at, &answer);
            return Vec::new();
        }
        if self.is_locked(who) {
            answer.refused(423, "ACCOUNT_LOCKED");
            return one("password.changed denied locked");
        }
        if !is_right {
            answer.refused(401, "AUTHENTICATION_FAILED");
            let mut events = one("password.changed denied wrong_password");
            events.extend(self.count_wrong(who));
            return events;
        }
        if self.remembers(who, to) {
            assert_eq!(answer.refused(400, "VALIDATION_ERROR")["details"]["reason"], "reused");
            return Vec::new();
        }
        answer.data(200);
        self.end_all(who);
        self.sessions[at].is_ended = false;
        let person = &mut self.people[who];
        person.held.wrong.clear();
        person.account.as_mut().unwrap().passwords.push(to);
        one("password.changed success")
    }

    pub(super) async fn ask_for_reset(&mut self, who: usize) -> Vec<String> {
        let email = self.email(who);
        let body = json!({ "email": email });
        self.app.anonymous().post("/api/v1/auth/password-reset/initiate", body).await.data(200);
        let now = self.now();
        let reason = match &mut self.people[who].account {
            None => "unknown_user",
            Some(account) if !account.may_be_used() => "account_switched_off",
            Some(account) => {
                let token = self.app.reset_token(&email).await;
                account.reset = Some(Link { token, dies: now.plus(HOUR) });
                return one("password.reset_requested success");
            }
        };
        one(&format!("password.reset_requested denied {reason}"))
    }

    pub(super) async fn reset(&mut self, who: usize, to: usize) -> Vec<String> {
        let now = self.now();
        let link = self.people[who].account.as_ref().and_then(|account| account.reset.as_ref());
        let token = link.map_or("lkr_none", |link| &link.token);
        let body = json!({ "token": token, "new_password": PASSWORDS[to] });
        let answer = self.app.anonymous().post("/api/v1/auth/password-reset/confirm", body).await;
        if link.is_none_or(|link| now >= link.dies) {
            answer.refused(400, "VALIDATION_ERROR");
            return one("password.reset denied invalid_token");
        }
        if self.remembers(who, to) {
            assert_eq!(answer.refused(400, "VALIDATION_ERROR")["details"]["reason"], "reused");
            return Vec::new();
        }
        answer.data(200);
        self.end_all(who);
        let account = self.people[who].account.as_mut().unwrap();
        account.passwords.push(to);
        let mut events = one("password.reset success");
        if !account.is_proved {
            (account.is_proved, account.status) = (true, Status::Active);
            events.push("email.verified success password_reset".to_owned());
        }
        if self.is_locked(who) {
            events.push("lockout.cleared success password_reset".to_owned());
        }
        let person = &mut self.people[who];
        (person.named, person.held) = (Guesses::default(), Guesses::default());
        events
    }

    /// The present password; of nobody, any.
    pub(super) fn password(&self, who: usize) -> &'static str {
        let account = self.people[who].account.as_ref();
        PASSWORDS[account.map_or(0, |account| *account.passwords.last().unwrap())]
    }

    /// Whether a password is among the last ones of a person.
    fn remembers(&self, who: usize, number: usize) -> bool {
        let account = self.people[who].account.as_ref().unwrap();
        account.passwords.iter().rev().take(REMEMBERED).any(|one| *one == number)
    }
}
