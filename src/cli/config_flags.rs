//! The flags that say which configuration counts. Knows no keys.

use std::io::Write;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::config::{EXPECTED_ADDR, Environment, Flags, Loaded, parse_addr};

use super::outcome::Failed;

/// Taken by every command that reads the configuration.
#[derive(Args, Debug, Default)]
pub struct ConfigFlags {
    /// The configuration file [default: $LATCHKEY_CONFIG, else ./auth.toml when there is one]
    #[arg(long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    config: Option<String>,

    /// The folder of the store and the keys [default: $XDG_DATA_HOME/latchkey or ~/.local/share/latchkey]
    #[arg(long, value_name = "DIR", value_parser = NonEmptyStringValueParser::new())]
    data_dir: Option<String>,

    /// Use the data folder of development instead, latchkey-dev beside the usual one
    #[arg(long)]
    dev: bool,
}

/// Taken by the commands that are about a server.
#[derive(Args, Debug, Default)]
pub struct ServerFlags {
    /// The configuration file [default: $LATCHKEY_CONFIG, else ./auth.toml when there is one]
    #[arg(long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    config: Option<String>,

    /// The folder of the store and the keys [default: $XDG_DATA_HOME/latchkey or ~/.local/share/latchkey]
    #[arg(long, value_name = "DIR", value_parser = NonEmptyStringValueParser::new())]
    data_dir: Option<String>,

    /// Listen here, instead of every [[listen]] of the file; may be repeated [default: 0.0.0.0:8443]
    #[arg(long, value_name = "ADDR", value_parser = address)]
    listen: Vec<String>,

    /// For development: plain HTTP, on loopback only, with a data folder of its own
    #[arg(long)]
    dev: bool,

    /// With --dev: TLS as in production
    #[arg(long, requires = "dev")]
    tls: bool,

    /// Serve the sample resource POST /api/v1/metrics/ingest, to try API keys on; --dev has it anyway
    #[arg(long)]
    samples: bool,

    /// What to log: a level, and levels of parts, such as "info,latchkey::store=debug"
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
}

impl ConfigFlags {
    /// The settled configuration; remarks go to standard error.
    pub fn load(self) -> Result<Loaded, Failed> {
        load(&Flags { config: self.config, data_dir: self.data_dir, dev: self.dev, ..Flags::default() })
    }
}

impl ServerFlags {
    /// The settled configuration; remarks go to standard error.
    pub fn load(self) -> Result<Loaded, Failed> {
        let Self { config, data_dir, listen, dev, tls, samples, log } = self;
        load(&Flags { config, data_dir, listen, dev, tls, samples, log })
    }
}

fn load(flags: &Flags) -> Result<Loaded, Failed> {
    let loaded = Loaded::load(flags, &Environment::of_process())?;
    let mut err = std::io::stderr().lock();
    for note in &loaded.notes {
        writeln!(err, "note: {note}")?;
    }
    Ok(loaded)
}

fn address(text: &str) -> Result<String, String> {
    parse_addr(text).map(|_| text.to_owned()).map_err(|_| format!("expected {EXPECTED_ADDR}"))
}
