//! What the command line says about the configuration. Knows nothing of how arguments are parsed.

use super::variable::Override;

/// The flags every command that reads the configuration takes.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--config`: the file to read.
    pub config: Option<String>,
    /// `--data-dir`.
    pub data_dir: Option<String>,
    /// `--listen`, once for each address; replaces every `[[listen]]`.
    pub listen: Vec<String>,
    /// `--dev`: for development on this machine only.
    pub dev: bool,
    /// `--tls`, with `--dev`: TLS as in production.
    pub tls: bool,
    /// `--samples`: the sample resources of the guides.
    pub samples: bool,
    /// `--log`: the log filter.
    pub log: Option<String>,
}

impl Flags {
    pub(super) fn overrides(&self) -> Vec<Override> {
        let listen = (!self.listen.is_empty()).then(|| self.listen.join(","));
        let settings = [
            ("--data-dir", "data_dir", self.data_dir.clone()),
            ("--listen", "listen", listen),
            ("--log", "log.filter", self.log.clone()),
        ];
        let set =
            settings.into_iter().filter_map(|(name, key, value)| Some(Override::flag(name, key, value?)));
        set.collect()
    }
}
