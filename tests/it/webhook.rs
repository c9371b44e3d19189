//! Webhooks: what is delivered, in which order, how often, and what becomes of the rest.

use std::collections::BTreeSet;
use std::time::Duration;

use latchkey::domain::feed::Cursor;
use latchkey::services::events::as_of;
use latchkey::services::sweep::sweep;
use latchkey::services::webhook::{self, Next};
use latchkey::store::check::check;
use latchkey::store::tables;

use crate::harness::{PASSWORD, Receiver, TestApp, hook};

/// How long the hook waits at most before it tries again.
const HOUR: Duration = Duration::from_secs(3_600);

/// Wrong passwords, each from another network.
async fn guess(app: &TestApp, times: usize) {
    for at in 0..times {
        app.anonymous()
            .at(&format!("203.0.{at}.9"))
            .log_in("ada", "a wrong password")
            .await
            .refused(401, "AUTHENTICATION_FAILED");
    }
}

#[tokio::test]
async fn everything_that_happens_from_now_on_is_told_in_order_and_once() {
    let receiver = Receiver::default();
    let app = TestApp::with_webhooks(vec![hook("all", None, &receiver)]).await.with_user("ada").await;
    assert_eq!(app.tell(0).await, Next::OnCommit);
    receiver.take();
    let before = app.events().len();
    let ada = app.log_in("ada").await;
    for _ in 0..5 {
        app.anonymous().log_in("ada", "a wrong password").await.refused(401, "AUTHENTICATION_FAILED");
    }
    ada.post("/api/v1/auth/logout", serde_json::json!({})).await.data(200);
    assert_eq!(app.tell(0).await, Next::OnCommit);
    let told = receiver.take();
    let happened: Vec<_> = app.records().split_off(before).into_iter().map(|event| event.action).collect();
    let actions: Vec<_> = told.iter().map(|event| event.entry.action.clone()).collect();
    assert_eq!(actions, happened);
    assert!(actions.contains(&"lockout.set".to_owned()), "a commit of two events: {actions:?}");
    let ids: BTreeSet<_> = told.iter().map(|event| event.id.clone()).collect();
    assert_eq!(ids.len(), told.len());
    let end = app.services.read(|read| as_of(read)).unwrap();
    assert_eq!(told.last().unwrap().id.parse::<Cursor>(), Ok(end), "the id in the event stream");
    app.tell(0).await;
    assert_eq!(receiver.actions(), [""; 0]);
}

#[tokio::test]
async fn a_hook_hears_of_what_it_is_for_alone() {
    let (logins, deletions) = (Receiver::default(), Receiver::default());
    let hooks =
        vec![hook("logins", Some("login.*"), &logins), hook("ends", Some("user.deleted"), &deletions)];
    let app = TestApp::with_webhooks(hooks).await.with_user("ada").await;
    let ada = app.log_in("ada").await;
    guess(&app, 40).await;
    ada.delete("/api/v1/users/me").await.data(200);
    for at in [0, 1] {
        app.tell(at).await;
    }
    let heard = logins.actions();
    assert_eq!((heard.len(), heard[0].as_str(), heard[40].as_str()), (41, "login.succeeded", "login.failed"));
    assert_eq!(deletions.actions(), ["user.deleted"]);
}

#[tokio::test]
async fn what_fails_is_tried_again_later_and_later_and_holds_up_what_follows() {
    let receiver = Receiver::default();
    let app =
        TestApp::with_webhooks(vec![hook("all", Some("login.*"), &receiver)]).await.with_user("ada").await;
    receiver.fail(2);
    guess(&app, 2).await;
    let mut waits = Vec::new();
    while let Next::At(at) = app.tell(0).await {
        let wait = at.since(app.clock_now());
        waits.push(wait.as_millis());
        app.advance(wait - Duration::from_millis(1));
        assert_eq!(app.tell(0).await, Next::At(at), "not a moment earlier");
        app.advance(Duration::from_millis(1));
    }
    assert!((2_500..=5_000).contains(&waits[0]) && (5_000..=10_000).contains(&waits[1]), "{waits:?}");
    assert_eq!(waits.len(), 2);
    let told = receiver.take();
    let ids: Vec<_> = told.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(ids, [ids[0], ids[0], ids[0], ids[3]], "the same id at every attempt, and then the next");
    assert_ne!(ids[0], ids[3]);
}

#[tokio::test]
async fn a_receiver_that_says_when_is_not_asked_before() {
    let receiver = Receiver::default();
    let app =
        TestApp::with_webhooks(vec![hook("all", Some("login.*"), &receiver)]).await.with_user("ada").await;
    guess(&app, 1).await;
    let wait = Duration::from_secs(300);
    receiver.be_busy(wait);
    let until = app.clock_now().plus(wait);
    assert_eq!(app.tell(0).await, Next::At(until));
    app.advance(wait);
    assert_eq!(app.tell(0).await, Next::OnCommit);
    assert_eq!(receiver.actions(), ["login.failed", "login.failed"]);
}

#[tokio::test]
async fn what_is_given_up_is_kept_by_its_place_and_the_rest_goes_on() {
    let receiver = Receiver::default();
    let app =
        TestApp::with_webhooks(vec![hook("all", Some("login.*"), &receiver)]).await.with_user("ada").await;
    guess(&app, 3).await;
    receiver.fail(4);
    for _ in 0..4 {
        assert!(matches!(app.tell(0).await, Next::At(_)));
        app.advance(HOUR);
    }
    assert_eq!(app.tell(0).await, Next::OnCommit);
    let told = receiver.take();
    let ids: Vec<_> = told.iter().map(|event| event.id.as_str()).collect();
    let [first, second, third] = [ids[0], ids[3], ids[5]];
    assert_eq!(ids, [first, first, first, second, second, third], "three attempts are for one event");
    let (progress, letters) = stored(&app, "all");
    assert_eq!((progress.delivered, progress.failures, progress.dead), (2, 0, 1));
    let [(place, letter)] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!((letter.action.as_str(), letter.attempts), ("login.failed", 3));
    assert_eq!(first.split('-').nth(1), Some(place.0.to_string().as_str()));
    assert_eq!(letter.last_error, "the receiver answered 503");
    assert!(check(app.store()).unwrap().is_clean());
    app.advance(Duration::from_secs(31 * 86_400));
    while sweep(&app.services).await.unwrap() {}
    let (progress, letters) = stored(&app, "all");
    assert_eq!((progress.dead, letters.len()), (0, 0), "after thirty days it is forgotten");
}

#[tokio::test]
async fn of_too_many_dead_letters_the_oldest_go() {
    let receiver = Receiver::default();
    let app =
        TestApp::with_webhooks(vec![hook("all", Some("login.*"), &receiver)]).await.with_user("ada").await;
    guess(&app, 5).await;
    receiver.fail(15);
    while let Next::At(_) = app.tell(0).await {
        app.advance(HOUR);
    }
    let ids: BTreeSet<_> = receiver.take().into_iter().map(|event| event.entry.seq).collect();
    let (progress, letters) = stored(&app, "all");
    assert_eq!((ids.len(), progress.dead), (5, 3));
    let kept: Vec<_> = letters.iter().map(|((seq, _), _)| *seq).collect();
    assert_eq!(kept, ids.into_iter().skip(2).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_delivery_that_nobody_noted_is_repeated_under_the_same_id() {
    let receiver = Receiver::default();
    let hooks = || vec![hook("all", Some("login.*"), &receiver)];
    let app = TestApp::with_webhooks(hooks()).await.with_user("ada").await;
    guess(&app, 2).await;
    receiver.hang(true);
    // The process ends while the receiver answers.
    tokio::select! {
        _ = app.tell(0) => panic!("it answered"),
        () = receiver.called() => {}
    }
    receiver.hang(false);
    let app = app.restarted_with_webhooks(hooks()).await;
    app.tell(0).await;
    let told = receiver.take();
    let ids: Vec<_> = told.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(ids, [ids[0], ids[0], ids[2]]);
    let app = app.restarted_with_webhooks(hooks()).await;
    app.tell(0).await;
    assert_eq!(receiver.actions(), [""; 0], "what was noted is not repeated");
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_told_nothing_more_and_that_is_recorded() {
    let receiver = Receiver::default();
    let app = TestApp::with_webhooks(vec![hook("all", None, &receiver)]).await.with_user("ada").await;
    app.tell(0).await;
    receiver.take();
    receiver.go();
    guess(&app, 1).await;
    let (next, events) = app.events_of(app.tell(0)).await;
    assert_eq!((next, events), (Next::OnCommit, vec!["webhook.disabled success gone".to_owned()]));
    guess(&app, 3).await;
    app.advance(HOUR);
    app.tell(0).await;
    assert_eq!(receiver.actions(), ["login.failed"]);
}

#[tokio::test]
async fn a_hook_that_waits_or_hangs_holds_up_no_other() {
    let (bad, good) = (Receiver::default(), Receiver::default());
    let app = TestApp::with_webhooks(vec![hook("bad", None, &bad), hook("good", None, &good)]).await;
    let app = app.with_user("ada").await;
    bad.hang(true);
    guess(&app, 2).await;
    let stuck = app.tell(0);
    let fine = async {
        app.tell(1).await;
        good.actions().len()
    };
    tokio::select! {
        biased;
        _ = stuck => panic!("it hangs"),
        told = fine => assert_eq!(told, app.events().len()),
    }
}

#[tokio::test]
async fn a_hook_that_is_not_configured_any_more_is_forgotten_and_begins_anew() {
    let receiver = Receiver::default();
    let hooks = || vec![hook("all", Some("login.*"), &receiver)];
    let app = TestApp::with_webhooks(hooks()).await.with_user("ada").await;
    guess(&app, 1).await;
    receiver.fail(3);
    while let Next::At(_) = app.tell(0).await {
        app.advance(HOUR);
    }
    let rows = |app: &TestApp| {
        let counts = app.row_counts();
        [tables::WEBHOOKS.id(), tables::DEAD_LETTERS.id()]
            .map(|table| counts.get(&table).copied().unwrap_or(0))
    };
    assert_eq!(rows(&app), [1, 1]);
    let app = app.restarted_with_webhooks(Vec::new()).await;
    assert_eq!(rows(&app), [0, 0]);
    guess(&app, 1).await;
    receiver.take();
    let app = app.restarted_with_webhooks(hooks()).await;
    app.tell(0).await;
    assert_eq!(receiver.actions(), [""; 0]);
    app.anonymous().log_in("ada", PASSWORD).await.data(200);
    app.tell(0).await;
    assert_eq!(receiver.actions(), ["login.succeeded"]);
}

/// Long stretches of which nothing is wanted are not looked at again at every start.
#[tokio::test]
async fn the_place_of_a_hook_that_wants_nothing_is_written_now_and_then() {
    let receiver = Receiver::default();
    let app = TestApp::with_webhooks(vec![hook("ends", Some("user.deleted"), &receiver)]).await;
    let begin = stored(&app, "ends").0.next.0;
    let ctx = app.services.own_context("test");
    for _ in 0..1_000 {
        let witness = latchkey::services::audit::Witness::of_nobody(&app.services, &ctx);
        let event = witness
            .event(latchkey::domain::audit::Action::ConfigLoaded, latchkey::domain::audit::Outcome::Success);
        let event = event.done();
        app.services.write("test", &ctx, move |txn| txn.emit(event.clone())).await.unwrap();
    }
    app.tell(0).await;
    let after = stored(&app, "ends").0.next.0;
    assert!((begin + 1_000..=begin + 1_016).contains(&after), "{begin} {after}");
    assert_eq!(webhook::standing(&app.services, &app.store().snapshot().unwrap()).unwrap()[0].behind, 0);
}

type Letters = Vec<(latchkey::store::webhook::Place, latchkey::store::webhook::DeadLetter)>;

fn stored(app: &TestApp, name: &str) -> (latchkey::store::webhook::Progress, Letters) {
    let snapshot = app.store().snapshot().unwrap();
    let progress = latchkey::store::webhook::progress(&snapshot, name).unwrap().unwrap();
    let letters = latchkey::store::webhook::dead_letters(&snapshot, name, None, 100).unwrap();
    (progress, letters.rows)
}
