use proptest::prelude::*;

use super::*;

const DAY: Duration = Duration::from_secs(86_400);
const START: Timestamp = Timestamp::from_seconds(1_700_000_000);

fn policy(rotation: Rotation) -> TokenPolicy {
    TokenPolicy {
        access_ttl: Duration::from_secs(3_600),
        refresh_ttl: 7 * DAY,
        family_ttl: 30 * DAY,
        rotation,
        retry_grace: Duration::from_secs(10),
    }
}

fn token(n: u8) -> TokenId {
    TokenId::from_bytes([n; 16])
}

fn family(rotation: Rotation) -> Family {
    Family::begin(START, token(0), &policy(rotation))
}

#[test]
fn the_first_use_rotates_and_a_retry_in_the_grace_answers_the_same_successor() {
    let strict = policy(Rotation::Strict);
    let mut family = family(Rotation::Strict);
    assert_eq!(family.present(token(0), START, token(1), &strict), Presented::Rotated);
    let successor = family.head;
    let later = START.plus(Duration::from_secs(10));
    assert_eq!(family.present(token(0), later, token(2), &strict), Presented::Repeated);
    assert_eq!(family.head, successor);
}

#[test]
fn a_strict_retry_after_the_grace_is_reuse() {
    let strict = policy(Rotation::Strict);
    let mut family = family(Rotation::Strict);
    family.present(token(0), START, token(1), &strict);
    let late = START.plus(Duration::from_millis(10_001));
    assert_eq!(family.present(token(0), late, token(2), &strict), Presented::Reused);
}

#[test]
fn a_lazy_family_repeats_until_the_token_expires() {
    let lazy = policy(Rotation::Lazy);
    let mut family = family(Rotation::Lazy);
    family.present(token(0), START, token(1), &lazy);
    let almost = START.plus(7 * DAY).minus(Duration::from_millis(1));
    assert_eq!(family.present(token(0), almost, token(2), &lazy), Presented::Repeated);
    assert_eq!(family.present(token(0), START.plus(7 * DAY), token(3), &lazy), Presented::Expired);
}

#[test]
fn once_the_successor_is_used_its_predecessor_is_reuse_in_both_modes() {
    for mode in [Rotation::Strict, Rotation::Lazy] {
        let policy = policy(mode);
        let mut family = family(mode);
        family.present(token(0), START, token(1), &policy);
        assert_eq!(family.present(token(1), START, token(2), &policy), Presented::Rotated);
        assert_eq!(family.present(token(0), START, token(3), &policy), Presented::Reused, "{mode:?}");
    }
}

#[test]
fn no_token_outlives_its_family() {
    let strict = policy(Rotation::Strict);
    let mut family = family(Rotation::Strict);
    let mut now = START;
    for n in 1..=5 {
        now = now.plus(6 * DAY).minus(Duration::from_secs(1));
        if family.present(token(n - 1), now, token(n), &strict) != Presented::Rotated {
            break;
        }
        assert!(family.head.expires_at <= family.expires_at);
    }
    assert_eq!(family.head.expires_at, START.plus(30 * DAY));
    let end = family.expires_at;
    assert_eq!(family.present(family.head.id, end, token(9), &strict), Presented::Expired);
}

#[test]
fn a_session_is_alive_only_at_its_epoch_and_before_its_end() {
    let session = Session {
        id: SessionId::from_bytes([1; 16]),
        user: UserId::from_bytes([2; 16]),
        epoch: 3,
        created_at: START,
        authenticated_at: START,
        last_used_at: START,
        client: IpAddr::from([127, 0, 0, 1]),
        user_agent: None,
        kind: Kind::Tokens(family(Rotation::Strict)),
    };
    assert!(session.is_alive(3, START));
    assert!(!session.is_alive(4, START));
    assert!(!session.is_alive(3, START.plus(7 * DAY)));
}

proptest! {
    /// Whatever is presented in whatever order: a token that was accepted as first use is never
    /// accepted as first use again, and a repeat always answers the head that was there.
    #[test]
    fn a_token_has_at_most_one_successor(
        steps in prop::collection::vec((0u8..6, 0u64..40), 1..40),
        lazy in any::<bool>(),
    ) {
        let mode = if lazy { Rotation::Lazy } else { Rotation::Strict };
        let policy = policy(mode);
        let mut family = family(mode);
        let (mut now, mut issued, mut rotated) = (START, vec![token(0)], Vec::new());
        for (back, seconds) in steps {
            now = now.plus(Duration::from_secs(seconds));
            let id = issued[issued.len().saturating_sub(1 + usize::from(back))];
            let (head, fresh) = (family.head, token(100 + u8::try_from(issued.len()).unwrap()));
            match family.present(id, now, fresh, &policy) {
                Presented::Rotated => {
                    prop_assert!(!rotated.contains(&id));
                    rotated.push(id);
                    issued.push(fresh);
                }
                Presented::Repeated => prop_assert_eq!(family.head, head),
                Presented::Reused => prop_assert!(rotated.contains(&id)),
                Presented::Expired => prop_assert!(false, "nothing expires within these steps"),
            }
        }
    }
}
