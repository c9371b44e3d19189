//! `[sessions]`: sessions that live by a cookie. Knows no cookies.

use std::time::Duration;

use super::reader::{Choice, Reader};
use super::{DAY, MINUTE, duration};
use crate::domain::cookie::{self, CookiePolicy, MAX_LIMIT, OverMax, SameSite};

/// What a login above the most sessions comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Above {
    #[default]
    Evict,
    Refuse,
}

impl Choice for Above {
    const WORDS: &'static [(&'static str, Self)] = &[("evict", Self::Evict), ("refuse", Self::Refuse)];
}

/// Reads the section.
pub fn read(reader: &mut Reader) -> CookiePolicy {
    let policy = CookiePolicy {
        name: cookie::NAME,
        idle_ttl: reader.duration("sessions.idle_ttl", 5 * MINUTE..=30 * DAY),
        absolute_ttl: reader.duration("sessions.absolute_ttl", 5 * MINUTE..=365 * DAY),
        max: reader.number("sessions.cookie_max", 1..=MAX_LIMIT),
        over_max: match reader.choice("sessions.over_max") {
            Above::Evict => OverMax::Evict,
            Above::Refuse => OverMax::Refuse,
        },
        bind_network: reader.switch("sessions.bind_network"),
        bind_agent: reader.switch("sessions.bind_agent"),
        same_site: SameSite::Lax,
    };
    check(reader, policy.idle_ttl, policy.absolute_ttl);
    policy
}

fn check(reader: &mut Reader, idle: Duration, absolute: Duration) {
    if idle > absolute {
        let reason = format!("is more than sessions.absolute_ttl = {}", duration::display(absolute));
        reader.problem_with("sessions.idle_ttl", &reason, Some("raise sessions.absolute_ttl as well"));
    }
}
