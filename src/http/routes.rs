//! What is known of the routes beside their handlers: the name each has in logs and metrics, and the methods it
//! knows. Knows nothing of what they do.

use std::collections::HashMap;
use std::sync::Arc;

use poem::PathPattern;
use poem::http::HeaderValue;
use serde_json::Value;

use super::middleware::metrics::Counters;

/// The table of routes, by the pattern that poem matched.
#[derive(Debug)]
pub struct Routes {
    by_pattern: HashMap<Box<str>, Route>,
    unmatched: Arc<str>,
}

/// One route.
#[derive(Debug)]
pub struct Route {
    /// Its pattern as the API description writes it.
    pub name: Arc<str>,
    /// The value of `Allow`.
    pub allow: HeaderValue,
    /// Counts its answers.
    pub counters: Counters,
}

impl Routes {
    /// The routes of an OpenAPI document.
    pub fn of(spec: &Value) -> Self {
        let mut routes = Self { by_pattern: HashMap::new(), unmatched: "unmatched".into() };
        routes.extend("", spec);
        routes
    }

    /// Adds the routes of an OpenAPI document whose operations are mounted at `mount`.
    pub fn extend(&mut self, mount: &str, spec: &Value) {
        for (path, operations) in spec.get("paths").and_then(Value::as_object).into_iter().flatten() {
            let methods = operations.as_object().into_iter().flat_map(|methods| methods.keys());
            let methods: Vec<_> = methods.map(|method| method.to_ascii_uppercase()).collect();
            let methods: Vec<_> = methods.iter().map(String::as_str).collect();
            self.add(&format!("{mount}{path}"), &methods);
        }
    }

    /// Adds `path`, written as in OpenAPI, which knows `methods`.
    pub fn add(&mut self, path: &str, methods: &[&str]) {
        let mut allowed = methods.join(", ");
        if methods.contains(&"GET") {
            allowed.push_str(", HEAD");
        }
        let allow = HeaderValue::try_from(allowed).unwrap_or(HeaderValue::from_static("GET"));
        self.by_pattern
            .insert(numbered(path).into(), Route { name: path.into(), allow, counters: Counters::default() });
    }

    /// The route that was matched, if it is in the table.
    pub fn find(&self, matched: Option<&PathPattern>) -> Option<&Route> {
        self.by_pattern.get(&*matched?.0)
    }

    /// The name for logs and metrics, and the route's own counters. A pattern outside the table is this program's own
    /// text, too.
    pub fn name(&self, matched: Option<&PathPattern>) -> (Arc<str>, Option<&Counters>) {
        match (self.find(matched), matched) {
            (Some(route), _) => (route.name.clone(), Some(&route.counters)),
            (None, Some(pattern)) => (pattern.0.clone(), None),
            (None, None) => (self.unmatched.clone(), None),
        }
    }
}

/// `/users/{id}` as poem-openapi registers it with poem: `/users/:param0`.
fn numbered(path: &str) -> String {
    let (mut pattern, mut count) = (String::with_capacity(path.len()), 0_u32);
    for (place, segment) in path.split('/').enumerate() {
        if place > 0 {
            pattern.push('/');
        }
        if segment.starts_with('{') {
            pattern.push_str(":param");
            pattern.push_str(&count.to_string());
            count = count.saturating_add(1);
        } else {
            pattern.push_str(segment);
        }
    }
    pattern
}
