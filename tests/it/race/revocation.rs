//! Races of refreshes with what ends their session.

use std::sync::Arc;

use latchkey::domain::order::Order;
use latchkey::domain::role::Role;
use latchkey::domain::user::Status;
use latchkey::services::caller::Caller;
use latchkey::services::password_reset::{Opened, reset};
use latchkey::services::role_grant::{Right, take};
use latchkey::services::session::{authenticate, end, end_all};
use latchkey::services::token::refresh;
use latchkey::services::user::{UserChange, update};
use latchkey::services::{Context, Services};
use latchkey::store;
use serde_json::json;

use super::{Doing, Race, context, ready};
use crate::harness::TestApp;

/// Ends Ada's session. It may have ended already: two who refresh with one token, each with what they got as well, look
/// like a theft.
type Ending = fn(Arc<Services>, Context, Ends) -> Doing<()>;

/// What endings need.
#[derive(Clone)]
struct Ends {
    /// Ada's access token.
    access: String,
    /// That of an administrator.
    root: String,
    /// A link that sets Ada's password.
    link: String,
}

/// R44: the first racer ends the session while the others refresh, and refresh what they got. Whoever got tokens got dead
/// ones.
async fn racing(ending: Ending) -> Race {
    let app = TestApp::new().with_user("ada").await;
    app.add("root", Role::SuperAdmin).await;
    let (ada, root) = (app.log_in("ada").await, app.log_in("root").await.access);
    let body = json!({ "email": "ada@example.com" });
    app.anonymous().post("/api/v1/auth/password-reset/initiate", body).await.data(200);
    let link = app.reset_token("ada@example.com").await;
    let ends = Ends { access: ada.access.clone(), root, link };
    let token = ada.refresh.clone();
    let race = Race::new(&app, move |services, ctx, number| {
        let (ends, token) = (ends.clone(), token.clone());
        async move {
            if number == 0 {
                ending(services, ctx, ends).await;
                return None;
            }
            let first = refresh(&services, &ctx, &token).await.ok()?.refresh_token;
            let next = refresh(&services, &ctx, &first).await.ok().map(|pair| pair.refresh_token);
            Some(next.unwrap_or(first))
        }
    });
    race.judged(|services, prizes| async move {
        // First what is left: a token that is presented too often would end it.
        let ada = services.read(|read| store::user::by_identifier(read, "ada")).unwrap().unwrap();
        let left =
            services.read(|read| store::session::of_user(read, ada.id, (Order::Newest, None), 9)).unwrap();
        let left = left.0.iter().filter(|session| session.epoch == ada.session_epoch);
        assert_eq!(left.count(), 0);
        let ctx = context(&services);
        for survivor in prizes.iter().flatten() {
            assert!(refresh(&services, &ctx, survivor).await.is_err(), "a token outlived its session");
        }
    })
}

/// R32, R44.
#[test]
fn a_logout_among_refreshes_leaves_no_survivor() {
    ready(racing(|services, ctx, ends| {
        Box::pin(async move {
            if let Ok(ada) = authenticate(&services, &ends.access, ctx.now) {
                let _ = end(&services, &ctx, &ada, ada.session).await;
            }
        })
    }))
    .run();
}

/// R32, R44.
#[test]
fn a_logout_everywhere_among_refreshes_leaves_no_survivor() {
    ready(racing(|services, ctx, ends| {
        Box::pin(async move {
            if let Ok(ada) = authenticate(&services, &ends.access, ctx.now) {
                end_all(&services, &ctx, &ada).await.unwrap();
            }
        })
    }))
    .run();
}

/// R33, R44.
#[test]
fn a_suspension_among_refreshes_leaves_no_survivor() {
    ready(racing(|services, ctx, ends| {
        Box::pin(async move {
            let root = Caller::from(authenticate(&services, &ends.root, ctx.now).unwrap());
            let ada = services.read(|read| store::user::by_identifier(read, "ada")).unwrap().unwrap();
            let change = UserChange { status: Some(Status::Suspended), ..UserChange::default() };
            update(&services, &ctx, &root, ada.id, change).await.unwrap();
        })
    }))
    .run();
}

/// R36, R44.
#[test]
fn a_reset_among_refreshes_leaves_no_survivor() {
    ready(racing(|services, ctx, ends| {
        Box::pin(async move {
            let new = "seven silent paper lanterns";
            reset(&services, &ctx, Opened::Reset, (&ends.link, new)).await.unwrap();
        })
    }))
    .run();
}

/// R58: each takes the role of another one; somebody keeps it.
#[test]
fn administrators_who_demote_each_other_leave_one() {
    let race = ready(async {
        let app = TestApp::new();
        let mut people = Vec::new();
        for number in 0..super::CROWD {
            let name = format!("root{number}");
            app.add(&name, Role::SuperAdmin).await;
            people.push((app.session_of(&name).await, app.account(&name).unwrap().id));
        }
        Race::new(&app, move |services, ctx, number| {
            let (people, few) = (people.clone(), people.len());
            async move {
                let caller = authenticate(&services, &people[number].0, ctx.now).ok()?;
                // The next one, and then everybody: under the scheduler most are not there to defend themselves.
                for at in 1..few {
                    let right = Right::Role("super_admin".to_owned());
                    let victim = people[(number + at) % few].1;
                    let _ = take(&services, &ctx, &caller.clone().into(), (victim, right)).await;
                }
                None
            }
        })
    });
    let race = race.judged(|services, _| async move {
        let left = services.read(|read| store::user::with_role(read, Role::SuperAdmin, 99)).unwrap();
        assert_eq!(left.len(), 1);
    });
    race.run();
}
