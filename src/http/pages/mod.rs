//! The pages served to browsers: coming and going, and one's own account. Each calls the use cases that the API calls;
//! none knows the API.
//!
//! ## Decision: a form answers with a redirect
//! What is done is told by the page that the browser is sent to, so that reloading it does nothing again. Two things
//! are told by the answer itself: what was wrong, with the form as it was typed, and a secret that is shown once, for it
//! is stored nowhere and may stand in no address.

pub mod abroad;
pub mod account;
mod activity;
mod app;
mod data;
pub mod elsewhere;
mod keys;
mod links;
pub mod login;
mod logout;
mod onward;
mod phone;
mod proof;
mod registration;
pub mod render;
mod second_step;
mod sessions;
mod told;
mod visitor;

use std::sync::Arc;

use poem::Route;

use super::site::Site;

/// The pages with a form that is sent to its own page.
pub const FORMS: [&str; 13] = [
    login::LOGIN,
    second_step::CODE,
    logout::LOGOUT,
    registration::REGISTER,
    registration::VERIFY_AGAIN,
    account::NAME,
    account::EMAIL,
    account::PASSWORD,
    data::DELETE,
    proof::PROOF,
    app::CODE,
    phone::CODE,
    keys::NEW,
];

/// Where the other forms are sent.
pub const DEEDS: [&str; 14] = [
    second_step::SEND,
    proof::SEND,
    data::DOWNLOAD,
    app::START,
    app::BACKUP_CODES,
    app::REMOVE,
    phone::START,
    phone::REMOVE,
    sessions::END,
    sessions::END_OTHERS,
    keys::ROTATE,
    keys::REVOKE,
    links::BEGIN,
    links::REMOVE,
];

/// Whether a page of an account, or of somebody without one, stands at `path`.
pub fn has(path: &str) -> bool {
    let is_below = |start: &str| path.strip_prefix(start).is_some_and(|rest| rest.starts_with('/'));
    path == account::ACCOUNT
        || path == abroad::REFUSED
        || is_below(account::ACCOUNT)
        || is_below(login::LOGIN)
        || is_below(registration::REGISTER)
}

/// Adds the pages.
pub fn add(route: Route, site: &Arc<Site>) -> Route {
    let route = login::add(abroad::add(route, site), site);
    let route = second_step::add(route, site);
    let route = elsewhere::add(route, site);
    let route = logout::add(route, site);
    let route = registration::add(route, site);
    let route = account::add(route, site);
    let route = activity::add(data::add(route, site), site);
    let route = proof::add(route, site);
    let route = app::add(route, site);
    let route = phone::add(route, site);
    let route = sessions::add(route, site);
    links::add(keys::add(route, site), site)
}
