//! The page behind an invitation: its owner sets the first password of the account. A form without script.

#![expect(clippy::needless_pass_by_value, reason = "poem hands extractors over by value")]

use std::sync::Arc;

use poem::web::{Data, Query};
use poem::{EndpointExt, Response, Route, get, handler};

use super::asked::Asked;
use super::limit::{Anonymous, ResetConfirm};
use super::pages::render::Pages;
use super::reset_page::{Looks, NewPassword, Token, set, show};
use super::site::{Form, PagePlace, Site};
use crate::services::password_reset::Opened;

/// The page that an invitation links to.
pub const ACCEPT_INVITATION: &str = "/accept-invitation";

const INVITATION: Looks = Looks {
    by: Opened::Invitation,
    form: Pages::invitation_form,
    done: Pages::invitation_done,
    invalid: Pages::invitation_invalid,
};

/// Adds the page.
pub fn add(route: Route, site: &Arc<Site>) -> Route {
    route.at(ACCEPT_INVITATION, get(ask_password).post(accept).data(site.clone()))
}

#[handler]
fn ask_password(
    _place: PagePlace<Anonymous>,
    site: Data<&Arc<Site>>,
    asked: Asked,
    query: poem::Result<Query<Token>>,
) -> Response {
    show(&site, &asked, &INVITATION, query)
}

#[handler]
async fn accept(
    _place: PagePlace<ResetConfirm>,
    site: Data<&Arc<Site>>,
    asked: Asked,
    typed: Form<NewPassword>,
) -> Response {
    set(&site, &asked, &INVITATION, &typed.0).await
}
