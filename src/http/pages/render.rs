//! The served pages as text: values in, markup out. Knows no request, no route and no service.
//!
//! ## Decision
//! The pages need no script, no inline style and nothing from another origin, so they run under
//! `default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`. Their
//! colours follow the reader's light or dark setting; a test holds the contrast of both.

pub mod abroad;
pub mod account;
pub mod data;
pub mod factor;
pub mod key;
pub mod login;
pub mod looks;
mod templates;

use crate::domain::id::MailId;
use crate::domain::template::{Html, TemplateError};
use crate::domain::time::Timestamp;
use looks::{Logo, Looks};
use templates::Templates;

/// The style sheet of all pages, without what an operator adds.
pub const PAGE_CSS: &str = include_str!("../../../assets/pages/page.css");
/// The icon of all pages, to be served at `/favicon.ico` as `image/svg+xml`.
pub const PAGE_ICON: &str = include_str!("../../../assets/pages/icon.svg");

/// The pages, in the name of one service. Every method gives a whole document.
#[derive(Debug, Clone)]
pub struct Pages {
    service: Html,
    /// Stands before the name.
    mark: Html,
    foot: Html,
    style: Html,
    logo: Option<Logo>,
    parts: Templates,
}

/// What the setup form shows again after a mistake. The password is never shown again.
#[derive(Clone, Copy, Default)]
pub struct SetupForm<'a> {
    /// What was wrong, for people; `None` at the first visit.
    pub problem: Option<&'a str>,
    /// The setup code as typed.
    pub code: &'a str,
    /// The address as typed.
    pub email: &'a str,
    /// The name as typed.
    pub name: &'a str,
}

/// What the form for a new password shows. No password is ever shown again.
#[derive(Clone, Copy)]
pub struct ResetForm<'a> {
    /// What was wrong, for people; `None` at the first visit.
    pub problem: Option<&'a str>,
    /// The token of the mailed link; the form posts it.
    pub token: &'a str,
    /// What a password must be, for people.
    pub rules: &'a str,
}

/// A mail of the development mailbox. The list shows no body.
#[derive(Clone, Copy)]
pub struct MailView<'a> {
    /// Its id, the last segment of its page's path.
    pub id: MailId,
    /// The recipient.
    pub to: &'a str,
    /// The sender.
    pub from: &'a str,
    /// The subject.
    pub subject: &'a str,
    /// The plain text; its links can be clicked.
    pub text: &'a str,
    /// The HTML, shown as source.
    pub html: &'a str,
    /// When it was sent.
    pub sent_at: Timestamp,
}

impl Pages {
    /// Reads the templates. `service` is the name people know.
    /// Fails only when a template of this build is wrong, which a test excludes.
    pub fn load(service: &str) -> Result<Self, TemplateError> {
        Self::with(Looks { name: service.to_owned(), ..Looks::default() })
    }

    /// The same with all that an operator may change.
    pub fn with(looks: Looks) -> Result<Self, TemplateError> {
        let parts = Templates::load()?;
        let Looks { name, logo, accent, is_development } = looks;
        Ok(Self {
            service: Html::text(&name),
            mark: if logo.is_some() { parts.logo.render([]) } else { parts.mark.render([]) },
            foot: if is_development { parts.foot_dev.render([]) } else { Html::default() },
            style: looks::style(accent),
            logo,
            parts,
        })
    }

    /// The style sheet, to be served at `/assets/page.css` as `text/css; charset=utf-8`.
    pub fn style(&self) -> &str {
        self.style.as_str()
    }

    /// The operator's logo, to be served at `/assets/logo`.
    pub fn logo(&self) -> Option<&Logo> {
        self.logo.as_ref()
    }

    /// `GET /verify-email?token=..`: a button that posts `token` to `/verify-email`. Mail scanners follow links,
    /// so opening the page changes nothing.
    pub fn verify_confirm(&self, token: &str) -> String {
        let body = self.parts.verify_confirm.render([&self.service, &Html::text(token)]);
        self.page("Confirm your email address", &body)
    }

    /// The address is verified.
    pub fn verify_done(&self) -> String {
        self.page("Your address is confirmed", &self.parts.verify_done.render([&self.service]))
    }

    /// The token is unknown, used, superseded or expired: one page for all four.
    pub fn verify_invalid(&self) -> String {
        self.page("This link is no longer valid", &self.parts.verify_invalid.render([&self.service]))
    }

    /// `GET /reset-password?token=..`: the form that posts `token`, `password` and `repeat` to `/reset-password`.
    /// Opening the page changes nothing.
    pub fn reset_form(&self, form: &ResetForm<'_>) -> String {
        let problem = self.problem(form.problem);
        let [token, rules] = [form.token, form.rules].map(Html::text);
        let body = self.parts.reset_form.render([&self.service, &problem, &token, &rules]);
        let title = if form.problem.is_some() { "Not done yet: new password" } else { "New password" };
        self.page(title, &body)
    }

    /// `GET /accept-invitation?token=..`: the form that posts `token`, `password` and `repeat` to
    /// `/accept-invitation`. Opening the page changes nothing.
    pub fn invitation_form(&self, form: &ResetForm<'_>) -> String {
        let problem = self.problem(form.problem);
        let [token, rules] = [form.token, form.rules].map(Html::text);
        let body = self.parts.invitation_form.render([&self.service, &problem, &token, &rules]);
        let title = if form.problem.is_some() { "Not done yet: password" } else { "Choose your password" };
        self.page(title, &body)
    }

    /// The first password is set.
    pub fn invitation_done(&self) -> String {
        self.notice("Your password is set", "Welcome. You can log in with it now, and close this page.")
    }

    /// The token is unknown, used, superseded or expired: one page for all four.
    pub fn invitation_invalid(&self) -> String {
        self.notice(
            "This link is no longer valid",
            "An invitation works once and for a short time, and only the newest one counts. If you set your password \
             already, log in with it. Otherwise ask your administrator for another invitation.",
        )
    }

    /// The new password is set.
    pub fn reset_done(&self) -> String {
        self.page("Your new password is set", &self.parts.reset_done.render([&self.service]))
    }

    /// The token is unknown, used, superseded or expired: one page for all four.
    pub fn reset_invalid(&self) -> String {
        self.page("This link is no longer valid", &self.parts.reset_invalid.render([&self.service]))
    }

    /// `GET /forgot-password`: the form that posts `email` to `/forgot-password`.
    pub fn forgot_form(&self) -> String {
        self.page("Set a new password", &self.parts.forgot_form.render([&self.service]))
    }

    /// The mail was asked for, whether or not anybody gets it.
    pub fn forgot_sent(&self) -> String {
        self.page("Look into your mail", &self.parts.forgot_sent.render([&self.service]))
    }

    /// Something to know.
    pub fn notice(&self, title: &str, message: &str) -> String {
        self.page(title, &self.parts.notice.render([&Html::text(title), &Html::text(message)]))
    }

    /// Something went wrong; `request_id` finds it in the log.
    pub fn error(&self, title: &str, message: &str, request_id: &str) -> String {
        let values = [title, message, request_id].map(Html::text);
        self.page(title, &self.parts.error.render(values.each_ref()))
    }

    /// `GET /setup`: the form that posts `code`, `email`, `name` and `password` to `/setup`.
    pub fn setup_form(&self, form: &SetupForm<'_>) -> String {
        let problem = self.problem(form.problem);
        let [code, email, name] = [form.code, form.email, form.name].map(Html::text);
        let body = self.parts.setup.render([&self.service, &problem, &code, &email, &name]);
        let title = if form.problem.is_some() { "Not done yet: set up" } else { "Set up" };
        self.page(title, &body)
    }

    /// The first administrator exists now.
    pub fn setup_done(&self, email: &str) -> String {
        self.page("Ready", &self.parts.setup_done.render([&self.service, &Html::text(email)]))
    }

    /// There was an administrator before.
    pub fn setup_closed(&self) -> String {
        self.page("Already set up", &self.parts.setup_closed.render([&self.service]))
    }

    /// `GET /dev/mailbox`: the mails in the order given; each links to `/dev/mailbox/<id>`.
    pub fn mailbox<'a>(&self, mails: impl IntoIterator<Item = MailView<'a>>) -> String {
        let rows: Vec<Html> = mails.into_iter().map(|mail| self.mailbox_row(&mail)).collect();
        let list = if rows.is_empty() {
            self.parts.mailbox_empty.render([])
        } else {
            let (start, end) = (Html::literal("<ul class=\"mails\">\n"), Html::literal("</ul>"));
            Html::concat([start, Html::concat(rows), end])
        };
        self.page("Mailbox", &self.parts.mailbox.render([&list]))
    }

    /// `GET /dev/mailbox/<id>`: one mail.
    pub fn mail(&self, mail: &MailView<'_>) -> String {
        let [subject, from, to, html] = [mail.subject, mail.from, mail.to, mail.html].map(Html::text);
        let sent_at = Html::text(&mail.sent_at.to_string());
        let body = self.parts.mail.render([&subject, &from, &to, &sent_at, &with_links(mail.text), &html]);
        self.page(mail.subject, &body)
    }

    fn problem(&self, text: Option<&str>) -> Html {
        text.map(|text| self.parts.problem.render([&Html::text(text)])).unwrap_or_default()
    }

    fn mailbox_row(&self, mail: &MailView<'_>) -> Html {
        let (id, sent_at) = (mail.id.to_string(), mail.sent_at.to_string());
        let values = [&id, mail.subject, mail.to, &sent_at].map(Html::text);
        self.parts.mailbox_row.render(values.each_ref())
    }

    fn page(&self, title: &str, body: &Html) -> String {
        self.document(title, &Html::default(), body)
    }

    /// A whole document; `nav` leads to the other pages of an account.
    fn document(&self, title: &str, nav: &Html, body: &Html) -> String {
        let values = [&Html::text(title), &self.service, &self.mark, nav, body, &self.foot];
        self.parts.layout.render(values).into_string()
    }
}

/// What a page is called whose form was refused.
fn titled(title: &str, problem: Option<&str>) -> String {
    if problem.is_some() { format!("Not done yet: {title}") } else { title.to_owned() }
}

/// What a field carries that is to blame for the problem that the page tells.
fn blame(is_to_blame: bool) -> Html {
    if is_to_blame {
        Html::literal(" aria-invalid=\"true\" aria-describedby=\"problem\"")
    } else {
        Html::default()
    }
}

/// The same of a field with a hint, `password-hint`.
fn blame_hinted(is_to_blame: bool) -> Html {
    Html::literal(if is_to_blame {
        " aria-invalid=\"true\" aria-describedby=\"problem password-hint\""
    } else {
        " aria-describedby=\"password-hint\""
    })
}

/// The text with its `http` and `https` links made clickable; no other scheme becomes a link.
fn with_links(text: &str) -> Html {
    let piece = |word: &str| {
        let link = word.trim_end();
        if !link.starts_with("https://") && !link.starts_with("http://") {
            return Html::text(word);
        }
        let space = word.strip_prefix(link).unwrap_or_default();
        let (start, middle, end) = (Html::literal("<a href=\""), Html::literal("\">"), Html::literal("</a>"));
        Html::concat([start, Html::text(link), middle, Html::text(link), end, Html::text(space)])
    };
    Html::concat(text.split_inclusive(char::is_whitespace).map(piece))
}

#[cfg(test)]
mod tests;
