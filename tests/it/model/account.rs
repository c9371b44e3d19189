//! Accounts in the model: the other address, and the end.

use serde_json::json;

use super::{DAY, Guesses, HOUR, Link, NAMES, World, one};
use crate::harness::Answer;

impl World<'_> {
    pub(super) async fn ask_for_email(&mut self, at: usize) -> Vec<String> {
        let who = self.sessions[at].who;
        let is_second = self.people[who].account.as_ref().is_some_and(|account| !account.has_moved);
        let new = address(who, is_second);
        let body = json!({ "new_email": new });
        let answer = self.caller(at).post("/api/v1/auth/email/change", body).await;
        if !self.may_act(at, &answer) {
            return Vec::new();
        }
        let link = Link { token: self.app.mailed_token(&new).await, dies: self.now().plus(DAY) };
        self.people[who].account.as_mut().unwrap().other = Some((link, is_second));
        one("email.change_requested success")
    }

    pub(super) async fn confirm_email(&mut self, who: usize) -> Vec<String> {
        let now = self.now();
        let account = self.people[who].account.as_mut();
        let other = account.as_ref().and_then(|account| account.other.as_ref());
        let answer = self.app.verify(other.map_or("lke_none", |(link, _)| &link.token)).await;
        let lives = other.is_some_and(|(link, _)| now < link.dies);
        match account {
            Some(account) if lives && account.may_be_used() => {
                answer.data(200);
                let (_, is_second) = account.other.take().unwrap();
                (account.has_moved, account.reset) = (is_second, None);
                one("email.changed success")
            }
            _ => {
                answer.refused(400, "VALIDATION_ERROR");
                Vec::new()
            }
        }
    }

    pub(super) async fn delete(&mut self, at: usize) -> Vec<String> {
        let who = self.sessions[at].who;
        let answer = self.caller(at).delete("/api/v1/users/me").await;
        if !self.may_act(at, &answer) {
            return Vec::new();
        }
        self.end_all(who);
        (self.people[who].account, self.people[who].held) = (None, Guesses::default());
        one("user.deleted success")
    }

    /// The address of a person's account; of nobody's, the one to register with.
    pub(super) fn email(&self, who: usize) -> String {
        address(who, self.people[who].account.as_ref().is_some_and(|account| account.has_moved))
    }

    /// Whether the session was let in to a sensitive act: within an hour of its login.
    fn may_act(&self, at: usize, answer: &Answer) -> bool {
        let session = &self.sessions[at];
        if self.now() < session.access_dies && !session.is_ended && self.now() > session.began.plus(HOUR) {
            answer.refused(401, "STEP_UP_REQUIRED");
            return false;
        }
        self.is_let_in(at, answer)
    }
}

fn address(who: usize, is_second: bool) -> String {
    format!("{}{}@example.com", NAMES[who], if is_second { ".second" } else { "" })
}
