//! Names the keys that nothing reads, and for each the nearest one that something does. Knows no values.

use figment::value::Value;

use super::problem::Problem;
use super::reader::{Reader, kind, without_indexes};
use super::source::Source;
use super::variable::variable_of;

/// Turns every value that no section has taken into a problem.
pub fn refuse(reader: &mut Reader) {
    let left = std::mem::take(&mut reader.left);
    for (key, (value, source)) in left {
        let plain = without_indexes(&key);
        let inside =
            |mark: &str| reader.known.iter().any(|known| known.starts_with(&format!("{plain}{mark}")));
        let section = inside(".");
        if section && matches!(value, Value::Dict(..)) {
            continue;
        }
        let problem = if let Source::Environment(name) = &source {
            let names =
                reader.known.iter().filter(|known| !known.contains('[')).map(|known| variable_of(known));
            let nearest = nearest(name, names);
            Problem::new("no such setting").help(did_you_mean(nearest))
        } else if section {
            Problem::new(format!("{key}: expected a section [{plain}], found {}", kind(&value)))
        } else {
            let nearest = nearest(&plain, reader.known.iter().cloned());
            Problem::new(format!("{key}: no such key"))
                .help(did_you_mean(nearest.map(|key| key.replace("[]", ""))))
        };
        reader.problems.push(problem.at(source));
    }
}

/// The candidate with the least distance. A key of the right name in the wrong section comes before any misspelling.
fn nearest(name: &str, candidates: impl Iterator<Item = String>) -> Option<String> {
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let near = candidates.filter_map(|candidate| {
        let whole = strsim::damerau_levenshtein(name, &candidate);
        let tail = strsim::damerau_levenshtein(&last(name), &last(&candidate));
        let length = last(&candidate).len();
        let close = whole <= candidate.len() / 3 || tail <= length / 3;
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
