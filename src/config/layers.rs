//! Puts the layers on top of each other, and keeps of each value where it came from. Knows no keys.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use figment::value::{Dict, Value};
use figment::{Figment, Profile, Provider};

use super::file::{File, join};
use super::flags::Flags;
use super::problem::{ConfigError, Problem};
use super::reader::Reader;
use super::secret_file::plain;
use super::source::Source;
use super::variable::{CONFIG_VARIABLE, Environment};

const USUAL_FILE: &str = "auth.toml";
const MAX_FILE_BYTES: u64 = 1 << 20;

/// The configuration file as it was found.
pub struct Found {
    /// Its path as it was given.
    pub path: String,
    /// What it says.
    pub text: String,
    /// Whether everyone on this machine can read it.
    pub readable_by_all: bool,
}

/// The configuration file, if there is to be one.
pub fn read_file(flags: &Flags, environment: &Environment) -> Result<Option<Found>, Problem> {
    let named = flags
        .config
        .as_deref()
        .or_else(|| environment.value(CONFIG_VARIABLE).filter(|path| !path.is_empty()));
    let path = named.unwrap_or(USUAL_FILE);
    let unreadable = |reason: String| Problem::new(format!("cannot read the configuration {path}: {reason}"));
    let metadata = match fs::metadata(path) {
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|error| unreadable(plain(&error)))?,
    };
    if !metadata.is_file() || metadata.len() > MAX_FILE_BYTES {
        return Err(unreadable("it is no file of at most 1 MiB".into()));
    }
    if metadata.permissions().mode() & 0o002 != 0 {
        return Err(unreadable("everyone may change it".into()).help(format!("chmod 640 {path}")));
    }
    let text = fs::read_to_string(path).map_err(|error| unreadable(plain(&error)))?;
    let readable_by_all = metadata.permissions().mode() & 0o004 != 0;
    Ok(Some(Found { path: path.to_owned(), text, readable_by_all }))
}

/// Every value of every layer, the stronger over the weaker, ready to be read.
pub fn merge(
    file: Option<(&str, &str)>,
    environment: &Environment,
    flags: &Flags,
) -> Result<Reader, ConfigError> {
    let fatal = |problem| ConfigError { problems: vec![problem] };
    let defaults = File::parse("default", "auth.toml.example", super::EXAMPLE).map_err(fatal)?;
    let mut default_leaves = BTreeMap::new();
    flatten(&values(&defaults), "", &mut default_leaves);
    let mut figment = Figment::from(defaults);
    let mut lines = BTreeMap::new();
    let path = file.map_or("", |(path, _)| path);
    if let Some((path, text)) = file {
        let parsed = File::parse("file", path, text).map_err(fatal)?;
        lines.clone_from(&parsed.lines);
        figment = figment.merge(parsed);
    }
    let (overrides, problems) = environment.overrides();
    for setting in overrides.into_iter().chain(flags.overrides()) {
        figment = figment.merge(setting);
    }
    let mut leaves = BTreeMap::new();
    flatten(&values(&figment), "", &mut leaves);
    let with_source = leaves.into_iter().map(|(key, value)| {
        let source = source(&figment, &value, &key, path, &lines);
        (key, (value, source))
    });
    Ok(Reader::new(with_source.collect(), default_leaves, problems))
}

fn values(provider: &impl Provider) -> Dict {
    let data = provider.data().unwrap_or_default();
    data.into_iter()
        .find(|(profile, _)| *profile == Profile::Default)
        .map(|(_, dict)| dict)
        .unwrap_or_default()
}

/// The values that hold no others, each under its path. Empty sections stay, so that a mistyped one is noticed.
fn flatten(dict: &Dict, parent: &str, leaves: &mut BTreeMap<String, Value>) {
    for (name, value) in dict {
        flatten_value(value, join(parent, name), leaves);
    }
}

fn flatten_value(value: &Value, path: String, leaves: &mut BTreeMap<String, Value>) {
    match value {
        Value::Dict(_, inner) if !inner.is_empty() => flatten(inner, &path, leaves),
        Value::Array(_, values) if values.iter().any(|value| matches!(value, Value::Dict(..))) => {
            for (index, value) in values.iter().enumerate() {
                flatten_value(value, format!("{path}[{index}]"), leaves);
            }
        }
        leaf => drop(leaves.insert(path, leaf.clone())),
    }
}

fn source(
    figment: &Figment,
    value: &Value,
    key: &str,
    path: &str,
    lines: &BTreeMap<String, usize>,
) -> Source {
    let Some(metadata) = figment.get_metadata(value.tag()) else { return Source::Default };
    let name = metadata.source.as_ref().and_then(figment::Source::custom).unwrap_or_default().to_owned();
    match metadata.name.as_ref() {
        "file" => Source::File { path: path.to_owned(), line: lines.get(key).copied().unwrap_or_default() },
        "environment" => Source::Environment(name),
        "flag" => Source::Flag(name),
        _ => Source::Default,
    }
}
