//! `console.toml`: keys, theme, and the servers one works with. Knows no terminal.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Table};

use super::action::keymap::Choices;
use super::conn::{Address, Credential, Target, Trust};
use super::model::Columns;
use super::theme::Theme;

/// What the file says.
#[derive(Debug, Default)]
pub struct Preferences {
    /// The colours.
    pub theme: Option<Theme>,
    /// Keys by action.
    pub keys: Choices,
    /// Titles of columns by view.
    pub columns: Columns,
    /// Servers by name.
    pub contexts: BTreeMap<String, Context>,
}

/// A server as the file describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Where it is.
    pub server: Address,
    /// Whose certificate is believed.
    pub trust: Trust,
    /// The file that holds a token or an API key.
    pub key_file: Option<PathBuf>,
    /// Whether writes stay off.
    pub read_only: bool,
}

/// What is wrong with the file, one line each.
#[derive(Debug, thiserror::Error)]
#[error("{}: {what}", file.display())]
pub struct Wrong {
    file: PathBuf,
    what: String,
}

impl Preferences {
    /// Reads `file`; one that is not there says nothing.
    pub fn read(file: &Path) -> Result<Self, Wrong> {
        let wrong = |what: String| Wrong { file: file.to_owned(), what };
        match fs::read_to_string(file) {
            Ok(text) => Self::parse(&text).map_err(wrong),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(wrong(error.to_string())),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| error.to_string())?;
        let mut read = Self::default();
        for (name, item) in document.iter() {
            match name {
                "theme" => {
                    let theme = item.as_str().and_then(Theme::named);
                    read.theme =
                        Some(theme.ok_or("theme: one of ansi16, okabe-ito, high-contrast, light, mono")?);
                }
                "keys" => read.keys = lists(name, item)?,
                "columns" => read.columns = lists(name, item)?,
                "contexts" => read.contexts = contexts(item)?,
                other => {
                    return Err(format!(
                        "there is no key \"{other}\"; there is theme, keys, columns, contexts"
                    ));
                }
            }
        }
        Ok(read)
    }
}

/// Keeps in `file` which columns `view` shows; everything else stays as it is written there.
pub fn keep_columns(file: &Path, view: &str, titles: &[String]) -> Result<(), Wrong> {
    let wrong = |what: String| Wrong { file: file.to_owned(), what };
    let text = match fs::read_to_string(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        text => text.map_err(|error| wrong(error.to_string()))?,
    };
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| wrong(error.to_string()))?;
    let table = document.entry("columns").or_insert_with(toml_edit::table);
    let table = table.as_table_like_mut().ok_or_else(|| wrong("columns: a table".to_owned()))?;
    table.insert(view, toml_edit::value(titles.iter().collect::<toml_edit::Array>()));
    let written = || {
        file.parent().map_or(Ok(()), fs::create_dir_all)?;
        let new = file.with_extension("toml.new");
        fs::write(&new, document.to_string())?;
        fs::rename(new, file)
    };
    written().map_err(|error: std::io::Error| wrong(error.to_string()))
}

/// Lists of texts by name; one alone may stand without brackets.
fn lists(name: &str, item: &Item) -> Result<BTreeMap<String, Vec<String>>, String> {
    let table = item.as_table_like().ok_or_else(|| format!("{name}: a table of texts"))?;
    let mut lists = BTreeMap::new();
    for (key, texts) in table.iter() {
        let several =
            texts.as_array().map(|texts| texts.iter().map(|text| text.as_str()).collect::<Option<Vec<_>>>());
        let texts = several.unwrap_or_else(|| texts.as_str().map(|text| vec![text]));
        let texts = texts.ok_or_else(|| format!("{name}.{key}: a name or a list of them"))?;
        lists.insert(key.to_owned(), texts.into_iter().map(str::to_owned).collect());
    }
    Ok(lists)
}

fn contexts(item: &Item) -> Result<BTreeMap<String, Context>, String> {
    let table = item.as_table().ok_or("contexts: tables by name")?;
    let read = |(name, item): (&str, &Item)| {
        let table = item.as_table().ok_or_else(|| format!("contexts.{name}: a table"))?;
        Ok((name.to_owned(), context(table).map_err(|why| format!("contexts.{name}.{why}"))?))
    };
    table.iter().map(read).collect()
}

fn context(table: &Table) -> Result<Context, String> {
    let text = |key: &str| match table.get(key) {
        None => Ok(None),
        Some(item) => item.as_str().map(|text| Some(text.to_owned())).ok_or_else(|| format!("{key}: a text")),
    };
    let known = ["server", "ca_file", "fingerprint", "key_file", "read_only"];
    if let Some((other, _)) = table.iter().find(|(key, _)| !known.contains(key)) {
        return Err(format!("{other}: there is only {}", known.join(", ")));
    }
    let server = text("server")?.ok_or("server: is missing")?;
    let trust = match (text("ca_file")?, text("fingerprint")?) {
        (None, None) => Trust::Public,
        (Some(file), None) => Trust::CaFile(file.into()),
        (None, Some(fingerprint)) => Trust::Fingerprint(fingerprint),
        (Some(_), Some(_)) => return Err("fingerprint: goes without ca_file".to_owned()),
    };
    let read_only = match table.get("read_only") {
        None => false,
        Some(item) => item.as_bool().ok_or("read_only: true or false")?,
    };
    Ok(Context {
        server: server.parse().map_err(|error| format!("server: {error}"))?,
        trust,
        key_file: text("key_file")?.map(PathBuf::from),
        read_only,
    })
}

impl Context {
    /// The server under `name`: its credential is in the key file, or else `token`.
    pub fn target(&self, name: &str, token: Option<&str>) -> Target {
        Target {
            name: name.to_owned(),
            address: self.server.clone(),
            trust: self.trust.clone(),
            credential: token.filter(|_| self.key_file.is_none()).and_then(Credential::new),
            key_file: self.key_file.clone(),
            is_read_only: self.read_only,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read() {
        let text = "theme = \"okabe-ito\"\n[keys]\nquit = \"ctrl-q\"\n\"sessions.end\" = [\"X\", \"delete\"]\n\
            [contexts.prod]\nserver = \"https://auth.example.com:8443\"\nfingerprint = \"AB\"\nread_only = true\n\
            [contexts.here]\nserver = \"unix:/run/latchkey/admin.sock\"\n";
        let read = Preferences::parse(text).unwrap();
        assert_eq!((read.theme, read.keys["sessions.end"].len()), (Some(Theme::OkabeIto), 2));
        let prod = &read.contexts["prod"];
        assert_eq!((&prod.trust, prod.read_only), (&Trust::Fingerprint("AB".to_owned()), true));
        let target = prod.target("prod", Some("a.b.c"));
        assert!(target.is_read_only && target.credential.is_some());
    }

    #[test]
    fn what_is_wrong_with_a_file_names_the_key() {
        let wrong = |text: &str| Preferences::parse(text).unwrap_err();
        assert!(wrong("color = 1").starts_with("there is no key \"color\""));
        assert!(wrong("theme = \"pink\"").starts_with("theme: one of"));
        assert_eq!(wrong("[contexts.a]\nca_file = \"x\""), "contexts.a.server: is missing");
        assert!(
            wrong("[contexts.a]\nserver = \"http://example.com\"").starts_with("contexts.a.server: expected")
        );
        assert!(
            wrong("[contexts.a]\nserver = \"unix:/x\"\nkey = 1").starts_with("contexts.a.key: there is only")
        );
        assert!(wrong("[keys]\nquit = 1").starts_with("keys.quit: a name"));
    }

    #[test]
    fn columns_are_kept_beside_what_is_written_already() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("latchkey/console.toml");
        keep_columns(&file, "audit", &["TIME".to_owned()]).unwrap();
        std::fs::write(&file, "# mine\ntheme = \"light\"\n[columns]\naudit = [\"TIME\"]\n").unwrap();
        keep_columns(&file, "sessions", &["USER".to_owned(), "IP".to_owned()]).unwrap();
        assert!(std::fs::read_to_string(&file).unwrap().starts_with("# mine\n"));
        let read = Preferences::read(&file).unwrap();
        assert_eq!(
            (read.columns["audit"].len(), read.columns["sessions"].join(" ")),
            (1, "USER IP".to_owned())
        );
    }

    #[test]
    fn a_missing_file_says_nothing_and_a_missing_key_file_is_told() {
        assert!(Preferences::read(Path::new("/nowhere/console.toml")).unwrap().contexts.is_empty());
        let context = Context {
            server: "unix:/x".parse().unwrap(),
            trust: Trust::Public,
            key_file: Some("/nowhere/key".into()),
            read_only: false,
        };
        assert!(context.target("x", None).with_key().unwrap_err().starts_with("/nowhere/key: "));
    }
}
