//! The resources that the guide's scopes open, as guarded echoes to try keys on. They keep nothing.

use std::sync::Arc;

use poem_openapi::OpenApi;
use serde_json::{Value, json};

use super::Listed;
use crate::domain::permission::Permission;
use crate::http::asked::Asked;
use crate::http::error::Fault;
use crate::http::principal::Caller;
use crate::http::profile::Flat;
use crate::http::profile::body::Loose;
use crate::http::tag::Tag;
use crate::services::{Services, role};
use crate::wire::profile::pynomaly as wire;

/// The sample resources of the guide.
pub struct SamplesApi(pub Arc<Services>);

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Dev")]
impl SamplesApi {
    /// How the system is
    ///
    /// Needs `health:read`.
    #[oai(path = "/health", method = "get", operation_id = "sample_health")]
    async fn health(&self, asked: Asked, caller: Caller) -> Result<Flat<wire::SampleHealth>, Fault<Listed>> {
        role::require(&self.0, &asked.0, &caller.0, Permission::IntegrationsRead).await?;
        Ok(Flat::new(wire::SampleHealth { status: "healthy".to_owned() }))
    }

    /// Read detections
    ///
    /// Needs `detection:read`.
    #[oai(path = "/detection", method = "get", operation_id = "sample_detections")]
    async fn detections(&self, asked: Asked, caller: Caller) -> Result<Flat<Value>, Fault<Listed>> {
        role::require(&self.0, &asked.0, &caller.0, Permission::MetricsRead).await?;
        Ok(Flat::new(json!({ "detections": [] })))
    }

    /// Ask for a detection
    ///
    /// Needs `detection:write`. The answer is what was sent.
    #[oai(path = "/detection", method = "post", operation_id = "sample_detect")]
    async fn detect(
        &self,
        caller: Caller,
        body: Loose<Value>,
        asked: Asked,
    ) -> Result<Flat<Value, 201>, Fault<Listed>> {
        role::require(&self.0, &asked.0, &caller.0, Permission::MetricsCreate).await?;
        Ok(Flat::new(body.0))
    }
}
