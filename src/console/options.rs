//! How the console is started: flags, the environment, and `console.toml`, settled. Knows no terminal.

use std::path::PathBuf;

use super::Trial;
use super::action::keymap::Choices;
use super::conn::{Address, Target, Trust};
use super::model::Columns;
use super::preferences::{Context, Preferences};
use super::theme::Theme;

/// What the command line and the environment say.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "one for each flag and each fact of the environment")]
pub struct Options {
    /// The name of a server in the file.
    pub context: Option<String>,
    /// A server that is in no file.
    pub server: Option<String>,
    /// The authorities of the server, instead of the public ones.
    pub ca_file: Option<PathBuf>,
    /// The server's one certificate.
    pub fingerprint: Option<String>,
    /// A file with a token or an API key.
    pub key_file: Option<PathBuf>,
    /// Armed from the start.
    pub rw: bool,
    /// Lines instead of a screen.
    pub plain: bool,
    /// Only ASCII for lines and signs.
    pub ascii: bool,
    /// The colours.
    pub theme: Option<String>,
    /// The mouse stays the terminal's.
    pub no_mouse: bool,
    /// A file that hears each time everything is drawn and nothing is under way. For tests.
    pub settle: Option<PathBuf>,
    /// What fails on purpose when the screen is drawn again; in builds for tests only.
    pub trial: Option<Trial>,
    /// `LATCHKEY_TOKEN`.
    pub token: Option<String>,
    /// Whether `NO_COLOR` is set.
    pub no_color: bool,
    /// Whether the terminal is at the other end of a network.
    pub is_over_ssh: bool,
    /// Where `console.toml` is.
    pub file: Option<PathBuf>,
    /// The socket of the server on this machine, unless it is switched off.
    pub socket: Option<PathBuf>,
}

/// Why the console does not start.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Standard output or input is no terminal.
    #[error("the console needs a terminal")]
    NoTerminal,
    /// The flags or the file make no sense.
    #[error("{0}")]
    Settings(String),
    /// The terminal failed.
    #[error(transparent)]
    Terminal(#[from] std::io::Error),
}

/// What was settled.
#[derive(Debug)]
pub struct Chosen {
    /// The servers; never empty.
    pub servers: Vec<Target>,
    /// The one to begin with.
    pub server: usize,
    /// The colours.
    pub theme: Theme,
    /// Keys by action.
    pub keys: Choices,
    /// Titles of columns by view.
    pub columns: Columns,
}

impl Options {
    /// Settles what was said. A flag counts more than the environment, and that more than the file.
    pub fn choose(&self) -> Result<Chosen, Refusal> {
        let settings = Refusal::Settings;
        let read = self.file.as_deref().map(Preferences::read).transpose();
        let read = read.map_err(|wrong| settings(wrong.to_string()))?.unwrap_or_default();
        let theme = match &self.theme {
            Some(name) => Theme::named(name).ok_or_else(|| {
                let names: Vec<&str> = Theme::ALL.iter().map(|theme| theme.name()).collect();
                settings(format!("--theme is one of {}", names.join(", ")))
            })?,
            None if self.no_color => Theme::Mono,
            None => read.theme.unwrap_or_default(),
        };
        let mut servers = Vec::new();
        for (name, context) in &read.contexts {
            // A key file that is gone hinders only its own server, and is told when that is chosen.
            let target = context.target(name, self.token.as_deref());
            if self.context.as_ref() == Some(name) {
                target.clone().with_key().map_err(settings)?;
            }
            servers.push(target);
        }
        let server = match (&self.server, &self.context) {
            (None, Some(name)) => {
                let position = servers.iter().position(|target| target.name == *name);
                let names: Vec<&str> = read.contexts.keys().map(String::as_str).collect();
                position.ok_or_else(|| settings(format!("--context is one of: {}", names.join(", "))))?
            }
            (given, _) => {
                servers.insert(0, self.direct(given.as_deref())?);
                0
            }
        };
        Ok(Chosen { servers, server, theme, keys: read.keys, columns: read.columns })
    }

    /// The server of `--server`, or the one on this machine.
    fn direct(&self, server: Option<&str>) -> Result<Target, Refusal> {
        let settings = Refusal::Settings;
        let address = match (server, &self.socket) {
            (Some(text), _) => text.parse().map_err(|error| settings(format!("--server: {error}")))?,
            (None, Some(socket)) => Address::Unix(socket.clone()),
            (None, None) => {
                return Err(settings(
                    "--server or --context says which server: the admin socket here is switched off"
                        .to_owned(),
                ));
            }
        };
        let trust = match (&self.ca_file, &self.fingerprint) {
            (Some(file), _) => Trust::CaFile(file.clone()),
            (None, Some(text)) => Trust::Fingerprint(text.clone()),
            (None, None) => Trust::Public,
        };
        let name = if let Address::Tcp { host, .. } = &address { host.clone() } else { "local".to_owned() };
        let context = Context { server: address, trust, key_file: self.key_file.clone(), read_only: false };
        context.target(&name, self.token.as_deref()).with_key().map_err(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(options: &Options) -> String {
        options.choose().unwrap_err().to_string()
    }

    #[test]
    fn flags_name_a_server_and_without_one_it_is_the_socket_here() {
        let options = Options {
            server: Some("http://127.0.0.1:8080".to_owned()),
            token: Some("a.b.c".to_owned()),
            ..Options::default()
        };
        let chosen = options.choose().unwrap();
        assert_eq!((chosen.servers[0].name.as_str(), chosen.server), ("127.0.0.1", 0));
        assert!(chosen.servers[0].credential.is_some());
        let here = Options { socket: Some("/data/admin.sock".into()), ..Options::default() };
        assert_eq!(here.choose().unwrap().servers[0].address.to_string(), "unix:/data/admin.sock");
        assert!(wrong(&Options::default()).starts_with("--server or --context says which server"));
    }

    #[test]
    fn no_color_means_mono_unless_a_theme_is_asked_for() {
        let socket = Some(PathBuf::from("/x"));
        let theme = |theme: Option<&str>| {
            let theme = theme.map(str::to_owned);
            Options { no_color: true, theme, socket: socket.clone(), ..Options::default() }
                .choose()
                .map(|chosen| chosen.theme)
        };
        assert_eq!(theme(None).unwrap(), Theme::Mono);
        assert_eq!(theme(Some("light")).unwrap(), Theme::Light);
        assert!(theme(Some("pink")).is_err());
    }

    #[test]
    fn a_context_is_one_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("console.toml");
        std::fs::write(&file, "[contexts.a]\nserver = \"unix:/a\"\n[contexts.b]\nserver = \"unix:/b\"\n")
            .unwrap();
        let options = |context: &str| Options {
            context: Some(context.to_owned()),
            file: Some(file.clone()),
            ..Options::default()
        };
        let chosen = options("b").choose().unwrap();
        assert_eq!((chosen.server, chosen.servers.len()), (1, 2));
        assert_eq!(wrong(&options("c")), "--context is one of: a, b");
    }
}
