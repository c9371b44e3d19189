//! Tests of the guesses from one place, also against a model that keeps every failure for ever.

use proptest::prelude::*;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn at(minute: u32) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000).plus(MINUTE * minute)
}

fn wrong(guesses: &mut Guesses, minute: u32) -> bool {
    let is_let = guesses.take(at(minute), &LockoutPolicy::default()).is_ok();
    if is_let {
        guesses.fail();
    }
    is_let
}

#[test]
fn a_lock_tells_when_it_began_and_ends_and_looking_changes_nothing() {
    let (mut guesses, policy) = (Guesses::default(), LockoutPolicy::default());
    for minute in 1..=5 {
        assert_eq!(guesses.lock(at(minute), &policy), None);
        assert!(wrong(&mut guesses, minute));
    }
    let before = guesses.clone();
    let lock = Some(Lock { first_at: at(1), until: at(35), failures: 5 });
    assert_eq!((guesses.lock(at(5), &policy), guesses.lock(at(34), &policy)), (lock, lock));
    assert_eq!(guesses.lock(at(35), &policy), None);
    assert_eq!(guesses, before);
    // A clock that was set back: the guesses count as made now.
    assert_eq!(guesses.lock(at(0), &policy).map(|lock| (lock.first_at, lock.until)), Some((at(0), at(30))));
}

#[test]
fn five_failures_lock_for_thirty_minutes_from_the_last_one() {
    let mut guesses = Guesses::default();
    for minute in 0..5 {
        assert!(wrong(&mut guesses, minute));
    }
    assert_eq!(guesses.take(at(5), &LockoutPolicy::default()), Err(at(34)));
    assert!(guesses.is_locked(at(33), &LockoutPolicy::default()), "a refused guess does not lengthen it");
    assert!(!guesses.is_locked(at(34), &LockoutPolicy::default()));
    assert!(wrong(&mut guesses, 34) && wrong(&mut guesses, 34), "and the count begins anew");
}

#[test]
fn failures_older_than_the_window_do_not_count() {
    let mut guesses = Guesses::default();
    for minute in [0, 1, 2, 3, 15, 16, 17, 18] {
        assert!(wrong(&mut guesses, minute), "{minute}");
    }
    assert!(wrong(&mut guesses, 19) && !wrong(&mut guesses, 20));
}

#[test]
fn a_success_clears_and_a_place_given_back_never_counted() {
    let mut guesses = Guesses::default();
    for minute in 0..4 {
        wrong(&mut guesses, minute);
    }
    for _ in 0..9 {
        guesses.take(at(4), &LockoutPolicy::default()).unwrap();
        guesses.give_back();
    }
    guesses.take(at(4), &LockoutPolicy::default()).unwrap();
    guesses.succeed();
    assert_eq!(guesses, Guesses::default());
}

#[test]
fn guesses_at_once_take_no_more_than_the_budget() {
    let mut guesses = Guesses::default();
    let let_in = (0..80).filter(|_| guesses.take(at(0), &LockoutPolicy::default()).is_ok()).count();
    assert_eq!(let_in, 5);
    assert_eq!(guesses.take(at(0), &LockoutPolicy::default()), Err(at(0)), "one of the five may be right");
    guesses.succeed();
    assert_eq!(guesses.taken_at.len(), 4, "those still being judged go on counting");
    assert!(
        guesses.take(at(0), &LockoutPolicy::default()).is_ok()
            && guesses.take(at(0), &LockoutPolicy::default()).is_err()
    );
}

#[test]
fn a_lock_is_told_once_and_only_when_all_is_judged() {
    let mut guesses = Guesses::default();
    for _ in 0..5 {
        assert!(guesses.take(at(0), &LockoutPolicy::default()).is_ok());
    }
    for _ in 0..5 {
        assert!(!guesses.tell(&LockoutPolicy::default()));
        guesses.fail();
    }
    assert!(guesses.tell(&LockoutPolicy::default()) && !guesses.tell(&LockoutPolicy::default()));
    assert!(!guesses.is_locked(at(30), &LockoutPolicy::default()));
    for _ in 0..5 {
        wrong(&mut guesses, 30);
    }
    assert!(guesses.tell(&LockoutPolicy::default()), "the next lock is news again");
}

#[test]
fn a_clock_set_back_neither_ends_a_lock_nor_lengthens_it() {
    let mut guesses = Guesses::default();
    for _ in 0..5 {
        wrong(&mut guesses, 120);
    }
    assert_eq!(guesses.take(at(0), &LockoutPolicy::default()), Err(at(30)), "two hours back");
    assert!(
        guesses.is_locked(at(29), &LockoutPolicy::default())
            && !guesses.is_locked(at(30), &LockoutPolicy::default())
    );
}

#[test]
fn places_are_networks() {
    let place = |text: &str| Place::of(text.parse().unwrap());
    assert_eq!(place("198.51.100.7"), place("::ffff:198.51.100.200"));
    assert_ne!(place("198.51.100.7"), place("198.51.101.7"));
    assert_eq!(place("2001:db8::1"), place("2001:db8::ffff:1"));
    assert_ne!(place("2001:db8::1"), place("2001:db8:0:1::1"));
}

#[derive(Debug, Clone)]
enum Step {
    Wrong,
    Right,
    Busy,
    Wait(u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => Just(Step::Wrong),
        1 => Just(Step::Right),
        1 => Just(Step::Busy),
        4 => (1..20_u32).prop_map(Step::Wait),
    ]
}

proptest! {
    /// The model: all failures since the last success or the end of the last lock, in plain words.
    #[test]
    fn it_goes_as_the_model_says(steps in proptest::collection::vec(step(), 1..80)) {
        let (mut guesses, mut now) = (Guesses::default(), 0_u32);
        let (mut failures, mut locked_until): (Vec<u32>, u32) = (Vec::new(), 0);
        for step in steps {
            if let Step::Wait(minutes) = step {
                now += minutes;
                continue;
            }
            let is_let = guesses.take(at(now), &LockoutPolicy::default()).is_ok();
            prop_assert_eq!(is_let, now >= locked_until);
            if !is_let {
                continue;
            }
            match step {
                Step::Right => {
                    guesses.succeed();
                    failures.clear();
                }
                Step::Busy => guesses.give_back(),
                _ => {
                    guesses.fail();
                    failures.push(now);
                    if failures.iter().filter(|at| **at + 15 > now).count() == 5 {
                        locked_until = now + 30;
                        failures.clear();
                    }
                }
            }
        }
    }
}
