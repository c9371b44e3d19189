//! What is locked and why, over the API.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};

use super::{Overseen, fifty, id_of};
use crate::domain::id::SuspicionId;
use crate::domain::lockout::Rule;
use crate::http::answer::Answer;
use crate::http::asked::Asked;
use crate::http::error::Fault;
use crate::http::principal::Caller;
use crate::http::query;
use crate::http::tag::Tag;
use crate::services::Services;
use crate::services::oversight::Thing;
use crate::services::oversight::locks::{self, GuessSeen, Lock, LockFilter, Whom};
use crate::wire::auth::Message;
use crate::wire::lockout::{Lockout, LockoutAttempt, LockoutExplained, LockoutPage, LockoutRule};

/// What is locked.
pub struct LockoutApi(pub Arc<Services>);

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Operation")]
impl LockoutApi {
    /// List what is locked now
    ///
    /// The lock that began last first. Needs `audit:read`. A page may be short, even empty, and still have a
    /// `next_cursor`: one request looks at a bounded number of locks that began, over or not.
    #[oai(path = "/lockouts", method = "get", operation_id = "list_lockouts")]
    async fn list(
        &self,
        asked: Asked,
        caller: Caller,
        /// Only those of this account.
        user_id: Query<Option<String>>,
        /// The most locks to answer, 1 to 100.
        #[oai(default = "fifty", validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<u32>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Answer<LockoutPage>, Fault<Overseen>> {
        let filter = LockFilter {
            user: query::value("user_id", user_id.0)?,
            after: query::cursor(cursor.0)?,
            limit: query::count(limit.0),
        };
        let page = locks::list(&self.0, &asked.0, &caller.0, &filter).await?;
        let page = LockoutPage {
            lockouts: page.locks.iter().map(to_wire).collect(),
            next_cursor: page.next.map(|id| id.to_string()),
            as_of: page.as_of.to_string(),
        };
        Ok(Answer::new(page, asked.0.now))
    }

    /// Explain a lock
    ///
    /// The rule in words, and the wrong guesses that led to it, from the audit log. Needs `audit:read`. A lock that is
    /// over answers like one that never was.
    #[oai(path = "/lockouts/:id", method = "get", operation_id = "explain_lockout")]
    async fn explain(
        &self,
        asked: Asked,
        caller: Caller,
        id: Path<String>,
    ) -> Result<Answer<LockoutExplained>, Fault<Overseen>> {
        let id = id_of::<SuspicionId>(&id.0, Thing::Lock)?;
        let (lock, attempts) = locks::explain(&self.0, &asked.0, &caller.0, id).await?;
        let explained = LockoutExplained {
            lockout: to_wire(&lock),
            explanation: in_words(&lock),
            attempts: attempts.into_iter().map(attempt).collect(),
        };
        Ok(Answer::new(explained, asked.0.now))
    }

    /// Lift a lock
    ///
    /// This one and no other: an account that is locked for several networks stays locked for the others. Needs
    /// `users:update`. Nobody lifts a lock of an account of a higher rank.
    #[oai(path = "/lockouts/:id", method = "delete", operation_id = "lift_lockout")]
    async fn lift(
        &self,
        asked: Asked,
        caller: Caller,
        id: Path<String>,
    ) -> Result<Answer<Message>, Fault<Overseen>> {
        let id = id_of::<SuspicionId>(&id.0, Thing::Lock)?;
        locks::lift(&self.0, &asked.0, &caller.0, id).await?;
        Ok(Answer::new(Message::new("Lock lifted."), asked.0.now))
    }
}

fn to_wire(lock: &Lock) -> Lockout {
    let account = match &lock.whom {
        Whom::Account(user) => Some(user),
        Whom::Nobody(_) => None,
    };
    Lockout {
        id: lock.id.to_string(),
        rule: rule(lock),
        user_id: account.map(|user| user.id.to_string()),
        email: account.map(|user| user.email.as_str().to_owned()),
        username: account.map(|user| user.username.as_str().to_owned()),
        name_hash: lock.whom.name_hash(),
        network: lock.network.map(|network| network.to_string()),
        since: lock.since.to_string(),
        until: lock.until.to_string(),
        failures: lock.failures,
    }
}

fn rule(lock: &Lock) -> LockoutRule {
    let numbers = &lock.numbers;
    let (failures, window, lasts) = match lock.rule {
        Rule::Account => (u64::from(numbers.account_failures), None, numbers.forget_after),
        Rule::Network | Rule::Factor => {
            let failures = u64::try_from(numbers.failures).unwrap_or(u64::MAX);
            (failures, Some(numbers.window.as_secs()), numbers.lock_for)
        }
    };
    LockoutRule {
        name: lock.rule.name().to_owned(),
        failures,
        window_seconds: window,
        lock_seconds: lasts.as_secs(),
    }
}

fn in_words(lock: &Lock) -> String {
    let LockoutRule { failures, window_seconds, lock_seconds, .. } = rule(lock);
    let whom = if lock.whom.user().is_some() { "the account" } else { "the name" };
    let (window, lasts) = (span(window_seconds.unwrap_or(0)), span(lock_seconds));
    match lock.rule {
        Rule::Network => {
            let from = lock.network.map_or_else(|| "one network".to_owned(), |network| network.to_string());
            format!("{failures} wrong passwords within {window} from {from} lock {whom} there for {lasts}.")
        }
        Rule::Account => format!(
            "{failures} wrong passwords in a row lock {whom} everywhere, but for networks it logged in from before, \
             until {lasts} passed without one more."
        ),
        Rule::Factor => {
            format!(
                "{failures} wrong second-factor codes within {window} lock the second factor for {lasts}."
            )
        }
    }
}

/// Seconds in the largest unit that divides them.
fn span(seconds: u64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let fits = |(unit, _): &(u64, &str)| seconds >= *unit && seconds.is_multiple_of(*unit);
    let (unit, name) = units.into_iter().find(fits).unwrap_or((1, "second"));
    let count = seconds.checked_div(unit).unwrap_or(0);
    if count == 1 { format!("1 {name}") } else { format!("{count} {name}s") }
}

fn attempt(seen: GuessSeen) -> LockoutAttempt {
    LockoutAttempt {
        at: seen.at.to_string(),
        action: seen.action,
        reason: seen.reason,
        ip_address: seen.client.map(|client| client.to_string()),
        user_agent: seen.user_agent,
        request_id: seen.request_id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_the_largest_unit_that_fits() {
        let told = [0, 1, 59, 60, 90, 900, 3_600, 86_400, 2_592_000].map(span);
        let expected = [
            "0 seconds",
            "1 second",
            "59 seconds",
            "1 minute",
            "90 seconds",
            "15 minutes",
            "1 hour",
            "1 day",
            "30 days",
        ];
        assert_eq!(told, expected);
    }
}
