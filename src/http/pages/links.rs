//! `/account/links`: the accounts elsewhere that open one's own.
#![expect(clippy::needless_pass_by_value, reason = "poem hands extractors over by value")]

use std::sync::Arc;

use poem::http::{StatusCode, header};
use poem::web::Query;
use poem::{EndpointExt, Response, Route, get, handler, post};
use serde::Deserialize;

use super::account::hinted;
use super::elsewhere::titles;
use super::onward::{Hints, with};
use super::render::account::{LinkView, Told};
use super::visitor::{Deed, Here, Owner, see_other};
use crate::domain::identity::Identity;
use crate::http::cookie;
use crate::http::error::ApiError;
use crate::http::site::{Site, broken, page};
use crate::services::federation::{self, STATE_TTL};
use crate::services::identity;
use crate::services::step_up::require_fresh;
use crate::wire::error::ErrorCode;

/// The page.
pub(super) const LINKS: &str = "/account/links";

/// Where a link is begun.
pub const BEGIN: &str = "/account/links/begin";

/// Where a link is taken away.
pub const REMOVE: &str = "/account/links/remove";

/// Adds the pages.
pub fn add(route: Route, site: &Arc<Site>) -> Route {
    route
        .at(LINKS, get(list).data(site.clone()))
        .at(BEGIN, post(begin).data(site.clone()))
        .at(REMOVE, post(remove).data(site.clone()))
}

#[handler]
fn list(site: Here<'_>, owner: Owner, query: poem::Result<Query<Hints>>) -> Response {
    if let Err(needed) = require_fresh(&site.app, &owner.ctx, &owner.caller) {
        return owner.leads(&site, LINKS, &needed.into());
    }
    let found = match identity::list(&site.app, &owner.caller) {
        Ok(found) => found,
        Err(error) => return broken(&site, &owner.ctx.request_id, &error.into()),
    };
    let providers = titles(&site.app);
    let all: Vec<_> = found.iter().map(|link| view(link, &providers)).collect();
    page(StatusCode::OK, site.pages.links(&owner.own(&site, hinted(query)), &all, &providers))
}

fn view(link: &Identity, providers: &[(String, String)]) -> LinkView {
    let title = providers.iter().find(|(name, _)| name == link.provider.as_str());
    LinkView {
        id: link.id.to_string(),
        title: title.map_or_else(|| link.provider.to_string(), |(_, title)| title.clone()),
        email: link.email.as_ref().map(|email| email.as_str().to_owned()).unwrap_or_default(),
        since: link.linked_at.in_words(),
    }
}

#[derive(Deserialize)]
struct Provider {
    provider: String,
}

#[handler]
async fn begin(site: Here<'_>, deed: Deed<Provider>) -> Response {
    let Deed { owner, form: Provider { provider } } = &deed;
    let begun = federation::begin_link(&site.app, &owner.ctx, &owner.caller, (provider, true)).await;
    let begun = match begun {
        Ok(begun) => begun,
        Err(fault) => return owner.leads(&site, LINKS, &fault.into()),
    };
    let titles = titles(&site.app);
    let title = titles.iter().find(|(name, _)| name == provider).map_or("", |(_, title)| title);
    let html = site.pages.link_go(&owner.own(&site, Told::Nothing), title, &begun.url);
    let mut answer = page(StatusCode::OK, html);
    if let Some(cookie) = cookie::federation(&begun.cookie, STATE_TTL.as_secs()) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}

#[derive(Deserialize)]
struct One {
    id: String,
}

#[handler]
async fn remove(site: Here<'_>, deed: Deed<One>) -> Response {
    let Deed { owner, form: One { id } } = &deed;
    let Ok(id) = id.parse() else {
        let error = ApiError::new(ErrorCode::NotFound, "There is no such link.");
        return broken(&site, &owner.ctx.request_id, &error);
    };
    match identity::unlink(&site.app, &owner.ctx, &owner.caller, id).await {
        Ok(()) => see_other(&with(LINKS, "done", "unlinked"), None),
        Err(fault) => owner.leads(&site, LINKS, &fault.into()),
    }
}
