//! Operations found by one look-up: those without parameters. Knows no operation by name.
//!
//! ## Decision
//! poem asks a tree for the path, then a list for the method, and each of the three steps down to the handler boxes a
//! future of a kilobyte; that was a tenth of what an authenticated GET costs in user space. An operation without
//! parameters needs nothing that the tree finds out, so it is called directly. Everything else, and whatever is asked of
//! these paths with another method, goes through the tree as before.

use std::collections::HashMap;

use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem::{Endpoint, PathPattern, Request, Response};
use poem_openapi::OpenApi;

/// The operations of an API that take no parameter from the path, the query or a header.
pub struct Shortcut(HashMap<String, Vec<Direct>>);

/// One of them. It says which path it answered, as poem's own routes do.
pub struct Direct {
    method: Method,
    pattern: PathPattern,
    endpoint: BoxEndpoint<'static>,
}

impl Shortcut {
    /// Those of `api`.
    pub fn to<T: OpenApi>(api: T) -> Self {
        let mut table = HashMap::new();
        api.add_routes(&mut table);
        let mut by_path: HashMap<String, Vec<Direct>> = HashMap::new();
        for path in T::meta().into_iter().flat_map(|api| api.paths) {
            for operation in path.operations.into_iter().filter(|operation| operation.params.is_empty()) {
                let found = table.get_mut(&path.path).and_then(|methods| methods.remove(&operation.method));
                if let Some(endpoint) = found {
                    let (method, pattern) = (operation.method, PathPattern(path.path.as_str().into()));
                    by_path.entry(path.path.clone()).or_default().push(Direct { method, pattern, endpoint });
                }
            }
        }
        Self(by_path)
    }

    /// The operation that `request` asks for, if it is one of these.
    pub fn find(&self, request: &Request) -> Option<&Direct> {
        let methods = self.0.get(request.uri().path())?;
        methods.iter().find(|direct| direct.method == request.method())
    }
}

impl Endpoint for Direct {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        request.set_data(self.pattern.clone());
        let mut answer = self.endpoint.call(request).await;
        match &mut answer {
            Ok(answer) => answer.set_data(self.pattern.clone()),
            Err(error) => error.set_data(self.pattern.clone()),
        }
        answer
    }
}
