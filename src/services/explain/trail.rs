//! What is noted of a request while it is judged. Knows no rule, and not what becomes of the notes.
//!
//! ## Decision: noted where it is judged, kept where the answer leaves
//! The true cause of a denial is known to the use case that judged, and is kept from the client by every floor above it.
//! So the use case notes it on the trail that came with its [`Context`](crate::services::Context), and the edge, which
//! every answer passes, hands the trail on. A fault needs no more than it had, no handler and no profile takes part,
//! and a denial that nobody noted is kept with the sentence that the client got.

use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::id::UserId;
use crate::domain::trace::{Step, Verdict};

/// Most steps of one trail: a request is judged by few.
const STEPS_MAX: usize = 16;

/// The notes of one request. Clones are the same trail. The default takes no notes.
#[derive(Debug, Clone, Default)]
pub struct Trail(Option<Arc<Mutex<Notes>>>);

/// What was noted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// Whose account it was about, where that was judged.
    pub about: Option<UserId>,
}

impl Notes {
    /// Whether something was no good.
    pub fn has_denial(&self) -> bool {
        self.steps.iter().any(|step| step.kind.verdict() != Verdict::Passed)
    }
}

impl Trail {
    /// A trail that takes notes, if they are wanted.
    pub fn new(is_wanted: bool) -> Self {
        Self(is_wanted.then(Arc::default))
    }

    /// Whether notes are taken: what is costly to find out need not be, else.
    pub const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Notes a step.
    pub fn note(&self, step: impl Into<Step>) {
        self.work(|notes| {
            if notes.steps.len() < STEPS_MAX {
                notes.steps.push(step.into());
            }
        });
    }

    /// Notes whose account it is about.
    pub fn about(&self, user: UserId) {
        self.work(|notes| notes.about = Some(user));
    }

    /// What was noted so far; takes it away.
    pub fn take(&self) -> Notes {
        let mut taken = Notes::default();
        self.work(|notes| taken = std::mem::take(notes));
        taken
    }

    /// A panic in another caller leaves the notes whole.
    fn work(&self, f: impl FnOnce(&mut Notes)) {
        if let Some(notes) = &self.0 {
            f(&mut notes.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::trace::Kind;

    #[test]
    fn clones_are_one_trail_and_it_is_bounded() {
        let trail = Trail::new(true);
        trail.clone().note(Kind::Unlocked);
        assert!(!trail.take().has_denial());
        (0..100).for_each(|_| trail.note(Kind::CodeWrong));
        trail.about(UserId::from_bytes([7; 16]));
        let notes = trail.take();
        assert_eq!((notes.steps.len(), notes.has_denial()), (STEPS_MAX, true));
        assert_eq!(notes.about, Some(UserId::from_bytes([7; 16])));
        assert_eq!(trail.take(), Notes::default());
    }

    #[test]
    fn a_trail_that_is_off_takes_no_notes() {
        let trail = Trail::default();
        trail.note(Kind::CodeWrong);
        assert_eq!((trail.is_on(), trail.take()), (false, Notes::default()));
    }
}
