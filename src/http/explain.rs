//! Why requests were denied, over the API.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use serde_json::Value;

use super::answer::Answer;
use super::asked::Asked;
use super::body::Json;
use super::error::{ApiError, Fault, Statuses};
use super::principal::Caller;
use super::query;
use super::tag::Tag;
use crate::domain::operator::Actor;
use crate::domain::trace::{Told, Verdict, deciding};
use crate::services::Services;
use crate::services::explain::simulation::{self, Supposed};
use crate::services::explain::{self, Trace, TraceFilter};
use crate::wire::explain::{
    ExplainedRequest, ExplainedStep, Explanation, ExplanationPage, SimulateRequest, Simulation,
};

/// Explanations.
pub struct ExplainApi(pub Arc<Services>);

/// What these operations can answer beside success.
pub struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 401, 403, 404, 405, 408, 413, 415, 429, 500, 503];
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Diagnosis")]
impl ExplainApi {
    /// Why was this request denied
    ///
    /// How the requests with this id were judged, step by step: the true cause, of which the client was told less, and
    /// what helps. Kept for `explain.keep_for`. Needs `audit:read`, and is recorded.
    #[oai(path = "/explain/:request_id", method = "get", operation_id = "explain_request")]
    async fn request(
        &self,
        asked: Asked,
        caller: Caller,
        #[oai(validator(max_length = 128))] request_id: Path<String>,
    ) -> Result<Answer<Explanation>, Fault<Listed>> {
        let found = explain::of_request(&self.0, &asked.0, &caller.0, &request_id.0).await?;
        let requests = found.into_iter().map(to_wire).collect();
        Ok(Answer::new(Explanation { requests }, asked.0.now))
    }

    /// Which requests were denied, and why
    ///
    /// Newest first. A page may be short, even empty, and still have a `next_cursor`. Needs `audit:read`, and is
    /// recorded.
    #[oai(path = "/explain", method = "get", operation_id = "list_explained")]
    #[expect(clippy::too_many_arguments, reason = "one for each query parameter")]
    async fn list(
        &self,
        asked: Asked,
        caller: Caller,
        /// Only what this account asked for, or what was about it: an id, an email address or a username.
        #[oai(validator(max_length = 320))]
        user: Query<Option<String>>,
        /// Only what came from this address; of IPv6, from its /64.
        address: Query<Option<String>>,
        /// Only the requests with this id.
        #[oai(validator(max_length = 128))]
        request_id: Query<Option<String>>,
        /// Only what was answered at or after this time (RFC 3339).
        since: Query<Option<String>>,
        /// The most requests to answer, 1 to 100.
        #[oai(default = "fifty", validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<u32>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Answer<ExplanationPage>, Fault<Listed>> {
        let filter = TraceFilter {
            user: user.0,
            request_id: request_id.0,
            client: query::value("address", address.0)?,
            since: query::value("since", since.0)?,
            before: query::cursor(cursor.0)?,
            limit: query::count(limit.0),
        };
        let page = explain::list(&self.0, &asked.0, &caller.0, &filter).await?;
        let page = ExplanationPage {
            requests: page.traces.into_iter().map(to_wire).collect(),
            left_out: self.0.traces.left_out(),
            next_cursor: page.next.map(|id| id.to_string()),
            as_of: page.as_of.to_string(),
        };
        Ok(Answer::new(page, asked.0.now))
    }

    /// What would happen to a request
    ///
    /// How a request of this API would be judged now, and why; nothing happens and nothing is counted. Whoever asks is
    /// taken to have a good session, and to log in with the right password. What depends on the thing that a request is
    /// about, such as whose it is, is not judged. Needs `audit:read`.
    #[oai(path = "/explain/simulate", method = "post", operation_id = "simulate_request")]
    async fn simulate(
        &self,
        caller: Caller,
        body: Json<SimulateRequest>,
        asked: Asked,
    ) -> Result<Answer<Simulation>, Fault<Listed>> {
        let client = body.0.ip_address.parse().map_err(|_| {
            ApiError::field("ip_address", "invalid", "`ip_address` is an IPv4 or IPv6 address.")
        })?;
        let SimulateRequest { user, method, path, .. } = &body.0;
        for (name, text, most) in [("user", user, 320), ("method", method, 16), ("path", path, 1024)] {
            if text.chars().count() > most {
                let message = format!("`{name}` has at most {most} characters.");
                return Err(ApiError::field(name, "invalid", message).into());
            }
        }
        let method = method.to_ascii_uppercase();
        let supposed = Supposed { user, method: &method, path, client };
        let steps = simulation::simulate(&self.0, &asked.0, &caller.0, supposed).await?;
        Ok(Answer::new(simulated(steps), asked.0.now))
    }
}

fn fifty() -> u32 {
    50
}

fn to_wire(trace: Trace) -> ExplainedRequest {
    let decided = deciding(&trace.steps);
    ExplainedRequest {
        id: trace.id.to_string(),
        request_id: trace.request_id,
        at: trace.at.to_string(),
        method: trace.method,
        route: trace.route,
        status: trace.status,
        verdict: decided.map_or(Verdict::Denied, |step| step.verdict).name().to_owned(),
        cause: decided.map(|step| step.cause.clone()).unwrap_or_default(),
        mend: decided.map(|step| step.mend.clone()).unwrap_or_default(),
        actor_id: trace.actor.map(|id| Actor(id).to_string()),
        user_id: trace.about.map(|id| id.to_string()),
        ip_address: trace.client.map(|client| client.to_string()),
        steps: trace.steps.into_iter().map(step_to_wire).collect(),
    }
}

fn simulated(steps: Vec<Told>) -> Simulation {
    let decided = deciding(&steps).or(steps.last());
    Simulation {
        verdict: decided.map_or(Verdict::Passed, |step| step.verdict).name().to_owned(),
        cause: decided.map(|step| step.cause.clone()).unwrap_or_default(),
        mend: decided.map(|step| step.mend.clone()).filter(|mend| !mend.is_empty()),
        steps: steps.into_iter().map(step_to_wire).collect(),
    }
}

fn step_to_wire(step: Told) -> ExplainedStep {
    let facts = step.facts.into_iter().map(|(name, value)| (name, Value::String(value)));
    ExplainedStep {
        name: step.name,
        verdict: step.verdict.name().to_owned(),
        cause: step.cause,
        mend: Some(step.mend).filter(|mend| !mend.is_empty()),
        facts: Value::Object(facts.collect()),
    }
}
