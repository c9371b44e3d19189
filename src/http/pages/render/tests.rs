//! Every page: escaping, what a strict policy allows, what a screen reader needs, contrast.

use super::abroad::TurnedAway;
use super::account::{Asked, Blamed, LinkView, Own, Person, SessionView, Told};
use super::data::{Copy, EventView};
use super::factor::{AppOn, Drawing, Factors};
use super::key::{KeyForm, KeyView};
use super::login::{CodeForm, LoginForm, RegisterForm};
use super::*;
use proptest::prelude::*;

const HOSTILE: &str = "\"><script>alert('x')</script><img src=x onerror=alert(1)>{{body}}\u{202e}\0";

fn view(id: MailId, words: &str) -> MailView<'_> {
    let sent_at = Timestamp::from_seconds(1_700_000_000);
    MailView { id, to: words, from: words, subject: words, text: words, html: words, sent_at }
}

fn id() -> MailId {
    MailId::new(Timestamp::from_seconds(1_700_000_000), &[7; 10])
}

/// Every page there is, with `words` wherever a value can stand.
fn all_pages(words: &str) -> Vec<String> {
    let pages = Pages::load(words).unwrap();
    [public_pages(&pages, words), own_pages(&pages, words), factor_pages(&pages, words)].concat()
}

fn own_pages(pages: &Pages, words: &str) -> Vec<String> {
    let own = Own { csrf: words, told: Told::Problem(words), has_links: true };
    let done = Own { told: Told::Done(words), ..own };
    let person = Person { name: words, email: words, username: words, since: words };
    let text = || words.to_owned();
    let providers = vec![(text(), text())];
    let session =
        SessionView { id: text(), agent: text(), place: text(), since: text(), used: text(), is_this: false };
    let this = SessionView { is_this: true, ..session.clone() };
    let link = LinkView { id: text(), title: text(), email: text(), since: text() };
    let key = KeyView { id: text(), name: text(), hint: text(), scopes: text(), life: text() };
    let event = EventView {
        what: text().into(),
        outcome: Some("Refused"),
        reason: Some(text()),
        at: text(),
        whence: text(),
    };
    let form = KeyForm { name: words, scopes: vec![("metrics:read", true), ("metrics:create", false)] };
    vec![
        pages.account(&done, &person),
        pages.name_form(&own, words),
        pages.email_form(&own, (words, words)),
        pages.password_form(&own, (words, words), Blamed::New),
        pages.proof_form(&own, words, Asked::Password(words, &providers)),
        pages.proof_form(&own, words, Asked::Code(true)),
        pages.sessions(&done, &[this, session], true),
        pages.links(&own, &[link], &providers),
        pages.links(&own, &[], &providers),
        pages.link_go(&own, words, words),
        pages.keys(&done, &[]),
        pages.keys(&done, std::slice::from_ref(&key)),
        pages.key_form(&own, &form),
        pages.key_made(&done, words, Some(words)),
        pages.key(&done, &key, words),
        pages.data(&own, &Copy { before: Some(1), older: Some(2), may_delete: true }),
        pages.delete_form(&own, words, true),
        pages.activity(&own, &[event], (true, Some(2))),
    ]
}

fn factor_pages(pages: &Pages, words: &str) -> Vec<String> {
    let own = Own { csrf: words, told: Told::Problem(words), has_links: false };
    let drawing = Drawing { side: 33, path: words.to_owned() };
    let on = AppOn { since: words, codes_left: 5, is_removal: true };
    let factors = Factors { app_since: Some(words), phone: Some(Some(words)) };
    vec![
        pages.security(&own, &factors),
        pages.app_off(&own, words),
        pages.app_code(&own, &drawing, (words, words)),
        pages.app_on(&own, &on),
        pages.backup_codes(&own, &[words, words], ("Done.", words)),
        pages.phone_off(&own),
        pages.phone_code(&own, words),
        pages.phone_on(&own, words),
    ]
}

fn public_pages(pages: &Pages, words: &str) -> Vec<String> {
    let providers = vec![(words.to_owned(), words.to_owned())];
    let login = LoginForm {
        problem: Some(words),
        email: words,
        return_to: words,
        providers: &providers,
        may_register: true,
    };
    let code = CodeForm { problem: Some(words), hint: words, return_to: words, has_phone: true };
    let register =
        RegisterForm { problem: Some(words), is_password: true, name: words, email: words, rules: words };
    let form = SetupForm { problem: Some(words), code: words, email: words, name: words };
    vec![
        pages.verify_confirm(words),
        pages.verify_done(),
        pages.verify_invalid(),
        pages.reset_form(&ResetForm { problem: None, token: words, rules: words }),
        pages.reset_form(&ResetForm { problem: Some(words), token: words, rules: words }),
        pages.reset_done(),
        pages.reset_invalid(),
        pages.forgot_form(),
        pages.forgot_sent(),
        pages.login_form(&login),
        pages.login_form(&LoginForm::default()),
        pages.code_form(&code),
        pages.logout_form(words, words, words),
        pages.logged_out(words),
        pages.logged_in(words),
        pages.register_form(&register),
        pages.register_done(),
        pages.verify_again(),
        pages.notice(words, words),
        pages.error(words, words, words),
        pages.setup_form(&SetupForm::default()),
        pages.setup_form(&form),
        pages.setup_done(words),
        pages.setup_closed(),
        pages.mailbox([]),
        pages.mailbox([view(id(), words), view(id(), words)]),
        pages.mail(&view(id(), words)),
    ]
}

/// The tags of a page in order, without what stands between them.
fn tags(page: &str) -> Vec<&str> {
    page.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or("")).collect()
}

/// A page for the host of an application: it has its style with it.
fn turned_away(words: &str) -> String {
    let ways = [("Your account", words.to_owned())];
    let name = Some(words);
    Pages::load(words).unwrap().turned_away(&TurnedAway {
        title: words,
        message: words,
        name,
        ways: &ways,
        request_id: words,
        nonce: words,
        logo: words,
    })
}

#[test]
fn a_page_abroad_has_its_style_with_it_and_asks_for_nothing() {
    let page = turned_away("x");
    assert!(page.contains(&format!("<style nonce=\"x\">\n{PAGE_CSS}\n</style>")));
    for needed in ["<html lang=\"en\">", "<title>", "<h1>", "<main id=\"main\">", "name=\"viewport\""] {
        assert_eq!(page.matches(needed).count(), 1, "{needed}");
    }
    for foreign in ["<script", "<link", "<form", "src=", " style="] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}

#[test]
fn hostile_words_stay_words_on_every_page() {
    let both = |words| [all_pages(words), vec![turned_away(words)]].concat();
    for (hostile, tame) in both(HOSTILE).iter().zip(both("x")) {
        let names =
            |page| tags(page).iter().map(|tag| tag.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(names(hostile), names(&tame), "{hostile}");
        assert!(!hostile.contains("<script") && !hostile.contains('\0'));
    }
}

#[test]
fn nothing_on_a_page_needs_more_than_a_strict_policy_allows() {
    for page in all_pages("x") {
        for tag in tags(&page) {
            assert!(
                !tag.starts_with("script") && !tag.starts_with("style") && !tag.starts_with("iframe"),
                "{tag}"
            );
            assert!(!tag.contains(" style=") && !tag.contains(" on"), "{tag}");
            assert!(!tag.contains("//"), "another origin: {tag}");
        }
    }
    assert!(!PAGE_CSS.contains("url(") && !PAGE_CSS.contains("@import"));
}

#[test]
fn every_page_has_language_title_one_heading_and_landmarks() {
    for page in all_pages("Acme") {
        assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">"));
        for needed in [
            "<title>",
            "<h1>",
            "<main id=\"main\">",
            "<header ",
            "name=\"viewport\"",
            "name=\"referrer\" content=\"same-origin\"",
        ] {
            assert_eq!(page.matches(needed).count(), 1, "{needed} in {page}");
        }
        for tag in tags(&page).iter().filter(|tag| tag.starts_with("input") && !tag.contains("hidden")) {
            if tag.contains("aria-label=") || tag.contains("type=\"checkbox\"") {
                continue;
            }
            let id = tag.split("id=\"").nth(1).unwrap().split('"').next().unwrap();
            assert!(page.contains(&format!("<label for=\"{id}\">")), "{tag}");
        }
    }
}

#[test]
fn errors_are_announced_and_the_password_is_never_shown_again() {
    let pages = Pages::load("Acme").unwrap();
    let form = SetupForm {
        problem: Some("The setup code is wrong."),
        email: "ada@example.com",
        ..Default::default()
    };
    let page = pages.setup_form(&form);
    assert!(page.contains("role=\"alert\" class=\"problem\" id=\"problem\">The setup code is wrong.<"));
    assert!(page.contains("value=\"ada@example.com\""));
    let password = tags(&page).into_iter().find(|tag| tag.contains("type=\"password\"")).unwrap().to_owned();
    assert!(!password.contains("value="));
    assert!(!pages.setup_form(&SetupForm::default()).contains("role=\"alert\""));
    assert!(pages.verify_invalid().contains("role=\"alert\""));
    assert!(pages.error("Gone", "Not here.", "req-1").contains("<code>req-1</code>"));
}

#[test]
fn the_verification_button_posts_the_token() {
    let page = Pages::load("Acme").unwrap().verify_confirm("t0k-en_");
    assert!(page.contains("<form method=\"post\" action=\"/verify-email\">"));
    assert!(page.contains("<input type=\"hidden\" name=\"token\" value=\"t0k-en_\">"));
}

#[test]
fn the_form_for_a_new_password_keeps_the_token_and_no_password() {
    let form = ResetForm { problem: Some("Too short."), token: "t0k-en_", rules: "8 or more." };
    let page = Pages::load("Acme").unwrap().reset_form(&form);
    assert!(page.contains("<form method=\"post\" action=\"/reset-password\">"));
    assert!(page.contains("<input type=\"hidden\" name=\"token\" value=\"t0k-en_\">"));
    assert!(page.contains("role=\"alert\"") && page.contains("Too short.") && page.contains("8 or more."));
    let typed = tags(&page).into_iter().filter(|tag| tag.contains("type=\"password\"")).collect::<Vec<_>>();
    assert_eq!(typed.len(), 2);
    assert!(typed.iter().all(|tag| !tag.contains("value=") && tag.contains("autocomplete=\"new-password\"")));
}

#[test]
fn only_web_links_of_a_mail_can_be_clicked() {
    let text = "open\nhttps://a.example/?token=x&y=\"z\n\njavascript:alert(1) http://b.example end";
    let html = with_links(text).into_string();
    assert_eq!(
        html,
        "open\n<a href=\"https://a.example/?token=x&amp;y=&quot;z\">https://a.example/?token=x&amp;y=&quot;z</a>\n\n\
         javascript:alert(1) <a href=\"http://b.example\">http://b.example</a> end"
    );
}

#[test]
fn a_mail_is_listed_by_subject_and_linked_by_id() {
    let page = Pages::load("Acme").unwrap().mailbox([view(id(), "Hello")]);
    assert!(page.contains(&format!("<a href=\"/dev/mailbox/{}\"><bdi class=\"subject\">Hello</bdi>", id())));
    assert!(page.contains("datetime=\"2023-11-14T22:13:20.000Z\""));
}

#[test]
fn text_contrast_is_at_least_four_and_a_half_and_fields_three_in_both_themes() {
    let (light, dark) = PAGE_CSS.split_once("@media (prefers-color-scheme: dark)").unwrap();
    for theme in [light, dark] {
        let colour = |name: &str| {
            let hex = theme.split(&format!("--{name}: #")).nth(1).unwrap().get(..6).unwrap();
            luminance(u32::from_str_radix(hex, 16).unwrap())
        };
        let contrast = |a, b| {
            let (a, b): (f64, f64) = (colour(a), colour(b));
            (a.max(b) + 0.05) / (a.min(b) + 0.05)
        };
        let grounds = ["ground", "card", "well"];
        for text in ["text", "quiet", "accent", "accent-strong"] {
            for ground in grounds {
                assert!(contrast(text, ground) >= 4.5, "{text} on {ground}: {}", contrast(text, ground));
            }
        }
        assert!(contrast("on-accent", "accent") >= 4.5 && contrast("on-accent", "accent-strong") >= 4.5);
        assert!(contrast("problem", "problem-ground") >= 4.5);
        assert!(contrast("field", "card") >= 3.0);
    }
}

/// Relative luminance of an sRGB colour (WCAG 2).
fn luminance(rgb: u32) -> f64 {
    let channel = |shift: u32, weight: f64| {
        let value = f64::from((rgb >> shift) & 0xff) / 255.0;
        weight * if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    channel(16, 0.2126) + channel(8, 0.7152) + channel(0, 0.0722)
}

proptest! {
    #[test]
    fn no_words_change_the_shape_of_a_page(words in any::<String>()) {
        let pages = Pages::load("Acme").unwrap();
        let shown = pages.notice(&words, &words);
        let plain = pages.notice("x", "x");
        prop_assert_eq!(tags(&shown), tags(&plain));
    }
}
