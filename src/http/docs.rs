//! The API description and the page that shows it. Knows no operation.
//!
//! ## Decision
//! poem-openapi's own page carries script, style and document inline, so a strict policy could only allow it by
//! hashes of 1.6 MB. The same assets are served here as files of their own, which `script-src 'self'` allows.
//! The page loads nothing from elsewhere, and the validator badge, which would, is off.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use poem::endpoint::make_sync;
use poem::http::{HeaderValue, header};
use poem::{Response, Route, get};
use poem_openapi::OpenApiService;

use super::middleware::security_headers::DOCS_POLICY;

const PAGE: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Latchkey API</title>
<link rel="stylesheet" href="{mount}/docs/swagger-ui.css">
</head>
<body>
<div id="ui"></div>
<noscript>The same description as JSON: <a href="{mount}/openapi.json">{mount}/openapi.json</a></noscript>
<script src="{mount}/docs/swagger-ui.js"></script>
<script src="{mount}/docs/start.js"></script>
</body>
</html>
"#;

const START: &str = "SwaggerUIBundle({ dom_id: '#ui', url: '{mount}/openapi.json', deepLinking: true, validatorUrl: null });\n";

/// The style sheet and the script of Swagger UI. Cut out of poem-openapi's page at first use: most servers
/// never show it, and then it costs no memory.
#[derive(Default)]
pub struct Assets(OnceLock<(Bytes, Bytes)>);

impl Assets {
    fn style(&self) -> Bytes {
        self.both().0.clone()
    }

    fn script(&self) -> Bytes {
        self.both().1.clone()
    }

    fn both(&self) -> &(Bytes, Bytes) {
        self.0.get_or_init(|| {
            let page = OpenApiService::new((), "", "").swagger_ui_html();
            let style = between(&page, "<style charset=\"UTF-8\">", "</style>");
            let script = between(&page, "<script charset=\"UTF-8\">", "</script>");
            (Bytes::copy_from_slice(style.as_bytes()), Bytes::copy_from_slice(script.as_bytes()))
        })
    }
}

/// Adds the page at `/docs` and the document `spec` (JSON) at `/openapi.json`, to a `route` that is mounted at `mount`.
pub fn add(route: Route, mount: &str, spec: Bytes, assets: &Arc<Assets>) -> Route {
    let (styles, scripts) = (assets.clone(), assets.clone());
    let at_mount = |text: &str| Bytes::from(text.replace("{mount}", mount));
    let (page_text, start) = (at_mount(PAGE), at_mount(START));
    route
        .at("/openapi.json", get(make_sync(move |_| file("application/json", spec.clone()))))
        .at("/docs", get(make_sync(move |_| page(page_text.clone()))))
        .at("/docs/start.js", get(make_sync(move |_| file("text/javascript; charset=utf-8", start.clone()))))
        .at("/docs/swagger-ui.css", get(make_sync(move |_| asset("text/css; charset=utf-8", styles.style()))))
        .at(
            "/docs/swagger-ui.js",
            get(make_sync(move |_| asset("text/javascript; charset=utf-8", scripts.script()))),
        )
}

fn page(text: Bytes) -> Response {
    let mut response = file("text/html; charset=utf-8", text);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, DOCS_POLICY);
    response
}

fn file(kind: &'static str, bytes: Bytes) -> Response {
    let mut response = Response::from(bytes);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn asset(kind: &'static str, bytes: Bytes) -> Response {
    let mut response = file(kind, bytes);
    let an_hour = HeaderValue::from_static("public, max-age=3600");
    response.headers_mut().insert(header::CACHE_CONTROL, an_hour);
    response
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let rest = text.split_once(start).map_or("", |(_, rest)| rest);
    rest.split_once(end).map_or("", |(part, _)| part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_assets_are_whole() {
        let assets = Assets::default();
        assert!(assets.script().len() > 1_000_000, "the script is in the crate and can be cut out");
        assert!(assets.style().len() > 100_000, "so is the style sheet");
        let script = String::from_utf8(assets.script().to_vec()).unwrap();
        assert!(script.contains("SwaggerUIBundle"));
        assert!(!script.trim_end().ends_with('<'));
    }

    #[test]
    fn the_page_refers_to_nothing_elsewhere() {
        assert!(!PAGE.contains("//"), "no address with a host");
        assert!(!START.contains("//"));
    }
}
