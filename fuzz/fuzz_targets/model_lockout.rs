//! Any guesses at one account from one place, judged in any order at any times, against every guess kept for ever: in no
//! time shorter than the window and the lock are more let in than the rule says, a lock is told once, and it ends.
#![no_main]

use std::time::Duration;

use arbitrary::Arbitrary;
use latchkey::domain::lockout::{Guesses, LockoutPolicy};
use latchkey::domain::time::Timestamp;
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
enum Act {
    Take,
    Fail,
    GiveBack,
    Succeed,
    Clear,
    Wait(u16),
}

fuzz_target!(|input: (u8, u8, u8, Vec<Act>)| {
    let (failures, window, lock_for, acts) = input;
    let minutes = |count: u8| Duration::from_secs(60 * (u64::from(count) + 1));
    let policy = LockoutPolicy {
        failures: usize::from(failures % 8) + 1,
        window: minutes(window),
        lock_for: minutes(lock_for),
        ..LockoutPolicy::default()
    };
    let mut guesses = Guesses::default();
    let mut now = Timestamp::from_seconds(1_800_000_000);
    let mut pending = 0_usize;
    // Wrong guesses since the last time that everything was forgotten.
    let mut wrong: Vec<Timestamp> = Vec::new();
    for act in acts {
        let was_locked = guesses.clone().is_locked(now, &policy);
        match act {
            Act::Take => match guesses.take(now, &policy) {
                Ok(()) => {
                    assert!(!was_locked);
                    (pending += 1, wrong.push(now));
                    let span = policy.window.min(policy.lock_for);
                    let of_late = wrong.iter().filter(|at| at.plus(span) > now).count();
                    assert!(of_late <= policy.failures, "{of_late}");
                }
                Err(until) => {
                    assert!(was_locked && (pending > 0 || until > now));
                    assert!(until <= now.plus(policy.lock_for));
                }
            },
            Act::Fail if pending > 0 => (guesses.fail(), pending -= 1).1,
            Act::GiveBack if pending > 0 => {
                guesses.give_back();
                pending -= 1;
                wrong.pop();
            }
            Act::Succeed if pending > 0 => {
                guesses.succeed();
                pending -= 1;
                wrong.drain(..wrong.len().saturating_sub(pending));
            }
            Act::Clear => {
                guesses.clear();
                wrong.drain(..wrong.len().saturating_sub(pending));
            }
            Act::Wait(seconds) => now = now.plus(Duration::from_secs(u64::from(seconds))),
            Act::Fail | Act::GiveBack | Act::Succeed => {}
        }
        let looked = guesses.lock(now, &policy);
        assert_eq!(looked.is_some(), guesses.clone().is_locked(now, &policy), "looking changes nothing");
        if let Some(lock) = looked {
            assert!(lock.failures >= policy.failures && lock.first_at <= now);
        }
        let mut told = guesses.clone();
        if told.tell(&policy) {
            assert!(!told.tell(&policy), "told once");
            guesses = told;
        }
    }
    // Whatever happened, time heals it.
    now = now.plus(policy.lock_for).plus(policy.window).plus(Duration::from_secs(1));
    (0..pending).for_each(|_| guesses.fail());
    assert!(guesses.take(now, &policy).is_ok());
});
