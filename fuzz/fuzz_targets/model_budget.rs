//! Any takings from budgets at any times: in no span of time does anybody get more than the budget and what grows back
//! in that time; what is given back is there again; and the table of budgets stays bounded.
#![no_main]

use std::net::IpAddr;
use std::time::Duration;

use arbitrary::Arbitrary;
use latchkey::domain::limit::{Budget, LimitPolicy, PerClass};
use latchkey::domain::time::Timestamp;
use latchkey::services::limits::{Class, Key, Limits};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
enum Act {
    Take(u8),
    Refund(u8),
    Look(u8),
    Wait(u32),
}

fuzz_target!(|input: (u8, u16, u8, Vec<Act>)| {
    let (count, period, entries, acts) = input;
    let count = u32::from(count).max(1);
    let period = Duration::from_secs(u64::from(period).max(1));
    let Ok(budget) = Budget::new(count, period) else { panic!("in range") };
    let entries = usize::from(entries).max(2);
    let policy = LimitPolicy {
        is_enabled: true,
        exempt: Vec::new(),
        budgets: PerClass::of(|_| budget),
        max_entries: entries,
    };
    let limits = Limits::new(&policy);
    let mut now = Timestamp::from_seconds(1_800_000_000);
    // Of the one key that others cannot drive out, for there are at most three: the times of what it took.
    let mut taken: Vec<Timestamp> = Vec::new();
    for act in acts {
        match act {
            Act::Take(who) => {
                let standing = limits.take(Class::Login, key(who), now);
                if who % 3 == 0 && entries >= 8 {
                    if let Ok(standing) = standing {
                        assert!(standing.remaining < count);
                        taken.push(now);
                    }
                    let left = limits.is_used_up(Class::Login, key(who), now);
                    assert_eq!(left, standing.map_or(0, |standing| standing.remaining) == 0);
                }
            }
            Act::Refund(who) => {
                let standing = limits.refund(Class::Login, key(who), now);
                assert!(standing.remaining >= 1 && standing.remaining <= count);
                if who % 3 == 0 {
                    taken.pop();
                }
            }
            Act::Look(who) => drop(limits.is_used_up(Class::Login, key(who), now)),
            Act::Wait(millis) => now = now.plus(Duration::from_millis(u64::from(millis))),
        }
        assert!(limits.entries(Class::Login) <= entries && limits.entries(Class::Register) == 0);
    }
    for (first, begin) in taken.iter().enumerate() {
        for (last, end) in taken.iter().enumerate().skip(first) {
            let grown = end.since(*begin).as_secs_f64() * f64::from(count) / period.as_secs_f64();
            let most = f64::from(count) + grown;
            // The interval is rounded down to a microsecond, so a little more may grow.
            assert!((last - first + 1) as f64 <= most * 1.01 + 1.0, "{first}..={last}");
        }
    }
});

fn key(who: u8) -> Key {
    Key::client(IpAddr::from([192, 0, 2, who % 3]))
}
