//! What the rules of forward-auth say of a request, without a server. Knows no terminal.

use serde::Serialize;

use super::failure::Failure;
use super::inspect;
use crate::config::Loaded;
use crate::domain::factor::FactorPolicy;
use crate::domain::forward_auth::{Need, Ruling, Target, is_method};
use crate::domain::held::Held;
use crate::domain::user::User;
use crate::store::{self, Abort, StoreError};

/// A request to an application, and who would send it.
#[derive(Debug)]
pub struct Request<'a> {
    /// The host.
    pub host: &'a str,
    /// The path.
    pub path: &'a str,
    /// The method.
    pub method: &'a str,
    /// The address, the username or the id of an account.
    pub user: Option<&'a str>,
}

/// What the rules say of it.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// The key of the rule that decides, such as `forward_auth.rule[0]`; nothing where none does.
    pub rule: Option<String>,
    /// What the request needs, as a rule names it; nothing where nobody may.
    pub needs: Option<String>,
    /// Why nobody may.
    pub refused: Option<&'static str>,
    /// Whether the account may, if one was named.
    pub user: Option<Verdict>,
}

/// Whether an account may.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// The account's address.
    pub email: String,
    /// Whether it may, once it is logged in.
    pub may: bool,
    /// Why, or why not.
    pub because: String,
}

/// What the rules say of `request`. About an account the store is asked, of a stopped server.
pub fn check(loaded: &Loaded, request: &Request<'_>) -> Result<Answer, Failure> {
    let policy = loaded.config.forward_auth.as_ref().ok_or_else(|| {
        Failure::new("there is no forward-auth")
            .help("set forward_auth.cookie_domain, and write a [[forward_auth.rule]]")
    })?;
    if !is_method(request.method) {
        return Err(Failure::new(format!("--method: {:?} is no method such as GET", request.method)));
    }
    let target = Target { host: request.host, path: request.path, method: request.method };
    let (need, rule, refused) = match policy.table.judge(target) {
        Ruling::Needs(need, at) => (Some(need), Some(format!("forward_auth.rule[{at}]")), None),
        Ruling::NoRule => (None, None, Some("no rule fits")),
        Ruling::Unclear => (
            None,
            None,
            Some("applications may read this path in ways for which the rules ask for different things"),
        ),
    };
    let user = request.user.map(|name| verdict(loaded, name, need)).transpose()?;
    Ok(Answer { rule, needs: need.map(named), refused, user })
}

/// The need as a rule names it.
fn named(need: Need) -> String {
    match need {
        Need::Public => "public".to_owned(),
        Need::Login => "login".to_owned(),
        Need::Permission(scope) => format!("permission:{scope}"),
    }
}

fn verdict(loaded: &Loaded, name: &str, need: Option<Need>) -> Result<Verdict, Failure> {
    let (store, _lock) = inspect::open(loaded)?;
    let found = store.read(|read| {
        let user = match name.parse() {
            Ok(id) => store::user::by_id(read, id)?,
            Err(_) => store::user::by_identifier(read, &name.to_ascii_lowercase())?,
        };
        let held = user.as_ref().map(|user| store::role::held(read, user)).transpose()?;
        Ok::<_, Abort<StoreError>>(user.zip(held))
    });
    let found = found.map_err(|abort| match abort {
        Abort::Rule(error) | Abort::Store(error) => Failure::from_error(&error),
    })?;
    let (user, held) = found.ok_or_else(|| Failure::new(format!("--user: there is no account {name:?}")))?;
    let factor =
        FactorPolicy { required_for: loaded.config.mfa.required_for.clone(), ..FactorPolicy::default() };
    let (may, because) = judged(&user, held, need, &factor);
    Ok(Verdict { email: user.email.as_str().to_owned(), may, because })
}

fn judged(user: &User, held: Held, need: Option<Need>, factor: &FactorPolicy) -> (bool, String) {
    let Some(need) = need else { return (false, "nobody may".to_owned()) };
    if need == Need::Public {
        return (true, "anybody may".to_owned());
    }
    if !user.status.is_usable() {
        return (false, format!("the account is {}", user.status));
    }
    let Need::Permission(scope) = need else { return (true, "a login is enough".to_owned()) };
    if let Some(missing) = scope.permissions().beyond(held.permissions) {
        return (false, format!("{missing} is missing"));
    }
    if !user.has_factor && factor.requires(held.roles) {
        return (false, "a role of the account asks for a second factor, and it has none".to_owned());
    }
    (true, format!("it holds {scope}"))
}
