//! How the server is: what an operator's health view shows. Knows no secret and no path: whoever may see the files of
//! the host knows them already, and nobody else needs them.

use std::sync::OnceLock;
use std::time::Duration;

use crate::crypto::HashStats;
use crate::crypto::digest::to_hex;
use crate::domain::feed::Cursor;
use crate::domain::limit::Class;
use crate::domain::role::Permission;
use crate::domain::time::Timestamp;
use crate::services::caller::{Caller, Credential};
use crate::services::events::as_of;
use crate::services::role::{Refused, require};
use crate::services::{Context, Services};
use crate::store::lane::{self, LANE_0};
use crate::store::{Counters, migrate, seal};

/// What is shown in place of a path.
const PATH: &str = "(path)";

/// What the process around the services told of itself; nothing until it did.
#[derive(Debug, Default)]
pub struct Around(OnceLock<Surroundings>);

impl Around {
    /// Tells it. The first word stands.
    pub fn tell(&self, surroundings: Surroundings) {
        let _ = self.0.set(surroundings);
    }
}

/// What the process knows of itself.
pub struct Surroundings {
    /// When it started.
    pub started_at: Timestamp,
    /// Where it listens.
    pub listeners: Vec<ListenerSeen>,
    /// How many notes the configuration gave.
    pub config_warnings: usize,
    /// Every setting in force.
    pub settings: Vec<SettingSeen>,
    /// By which way mail leaves.
    pub mail_transport: &'static str,
    /// By which way text messages leave, if any do.
    pub sms_transport: Option<&'static str>,
    /// Whether it is `--dev`.
    pub is_dev: bool,
    /// What changes while it runs.
    pub changing: Box<dyn Fn() -> Changing + Send + Sync>,
}

impl std::fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").field("started_at", &self.started_at).finish_non_exhaustive()
    }
}

/// A setting in force. A secret is redacted before it gets here.
#[derive(Debug, Clone)]
pub struct SettingSeen {
    /// Its dotted key.
    pub key: String,
    /// Its value as the configuration file writes it; `None` where it is not set.
    pub value: Option<String>,
    /// Where it comes from: `default`, `file`, `environment` or `flag`.
    pub source: &'static str,
    /// Whether the value is a path of the host.
    pub is_path: bool,
}

/// A bound listener.
#[derive(Debug, Clone)]
pub struct ListenerSeen {
    /// Its address and port.
    pub address: String,
    /// Whether it speaks TLS.
    pub tls: bool,
}

/// What changes while the process runs.
#[derive(Debug, Clone, Default)]
pub struct Changing {
    /// The certificate in use, where any listener speaks TLS.
    pub certificate: Option<CertificateSeen>,
    /// The bytes of the store's file.
    pub store_bytes: Option<u64>,
    /// Bytes of memory that the process holds, where the system tells.
    pub memory_bytes: Option<u64>,
    /// Bytes of the disk with the store, and of those the free ones.
    pub disk_bytes: Option<(u64, u64)>,
    /// Connections open now.
    pub connections: u64,
}

/// A certificate.
#[derive(Debug, Clone)]
pub struct CertificateSeen {
    /// When it ends, where that can be read.
    pub expires_at: Option<Timestamp>,
    /// Its SHA-256 fingerprint.
    pub fingerprint: String,
    /// Whether it is the server's own.
    pub is_self_signed: bool,
}

/// How the server is.
#[derive(Debug)]
pub struct ServerReport<'a> {
    /// What the process told of itself.
    pub around: Option<(&'a Surroundings, Changing)>,
    /// How long it runs, as far as it is known.
    pub uptime: Option<Duration>,
    /// The schema of the store.
    pub schema: u32,
    /// What the store's writer did since the start.
    pub store: Counters,
    /// The hash of the audit log's last record, lower-case hex.
    pub head: String,
    /// The number and time of its last seal.
    pub seal: Option<(u64, Timestamp)>,
    /// What the hash pool did since the start, and does.
    pub hashing: HashStats,
    /// Event streams open now, and refused since the start.
    pub streams: (usize, u64),
    /// Locks that began and guesses that were refused since the start.
    pub lockouts: (u64, u64),
    /// Mails that left, were postponed and were given up since the start.
    pub mails: [u64; 3],
    /// Requests over a budget since the start.
    pub limited: Vec<(Class, u64)>,
    /// The state that it was read from.
    pub as_of: Cursor,
}

/// Every setting in force. Needs `audit:read`. Paths are for operators of the host alone: to others they say nothing but
/// where to look.
pub async fn settings(app: &Services, ctx: &Context, caller: &Caller) -> Result<Vec<SettingSeen>, Refused> {
    require(app, ctx, caller, Permission::AuditRead).await?;
    let sees_paths = caller.credential == Credential::Operator;
    let settings = app.around.0.get().map(|around| around.settings.clone()).unwrap_or_default();
    let masked = |setting: SettingSeen| {
        let value =
            setting.value.map(|value| if setting.is_path && !sees_paths { PATH.into() } else { value });
        SettingSeen { value, ..setting }
    };
    Ok(settings.into_iter().map(masked).collect())
}

/// How the server is. Needs `audit:read`.
pub async fn report<'a>(
    app: &'a Services,
    ctx: &Context,
    caller: &Caller,
) -> Result<ServerReport<'a>, Refused> {
    require(app, ctx, caller, Permission::AuditRead).await?;
    let around = app.around.0.get();
    let limited = Class::ALL.map(|class| (class, app.limits.refused(class)));
    let counts = &app.mail_counts;
    Ok(app.read(|read| {
        let last = seal::last(read)?.map(|(number, seal)| (number, Timestamp::from_millis(seal.at)));
        Ok(ServerReport {
            around: around.map(|around| (around, (around.changing)())),
            uptime: around.map(|around| app.clock.now().since(around.started_at)),
            schema: migrate::known(),
            store: app.store.counters(),
            head: to_hex(&lane::head(read, LANE_0)?.hash),
            seal: last,
            hashing: app.hashing.stats(),
            streams: (app.streams.open(), app.streams.refused()),
            lockouts: (app.lockouts.set(), app.lockouts.refused()),
            mails: [counts.sent(), counts.postponed(), counts.dead()],
            limited: limited.to_vec(),
            as_of: as_of(read)?,
        })
    })?)
}
