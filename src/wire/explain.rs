//! Why requests were denied, on the wire. Knows nothing of how they are judged.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One step of a judgement.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct ExplainedStep {
    /// What was judged: a stable name.
    pub name: String,
    /// `passed`, `denied` or `limited`.
    pub verdict: String,
    /// What was found.
    pub cause: String,
    /// What helps, where something is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
    /// By what it was judged: names and values.
    pub facts: Value,
}

impl Example for ExplainedStep {
    fn example() -> Self {
        Self {
            name: "permission_missing".to_owned(),
            verdict: "denied".to_owned(),
            cause: "users:delete is needed, and the account 019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11 holds: users:read."
                .to_owned(),
            mend: Some(
                "Give the account a role that holds users:delete, or the permission itself.".to_owned(),
            ),
            facts: json!({
                "user": "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11",
                "required": "users:delete",
                "held": "users:read",
            }),
        }
    }
}

/// How one request was judged.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct ExplainedRequest {
    /// Names the judgement.
    pub id: String,
    /// Names the request. A client may choose it, so several requests may have one.
    pub request_id: String,
    /// When it was answered, RFC 3339.
    pub at: String,
    /// The method.
    pub method: String,
    /// The path, with its variable parts as names.
    pub route: String,
    /// The HTTP status that was answered.
    pub status: u16,
    /// `denied` or `limited`.
    pub verdict: String,
    /// What was found by the step that decided.
    pub cause: String,
    /// What helps.
    pub mend: String,
    /// Who called, once known; an account by its id, or a user of the host, such as `uid:1000`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<String>,
    /// Whose account it was about, where that was judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The client's address; absent once the person was forgotten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
    /// All steps, in order.
    pub steps: Vec<ExplainedStep>,
}

impl Example for ExplainedRequest {
    fn example() -> Self {
        let step = ExplainedStep::example();
        Self {
            id: "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b14".to_owned(),
            request_id: "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b12".to_owned(),
            at: "2026-11-21T10:00:00.000Z".to_owned(),
            method: "DELETE".to_owned(),
            route: "/api/v1/users/{id}".to_owned(),
            status: 403,
            verdict: step.verdict.clone(),
            cause: step.cause.clone(),
            mend: step.mend.clone().unwrap_or_default(),
            actor_id: Some("019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11".to_owned()),
            user_id: None,
            ip_address: Some("203.0.113.7".to_owned()),
            steps: vec![step],
        }
    }
}

/// The denied requests with one id.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct Explanation {
    /// The newest 20, newest first; at least one.
    pub requests: Vec<ExplainedRequest>,
}

impl Example for Explanation {
    fn example() -> Self {
        Self { requests: vec![ExplainedRequest::example()] }
    }
}

/// A page of denied requests.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct ExplanationPage {
    /// Newest first.
    pub requests: Vec<ExplainedRequest>,
    /// Denied requests since the start of the server that are not kept, for there were too many.
    pub left_out: u64,
    /// Send it as `cursor` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Send it as `after` to `GET /api/v1/events`: its events are all newer than this page, and none is missing.
    pub as_of: String,
}

impl Example for ExplanationPage {
    fn example() -> Self {
        Self {
            requests: vec![ExplainedRequest::example()],
            left_out: 0,
            next_cursor: Some("019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b14".to_owned()),
            as_of: "0-90-5f70bf18a0860170".to_owned(),
        }
    }
}

/// A request that nobody makes.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
pub struct SimulateRequest {
    /// Who would ask: an id, an email address or a username.
    #[oai(validator(max_length = 320))]
    pub user: String,
    /// The method.
    #[oai(validator(max_length = 16))]
    pub method: String,
    /// The path of this API, such as `/api/v1/users`, without a query.
    #[oai(validator(max_length = 1024))]
    pub path: String,
    /// Where it would come from.
    #[oai(validator(max_length = 64))]
    pub ip_address: String,
}

impl Example for SimulateRequest {
    fn example() -> Self {
        Self {
            user: "ada@example.com".to_owned(),
            method: "POST".to_owned(),
            path: "/api/v1/auth/login".to_owned(),
            ip_address: "203.0.113.7".to_owned(),
        }
    }
}

/// How it would be judged.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct Simulation {
    /// `passed`, `denied` or `limited`.
    pub verdict: String,
    /// What would be found by the step that decides.
    pub cause: String,
    /// What would help, where something stands against it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
    /// All steps, in order, up to the first that is no good.
    pub steps: Vec<ExplainedStep>,
}

impl Example for Simulation {
    fn example() -> Self {
        let step = ExplainedStep::example();
        Self {
            verdict: step.verdict.clone(),
            cause: step.cause.clone(),
            mend: step.mend.clone(),
            steps: vec![step],
        }
    }
}
