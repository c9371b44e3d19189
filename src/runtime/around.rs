//! What the process tells the services of itself, for the health view of operators.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::statvfs;

use super::listen::Listening;
use crate::config::{Config, Loaded, Setting, Source, Transport};
use crate::domain::time::Timestamp;
use crate::net::{self, TlsSource};
use crate::services::oversight::server::{
    CertificateSeen, Changing, ListenerSeen, SettingSeen, Surroundings,
};

/// What changes while the process runs.
pub struct Parts {
    /// The certificate, when any listener speaks TLS.
    pub tls: Option<Arc<TlsSource>>,
    /// The store's file.
    pub store: PathBuf,
    /// What the listeners count.
    pub net: Arc<net::Metrics>,
}

/// Everything that is told.
pub fn surroundings(loaded: &Loaded, now: Timestamp, listeners: &[Listening], parts: Parts) -> Surroundings {
    let config = &loaded.config;
    let is_self_signed = config.tls.certificate.is_none();
    let listeners = listeners.iter().map(|one| ListenerSeen {
        address: one.listener.bound.address().to_string(),
        tls: one.listener.tls.is_some(),
    });
    Surroundings {
        started_at: now,
        listeners: listeners.collect(),
        config_warnings: loaded.notes.len(),
        settings: loaded.settings.iter().map(setting).collect(),
        mail_transport: mail_transport(config),
        sms_transport: sms_transport(config),
        is_dev: config.dev,
        changing: Box::new(move || Changing {
            certificate: parts.tls.as_ref().map(|tls| CertificateSeen {
                expires_at: tls.not_after().and_then(|end| end.parse().ok()),
                fingerprint: tls.fingerprint(),
                is_self_signed,
            }),
            store_bytes: fs::metadata(&parts.store).ok().map(|file| file.len()),
            memory_bytes: memory_bytes(),
            disk_bytes: disk_bytes(&parts.store),
            connections: parts.net.open.value(),
        }),
    }
}

/// What Linux says of this process.
fn memory_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1_024)
}

/// All bytes and the free ones of the disk with `file`.
fn disk_bytes(file: &Path) -> Option<(u64, u64)> {
    let disk = statvfs(file).ok()?;
    let bytes = |blocks: u64| blocks.checked_mul(disk.f_frsize);
    Some((bytes(disk.f_blocks)?, bytes(disk.f_bavail)?))
}

fn setting(setting: &Setting) -> SettingSeen {
    let name = setting.key.rsplit('.').next().unwrap_or_default();
    SettingSeen {
        key: setting.key.clone(),
        value: setting.shown.clone(),
        source: match setting.source {
            Source::Default => "default",
            Source::File { .. } => "file",
            Source::Environment(_) => "environment",
            Source::Flag(_) => "flag",
        },
        is_path: name == "path" || name.ends_with("_file") || name.ends_with("_dir"),
    }
}

fn mail_transport(config: &Config) -> &'static str {
    match config.mail.transport {
        _ if config.dev => "dev",
        Transport::Smtp => "smtp",
        // The configuration has settled what "auto" means.
        Transport::Auto | Transport::Eml => "file",
    }
}

fn sms_transport(config: &Config) -> Option<&'static str> {
    if config.dev { Some("dev") } else { config.sms.webhook.as_ref().map(|_| "webhook") }
}
