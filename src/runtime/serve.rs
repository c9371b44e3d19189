//! The life of the server: start, serve, drain, end.
//!
//! Start refuses before it promises: data folder, keys, store, certificate and sockets are all in hand before
//! the first byte is answered. The end turns readiness off first, then drains, then seals the audit log.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::timeout;

use super::data_dir::DataDir;
use super::failure::Failure;
use super::{around, build, dev, jobs, listen, metrics, telemetry, transport};
use crate::ambient::{Clock, MovableClock, OsEntropy, SystemClock};
use crate::config::{Config, EnabledProfile, Loaded, Transport, plain_io_error};
use crate::domain::audit::{Action, Outcome};
use crate::http::dev::DevTools;
use crate::http::health::{HealthApi, Vitals};
use crate::http::middleware::cors::Cors;
use crate::http::pages::render::Pages;
use crate::http::pages::render::looks::{LOGO_BYTES_MAX, Logo, Looks};
use crate::http::profile::Enabled;
use crate::http::{Front, Parts};
use crate::net::{self, LocalSocket};
use crate::services::api_key::usage;
use crate::services::audit::Witness;
use crate::services::explain::keeping;
use crate::services::mail::release_claims;
use crate::services::{Services, audit_log, setup, signing_key, stats, webhook};

/// How long the jobs may take to end what they are doing.
const JOBS_END: Duration = Duration::from_secs(2);

/// Runs the server until SIGTERM or SIGINT.
pub fn serve(loaded: &Loaded, out: &mut dyn Write) -> Result<(), Failure> {
    // Dropped last: the end of the server is in the log too.
    let _log = telemetry::start(&loaded.config.log)?;
    for note in &loaded.notes {
        tracing::warn!("{note}");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::from_error(&error))?;
    let ended = runtime.block_on(run(loaded, out));
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

async fn run(loaded: &Loaded, out: &mut dyn Write) -> Result<(), Failure> {
    let config = &loaded.config;
    // Signals are heard from here on: one that arrives during the start ends the server as soon as it serves.
    let told_to_stop = stop_signal()?;
    // Unheard it ends the process; heard, the write behind it fails as on a full disk.
    let _file_limit = heard(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?;
    let (dir, key) = DataDir::open_or_create(&config.data_dir, || build::new_key(&OsEntropy))?;
    dir.keep_apart(config.dev)?;
    build::verify_store(&dir, &config.store)?;
    let store = build::open_store(&dir, &build::master_key(&key)?, config.store.cache_mib)?;
    dir.settle()?;

    let dev_clock = config.dev.then(MovableClock::default);
    let clock: Arc<dyn Clock> = match &dev_clock {
        Some(clock) => Arc::new(clock.clone()),
        None => Arc::new(SystemClock),
    };
    let mail = transport::mail(config, &dir, &clock)?;
    let app = build::services(config, &key, store, clock, Arc::new(OsEntropy), mail.sms.clone())?;
    signing_key::ready(&app).map_err(|error| Failure::from_error(&error))?;
    let app = Arc::new(app);
    let ready = Arc::new(AtomicBool::new(false));
    let net_metrics = Arc::new(net::Metrics::default());
    let pages = Pages::with(looks(config)?).map_err(|error| Failure::from_error(&error))?;
    let dev_tools = match (&mail.captured, dev_clock) {
        (Some(captured), Some(clock)) => {
            let captured = captured.clone();
            let mails = Box::new(move || transport::shown(&captured));
            Some(DevTools { app: app.clone(), mails, clock, pages: pages.clone() })
        }
        _ => None,
    };
    let front = Front::new(Parts {
        app: app.clone(),
        health: health(&app, &ready),
        registry: metrics::registry(app.clone(), net_metrics.clone()),
        pages,
        profiles: config.profiles.iter().map(|enabled| profile(&app, enabled)).collect(),
        samples: config.samples,
        dev: dev_tools,
        trusted_proxies: config.trusted_proxies.clone(),
        debug_headers: config.debug_headers,
        cors: Cors::new(config.cors.allow_origins.iter().map(String::as_str), config.cors.max_age),
        metrics_allow: config.metrics.allow.clone(),
        max_body_bytes: usize::try_from(config.net.max_body_bytes).unwrap_or(usize::MAX),
        request_timeout: config.net.request_timeout,
        operators: listen::operators(config),
    });
    let tls = listen::tls(config, &dir)?;
    let listeners = listen::bind(config, tls.as_ref(), &front)?;
    let socket = listen::admin_socket(config).await?;
    let parts = around::Parts { tls: tls.clone(), store: dir.store_file(), net: net_metrics.clone() };
    app.around.tell(around::surroundings(loaded, app.clock.now(), &listeners, parts));
    announce(config, &app, (&listeners, socket.as_ref()), front.samples(), out).await?;

    let (shutdown, told) = watch::channel(false);
    release_claims(&app).await.map_err(|error| Failure::from_error(&error))?;
    webhook::forget_others(&app).await.map_err(|error| Failure::from_error(&error))?;
    let mut jobs = jobs::start(&app, &mail.transport, paces(config), &told);
    if let Some(tls) = tls {
        let renewal = jobs::renew_certificate(tls, config.tls.reload_every, heard(SignalKind::hangup())?);
        jobs.spawn(jobs::until(told.clone(), renewal));
    }
    let server =
        net::Server { limits: listen::limits(config), faults: listen::faults(), metrics: net_metrics };
    ready.store(true, Ordering::SeqCst);
    notify(&[sd_notify::NotifyState::Ready]);
    let stopping = async {
        told_to_stop.await;
        ready.store(false, Ordering::SeqCst);
        notify(&[sd_notify::NotifyState::Stopping]);
        tracing::info!("stopping");
        app.streams.close();
    };
    let listeners = listeners.into_iter().map(|bound| bound.listener).collect();
    let local = socket.map(|socket| listen::local(config, socket, &front));
    let connections_cut = serve_all(server, listeners, local, stopping).await;
    shutdown.send_replace(true);
    let _ = timeout(JOBS_END, async { while jobs.join_next().await.is_some() {} }).await;
    if let Err(error) = stats::keep(&app).await {
        tracing::error!(%error, "the counts could not be written");
    }
    if let Err(error) = usage::write_uses(&app).await {
        tracing::error!(%error, "when API keys were used last could not be written");
    }
    if let Err(error) = keeping::write(&app).await {
        tracing::error!(%error, "why requests were denied could not be kept");
    }
    if let Err(error) = audit_log::seal(&app).await {
        tracing::error!(%error, "the audit log could not be sealed");
    }
    tracing::info!(connections_cut, "stopped");
    Ok(())
}

/// How the operator has the pages look.
fn looks(config: &Config) -> Result<Looks, Failure> {
    let logo = config.pages.logo_file.as_ref().map(|path| {
        let said = |what: &str| Failure::new(format!("pages.logo_file: {} {what}", path.display()));
        let file = std::fs::File::open(path).map_err(|error| said(&plain_io_error(&error)))?;
        let mut bytes = Vec::new();
        let most = u64::try_from(LOGO_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
        file.take(most).read_to_end(&mut bytes).map_err(|error| said(&plain_io_error(&error)))?;
        Logo::read(&bytes).map_err(|fault| said(&fault.to_string()))
    });
    Ok(Looks {
        name: config.pages.name.clone().unwrap_or_else(|| config.mail.from_name.clone()),
        logo: logo.transpose()?,
        accent: config.pages.accent,
        is_development: config.dev,
    })
}

/// Serves the network and the admin socket until `stopping` is ready; answers how many connections had to be cut.
async fn serve_all(
    server: net::Server,
    listeners: Vec<net::Listener>,
    local: Option<listen::Local>,
    stopping: impl Future<Output = ()> + Send,
) -> u64 {
    let Some(listen::Local { server: local, socket, handler }) = local else {
        return server.serve(listeners, stopping).await.cut;
    };
    let (stop, mut stopped) = watch::channel(());
    let stopping = async {
        stopping.await;
        stop.send_replace(());
    };
    let told = async move { drop(stopped.changed().await) };
    let (network, local) =
        tokio::join!(server.serve(listeners, stopping), local.serve_local(socket, handler, told));
    network.cut.saturating_add(local.cut)
}

/// How often the audit log is sealed, and how many stored rows are verified in a second.
fn paces(config: &Config) -> (Duration, u32) {
    (config.audit.seal_every, config.store.scrub_rows_per_second)
}

fn heard(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error| Failure::from_error(&error))
}

/// A future that ends with the first SIGTERM or SIGINT.
fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    let (mut terminate, mut interrupt) = (heard(SignalKind::terminate())?, heard(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn health(app: &Arc<Services>, ready: &Arc<AtomicBool>) -> HealthApi {
    let (store, ready) = (app.clone(), ready.clone());
    let vitals = move || Vitals {
        store_reads: setup::is_done(&store).is_ok(),
        store_is_whole: !store.scrubs.is_damaged(),
        ready: ready.load(Ordering::SeqCst),
    };
    HealthApi::new(app.clock.clone(), Arc::new(vitals))
}

fn profile(app: &Services, enabled: &EnabledProfile) -> Enabled {
    let policy = app.policy.of_profile(enabled.profile, &enabled.rules);
    Enabled { profile: enabled.profile, app: Arc::new(app.under(policy)) }
}

/// Says where the server is and how to begin, and records the start.
async fn announce(
    config: &Config,
    app: &Services,
    (listeners, socket): (&[listen::Listening], Option<&LocalSocket>),
    samples: &[String],
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let url = config.public_url.as_str();
    let told = |result: std::io::Result<()>| result.map_err(|error| Failure::from_error(&error));
    for listening in listeners {
        told(writeln!(out, "listening on {}", listening.description))?;
    }
    if let Some(socket) = socket {
        told(writeln!(out, "admin socket at {}", socket.path().display()))?;
    }
    for EnabledProfile { profile, .. } in &config.profiles {
        told(writeln!(out, "profile {profile} at {url}{}", profile.mount()))?;
    }
    for path in samples {
        told(writeln!(out, "sample resource at {url}{path}"))?;
    }
    if config.dev {
        dev::seed(app).await?;
        told(dev::banner(out, url))?;
    }
    let ctx = app.own_context("start");
    if let Some(code) = setup::issue_code(app, &ctx).await.map_err(|error| Failure::from_error(&error))? {
        told(writeln!(out, "No administrator yet. Open {url}/setup and enter this code, or send it to"))?;
        told(writeln!(out, "{url}/api/v1/setup. It works once, for a day or until the next start:"))?;
        told(writeln!(out, "  {}", *code.reveal()))?;
    }
    told(out.flush())?;
    if config.mail.transport != Transport::Smtp && !config.dev {
        tracing::warn!("without a mail server each mail becomes a file in the data folder");
    }
    let event = Witness::of_nobody(app, &ctx).event(Action::ConfigLoaded, Outcome::Success);
    let event = event.detail("version", env!("CARGO_PKG_VERSION")).done();
    let recorded = app.write("start", &ctx, move |txn| txn.emit(event.clone())).await;
    recorded.map_err(|error| Failure::from_error(&error))
}

/// Tells systemd, where there is one. Nobody else listens, so a failure means nothing.
fn notify(state: &[sd_notify::NotifyState<'_>]) {
    let _ = sd_notify::notify(state);
}
