use super::*;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn budget(count: u32, seconds: u64) -> Budget {
    Budget::new(count, Duration::from_secs(seconds)).unwrap()
}

fn policy(is_enabled: bool, exempt: &[&str]) -> LimitPolicy {
    let exempt = exempt.iter().map(|network| network.parse().unwrap()).collect();
    LimitPolicy { is_enabled, exempt, budgets: PerClass::of(|_| budget(1, 1)), max_entries: 10 }
}

#[test]
fn it_applies_to_everybody_but_the_exempt() {
    let policy = policy(true, &["10.0.0.0/8", "::ffff:192.0.2.0/120"]);
    let applies = |client: &str| policy.applies_to(client.parse().unwrap());
    assert!(applies("198.51.100.7") && applies("2001:db8::1") && applies("11.0.0.1"));
    assert!(!applies("10.1.2.3") && !applies("::ffff:10.1.2.3") && !applies("192.0.2.9"));
}

#[test]
fn switched_off_it_applies_to_nobody() {
    assert!(!policy(false, &[]).applies_to("198.51.100.7".parse().unwrap()));
}

#[test]
fn every_class_has_a_value_of_its_own() {
    let mut named = PerClass::of(Class::name);
    for class in Class::ALL {
        assert_eq!(*named.get(class), class.name());
        *named.get_mut(class) = "";
        assert_eq!(*named.get(class), "");
    }
}

#[test]
fn a_budget_has_a_count_and_a_time_within_reason() {
    assert_eq!(Budget::new(0, Duration::from_secs(1)), Err(NotABudget::Count));
    assert_eq!(Budget::new(1_000_001, Duration::from_secs(1)), Err(NotABudget::Count));
    assert_eq!(Budget::new(1, Duration::from_millis(999)), Err(NotABudget::Period));
    assert_eq!(Budget::new(1, Duration::from_secs(86_401)), Err(NotABudget::Period));
    assert_eq!(budget(1_000_000, 1).interval(), 1);
}

#[test]
fn five_a_minute_are_five_at_once_and_then_one_in_twelve_seconds() {
    let (budget, mut spent) = (budget(5, 60), Spent::default());
    for remaining in (0..5).rev() {
        let standing = budget.take(&mut spent, NOW).unwrap();
        let taken = 5 - u64::from(remaining);
        assert_eq!(standing.remaining, remaining);
        assert_eq!(standing.until_next, Duration::from_secs(12));
        assert_eq!(standing.until_full, Duration::from_secs(12 * taken));
    }
    let none =
        Standing { remaining: 0, until_next: Duration::from_secs(12), until_full: Duration::from_secs(60) };
    assert_eq!(budget.take(&mut spent, NOW), Err(Exceeded(none)));
    assert!(budget.take(&mut spent, NOW.plus(Duration::from_millis(11_999))).is_err());
    assert!(budget.take(&mut spent, NOW.plus(Duration::from_secs(12))).is_ok());
    assert!(budget.take(&mut spent, NOW.plus(Duration::from_secs(12))).is_err());
}

#[test]
fn what_is_given_back_can_be_taken_again_and_never_more_than_all() {
    let (budget, mut spent) = (budget(3, 3_600), Spent::default());
    for _ in 0..10 {
        budget.take(&mut spent, NOW).unwrap();
        assert_eq!(budget.refund(&mut spent, NOW).remaining, 3);
    }
    assert_eq!(
        budget.refund(&mut spent, NOW),
        Standing { remaining: 3, until_next: Duration::ZERO, until_full: Duration::ZERO }
    );
    for _ in 0..3 {
        budget.take(&mut spent, NOW).unwrap();
    }
    assert!(budget.take(&mut spent, NOW).is_err());
}

#[test]
fn a_clock_that_went_backwards_locks_for_one_period_at_most() {
    let (budget, mut spent) = (budget(5, 60), Spent::default());
    for _ in 0..5 {
        budget.take(&mut spent, NOW).unwrap();
    }
    let past = NOW.minus(Duration::from_secs(30));
    assert!(budget.take(&mut spent, past).is_err());
    assert!(budget.take(&mut spent, past.plus(Duration::from_secs(12))).is_ok());
    assert_eq!(budget.take(&mut spent, past.plus(Duration::from_secs(72))).unwrap().remaining, 4);
    let long_ago = NOW.minus(Duration::from_secs(10 * 365 * 86_400));
    assert_eq!(budget.take(&mut spent, long_ago).unwrap().remaining, 4);
}

#[test]
fn times_at_the_ends_of_the_world_do_no_harm() {
    let (budget, mut spent) = (budget(2, 1), Spent::default());
    for millis in [i64::MAX, i64::MIN, 0, i64::MAX] {
        let _ = budget.take(&mut spent, Timestamp::from_millis(millis));
        budget.refund(&mut spent, Timestamp::from_millis(millis));
    }
}

/// The same rule as a bucket that is filled millisecond by millisecond.
struct Bucket {
    level: i64,
    at: i64,
}

impl Bucket {
    fn take(&mut self, budget: &Budget, at: i64) -> bool {
        while self.at < at {
            self.level = (self.level + 1_000).min(budget.capacity());
            self.at += 1;
        }
        let is_there = self.level >= budget.interval();
        if is_there {
            self.level -= budget.interval();
        }
        is_there
    }
}

proptest! {
    #[test]
    fn it_is_a_bucket_that_fills_steadily(
        count in 1_u32..40,
        seconds in 1_u64..30,
        gaps in proptest::collection::vec(0_i64..1_500, 1..150),
    ) {
        let (budget, mut spent) = (budget(count, seconds), Spent::default());
        let start = NOW.millis();
        let mut bucket = Bucket { level: budget.capacity(), at: start };
        let mut at = start;
        for gap in gaps {
            at += gap;
            let now = Timestamp::from_millis(at);
            let expected = bucket.take(&budget, at);
            let taken = budget.take(&mut spent, now);
            prop_assert_eq!(taken.is_ok(), expected);
            let standing = taken.unwrap_or_else(|Exceeded(standing)| standing);
            prop_assert_eq!(i64::from(standing.remaining), bucket.level / budget.interval());
            prop_assert_eq!(standing.until_full, duration(budget.capacity() - bucket.level));
            // One is there at the promised time, and not a millisecond before.
            if standing.remaining == 0 {
                let wait = i64::try_from(standing.until_next.as_micros().div_ceil(1_000)).unwrap();
                prop_assert!(budget.take(&mut spent.clone(), Timestamp::from_millis(at + wait - 1)).is_err());
                prop_assert!(budget.take(&mut spent.clone(), Timestamp::from_millis(at + wait)).is_ok());
            }
        }
    }

    #[test]
    fn no_jumps_of_the_clock_lock_longer_than_one_period(
        count in 1_u32..40,
        seconds in 1_u64..30,
        jumps in proptest::collection::vec(-100_000_i64..100_000, 1..60),
    ) {
        let (budget, mut spent) = (budget(count, seconds), Spent::default());
        let mut at = NOW.millis();
        for jump in jumps {
            at += jump;
            let _ = budget.take(&mut spent, Timestamp::from_millis(at));
        }
        let later = Timestamp::from_millis(at).plus(Duration::from_secs(seconds));
        prop_assert_eq!(budget.take(&mut spent, later).unwrap().remaining, count - 1);
    }
}
