//! Where log lines go, and which.

use std::fmt::{self, Debug, Write};
use std::io::{self, IsTerminal};
use std::panic::PanicHookInfo;
use std::sync::{Mutex, PoisonError};

use memchr::memchr2;
use tracing::field::{Field, Visit};
use tracing_subscriber::Layer;
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::failure::Failure;
use super::log_lines::LogWriter;
use crate::ambient::{Clock, SystemClock};
use crate::config::{Log, LogFormat};
use crate::domain::time::Timestamp;
use crate::store::RedbEngine;

/// Sends log lines, and those of panics, to standard error. Fields are escaped by the formatter, so no value of a request
/// can forge a line. The last lines are written when the writer is dropped.
pub fn start(log: &Log) -> Result<LogWriter, Failure> {
    let filter: Targets = log.filter.parse().map_err(|error| Failure::new(format!("log.filter: {error}")))?;
    let fail = |error: &dyn std::error::Error| Failure::new(format!("cannot start logging: {error}"));
    let writer = LogWriter::start(io::stderr()).map_err(|error| fail(&error))?;
    let lines = writer.lines();
    let layer = tracing_subscriber::fmt::layer().with_writer(move || lines.clone()).with_target(false);
    let layer = layer.with_timer(LineTime::default());
    let layer = match log.format {
        LogFormat::Text => layer.fmt_fields(TextFields).with_ansi(io::stderr().is_terminal()).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    let subscriber = tracing_subscriber::registry().with(filter).with(layer);
    subscriber.try_init().map_err(|error| fail(&error))?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(writer)
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

/// The time of a line, to the millisecond. Lines come many to a second, so the text of the last second is kept.
#[derive(Default)]
struct LineTime(Mutex<(i64, String)>);

impl FormatTime for LineTime {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let now = SystemClock.now();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.0 != now.seconds() {
            let whole = Timestamp::from_seconds(now.seconds()).to_string();
            *kept = (now.seconds(), whole.trim_end_matches("000Z").to_owned());
        }
        writer.write_str(&kept.1)?;
        write!(writer, "{:03}Z", now.millis().rem_euclid(1000))
    }
}

/// The fields of a text line. The library's own writer styles every field, terminal or not, and escapes texts
/// character by character, which was a sixth of what the line of a request costs; and it lets control
/// characters of some values through. The text is put together here and handed on whole.
struct TextFields;

impl<'w> FormatFields<'w> for TextFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut visit = Fields(String::with_capacity(256));
        fields.record(&mut visit);
        writer.write_str(&visit.0)
    }
}

struct Fields(String);

impl Fields {
    fn named(&mut self, field: &Field) -> &mut String {
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        if field.name() != "message" {
            self.0.push_str(field.name());
            self.0.push('=');
        }
        &mut self.0
    }
}

/// Writing to a text cannot fail; a value that says it cannot show itself is cut short there.
impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        let text = self.named(field);
        if is_printable(value) && memchr2(b'"', b'\\', value.as_bytes()).is_none() {
            text.push('"');
            text.push_str(value);
            text.push('"');
        } else {
            let _ = write!(Escaped(text), "{value:?}");
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        let _ = write!(self.named(field), "{value}");
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(Escaped(self.named(field)), "{value:?}");
    }
}

/// Writes control characters as escapes.
struct Escaped<'a>(&'a mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if is_printable(text) || !text.contains(char::is_control) {
            self.0.push_str(text);
            return Ok(());
        }
        text.chars().try_for_each(|c| {
            if c.is_control() { write!(self.0, "{}", c.escape_default()) } else { self.0.write_char(c) }
        })
    }
}

/// Whether every byte is printable ASCII. There is no way out of the loop, so many bytes are looked at together.
fn is_printable(text: &str) -> bool {
    text.bytes().fold(0, |any, b| any | u8::from(!(b' '..=b'~').contains(&b))) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R86.
    #[test]
    fn no_value_forges_a_line() {
        let mut line = String::new();
        write!(Escaped(&mut line), "plain \u{e9} a\nb\u{1b}[31m\u{85}").unwrap();
        assert_eq!(line, "plain \u{e9} a\\nb\\u{1b}[31m\\u{85}");
    }
}
