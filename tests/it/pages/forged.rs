//! What no page of ours sent: SECURITY R37; rule T35. And pages that are shut.

use super::{NONE, page};
use crate::harness::{PASSWORD, TestApp};

/// The pages of an account.
const OWN: [&str; 17] = [
    "/account",
    "/account/name",
    "/account/email",
    "/account/password",
    "/account/proof",
    "/account/activity",
    "/account/data",
    "/account/delete",
    "/account/security",
    "/account/app",
    "/account/app/code",
    "/account/phone",
    "/account/phone/code",
    "/account/sessions",
    "/account/keys",
    "/account/keys/new",
    "/account/links",
];

/// Where its forms are sent.
const DEEDS: [&str; 21] = [
    "/logout",
    "/account/name",
    "/account/email",
    "/account/password",
    "/account/proof",
    "/account/proof/send",
    "/account/data/download",
    "/account/delete",
    "/account/app/start",
    "/account/app/code",
    "/account/app/codes",
    "/account/app/remove",
    "/account/phone/start",
    "/account/phone/code",
    "/account/phone/remove",
    "/account/sessions/end",
    "/account/sessions/end-others",
    "/account/keys/new",
    "/account/keys/rotate",
    "/account/links/begin",
    "/account/links/remove",
];

const ALL_FIELDS: [(&str, &str); 13] = [
    ("name", "Other"),
    ("new_email", "other@example.com"),
    ("current", PASSWORD),
    ("password", PASSWORD),
    ("repeat", PASSWORD),
    ("code", "123456"),
    ("phone_number", "+4915112345678"),
    ("id", "x"),
    ("provider", "google"),
    ("life", "30"),
    ("scope.metrics:read", "on"),
    ("return_to", "/account"),
    ("email", "ada@example.com"),
];

#[tokio::test]
async fn every_page_of_an_account_leads_a_stranger_to_the_login_and_back() {
    let app = TestApp::new().with_user("ada").await;
    for path in OWN {
        let (answer, events) = app.events_of(app.surf().get(path)).await;
        let back = path.replace('/', "%2F");
        assert_eq!(answer.goes_to(), format!("/login?return_to={back}"));
        assert_eq!(events, NONE);
    }
    for path in DEEDS {
        let (answer, events) = app.events_of(app.surf().act(path, &ALL_FIELDS)).await;
        assert_eq!(answer.goes_to(), "/login?return_to=%2Faccount", "{path}");
        assert_eq!(events, NONE);
    }
}

/// T35: with the cookie alone nothing is done.
#[tokio::test]
async fn no_form_counts_that_a_page_of_ours_did_not_send() {
    let app = TestApp::new().with_user("ada").await;
    let mut ada = app.surf_as("ada").await;
    let token = ada.csrf.clone();
    for path in DEEDS {
        for csrf in [None, Some(""), Some("wrong")] {
            let with: Vec<_> = csrf.iter().map(|csrf| ("csrf", *csrf)).chain(ALL_FIELDS).collect();
            let (answer, events) = app.events_of(ada.send(path, &with)).await;
            assert!(page(&answer, 403).contains("not sent by a page of this server"), "{path}");
            assert_eq!(events, ["access.denied denied csrf"], "{path} {csrf:?}");
        }
    }
    for (header, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let mut forged = app.surf().saying(header, value);
        forged.jar = ada.jar.clone();
        let (answer, events) =
            app.events_of(forged.send("/account/name", &[("csrf", &token), ("name", "X Y")])).await;
        page(&answer, 403);
        assert_eq!(events, ["access.denied denied csrf"], "{header}: {value}");
    }
    assert!(ada.is_in().await);
    assert_eq!(app.account("ada").unwrap().name.as_str(), "ada");
}

/// Another site neither logs a browser in nor makes an account in its place.
#[tokio::test]
async fn a_stranger_s_form_of_another_site_is_refused() {
    let app = TestApp::new().with_user("eve").await;
    let fields = [("email", "eve"), ("password", PASSWORD), ("name", "Eve Eve"), ("code", "123456")];
    for path in ["/login", "/login/code", "/login/code/send", "/register", "/verify-email/again"] {
        for (header, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
            let mut forged = app.surf().saying(header, value);
            let (answer, events) = app.events_of(forged.send(path, &fields)).await;
            page(&answer, 403);
            assert_eq!(events, ["access.denied denied csrf"], "{path}");
            assert_eq!(answer.set_cookies(), NONE);
        }
    }
}
