//! The HTTP floor: routes, principals, bodies and errors. Knows no store, no hashing and no sockets.

pub mod answer;
pub mod body;
pub mod docs;
pub mod edge;
pub mod error;
pub mod health;
pub mod metrics_page;
pub mod middleware;
pub mod pages;
pub mod principal;
pub mod routes;
pub mod tag;
pub mod visit;

use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::{Endpoint, EndpointExt, IntoEndpoint, Request, Response, Route};
use poem_openapi::{OpenApi, OpenApiService};
use prometheus_client::registry::Registry;

use routes::Routes;

/// The description of `api` as an OpenAPI service.
pub fn service<T: OpenApi>(api: T) -> OpenApiService<T, ()> {
    let description = "Every answer of `/api/v1` is an envelope: `{\"success\": true, \"data\": .., \
        \"timestamp\": ..}`, or `{\"success\": false, \"error\": {\"code\", \"message\", \"details\", \
        \"request_id\"}}`. Decide by `error.code`. Unknown and duplicate fields of a request are refused.";
    OpenApiService::new(api, "Latchkey", env!("CARGO_PKG_VERSION")).description(description)
}

/// Everything that is served, before the [edge](edge::edge): the API, its description, the metrics, and `pages`.
/// Also the table that names the routes.
pub fn everything<T: OpenApi + 'static>(
    api: T,
    metrics: Arc<Registry>,
    pages: Route,
) -> (impl Endpoint<Output = Response>, Routes) {
    let service = service(api);
    let spec = service.spec();
    let routes = Routes::of(&serde_json::from_str(&spec).unwrap_or_default());
    let site = metrics_page::add(docs::add(pages, spec), metrics);
    (Everything { api: service.into_endpoint().boxed(), site }, routes)
}

struct Everything {
    api: BoxEndpoint<'static>,
    site: Route,
}

impl Endpoint for Everything {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let path = request.uri().path();
        if path.starts_with("/api/") || path.starts_with("/health") {
            self.api.call(request).await
        } else {
            self.site.call(request).await
        }
    }
}

#[cfg(test)]
mod tests;
