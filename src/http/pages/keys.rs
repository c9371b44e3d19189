//! `/account/keys`: API keys of one's own.
#![expect(clippy::needless_pass_by_value, reason = "poem hands extractors over by value")]

use std::sync::Arc;
use std::time::Duration;

use poem::http::StatusCode;
use poem::web::{Path, Query};
use poem::{EndpointExt, Response, Route, get, handler, post};
use serde::Deserialize;

use super::account::hinted;
use super::onward::{Hints, with};
use super::render::account::Told;
use super::render::key::{KeyForm as Looks, KeyView};
use super::visitor::{Deed, Here, Owner, see_other};
use crate::domain::api_key::ApiKey;
use crate::domain::id::ApiKeyId;
use crate::domain::permission::Permission;
use crate::http::error::ApiError;
use crate::http::site::{Site, broken, page};
use crate::services::api_key::listing::{KeyFilter, list};
use crate::services::api_key::{self as keys, KeyForm, ManageFault};
use crate::services::step_up::require_fresh;

const KEYS: &str = "/account/keys";

/// Where a key is made.
pub const NEW: &str = "/account/keys/new";

/// Where a key gets another secret.
pub const ROTATE: &str = "/account/keys/rotate";

/// Where a key is revoked.
pub const REVOKE: &str = "/account/keys/revoke";

const DAY: Duration = Duration::from_secs(86_400);

/// Most keys that are shown.
const SHOWN: usize = 1_000;

/// Adds the pages.
pub fn add(route: Route, site: &Arc<Site>) -> Route {
    route
        .at(KEYS, get(show).data(site.clone()))
        .at(NEW, get(ask).post(make).data(site.clone()))
        .at(ROTATE, post(rotate).data(site.clone()))
        .at(REVOKE, post(revoke).data(site.clone()))
        .at("/account/keys/:id", get(look).data(site.clone()))
}

fn own(site: &Site, owner: &Owner) -> Result<Vec<ApiKey>, ApiError> {
    let filter = KeyFilter { limit: SHOWN, ..KeyFilter::default() };
    Ok(list(&site.app, &owner.ctx, &owner.caller, &filter)?.keys)
}

fn view(key: &ApiKey) -> KeyView {
    let used = key.last_used_at.map_or("never used".to_owned(), |at| format!("last used {}", at.in_words()));
    let end = key.expires_at.map_or("does not end".to_owned(), |at| format!("ends {}", at.in_words()));
    let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.name()).collect();
    KeyView {
        id: key.id.to_string(),
        name: key.name.clone(),
        hint: key.hint.clone(),
        scopes: scopes.join(", "),
        life: format!("made {}, {used}, {end}", key.created_at.in_words()),
    }
}

#[handler]
fn show(site: Here<'_>, owner: Owner, query: poem::Result<Query<Hints>>) -> Response {
    match own(&site, &owner) {
        Ok(all) => {
            let all: Vec<_> = all.iter().map(view).collect();
            page(StatusCode::OK, site.pages.keys(&owner.own(&site, hinted(query)), &all))
        }
        Err(error) => broken(&site, &owner.ctx.request_id, &error),
    }
}

#[handler]
fn look(site: Here<'_>, owner: Owner, id: Path<String>) -> Response {
    if let Err(needed) = require_fresh(&site.app, &owner.ctx, &owner.caller) {
        return owner.leads(&site, &format!("{KEYS}/{}", id.0), &needed.into());
    }
    let none = || ApiError::from(ManageFault::NotFound);
    let found = own(&site, &owner)
        .and_then(|all| all.into_iter().find(|key| key.id.to_string() == id.0).ok_or_else(none));
    match found {
        Ok(key) => {
            let grace = in_words(site.app.policy.api_keys.rotation_grace);
            page(StatusCode::OK, site.pages.key(&owner.own(&site, Told::Nothing), &view(&key), &grace))
        }
        Err(error) => broken(&site, &owner.ctx.request_id, &error),
    }
}

/// A time that an operator has set: in hours, or shorter units where it is less.
fn in_words(time: Duration) -> String {
    let seconds = time.as_secs();
    let (count, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        _ => (seconds / 3_600, "hour"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[handler]
fn ask(site: Here<'_>, owner: Owner) -> Response {
    if let Err(needed) = require_fresh(&site.app, &owner.ctx, &owner.caller) {
        return owner.leads(&site, NEW, &needed.into());
    }
    form(&site, &owner, StatusCode::OK, (Told::Nothing, "", &[]))
}

fn form(
    site: &Site,
    owner: &Owner,
    status: StatusCode,
    (told, name, chosen): (Told<'_>, &str, &[String]),
) -> Response {
    let held = owner.caller.held.permissions.iter().map(Permission::name);
    let scopes = held.map(|scope| (scope, chosen.iter().any(|one| one == scope))).collect();
    page(status, site.pages.key_form(&owner.own(site, told), &Looks { name, scopes }))
}

/// The form has one field for each scope that is chosen.
#[handler]
async fn make(site: Here<'_>, deed: Deed<Vec<(String, String)>>) -> Response {
    let Deed { owner, form: fields } = &deed;
    let field = |name: &str| fields.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str());
    let scopes: Vec<_> =
        fields.iter().filter_map(|(name, _)| Some(name.strip_prefix("scope.")?.to_owned())).collect();
    let name = field("name").unwrap_or_default();
    let again = |status, problem: &str| form(&site, owner, status, (Told::Problem(problem), name, &scopes));
    let expires_at = match field("life") {
        Some("") => None,
        days => match days.and_then(|days| days.parse().ok()).filter(|days| (1..=3_650).contains(days)) {
            Some(days) => Some(owner.ctx.now.plus(DAY * days)),
            None => return again(StatusCode::BAD_REQUEST, "Say how long the key lives."),
        },
    };
    let new = KeyForm { name: Some(name.to_owned()), scopes: Some(scopes.clone()), ..KeyForm::default() };
    let made = keys::create(&site.app, &owner.ctx, &owner.caller, &new, (expires_at, false)).await;
    let error: ApiError = match made {
        Ok(issued) => {
            let own = owner.own(&site, Told::Nothing);
            return page(StatusCode::OK, site.pages.key_made(&own, issued.text.reveal(), None));
        }
        Err(fault) => fault.into(),
    };
    match owner.refusal(&site, NEW, &error) {
        Ok(problem) => again(error.status(), &problem),
        Err(elsewhere) => *elsewhere,
    }
}

#[derive(Deserialize)]
struct One {
    id: String,
}

impl One {
    fn id(&self) -> Result<ApiKeyId, ApiError> {
        self.id.parse().map_err(|_| ManageFault::NotFound.into())
    }
}

#[handler]
async fn rotate(site: Here<'_>, deed: Deed<One>) -> Response {
    let Deed { owner, form } = &deed;
    let id = match form.id() {
        Ok(id) => id,
        Err(error) => return broken(&site, &owner.ctx.request_id, &error),
    };
    match keys::rotate(&site.app, &owner.ctx, &owner.caller, id, None).await {
        Ok(issued) => {
            let former = issued.key.former.map(|(_, until)| until.in_words());
            let former = former.map(|until| format!("The old secret works until {until}."));
            let own = owner.own(&site, Told::Nothing);
            page(StatusCode::OK, site.pages.key_made(&own, issued.text.reveal(), former.as_deref()))
        }
        Err(fault) => owner.leads(&site, KEYS, &fault.into()),
    }
}

#[handler]
async fn revoke(site: Here<'_>, deed: Deed<One>) -> Response {
    let Deed { owner, form } = &deed;
    let id = match form.id() {
        Ok(id) => id,
        Err(error) => return broken(&site, &owner.ctx.request_id, &error),
    };
    match keys::revoke(&site.app, &owner.ctx, &owner.caller, id).await {
        Ok(()) => see_other(&with(KEYS, "done", "revoked"), None),
        Err(fault) => owner.leads(&site, KEYS, &fault.into()),
    }
}
