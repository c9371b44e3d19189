//! Where log lines go, and which.

use std::io::{self, IsTerminal};

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use super::failure::Failure;
use crate::config::{Log, LogFormat};

/// Sends log lines to standard error. Fields are escaped by the formatter, so no value of a request
/// can forge a line.
pub fn start(log: &Log) -> Result<(), Failure> {
    let filter: Targets = log.filter.parse().map_err(|error| Failure::new(format!("log.filter: {error}")))?;
    let layer = fmt::layer().with_writer(io::stderr).with_target(false);
    let layer = match log.format {
        LogFormat::Text => layer.with_ansi(io::stderr().is_terminal()).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    let subscriber = tracing_subscriber::registry().with(layer.with_filter(filter));
    subscriber.try_init().map_err(|error| Failure::new(format!("cannot start logging: {error}")))
}
