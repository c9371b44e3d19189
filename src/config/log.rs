//! `[log]` and `[audit]`: what the server writes down. Knows no log.

use std::time::Duration;

use ipnet::IpNet;

use tracing_subscriber::filter::Targets;

use super::proxies;
use super::reader::{Choice, Reader};
use super::{HOUR, SECOND};

/// The log on standard error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// How a line looks.
    pub format: LogFormat,
    /// What is written, as [`Targets`] reads it: `info`, or `info,latchkey::store=debug`.
    pub filter: String,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Choice for LogFormat {
    const WORDS: &'static [(&'static str, Self)] = &[("text", Self::Text), ("json", Self::Json)];
}

impl Log {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let format = reader.choice("log.format");
        let filter = reader.parsed("log.filter", "a log filter", |text| match text.parse::<Targets>() {
            Ok(_) => Ok(text.to_owned()),
            Err(_) => Err(r#"expected a level such as "info", or "info,latchkey::store=debug""#.to_owned()),
        });
        Self { format, filter: filter.unwrap_or_else(|| "info".into()) }
    }
}

/// The metrics page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metrics {
    /// Clients that may read it.
    pub allow: Vec<IpNet>,
}

impl Metrics {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self { allow: reader.list("metrics.allow", "a list of addresses or networks", proxies::any_network) }
    }
}

/// The audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// Time between two signed seals.
    pub seal_every: Duration,
}

impl Audit {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self { seal_every: reader.duration("audit.seal_every", SECOND..=HOUR) }
    }
}
