//! Sample resources, to try permissions and API keys on. They are there with `serve --samples` and with `--dev` only,
//! keep nothing, and are no part of the reviewed description of the API.

use std::sync::Arc;

use poem_openapi::OpenApi;
use serde_json::{Value, json};

use super::answer::Answer;
use super::asked::Asked;
use super::body::Json;
use super::error::{Fault, Statuses};
use super::principal::Caller;
use super::tag::Tag;
use crate::domain::permission::Permission;
use crate::services::{Services, role};
use crate::wire::sample::Measurement;

/// The path of the metrics.
pub const INGEST: &str = "/api/v1/metrics/ingest";

/// The path of the policies.
pub const POLICIES: &str = "/api/v1/policies";

/// Where they are.
pub const PATHS: [&str; 2] = [INGEST, POLICIES];

/// The sample resources.
pub struct SampleApi(pub Arc<Services>);

/// What they can answer beside success.
pub struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 401, 403, 405, 408, 413, 415, 429, 500, 503];
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Dev")]
impl SampleApi {
    /// Tell of one use of a model
    ///
    /// A guarded echo. Needs `metrics:create`.
    #[oai(path = "/metrics/ingest", method = "post", operation_id = "ingest_metrics")]
    async fn ingest(
        &self,
        caller: Caller,
        body: Json<Measurement>,
        asked: Asked,
    ) -> Result<Answer<Measurement, 201>, Fault<Listed>> {
        role::require(&self.0, &asked.0, &caller.0, Permission::MetricsCreate).await?;
        Ok(Answer::new(body.0, asked.0.now))
    }

    /// List policies
    ///
    /// There are none. Needs `policies:read`.
    #[oai(path = "/policies", method = "get", operation_id = "list_policies")]
    async fn policies(&self, asked: Asked, caller: Caller) -> Result<Answer<Value>, Fault<Listed>> {
        role::require(&self.0, &asked.0, &caller.0, Permission::PoliciesRead).await?;
        Ok(Answer::new(json!({ "policies": [] }), asked.0.now))
    }

    /// Make a policy
    ///
    /// A guarded echo of any object. Needs `policies:create`.
    #[oai(path = "/policies", method = "post", operation_id = "create_policy")]
    async fn create_policy(
        &self,
        caller: Caller,
        body: Json<Value>,
        asked: Asked,
    ) -> Result<Answer<Value, 201>, Fault<Listed>> {
        role::require(&self.0, &asked.0, &caller.0, Permission::PoliciesCreate).await?;
        Ok(Answer::new(body.0, asked.0.now))
    }
}
