//! The layer of one TOML text: its values, and the line of each. Knows no keys.

use std::collections::BTreeMap;

use figment::value::{Dict, Empty, Map, Tag, Value};
use figment::{Metadata, Profile, Provider};
use toml_edit::{Document, Item, TableLike};

use super::problem::Problem;
use super::source::Source;

/// A parsed TOML text.
///
/// ## Decision
/// figment's own TOML provider gives no lines, so the text is parsed once here, where positions are known,
/// and handed to figment as values.
#[derive(Debug)]
pub struct File {
    name: &'static str,
    values: Dict,
    /// The line of each key, by its path; counted from 1.
    pub lines: BTreeMap<String, usize>,
}

impl File {
    /// Parses `text`; `path` is only for the message. The message never quotes the text: it may hold a secret.
    pub fn parse(name: &'static str, path: &str, text: &str) -> Result<Self, Problem> {
        let document = Document::parse(text).map_err(|error| {
            let line = error.span().map_or(0, |span| Lines::of(text).at(span.start));
            Problem::new(format!("not valid TOML: {}", error.message().replace('\n', ", ")))
                .at(Source::File { path: path.into(), line })
        })?;
        let mut lines = BTreeMap::new();
        let values = Walk { starts: Lines::of(text), lines: &mut lines }.table(document.as_table(), "");
        Ok(Self { name, values, lines })
    }
}

impl Provider for File {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

/// The path of `key` inside `parent`. A key that TOML has to quote stays quoted, so that a dot or a line
/// break inside it can neither pass for another key nor break a message.
pub fn join(parent: &str, key: &str) -> String {
    let bare = !key.is_empty()
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    let key = if bare { key.to_owned() } else { format!("{key:?}") };
    if parent.is_empty() { key } else { format!("{parent}.{key}") }
}

struct Walk<'a> {
    starts: Lines,
    lines: &'a mut BTreeMap<String, usize>,
}

impl Walk<'_> {
    fn table(&mut self, table: &dyn TableLike, path: &str) -> Dict {
        let mut values = Dict::new();
        for (name, item) in table.iter() {
            let path = join(path, name);
            let span = table.key(name).and_then(toml_edit::Key::span).or_else(|| item.span());
            self.note(&path, span);
            if let Some(value) = self.item(item, &path) {
                values.insert(name.to_owned(), value);
            }
        }
        values
    }

    fn item(&mut self, item: &Item, path: &str) -> Option<Value> {
        match item {
            Item::None => None,
            Item::Value(value) => Some(self.value(value, path)),
            Item::Table(table) => Some(Value::from(self.table(table, path))),
            Item::ArrayOfTables(tables) => {
                let each = tables.iter().enumerate().map(|(index, table)| {
                    let path = format!("{path}[{index}]");
                    self.note(&path, table.span());
                    Value::from(self.table(table, &path))
                });
                Some(Value::from(each.collect::<Vec<_>>()))
            }
        }
    }

    fn value(&mut self, value: &toml_edit::Value, path: &str) -> Value {
        match value {
            toml_edit::Value::String(text) => Value::from(text.value().as_str()),
            toml_edit::Value::Integer(number) => Value::from(*number.value()),
            toml_edit::Value::Float(number) => Value::from(*number.value()),
            toml_edit::Value::Boolean(switch) => Value::from(*switch.value()),
            // No key takes a date, and figment has none: the empty value stands for it.
            toml_edit::Value::Datetime(_) => Value::Empty(Tag::Default, Empty::Unit),
            toml_edit::Value::InlineTable(table) => Value::from(self.table(table, path)),
            toml_edit::Value::Array(array) => {
                let each = array.iter().enumerate().map(|(index, value)| {
                    let path = format!("{path}[{index}]");
                    self.note(&path, value.span());
                    self.value(value, &path)
                });
                Value::from(each.collect::<Vec<_>>())
            }
        }
    }

    fn note(&mut self, path: &str, span: Option<std::ops::Range<usize>>) {
        if let Some(span) = span {
            self.lines.insert(path.to_owned(), self.starts.at(span.start));
        }
    }
}

/// The offset after each line end, so that a line is found without reading the text again for every key.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(
            text.bytes()
                .enumerate()
                .filter(|(_, byte)| *byte == b'\n')
                .map(|(offset, _)| offset + 1)
                .collect(),
        )
    }

    /// The line of an offset, counted from 1.
    fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset) + 1
    }
}
