//! Takes typed values out of the merged layers, one key at a time, and notes what is wrong. Knows no particular key.
//!
//! ## Decision
//! Problem: every value needs a type, a range, a source to print, and a place in the list of known keys, and all errors
//! are to be told at once. Choice: each section *reads* its keys in one function; the call is the one declaration of
//! a key, and what no call has taken is unknown. Alternative: serde structs, which stop at the first error, know no
//! ranges and lose the source.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use figment::value::Value;

use super::problem::Problem;
use super::secret::Secret;
use super::source::{Setting, Source};
use super::value::{kind, quoted, shown, text_of, whole};
use super::{duration, secret_file};

/// The merged layers, being read.
pub struct Reader {
    /// The values that no key has taken yet, by path.
    pub(super) left: BTreeMap<String, (Value, Source)>,
    /// The built-in values, by path.
    pub(super) defaults: BTreeMap<String, Value>,
    /// Every key that was asked for; an index is written `[]`.
    pub(super) known: BTreeSet<String>,
    /// What was read, in the order of reading.
    pub(super) settings: Vec<Setting>,
    /// What is wrong.
    pub(super) problems: Vec<Problem>,
    /// What is allowed but should be known.
    pub(super) notes: Vec<String>,
}

/// A key that takes one word of a few.
pub trait Choice: Copy + 'static {
    /// The words and what they mean.
    const WORDS: &'static [(&'static str, Self)];
}

/// Why a value does not fit.
enum Misfit {
    /// It is of another type; the text may be shown or not.
    Type { echo: bool },
    /// It is of the right type, and wrong for this reason.
    Reason(String),
}

impl Reader {
    pub(super) fn new(
        left: BTreeMap<String, (Value, Source)>,
        defaults: BTreeMap<String, Value>,
        problems: Vec<Problem>,
    ) -> Self {
        Self { left, defaults, known: BTreeSet::new(), settings: Vec::new(), problems, notes: Vec::new() }
    }

    /// Text that may be missing, but not empty.
    pub fn text(&mut self, key: &str) -> Option<String> {
        self.value(key, "text", |value, _| match text_of(value) {
            Some(text) if text.is_empty() => Err(Misfit::Reason("is empty".into())),
            other => other.ok_or(Misfit::Type { echo: false }),
        })
    }

    /// A switch. The default layer must have the key.
    pub fn switch(&mut self, key: &str) -> bool {
        let convert = |value: &Value, untyped| match (value, text_of(value).as_deref()) {
            (Value::Bool(_, switch), _) => Ok(*switch),
            (_, Some("true")) if untyped => Ok(true),
            (_, Some("false")) if untyped => Ok(false),
            _ => Err(Misfit::Type { echo: false }),
        };
        let switch = self.value(key, "true or false", convert).unwrap_or_default();
        self.set_shown(key, Some(switch.to_string()));
        switch
    }

    /// A whole number within `range`.
    pub fn number<T>(&mut self, key: &str, range: RangeInclusive<T>) -> T
    where
        T: Copy + Display + PartialOrd + TryFrom<i128>,
    {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        let convert = |value: &Value, untyped| {
            let number = match value {
                Value::Num(_, number) => whole(*number),
                Value::String(_, text) if untyped => text.parse::<i128>().ok(),
                _ => None,
            };
            let fits =
                number.and_then(|number| T::try_from(number).ok()).filter(|number| range.contains(number));
            fits.ok_or(Misfit::Type { echo: number.is_some() && value.as_str().is_some() })
        };
        let number = self.value(key, &expected, convert).unwrap_or(*range.start());
        self.set_shown(key, Some(number.to_string()));
        number
    }

    /// A duration within `range`.
    pub fn duration(&mut self, key: &str, range: RangeInclusive<Duration>) -> Duration {
        let convert = |value: &Value, _| {
            let text = text_of(value).ok_or(Misfit::Type { echo: false })?;
            let parsed = duration::parse(&text).ok_or(Misfit::Type { echo: true })?;
            let (from, to) = (duration::display(*range.start()), duration::display(*range.end()));
            let refuse = || Misfit::Reason(format!("must be from {from} to {to}, and is {text}"));
            range.contains(&parsed).then_some(parsed).ok_or_else(refuse)
        };
        self.value(key, duration::EXPECTED, convert).unwrap_or(*range.start())
    }

    /// One word of a few.
    pub fn choice<T: Choice + Default>(&mut self, key: &str) -> T {
        let words: Vec<_> = T::WORDS.iter().map(|(word, _)| format!("{word:?}")).collect();
        let convert = |value: &Value, _| {
            let text = text_of(value).ok_or(Misfit::Type { echo: false })?;
            let found = T::WORDS.iter().find(|(word, _)| *word == text);
            found.map(|(_, choice)| *choice).ok_or(Misfit::Type { echo: true })
        };
        self.value(key, &words.join(" or "), convert).unwrap_or_default()
    }

    /// Text that `parse` understands; its error is the reason shown, so it must not quote a secret.
    pub fn parsed<T>(
        &mut self,
        key: &str,
        expected: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.value(key, expected, |value, _| {
            let text = text_of(value).ok_or(Misfit::Type { echo: false })?;
            parse(&text).map_err(Misfit::Reason)
        })
    }

    /// A list, each entry understood by `parse`. A text is a list whose entries are parted by commas.
    pub fn list<T>(
        &mut self,
        key: &str,
        expected: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let convert = |value: &Value, _| {
            let texts: Option<Vec<String>> = match value {
                Value::Array(_, values) => values.iter().map(text_of).collect(),
                Value::String(_, text) => Some(split(text)),
                _ => None,
            };
            let texts = texts.ok_or(Misfit::Type { echo: false })?;
            texts.iter().map(|text| parse(text).map_err(Misfit::Reason)).collect()
        };
        self.value(key, expected, convert).unwrap_or_default()
    }

    /// A secret: the text under `key`, or the content of the file named under `key` + `_file`. The stronger layer
    /// wins; both in the same layer is an error, because one of them is not what the operator thinks it is.
    pub fn secret(&mut self, key: &str) -> Option<Secret> {
        let file_key = format!("{key}_file");
        let (inline, file) = (self.take(key), self.take(&file_key));
        let layer = |taken: &Option<(Value, Source)>| taken.as_ref().map(|(_, source)| source.layer());
        if inline.is_some() && layer(&inline) == layer(&file) {
            self.problem(&file_key, &format!("{key} is given too, and only one of them can count"));
            return None;
        }
        if layer(&inline) < layer(&file) {
            return self.secret_in_file(&file_key, file);
        }
        let (value, source) = inline?;
        self.set_shown(key, Some(Setting::REDACTED.into()));
        let Some(text) = text_of(&value) else {
            self.problem(key, "expected text");
            return None;
        };
        if source.layer() == 1 && text.is_empty() {
            self.problem(key, "is empty");
        }
        Some(Secret::new(text))
    }

    fn secret_in_file(&mut self, key: &str, taken: Option<(Value, Source)>) -> Option<Secret> {
        let (value, _) = taken?;
        let Some(path) = text_of(&value).filter(|path| !path.is_empty()) else {
            self.problem(key, "expected the path of a file");
            return None;
        };
        self.set_shown(key, Some(format!("{path:?}")));
        match secret_file::read(path.as_ref()) {
            Ok((secret, note)) => {
                self.notes.extend(note.map(|note| format!("{key}: {note}")));
                Some(secret)
            }
            Err(reason) => {
                self.problem(key, &reason);
                None
            }
        }
    }

    /// How many `[[name]]` there are.
    pub fn sections(&self, name: &str) -> usize {
        let index = |key: &String| {
            key.strip_prefix(name)?.strip_prefix('[')?.split(']').next()?.parse::<usize>().ok()
        };
        self.left.keys().filter_map(index).max().map_or(0, |last| last + 1)
    }

    /// Notes that `key` is wrong, at the place it was set.
    pub fn problem(&mut self, key: &str, reason: &str) {
        self.problem_with(key, reason, None);
    }

    /// The same with advice.
    pub fn problem_with(&mut self, key: &str, reason: &str, help: Option<&str>) {
        let source = self.source_of(key);
        self.problems.push(Problem {
            source: Some(source),
            what: format!("{key}: {reason}"),
            help: help.map(str::to_owned),
        });
    }

    /// Where the value of `key` came from.
    pub fn source_of(&self, key: &str) -> Source {
        let setting = self.settings.iter().find(|setting| setting.key == key);
        setting.map_or(Source::Default, |setting| setting.source.clone())
    }

    /// Says how to print a key whose value was made from others.
    pub fn set_shown(&mut self, key: &str, shown: Option<String>) {
        if let Some(setting) = self.settings.iter_mut().find(|setting| setting.key == key) {
            setting.shown = shown;
        }
    }

    /// Puts a value in force over every layer.
    pub fn overrule(&mut self, key: &str, shown: String, source: Source) {
        if let Some(setting) = self.settings.iter_mut().find(|setting| setting.key == key) {
            (setting.shown, setting.source) = (Some(shown), source);
        }
    }

    /// The value of `key` and its layer, from the default layer when no other has it. Whoever takes a key makes it known.
    pub(super) fn take(&mut self, key: &str) -> Option<(Value, Source)> {
        self.known.insert(without_indexes(key));
        let default = || self.defaults.get(&first_index(key)).map(|value| (value.clone(), Source::Default));
        let taken = self.left.remove(key).or_else(default);
        let source = taken.as_ref().map_or(Source::Default, |(_, source)| source.clone());
        self.settings.push(Setting { key: key.to_owned(), shown: None, source });
        taken
    }

    fn value<T>(
        &mut self,
        key: &str,
        expected: &str,
        convert: impl FnOnce(&Value, bool) -> Result<T, Misfit>,
    ) -> Option<T> {
        let (value, source) = self.take(key)?;
        self.set_shown(key, Some(shown(&value)));
        let found = match convert(&value, source.layer() >= 2) {
            Ok(converted) => return Some(converted),
            Err(Misfit::Reason(reason)) => reason,
            Err(Misfit::Type { echo: false }) => format!("expected {expected}, found {}", kind(&value)),
            Err(Misfit::Type { echo: true }) => format!("expected {expected}, found {}", quoted(&value)),
        };
        self.problem(key, &found);
        None
    }
}

/// `listen[3].addr` as `listen[].addr`.
pub fn without_indexes(key: &str) -> String {
    let mut parts = key.split('[');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |whole, part| whole + "[" + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// `listen[3].addr` as `listen[0].addr`: every entry of a list of sections has the same defaults.
fn first_index(key: &str) -> String {
    without_indexes(key).replace("[]", "[0]")
}

/// The entries of a list written outside the file.
fn split(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
}
