//! What the server does by itself: sending mail, removing what expired, sealing the audit log, looking for damage.
//!
//! Each job does one bounded step, then waits for its bell, its time or the end. A failed step is
//! logged and tried again; it never ends the server. Neither does a job that panics: it starts anew.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::Signal;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};

use crate::net::TlsSource;
use crate::services::api_key::usage;
use crate::services::mail::Wanted;
use crate::services::mail_transport::MailTransport;
use crate::services::scrub::{self, Pass};
use crate::services::webhook::{self, Next};
use crate::services::{Services, audit_log, mail, stats, sweep};

/// Longest wait between two looks into the outbox: a mail whose bell was missed leaves after it.
const OUTBOX_EVERY: Duration = Duration::from_secs(30);

/// How many mails are on their way at a time.
const MAIL_WORKERS: usize = 4;

/// How many text messages are.
const TEXT_WORKERS: usize = 2;

/// Wait after a step that failed, or a job that panicked.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Time after which the certificate is read even if its files are the same: one of our own is renewed then.
const CERTIFICATE_EVERY: Duration = Duration::from_secs(86_400);

/// Time between two counts of what happened.
const COUNT_EVERY: Duration = Duration::from_secs(5);

/// Time after which the counts are written.
const COUNTS_KEPT_EVERY: Duration = Duration::from_secs(60);

/// Time between two sweeps.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// Time between two writes of when API keys were used last.
const KEY_USES_EVERY: Duration = Duration::from_secs(60);

/// Time between two passes over all that is stored.
const SCRUB_EVERY: Duration = Duration::from_secs(3_600);

/// Most rows that are verified in one go: some milliseconds.
const SCRUB_ROWS: u32 = 250;

/// Starts all jobs. They end after `shutdown` turns true; join the set to wait for them.
pub fn start(
    app: &Arc<Services>,
    transport: &Arc<dyn MailTransport>,
    (seal_every, scrub_rows_per_second): (Duration, u32),
    shutdown: &watch::Receiver<bool>,
) -> JoinSet<()> {
    let mut jobs = JoinSet::new();
    let (sending, transport) = (app.clone(), transport.clone());
    let mails = [Wanted::Mails; MAIL_WORKERS];
    for wanted in mails.into_iter().chain([Wanted::Texts; TEXT_WORKERS]) {
        let (sending, transport) = (sending.clone(), transport.clone());
        let job = move || send(sending.clone(), transport.clone(), wanted);
        jobs.spawn(supervise("outbox", AFTER_FAILURE, shutdown.clone(), job));
    }
    let sweeping = app.clone();
    let job = move || sweep_expired(sweeping.clone());
    jobs.spawn(supervise("sweep", AFTER_FAILURE, shutdown.clone(), job));
    let noting = app.clone();
    let job = move || write_key_uses(noting.clone());
    jobs.spawn(supervise("key_uses", AFTER_FAILURE, shutdown.clone(), job));
    let sealing = app.clone();
    let job = move || seal_audit(sealing.clone(), seal_every);
    jobs.spawn(supervise("seal", AFTER_FAILURE, shutdown.clone(), job));
    let counting = app.clone();
    jobs.spawn(supervise("count", AFTER_FAILURE, shutdown.clone(), move || count(counting.clone())));
    for hook in 0..app.hooks.len() {
        let telling = app.clone();
        let job = move || tell_webhook(telling.clone(), hook);
        jobs.spawn(supervise("webhook", AFTER_FAILURE, shutdown.clone(), job));
    }
    let (scrubbing, rate) = (app.clone(), scrub_rows_per_second);
    if rate > 0 {
        let job = move || scrub_store(scrubbing.clone(), rate);
        jobs.spawn(supervise("scrub", AFTER_FAILURE, shutdown.clone(), job));
    }
    jobs
}

/// Runs a job until `shutdown` turns true, and starts it again `pause` after each panic. A panic may say
/// anything, so the log gets the `name` of the job only.
async fn supervise<J>(
    name: &'static str,
    pause: Duration,
    shutdown: watch::Receiver<bool>,
    job: impl Fn() -> J + Send,
) where
    J: Future<Output = ()> + Send + 'static,
{
    loop {
        match tokio::spawn(until(shutdown.clone(), job())).await {
            Err(error) if error.is_panic() => {
                tracing::error!(job = name, "a job panicked and starts again");
            }
            _ => return,
        }
        until(shutdown.clone(), sleep(pause)).await;
        if *shutdown.borrow() {
            return;
        }
    }
}

/// Runs `job` until `shutdown` turns true.
pub async fn until(mut shutdown: watch::Receiver<bool>, job: impl Future<Output = ()>) {
    tokio::select! {
        () = job => {}
        _ = shutdown.wait_for(|is_over| *is_over) => {}
    }
}

async fn send(app: Arc<Services>, transport: Arc<dyn MailTransport>, wanted: Wanted) {
    let bell = if wanted == Wanted::Texts { &app.mail_queued.texts } else { &app.mail_queued.mails };
    loop {
        let wait = match mail::deliver_wanted(&app, transport.as_ref(), wanted).await {
            Ok(round) => round.next_at.map_or(OUTBOX_EVERY, |at| at.since(app.clock.now()).min(OUTBOX_EVERY)),
            Err(error) => {
                tracing::error!(%error, "the outbox could not be worked on");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = bell.notified() => {}
            () = sleep(wait) => {}
        }
    }
}

/// Delivers events to the webhook at this place of the list.
async fn tell_webhook(app: Arc<Services>, at: usize) {
    let Some(hook) = app.hooks.get(at) else { return };
    let mut committed = app.store.committed();
    loop {
        committed.borrow_and_update();
        let wait = match webhook::step(&app, hook).await {
            Ok(Next::Now) => continue,
            Ok(Next::At(due_at)) => due_at.since(app.clock.now()),
            Ok(Next::OnCommit) => Duration::MAX,
            Err(error) => {
                tracing::error!(webhook = hook.name, %error, "events could not be delivered");
                sleep(AFTER_FAILURE).await;
                continue;
            }
        };
        tokio::select! {
            _ = committed.changed() => {}
            () = sleep(wait) => {}
        }
    }
}

async fn sweep_expired(app: Arc<Services>) {
    loop {
        let wait = match sweep::sweep(&app).await {
            Ok(true) => Duration::ZERO,
            Ok(false) => SWEEP_EVERY,
            Err(error) => {
                tracing::error!(%error, "expired rows could not be removed");
                SWEEP_EVERY
            }
        };
        sleep(wait).await;
    }
}

async fn write_key_uses(app: Arc<Services>) {
    loop {
        sleep(KEY_USES_EVERY).await;
        if let Err(error) = usage::write_uses(&app).await {
            tracing::error!(%error, "when API keys were used last could not be written");
        }
    }
}

/// Reads the certificate again each day, when `hangup` is heard (SIGHUP), and when a look `every` so often finds its
/// files changed, so that a renewed one is used without a restart. Open connections live on; a pair that cannot be used
/// is told once for each change, and the old one stays.
pub async fn renew_certificate(tls: Arc<TlsSource>, every: Duration, mut hangup: Signal) {
    let mut daily = interval(CERTIFICATE_EVERY);
    // The first one is due at once, and the start has just read it.
    daily.tick().await;
    loop {
        tokio::select! {
            _ = hangup.recv() => {}
            _ = daily.tick() => {}
            () = sleep(every) => if !tls.has_changed() { continue },
        }
        match tls.reload() {
            Ok(()) => tracing::info!(sha256 = tls.fingerprint(), "certificate read again"),
            Err(error) => tracing::error!(%error, "the certificate cannot be used; the old one stays"),
        }
    }
}

async fn count(app: Arc<Services>) {
    let mut keep = interval(COUNTS_KEPT_EVERY);
    loop {
        let wait = match stats::count(&app) {
            // Far behind: everybody else has a turn between.
            Ok(true) => Duration::ZERO,
            Ok(false) => COUNT_EVERY,
            Err(error) => {
                tracing::error!(%error, "what happened could not be counted");
                COUNTS_KEPT_EVERY
            }
        };
        tokio::select! {
            () = sleep(wait) => {}
            _ = keep.tick() => if let Err(error) = stats::keep(&app).await {
                tracing::error!(%error, "the counts could not be written");
            }
        }
    }
}

async fn scrub_store(app: Arc<Services>, rows_per_second: u32) {
    // Four times a second, or as often as so many rows need.
    let rows = (rows_per_second / 4).clamp(1, SCRUB_ROWS);
    let pause = Duration::from_secs(1) * rows / rows_per_second;
    let (mut pass, limit) = (Pass::default(), usize::try_from(rows).unwrap_or(1));
    loop {
        let wait = match scrub::step(&app, &mut pass, limit).await {
            Ok(true) => SCRUB_EVERY,
            Ok(false) => pause,
            Err(error) => {
                tracing::error!(%error, "what is stored could not be verified");
                SWEEP_EVERY
            }
        };
        sleep(wait).await;
    }
}

async fn seal_audit(app: Arc<Services>, every: Duration) {
    loop {
        sleep(every).await;
        if let Err(error) = audit_log::seal(&app).await {
            tracing::error!(%error, "the audit log could not be sealed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_that_panics_is_started_again_and_still_ends_at_shutdown() {
        let (shutdown, told) = watch::channel(false);
        let (started, mut starts) = watch::channel(0);
        let started = Arc::new(started);
        let job = move || {
            let started = started.clone();
            async move {
                started.send_modify(|times| *times += 1);
                assert!(*started.borrow() > 1, "the first start fails");
                std::future::pending::<()>().await;
            }
        };
        let supervisor = tokio::spawn(supervise("flaky", Duration::ZERO, told, job));
        starts.wait_for(|times| *times == 2).await.unwrap();
        assert!(!supervisor.is_finished());
        shutdown.send_replace(true);
        supervisor.await.unwrap();
        assert_eq!(*starts.borrow(), 2);
    }

    #[tokio::test]
    async fn a_shutdown_does_not_wait_for_the_pause_after_a_panic() {
        let (shutdown, told) = watch::channel(false);
        let (started, mut starts) = watch::channel(());
        let started = Arc::new(started);
        let job = move || {
            started.send_replace(());
            async { panic!("always") }
        };
        let supervisor = tokio::spawn(supervise("broken", Duration::from_secs(86_400), told, job));
        starts.changed().await.unwrap();
        shutdown.send_replace(true);
        supervisor.await.unwrap();
    }
}
