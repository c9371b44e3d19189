//! The pages of one's own account: who one is, proving it again, sessions, accounts elsewhere. Knows no service.

use super::{Pages, blame, blame_hinted, titled};
use crate::domain::template::Html;

/// Where in the account a page stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Who one is.
    Account,
    /// Second factors.
    Security,
    /// Sessions.
    Sessions,
    /// API keys.
    Keys,
    /// Accounts elsewhere.
    Links,
}

impl Place {
    const ALL: [Self; 5] = [Self::Account, Self::Security, Self::Sessions, Self::Keys, Self::Links];

    const fn looks(self) -> (&'static str, &'static str) {
        match self {
            Self::Account => ("/account", "Account"),
            Self::Security => ("/account/security", "Second factor"),
            Self::Sessions => ("/account/sessions", "Sessions"),
            Self::Keys => ("/account/keys", "API keys"),
            Self::Links => ("/account/links", "Elsewhere"),
        }
    }
}

/// What every page of an account knows.
#[derive(Debug, Clone, Copy)]
pub struct Own<'a> {
    /// The token of the session, which each form posts.
    pub csrf: &'a str,
    /// What is told first: what was done, or what was wrong.
    pub told: Told<'a>,
    /// Whether accounts elsewhere can be linked.
    pub has_links: bool,
}

/// What a page tells first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told<'a> {
    /// Nothing.
    Nothing,
    /// What was done.
    Done(&'a str),
    /// What was wrong.
    Problem(&'a str),
}

impl<'a> Told<'a> {
    /// What was wrong, if something was.
    pub const fn problem(self) -> Option<&'a str> {
        match self {
            Self::Problem(text) => Some(text),
            Self::Nothing | Self::Done(_) => None,
        }
    }
}

/// Who one is.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// The display name.
    pub name: &'a str,
    /// The address.
    pub email: &'a str,
    /// The username.
    pub username: &'a str,
    /// When the account was made, for people.
    pub since: &'a str,
}

/// Which field of a form for a new password is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blamed {
    /// None.
    Neither,
    /// The present password.
    Current,
    /// The new one.
    New,
}

/// How somebody proves again who they are.
#[derive(Debug, Clone, Copy)]
pub enum Asked<'a> {
    /// With the password of the account with this address, or by one of these accounts elsewhere: name and title.
    Password(&'a str, &'a [(String, String)]),
    /// With a code; whether one can be sent to a phone.
    Code(bool),
}

/// A session.
#[derive(Debug, Clone)]
pub struct SessionView {
    /// Names it.
    pub id: String,
    /// What the browser called itself.
    pub agent: String,
    /// Where it was opened.
    pub place: String,
    /// When it was opened, for people.
    pub since: String,
    /// When it was used last, for people.
    pub used: String,
    /// Whether it is this one.
    pub is_this: bool,
}

/// A linked account elsewhere.
#[derive(Debug, Clone)]
pub struct LinkView {
    /// Names the link.
    pub id: String,
    /// Where.
    pub title: String,
    /// The address there.
    pub email: String,
    /// When it was linked, for people.
    pub since: String,
}

impl Pages {
    /// A document of the account.
    pub(super) fn own(&self, own: &Own<'_>, (place, title): (Place, &str), body: &Html) -> String {
        let places = Place::ALL.into_iter().filter(|one| own.has_links || *one != Place::Links).map(|one| {
            let (href, name) = one.looks();
            let current = if one == place { " aria-current=\"page\"" } else { "" };
            self.parts.place.render([&Html::literal(href), &Html::literal(current), &Html::literal(name)])
        });
        let nav = self.parts.nav.render([&Html::concat(places)]);
        self.document(&titled(title, own.told.problem()), &nav, body)
    }

    pub(super) fn told(&self, told: Told<'_>) -> Html {
        match told {
            Told::Nothing => Html::default(),
            Told::Done(text) => self.parts.told.render([&Html::text(text)]),
            Told::Problem(text) => self.problem(Some(text)),
        }
    }

    pub(super) fn csrf(&self, csrf: &str) -> Html {
        self.parts.csrf.render([&Html::text(csrf)])
    }

    /// `GET /account`.
    pub fn account(&self, own: &Own<'_>, person: &Person<'_>) -> String {
        let values = [person.name, person.email, person.username, person.since].map(Html::text);
        let [name, email, username, since] = values.each_ref();
        let body = self.parts.account.render([&self.told(own.told), name, email, username, since]);
        self.own(own, (Place::Account, "Your account"), &body)
    }

    /// `GET /account/name`: the form that posts `name` to it.
    pub fn name_form(&self, own: &Own<'_>, name: &str) -> String {
        let (csrf, blame) = (self.csrf(own.csrf), blame(own.told.problem().is_some()));
        let body = self.parts.name.render([&self.told(own.told), &csrf, &Html::text(name), &blame]);
        self.own(own, (Place::Account, "Your name"), &body)
    }

    /// `GET /account/email`: the form that posts `new_email` to it. `email` is the present address, `new` what was
    /// typed.
    pub fn email_form(&self, own: &Own<'_>, (email, new): (&str, &str)) -> String {
        let [email, new] = [email, new].map(Html::text);
        let (csrf, blame) = (self.csrf(own.csrf), blame(own.told.problem().is_some()));
        let body = self.parts.email.render([&email, &self.told(own.told), &csrf, &new, &blame]);
        self.own(own, (Place::Account, "Another email address"), &body)
    }

    /// `GET /account/password`: the form that posts `current`, `password` and `repeat` to it. `email` is for the
    /// browser's keeper of passwords, `rules` is what a password must be.
    pub fn password_form(&self, own: &Own<'_>, (email, rules): (&str, &str), blamed: Blamed) -> String {
        let [email, rules] = [email, rules].map(Html::text);
        let body = self.parts.password.render([
            &self.told(own.told),
            &self.csrf(own.csrf),
            &email,
            &blame(blamed == Blamed::Current),
            &rules,
            &blame_hinted(blamed == Blamed::New),
        ]);
        self.own(own, (Place::Account, "Another password"), &body)
    }

    /// `GET /account/proof`: the form that posts `password` or `code`, and `return_to`, to it.
    pub fn proof_form(&self, own: &Own<'_>, return_to: &str, asked: Asked<'_>) -> String {
        let (csrf, to) = (self.csrf(own.csrf), Html::text(return_to));
        let blame = blame(own.told.problem().is_some());
        let (hint, field, other) = match asked {
            Asked::Password(email, providers) => (
                "Type your password again.",
                self.parts.proof_password.render([&Html::text(email), &blame]),
                self.providers(providers, return_to),
            ),
            Asked::Code(has_phone) => (
                "Type a code of your authenticator app, one that was sent to your phone, or a backup code.",
                self.parts.proof_code.render([&blame]),
                if has_phone { self.parts.proof_sms.render([&csrf, &to]) } else { Html::default() },
            ),
        };
        let body =
            self.parts.proof.render([&Html::literal(hint), &self.told(own.told), &csrf, &to, &field, &other]);
        self.own(own, (Place::Account, "Is it still you?"), &body)
    }

    /// `GET /account/sessions`: buttons that post `id` to `/account/sessions/end`, and one to
    /// `/account/sessions/end-others`.
    pub fn sessions(&self, own: &Own<'_>, all: &[SessionView], has_more: bool) -> String {
        let csrf = self.csrf(own.csrf);
        let rows = Html::concat(all.iter().map(|one| self.session_row(one, &csrf)));
        let more = if has_more { "<p class=\"quiet\">There are more, older ones.</p>" } else { "" };
        let body = self.parts.sessions.render([&self.told(own.told), &rows, &Html::literal(more), &csrf]);
        self.own(own, (Place::Sessions, "Where you are logged in"), &body)
    }

    fn session_row(&self, one: &SessionView, csrf: &Html) -> Html {
        let values = [&one.agent, &one.place, &one.since, &one.used, &one.id].map(|text| Html::text(text));
        let [agent, place, since, used, id] = values.each_ref();
        let deed = if one.is_this {
            Html::literal("<span class=\"badge\">This one</span>")
        } else {
            self.parts.session_end.render([csrf, id, agent, place])
        };
        self.parts.session_row.render([agent, place, since, used, &deed])
    }

    /// `GET /account/links`: buttons that post `id` to `/account/links/remove`, and `provider` to
    /// `/account/links/begin`.
    pub fn links(&self, own: &Own<'_>, all: &[LinkView], providers: &[(String, String)]) -> String {
        let csrf = self.csrf(own.csrf);
        let rows = all.iter().map(|one| {
            let values = [&one.title, &one.email, &one.since, &one.id].map(|text| Html::text(text));
            let [title, email, since, id] = values.each_ref();
            self.parts.link_row.render([title, email, since, &csrf, id])
        });
        let list = listed(rows, "None yet.");
        let providers = providers.iter().map(|(name, title)| {
            self.parts.link_provider.render([&csrf, &Html::text(name), &Html::text(title)])
        });
        let providers = self.parts.link_providers.render([&Html::concat(providers)]);
        let body = self.parts.links.render([&self.told(own.told), &list, &providers]);
        self.own(own, (Place::Links, "Accounts elsewhere"), &body)
    }

    /// The way to the provider called `title`, at `url`.
    ///
    /// ## Decision: a link, and no redirect
    /// The begin of a link is a form, so that no other site can begin one. Its answer may not lead to another site:
    /// `form-action 'self'` counts for redirects too. So a link does.
    pub fn link_go(&self, own: &Own<'_>, title: &str, url: &str) -> String {
        let body = self.parts.link_go.render([&Html::text(title), &Html::text(url)]);
        self.own(own, (Place::Links, "Go on elsewhere"), &body)
    }
}

/// Rows as a list, or a word where there are none.
pub(super) fn listed(rows: impl Iterator<Item = Html>, none: &'static str) -> Html {
    let rows: Vec<Html> = rows.collect();
    if rows.is_empty() {
        let (start, end) = (Html::literal("<p class=\"empty\">"), Html::literal("</p>"));
        return Html::concat([start, Html::literal(none), end]);
    }
    let (start, end) = (Html::literal("<ul class=\"rows\">\n"), Html::literal("</ul>"));
    Html::concat([start, Html::concat(rows), end])
}
