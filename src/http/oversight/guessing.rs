//! Attacks and other rules of lockouts, over the API.

use std::sync::Arc;
use std::time::Duration;

use poem_openapi::OpenApi;
use poem_openapi::param::Query;

use super::{Overseen, fifty};
use crate::domain::incident;
use crate::domain::lockout::LockoutPolicy;
use crate::domain::what_if::Replayed;
use crate::http::answer::Answer;
use crate::http::asked::Asked;
use crate::http::error::Fault;
use crate::http::principal::Caller;
use crate::http::query;
use crate::http::tag::Tag;
use crate::services::Services;
use crate::services::oversight::guessing::{self, IncidentQuery};
use crate::wire::guessing::{Incident, Incidents, LockoutReplay, WhatIf};

/// Logins looked at as guesses.
pub struct GuessingApi(pub Arc<Services>);

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Operation")]
impl GuessingApi {
    /// List incidents
    ///
    /// Failed logins of the last minutes, added up by network (an IPv4 /24, an IPv6 /48), most failures first. Needs
    /// `audit:read`. At most 20,000 records of the audit log are looked at; `complete` says whether that was enough.
    #[oai(path = "/audit/incidents", method = "get", operation_id = "list_incidents")]
    async fn incidents(
        &self,
        asked: Asked,
        caller: Caller,
        /// How many minutes to look back, 1 to 1440.
        #[oai(default = "quarter", validator(minimum(value = "1"), maximum(value = "1440")))]
        minutes: Query<u32>,
        /// The fewest failures that make an incident.
        #[oai(default = "five", validator(minimum(value = "1"), maximum(value = "10000")))]
        min_failures: Query<u32>,
        /// The most incidents to answer, 1 to 100.
        #[oai(default = "fifty", validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<u32>,
    ) -> Result<Answer<Incidents>, Fault<Overseen>> {
        let query = IncidentQuery {
            window: Duration::from_secs(60 * u64::from(minutes.0)),
            failures_min: min_failures.0.into(),
            limit: query::count(limit.0),
        };
        let seen = guessing::incidents(&self.0, &asked.0, &caller.0, &query).await?;
        let incidents = Incidents {
            incidents: seen.found.iter().map(incident_to_wire).collect(),
            from: seen.from.to_string(),
            complete: seen.is_complete,
            as_of: seen.as_of.to_string(),
        };
        Ok(Answer::new(incidents, asked.0.now))
    }

    /// Try other rules of lockouts out
    ///
    /// Replays the logins of the last day under the rules in force and under others, and changes nothing. What is
    /// absent is as it is. A guess that was refused unheard counts as a wrong one; the lock of a whole account, and
    /// guesses at other doors than the login, are left out. Needs `audit:read`. At most 20,000 records are looked at.
    #[oai(path = "/lockouts/what-if", method = "get", operation_id = "try_lockout_rules")]
    async fn what_if(
        &self,
        asked: Asked,
        caller: Caller,
        /// `lockout.failures`, 1 to 20.
        #[oai(validator(minimum(value = "1"), maximum(value = "20")))]
        failures: Query<Option<u32>>,
        /// `lockout.window` in seconds, a minute to a day.
        #[oai(validator(minimum(value = "60"), maximum(value = "86400")))]
        window_seconds: Query<Option<u32>>,
        /// `lockout.lock_for` in seconds, a minute to a day.
        #[oai(validator(minimum(value = "60"), maximum(value = "86400")))]
        lock_seconds: Query<Option<u32>>,
    ) -> Result<Answer<WhatIf>, Fault<Overseen>> {
        let present = self.0.policy.lockout;
        let seconds = |given: Option<u32>, usual| given.map_or(usual, |it| Duration::from_secs(it.into()));
        let other = LockoutPolicy {
            failures: failures.0.map_or(present.failures, query::count),
            window: seconds(window_seconds.0, present.window),
            lock_for: seconds(lock_seconds.0, present.lock_for),
            ..present
        };
        let seen = guessing::what_if(&self.0, &asked.0, &caller.0, other).await?;
        let answer = WhatIf {
            present: replay_to_wire(&present, &seen.found.0),
            asked: replay_to_wire(&other, &seen.found.1),
            from: seen.from.to_string(),
            complete: seen.is_complete,
            as_of: seen.as_of.to_string(),
        };
        Ok(Answer::new(answer, asked.0.now))
    }
}

fn quarter() -> u32 {
    15
}

fn five() -> u32 {
    5
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn incident_to_wire(one: &incident::Incident) -> Incident {
    Incident {
        network: one.network.to_string(),
        shape: one.shape.name().to_owned(),
        failures: one.failures,
        names: number(one.names),
        addresses: number(one.addresses),
        lockouts: one.locks,
        logins: one.logins,
        first_at: one.first_at.to_string(),
        last_at: one.last_at.to_string(),
    }
}

fn replay_to_wire(rules: &LockoutPolicy, counts: &Replayed) -> LockoutReplay {
    LockoutReplay {
        failures: number(rules.failures),
        window_seconds: rules.window.as_secs(),
        lock_seconds: rules.lock_for.as_secs(),
        lockouts: counts.locks,
        names: number(counts.names),
        networks: number(counts.networks),
        refused: counts.refused,
        refused_right: counts.refused_right,
    }
}
