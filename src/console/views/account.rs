//! One account: what is done to it, and what its details show beside the row. Knows no list.

use super::list::More;
use super::{Cell, Detail, sign};
use crate::console::conn::{Answer, Problem, Request};
use crate::console::look::Look;
use crate::console::model::deeds::{Asks, Deed, Target, counted};
use crate::console::safe::Safe;
use crate::console::theme::Token;
use crate::wire::api_key::OwnApiKeys;
use crate::wire::audit::AuditPage;
use crate::wire::session::SessionList;
use crate::wire::user::User;
use crate::wire::user_care::FactorsOfUser;
use crate::wire::word::Word;

const ACCOUNTS: (&str, &str) = ("account", "accounts");

/// A path below the account.
fn below(id: &str, what: &str) -> String {
    format!("/api/v1/users/{id}{what}")
}

fn with_status(target: &Target, status: &str) -> Request {
    Request::put(below(&target.id, ""), format!("{{\"status\":\"{status}\"}}"))
}

pub(super) static DISABLE: Deed = Deed {
    verb: "DISABLE",
    done: "disabled",
    things: ACCOUNTS,
    request: |target| with_status(target, "suspended"),
    asks: Asks::Reason,
    undo: "ends their sessions; enable undoes it. The last super administrator stays.",
};

pub(super) static ENABLE: Deed = Deed {
    verb: "ENABLE",
    done: "enabled",
    things: ACCOUNTS,
    request: |target| with_status(target, "active"),
    asks: Asks::Reason,
    undo: "disable undoes it",
};

pub(super) static LOG_OUT: Deed = Deed {
    verb: "LOG OUT",
    done: "logged out",
    things: ACCOUNTS,
    request: |target| Request::post(below(&target.id, "/logout-all"), ""),
    asks: Asks::Reason,
    undo: "cannot be undone; they may log in again",
};

pub(super) static RESET_FACTORS: Deed = Deed {
    verb: "RESET MFA OF",
    done: "reset the second factors of",
    things: ACCOUNTS,
    request: |target| Request::delete(below(&target.id, "/factors/all")),
    asks: Asks::Reason,
    undo: "cannot be undone: a password alone logs in until they enrol again",
};

pub(super) static RESET_PASSWORD: Deed = Deed {
    verb: "RESET PASSWORD OF",
    done: "reset the password of",
    things: ACCOUNTS,
    request: |target| Request::post(below(&target.id, "/password-reset"), ""),
    asks: Asks::Reason,
    undo: "cannot be undone: only the mailed link sets a new one; API keys stay",
};

pub(super) static UNLOCK: Deed = Deed {
    verb: "UNLOCK",
    done: "unlocked",
    things: ACCOUNTS,
    request: |target| Request::post(below(&target.id, "/unlock"), ""),
    asks: Asks::Reason,
    undo: "whoever guesses may go on; was it the owner who asked?",
};

/// What the details of an account show beside its row.
pub(super) const MORE: &[More<User>] = &[
    More { part: "factors", request: |user| Request::get(below(&user.id, "/factors")), read: factors },
    More { part: "may", request: |user| Request::get(below(&user.id, "")), read: may },
    More { part: "sessions", request: |user| Request::get(below(&user.id, "/sessions")), read: sessions },
    More {
        part: "keys",
        request: |user| Request::get(below(&user.id, "/api-keys")).with("limit", "10"),
        read: keys,
    },
    More {
        part: "trail",
        request: |user| {
            Request::get("/api/v1/audit/logs").with("user_id", user.id.as_str()).with("limit", "5")
        },
        read: trail,
    },
];

fn none(name: &'static str) -> Detail {
    (name, Cell(Safe::from("none"), Token::Muted))
}

fn factors(answer: &Answer, look: &Look) -> Result<Vec<Detail>, Problem> {
    let found: FactorsOfUser = answer.read()?;
    if found.factors.is_empty() {
        return Ok(vec![none("factors")]);
    }
    let mut parts: Vec<String> = found
        .factors
        .iter()
        .map(|factor| format!("{} since {}", factor.r#type, look.age(&factor.enrolled_at)))
        .collect();
    parts.push(format!("{} left", counted(whole(found.backup_codes_left), ("backup code", "backup codes"))));
    Ok(vec![("factors", Safe::new(&parts.join(", ")).into())])
}

fn may(answer: &Answer, _look: &Look) -> Result<Vec<Detail>, Problem> {
    let user: User = answer.read()?;
    let held = user.permissions.unwrap_or_default();
    if held.is_empty() {
        return Ok(vec![none("may")]);
    }
    let names: Vec<&str> = held.iter().map(Word::as_str).collect();
    let text = format!("{}: {}", counted(held.len(), ("permission", "permissions")), names.join(" "));
    Ok(vec![("may", Safe::new(&text).into())])
}

fn sessions(answer: &Answer, look: &Look) -> Result<Vec<Detail>, Problem> {
    let found: SessionList = answer.read()?;
    // Times of one format order as they are written.
    let Some(last) = found.sessions.iter().max_by_key(|session| &session.last_used_at) else {
        return Ok(vec![none("sessions")]);
    };
    let more = if found.next_cursor.is_some() { "+" } else { "" };
    let text = format!(
        "{}{more} live; last used {} ago from {}",
        found.sessions.len(),
        look.age(&last.last_used_at),
        look.place(&last.ip_address)
    );
    Ok(vec![("sessions", Safe::new(&text).into())])
}

fn keys(answer: &Answer, _look: &Look) -> Result<Vec<Detail>, Problem> {
    let found: OwnApiKeys = answer.read()?;
    if found.api_keys.is_empty() {
        return Ok(vec![none("keys")]);
    }
    let more = if found.next_cursor.is_some() { ", .." } else { "" };
    let names: Vec<String> =
        found.api_keys.iter().map(|key| format!("{} ({})", key.prefix, key.name)).collect();
    Ok(vec![("keys", Safe::new(&format!("{}{more}", names.join(", "))).into())])
}

fn trail(answer: &Answer, look: &Look) -> Result<Vec<Detail>, Problem> {
    let page: AuditPage = answer.read()?;
    let lines = page.logs.iter().map(|event| {
        let Cell(word, token) = sign::outcome(event);
        let from = event.ip_address.as_deref().map(|ip| look.place(ip)).unwrap_or_default();
        let text =
            format!("{:>6} ago  {word:<4} {}  {from}", look.age(&event.created_at).as_str(), event.action);
        ("trail", Cell(Safe::new(&text), token))
    });
    let lines: Vec<Detail> = lines.collect();
    Ok(if lines.is_empty() { vec![none("trail")] } else { lines })
}

fn whole(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
