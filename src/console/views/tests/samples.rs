//! Answers that a server could give, hostile ones among them.

use poem_openapi::types::Example;

use crate::console::tests::Stage;
use crate::wire::api_key::{AllApiKeys, ApiKey, OwnApiKeys, OwnedApiKey};
use crate::wire::audit::AuditPage;
use crate::wire::outbox::{OutboxMail, OutboxPage};
use crate::wire::server::{Server, ServerConfig, ServerSetting, StrainedLimits};
use crate::wire::session::SessionList;
use crate::wire::signing_key::{SigningKey, SigningKeyList};
use crate::wire::stats::Stats;
use crate::wire::user::{User, UserPage};
use crate::wire::user_care::FactorsOfUser;

pub(super) const HOSTILE: &str = "\u{202E}\u{200B}\u{1b}[2J\u{7f}\u{E0041}\u{ad}\u{feff}\r\n\u{9b}x";

pub(super) fn user(n: usize) -> User {
    let names = ["mia", "jo", "li.wei", "\u{430}dmin"];
    let name = names[n % 4];
    User {
        id: format!("019a1f0c-1111-7000-8000-{n:012}"),
        email: format!("{name}{n}@example.com"),
        username: name.to_owned(),
        name: format!("{name} \u{202E}x"),
        status: ["active", "active", "suspended", "pending"][n % 4].to_owned(),
        mfa_enabled: n.is_multiple_of(3),
        roles: vec!["viewer".to_owned(), format!("role{}", n % 5)],
        created_at: format!("2026-11-{:02}T12:00:00.000Z", 20 - n % 20),
        ..User::example()
    }
}

pub(super) fn users(count: usize, more: Option<&str>) -> UserPage {
    UserPage {
        users: (0..count).map(user).collect(),
        next_cursor: more.map(str::to_owned),
        ..UserPage::example()
    }
}

pub(super) fn key(n: usize) -> OwnedApiKey {
    OwnedApiKey {
        user_id: user(n).id,
        key: ApiKey {
            id: format!("019a1f0c-2222-7000-8000-{n:012}"),
            name: format!("ci {n} \u{1b}[31m"),
            prefix: format!("lk_Aa{n:03}"),
            expires_at: [
                None,
                Some("2026-11-23T12:00:00.000Z"),
                Some("2027-05-01T00:00:00.000Z"),
                Some("2026-01-01T00:00:00Z"),
            ][n % 4]
                .map(str::to_owned),
            last_used_at: (n.is_multiple_of(2)).then(|| "2026-11-21T12:30:00.000Z".to_owned()),
            rotation_due: n.is_multiple_of(5),
            canary: n % 7 == 6,
            ip_allowlist: vec!["203.0.113.0/24".to_owned()],
            ..ApiKey::example()
        },
    }
}

pub(super) fn keys(count: usize, more: Option<&str>) -> AllApiKeys {
    AllApiKeys {
        api_keys: (0..count).map(key).collect(),
        next_cursor: more.map(str::to_owned),
        ..AllApiKeys::example()
    }
}

pub(super) fn mail(n: usize, state: &str) -> OutboxMail {
    OutboxMail {
        id: format!("019a1f0c-3333-7000-8000-{n:012}"),
        to: format!("mia{n}@example.com"),
        state: state.to_owned(),
        last_error: Some(format!("451 greylisted {HOSTILE}")),
        next_attempt_at: (state == "waiting").then(|| "2026-11-21T12:45:00.000Z".to_owned()),
        ..OutboxMail::example()
    }
}

pub(super) fn ring() -> SigningKeyList {
    let key = |kid: &str, stage: &'static str| SigningKey {
        kid: kid.to_owned(),
        stage: stage.into(),
        ..SigningKey::example()
    };
    SigningKeyList {
        keys: vec![key("aaaa0001", "next"), key("bbbb0002", "current"), key("cccc0003", "retired")],
    }
}

pub(super) fn settings() -> ServerConfig {
    let setting = |n: usize| ServerSetting {
        key: format!("section.setting_{n}"),
        value: (!n.is_multiple_of(9)).then(|| format!("\"value {n}\"")),
        source: if n.is_multiple_of(4) { "file" } else { "default" }.to_owned(),
        changed: n.is_multiple_of(4),
    };
    ServerConfig { settings: (0..60).map(setting).collect() }
}

pub(super) fn fill(stage: &mut Stage, view: &str) {
    match view {
        "users" => stage.answer(view, "page", &users(40, Some("next"))),
        "keys" => stage.answer(view, "page", &keys(40, Some("next"))),
        _ => {
            let mails = vec![mail(1, "waiting"), mail(2, "dead")];
            stage.answer(view, "server", &Server::example());
            stage.answer(view, "stats", &Stats::example());
            stage.answer(view, "limits", &StrainedLimits::example());
            stage.answer(view, "mails", &OutboxPage { mails, ..OutboxPage::example() });
            stage.answer(view, "keys", &ring());
            stage.answer(view, "config", &settings());
        }
    }
}

pub(super) fn none(stage: &mut Stage, view: &str) {
    match view {
        "users" => stage.answer(view, "page", &users(0, None)),
        "keys" => stage.answer(view, "page", &keys(0, None)),
        _ => {
            fill(stage, view);
            stage.answer(view, "limits", &StrainedLimits { limits: Vec::new(), capped: false });
            stage.answer(view, "mails", &OutboxPage { mails: Vec::new(), ..OutboxPage::example() });
            stage.answer(view, "keys", &SigningKeyList { keys: Vec::new() });
        }
    }
}

pub(super) fn more(stage: &mut Stage, view: &str) {
    if view == "users" {
        let held = Some(vec!["audit:read".into(), "users:read".into()]);
        stage.answer(view, "factors", &FactorsOfUser::example());
        stage.answer(view, "may", &User { permissions: held, ..user(0) });
        stage.answer(view, "sessions", &SessionList::example());
        stage.answer(view, "keys", &OwnApiKeys::example());
        stage.answer(view, "trail", &AuditPage::example());
    } else if view == "keys" {
        stage.answer(view, "owner", &user(0));
    }
}
