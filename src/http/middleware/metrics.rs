//! Counting requests (`GET /metrics`). Knows no client: labels hold only what this program chose itself.

use std::sync::Arc;
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
    in_flight: Gauge,
}

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

/// A request that is being answered. It is counted as in flight until this is dropped, so a client that goes
/// away is no longer counted either.
#[derive(Debug)]
pub struct InFlight(Gauge);

impl HttpMetrics {
    /// New counters, shown by `registry`.
    pub fn new(registry: &mut Registry) -> Self {
        let duration = Family::new_with_constructor(durations as fn() -> Histogram);
        let ours = Self { requests: Family::default(), duration, in_flight: Gauge::default() };
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

    /// A request is answered. `route` is a pattern, never a path.
    pub fn answered(&self, route: Arc<str>, method: &'static str, status: StatusCode, took: Duration) {
        let labels = RequestLabels { route, method, status: class(status) };
        self.requests.get_or_create(&labels).inc();
        self.duration.get_or_create(&MethodLabel { method }).observe(took.as_secs_f64());
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

/// The method's name, or `OTHER`: an invented method must not become a label or a log field.
pub fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}
