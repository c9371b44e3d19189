//! The profiles: dialects of other systems' clients over the same use cases. Knows the mounts and how each words its
//! failures; a profile's operations are in its own module.
//!
//! ## Decision: a profile is a mount, and its description knows nothing of where it is
//! The operations of a profile are described with the paths of its guide, below a server `/name`. They answer at that
//! prefix on every listener; a listener with a root profile puts the prefix before what it is asked, so a client that
//! cannot take a path in its base address needs no second set of operations.

pub mod body;
pub mod cirtusai;
mod flat;
pub mod pynomaly;
pub mod scribes;
pub mod trading;
pub mod wording;

use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::http::uri::PathAndQuery;
use poem::http::{Method, StatusCode, Uri, header};
use poem::{EndpointExt, IntoEndpoint, Request, Route};
use poem_openapi::{OpenApi, OpenApiService};
use serde_json::{Value, json};

use super::cookie::CookieDoor;
use super::description::{self, Unknown};
use super::dialect::Dialect;
use super::docs::{self, Assets};
use super::error::ApiError;
use super::forward_auth;
use super::health::{self, HealthApi};
use super::metrics_page;
use super::routes::Routes;
use super::site;
use crate::domain::profile::Profile;
use crate::services::token::{self, Granted};
use crate::services::{Context, Services};
use crate::wire::error::ErrorCode;
use crate::wire::profile::{Message, Refresh, Tokens};
use crate::wire::secret::Secret;

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
    /// Its own operations at paths that are [`shared`].
    at_shared: Vec<(Method, &'static str)>,
    /// Where it takes cookies of its own.
    cookies: Option<Arc<CookieDoor>>,
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
    /// Where the sample resources of the guides are, if they are there: told of those of each profile.
    pub samples: Option<&'a mut Vec<String>>,
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

    /// What `request` asks for on a listener whose root is `root`. Other mounts and what is `shared` are where they are
    /// on every listener, unless the profile has an operation of its own there; and then the form on a page of ours,
    /// which asks for a page, still finds its page.
    pub fn rooted(&self, root: Profile, request: &Request) -> Option<Uri> {
        let (method, uri) = (request.method(), request.uri());
        let path = uri.path();
        let mounted = self.0.iter().find(|mounted| mounted.profile == root)?;
        let is_page = path.starts_with("/dev/") || super::pages::has(path);
        let is_shared = is_page || shared().any(|shared| shared == path);
        let asks_for_page = request.header(header::ACCEPT).is_some_and(|kinds| kinds.contains("text/html"));
        let is_own =
            mounted.at_shared.iter().any(|(own, shared)| own == method && *shared == path) && !asks_for_page;
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
                let api = super::described(super::operations(&app, health.clone())).server(profile.mount());
                Self::with(profile, api, parts)
            }
            Profile::Scribes => {
                let operations = scribes::operations(&app, health.clone());
                Self::mount(profile, operations, scribes::SamplesApi, parts)
            }
            Profile::Pynomaly => {
                let operations = pynomaly::operations(&app, health.clone());
                Self::mount(profile, operations, pynomaly::SamplesApi(app), parts)
            }
            Profile::Cirtusai => Self::mount(profile, cirtusai::operations(&app), (), parts),
            Profile::Trading => {
                let (operations, door) =
                    (trading::operations(&app, health.clone()), super::cookie_door(&app));
                let mounted = Self::mount(profile, operations, trading::SamplesApi(app), parts);
                Self { cookies: Some(Arc::new(door)), ..mounted }
            }
        }
    }

    /// The operations, and where samples are there, those too.
    fn mount(
        profile: Profile,
        operations: impl OpenApi + 'static,
        samples: impl OpenApi + 'static,
        parts: &mut Surroundings<'_>,
    ) -> Self {
        if let Some(places) = &mut parts.samples {
            places.extend(paths(&samples).map(|path| format!("{}{path}", profile.mount())));
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
        let mut described = super::described_as_json(&api);
        if profile == Profile::Governance {
            description::complete(&mut described, Unknown::Refused);
        } else {
            description::complete(&mut described, Unknown::Ignored);
            with_detail(&mut described);
            if profile == Profile::Trading {
                trading::reword(&mut described);
            }
        }
        parts.routes.extend(profile.mount(), &described);
        let has = |method: &Method, path: &str| {
            let method = method.as_str().to_ascii_lowercase();
            described.pointer(&format!("/paths/{}/{method}", path.replace('/', "~1"))).is_some()
        };
        let at_shared = shared().flat_map(|path| [(Method::GET, path), (Method::POST, path)]);
        let at_shared = at_shared.filter(|(method, path)| has(method, path)).collect();
        let route = docs::add(Route::new(), profile.mount(), described.to_string().into(), parts.assets);
        let endpoint = Route::new().nest(profile.mount(), route.nest("/", api)).into_endpoint().boxed();
        Self { profile, endpoint, at_shared, cookies: None }
    }

    /// What answers below its mount.
    pub fn endpoint(&self) -> &BoxEndpoint<'static> {
        &self.endpoint
    }

    /// How it words a failure at `path`.
    pub fn dialect(&self, path: &str) -> Dialect {
        match self.profile {
            Profile::Governance => Dialect::of(path.strip_prefix(self.profile.mount()).unwrap_or(path)),
            Profile::Pynomaly | Profile::Cirtusai | Profile::Scribes => Dialect::Detail,
            Profile::Trading => Dialect::Trading,
        }
    }

    /// Where it takes cookies of its own, if it does.
    pub fn cookies(&self) -> Option<&Arc<CookieDoor>> {
        self.cookies.as_ref()
    }
}

/// What people, probes and proxies find at the same place on every listener: the pages that mails lead to with what they
/// load, health, metrics, and the question about a request to an application.
fn shared() -> impl Iterator<Item = &'static str> {
    let files = [site::STYLE, site::LOGO, site::ICON, metrics_page::METRICS, forward_auth::PATH];
    site::all().chain(files).chain(health::PATHS)
}

/// Where the operations of an API are.
fn paths<T: OpenApi>(_api: &T) -> impl Iterator<Item = String> + use<T> {
    T::meta().into_iter().flat_map(|api| api.paths).map(|path| path.path)
}

/// The description of a profile's operations.
fn described<T: OpenApi>(profile: Profile, api: T) -> OpenApiService<T, ()> {
    OpenApiService::new(api, format!("Latchkey, {profile} profile"), env!("CARGO_PKG_VERSION"))
        .server(profile.mount())
}

/// Describes failures as [`wording`] has them: the operations of every door name the same schema.
fn with_detail(described: &mut Value) {
    let Some(schemas) = described.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else {
        return;
    };
    schemas.remove("ErrorBody");
    schemas.remove("ErrorCode");
    let fault = json!({
        "type": "object",
        "description": "A field that is not acceptable",
        "required": ["loc", "msg", "type"],
        "properties": {
            "loc": { "type": "array", "items": { "type": "string" }, "description": "`body`, and the field" },
            "msg": { "type": "string", "description": "A sentence for people" },
            "type": { "type": "string", "description": "One word for programs" }
        }
    });
    let failure = json!({
        "type": "object",
        "description": "A failure",
        "required": ["detail"],
        "properties": {
            "detail": {
                "description": "A sentence, or with 422 the faults of the fields",
                "oneOf": [{ "type": "string" }, { "type": "array", "items": fault }]
            }
        }
    });
    schemas.insert("Failure".to_owned(), failure);
}

/// What was done, in one sentence.
fn message(text: &str) -> Flat<Message> {
    Flat::new(Message { message: text.to_owned() })
}

/// Tokens as every profile answers them.
fn tokens(granted: Granted) -> Tokens {
    Tokens {
        access_token: Secret::new(granted.access_token),
        refresh_token: Secret::new(granted.refresh_token),
        token_type: "bearer".to_owned(),
        expires_in: granted.expires_in,
    }
}

/// The refresh of every profile.
async fn refreshed(app: &Services, ctx: &Context, body: &Refresh) -> Result<Flat<Tokens>, ApiError> {
    Ok(Flat::new(tokens(token::refresh(app, ctx, body.refresh_token.reveal()).await?)))
}

/// A failure that its profile shows with this status and `text` as `detail`.
fn refused(status: StatusCode, text: &'static str) -> ApiError {
    let code =
        if status == StatusCode::FORBIDDEN { ErrorCode::Forbidden } else { ErrorCode::ValidationError };
    ApiError::new(code, text).shown_as(status, json!({ "detail": text }))
}
