//! Where log lines go, and which.

use std::io::{self, IsTerminal};
use std::panic::PanicHookInfo;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use super::failure::Failure;
use crate::config::{Log, LogFormat};
use crate::store::RedbEngine;

/// Sends log lines, and those of panics, to standard error. Fields are escaped by the formatter, so no value of a request
/// can forge a line.
pub fn start(log: &Log) -> Result<(), Failure> {
    let filter: Targets = log.filter.parse().map_err(|error| Failure::new(format!("log.filter: {error}")))?;
    let layer = fmt::layer().with_writer(io::stderr).with_target(false);
    let layer = match log.format {
        LogFormat::Text => layer.with_ansi(io::stderr().is_terminal()).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    let subscriber = tracing_subscriber::registry().with(layer.with_filter(filter));
    subscriber.try_init().map_err(|error| Failure::new(format!("cannot start logging: {error}")))?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// A text that is part of the program is told; one that was put together may hold what a request held.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let text = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(text withheld)");
    let place = panic.location().map(ToString::to_string);
    if RedbEngine::is_guarding() {
        tracing::warn!(place, text, "the engine gave up on the file of the store");
    } else {
        tracing::error!(place, text, "a part of the program panicked");
    }
}
