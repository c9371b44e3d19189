//! The pages of whoever comes and goes: login, second step, logout, registration. Knows no service.

use super::{Pages, blame, blame_hinted, titled};
use crate::domain::template::Html;

/// What the login form shows. The password is never shown again.
#[derive(Clone, Copy, Default)]
pub struct LoginForm<'a> {
    /// What was wrong, for people; `None` at the first visit.
    pub problem: Option<&'a str>,
    /// The name as typed.
    pub email: &'a str,
    /// Where the browser goes on: judged already, empty for nowhere.
    pub return_to: &'a str,
    /// Where one may log in elsewhere: name and title.
    pub providers: &'a [(String, String)],
    /// Whether strangers may make an account.
    pub may_register: bool,
}

/// What the form for the second step shows.
#[derive(Clone, Copy)]
pub struct CodeForm<'a> {
    /// What was wrong, for people.
    pub problem: Option<&'a str>,
    /// Which codes are taken, for people.
    pub hint: &'a str,
    /// Where the browser goes on.
    pub return_to: &'a str,
    /// Whether a code can be sent to a phone.
    pub has_phone: bool,
}

/// What the registration form shows. The password is never shown again.
#[derive(Clone, Copy, Default)]
pub struct RegisterForm<'a> {
    /// What was wrong, for people; `None` at the first visit.
    pub problem: Option<&'a str>,
    /// Whether the password is to blame for it, alone or too.
    pub is_password: bool,
    /// The name as typed.
    pub name: &'a str,
    /// The address as typed.
    pub email: &'a str,
    /// What a password must be, for people.
    pub rules: &'a str,
}

impl Pages {
    /// `GET /login`: the form that posts `email`, `password` and `return_to` to `/login`.
    pub fn login_form(&self, form: &LoginForm<'_>) -> String {
        let [return_to, email] = [form.return_to, form.email].map(Html::text);
        let register = if form.may_register { self.parts.login_register.render([]) } else { Html::default() };
        let body = self.parts.login.render([
            &self.service,
            &self.problem(form.problem),
            &return_to,
            &email,
            &focus(form.email.is_empty()),
            &Html::concat([blame(form.problem.is_some()), focus(!form.email.is_empty())]),
            &self.providers(form.providers, form.return_to),
            &register,
        ]);
        self.page(&titled("Log in", form.problem), &body)
    }

    /// The ways to log in elsewhere, as links to `/login/with/<name>`; nothing where there are none.
    pub(super) fn providers(&self, all: &[(String, String)], return_to: &str) -> Html {
        if all.is_empty() {
            return Html::default();
        }
        let return_to = Html::text(&in_query(return_to));
        let one = |(name, title): &(String, String)| {
            self.parts.login_provider.render([&Html::text(name), &return_to, &Html::text(title)])
        };
        self.parts.login_providers.render([&Html::concat(all.iter().map(one))])
    }

    /// `GET /login/code`: the form that posts `code` and `return_to` to `/login/code`.
    pub fn code_form(&self, form: &CodeForm<'_>) -> String {
        let (hint, return_to) = (Html::text(form.hint), Html::text(form.return_to));
        let sms = if form.has_phone { self.parts.code_sms.render([&return_to]) } else { Html::default() };
        let problem = self.problem(form.problem);
        let body =
            self.parts.code.render([&hint, &problem, &return_to, &blame(form.problem.is_some()), &sms]);
        self.page(&titled("One more step", form.problem), &body)
    }

    /// `GET /logout`, of somebody called `name`: the button that posts `return_to` to `/logout`.
    pub fn logout_form(&self, name: &str, csrf: &str, return_to: &str) -> String {
        let [name, return_to] = [name, return_to].map(Html::text);
        let body = self.parts.logout.render([&self.service, &name, &self.csrf(csrf), &return_to]);
        self.page("Log out", &body)
    }

    /// `GET /logout`, of nobody, who may go on to `login`.
    pub fn logged_out(&self, login: &str) -> String {
        let body = self.parts.logged_out.render([&self.service, &Html::text(login)]);
        self.page("You are logged out", &body)
    }

    /// Whoever is logged in now and goes on to `url`, the address of an application.
    pub fn logged_in(&self, url: &str) -> String {
        self.page("You are logged in", &self.parts.logged_in.render([&Html::text(url)]))
    }

    /// `GET /register`: the form that posts `name`, `email` and `password` to `/register`.
    pub fn register_form(&self, form: &RegisterForm<'_>) -> String {
        let [name, email, rules] = [form.name, form.email, form.rules].map(Html::text);
        let body = self.parts.register.render([
            &self.service,
            &self.problem(form.problem),
            &name,
            &focus(form.problem.is_none()),
            &email,
            &blame(form.problem.is_some() && !form.is_password),
            &rules,
            &blame_hinted(form.is_password),
        ]);
        self.page(&titled("Make an account", form.problem), &body)
    }

    /// The mail of a registration is on its way, to whomever.
    pub fn register_done(&self) -> String {
        self.page("Look into your mail", &self.parts.register_done.render([&self.service]))
    }

    /// `GET /verify-email/again`: the form that posts `email` to it.
    pub fn verify_again(&self) -> String {
        self.page("Another mail with a link", &self.parts.verify_again.render([&self.service]))
    }
}

/// The first field that is still to be filled has the caret.
fn focus(is_first: bool) -> Html {
    Html::literal(if is_first { " autofocus" } else { "" })
}

/// As a value in a query.
pub fn in_query(text: &str) -> String {
    serde_urlencoded::to_string([("", text)]).unwrap_or_default().trim_start_matches('=').to_owned()
}
