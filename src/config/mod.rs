//! Settings, their sources and their checks. Knows nothing of what the settings steer.
//!
//! Four layers, each stronger than the one before: `auth.toml.example` (built in), `auth.toml`, the environment, flags.
//! Everything wrong is found before anything starts, and told at once.
//!
//! To add a key: read it in its section, write it into `auth.toml.example`. A test holds the two together.

pub mod duration;
mod file;
mod flags;
mod layers;
mod listen;
mod log;
mod mail;
mod net;
mod password_hash;
mod problem;
mod public_url;
mod reader;
mod registration;
mod secret;
mod secret_file;
mod source;
mod store;
#[cfg(test)]
mod tests;
mod tls;
mod tokens;
mod unknown;
mod variable;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

pub use flags::Flags;
pub use listen::{EXPECTED as EXPECTED_ADDR, Listener, PlainHttp, parse_addr};
pub use log::{Audit, Log, LogFormat};
pub use mail::{Mail, MailLogin, SmtpTls, Transport};
pub use net::Net;
pub use password_hash::PasswordHash;
pub use problem::{ConfigError, Problem};
pub use public_url::PublicUrl;
pub use registration::Registration;
pub use secret::Secret;
pub use secret_file::read as read_secret_file;
pub use source::{Setting, Source};
pub use store::Store;
pub use tls::{CertificateFiles, Tls};
pub use tokens::{MIN_SECRET_BYTES, Rotation, Tokens};
pub use variable::Environment;

use reader::Reader;

/// The built-in layer, which is also the documentation of every key.
pub const EXAMPLE: &str = include_str!("../../auth.toml.example");

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DEV_ADDR: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

const DAY: Duration = Duration::from_secs(86_400);

/// The settled configuration: every value in range, every combination possible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Whether this is `--dev`. Then every listener is on loopback.
    pub dev: bool,
    /// The folder of the store, the keys and the certificate.
    pub data_dir: PathBuf,
    /// What links are made from.
    pub public_url: PublicUrl,
    /// Peers whose word about the client's address and scheme is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// At least one, of which at least one serves the API.
    pub listen: Vec<Listener>,
    /// The certificate.
    pub tls: Tls,
    /// Limits of connections.
    pub net: Net,
    /// The database.
    pub store: Store,
    /// The cost of password hashes.
    pub password_hash: PasswordHash,
    /// Access and refresh tokens.
    pub tokens: Tokens,
    /// Sign-up.
    pub registration: Registration,
    /// Outgoing mail.
    pub mail: Mail,
    /// The log.
    pub log: Log,
    /// The audit log.
    pub audit: Audit,
}

/// A configuration and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The settled values.
    pub config: Config,
    /// The file that was read, as it was given.
    pub file: Option<String>,
    /// Every setting with its source, in the order of the documentation; secrets redacted.
    pub settings: Vec<Setting>,
    /// What is allowed, but should be known.
    pub notes: Vec<String>,
}

impl Loaded {
    /// Reads every layer. The file is `--config`, else `$LATCHKEY_CONFIG`, else `./auth.toml` when there is one.
    pub fn load(flags: &Flags, environment: &Environment) -> Result<Self, ConfigError> {
        let file = layers::read_file(flags, environment)
            .map_err(|problem| ConfigError { problems: vec![problem] })?;
        let file = file.as_ref().map(|(path, text)| (path.as_str(), text.as_str()));
        Self::from_layers(file, environment, flags)
    }

    /// The same from values: the path and the text of the file, the environment, the flags. Reads no file but those that
    /// a key ending in `_file` names.
    pub fn from_layers(
        file: Option<(&str, &str)>,
        environment: &Environment,
        flags: &Flags,
    ) -> Result<Self, ConfigError> {
        let mut reader = layers::merge(file, environment, flags)?;
        let config = Config::read(&mut reader, environment, flags);
        reader.notes.extend(environment.superseded());
        unknown::refuse(&mut reader);
        match config {
            Some(config) if reader.problems.is_empty() => Ok(Self {
                config,
                file: file.map(|(path, _)| path.to_owned()),
                settings: reader.settings,
                notes: reader.notes,
            }),
            _ => {
                reader.problems.sort_by(|a, b| a.source.cmp(&b.source));
                Err(ConfigError { problems: reader.problems })
            }
        }
    }
}

impl Config {
    /// From one TOML text alone, as if it were the file: no environment, no flags. Never panics, whatever the text.
    pub fn from_toml_str(text: &str) -> Result<Self, ConfigError> {
        let loaded =
            Loaded::from_layers(Some(("auth.toml", text)), &Environment::default(), &Flags::default());
        loaded.map(|loaded| loaded.config)
    }

    fn read(reader: &mut Reader, environment: &Environment, flags: &Flags) -> Option<Self> {
        let data_dir = data_dir(reader, environment, flags.dev);
        let given_url = reader.parsed("public_url", public_url::EXPECTED, PublicUrl::parse);
        let trusted_proxies = reader.list("trusted_proxies", "a list of addresses or networks", network);
        let mut listen = Listener::read(reader);
        if flags.dev {
            for_development(reader, &mut listen, flags.tls);
        } else if flags.tls {
            reader.problems.push(Problem::new("--tls goes with --dev: without it TLS is on"));
        }
        let main = listen.iter().find(|listener| listener.serves()).or(listen.first());
        let derived_url = main.map(PublicUrl::of_listener);
        if let (None, Some(derived)) = (&given_url, &derived_url) {
            reader.set_shown("public_url", Some(format!("{:?}", derived.as_str())));
        }
        let public_url = given_url.or(derived_url);
        check_listeners(reader, &listen, public_url.as_ref(), &trusted_proxies);
        let (issuer, domain) =
            public_url.as_ref().map_or(("", "localhost"), |url| (url.as_str(), url.host()));
        let domain = if domain.parse::<IpAddr>().is_ok() { "localhost" } else { domain };
        Some(Self {
            dev: flags.dev,
            data_dir,
            trusted_proxies,
            tls: Tls::read(reader),
            net: Net::read(reader),
            store: Store::read(reader),
            password_hash: PasswordHash::read(reader),
            tokens: Tokens::read(reader, issuer),
            registration: Registration::read(reader),
            mail: Mail::read(reader, domain),
            log: Log::read(reader),
            audit: Audit::read(reader),
            public_url: public_url?,
            listen,
        })
    }
}

/// The folder that was set, or the usual one. Development never uses the folder of the file: that one may hold real users.
fn data_dir(reader: &mut Reader, environment: &Environment, dev: bool) -> PathBuf {
    let given = reader.text("data_dir");
    let from_file = reader.source_of("data_dir").layer() <= 1;
    let dir = match given {
        Some(given) if !(dev && from_file) => PathBuf::from(given),
        _ => usual_data_dir(environment, dev),
    };
    if dev && from_file && reader.source_of("data_dir").layer() == 1 {
        reader.notes.push(format!("--dev does not use data_dir of the file, but {}", dir.display()));
    }
    reader.set_shown("data_dir", Some(format!("{:?}", dir.to_string_lossy())));
    dir
}

/// The XDG data folder; `/var/lib` for a user without a home.
fn usual_data_dir(environment: &Environment, dev: bool) -> PathBuf {
    let name = if dev { "latchkey-dev" } else { "latchkey" };
    let absolute =
        |variable| environment.value(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || absolute("HOME").map(|home| home.join(".local/share"));
    absolute("XDG_DATA_HOME").or_else(home).unwrap_or_else(|| PathBuf::from("/var/lib")).join(name)
}

/// `--dev`: plain HTTP, or with `tls` what production does; always on loopback.
fn for_development(reader: &mut Reader, listen: &mut [Listener], tls: bool) {
    for (index, listener) in listen.iter_mut().enumerate() {
        let keys = [
            format!("listen[{index}].addr"),
            format!("listen[{index}].tls"),
            format!("listen[{index}].http"),
        ];
        let set = reader.source_of("listen").layer().max(reader.source_of(&keys[0]).layer()) > 0;
        if !set {
            listener.addr = DEV_ADDR;
            reader.set_shown(&keys[0], Some(format!("{:?}", DEV_ADDR.to_string())));
        }
        if !listen::is_loopback(listener.addr.ip()) {
            let reason = format!("--dev listens on loopback only, and {} is not", listener.addr);
            let key = if reader.source_of("listen").layer() > 0 { "listen" } else { &keys[0] };
            reader.problem_with(key, reason, Some("use --listen 127.0.0.1:8080"));
        }
        (listener.tls, listener.http) =
            if tls { (true, PlainHttp::Reject) } else { (false, PlainHttp::Open) };
        reader.set_shown(&keys[1], Some(tls.to_string()));
        reader.set_shown(&keys[2], Some(if tls { r#""reject""# } else { r#""open""# }.into()));
    }
}

/// What the listeners need from the settings above them.
fn check_listeners(reader: &mut Reader, listen: &[Listener], url: Option<&PublicUrl>, proxies: &[IpNet]) {
    for (index, listener) in listen.iter().enumerate() {
        let key = format!("listen[{index}].http");
        if listener.http == PlainHttp::Trusted && proxies.is_empty() {
            let help = Some(r#"set trusted_proxies to the addresses of your proxy, such as ["127.0.0.1"]"#);
            reader.problem_with(&key, r#""trusted" needs trusted_proxies"#.into(), help);
        }
        if listener.http == PlainHttp::Redirect && url.is_some_and(|url| !url.is_https()) {
            reader.problem(&key, r#""redirect" needs a public_url with https"#.into());
        }
    }
}

/// An address stands for itself alone. Everyone is no proxy.
fn network(text: &str) -> Result<IpNet, String> {
    let one = || text.parse::<IpAddr>().ok().map(IpNet::from);
    let network = text.parse::<IpNet>().ok().or_else(one);
    let network = network
        .ok_or_else(|| format!("expected an address or a network such as \"10.0.0.0/8\", found {text:?}"))?;
    if network.prefix_len() == 0 {
        return Err(format!("{text} would trust everyone"));
    }
    Ok(network.trunc())
}
