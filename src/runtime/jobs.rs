//! What the server does by itself: sending mail, removing what expired, sealing the audit log.
//!
//! Each job does one bounded step, then waits for its bell, its time or the end. A failed step is
//! logged and tried again; it never ends the server.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::Signal;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::net::TlsSource;
use crate::services::mail_transport::MailTransport;
use crate::services::{Services, audit_log, mail, sweep};

/// Longest wait between two looks into the outbox: a mail whose bell was missed leaves after it.
const OUTBOX_EVERY: Duration = Duration::from_secs(30);

/// Wait after a step that failed.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Time between two looks at the certificate.
const CERTIFICATE_EVERY: Duration = Duration::from_secs(86_400);

/// Time between two sweeps.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// Starts all jobs. They end after `shutdown` turns true; join the set to wait for them.
pub fn start(
    app: &Arc<Services>,
    transport: Arc<dyn MailTransport>,
    seal_every: Duration,
    shutdown: &watch::Receiver<bool>,
) -> JoinSet<()> {
    let mut jobs = JoinSet::new();
    jobs.spawn(until(shutdown.clone(), send_mail(app.clone(), transport)));
    jobs.spawn(until(shutdown.clone(), sweep_expired(app.clone())));
    jobs.spawn(until(shutdown.clone(), seal_audit(app.clone(), seal_every)));
    jobs
}

/// Runs `job` until `shutdown` turns true.
pub async fn until(mut shutdown: watch::Receiver<bool>, job: impl Future<Output = ()>) {
    tokio::select! {
        () = job => {}
        _ = shutdown.wait_for(|is_over| *is_over) => {}
    }
}

async fn send_mail(app: Arc<Services>, transport: Arc<dyn MailTransport>) {
    loop {
        let wait = match mail::deliver_due(&app, transport.as_ref()).await {
            Ok(round) => round.next_at.map_or(OUTBOX_EVERY, |at| at.since(app.clock.now()).min(OUTBOX_EVERY)),
            Err(error) => {
                tracing::error!(%error, "the outbox could not be worked on");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = app.mail_queued.notified() => {}
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

/// Reads the certificate again each day and whenever `hangup` is heard (SIGHUP), so that a renewed one is used
/// without a restart. Open connections live on; a pair that cannot be used is told, and the old one stays.
pub async fn renew_certificate(tls: Arc<TlsSource>, mut hangup: Signal) {
    loop {
        tokio::select! {
            _ = hangup.recv() => {}
            () = sleep(CERTIFICATE_EVERY) => {}
        }
        match tls.reload() {
            Ok(()) => tracing::info!(sha256 = tls.fingerprint(), "certificate read again"),
            Err(error) => tracing::error!(%error, "the certificate cannot be used; the old one stays"),
        }
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
