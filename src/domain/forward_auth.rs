//! Which request to an application behind a proxy needs what: a table of rules by host, path and method, of which the
//! first that fits decides. Knows no proxy and no account.
//!
//! ## Decision: a path that two applications would read in two ways is let through by no rule
//! One application takes `/admin%2Fusers` for `/admin/users`, another does not; one joins `//`, one drops `;x=1`, one
//! does not tell `A` from `a`. So a path is read as it stands and in its plainest form: decoded, joined, without
//! parameters. Every other reading lies between these two: it fits all rules that the first fits and none that the
//! second does not. When all rules that the plainest form fits, down to the first that the path fits as it stands, ask
//! for the same, that is the answer; else there is none, and the request is refused. What no client of today sends, a
//! backslash or a segment of dots, in any encoding, is refused whatever the rules say. So nobody walks around a rule by
//! another spelling, and ordinary paths are read once.

pub mod app_url;
mod path;

use std::str::FromStr;
use std::time::Duration;

use super::permission::{NotAScope, Scope};
use path::plainest;

/// The name of the cookie that opens `/forward-auth` and nothing else. `__Secure-` makes a browser refuse it from a plain
/// connection; `__Host-` would keep it from the applications' hosts, which it is for.
pub const COOKIE: &str = "__Secure-latchkey-proxy";

/// Most rules.
pub const RULES_MAX: usize = 500;

/// Longest URL that is judged, in bytes.
pub const URL_BYTES_MAX: usize = 8 * 1024;

/// The rules of forward-auth that an operator may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardAuthPolicy {
    /// To which hosts browsers send the cookie: this one and all below it.
    pub cookie_domain: String,
    /// The rules.
    pub table: Table,
    /// The header of the signed identity, in lower case.
    pub identity_header: String,
    /// How long a signed identity lives: whole seconds.
    pub identity_ttl: Duration,
}

/// A request to an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target<'a> {
    /// The host, with or without a port.
    pub host: &'a str,
    /// The path, without the query.
    pub path: &'a str,
    /// The method.
    pub method: &'a str,
}

/// What a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing: anybody may.
    Public,
    /// A login.
    Login,
    /// A login that holds all that this stands for.
    Permission(Scope),
}

/// The text names no need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotANeed {
    /// It is none of the words.
    #[error(r#"expected "public", "login" or "permission:.." such as "permission:metrics:read""#)]
    Word,
    /// It asks for a permission that there is not.
    #[error(transparent)]
    Permission(#[from] NotAScope),
}

/// Which hosts a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hosts {
    /// This one.
    One(String),
    /// All below this one: `*.example.com`, and not `example.com` itself.
    Below(String),
}

/// The text names no hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(r#"expected a host such as "app.example.com", or "*.example.com" for all below it, without a port"#)]
pub struct NotHosts;

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// For which hosts.
    pub hosts: Hosts,
    /// For this path and all below it: `/admin` is for `/admin` and `/admin/x`, and not for `/administration`.
    pub path: String,
    /// For which methods, in capitals; none means all of them.
    pub methods: Vec<String>,
    /// What it asks for.
    pub need: Need,
}

/// The rules, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table(pub Vec<Rule>);

/// What a table says of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// It needs this, by the rule at this place, from 0.
    Needs(Need, usize),
    /// No rule fits: nobody may.
    NoRule,
    /// Spelt so that applications may read it in two ways for which the rules ask for two things: nobody may.
    Unclear,
}

impl Table {
    /// What `target` needs.
    pub fn judge(&self, target: Target<'_>) -> Ruling {
        let Some(host) = host(target.host) else { return Ruling::NoRule };
        let Some(plainest) = plainest(target.path) else { return Ruling::Unclear };
        let mut decided = None;
        for (at, rule) in self.0.iter().enumerate() {
            if !rule.is_about(&host, target.method) || !rule.covers_any_case(&plainest) {
                continue;
            }
            if decided.is_some_and(|(need, _)| need != rule.need) {
                return Ruling::Unclear;
            }
            let (need, first) = *decided.get_or_insert((rule.need, at));
            if rule.covers(target.path) {
                return Ruling::Needs(need, first);
            }
        }
        // A rule may fit, and it may be that none does.
        decided.map_or(Ruling::NoRule, |_| Ruling::Unclear)
    }

    /// Whether `host` has a rule.
    pub fn knows(&self, host: &str) -> bool {
        self::host(host).is_some_and(|host| self.0.iter().any(|rule| rule.hosts.fit(&host)))
    }
}

impl Rule {
    fn is_about(&self, host: &str, method: &str) -> bool {
        self.hosts.fit(host) && (self.methods.is_empty() || self.methods.iter().any(|one| one == method))
    }

    fn covers(&self, path: &str) -> bool {
        path.strip_prefix(self.base()).is_some_and(is_end_of_segment)
    }

    fn covers_any_case(&self, path: &str) -> bool {
        let base = self.base();
        let parts = path.split_at_checked(base.len());
        parts.is_some_and(|(start, rest)| start.eq_ignore_ascii_case(base) && is_end_of_segment(rest))
    }

    /// Whether `later` never decides, because this rule comes first.
    pub fn hides(&self, later: &Self) -> bool {
        let hosts = match (&self.hosts, &later.hosts) {
            (Hosts::Below(top), Hosts::Below(name)) => name == top || is_below(name, top),
            (Hosts::One(_), Hosts::Below(_)) => false,
            (hosts, Hosts::One(name)) => hosts.fit(name),
        };
        let has_all = later.methods.iter().all(|method| self.methods.contains(method));
        let methods = self.methods.is_empty() || (has_all && !later.methods.is_empty());
        hosts && methods && self.covers(later.path.trim_end_matches('/'))
    }

    fn base(&self) -> &str {
        self.path.trim_end_matches('/')
    }
}

fn is_end_of_segment(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('/')
}

/// A path as a rule names it: segments of letters, digits and the other characters that stand for themselves
/// everywhere, each parted from the next by one slash.
pub fn is_path_of_rule(path: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@/".contains(&b);
    path.starts_with('/') && path.bytes().all(is_plain) && plainest(path).is_some_and(|plain| plain == path)
}

/// A method as rules and proxies name it: RFC 9110 knows more characters, but nobody uses them.
pub fn is_method(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b == b'-' || b == b'_')
}

impl Hosts {
    fn fit(&self, host: &str) -> bool {
        match self {
            Self::One(one) => one == host,
            Self::Below(top) => is_below(host, top),
        }
    }

    /// Whether browsers send a cookie of `domain` to all of these hosts.
    pub fn are_within(&self, domain: &str) -> bool {
        let (Self::One(name) | Self::Below(name)) = self;
        name == domain || is_below(name, domain)
    }
}

/// Whether `host` stands below `top`, as `app.example.com` below `example.com`.
pub fn is_below(host: &str, top: &str) -> bool {
    host.strip_suffix(top).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

impl FromStr for Hosts {
    type Err = NotHosts;

    fn from_str(text: &str) -> Result<Self, NotHosts> {
        let below = text.strip_prefix("*.");
        let name = below.unwrap_or(text);
        if host(name).as_deref() != Some(name) {
            return Err(NotHosts);
        }
        Ok(if below.is_some() { Self::Below(name.to_owned()) } else { Self::One(name.to_owned()) })
    }
}

impl FromStr for Need {
    type Err = NotANeed;

    fn from_str(text: &str) -> Result<Self, NotANeed> {
        match (text, text.strip_prefix("permission:")) {
            ("public", _) => Ok(Self::Public),
            ("login", _) => Ok(Self::Login),
            (_, Some(permission)) => Ok(Self::Permission(permission.parse()?)),
            _ => Err(NotANeed::Word),
        }
    }
}

/// A host as rules name it: lower case, without port, brackets and final dot; `None` when it is no host.
pub fn host(text: &str) -> Option<String> {
    let (name, port) = match text.strip_prefix('[') {
        Some(v6) => v6.split_once(']')?,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let port_is_good = port.is_empty()
        || port.strip_prefix(':').is_some_and(|port| (1..=5).contains(&port.len()) && is_digits(port));
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:".contains(&b);
    let labels_are_good = !name.starts_with('.') && !name.contains("..");
    let is_good = (1..=253).contains(&name.len()) && name.bytes().all(is_plain) && labels_are_good;
    (port_is_good && is_good).then_some(name)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests;
