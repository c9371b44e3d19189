//! Operations found by one look-up: those without parameters, and what proxies ask on the way of each request. Knows no
//! operation by name.
//!
//! ## Decision
//! poem asks a tree for the path, then a list for the method, and each of the three steps down to the handler boxes a
//! future of a kilobyte; that was a tenth of what an authenticated GET costs in user space. An operation without
//! parameters needs nothing that the tree finds out, so it is called directly. Everything else, and whatever is asked of
//! these paths with another method, goes through the tree as before.

use std::collections::HashMap;

use poem::endpoint::{BoxEndpoint, DynEndpoint};
use poem::http::Method;
use poem::{Endpoint, EndpointExt, PathPattern, Request, Response};
use poem_openapi::OpenApi;

/// The operations of an API that take no parameter from the path, the query or a header.
pub struct Shortcut(HashMap<String, Vec<Direct>>);

/// One of them. Its answer says which path it is of, as with poem's own routes.
pub struct Direct {
    /// Nothing means any.
    method: Option<Method>,
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
                    let (method, pattern) = (Some(operation.method), PathPattern(path.path.as_str().into()));
                    by_path.entry(path.path.clone()).or_default().push(Direct { method, pattern, endpoint });
                }
            }
        }
        Self(by_path)
    }

    /// With what answers every method of `path`.
    #[must_use]
    pub fn with(mut self, path: &str, endpoint: impl Endpoint<Output = Response> + 'static) -> Self {
        let direct = Direct { method: None, pattern: PathPattern(path.into()), endpoint: endpoint.boxed() };
        self.0.insert(path.to_owned(), vec![direct]);
        self
    }

    /// The operation that `request` asks for, if it is one of these.
    pub fn find(&self, request: &Request) -> Option<&Direct> {
        let methods = self.0.get(request.uri().path())?;
        methods.iter().find(|direct| direct.method.as_ref().is_none_or(|method| method == request.method()))
    }
}

impl Endpoint for Direct {
    type Output = Response;

    fn call(&self, request: Request) -> impl Future<Output = poem::Result<Response>> + Send {
        let answer = DynEndpoint::call(&*self.endpoint, request);
        async move {
            let mut answer = answer.await;
            match &mut answer {
                Ok(answer) => answer.set_data(self.pattern.clone()),
                Err(error) => error.set_data(self.pattern.clone()),
            }
            answer
        }
    }
}

#[cfg(test)]
mod tests {
    use poem::Request;
    use poem_openapi::param::{Path, Query};
    use poem_openapi::payload::PlainText;

    use super::*;

    struct Api;

    #[OpenApi]
    #[expect(clippy::unused_async, reason = "an operation is a future")]
    impl Api {
        #[oai(path = "/plain", method = "get")]
        async fn plain(&self) -> PlainText<&'static str> {
            PlainText("plain")
        }

        #[oai(path = "/plain", method = "post")]
        async fn asked(&self, _word: Query<Option<String>>) -> PlainText<&'static str> {
            PlainText("asked")
        }

        #[oai(path = "/of/:id", method = "get")]
        async fn one(&self, _id: Path<String>) -> PlainText<&'static str> {
            PlainText("one")
        }
    }

    #[tokio::test]
    async fn only_operations_without_parameters_are_called_directly_and_say_which_path_they_are() {
        let shortcut = Shortcut::to(Api);
        let request = |method: Method, path: &str| {
            Request::builder().method(method).uri(path.parse().unwrap()).finish()
        };
        for (method, path) in [
            (Method::POST, "/plain"),
            (Method::HEAD, "/plain"),
            (Method::GET, "/plain/"),
            (Method::GET, "/of/1"),
            (Method::GET, "/of/:id"),
        ] {
            assert!(shortcut.find(&request(method, path)).is_none(), "{path}");
        }
        let shortcut = shortcut.with("/any", poem::endpoint::make_sync(|_| Response::default()));
        let any = request(Method::DELETE, "/any");
        let answer = shortcut.find(&any).unwrap().call(any).await.unwrap();
        assert_eq!(&*answer.data::<PathPattern>().unwrap().0, "/any");
        let asked = request(Method::GET, "/plain?word=x");
        let mut answer = shortcut.find(&asked).unwrap().call(asked).await.unwrap();
        assert_eq!(&*answer.data::<PathPattern>().unwrap().0, "/plain");
        assert_eq!(answer.take_body().into_string().await.unwrap(), "plain");
    }
}
