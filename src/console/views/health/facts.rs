//! What each section says of an answer. Knows no request and no screen.

use std::time::Duration;

use super::lines::Said;
use crate::console::look::Look;
use crate::console::moment::{Moment, brief};
use crate::console::theme::Token;
use crate::wire::outbox::OutboxPage;
use crate::wire::server::{Server, ServerConfig, StrainedLimits};
use crate::wire::signing_key::SigningKeyList;
use crate::wire::stats::Stats;

/// A certificate that ends sooner is a warning, and then bad.
const ENDS_SOON: [Duration; 2] = [Duration::from_secs(14 * 86_400), Duration::from_secs(3 * 86_400)];

/// Steps of a curve that are shown.
const CURVE: usize = 20;

/// Waits of hashes longer than this many milliseconds are felt.
const LONG_WAIT_MS: u64 = 500;

const fn when(is_bad: bool, bad: Token) -> Token {
    if is_bad { bad } else { Token::Plain }
}

pub(super) fn server(server: &Server, look: &Look) -> Vec<Said> {
    let up = server.uptime_seconds.map(|seconds| brief(Duration::from_secs(seconds)));
    let dev = if server.dev { "  DEVELOPMENT" } else { "" };
    let version = format!("{}{dev}, up {}", server.version, up.as_deref().unwrap_or("-"));
    let listeners: Vec<String> = server
        .listeners
        .iter()
        .map(|at| format!("{}{}", at.address, if at.tls { " tls" } else { "" }))
        .collect();
    let streams = format!(
        "{} open, {} event streams, {} refused",
        server.connections, server.streams, server.counts.streams_refused
    );
    let warnings = server.config_warnings;
    let mut said = vec![
        Said::fact("version", version, when(server.dev, Token::Warn)),
        Said {
            masked: Some("masked".to_owned()),
            ..Said::fact("listens", listeners.join(", "), Token::Plain)
        },
        Said::fact("clients", streams, when(server.counts.streams_refused > 0, Token::Warn)),
        Said::fact("memory", server.memory_bytes.map_or_else(|| "-".to_owned(), size), Token::Plain),
        disk(server),
        Said::fact("notes", format!("{warnings} on the configuration"), when(warnings > 0, Token::Warn)),
    ];
    said.extend(
        server
            .started_at
            .as_ref()
            .map(|at| Said::fact("started", format!("{at}, {} ago", look.age(at)), Token::Muted)),
    );
    said
}

fn disk(server: &Server) -> Said {
    let (Some(all), Some(free)) = (server.disk_bytes, server.disk_free_bytes) else {
        return Said::fact("disk", "-", Token::Muted);
    };
    let percent = free.saturating_mul(100).checked_div(all).unwrap_or(0);
    let (word, token) = match percent {
        0..5 => ("! ", Token::Danger),
        5..15 => ("! ", Token::Warn),
        _ => ("", Token::Plain),
    };
    Said::fact("disk", format!("{word}{} of {} free ({percent}%)", size(free), size(all)), token)
}

pub(super) fn store(server: &Server) -> Vec<Said> {
    let (store, hashing, audit) = (&server.store, &server.hashing, &server.audit);
    let bytes = store.bytes.map_or_else(|| "-".to_owned(), size);
    let seal = audit.seal.map_or_else(|| "no seal yet".to_owned(), |seal| format!("seal {seal}"));
    let limited = server.counts.limited.iter().filter(|(_, count)| **count > 0);
    let limited: Vec<String> = limited.map(|(class, count)| format!("{class} {count}")).collect();
    let refused = if limited.is_empty() { "none".to_owned() } else { limited.join(", ") };
    let is_slow = hashing.refused > 0 || hashing.longest_wait_ms > LONG_WAIT_MS;
    vec![
        Said::fact("store", format!("{bytes}, format {}", store.schema), Token::Plain),
        Said::fact(
            "writes",
            format!("{} in {} commits, {} waiting", store.transactions, store.commits, store.queued),
            when(store.queued > 0, Token::Info),
        ),
        Said::fact("audit", format!("head {}, {seal}", audit.head), Token::Plain),
        Said::fact(
            "hashing",
            format!(
                "{} running, {} waiting, {} refused, longest wait {} ms",
                hashing.running, hashing.queued, hashing.refused, hashing.longest_wait_ms
            ),
            when(is_slow, Token::Warn),
        ),
        Said::fact("over limit", refused, Token::Plain),
        Said::fact(
            "locks",
            format!("{}, {} guesses refused", server.counts.lockouts, server.counts.lockouts_refused),
            Token::Plain,
        ),
        mail_counts(server),
    ]
}

fn mail_counts(server: &Server) -> Said {
    let counts = &server.counts;
    let way = server.mail_transport.as_deref().unwrap_or("-");
    let text = format!(
        "by {way}: {} sent, {} postponed, {} given up",
        counts.mails_sent, counts.mails_postponed, counts.mails_dead
    );
    Said::fact("mails", text, when(counts.mails_dead > 0, Token::Warn))
}

pub(super) fn rates(stats: &Stats, look: &Look) -> Vec<Said> {
    let series = &stats.series;
    let totals = &stats.totals;
    let all: [(&str, &[u64], u64, Token); 6] = [
        ("logins", &series.logins_ok, totals.logins_ok, Token::Ok),
        ("failed", &series.logins_failed, totals.logins_failed, Token::Warn),
        ("refreshes", &series.refreshes, totals.refreshes, Token::Plain),
        ("denials", &series.denials, totals.denials, Token::Warn),
        ("locks", &series.lockouts, totals.lockouts, Token::Warn),
        ("hashes", &series.hash_runs, totals.hash_runs, Token::Plain),
    ];
    let said = all.into_iter().map(|(name, values, total, token)| {
        let hour: u64 = values.iter().fold(0, |sum, value| sum.saturating_add(*value));
        let most = values.iter().max().copied().unwrap_or(0);
        let curve = curve(values, look.ascii);
        let text = format!("{hour:>5}/h max {most:>4}/min {curve} {total} in all");
        let mut said = Said::fact(name, text, when(most > 0, token));
        said.id = format!("rate {name}");
        said
    });
    said.collect()
}

/// The last values as a line of bars.
fn curve(values: &[u64], is_ascii: bool) -> String {
    let bars: [char; 8] = if is_ascii {
        [' ', '.', ':', '-', '=', '+', '*', '#']
    } else {
        ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
    };
    let most = values.iter().max().copied().unwrap_or(0).max(1);
    let last = values.iter().skip(values.len().saturating_sub(CURVE));
    last.map(|value| {
        // What is there at all is more than nothing.
        let step = value.saturating_mul(7).div_ceil(most);
        usize::try_from(step).ok().and_then(|step| bars.get(step)).copied().unwrap_or('?')
    })
    .collect()
}

pub(super) fn certificate(server: &Server, look: &Look) -> Vec<Said> {
    let Some(certificate) = &server.certificate else {
        return vec![Said::fact("tls", "no listener speaks it", Token::Muted)];
    };
    let left = certificate.expires_at.as_deref().and_then(Moment::parse).map(|at| at.since(look.now));
    let (text, token) = match left {
        None => ("-".to_owned(), Token::Muted),
        Some(left) if left.is_zero() => ("! it is over".to_owned(), Token::Danger),
        Some(left) => {
            let [warn, bad] = ENDS_SOON;
            let token = if left < bad { Token::Danger } else { when(left < warn, Token::Warn) };
            let sign = if left < warn { "! " } else { "" };
            (format!("{sign}in {}", brief(left)), token)
        }
    };
    let own = if certificate.self_signed { "  self-signed" } else { "" };
    vec![
        Said::fact("ends", format!("{text}{own}"), token),
        Said::thing(
            "sha256",
            &certificate.fingerprint,
            "sha256",
            certificate.fingerprint.clone(),
            Token::Muted,
        ),
    ]
}

pub(super) fn limits(strained: &StrainedLimits, look: &Look) -> Vec<Said> {
    let mut said: Vec<Said> = strained
        .limits
        .iter()
        .map(|limit| {
            let back =
                Moment::parse(&limit.resets_at).map(|at| brief(at.since(look.now))).unwrap_or_default();
            let left = format!("{} of {} left, whole in {back}", limit.remaining, limit.limit);
            let token = if limit.remaining == 0 { Token::Danger } else { Token::Warn };
            // One address may be near the end of several.
            let kind = format!("{}:{}", limit.key_kind, limit.class);
            let shown = |key: &str| format!("{left}  {} {key}", limit.key_kind);
            let hidden = if limit.key_kind == "ip_address" {
                look.place(&limit.key)
            } else {
                look.account(&limit.key)
            };
            Said {
                masked: Some(shown(hidden.as_str())),
                ..Said::thing(&kind, &limit.key, limit.class.as_str(), shown(&limit.key), token)
            }
        })
        .collect();
    if said.is_empty() {
        said.push(Said::fact("limits", "none is near its end", Token::Muted));
    }
    said
}

pub(super) fn mails(page: &OutboxPage, look: &Look) -> Vec<Said> {
    let mut said: Vec<Said> = page
        .mails
        .iter()
        .map(|mail| {
            let next = mail.next_attempt_at.as_deref().and_then(Moment::parse);
            let next = next.map(|at| format!(", next in {}", brief(at.since(look.now)))).unwrap_or_default();
            let error = mail.last_error.as_deref().map(|error| format!("  {error}")).unwrap_or_default();
            let shown = |to: &str| {
                format!(
                    "{:<7} {to}  {} tries{next}, {} old{error}",
                    mail.state,
                    mail.attempts,
                    look.age(&mail.created_at)
                )
            };
            let token = if mail.state == "dead" { Token::Danger } else { Token::Plain };
            Said {
                masked: Some(shown(look.person(&mail.to).as_str())),
                ..Said::thing("mail", &mail.id, mail.kind.as_str(), shown(&mail.to), token)
            }
        })
        .collect();
    if page.next_cursor.is_some() {
        said.push(Said::fact("more", "older ones wait too", Token::Muted));
    }
    if said.is_empty() {
        said.push(Said::fact("queue", "empty: everything was sent", Token::Muted));
    }
    said
}

pub(super) fn keys(list: &SigningKeyList, look: &Look) -> Vec<Said> {
    let said = list.keys.iter().map(|key| {
        let until =
            key.verifies_until.as_ref().map(|at| format!(", verifies until {at}")).unwrap_or_default();
        let text =
            format!("{} {}, made {} ago{until}", key.algorithm.as_str(), key.kid, look.age(&key.created_at));
        let token = match key.stage.as_str() {
            "current" => Token::Ok,
            "next" => Token::Info,
            _ => Token::Muted,
        };
        Said::thing("kid", &key.kid, key.stage.as_str(), text, token)
    });
    let said: Vec<Said> = said.collect();
    if said.is_empty() {
        return vec![Said::fact("keys", "one secret of the configuration signs", Token::Muted)];
    }
    said
}

pub(super) fn settings(config: &ServerConfig) -> Vec<Said> {
    let said = config.settings.iter().map(|setting| {
        let mark = if setting.changed { "*" } else { " " };
        let value = setting.value.as_deref().unwrap_or("(not set)");
        let source = if setting.changed { format!("  ({})", setting.source) } else { String::new() };
        let token = if setting.changed { Token::Info } else { Token::Plain };
        Said::thing(
            "setting",
            &setting.key,
            format!("{mark} {}", setting.key),
            format!("{value}{source}"),
            token,
        )
    });
    said.collect()
}

/// Bytes in a unit that is read at a glance.
fn size(bytes: u64) -> String {
    let units = [(1_u64 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let found = units.into_iter().find(|(unit, _)| bytes >= *unit);
    found.map_or_else(
        || format!("{bytes} B"),
        |(unit, name)| {
            let tenths = bytes.saturating_mul(10) / unit;
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_show_what_is_there_and_sizes_are_short() {
        assert_eq!(curve(&[0, 1, 50, 100], true), " .=#");
        assert_eq!(curve(&[], false), "");
        assert_eq!([0, 1_023, 1_024, 1_572_864].map(size), ["0 B", "1023 B", "1.0 KiB", "1.5 MiB"]);
    }
}
