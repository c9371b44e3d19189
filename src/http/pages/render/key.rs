//! The pages of one's own API keys. Knows no service.

use super::account::{Own, Place, listed};
use super::{Pages, blame};
use crate::domain::template::Html;

/// An API key without its text, for people.
#[derive(Debug, Clone)]
pub struct KeyView {
    /// Names it.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// The beginning of its text.
    pub hint: String,
    /// What it asks for.
    pub scopes: String,
    /// When it was made, used, and ends.
    pub life: String,
}

/// What the form for a new key shows.
#[derive(Debug, Clone)]
pub struct KeyForm<'a> {
    /// The name as typed.
    pub name: &'a str,
    /// Each scope that its owner may give, and whether it is chosen.
    pub scopes: Vec<(&'static str, bool)>,
}

impl Pages {
    /// `GET /account/keys`.
    pub fn keys(&self, own: &Own<'_>, all: &[KeyView]) -> String {
        let rows = all.iter().map(|key| {
            let values = [&key.name, &key.hint, &key.scopes, &key.life, &key.id].map(|text| Html::text(text));
            self.parts.key_row.render(values.each_ref())
        });
        let body = self.parts.keys.render([&self.told(own.told), &listed(rows, "None yet.")]);
        self.own(own, (Place::Keys, "API keys"), &body)
    }

    /// `GET /account/keys/new`: the form that posts `name`, `life` and one `scope.<name>` each to it.
    pub fn key_form(&self, own: &Own<'_>, form: &KeyForm<'_>) -> String {
        let scopes = form.scopes.iter().map(|(scope, is_chosen)| {
            let checked = Html::literal(if *is_chosen { " checked" } else { "" });
            self.parts.key_scope.render([&Html::literal(scope), &checked])
        });
        let body = self.parts.key_new.render([
            &self.told(own.told),
            &self.csrf(own.csrf),
            &Html::text(form.name),
            &blame(own.told.problem().is_some()),
            &Html::concat(scopes),
        ]);
        self.own(own, (Place::Keys, "A new API key"), &body)
    }

    /// The text of a key, this once; `former` says what is with the one before.
    pub fn key_made(&self, own: &Own<'_>, text: &str, former: Option<&str>) -> String {
        let former = former.map(|former| self.told(super::account::Told::Done(former))).unwrap_or_default();
        let body = self.parts.key_made.render([&Html::text(text), &former]);
        self.own(own, (Place::Keys, "Your API key"), &body)
    }

    /// `GET /account/keys/<id>`: buttons that post `id` to `/account/keys/rotate` and `/account/keys/revoke`. A former
    /// secret lives on for `grace`.
    pub fn key(&self, own: &Own<'_>, key: &KeyView, grace: &str) -> String {
        let values = [&key.name, &key.hint, &key.scopes, &key.life, &key.id].map(|text| Html::text(text));
        let [name, hint, scopes, life, id] = values.each_ref();
        let values = [name, hint, scopes, life, &Html::text(grace), &self.csrf(own.csrf), id];
        self.own(own, (Place::Keys, "API key"), &self.parts.key.render(values))
    }
}
