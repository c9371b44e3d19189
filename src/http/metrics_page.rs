//! `GET /metrics` in the `OpenMetrics` text format. Knows nothing of what is counted.

use std::sync::Arc;

use ipnet::IpNet;
use poem::endpoint::make_sync;
use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Request, Response, Route, get};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use super::error::ApiError;
use super::middleware::client_address::is_trusted;
use super::visit::Visit;
use crate::domain::permission::Permission;

/// Where it is.
pub const METRICS: &str = "/metrics";

const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// Adds the page, for clients in the networks of `allow` and for operators; to anybody else there is nothing there.
pub fn add(route: Route, registry: Arc<Registry>, allow: Vec<IpNet>) -> Route {
    let answer = move |request: Request| match Visit::of(&request) {
        Ok(visit) if is_trusted(visit.client, &allow) || is_operator(visit) => page(&registry),
        _ => ApiError::from_status(StatusCode::NOT_FOUND).into_response(),
    };
    route.at(METRICS, get(make_sync(answer)))
}

/// Whoever looks over the admin socket, and may see how the server is.
fn is_operator(visit: &Visit) -> bool {
    visit.operator().is_some_and(|operator| operator.rights().contains(Permission::AuditRead))
}

fn page(registry: &Registry) -> Response {
    let mut text = String::new();
    if let Err(error) = encode(&mut text, registry) {
        return ApiError::internal(error).into_response();
    }
    let mut response = Response::from(text);
    response.headers_mut().insert(header::CONTENT_TYPE, OPEN_METRICS);
    response
}
