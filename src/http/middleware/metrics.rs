//! Counting requests (`GET /metrics`). Knows no client: labels hold only what this program chose itself.

use std::array;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use poem::http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The counters of the HTTP floor. Cheap to clone; all clones count together.
#[derive(Debug, Clone)]
pub struct HttpMetrics {
    requests: Family<RequestLabels, Counter>,
    duration: Family<MethodLabel, Histogram>,
    durations: Arc<[OnceLock<Histogram>; METHODS.len()]>,
    in_flight: Gauge,
}

/// The counters of one route, each found once by its labels and kept.
#[derive(Debug)]
pub struct Counters([OnceLock<Counter>; METHODS.len() * CLASSES.len()]);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: Arc<str>,
    method: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MethodLabel {
    method: &'static str,
}

/// What an invented method is called: it must not become a label or a log field.
const OTHER: &str = "OTHER";

const METHODS: [&str; 8] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", OTHER];

/// The classes of statuses.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// A request that is being answered. It is counted as in flight until this is dropped, so a client that goes
/// away is no longer counted either.
#[derive(Debug)]
pub struct InFlight(Gauge);

impl HttpMetrics {
    /// New counters, shown by `registry`.
    pub fn new(registry: &mut Registry) -> Self {
        let duration = Family::new_with_constructor(durations as fn() -> Histogram);
        let durations = Arc::new(array::from_fn(|_| OnceLock::new()));
        let ours = Self { requests: Family::default(), duration, durations, in_flight: Gauge::default() };
        registry.register("http_requests", "Requests answered", ours.requests.clone());
        let help = "Seconds from the request's head to its answer";
        registry.register("http_request_duration_seconds", help, ours.duration.clone());
        registry.register("http_requests_in_flight", "Requests being answered", ours.in_flight.clone());
        ours
    }

    /// A request begins.
    pub fn begin(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// A request is answered. `route` is a pattern, never a path, and `counters` are its own, if it has some.
    pub fn answered(
        &self,
        (route, counters): (&Arc<str>, Option<&Counters>),
        method: &'static str,
        status: StatusCode,
        took: Duration,
    ) {
        let (row, column) = (place_of(method), class(status));
        let counter = || {
            let status = CLASSES.get(column).copied().unwrap_or_default();
            self.requests.get_or_create(&RequestLabels { route: route.clone(), method, status }).clone()
        };
        match counters.and_then(|counters| counters.0.get(row * CLASSES.len() + column)) {
            Some(kept) => kept.get_or_init(counter).inc(),
            None => counter().inc(),
        };
        if let Some(kept) = self.durations.get(row) {
            let duration = || self.duration.get_or_create(&MethodLabel { method }).clone();
            kept.get_or_init(duration).observe(took.as_secs_f64());
        }
    }
}

impl Default for Counters {
    fn default() -> Self {
        Self(array::from_fn(|_| OnceLock::new()))
    }
}

/// A read is far below a millisecond and a login is one hash; close enough together to tell a percentile by.
fn durations() -> Histogram {
    Histogram::new([
        0.000_1, 0.000_2, 0.000_4, 0.000_7, 0.001, 0.001_5, 0.002, 0.003, 0.004, 0.005, 0.007, 0.01, 0.015,
        0.02, 0.03, 0.05, 0.07, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0,
    ])
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The method's name, or `OTHER`.
pub fn method_name(method: &Method) -> &'static str {
    let known = METHODS.iter().find(|name| **name == method.as_str());
    known.copied().unwrap_or(OTHER)
}

fn place_of(method: &str) -> usize {
    METHODS.iter().position(|name| *name == method).unwrap_or(METHODS.len() - 1)
}

fn class(status: StatusCode) -> usize {
    usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1
}
