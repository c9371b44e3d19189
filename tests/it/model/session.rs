//! Sessions in the model: which refresh token follows which, and when each ends.

use serde_json::json;

use super::{DAY, GRACE, HOUR, Refresh, World, one};
use crate::harness::Answer;

impl World<'_> {
    pub(super) async fn refresh(&mut self, at: usize, back: usize) -> Vec<String> {
        let now = self.now();
        let session = &self.sessions[at];
        let place = session.tokens.len().saturating_sub(1 + back);
        let is_newest = place + 1 == session.tokens.len();
        let is_previous = place + 2 == session.tokens.len();
        let token = &session.tokens[place];
        let answer = self.app.anonymous().refresh(&token.text).await;
        if now >= token.dies {
            answer.refused(401, "TOKEN_EXPIRED");
            return Vec::new();
        }
        if session.is_ended {
            answer.refused(401, "TOKEN_INVALID");
            return Vec::new();
        }
        if is_newest {
            self.sessions[at].tokens[place].replaced_at = Some(now);
            self.note(at, &answer);
            return one("refresh.rotated success");
        }
        if is_previous && token.replaced_at.is_some_and(|at| now <= at.plus(GRACE)) {
            let successor = session.tokens[place + 1].text.clone();
            assert_eq!(answer.data(200)["refresh_token"], successor, "one token, one successor");
            self.note_access(at, &answer);
            return one("refresh.rotated success repeated");
        }
        answer.refused(401, "TOKEN_INVALID");
        self.sessions[at].is_ended = true;
        one("refresh.reused denied")
    }

    pub(super) async fn log_out(&mut self, at: usize) -> Vec<String> {
        let answer = self.caller(at).post("/api/v1/auth/logout", json!({})).await;
        if !self.is_let_in(at, &answer) {
            return Vec::new();
        }
        self.sessions[at].is_ended = true;
        one("session.ended success logout")
    }

    pub(super) async fn log_out_everywhere(&mut self, at: usize) -> Vec<String> {
        let answer = self.caller(at).post("/api/v1/auth/logout-all", json!({})).await;
        if !self.is_let_in(at, &answer) {
            return Vec::new();
        }
        let who = self.sessions[at].who;
        assert_eq!(answer.data(200)["sessions_ended"], self.alive(who));
        self.end_all(who);
        one("session.all_ended success logout_all")
    }

    /// Whether the newest access token of the session worked, as the model says it must or must not.
    pub(super) fn is_let_in(&self, at: usize, answer: &Answer) -> bool {
        let session = &self.sessions[at];
        if self.now() >= session.access_dies {
            answer.refused(401, "TOKEN_EXPIRED");
        } else if session.is_ended {
            answer.refused(401, "TOKEN_INVALID");
        } else {
            answer.data(200);
            return true;
        }
        false
    }

    /// Notes the new pair of a session.
    pub(super) fn note(&mut self, at: usize, answer: &Answer) {
        let now = self.now();
        let text = answer.data(200)["refresh_token"].as_str().unwrap().to_owned();
        let session = &mut self.sessions[at];
        assert!(session.tokens.iter().all(|token| token.text != text));
        let dies = now.plus(DAY * 7).min(session.dies);
        session.tokens.push(Refresh { text, dies, replaced_at: None });
        self.note_access(at, answer);
    }

    pub(super) fn note_access(&mut self, at: usize, answer: &Answer) {
        let data = answer.data(200);
        let now = self.now();
        let session = &mut self.sessions[at];
        data["access_token"].as_str().unwrap().clone_into(&mut session.access);
        session.access_dies = now.plus(HOUR).min(session.dies);
        let lives = session.access_dies.since(now).as_secs();
        assert_eq!(data["expires_in"], lives);
    }
}
