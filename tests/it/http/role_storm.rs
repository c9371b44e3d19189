//! Roles under concurrency: threads that take the last administrators' role from each other (R58), or delete a role
//! while it is given away.

use std::sync::Arc;

use latchkey::domain::id::UserId;
use latchkey::domain::role::Role;
use latchkey::domain::user::Status;
use latchkey::services::caller::Person;
use latchkey::services::custom_role;
use latchkey::services::role_act::RoleFault;
use latchkey::services::role_grant::{Right, give, take};
use latchkey::services::session::authenticate;
use latchkey::services::{Context, Services};
use latchkey::store;
use latchkey::store::check::check;

use crate::harness::{START, TestApp};

const ROUNDS: usize = 1_000;

fn super_admins(app: &Services) -> Vec<UserId> {
    let holders = app.read(|read| store::user::with_role(read, Role::SuperAdmin, 9)).unwrap();
    holders.into_iter().filter(|user| user.status == Status::Active).map(|user| user.id).collect()
}

fn right() -> Right {
    Right::Role("super_admin".to_owned())
}

async fn demote(app: Arc<Services>, ctx: Context, caller: Person, target: UserId) -> Result<(), RoleFault> {
    take(&app, &ctx, &caller, (target, right())).await
}

/// 1,000 rounds on several threads: two super administrators demote each other at the same moment, and then both
/// themselves. One of them always stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_super_administrators_who_demote_each_other_leave_one() {
    let app = TestApp::new();
    for name in ["one", "two"] {
        app.add(name, Role::SuperAdmin).await;
    }
    let (services, ctx) = (app.services.clone(), app.services.own_context("test"));
    let mut people = Vec::new();
    for name in ["one", "two"] {
        let token = app.log_in(name).await.access.clone();
        people.push(Person::from(authenticate(&services, &token, START).unwrap()));
    }
    let ids = [people[0].caller.user.id, people[1].caller.user.id];
    let (mut won, mut refused) = ([0; 2], 0);
    for round in 0..ROUNDS {
        // Each other in the even rounds, themselves in the odd ones.
        let targets = if round % 2 == 0 { [ids[1], ids[0]] } else { ids };
        let race =
            |at: usize| tokio::spawn(demote(services.clone(), ctx.clone(), people[at].clone(), targets[at]));
        let (first, second) = (race(0), race(1));
        let results = [first.await.unwrap(), second.await.unwrap()];
        let left = super_admins(&services);
        assert_eq!(left.len(), 1, "round {round}: {results:?}");
        for (at, result) in results.iter().enumerate() {
            match result {
                Ok(()) => won[at] += 1,
                Err(RoleFault::LastSuperAdmin | RoleFault::Outranked | RoleFault::Refused(_)) => refused += 1,
                Err(other) => panic!("round {round}: {other}"),
            }
        }
        let survivor = people.iter().find(|person| person.caller.user.id == left[0]).unwrap();
        let fallen = if left[0] == ids[0] { ids[1] } else { ids[0] };
        give(&services, &ctx, survivor, (fallen, right())).await.unwrap();
    }
    assert_eq!((won[0] + won[1], refused), (ROUNDS, ROUNDS));
}

/// 200 rounds: a role that is deleted is held by nobody, and one that is held stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_role_that_is_given_and_deleted_at_once_leaves_no_trace_or_stays_whole() {
    let app = TestApp::new().with_user("ada").await;
    app.add("boss", Role::Admin).await;
    let (services, ctx) = (app.services.clone(), app.services.own_context("test"));
    let boss: Person = authenticate(&services, &app.log_in("boss").await.access, START).unwrap().into();
    let ada = app.account("ada").unwrap().id;
    let mut deleted = 0;
    for round in 0..200 {
        let id = app.make_role("Race", &["costs:read"], None).await;
        let right = || Right::Role("race".to_owned());
        let (app_, ctx_, boss_, given) = (services.clone(), ctx.clone(), boss.clone(), right());
        let giving = tokio::spawn(async move { give(&app_, &ctx_, &boss_, (ada, given)).await });
        let (app_, ctx_, boss_) = (services.clone(), ctx.clone(), boss.clone());
        let deleting = tokio::spawn(async move { custom_role::delete(&app_, &ctx_, &boss_, &id).await });
        match (giving.await.unwrap(), deleting.await.unwrap()) {
            (Ok(()), Err(RoleFault::InUse { holders: 1, heirs: 0 })) => {
                take(&services, &ctx, &boss, (ada, right())).await.unwrap();
                custom_role::delete(&services, &ctx, &boss, "race").await.unwrap();
            }
            (Err(RoleFault::NoRole), Ok(())) => deleted += 1,
            other => panic!("round {round}: {other:?}"),
        }
        assert!(app.account("ada").unwrap().custom_roles.is_empty());
    }
    assert!(check(&services.store).unwrap().is_clean(), "{deleted}");
}
