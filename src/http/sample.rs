//! A sample resource, to try permissions and API keys on. It is there with `serve --samples` and with `--dev` only,
//! keeps nothing, and is no part of the reviewed description of the API.

use std::sync::Arc;

use poem_openapi::OpenApi;

use super::answer::Answer;
use super::asked::Asked;
use super::body::Json;
use super::error::{Fault, Statuses};
use super::principal::Caller;
use super::tag::Tag;
use crate::domain::permission::Permission;
use crate::services::{Services, role};
use crate::wire::sample::Measurement;

/// The path of the sample.
pub const INGEST: &str = "/api/v1/metrics/ingest";

/// The sample resource.
pub struct SampleApi(pub Arc<Services>);

/// What it can answer beside success.
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
}
