//! Numbers from rounds: medians, percentiles, verdicts. Knows nothing of where they come from.

use std::time::Duration;

/// The value in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The value that this part of a hundred stays below.
pub fn percentile(sorted: &[Duration], part: usize) -> Duration {
    let at = sorted.len() * part / 100;
    sorted.get(at.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// A time in microseconds.
pub fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// One line of the table of bars.
pub fn bar(name: &str, figure: f64, bar: f64, unit: &str) {
    judged(name, figure, bar, unit, figure <= bar);
}

/// The same for a figure that must be reached.
pub fn at_least(name: &str, figure: f64, bar: f64, unit: &str) {
    judged(name, figure, bar, unit, figure >= bar);
}

fn judged(name: &str, figure: f64, bar: f64, unit: &str, holds: bool) {
    let verdict = if holds { "holds" } else { "MISSED" };
    println!("{name:<58} {figure:>10.2} {unit:<5} bar {bar:>7.2}  {verdict}");
}

/// The number after `--name`, or `otherwise`.
pub fn argument(name: &str, otherwise: f64) -> f64 {
    word(name).map_or(otherwise, |value| value.parse().expect("a number"))
}

/// The word after `--name`. cargo's own arguments are passed over.
pub fn word(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}
