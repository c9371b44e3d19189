//! The measure of all requests: an operation without parameters that answers `{"ok":true}`, behind our accept loop,
//! without middleware. Knows nothing of the product.

use std::path::PathBuf;
use std::sync::Arc;

use latchkey::ambient::SystemClock;
use latchkey::net::{self, Bound, Limits, Listener, TlsFiles, TlsSource};
use poem::http::StatusCode;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi, OpenApiService};

use crate::lab::process::ANNOUNCED;

/// The first argument that makes this program the empty handler.
pub const ROLE: &str = "--serve-the-empty-handler";
/// Where it answers.
pub const PATH: &str = "/api/v1/empty";

struct Empty;

#[derive(Object)]
struct Fine {
    ok: bool,
}

#[OpenApi]
impl Empty {
    #[oai(path = "/api/v1/empty", method = "get")]
    #[expect(clippy::unused_async, reason = "an operation is a future")]
    async fn empty(&self) -> Json<Fine> {
        Json(Fine { ok: true })
    }
}

/// Serves until it is killed. Arguments: a folder for the certificate, then perhaps `--tls`.
pub fn serve(arguments: &mut impl Iterator<Item = String>) {
    let folder = PathBuf::from(arguments.next().expect("a folder"));
    let is_secure = arguments.next().is_some();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let bound = Bound::to(([127, 0, 0, 1], 0).into()).expect("an address");
        let handler = net::handler(OpenApiService::new(Empty, "Empty", "1"));
        let listener = if is_secure {
            let files = TlsFiles::SelfSigned { folder, host: None };
            let source = TlsSource::load(files, Arc::new(SystemClock)).expect("a certificate");
            println!("{ANNOUNCED}https://{}", bound.address());
            Listener { bound, tls: Some((Arc::new(source), handler)), plain: None }
        } else {
            println!("{ANNOUNCED}http://{}", bound.address());
            Listener { bound, tls: None, plain: Some(handler) }
        };
        let server = net::Server {
            limits: Limits::default(),
            faults: Arc::new(|_| StatusCode::INTERNAL_SERVER_ERROR.into()),
            metrics: Arc::default(),
        };
        server.serve(vec![listener], std::future::pending()).await;
    });
}
