//! What an operator should look at now, the worst first. Knows no screen.

use std::time::Duration;

use super::Known;
use crate::console::look::Look;
use crate::console::model::deeds::counted;
use crate::console::moment::{Moment, brief};
use crate::console::safe::Safe;
use crate::console::theme::Token;
use crate::wire::guessing::Incident;
use crate::wire::server::{Census, Server};
use crate::wire::stats::Stats;

/// Incidents that get a line of their own.
const INCIDENTS: usize = 3;

/// So long before its end a certificate is spoken of.
const CERTIFICATE: Duration = Duration::from_secs(30 * 86_400);

/// Failures from one network that are bad by themselves.
const FAILURES: u64 = 100;

/// One thing to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concern {
    /// Names it while it is selected.
    pub id: String,
    /// How bad it is: a word, and a colour.
    pub level: (&'static str, Token),
    /// A sentence.
    pub text: Safe,
    /// Where Enter leads.
    pub leads: &'static str,
    /// The network it comes from, for pivots.
    pub network: Option<String>,
}

const CRITICAL: (&str, Token) = ("! CRIT", Token::Danger);
const WARNING: (&str, Token) = ("! WARN", Token::Warn);
const NOTE: (&str, Token) = ("i INFO", Token::Info);

/// What there is to look at, from what is known.
pub fn concerns(known: &Known, look: &Look) -> Vec<Concern> {
    let mut found = Vec::new();
    if let Some(told) = known.incidents.data.known() {
        found.extend(told.incidents.iter().take(INCIDENTS).map(|incident| attack(incident, look)));
        let more = told.incidents.len().saturating_sub(INCIDENTS);
        if more > 0 {
            let text = format!("{} where logins fail", counted(more, ("more network", "more networks")));
            found.push(concern("networks", WARNING, &text, "incidents"));
        }
    }
    found.extend(known.counts.data.known().into_iter().flat_map(of_counts));
    found.extend(known.server.data.known().into_iter().flat_map(|server| of_server(server, look.now)));
    found.extend(known.stats.data.known().and_then(of_stats));
    found.sort_by_key(|concern| match concern.level.1 {
        Token::Danger => 0,
        Token::Warn => 1,
        _ => 2,
    });
    found
}

fn concern(id: &str, level: (&'static str, Token), text: &str, leads: &'static str) -> Concern {
    Concern { id: id.to_owned(), level, text: Safe::new(text), leads, network: None }
}

fn attack(incident: &Incident, look: &Look) -> Concern {
    let span = Moment::parse(&incident.first_at).zip(Moment::parse(&incident.last_at));
    let span = span.map(|(first, last)| brief(last.since(first))).unwrap_or_default();
    let won = match incident.logins {
        0 => String::new(),
        logins => format!(" {logins} GOT IN,"),
    };
    let text = format!(
        "{}: {},{won} {} failures at {} in {span}",
        look.place(&incident.network),
        Safe::new(&incident.shape),
        grouped(incident.failures),
        counted(usize::try_from(incident.names).unwrap_or(usize::MAX), ("name", "names")),
    );
    let is_bad = incident.logins > 0 || incident.failures >= FAILURES;
    let level = if is_bad { CRITICAL } else { WARNING };
    let network = Some(incident.network.clone());
    Concern { network, ..concern(&incident.network, level, &text, "incidents") }
}

fn of_counts(counts: &Census) -> Vec<Concern> {
    let locked = counts.lockouts.count;
    let more = if counts.lockouts.capped { " or more" } else { "" };
    let word = if locked == 1 { "lock holds" } else { "locks hold" };
    let text = format!("{}{more} {word} now", grouped(locked));
    (locked > 0).then(|| concern("lockouts", WARNING, &text, "lockouts")).into_iter().collect()
}

fn of_server(server: &Server, now: Moment) -> Vec<Concern> {
    let mut found = Vec::new();
    let certificate = server.certificate.as_ref().and_then(|one| one.expires_at.as_deref());
    if let Some(ends) = certificate.and_then(Moment::parse) {
        let left = ends.since(now);
        if left.is_zero() {
            found.push(concern("certificate", CRITICAL, "the certificate is over", "health"));
        } else if left < CERTIFICATE {
            let text = format!("the certificate ends in {}", brief(left));
            found.push(concern("certificate", WARNING, &text, "health"));
        }
    }
    if let (Some(all), Some(free)) = (server.disk_bytes, server.disk_free_bytes)
        && free < all / 10
    {
        let level = if free < all / 50 { CRITICAL } else { WARNING };
        let text = format!("the disk has {} left of {}", bytes(free), bytes(all));
        found.push(concern("disk", level, &text, "health"));
    }
    if server.counts.mails_dead > 0 {
        let mails =
            counted(usize::try_from(server.counts.mails_dead).unwrap_or(usize::MAX), ("mail", "mails"));
        found.push(concern(
            "mails",
            WARNING,
            &format!("{mails} could not be sent and were given up"),
            "health",
        ));
    }
    if server.config_warnings > 0 {
        let notes = usize::try_from(server.config_warnings).unwrap_or(usize::MAX);
        let text = format!("the configuration gave {} at the start", counted(notes, ("note", "notes")));
        found.push(concern("config", NOTE, &text, "health"));
    }
    if server.dev {
        found.push(concern("dev", NOTE, "this server runs for development", "health"));
    }
    found
}

fn of_stats(stats: &Stats) -> Option<Concern> {
    let refused: u64 = stats.series.hash_refused.iter().sum();
    let text = format!("{} found no room in the last hour: logins were answered 503", grouped(refused));
    (refused > 0).then(|| concern("hashing", WARNING, &format!("password hashes: {text}"), "health"))
}

/// `1,912`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// In the largest unit of which there is at least one.
pub fn bytes(count: u64) -> String {
    let units = [(1_u64 << 40, "T"), (1 << 30, "G"), (1 << 20, "M"), (1 << 10, "k")];
    match units.into_iter().find(|(unit, _)| count >= *unit) {
        Some((unit, name)) => format!("{}{name}", count / unit),
        None => format!("{count}B"),
    }
}
