//! Pages that are shown on the host of an application. Knows no request.
//!
//! ## Decision: one answer that needs no other
//! There is no style sheet of ours on that host, and the proxy may let nobody fetch one. So the style stands in the page,
//! and a nonce allows it: a hash would do as well, but this floor knows no hashing.

use super::Pages;
use crate::domain::template::Html;

/// A page for somebody whom an application's proxy turned away.
#[derive(Debug, Clone, Copy)]
pub struct TurnedAway<'a> {
    /// What it is called.
    pub title: &'a str,
    /// Why.
    pub message: &'a str,
    /// What people call whoever is there, if that is known.
    pub name: Option<&'a str>,
    /// Where to go from here: names, and whole addresses.
    pub ways: &'a [(&'static str, String)],
    /// Finds it in the log.
    pub request_id: &'a str,
    /// Allows the style of the page.
    pub nonce: &'a str,
    /// The whole address of the operator's picture.
    pub logo: &'a str,
}

impl Pages {
    /// The page for whoever was turned away.
    pub fn turned_away(&self, page: &TurnedAway<'_>) -> String {
        let who = page.name.map(|name| self.parts.refused_who.render([&self.service, &Html::text(name)]));
        let way = |(name, url): &(&'static str, String)| {
            self.parts.refused_way.render([&Html::text(url), &Html::literal(name)])
        };
        let [title, message, request_id, nonce, logo] =
            [page.title, page.message, page.request_id, page.nonce, page.logo].map(Html::text);
        let ways = Html::concat(page.ways.iter().map(way));
        let body =
            self.parts.refused.render([&title, &message, &who.unwrap_or_default(), &ways, &request_id]);
        let mark =
            if self.logo.is_some() { self.parts.logo_abroad.render([&logo]) } else { self.mark.clone() };
        let values = [&title, &self.service, &nonce, &self.style, &mark, &body];
        self.parts.layout_abroad.render(values).into_string()
    }
}
