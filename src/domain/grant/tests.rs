//! Tests of the decision: T44, T45, T46, every combination of what may allow, and what a key narrows.

use proptest::prelude::*;

use super::*;
use crate::domain::permission::Scope;
use crate::domain::resource::Grant;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const ADA: UserId = UserId::from_bytes([1; 16]);
const BOB: UserId = UserId::from_bytes([2; 16]);
const UPDATE: Permission = Permission::PoliciesUpdate;

fn scope(name: &str) -> Scope {
    name.parse().unwrap()
}

fn grant(user: UserId, name: &str, ends_in: Option<i64>) -> Grant {
    let expires_at = ends_in.map(|millis| Timestamp::from_millis(NOW.millis() + millis));
    Grant { user, scope: scope(name), expires_at }
}

fn resource(owner: UserId, grants: Vec<Grant>) -> Resource {
    Resource { name: "policies/42".parse().unwrap(), owner, created_at: Timestamp::EPOCH, grants }
}

fn who(rights: Permissions, scopes: Option<Permissions>) -> Who {
    Who { user: ADA, rights, scopes }
}

fn set(permission: Permission) -> Permissions {
    Permissions::NONE.with(permission)
}

/// T44, T45, T46: held, owned, granted, granted and over, within the key's scopes or not: every combination, against
/// one line of logic.
#[test]
fn every_combination_of_held_owned_granted_and_expired_decides_as_the_rule_says() {
    for bits in 0..32_u8 {
        let is = |bit: u8| bits & (1 << bit) != 0;
        let [held, owned, granted, expired, in_scope] = [0, 1, 2, 3, 4].map(is);
        let rights = if held { set(UPDATE) } else { set(Permission::PoliciesRead) };
        let mut grants = vec![grant(BOB, "policies:update", None)];
        grants.extend(granted.then(|| grant(ADA, "policies:update", Some(1))));
        grants.extend(expired.then(|| grant(ADA, "policies:write", Some(0))));
        let resource = resource(if owned { ADA } else { BOB }, grants);
        let scopes = if in_scope { set(UPDATE) } else { set(Permission::PoliciesRead) };
        let ground = |scopes| who(rights, scopes).ground(UPDATE, Some(&resource), NOW);
        let expected = match (held, owned, granted) {
            (true, ..) => Some(Ground::Right),
            (_, true, _) => Some(Ground::Ownership),
            (.., true) => Some(Ground::Grant(Some(Timestamp::from_millis(NOW.millis() + 1)))),
            _ => None,
        };
        assert_eq!(ground(None), expected, "{bits:05b}");
        assert_eq!(ground(Some(scopes)), expected.filter(|_| in_scope), "{bits:05b}, with a key");
        let without = who(rights, None).ground(UPDATE, None, NOW);
        assert_eq!(without, held.then_some(Ground::Right), "{bits:05b}, without a resource");
    }
}

/// T44.
#[test]
fn the_owner_may_do_anything_of_the_kind_and_nothing_of_another() {
    let mine = resource(ADA, Vec::new());
    for permission in Permission::ALL {
        let expected = (Kind::of(permission) == Kind::Policies).then_some(Ground::Ownership);
        assert_eq!(
            who(Permissions::NONE, None).ground(permission, Some(&mine), NOW),
            expected,
            "{permission}"
        );
    }
}

/// T45, X14: `write` is create and update, and of several grants the one that lasts longest counts.
#[test]
fn a_grant_allows_what_its_scope_stands_for_and_the_longest_is_told() {
    let ada = who(Permissions::NONE, None);
    let shared = resource(BOB, vec![grant(ADA, "policies:write", Some(5))]);
    for permission in Permission::ALL {
        let allowed = matches!(permission, Permission::PoliciesCreate | Permission::PoliciesUpdate);
        assert_eq!(ada.ground(permission, Some(&shared), NOW).is_some(), allowed, "{permission}");
    }
    let later = Timestamp::from_millis(NOW.millis() + 9);
    let two = vec![grant(ADA, "policies:update", Some(9)), grant(ADA, "policies:write", Some(5))];
    assert_eq!(ada.ground(UPDATE, Some(&resource(BOB, two.clone())), NOW), Some(Ground::Grant(Some(later))));
    let endless = [two, vec![grant(ADA, "policies:write", None)]].concat();
    assert_eq!(ada.ground(UPDATE, Some(&resource(BOB, endless)), NOW), Some(Ground::Grant(None)));
}

#[test]
fn a_question_is_about_one_kind() {
    let write = scope("policies:write");
    assert_eq!(Question::new(write, Some("costs/42".parse().unwrap())), Err(OtherKind));
    let question = Question::new(write, Some("policies/42".parse().unwrap())).unwrap();
    assert_eq!(question.permissions(), set(UPDATE).with(Permission::PoliciesCreate));
    assert_eq!(question.resource().unwrap().id(), "42");
    assert!(Question::new(write, None).is_ok());
}

#[test]
fn what_was_granted_is_not_passed_on() {
    let shared = resource(BOB, vec![grant(ADA, "policies:write", None), grant(ADA, "policies:delete", None)]);
    assert_eq!(who(Permissions::NONE, None).grantable(&shared), Permissions::NONE);
    let rights = set(UPDATE).with(Permission::UsersRead);
    assert_eq!(who(rights, None).grantable(&shared), set(UPDATE));
    assert_eq!(
        who(Permissions::NONE, None).grantable(&resource(ADA, Vec::new())),
        Kind::Policies.permissions()
    );
    let key = who(Permissions::NONE, Some(set(UPDATE).with(Permission::CostsRead)));
    assert_eq!(key.grantable(&resource(ADA, Vec::new())), set(UPDATE));
}

#[test]
fn the_owner_hands_over_and_whoever_looks_after_accounts() {
    let (mine, other) = (resource(ADA, Vec::new()), resource(BOB, vec![grant(ADA, "policies:write", None)]));
    let plain = who(set(UPDATE), None);
    assert!(plain.may_hand_over(&mine) && !plain.may_hand_over(&other));
    assert!(who(set(Permission::UsersUpdate), None).may_hand_over(&other));
    let key = |permission| who(set(Permission::UsersUpdate), Some(set(permission)));
    assert!(key(UPDATE).may_hand_over(&mine) && !key(UPDATE).may_hand_over(&other));
    assert!(
        key(Permission::UsersUpdate).may_hand_over(&other)
            && !key(Permission::PoliciesRead).may_hand_over(&mine)
    );
}

#[test]
fn a_resource_is_seen_by_whom_it_concerns_and_by_who_looks_after_its_kind() {
    let shared = resource(BOB, vec![grant(ADA, "policies:read", Some(1))]);
    let end = Timestamp::from_millis(NOW.millis() + 1);
    let ada = who(Kind::Policies.permissions().and(set(Permission::PoliciesRead)), None);
    assert!(ada.may_see(&shared, NOW) && !ada.may_see(&shared, end), "a grant that is over concerns nobody");
    assert!(ada.may_see(&resource(ADA, Vec::new()), end));
    for right in [UPDATE, Permission::PoliciesDelete, Permission::UsersRead, Permission::UsersUpdate] {
        assert!(who(set(right), None).may_see(&shared, end), "{right}");
    }
    assert!(!who(set(Permission::CostsUpdate), None).may_see(&shared, end));
    let key = |scope| who(set(UPDATE), Some(set(scope)));
    assert!(
        key(UPDATE).may_see(&shared, end)
            && !key(Permission::CostsRead).may_see(&resource(ADA, Vec::new()), end)
    );
}

fn permissions() -> impl Strategy<Value = Permissions> {
    prop::collection::vec(prop::sample::select(&Permission::ALL[..]), 0..24)
        .prop_map(|all| all.into_iter().collect())
}

fn grants() -> impl Strategy<Value = Vec<Grant>> {
    let user = prop::sample::select(vec![ADA, BOB]);
    let scopes = Scope::all().filter(|scope| scope.name().starts_with("policies:")).collect::<Vec<_>>();
    let one = (user, prop::sample::select(scopes), prop::option::of(-2..3_i64));
    let one = one.prop_map(|(user, scope, end)| grant(user, scope.name(), end));
    prop::collection::vec(one, 0..8)
}

proptest! {
    /// Whatever is stored: nothing is allowed without one of the three reasons, a key never does more than its owner
    /// or its scopes, and more rights, an ownership or one more grant never take anything away.
    #[test]
    fn nothing_is_allowed_without_a_reason_and_nothing_forbids(
        (rights, more, scopes) in (permissions(), permissions(), prop::option::of(permissions())),
        grants in grants(),
        is_owner: bool,
        permission in prop::sample::select(&Permission::ALL[..]),
    ) {
        let resource = resource(if is_owner { ADA } else { BOB }, grants.clone());
        let ground = |who: Who| who.ground(permission, Some(&resource), NOW);
        let (free, narrow) = (who(rights, None), who(rights, scopes));
        let live = grants.iter().filter(|grant| grant.user == ADA && grant.expires_at.is_none_or(|end| end > NOW));
        let is_granted = live.clone().any(|grant| grant.scope.permissions().contains(permission));
        let is_policy = Kind::of(permission) == Kind::Policies;
        let expected = rights.contains(permission) || (is_policy && is_owner) || is_granted;
        prop_assert_eq!(ground(free).is_some(), expected);
        let within = scopes.is_none_or(|scopes| scopes.contains(permission));
        prop_assert_eq!(ground(narrow).is_some(), expected && within);
        prop_assert!(ground(who(rights.or(more), None)).is_some() >= ground(free).is_some());
        let handed = Resource { owner: ADA, ..resource.clone() };
        prop_assert!(free.ground(permission, Some(&handed), NOW).is_some() >= ground(free).is_some());
        prop_assert!(free.grantable(&resource).beyond(rights.or(handed.name.kind().permissions())).is_none());
        let changes = [UPDATE, Permission::PoliciesDelete].contains(&permission);
        let needs_sight = is_policy && (changes || !rights.contains(permission));
        prop_assert!(ground(free).is_none() || !needs_sight || free.may_see(&resource, NOW));
    }
}
