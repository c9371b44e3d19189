//! Names the keys that nothing reads, and for each the nearest one that something does. Knows no values.

use std::collections::BTreeSet;

use figment::value::Value;

use super::problem::Problem;
use super::reader::{Reader, without_indexes};
use super::source::Source;
use super::value::kind;
use super::variable::variable_of;

/// Turns every value that no section has taken into a problem.
pub fn refuse(reader: &mut Reader) {
    for (key, (value, source)) in std::mem::take(&mut reader.left) {
        reader.problems.extend(judge(&key, &value, &source, &reader.known).map(|problem| problem.at(source)));
    }
}

fn judge(key: &str, value: &Value, source: &Source, known: &BTreeSet<String>) -> Option<Problem> {
    let plain = without_indexes(key);
    let inside =
        known.iter().find(|known| known.strip_prefix(&plain).is_some_and(|rest| rest.starts_with('.')));
    match (source, inside) {
        (Source::Environment(_), Some(inside)) => Some(
            Problem::new("this is a section, not a setting")
                .help(format!("name a key of it, such as {}", variable_of(inside))),
        ),
        (Source::Environment(name), None) => {
            let names = known.iter().filter(|known| !known.contains('[')).map(|known| variable_of(known));
            Some(Problem::new("no such setting").help(did_you_mean(nearest(name, names))))
        }
        (_, Some(_)) if matches!(value, Value::Dict(..)) => None,
        (_, Some(_)) => {
            Some(Problem::new(format!("{key}: expected a section [{plain}], found {}", kind(value))))
        }
        (_, None) => {
            let sections =
                known.iter().filter_map(|known| known.split_once('.')).map(|(section, _)| section.to_owned());
            let nearest = nearest(&plain, known.iter().cloned().chain(sections));
            let help = did_you_mean(nearest.map(|key| key.replace("[]", "")));
            Some(Problem::new(format!("{key}: no such key")).help(help))
        }
    }
}

/// The candidate with the least distance. A key of the right name in the wrong section comes before any misspelling.
fn nearest(name: &str, candidates: impl Iterator<Item = String>) -> Option<String> {
    // The distance takes time and memory with the length; nothing near a key is long.
    if name.len() > 100 {
        return None;
    }
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let near = candidates.filter_map(|candidate| {
        let whole = strsim::damerau_levenshtein(name, &candidate);
        let tail = strsim::damerau_levenshtein(&last(name), &last(&candidate));
        let close = whole <= candidate.len() / 3 || tail <= last(&candidate).len() / 3;
        close.then_some((tail, whole, candidate))
    });
    near.min().map(|(.., candidate)| candidate)
}

fn did_you_mean(nearest: Option<String>) -> String {
    nearest.map_or_else(
        || "`latchkey check` lists every key".to_owned(),
        |nearest| format!("did you mean {nearest}?"),
    )
}
