//! The profiles: dialects of other systems' clients over the same use cases. Knows the mounts and how each words its
//! failures; a profile's operations are in its own module.
//!
//! ## Decision: a profile is a mount, and its description knows nothing of where it is
//! The operations of a profile are described with the paths of its guide, below a server `/name`. They answer at that
//! prefix on every listener; a listener with a root profile puts the prefix before what it is asked, so a client that
//! cannot take a path in its base address needs no second set of operations.

mod body;
pub mod cirtusai;
mod flat;
pub mod scribes;

use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::http::uri::PathAndQuery;
use poem::http::{Method, StatusCode, Uri};
use poem::{EndpointExt, IntoEndpoint, Route};
use poem_openapi::{OpenApi, OpenApiService};
use serde_json::{Value, json};

use super::docs::{self, Assets};
use super::error::ApiError;
use super::health::HealthApi;
use super::routes::Routes;
use super::site;
use crate::domain::profile::Profile;
use crate::services::Services;
use crate::wire::error::ErrorCode;

pub use flat::Flat;

/// A profile that is switched on.
pub struct Enabled {
    /// Which.
    pub profile: Profile,
    /// The use cases under its policy.
    pub app: Arc<Services>,
}

/// A profile at its mount.
pub struct Mounted {
    profile: Profile,
    endpoint: BoxEndpoint<'static>,
    /// Its own paths that a served page has too.
    page_paths: Vec<(Method, &'static str)>,
}

/// Every profile that is switched on.
#[derive(Default)]
pub struct Mounts(Vec<Mounted>);

/// What the mounts find around them.
pub struct Surroundings<'a> {
    /// The looks of the description pages.
    pub assets: &'a Arc<Assets>,
    /// Told of every route.
    pub routes: &'a mut Routes,
    /// Whether the sample resources of the guides are there.
    pub has_samples: bool,
}

/// How a failure looks to the caller.
pub struct Worded {
    /// The HTTP status.
    pub status: StatusCode,
    /// The body.
    pub body: Value,
}

impl Mounts {
    /// Mounts `enabled`.
    pub fn new(enabled: Vec<Enabled>, health: &HealthApi, mut parts: Surroundings<'_>) -> Self {
        Self(enabled.into_iter().map(|enabled| Mounted::new(enabled, health, &mut parts)).collect())
    }

    /// The profile that `path` lies under.
    pub fn at(&self, path: &str) -> Option<&Mounted> {
        self.0.iter().find(|mounted| {
            path.strip_prefix(mounted.profile.mount())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// What `uri` means on a listener whose root is `root`. Other mounts, the pages that mails lead to and what
    /// watches the server are where they are on every listener.
    pub fn rooted(&self, root: Profile, method: &Method, uri: &Uri) -> Option<Uri> {
        let path = uri.path();
        let mounted = self.0.iter().find(|mounted| mounted.profile == root)?;
        let is_shared = site::PAGES.contains(&path) || path.starts_with("/dev/");
        let is_own = mounted.page_paths.iter().any(|(own, page)| own == method && *page == path);
        let is_elsewhere = self.at(path).is_some() || (is_shared && !is_own);
        let is_canonical = root == Profile::Governance && !path.starts_with("/api/");
        if is_elsewhere || is_canonical {
            return None;
        }
        let target = uri.path_and_query().map_or("/", PathAndQuery::as_str);
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = format!("{}{target}", root.mount()).parse().ok();
        Uri::from_parts(parts).ok()
    }
}

impl Mounted {
    fn new(enabled: Enabled, health: &HealthApi, parts: &mut Surroundings<'_>) -> Self {
        let Enabled { profile, app } = enabled;
        match profile {
            Profile::Governance => {
                let api = super::described(super::operations(&app, health.clone()));
                Self::with(profile, api, parts)
            }
            Profile::Scribes => {
                let operations = scribes::operations(&app, health.clone());
                Self::mount(profile, operations, scribes::SamplesApi, parts)
            }
            Profile::Cirtusai => Self::mount(profile, cirtusai::operations(&app), (), parts),
            Profile::Pynomaly | Profile::Trading => Self::mount(profile, (), (), parts),
        }
    }

    /// The operations, and where samples are there, those too.
    fn mount(
        profile: Profile,
        operations: impl OpenApi + 'static,
        samples: impl OpenApi + 'static,
        parts: &mut Surroundings<'_>,
    ) -> Self {
        if parts.has_samples {
            Self::with(profile, described(profile, (operations, samples)), parts)
        } else {
            Self::with(profile, described(profile, operations), parts)
        }
    }

    fn with<T: OpenApi + 'static>(
        profile: Profile,
        api: OpenApiService<T, ()>,
        parts: &mut Surroundings<'_>,
    ) -> Self {
        let spec = api.spec();
        let described: Value = serde_json::from_str(&spec).unwrap_or_default();
        parts.routes.extend(profile.mount(), &described);
        let has = |method: &Method, path: &str| {
            let method = method.as_str().to_ascii_lowercase();
            described.pointer(&format!("/paths/{}/{method}", path.replace('/', "~1"))).is_some()
        };
        let pages = site::PAGES.iter().flat_map(|path| [(Method::GET, *path), (Method::POST, *path)]);
        let page_paths = pages.filter(|(method, path)| has(method, path)).collect();
        let route = docs::add(Route::new(), profile.mount(), spec.into(), parts.assets);
        let endpoint = Route::new().nest(profile.mount(), route.nest("/", api)).into_endpoint().boxed();
        Self { profile, endpoint, page_paths }
    }

    /// What answers below its mount.
    pub fn endpoint(&self) -> &BoxEndpoint<'static> {
        &self.endpoint
    }

    /// How it words a failure; `None` where it words as the canonical API does.
    pub fn worded(&self, error: &ApiError) -> Option<Worded> {
        match self.profile {
            Profile::Governance => None,
            Profile::Pynomaly | Profile::Cirtusai | Profile::Trading | Profile::Scribes => {
                Some(detail(error))
            }
        }
    }
}

/// The description of a profile's operations.
fn described<T: OpenApi>(profile: Profile, api: T) -> OpenApiService<T, ()> {
    OpenApiService::new(api, format!("Latchkey, {profile} profile"), env!("CARGO_PKG_VERSION"))
        .server(profile.mount())
}

/// `{"detail": text}`, and for a field that is not acceptable 422 with a list of faults: what the clients of four guides
/// know.
fn detail(error: &ApiError) -> Worded {
    match error.code() {
        ErrorCode::ValidationError => {
            Worded { status: StatusCode::UNPROCESSABLE_ENTITY, body: json!({ "detail": faults(error) }) }
        }
        ErrorCode::AlreadyExists | ErrorCode::Conflict => {
            Worded { status: StatusCode::BAD_REQUEST, body: json!({ "detail": error.message() }) }
        }
        ErrorCode::TokenExpired => {
            Worded { status: error.status(), body: json!({ "detail": "Token has expired" }) }
        }
        _ => Worded { status: error.status(), body: json!({ "detail": error.message() }) },
    }
}

/// Each fault with where it is, what it is and one word for programs.
fn faults(error: &ApiError) -> Vec<Value> {
    let text =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let one = |fault: &Value, message: &str| json!({ "loc": ["body", text(fault, "field")], "msg": message, "type": text(fault, "reason") });
    let details = error.detail();
    match (details.and_then(|all| all.get("fields")).and_then(Value::as_array), details) {
        (Some(all), _) => all.iter().map(|fault| one(fault, &text(fault, "message"))).collect(),
        (None, Some(details)) if details.get("field").is_some() => vec![one(details, error.message())],
        _ => vec![json!({ "loc": ["body"], "msg": error.message(), "type": "invalid" })],
    }
}
