//! Wrong passwords as the model counts them: of a name, or of an account.

use latchkey::domain::time::Timestamp;

use super::LOCK_WINDOW;

#[derive(Default)]
pub struct Guesses {
    pub wrong: Vec<Timestamp>,
    locked_until: Option<Timestamp>,
}

impl Guesses {
    /// Counts a wrong password; answers whether it begins a lock.
    pub fn count(&mut self, now: Timestamp) -> bool {
        self.wrong.retain(|at| now < at.plus(LOCK_WINDOW));
        self.wrong.push(now);
        let locks = self.wrong.len() == 5;
        if locks {
            self.wrong.clear();
            self.locked_until = Some(now.plus(2 * LOCK_WINDOW));
        }
        locks
    }

    pub fn is_locked(&self, now: Timestamp) -> bool {
        self.locked_until.is_some_and(|until| now < until)
    }
}
