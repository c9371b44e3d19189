//! Tests of what a key opens, and of its fields.

use super::*;
use crate::domain::user::{Status, ada};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const DAY: Duration = Duration::from_secs(86_400);
const POLICY: KeyPolicy = KeyPolicy {
    max_per_user: 5,
    rotate_after: Duration::from_secs(90 * 86_400),
    rotation_grace: DAY,
    made_with: None,
    names_owner: false,
};

fn key() -> ApiKey {
    ApiKey {
        id: ApiKeyId::from_bytes([1; 16]),
        owner: ada().id,
        epoch: 0,
        name: "Sensor".to_owned(),
        description: None,
        scopes: vec!["metrics:write".parse().unwrap()],
        created_at: NOW,
        rotated_at: NOW,
        expires_at: Some(NOW.plus(DAY)),
        last_used_at: None,
        networks: parse_networks(&["192.0.2.0/24", "2001:db8::/32", "::ffff:203.0.113.7"]).unwrap(),
        rate: None,
        is_canary: false,
        hint: "lk_abcde".to_owned(),
        hash: [1; 32],
        former: Some(([2; 32], NOW.plus(Duration::from_secs(60)))),
        is_reminded: false,
        look_at: NOW,
    }
}

fn judge(key: &ApiKey, hash: u8, client: &str, now: Timestamp) -> Result<(), KeyDenial> {
    key.judge(&ada(), &[hash; 32], client.parse().unwrap(), now)
}

/// R54, P15: to the second, and better.
#[test]
fn a_key_opens_until_the_moment_of_its_end() {
    let end = NOW.plus(DAY);
    assert_eq!(judge(&key(), 1, "192.0.2.1", end.minus(Duration::from_millis(1))), Ok(()));
    assert_eq!(judge(&key(), 1, "192.0.2.1", end), Err(KeyDenial::Dead));
    let endless = ApiKey { expires_at: None, ..key() };
    assert_eq!(judge(&endless, 1, "192.0.2.1", NOW.plus(4_000 * DAY)), Ok(()));
}

#[test]
fn a_former_secret_opens_until_its_grace_ends() {
    let grace = Duration::from_secs(60);
    assert_eq!(judge(&key(), 2, "192.0.2.1", NOW.plus(grace).minus(Duration::from_millis(1))), Ok(()));
    assert_eq!(judge(&key(), 2, "192.0.2.1", NOW.plus(grace)), Err(KeyDenial::Dead));
    assert_eq!(judge(&key(), 3, "192.0.2.1", NOW), Err(KeyDenial::Dead));
}

/// R52.
#[test]
fn a_key_dies_with_its_owner() {
    let judge = |owner| key().judge(&owner, &[1; 32], "192.0.2.1".parse().unwrap(), NOW);
    for status in Status::ALL {
        assert_eq!(judge(User { status, ..ada() }).is_ok(), status.is_usable(), "{status}");
    }
    assert_eq!(judge(User { key_epoch: 1, ..ada() }), Err(KeyDenial::Dead));
    assert_eq!(judge(User { id: UserId::from_bytes([9; 16]), ..ada() }), Err(KeyDenial::Dead));
}

/// R54, T20.
#[test]
fn a_list_of_networks_lets_nobody_else_in() {
    for good in ["192.0.2.1", "192.0.2.255", "::ffff:192.0.2.9", "2001:db8::1", "203.0.113.7"] {
        assert_eq!(judge(&key(), 1, good, NOW), Ok(()), "{good}");
    }
    for bad in ["192.0.3.1", "203.0.113.8", "2001:db9::1", "::1", "127.0.0.1"] {
        assert_eq!(judge(&key(), 1, bad, NOW), Err(KeyDenial::Address), "{bad}");
    }
    assert_eq!(judge(&ApiKey { networks: Vec::new(), ..key() }, 1, "127.0.0.1", NOW), Ok(()));
}

#[test]
fn a_canary_opens_nothing_and_a_dead_one_says_nothing() {
    let canary = ApiKey { is_canary: true, ..key() };
    assert_eq!(judge(&canary, 1, "192.0.2.1", NOW), Err(KeyDenial::Canary));
    assert_eq!(judge(&canary, 1, "127.0.0.1", NOW), Err(KeyDenial::Canary));
    assert_eq!(judge(&canary, 1, "192.0.2.1", NOW.plus(DAY)), Err(KeyDenial::Dead));
}

#[test]
fn an_old_secret_is_looked_at_when_it_is_old_or_over_and_then_regularly() {
    let endless = ApiKey { expires_at: None, ..key() };
    let old_at = NOW.plus(POLICY.rotate_after);
    assert_eq!(endless.next_look(&POLICY, NOW), old_at);
    assert_eq!(key().next_look(&POLICY, NOW), NOW.plus(DAY));
    let reminded = ApiKey { is_reminded: true, ..endless };
    assert_eq!(reminded.next_look(&POLICY, old_at), old_at.plus(POLICY.rotate_after));
    assert!(!reminded.is_rotation_due(&POLICY, old_at.minus(Duration::from_millis(1))));
    assert!(reminded.is_rotation_due(&POLICY, old_at));
}

#[test]
fn fields_are_read_as_they_are_documented() {
    assert_eq!(parse_name("  Sensor "), Ok("Sensor".to_owned()));
    assert_eq!(parse_name(&"\u{e9}".repeat(100)).map(|name| name.chars().count()), Ok(100));
    for bad in ["", "  ", &"x".repeat(101), "a\nb", "a\u{202e}b"] {
        assert_eq!(parse_name(bad), Err(KeyFault::Name), "{bad:?}");
    }
    assert_eq!(parse_description(" "), Ok(String::new()));
    assert_eq!(parse_description(&"x".repeat(501)), Err(KeyFault::Description));
    let scopes = parse_scopes(&["metrics:write", "metrics:read", "metrics:write"]).unwrap();
    assert_eq!(
        scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>(),
        ["metrics:write", "metrics:read"]
    );
    for bad in [&[][..], &["metrics"], &["metrics:read", "*:read"], &["metrics:read"; 61]] {
        assert_eq!(parse_scopes(bad), Err(KeyFault::Scopes), "{bad:?}");
    }
}

/// R54: bad lists are refused, not ignored.
#[test]
fn one_bad_network_refuses_the_whole_list() {
    for bad in ["", "here", "10.0.0.0/33", "10.0.0.1/8", "10.0.0", "10.0.0.0/8,::1", " 10.0.0.1"] {
        assert_eq!(parse_networks(&["192.0.2.1", bad]), Err(KeyFault::Networks), "{bad:?}");
    }
    assert_eq!(parse_networks(&["192.0.2.1"; 51]), Err(KeyFault::Networks));
    assert_eq!(parse_networks::<&str>(&[]), Ok(Vec::new()));
}
