//! The API keys view: every key, whose it is, how it is used, and the end of it. Knows nothing of lists in general.

use serde_json::json;

use super::list::More;
use super::{Cell, Change, Column, Detail, Field, ListSpec, Sent, ViewSpec, Width};
use crate::console::action::{ActionSpec, Danger, Run, When};
use crate::console::conn::{Answer, Problem, Request};
use crate::console::look::Look;
use crate::console::model::deeds::{Asks, Deed, Form, Question, Target};
use crate::console::model::rows::Page;
use crate::console::moment::{Moment, brief, parse_brief};
use crate::console::safe::Safe;
use crate::console::theme::Token;
use crate::wire::api_key::{AllApiKeys, NewApiKey, OwnedApiKey};
use crate::wire::audit::AuditLog;
use crate::wire::user::User;

/// The view.
pub static LIST: ListSpec<OwnedApiKey> = ListSpec {
    view: ViewSpec {
        open: ActionSpec::open("keys", "API keys", &["6"]),
        title: "Keys",
        aliases: &["k", "key", "api-keys"],
        needs: "users:update",
        actions: ACTIONS,
        fields: FIELDS,
    },
    path: PATH,
    read,
    id: |owned| &owned.key.id,
    columns: COLUMNS,
    detail,
    facts,
    target: |owned| Target { id: owned.key.id.clone(), name: owned.key.prefix.clone(), is_mine: false },
    change,
    passes: |_, _, _| None,
    more: MORE,
    empty: "There are no API keys.",
};

const PATH: &str = "/api/v1/api-keys";

const ACTIONS: &[ActionSpec] = &[
    ActionSpec::deed(
        ("keys.revoke", "revoke", "Revoke them; they stop working at once."),
        &["d"],
        "users:update",
        &REVOKE,
    ),
    ActionSpec {
        id: "keys.create",
        name: "create",
        help: "Make your own key, shown once.",
        keys: &["n"],
        when: When::Always,
        needs: None,
        danger: Danger::Write,
        run: Run::Deed(&CREATE),
    },
];

static REVOKE: Deed = Deed {
    verb: "REVOKE",
    done: "revoked",
    things: ("API key", "API keys"),
    request: |target| Request::delete(format!("{PATH}/{}", target.id)),
    asks: Asks::Reason,
    undo: "cannot be undone; whatever uses it stops working",
};

static CREATE: Deed = Deed {
    verb: "CREATE",
    done: "created",
    things: ("API key", "API keys"),
    // The body is what the form says.
    request: |_| Request::post("/api/v1/users/me/api-keys", ""),
    asks: Asks::Form(&FORM),
    undo: "its text is in the answer and never again",
};

static FORM: Form = Form {
    questions: &[
        Question {
            name: "name",
            help: "what to call it",
            check: |text| needed(text, "the key needs a name"),
        },
        Question {
            name: "scopes",
            help: "as metrics:read audit:read",
            check: |text| needed(text, "a key without a scope may do nothing"),
        },
        Question { name: "ends in", help: "as 30d; empty: never", check: age },
        Question { name: "networks", help: "as 203.0.113.0/24; empty: anywhere", check: |_| Ok(()) },
    ],
    body,
    secret: |answer| answer.read::<NewApiKey>().ok().map(|made| made.api_key),
};

fn needed(text: &str, why: &str) -> Result<(), String> {
    if text.is_empty() { Err(why.to_owned()) } else { Ok(()) }
}

fn age(text: &str) -> Result<(), String> {
    let is_age = text.is_empty() || parse_brief(text).is_some();
    if is_age { Ok(()) } else { Err("that is no time such as 12h or 30d".to_owned()) }
}

/// What the form says, as the operation takes it; words are parted by blanks or commas.
fn body(said: &[String], now: Moment) -> String {
    let text = |index: usize| said.get(index).map(String::as_str).unwrap_or_default();
    let words =
        |index| -> Vec<&str> { text(index).split([' ', ',']).filter(|word| !word.is_empty()).collect() };
    let ends = parse_brief(text(2)).map(|age| now.plus(age).rfc3339());
    let mut body = json!({ "name": text(0), "scopes": words(1), "ip_allowlist": words(3) });
    if let (Some(body), Some(ends)) = (body.as_object_mut(), ends) {
        body.insert("expires_at".to_owned(), ends.into());
    }
    body.to_string()
}

/// What is typed for keys that should be changed, and what is sent.
const DUE: &[(&str, &str)] = &[("yes", "true")];

const FIELDS: &[Field] = &[
    Field { name: "user", help: "of one account, by id, address or name", sent: Sent::Person("user_id") },
    Field {
        name: "due",
        help: "yes: its text is so old that it should be changed",
        sent: Sent::Choice("rotation_due", DUE),
    },
];

const COLUMNS: &[Column<OwnedApiKey>] = &[
    Column {
        title: "KEY",
        width: Width::Fixed(11),
        rank: 0,
        cell: |row, _| Safe::new(&row.key.prefix).into(),
    },
    Column { title: "STATE", width: Width::Fixed(6), rank: 2, cell: state },
    Column {
        title: "NAME",
        width: Width::AtLeast(14),
        rank: 1,
        cell: |row, _| Safe::name(&row.key.name).into(),
    },
    Column {
        title: "OWNER",
        width: Width::Fixed(12),
        rank: 3,
        cell: |row, look| look.account(&row.user_id).into(),
    },
    Column { title: "SCOPES", width: Width::AtLeast(12), rank: 5, cell: |row, _| scopes(row).into() },
    Column { title: "USED", width: Width::Fixed(6), rank: 4, cell: used },
    Column { title: "ENDS", width: Width::Fixed(7), rank: 4, cell: |row, look| ends(row, look.now) },
];

fn read(answer: &Answer) -> Result<Page<OwnedApiKey>, Problem> {
    let page: AllApiKeys = answer.read()?;
    Ok(Page { rows: page.api_keys, next: page.next_cursor })
}

/// What is special about it.
fn state(row: &OwnedApiKey, look: &Look) -> Cell {
    let is_over = row.key.expires_at.as_deref().and_then(Moment::parse).is_some_and(|at| at <= look.now);
    let (word, token) = if is_over {
        ("ended", Token::Muted)
    } else if row.key.canary {
        ("bait", Token::Info)
    } else if row.key.rotation_due {
        ("old", Token::Warn)
    } else {
        ("ok", Token::Ok)
    };
    Cell(Safe::from(word), token)
}

fn scopes(row: &OwnedApiKey) -> Safe {
    Safe::new(&row.key.scopes.join(" "))
}

fn used(row: &OwnedApiKey, look: &Look) -> Cell {
    match &row.key.last_used_at {
        Some(at) => look.age(at).into(),
        None => Cell(Safe::from("never"), Token::Muted),
    }
}

/// How long it still works.
fn ends(row: &OwnedApiKey, now: Moment) -> Cell {
    let Some(at) = row.key.expires_at.as_deref() else { return Cell(Safe::from("never"), Token::Muted) };
    match Moment::parse(at).map(|at| at.since(now)) {
        None => Safe::new(at).into(),
        Some(left) if left.is_zero() => Cell(Safe::from("over"), Token::Muted),
        Some(left) if left.as_secs() < 7 * 86_400 => {
            Cell(Safe::new(&format!("! {}", brief(left))), Token::Warn)
        }
        Some(left) => Safe::new(&brief(left)).into(),
    }
}

fn detail(row: &OwnedApiKey, look: &Look) -> Vec<Detail> {
    let key = &row.key;
    let ago = |at: &str| format!("{}  {} ago", Safe::new(at), look.age(at));
    let networks: Vec<String> = key.ip_allowlist.iter().map(|ip| look.place(ip).to_string()).collect();
    let from = if networks.is_empty() { "anywhere".to_owned() } else { networks.join(" ") };
    let what = key.description.as_deref().map(|text| format!("  {text}")).unwrap_or_default();
    let rate = format!("{} requests in {} s", key.rate_limit, key.rate_limit_period);
    let old = if key.rotation_due { ": old, it should be rotated" } else { "" };
    let made =
        format!("{} ago, its secret {} ago{old}", look.age(&key.created_at), look.age(&key.rotated_at));
    vec![
        ("key", Safe::new(&format!("{}  {}{what}", key.prefix, key.name)).into()),
        ("id", Safe::new(&key.id).into()),
        ("scopes", scopes(row).into()),
        ("from", Safe::new(&from).into()),
        ("used", Safe::new(&key.last_used_at.as_deref().map_or_else(|| "never".to_owned(), ago)).into()),
        ("ends", Safe::new(key.expires_at.as_deref().unwrap_or("never")).into()),
        ("rate", Safe::new(&rate).into()),
        ("made", Safe::new(&made).into()),
    ]
}

/// What the details show of the owner.
const MORE: &[More<OwnedApiKey>] = &[More {
    part: "owner",
    request: |owned| Request::get(format!("/api/v1/users/{}", owned.user_id)),
    read: |answer, look| {
        let owner: User = answer.read()?;
        let text = format!("{}  {}", look.person(&owner.email), owner.status);
        Ok(vec![("owner", Safe::new(&text).into())])
    },
}];

fn facts(row: &OwnedApiKey) -> Vec<(&'static str, String)> {
    vec![("id", row.key.id.clone()), ("user", row.user_id.clone())]
}

fn change(event: &AuditLog) -> Change<OwnedApiKey> {
    let key = event.details.get("api_key").and_then(|id| id.as_str());
    match (event.action.as_str(), key) {
        _ if event.outcome != "success" => Change::None,
        ("api_key.revoked", Some(id)) => Change::Remove(id.to_owned()),
        ("api_key.created" | "api_key.updated" | "api_key.rotated" | "user.deleted", _) => Change::Reload,
        _ => Change::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_becomes_a_body_that_the_operation_takes() {
        let said = ["ci", "metrics:read, audit:read", "2h", ""].map(str::to_owned);
        let now = Moment::parse("2026-11-21T12:00:00.000Z").unwrap();
        let form: crate::wire::api_key::CreateApiKey = serde_json::from_str(&body(&said, now)).unwrap();
        assert_eq!(form.scopes, ["metrics:read", "audit:read"]);
        assert_eq!(form.expires_at.as_deref(), Some("2026-11-21T14:00:00.000Z"));
        assert_eq!(form.ip_allowlist, Some(Vec::new()));
        assert!(age("soon").is_err() && age("").is_ok() && needed("", "x").is_err());
    }
}
