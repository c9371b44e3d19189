//! `[forward_auth]` and `[[forward_auth.rule]]`: applications behind proxies that ask this server. Knows no requests.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;

use super::MINUTE;
use super::public_url::PublicUrl;
use super::reader::Reader;
use crate::domain::forward_auth::{
    ForwardAuthPolicy, Hosts, Need, RULES_MAX, Rule, Table, host, is_below, is_method, is_path_of_rule,
};

/// The headers that the answer has anyway, in lower case.
const TAKEN: [&str; 4] = ["remote-user", "remote-name", "remote-email", "remote-groups"];

const DOMAIN: &str = r#"a domain such as "example.com""#;

/// Reads both; nothing without a domain for the cookie.
pub fn read(
    reader: &mut Reader,
    public_url: Option<&PublicUrl>,
    proxies: &[IpNet],
) -> Option<ForwardAuthPolicy> {
    let cookie_domain = reader.parsed("forward_auth.cookie_domain", DOMAIN, domain);
    let header = reader.parsed("forward_auth.identity_header", "the name of a header", header_name);
    let identity_ttl =
        reader.duration("forward_auth.identity_ttl", Duration::from_secs(5)..=MINUTE.saturating_mul(10));
    let count = reader.sections("forward_auth.rule");
    if count > RULES_MAX {
        let why = format!("expected at most {RULES_MAX} rules, found {count}");
        reader.problem("forward_auth.rule", &why);
    }
    let rules: Vec<_> = (0..count.min(RULES_MAX)).map(|index| rule(reader, index)).collect();
    let key = "forward_auth.cookie_domain";
    let was_read = reader.problems.iter().all(|problem| !problem.what.starts_with(key));
    let Some(cookie_domain) = cookie_domain else {
        if count > 0 && was_read {
            reader.problem(
                key,
                "[[forward_auth.rule]] needs it: without it no browser is known to an application",
            );
        }
        return None;
    };
    check_place(reader, &cookie_domain, public_url, (proxies, count));
    check_rules(reader, &cookie_domain, &rules);
    Some(ForwardAuthPolicy {
        cookie_domain,
        table: Table(rules.into_iter().flatten().collect()),
        identity_header: header.unwrap_or_default(),
        identity_ttl,
    })
}

/// What forward-auth needs of the settings around it, in one sentence.
fn check_place(
    reader: &mut Reader,
    domain: &str,
    public_url: Option<&PublicUrl>,
    (proxies, rules): (&[IpNet], usize),
) {
    let is_elsewhere = public_url.is_some_and(|url| url.host() != domain && !is_below(url.host(), domain));
    let needs = [
        (is_elsewhere, "a public_url at this domain or below it"),
        (proxies.is_empty(), "trusted_proxies, which alone may ask"),
        (rules == 0, "at least one [[forward_auth.rule]]"),
    ];
    let missing: Vec<_> = needs.iter().filter(|(is_missing, _)| *is_missing).map(|(_, what)| *what).collect();
    if !missing.is_empty() {
        reader.problem("forward_auth.cookie_domain", &format!("needs {}", missing.join(", and ")));
    }
}

/// Every rule that asks for a login must be for hosts that browsers send the cookie to.
fn check_rules(reader: &mut Reader, domain: &str, rules: &[Option<Rule>]) {
    for (index, rule) in rules.iter().enumerate() {
        let Some(rule) = rule else { continue };
        if rule.need != Need::Public && !rule.hosts.are_within(domain) {
            let why = format!("browsers send the cookie to {domain} and what is below it, and not there");
            reader.problem(&format!("forward_auth.rule[{index}].host"), &why);
        }
        let hides = |earlier: &Option<Rule>| earlier.as_ref().is_some_and(|earlier| earlier.hides(rule));
        if let Some(first) = rules.iter().take(index).position(hides) {
            let note = format!(
                "forward_auth.rule[{index}] never decides, because forward_auth.rule[{first}] fits first"
            );
            reader.notes.push(note);
        }
    }
}

fn rule(reader: &mut Reader, index: usize) -> Option<Rule> {
    let key = |name: &str| format!("forward_auth.rule[{index}].{name}");
    let hosts = reader.parsed(&key("host"), "a host", |text| {
        text.to_ascii_lowercase().parse::<Hosts>().map_err(|error| error.to_string())
    });
    let path = reader.parsed(&key("path"), "a path", path);
    let methods = reader.list(&key("methods"), r#"a list of methods such as ["GET"]"#, method);
    let need = reader.parsed(&key("need"), r#""public", "login" or "permission:..""#, |text| {
        text.parse::<Need>().map_err(|error| error.to_string())
    });
    for (name, is_missing) in [("host", hosts.is_none()), ("need", need.is_none())] {
        let said = key(name);
        if is_missing && reader.problems.iter().all(|problem| !problem.what.starts_with(&said)) {
            reader.problem(&said, "is missing");
        }
    }
    Some(Rule { hosts: hosts?, path: path.unwrap_or_else(|| "/".to_owned()), methods, need: need? })
}

/// A domain that browsers take a cookie for: at least two labels, and no address.
fn domain(text: &str) -> Result<String, String> {
    let refuse = || format!("expected {DOMAIN}, without a dot at its ends, found {text:?}");
    let name = text.to_ascii_lowercase();
    if host(&name).as_deref() != Some(&name) || name.contains(':') || name.parse::<IpAddr>().is_ok() {
        return Err(refuse());
    }
    if !name.contains('.') {
        return Err(format!(
            "{text:?} has one label: no browser takes a cookie for a whole top-level domain"
        ));
    }
    Ok(name)
}

fn header_name(text: &str) -> Result<String, String> {
    let name = text.to_ascii_lowercase();
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let begins = name.starts_with("remote-") || name.starts_with("x-");
    if !begins || name.len() > 64 || !name.bytes().all(is_plain) || TAKEN.contains(&name.as_str()) {
        return Err("must begin with Remote- or X-, have letters, digits and '-', and be none of \
                    Remote-User, Remote-Name, Remote-Email and Remote-Groups"
            .to_owned());
    }
    Ok(name)
}

fn path(text: &str) -> Result<String, String> {
    if is_path_of_rule(text) {
        return Ok(text.to_owned());
    }
    Err(format!("expected a path such as \"/admin\", without query, '%', ';', '//' and '..', found {text:?}"))
}

fn method(text: &str) -> Result<String, String> {
    if is_method(text) {
        Ok(text.to_owned())
    } else {
        Err(format!("expected a method such as \"GET\", found {text:?}"))
    }
}
