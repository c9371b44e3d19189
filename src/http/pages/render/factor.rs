//! The pages of one's own second factors. Knows no service and draws no picture.

use super::account::{Own, Place};
use super::{Pages, blame};
use crate::domain::template::Html;

/// A picture of black modules on white ones.
#[derive(Debug, Clone)]
pub struct Drawing {
    /// Modules to a side, the quiet ones around it too.
    pub side: usize,
    /// The dark modules as a path of SVG.
    pub path: String,
}

/// How the second factors stand, for people.
#[derive(Debug, Clone, Copy)]
pub struct Factors<'a> {
    /// When the authenticator app was switched on.
    pub app_since: Option<&'a str>,
    /// The phone's number, but for its end; nothing where this server sends no messages.
    pub phone: Option<Option<&'a str>>,
}

/// An authenticator app that is on.
#[derive(Debug, Clone, Copy)]
pub struct AppOn<'a> {
    /// Since when, for people.
    pub since: &'a str,
    /// How many backup codes are left.
    pub codes_left: usize,
    /// Which of the two forms is to blame: making codes, or taking the app away.
    pub is_removal: bool,
}

impl Pages {
    /// `GET /account/security`.
    pub fn security(&self, own: &Own<'_>, factors: &Factors<'_>) -> String {
        let (app, app_deed) = match factors.app_since {
            Some(since) => (format!("On since {since}"), "Change"),
            None => ("Off".to_owned(), "Set up"),
        };
        let phone = factors.phone.map(|phone| {
            let (phone, deed) = match phone {
                Some(number) => (format!("On, {number}"), "Change"),
                None => ("Off".to_owned(), "Set up"),
            };
            self.parts.security_phone.render([&Html::text(&phone), &Html::literal(deed)])
        });
        let body = self.parts.security.render([
            &self.told(own.told),
            &Html::text(&app),
            &Html::literal(app_deed),
            &phone.unwrap_or_default(),
        ]);
        self.own(own, (Place::Security, "Second factor"), &body)
    }

    /// `GET /account/app`, where there is none: the button that posts `return_to` to `/account/app/start`.
    pub fn app_off(&self, own: &Own<'_>, return_to: &str) -> String {
        let values = [&self.told(own.told), &self.csrf(own.csrf), &Html::text(return_to)];
        self.own(own, (Place::Security, "Authenticator app"), &self.parts.app_off.render(values))
    }

    /// `GET /account/app/code`: the form that posts `code` and `return_to` to it.
    pub fn app_code(&self, own: &Own<'_>, drawing: &Drawing, (secret, return_to): (&str, &str)) -> String {
        let (side, path) = (Html::text(&drawing.side.to_string()), Html::text(&drawing.path));
        let body = self.parts.app_code.render([
            &self.told(own.told),
            &side,
            &path,
            &Html::text(secret),
            &self.csrf(own.csrf),
            &Html::text(return_to),
            &blame(own.told.problem().is_some()),
        ]);
        self.own(own, (Place::Security, "Scan this with your app"), &body)
    }

    /// `GET /account/app`, where it is on: forms that post `password` to `/account/app/codes` and
    /// `/account/app/remove`.
    pub fn app_on(&self, own: &Own<'_>, app: &AppOn<'_>) -> String {
        let is_refused = own.told.problem().is_some();
        let body = self.parts.app_on.render([
            &self.told(own.told),
            &Html::text(app.since),
            &Html::text(&app.codes_left.to_string()),
            &self.csrf(own.csrf),
            &blame(is_refused && !app.is_removal),
            &blame(is_refused && app.is_removal),
        ]);
        self.own(own, (Place::Security, "Authenticator app"), &body)
    }

    /// Backup codes, this once; the browser goes on at `href`.
    pub fn backup_codes(
        &self,
        own: &Own<'_>,
        codes: &[&str],
        (message, href): (&'static str, &str),
    ) -> String {
        let codes = codes.iter().map(|code| self.parts.backup_code.render([&Html::text(code)]));
        let values = [&Html::literal(message), &Html::concat(codes), &Html::text(href)];
        self.own(own, (Place::Security, "Your backup codes"), &self.parts.codes.render(values))
    }

    /// `GET /account/phone`, where there is none: the form that posts `phone_number` to `/account/phone/start`.
    pub fn phone_off(&self, own: &Own<'_>) -> String {
        let values = [&self.told(own.told), &self.csrf(own.csrf), &blame(own.told.problem().is_some())];
        self.own(own, (Place::Security, "Phone"), &self.parts.phone_off.render(values))
    }

    /// `GET /account/phone/code`: the form that posts `code` to it.
    pub fn phone_code(&self, own: &Own<'_>, number: &str) -> String {
        let (csrf, blame) = (self.csrf(own.csrf), blame(own.told.problem().is_some()));
        let body = self.parts.phone_code.render([&Html::text(number), &self.told(own.told), &csrf, &blame]);
        self.own(own, (Place::Security, "A code is on its way"), &body)
    }

    /// `GET /account/phone`, where it is on: the form that posts `password` to `/account/phone/remove`.
    pub fn phone_on(&self, own: &Own<'_>, number: &str) -> String {
        let (csrf, blame) = (self.csrf(own.csrf), blame(own.told.problem().is_some()));
        let body = self.parts.phone_on.render([&self.told(own.told), &Html::text(number), &csrf, &blame]);
        self.own(own, (Place::Security, "Phone"), &body)
    }
}
