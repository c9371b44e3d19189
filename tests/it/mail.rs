//! The outbox at work: retries by the clock, dead letters, restarts, and what lies at rest.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use latchkey::services::Services;
use latchkey::services::mail::{Round, deliver_due, release_claims};
use latchkey::services::mail_transport::{MailFault, MailTransport, OutgoingMail, Sending};
use latchkey::store::StoreError;
use serde_json::json;

use crate::harness::{START, TestApp};

const MINUTE: Duration = Duration::from_secs(60);

/// A relay that remembers what it was given, and refuses some.
#[derive(Clone, Default)]
pub struct Relay {
    seen: Arc<Mutex<Vec<OutgoingMail>>>,
    faults: Arc<Mutex<HashMap<String, MailFault>>>,
}

impl Relay {
    /// Answers `fault` for the recipients whose address begins with one of `to`.
    pub fn answering<const N: usize>(to: [&str; N], fault: &MailFault) -> Self {
        let faults = to.map(|to| (to.to_owned(), fault.clone())).into();
        Self { seen: Arc::default(), faults: Arc::new(Mutex::new(faults)) }
    }

    fn seen(&self) -> Vec<OutgoingMail> {
        self.seen.lock().unwrap().clone()
    }

    fn mend(&self) {
        self.faults.lock().unwrap().clear();
    }
}

impl MailTransport for Relay {
    fn send<'a>(&'a self, mail: &'a OutgoingMail) -> Sending<'a> {
        Box::pin(async move {
            self.seen.lock().unwrap().push(mail.clone());
            let faults = self.faults.lock().unwrap();
            let fault = faults.iter().find(|(to, _)| mail.to.as_str().starts_with(to.as_str()));
            fault.map_or(Ok(()), |(_, fault)| Err(fault.clone()))
        })
    }
}

async fn round(app: &Services, relay: &Relay) -> Round {
    deliver_due(app, relay).await.unwrap()
}

async fn with_attempts(attempts: u32) -> TestApp {
    let app = TestApp::with_policy(|policy| {
        policy.mail_attempts_max = attempts;
        // Longer than all retries take, so that the mail stays worth sending.
        policy.registration.verify_ttl = Duration::from_secs(7 * 86_400);
    });
    app.anonymous().register("ada@example.com").await.data(201);
    app
}

/// The one-time token in the link of `mail`.
fn token(mail: &OutgoingMail) -> String {
    let (_, rest) = mail.text.split_once("?token=").unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

#[tokio::test]
async fn a_temporary_fault_is_retried_by_the_documented_steps_and_then_given_up() {
    let app = with_attempts(10).await;
    let relay = Relay::answering(["ada"], &MailFault::temporary("451 later"));
    for (attempt, minutes) in [1, 5, 15, 60, 180, 360, 720, 720, 720].into_iter().enumerate() {
        let due_at = app.clock_now().plus(Duration::from_secs(minutes * 60));
        let expected = Round { postponed: 1, next_at: Some(due_at), ..Round::default() };
        assert_eq!(round(&app.services, &relay).await, expected, "attempt {attempt}");
        app.advance(Duration::from_millis(minutes * 60_000 - 1));
        let waiting = Round { next_at: Some(due_at), ..Round::default() };
        assert_eq!(round(&app.services, &relay).await, waiting, "a millisecond early");
        app.advance(Duration::from_millis(1));
    }
    assert_eq!(round(&app.services, &relay).await, Round { dead: 1, ..Round::default() });
    app.advance(Duration::from_secs(30 * 86_400));
    assert_eq!(round(&app.services, &relay).await, Round::default());
    let seen = relay.seen();
    assert_eq!(seen.len(), 10);
    assert!(
        seen.iter()
            .all(|mail| mail.id == seen[0].id && mail.text == seen[0].text && mail.written_at == START)
    );
    let counts = &app.services.mail_counts;
    assert_eq!((counts.sent(), counts.postponed(), counts.dead()), (0, 9, 1));
}

#[tokio::test]
async fn a_mail_whose_link_has_expired_is_given_up_unsent() {
    let app = with_attempts(10).await;
    let relay = Relay::default();
    app.advance(Duration::from_secs(7 * 86_400));
    assert_eq!(round(&app.services, &relay).await, Round { dead: 1, ..Round::default() });
    assert!(relay.seen().is_empty() && stored_bytes(&app) < 300);
}

#[tokio::test]
async fn a_permanent_fault_ends_it_at_once_and_the_body_is_gone() {
    let app = with_attempts(10).await;
    let before = stored_bytes(&app);
    let relay = Relay::answering(["ada"], &MailFault::permanent("550 no such user"));
    assert_eq!(round(&app.services, &relay).await, Round { dead: 1, ..Round::default() });
    let after = stored_bytes(&app);
    assert!(before > 500 && after < 300, "a dead letter keeps no body: {before} bytes, then {after}");
    assert_eq!(app.services.mail_counts.dead(), 1);
}

#[tokio::test]
async fn a_mail_that_left_leaves_nothing_behind() {
    let app = with_attempts(3).await;
    let relay = Relay::default();
    assert_eq!(round(&app.services, &relay).await, Round { sent: 1, ..Round::default() });
    assert_eq!(stored_bytes(&app), 0);
    assert_eq!(app.services.mail_counts.sent(), 1);
    assert_eq!(round(&app.services, &relay).await, Round::default());
}

#[tokio::test]
async fn one_refused_mail_does_not_hold_up_the_others() {
    let app = with_attempts(3).await;
    for at in 0..40 {
        app.anonymous().register(&format!("bob{at}@example.com")).await.data(201);
    }
    let relay = Relay::answering(["ada"], &MailFault::temporary("451 later"));
    let (mut sent, mut rounds) = (0, 0);
    while sent < 40 {
        sent += round(&app.services, &relay).await.sent;
        rounds += 1;
        assert!(rounds <= 4, "{sent} sent");
    }
    let mut to: Vec<_> = relay.seen().iter().map(|mail| mail.to.to_string()).collect();
    to.sort_unstable();
    to.dedup();
    assert_eq!(to.len(), 41, "each once: {to:?}");
    assert_eq!(relay.seen().len(), 41);
}

#[tokio::test]
async fn what_was_sent_but_not_settled_is_sent_again_when_its_claim_ends_under_the_same_id() {
    let app = with_attempts(3).await;
    let relay = Relay::default();
    app.engine.fail_commit(2, StoreError::Closed);
    deliver_due(&app.services, &relay).await.unwrap_err();
    let app = app.restarted();
    let waiting = Round { next_at: Some(START.plus(10 * MINUTE)), ..Round::default() };
    assert_eq!(round(&app.services, &relay).await, waiting);
    app.advance(10 * MINUTE);
    assert_eq!(round(&app.services, &relay).await.sent, 1);
    let seen = relay.seen();
    assert_eq!((seen.len(), seen[0].id), (2, seen[1].id));
    assert_eq!(token(&seen[0]), token(&seen[1]));
    app.anonymous().get(&format!("/api/v1/auth/verify-email/{}", token(&seen[1]))).await.data(200);
    assert_eq!(stored_bytes(&app), 0);
}

#[tokio::test]
async fn a_start_gives_up_the_claims_of_a_process_that_is_gone() {
    let app = with_attempts(3).await;
    app.engine.fail_commit(2, StoreError::Closed);
    let relay = Relay::default();
    deliver_due(&app.services, &relay).await.unwrap_err();
    let app = app.restarted();
    release_claims(&app.services).await.unwrap();
    assert_eq!(round(&app.services, &relay).await.sent, 1, "no minute was lost");
    let postponed = with_attempts(3).await;
    let busy = Relay::answering(["ada"], &MailFault::temporary("451 later"));
    assert_eq!(round(&postponed.services, &busy).await.postponed, 1);
    release_claims(&postponed.services).await.unwrap();
    assert_eq!(round(&postponed.services, &busy).await.postponed, 0, "a pause that was planned stays");
}

#[tokio::test]
async fn a_mail_that_cannot_be_claimed_is_not_sent() {
    let app = with_attempts(3).await;
    let relay = Relay::default();
    for _ in 0..3 {
        app.engine.fail_commit(1, StoreError::Closed);
        deliver_due(&app.services, &relay).await.unwrap_err();
    }
    assert!(relay.seen().is_empty());
    assert_eq!(round(&app.services, &relay).await.sent, 1, "no attempt was used up");
}

#[tokio::test]
async fn a_last_attempt_without_an_outcome_is_repeated_after_ten_minutes() {
    let app = with_attempts(1).await;
    let relay = Relay::answering(["ada"], &MailFault::temporary("451 later"));
    app.engine.fail_commit(2, StoreError::Closed);
    deliver_due(&app.services, &relay).await.unwrap_err();
    let app = app.restarted();
    let waiting = Round { next_at: Some(START.plus(10 * MINUTE)), ..Round::default() };
    assert_eq!(round(&app.services, &relay).await, waiting);
    app.advance(10 * MINUTE);
    assert_eq!(round(&app.services, &relay).await, Round { dead: 1, ..Round::default() });
    assert_eq!(relay.seen().len(), 2);
}

#[tokio::test]
async fn mails_that_cannot_be_read_do_not_stop_the_others() {
    let app = with_attempts(3).await;
    for at in 0..49 {
        app.anonymous().register(&format!("bob{at}@example.com")).await.data(201);
    }
    app.engine.tamper(|rows| {
        let mut mails: Vec<_> = rows.iter_mut().filter(|(key, _)| key[0] == 0x30).collect();
        let last = mails.pop().into_iter();
        for (_, value) in mails.into_iter().take(39).chain(last) {
            value[1] ^= 1;
        }
    });
    let relay = Relay::default();
    assert_eq!(round(&app.services, &relay).await, Round { sent: 10, ..Round::default() });
    assert_eq!(round(&app.services, &relay).await, Round::default());
    assert_eq!(relay.seen().len(), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_that_race_send_each_mail_once() {
    let app = with_attempts(3).await;
    for at in 0..30 {
        app.anonymous().register(&format!("bob{at}@example.com")).await.data(201);
    }
    let relay = Relay::answering(["bob7"], &MailFault::temporary("451 later"));
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (services, relay) = (app.services.clone(), relay.clone());
        workers.spawn(async move { deliver_due(&services, &relay).await.unwrap() });
    }
    let rounds = workers.join_all().await;
    let sum = |of: fn(&Round) -> usize| rounds.iter().map(of).sum::<usize>();
    assert_eq!((sum(|it| it.sent), sum(|it| it.postponed), sum(|it| it.dead)), (30, 1, 0));
    let mut ids: Vec<_> = relay.seen().iter().map(|mail| mail.id.to_string()).collect();
    assert_eq!(ids.len(), 31);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 31, "each once");
}

#[tokio::test]
async fn a_postponed_mail_survives_a_restart_with_its_count_and_time() {
    let app = with_attempts(2).await;
    let relay = Relay::answering(["ada"], &MailFault::temporary("451 later"));
    round(&app.services, &relay).await;
    let app = app.restarted();
    assert_eq!(round(&app.services, &relay).await.postponed, 0);
    app.advance(Duration::from_secs(60));
    relay.mend();
    assert_eq!(round(&app.services, &relay).await.sent, 1);
}

#[tokio::test]
async fn neither_token_nor_link_nor_letter_is_readable_at_rest() {
    let app = with_attempts(3).await;
    let relay = Relay::answering(["ada"], &MailFault::temporary("451 later"));
    round(&app.services, &relay).await;
    let mail = relay.seen().remove(0);
    let token = token(&mail);
    for needle in [token.as_str(), &token[4..], "https://auth.example.com", "verify-email", &mail.subject] {
        assert!(!app.at_rest(needle), "{needle} lies in the store");
    }
    assert!(app.at_rest("ada@example.com"), "the search finds what is there");
}

#[tokio::test]
async fn each_cause_writes_one_mail_and_a_refused_one_writes_none() {
    let app = with_attempts(3).await;
    app.anonymous().register("ADA@example.com").await.refused(409, "ALREADY_EXISTS");
    app.anonymous().register("nonsense").await.refused(400, "VALIDATION_ERROR");
    let resend = "/api/v1/auth/resend-verification";
    for email in ["ada@example.com", "nobody@example.com", "nonsense"] {
        app.anonymous().post(resend, json!({ "email": email })).await.data(200);
    }
    assert_eq!(app.mails().await.len(), 1, "an address rests for a minute");
    app.advance(Duration::from_secs(60));
    app.anonymous().post(resend, json!({ "email": "Ada@Example.com" })).await.data(200);
    let mails = app.mails().await;
    assert_eq!(mails.len(), 2);
    let link = |at: usize| {
        mails[at].text.split_once("?token=").unwrap().1.split_whitespace().next().unwrap().to_owned()
    };
    let verify = "/api/v1/auth/verify-email";
    app.anonymous().get(&format!("{verify}/{}", link(1))).await.refused(400, "VALIDATION_ERROR");
    app.anonymous().get(&format!("{verify}/{}", link(0))).await.data(200);
    app.advance(Duration::from_secs(60));
    app.anonymous().post(resend, json!({ "email": "ada@example.com" })).await.data(200);
    assert_eq!(app.mails().await.len(), 2, "a proved address waits for nothing");
}

#[tokio::test]
async fn a_failed_registration_queues_no_mail() {
    let app = TestApp::new();
    app.engine.fail_commit(1, StoreError::Closed);
    let answer = app.anonymous().register("ada@example.com").await;
    answer.refused(503, "SERVICE_UNAVAILABLE");
    assert_eq!(answer.header("retry-after"), Some("5"));
    let app = app.restarted();
    assert_eq!(app.mails().await.len(), 0);
    app.anonymous().register("ada@example.com").await.data(201);
}

#[tokio::test]
async fn a_mail_sealed_under_another_key_becomes_a_dead_letter() {
    let app = with_attempts(3).await;
    let relay = Relay::default();
    let app = app.with_other_keys();
    assert_eq!(round(&app.services, &relay).await, Round { dead: 1, ..Round::default() });
    assert!(relay.seen().is_empty());
}

/// Bytes of the stored mails.
fn stored_bytes(app: &TestApp) -> usize {
    let mut bytes = 0;
    app.engine.tamper(|rows| {
        bytes = rows.iter().filter(|(key, _)| key[0] == 0x30).map(|(_, value)| value.len()).sum();
    });
    bytes
}
