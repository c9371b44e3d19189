//! The HTTP floor: routes, principals, bodies and errors. Knows no store, no hashing and no sockets.

pub mod admin_socket;
pub mod again;
pub mod answer;
pub mod api_key;
pub mod asked;
pub mod audit;
pub mod authz;
pub mod body;
pub mod cookie;
pub mod cookie_session;
pub mod csrf;
pub mod description;
pub mod dev;
pub mod diagnosis;
pub mod dialect;
pub mod docs;
pub mod edge;
pub mod error;
pub mod event_stream;
pub mod events;
pub mod explain;
pub mod factor;
pub mod faults;
pub mod federation;
pub mod forward_auth;
pub mod health;
pub mod introspection;
pub mod invitation_page;
pub mod limit;
pub mod login;
pub mod metrics_page;
pub mod middleware;
pub mod navigation;
pub mod oauth;
pub mod oversight;
pub mod own_account;
pub mod pages;
pub mod password_change;
pub mod password_check;
pub mod password_reset;
pub mod person;
pub mod personal_data;
pub mod principal;
pub mod profile;
pub mod qr;
pub mod query;
pub mod registration;
pub mod reset_page;
pub mod resource;
pub mod revocation;
pub mod role;
pub mod routes;
pub mod sample;
pub mod service;
pub mod session;
pub mod shortcut;
pub mod signing_key;
pub mod site;
pub mod sms_factor;
pub mod stats;
pub mod step_up;
pub mod tag;
pub mod traced;
pub mod user;
pub mod user_care;
pub mod visit;

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use poem::endpoint::{BoxEndpoint, DynEndpoint};
use poem::{Endpoint, EndpointExt, IntoEndpoint, Request, Response, Route};
use poem_openapi::{OpenApi, OpenApiService};
use prometheus_client::registry::Registry;
use serde_json::Value;

use cookie::CookieDoor;
use csrf::OwnOrigins;
use description::Unknown;
use dev::DevTools;
use docs::Assets;
use edge::Gate;
use health::HealthApi;
use limit::Notices;
use middleware::cors::Cors;
use middleware::metrics::HttpMetrics;
use middleware::transport::Transport;
use pages::render::Pages;
use principal::{Record, Remark, Shown};
use profile::{Enabled, Mounts, Surroundings};
use routes::Routes;
use shortcut::Shortcut;
use site::Site;

use crate::ambient::Gathered;
use crate::domain::operator::Operators;
use crate::domain::profile::Profile;
use crate::services::api_key::usage;
use crate::services::caller::record_no_operator;
use crate::services::cookie::{self as sessions, CookieFault};
use crate::services::explain::why;
use crate::services::{Context, Services, StoreError};

/// The API description as reviewed and committed; a test holds it equal to the code.
pub const OPENAPI: &str = include_str!("../../assets/openapi.json");

/// What begins the paths of the API; the others are pages.
const API: [&str; 4] = ["/api/", "/health", dialect::OAUTH, oauth::WELL_KNOWN];

/// What the floor is made of.
pub struct Parts {
    /// The use cases.
    pub app: Arc<Services>,
    /// The health operations.
    pub health: HealthApi,
    /// What `/metrics` shows; the floor adds its own.
    pub registry: Registry,
    /// The looks of the served pages.
    pub pages: Pages,
    /// The profiles that are switched on.
    pub profiles: Vec<Enabled>,
    /// Whether the sample resources of the guides are there.
    pub samples: bool,
    /// The tools of `--dev`.
    pub dev: Option<DevTools>,
    /// The proxies whose word on the client's address is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether a client may ask how its credential was judged.
    pub debug_headers: bool,
    /// The other origins whose pages may call.
    pub cors: Cors,
    /// Who may see `/metrics`.
    pub metrics_allow: Vec<IpNet>,
    /// Bodies above this size are refused.
    pub max_body_bytes: usize,
    /// A request that is not answered within this is answered 503.
    pub request_timeout: Duration,
    /// Who may call over the admin socket.
    pub operators: Operators,
}

/// The whole floor, ready to be put behind a listener.
pub struct Front {
    everything: Arc<Everything>,
    gate: Arc<Gate>,
    samples: Vec<String>,
}

impl Front {
    /// Puts the parts together: the whole route table.
    pub fn new(mut parts: Parts) -> Self {
        let metrics = HttpMetrics::new(&mut parts.registry);
        let assets = Arc::new(Assets::default());
        let site = Arc::new(Site { app: parts.app.clone(), pages: parts.pages });
        let mut route = site::add(Route::new(), site.clone());
        if let Some(tools) = parts.dev {
            route = dev::add(route, Arc::new(tools));
        }
        let route = metrics_page::add(
            docs::add(route, "", OPENAPI.into(), &assets),
            Arc::new(parts.registry),
            parts.metrics_allow,
        );
        let health = parts.health.clone();
        let shortcut = Shortcut::to(operations(&parts.app, parts.health.clone()));
        let shortcut = forward_auth::add(shortcut, &site);
        let operations = operations(&parts.app, parts.health);
        let (app, keys) = (parts.app.clone(), parts.app.clone());
        let (checks, asked_why) = (parts.app.clone(), parts.app.clone());
        let mut routes = Routes::of(&serde_json::from_str(OPENAPI).unwrap_or_default());
        // Outside the API the others know GET alone.
        for path in site::all().chain([dev::CLOCK]) {
            routes.add(path, &["GET", "POST"]);
        }
        for path in pages::DEEDS {
            routes.add(path, &["POST"]);
        }
        let api = if parts.samples {
            routes.add(sample::INGEST, &["POST"]);
            routes.add(sample::POLICIES, &["GET", "POST"]);
            let samples = sample::SampleApi(parts.app.clone());
            described((operations, samples)).into_endpoint().boxed()
        } else {
            described(operations).into_endpoint().boxed()
        };
        let mut samples: Vec<_> =
            parts.samples.then_some(sample::PATHS).into_iter().flatten().map(str::to_owned).collect();
        let told = parts.samples.then_some(&mut samples);
        let around = Surroundings { assets: &assets, routes: &mut routes, samples: told };
        let mounts = Arc::new(Mounts::new(parts.profiles, &health, around));
        let gate = Gate {
            clock: parts.app.clock.clone(),
            entropy: Arc::new(Gathered::from(parts.app.entropy.clone())),
            authenticate: Box::new(move |token, now| {
                crate::services::session::authenticate(&app, token, now)
            }),
            authenticate_key: Box::new(move |key, client, now| usage::authenticate(&keys, key, client, now)),
            why: Box::new(move |trail, shown, (client, now)| match shown {
                Shown::Token(text) => why::token(&asked_why, trail, text, now),
                Shown::Key(text) => why::key(&asked_why, trail, text, (client, now)),
                // A cookie is judged at its own door.
                Shown::Cookie(_) => {}
            }),
            explained: parts.app.traces.clone(),
            authenticate_service: Box::new(move |id, secret, now| {
                crate::services::service::authenticate(&checks, id, secret, now)
            }),
            cookies: Arc::new(cookie_door(&parts.app)),
            origins: OwnOrigins::new(parts.app.policy.public_url.origins().iter().map(String::as_str)),
            record: recorder(&parts.app),
            trusted_proxies: parts.trusted_proxies,
            debug_headers: parts.debug_headers,
            cors: parts.cors,
            max_body_bytes: parts.max_body_bytes,
            request_timeout: parts.request_timeout,
            operators: parts.operators,
            notices: Notices::new(&parts.app.limits),
            limits: parts.app.limits.clone(),
            metrics,
            mounts: mounts.clone(),
            routes,
        };
        let everything = Arc::new(Everything { shortcut, api, site: route, mounts });
        Self { everything, gate: Arc::new(gate), samples }
    }

    /// Where the sample resources are; none where they are switched off.
    pub fn samples(&self) -> &[String] {
        &self.samples
    }

    /// What answers on a listener that carries requests by `transport`, and at whose root the paths of `root` begin.
    pub fn behind(
        &self,
        transport: Transport,
        root: Option<Profile>,
    ) -> impl Endpoint<Output = Response> + use<> {
        edge::edge(self.everything.clone(), self.gate.clone(), transport, root)
    }
}

/// The door for the cookies of `app`, under its policy.
fn cookie_door(app: &Arc<Services>) -> CookieDoor {
    let (name, cookies) = (app.policy.cookies.name, app.clone());
    let authenticate = Box::new(move |text: &str, ctx: &Context| {
        sessions::authenticate(&cookies, ctx, text).inspect_err(|fault| {
            if matches!(fault, CookieFault::Invalid) {
                why::cookie(&cookies, ctx, text);
            }
        })
    });
    CookieDoor { name, authenticate, record: recorder(app) }
}

fn recorder(app: &Arc<Services>) -> Box<Record> {
    let app = app.clone();
    Box::new(move |ctx, remark| {
        let app = app.clone();
        Box::pin(async move { record(&app, &ctx, remark).await })
    })
}

/// Has a remark written.
async fn record(app: &Services, ctx: &Context, remark: Remark) -> Result<(), StoreError> {
    match remark {
        Remark::Noticed(noticed) => usage::record(app, ctx, noticed).await,
        Remark::NoOperator(uid) => record_no_operator(app, ctx, uid).await,
        Remark::NoSession(caller) => usage::record_no_session(app, ctx, &caller).await,
        Remark::Stray(noticed) => sessions::record(app, ctx, noticed).await,
        Remark::Forged(caller, cause) => {
            sessions::record_forged(app, ctx, caller.as_deref(), cause.name()).await
        }
        Remark::Used(caller) => sessions::note_use(app, ctx, &caller).await,
    }
}

/// The description of the canonical API, as indented JSON. The committed file is to say the same.
pub fn description(app: &Arc<Services>, health: HealthApi) -> String {
    let description = "Every answer of `/api/v1` is an envelope: `{\"success\": true, \"data\": .., \
        \"timestamp\": ..}`, or `{\"success\": false, \"error\": {\"code\", \"message\", \"details\", \
        \"request_id\"}}`. Decide by `error.code`. Unknown and duplicate fields of a request are refused. \
        Operations are limited: `X-RateLimit-Limit`, `-Remaining` and `-Reset` (Unix seconds at which all is \
        there again) say what is left, and one too many is answered 429 with `Retry-After`. `X-Request-ID` may be \
        chosen by the client, and names the request in the answer, in the audit log and in the event stream. \
        `X-Audit-Note`, one line of at most 200 characters, says why something is done; the audit log keeps it.";
    let mut described = described_as_json(&described(operations(app, health)).description(description));
    description::complete(&mut described, Unknown::Refused);
    format!("{described:#}\n")
}

/// Every operation of the API.
fn operations(app: &Arc<Services>, health: HealthApi) -> impl OpenApi + use<> {
    (
        registration::RegistrationApi(app.clone()),
        (login::LoginApi(app.clone()), cookie_session::CookieSessionApi(app.clone())),
        factor::FactorApi(app.clone()),
        sms_factor::SmsFactorApi(app.clone()),
        password_change::PasswordChangeApi(app.clone()),
        password_reset::PasswordResetApi(app.clone()),
        password_check::PasswordCheckApi(app.clone()),
        session::SessionApi(app.clone()),
        step_up::StepUpApi(app.clone()),
        (
            own_account::OwnAccountApi(app.clone()),
            personal_data::PersonalDataApi(app.clone()),
            federation::FederationApi(app.clone()),
        ),
        (user::UserApi(app.clone()), user_care::UserCareApi(app.clone()), role::RoleApi(app.clone())),
        api_key::ApiKeyApi(app.clone()),
        // A tuple has at most sixteen parts.
        (resource::ResourceApi(app.clone()), authz::AuthzApi(app.clone())),
        (audit::AuditApi(app.clone()), events::EventsApi(app.clone()), stats::StatsApi(app.clone())),
        (
            overseen(app),
            diagnosis::DiagnosisApi(app.clone()),
            explain::ExplainApi(app.clone()),
            for_services(app),
        ),
        health,
    )
}

/// What an operator sees of everybody, and ends.
fn overseen(app: &Arc<Services>) -> impl OpenApi + use<> {
    (
        (
            oversight::sessions::LiveSessionApi(app.clone()),
            oversight::many_sessions::ManySessionsApi(app.clone()),
        ),
        (oversight::lockouts::LockoutApi(app.clone()), oversight::guessing::GuessingApi(app.clone())),
        (oversight::outbox::OutboxApi(app.clone()), oversight::webhooks::WebhookApi(app.clone())),
        oversight::server::ServerApi(app.clone()),
    )
}

/// What registered services are for.
fn for_services(app: &Arc<Services>) -> impl OpenApi + use<> {
    (
        service::ServiceApi(app.clone()),
        introspection::IntrospectionApi(app.clone()),
        revocation::RevocationApi(app.clone()),
        oauth::MetadataApi(app.clone()),
        signing_key::SigningKeyApi(app.clone()),
    )
}

fn described<T: OpenApi>(api: T) -> OpenApiService<T, ()> {
    OpenApiService::new(api, "Latchkey", env!("CARGO_PKG_VERSION"))
}

fn described_as_json<T: OpenApi>(api: &OpenApiService<T, ()>) -> Value {
    serde_json::from_str(&api.spec()).unwrap_or_default()
}

struct Everything {
    shortcut: Shortcut,
    api: BoxEndpoint<'static>,
    site: Route,
    mounts: Arc<Mounts>,
}

impl Endpoint for Everything {
    type Output = Response;

    // Pages are in a box of their own, or all had room for them.
    #[expect(clippy::manual_async_fn, reason = "an `async fn` keeps two copies of the request")]
    fn call(&self, request: Request) -> impl Future<Output = poem::Result<Response>> + Send {
        async move {
            let path = request.uri().path();
            if let Some(direct) = self.shortcut.find(&request) {
                direct.call(request).await
            } else if let Some(mounted) = self.mounts.at(path) {
                DynEndpoint::call(&**mounted.endpoint(), request).await
            } else if API.iter().any(|start| path.starts_with(start)) {
                DynEndpoint::call(&*self.api, request).await
            } else {
                Box::pin(self.site.call(request)).await
            }
        }
    }
}

#[cfg(test)]
mod tests;
