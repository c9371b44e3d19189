//! Health for load balancers and people (rule S27). Knows nothing of how the server finds out.

use std::sync::Arc;

use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};

use super::tag::Tag;
use crate::ambient::Clock;
use crate::wire::health::{Health, Probe};

/// The paths of the health operations.
pub const PATHS: [&str; 3] = ["/health", "/health/live", "/health/ready"];

/// How the server is, at the moment of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vitals {
    /// The store answers a read.
    pub store_reads: bool,
    /// Nothing that is stored is known to be damaged.
    pub store_is_whole: bool,
    /// The server wants requests: it has started and is not stopping.
    pub ready: bool,
}

/// The health operations. They are answered in every transport mode and to everybody.
#[derive(Clone)]
pub struct HealthApi {
    clock: Arc<dyn Clock>,
    vitals: Arc<dyn Fn() -> Vitals + Send + Sync>,
}

impl HealthApi {
    /// Health as `vitals` tells it. It is asked for every probe, so it must be cheap.
    pub fn new(clock: Arc<dyn Clock>, vitals: Arc<dyn Fn() -> Vitals + Send + Sync>) -> Self {
        Self { clock, vitals }
    }
}

/// Healthy or not.
#[derive(ApiResponse)]
pub enum HealthAnswer {
    /// The server works.
    #[oai(status = 200)]
    Healthy(Json<Health>),
    /// The store does not answer, or the server is starting or stopping.
    #[oai(status = 503)]
    Unhealthy(Json<Health>),
}

/// Yes or no.
#[derive(ApiResponse)]
pub enum ProbeAnswer {
    /// Yes.
    #[oai(status = 200)]
    Yes(Json<Probe>),
    /// Not now.
    #[oai(status = 503)]
    No(Json<Probe>),
}

#[expect(clippy::unused_async, reason = "poem-openapi wants async operations")]
#[OpenApi(tag = "Tag::Health")]
impl HealthApi {
    /// How the server is
    ///
    /// 200 when it works. 503 when the store does not answer, or the server is starting or stopping. Damage to some rows
    /// is told as `damaged` and takes nobody's access away: all others are right.
    #[oai(path = "/health", method = "get", operation_id = "health")]
    async fn health(&self) -> HealthAnswer {
        let vitals = (self.vitals)();
        let works = vitals.store_reads && vitals.ready;
        let body = Json(Health {
            status: if works { "healthy" } else { "unhealthy" }.to_owned(),
            database: database(vitals).to_owned(),
            redis: "embedded".to_owned(),
            timestamp: self.clock.now().to_string(),
        });
        if works { HealthAnswer::Healthy(body) } else { HealthAnswer::Unhealthy(body) }
    }

    /// Whether the process lives
    ///
    /// 200 as long as the process answers at all. Restart it when this fails.
    #[oai(path = "/health/live", method = "get", operation_id = "health_live")]
    async fn live(&self) -> ProbeAnswer {
        ProbeAnswer::Yes(Json(Probe { status: "live".to_owned() }))
    }

    /// Whether the server wants requests
    ///
    /// 200 when it has started; 503 as soon as it is told to stop, before it closes connections.
    #[oai(path = "/health/ready", method = "get", operation_id = "health_ready")]
    async fn ready(&self) -> ProbeAnswer {
        let vitals = (self.vitals)();
        if vitals.ready && vitals.store_reads {
            ProbeAnswer::Yes(Json(Probe { status: "ready".to_owned() }))
        } else {
            ProbeAnswer::No(Json(Probe { status: "not_ready".to_owned() }))
        }
    }
}

fn database(vitals: Vitals) -> &'static str {
    match (vitals.store_reads, vitals.store_is_whole) {
        (false, _) => "unavailable",
        (true, false) => "damaged",
        (true, true) => "connected",
    }
}
