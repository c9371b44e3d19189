//! What happened how often, over the API.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::Query;

use super::answer::Answer;
use super::asked::Asked;
use super::error::{Fault, Statuses};
use super::principal::Caller;
use super::query;
use super::tag::Tag;
use crate::domain::stats::Series;
use crate::services::Services;
use crate::services::stats::{self, StatsPage, StatsQuery};
use crate::wire::stats::{Stats, StatsSeries, StatsTotals};

/// The numbers.
pub struct StatsApi(pub Arc<Services>);

/// What this operation can answer beside success.
pub struct Reported;

impl Statuses for Reported {
    const LIST: &'static [u16] = &[400, 401, 403, 405, 429, 500, 503];
}

#[OpenApi(prefix_path = "/api/v1")]
impl StatsApi {
    /// What happened how often
    ///
    /// By minute, for the last 24 hours, and in total. Needs `audit:read`. What is counted from the audit log is exact,
    /// over every restart; of the hash pool's work the last minute before a crash is lost.
    #[oai(path = "/stats", method = "get", operation_id = "stats", tag = "Tag::Operation")]
    async fn stats(
        &self,
        asked: Asked,
        caller: Caller,
        /// The minute to begin with (RFC 3339); without it the hour before `to`.
        from: Query<Option<String>>,
        /// The minute to end with (RFC 3339); without it the present one.
        to: Query<Option<String>>,
        /// Seconds in one step, whole minutes up to a day.
        #[oai(
            default = "minute",
            validator(minimum(value = "60"), maximum(value = "86400"), multiple_of = "60")
        )]
        step: Query<u32>,
    ) -> Result<Answer<Stats>, Fault<Reported>> {
        let query = StatsQuery {
            from: query::value("from", from.0)?,
            until: query::value("to", to.0)?,
            step: usize::try_from(step.0 / 60).unwrap_or(1),
        };
        let page = stats::report(&self.0, &asked.0, &caller.0, &query).await?;
        Ok(Answer::new(to_wire(&page, step.0), asked.0.now))
    }
}

fn minute() -> u32 {
    60
}

fn to_wire(page: &StatsPage, step_seconds: u32) -> Stats {
    let steps = |series: Series| page.steps.iter().map(|counts| series.count(counts)).collect();
    let total = |series: Series| series.count(&page.totals);
    Stats {
        from: page.from.to_string(),
        to: page.until.to_string(),
        step_seconds,
        series: StatsSeries {
            logins_ok: steps(Series::LoginsOk),
            logins_mfa: steps(Series::LoginsMfa),
            logins_failed: steps(Series::LoginsFailed),
            refreshes: steps(Series::Refreshes),
            denials: steps(Series::Denials),
            lockouts: steps(Series::Lockouts),
            registrations: steps(Series::Registrations),
            password_changes: steps(Series::PasswordChanges),
            hash_runs: steps(Series::HashRuns),
            hash_refused: steps(Series::HashRefused),
            hash_wait_ms: steps(Series::HashWaitMs),
        },
        totals: StatsTotals {
            logins_ok: total(Series::LoginsOk),
            logins_mfa: total(Series::LoginsMfa),
            logins_failed: total(Series::LoginsFailed),
            refreshes: total(Series::Refreshes),
            denials: total(Series::Denials),
            lockouts: total(Series::Lockouts),
            registrations: total(Series::Registrations),
            password_changes: total(Series::PasswordChanges),
            hash_runs: total(Series::HashRuns),
            hash_refused: total(Series::HashRefused),
            hash_wait_ms: total(Series::HashWaitMs),
        },
        as_of: page.as_of.to_string(),
    }
}
