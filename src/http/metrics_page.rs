//! `GET /metrics` in the `OpenMetrics` text format. Knows nothing of what is counted.

use std::sync::Arc;

use poem::endpoint::make_sync;
use poem::http::{HeaderValue, header};
use poem::{IntoResponse, Response, Route, get};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use super::error::ApiError;

const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// Adds the page.
pub fn add(route: Route, registry: Arc<Registry>) -> Route {
    route.at("/metrics", get(make_sync(move |_| page(&registry))))
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
