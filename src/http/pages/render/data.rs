//! The pages of one's data: a copy of it, what happened of late, the end of the account. Knows no service.

use super::account::{Own, Place, listed};
use super::{Pages, blame};
use crate::domain::template::Html;

/// A copy of all that is held of somebody.
#[derive(Debug, Clone, Copy)]
pub struct Copy {
    /// The form posts it: the place of the audit log before which the events of this copy are.
    pub before: Option<u64>,
    /// The same of the copy with older events, if there are any.
    pub older: Option<u64>,
    /// Whether one may delete the account.
    pub may_delete: bool,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub struct EventView {
    /// What.
    pub what: std::borrow::Cow<'static, str>,
    /// How it came out, unless well.
    pub outcome: Option<&'static str>,
    /// Why.
    pub reason: Option<String>,
    /// When, for people.
    pub at: String,
    /// From where and with what.
    pub whence: String,
}

impl Pages {
    /// `GET /account/data`: the form that posts `before` to `/account/data/download`, and the way to `/account/delete`.
    pub fn data(&self, own: &Own<'_>, copy: &Copy) -> String {
        let number = |place: u64| Html::text(&place.to_string());
        let before = copy.before.map(|place| self.parts.data_before.render([&number(place)]));
        let older = copy.older.map(|place| self.parts.data_older.render([&number(place)]));
        let delete = if copy.may_delete { self.parts.data_delete.render([]) } else { Html::default() };
        let body = self.parts.data.render([
            &self.service,
            &self.csrf(own.csrf),
            &before.unwrap_or_default(),
            &older.unwrap_or_default(),
            &delete,
        ]);
        self.own(own, (Place::Account, "Your data"), &body)
    }

    /// `GET /account/delete`: the form that posts `email`, the address of the account as it is typed again, to it.
    pub fn delete_form(&self, own: &Own<'_>, email: &str, is_mistyped: bool) -> String {
        let (email, csrf, blame) = (Html::text(email), self.csrf(own.csrf), blame(is_mistyped));
        let body = self.parts.delete.render([&self.service, &self.told(own.told), &csrf, &email, &blame]);
        self.own(own, (Place::Account, "Delete your account"), &body)
    }

    /// `GET /account/activity`: events, newest first; whether there are newer ones, and where older ones begin.
    pub fn activity(
        &self,
        own: &Own<'_>,
        events: &[EventView],
        (has_newer, older): (bool, Option<u64>),
    ) -> String {
        let list = listed(events.iter().map(|event| self.event_row(event)), "Nothing more.");
        let newer = if has_newer { self.parts.activity_newer.render([]) } else { Html::default() };
        let older = older.map(|place| self.parts.activity_older.render([&Html::text(&place.to_string())]));
        let body = self.parts.activity.render([&list, &newer, &older.unwrap_or_default()]);
        self.own(own, (Place::Account, "What happened of late"), &body)
    }

    fn event_row(&self, event: &EventView) -> Html {
        let reason = event.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        let values = [&event.what, event.at.as_str(), &event.whence, &reason].map(Html::text);
        let [what, at, whence, reason] = values.each_ref();
        let outcome = event.outcome.map(|outcome| self.parts.event_outcome.render([&Html::text(outcome)]));
        self.parts.event_row.render([what, reason, at, whence, &outcome.unwrap_or_default()])
    }
}
