//! Something the server knows and the console asks for. Knows no request.

use super::super::conn::Problem;
use super::super::moment::Moment;

/// What is known of it. What was known stays while it is asked for again, and when that fails.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Remote<T> {
    /// Nobody asked.
    #[default]
    NotAsked,
    /// Asked since then.
    Loading {
        /// When.
        since: Moment,
        /// What was known.
        before: Option<T>,
    },
    /// Known.
    Ready {
        /// It.
        data: T,
        /// When the answer came.
        at: Moment,
    },
    /// It could not be had.
    Failed {
        /// Why.
        problem: Problem,
        /// What was known.
        before: Option<T>,
    },
}

impl<T> Remote<T> {
    /// What is known, old or new.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::NotAsked => None,
            Self::Loading { before, .. } | Self::Failed { before, .. } => before.as_ref(),
            Self::Ready { data, .. } => Some(data),
        }
    }

    /// Since when the answer is awaited.
    pub const fn loading_since(&self) -> Option<Moment> {
        if let Self::Loading { since, .. } = self { Some(*since) } else { None }
    }

    /// Why it could not be had.
    pub const fn problem(&self) -> Option<&Problem> {
        if let Self::Failed { problem, .. } = self { Some(problem) } else { None }
    }

    /// It is asked for.
    pub fn ask(&mut self, now: Moment) {
        *self = Self::Loading { since: now, before: self.take() };
    }

    /// The answer is here.
    pub fn settle(&mut self, result: Result<T, Problem>, now: Moment) {
        *self = match result {
            Ok(data) => Self::Ready { data, at: now },
            Err(problem) => Self::Failed { problem, before: self.take() },
        };
    }

    fn take(&mut self) -> Option<T> {
        match std::mem::take(self) {
            Self::NotAsked => None,
            Self::Loading { before, .. } | Self::Failed { before, .. } => before,
            Self::Ready { data, .. } => Some(data),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::conn::problem::Kind;

    #[test]
    fn what_was_known_stays_until_something_better_comes() {
        let now = Moment::from_millis(1);
        let mut remote = Remote::default();
        assert_eq!(remote.known(), None);
        remote.ask(now);
        remote.settle(Ok(1), now);
        remote.ask(now);
        assert_eq!((remote.known(), remote.loading_since()), (Some(&1), Some(now)));
        remote.settle(Err(Problem::local(Kind::Late, "GET /x", "late")), now);
        assert_eq!((remote.known(), remote.problem().is_some()), (Some(&1), true));
        remote.ask(now);
        remote.settle(Ok(2), now);
        assert_eq!(remote, Remote::Ready { data: 2, at: now });
    }
}
