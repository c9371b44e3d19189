//! Settings, their sources and their checks. Knows nothing of what the settings steer.
//!
//! Four layers, each stronger than the one before: `auth.toml.example` (built in), `auth.toml`, the environment, flags.
//! Everything wrong is found before anything starts, and told at once.
//!
//! To add a key: read it in its section, write it into `auth.toml.example`. A test holds the two together.

mod admin_socket;
mod api_keys;
mod called_url;
mod cors;
mod data_dir;
mod development;
pub mod duration;
mod events;
mod explain;
mod federation;
mod file;
mod flags;
mod forward_auth;
mod invitation;
mod layers;
mod limits;
mod listen;
mod lockout;
mod log;
mod mail;
mod mfa;
mod net;
mod password;
mod password_hash;
mod password_reset;
mod problem;
mod profiles;
mod proxies;
mod public_url;
mod reader;
mod registration;
mod retention;
mod secret;
mod secret_file;
mod sessions;
mod sms;
mod source;
mod step_up;
mod store;
#[cfg(test)]
mod tests;
mod tls;
mod tokens;
mod unknown;
mod value;
mod variable;
mod webhooks;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

pub use admin_socket::AdminSocket;
pub use api_keys::ApiKeys;
pub use cors::{Cors, origin};
pub use federation::{Federation, IdentityProvider, NewAccounts, ProviderKind};
pub use flags::Flags;
pub use invitation::Invitation;
pub use listen::{EXPECTED as EXPECTED_ADDR, Listener, PlainHttp, parse_addr};
pub use log::{Audit, Log, LogFormat, Metrics};
pub use mail::{Mail, MailLogin, SmtpTls, Transport};
pub use mfa::Mfa;
pub use net::Net;
pub use password::Password;
pub use password_hash::PasswordHash;
pub use password_reset::PasswordReset;
pub use problem::{ConfigError, Problem};
pub use profiles::EnabledProfile;
pub use public_url::PublicUrl;
pub use registration::Registration;
pub use retention::PersonalData;
pub use secret::Secret;
pub use secret_file::{plain as plain_io_error, read as read_secret_file};
pub use sms::{Sms, SmsWebhook};
pub use source::{Setting, Source};
pub use step_up::StepUp;
pub use store::Store;
pub use tls::{CertificateFiles, Tls};
pub use tokens::{MIN_SECRET_BYTES, Rotation, Tokens};
pub use variable::{Environment, TOKEN_VARIABLE};
pub use webhooks::{Webhook, Webhooks};

use reader::Reader;

use crate::domain::cookie::CookiePolicy;
use crate::domain::feed::StreamPolicy;
use crate::domain::forward_auth::ForwardAuthPolicy;
use crate::domain::limit::LimitPolicy;
use crate::domain::lockout::LockoutPolicy;
use crate::domain::retention::Retention;
use crate::domain::trace::TracePolicy;

/// The built-in layer, which is also the documentation of every key.
pub const EXAMPLE: &str = include_str!("../../auth.toml.example");

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// The settled configuration: every value in range, every combination possible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Whether this is `--dev`. Then every listener is on loopback.
    pub dev: bool,
    /// The profiles that are switched on.
    pub profiles: Vec<EnabledProfile>,
    /// Whether the sample resources of the guides are there.
    pub samples: bool,
    /// The folder of the store, the keys and the certificate.
    pub data_dir: PathBuf,
    /// What links are made from.
    pub public_url: PublicUrl,
    /// Peers whose word about the client's address and scheme is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether a client may ask how its credential was judged.
    pub debug_headers: bool,
    /// At least one, of which at least one serves the API.
    pub listen: Vec<Listener>,
    /// Where operators of this host reach the API.
    pub admin_socket: Option<AdminSocket>,
    /// The certificate.
    pub tls: Tls,
    /// Limits of connections.
    pub net: Net,
    /// Web pages of other origins.
    pub cors: Cors,
    /// The database.
    pub store: Store,
    /// Which passwords may be chosen.
    pub password: Password,
    /// The cost of password hashes.
    pub password_hash: PasswordHash,
    /// Access and refresh tokens.
    pub tokens: Tokens,
    /// Sessions that live by a cookie.
    pub sessions: CookiePolicy,
    /// How much anybody may ask for.
    pub limits: LimitPolicy,
    /// How many wrong passwords are too many.
    pub lockout: LockoutPolicy,
    /// Sign-up.
    pub registration: Registration,
    /// Keys for programs.
    pub api_keys: ApiKeys,
    /// The mailed link that sets a new password.
    pub password_reset: PasswordReset,
    /// The mailed link with which somebody sets the first password of an account.
    pub invitation: Invitation,
    /// Freshness that sensitive acts ask for.
    pub step_up: StepUp,
    /// Second factors.
    pub mfa: Mfa,
    /// Outgoing mail.
    pub mail: Mail,
    /// Outgoing text messages.
    pub sms: Sms,
    /// Logins with accounts elsewhere.
    pub federation: Federation,
    /// Applications behind proxies that ask this server; nothing where there are none.
    pub forward_auth: Option<ForwardAuthPolicy>,
    /// Where audit events are sent.
    pub webhooks: Webhooks,
    /// How long is kept what nobody uses any more.
    pub retention: Retention,
    /// What people may do with what is held of them.
    pub personal_data: PersonalData,
    /// The log.
    pub log: Log,
    /// The metrics page.
    pub metrics: Metrics,
    /// The audit log.
    pub audit: Audit,
    /// Event streams.
    pub events: StreamPolicy,
    /// Judgements of denied requests.
    pub explain: TracePolicy,
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
        let file = layers::read_file(flags, environment);
        let file = file.map_err(|problem| ConfigError { problems: vec![problem] })?;
        let Some(layers::Found { path, text, readable_by_all }) = file else {
            return Self::from_layers(None, environment, flags);
        };
        let mut loaded = Self::from_layers(Some((&path, &text)), environment, flags)?;
        if readable_by_all && loaded.settings.iter().any(Setting::is_secret_in_file) {
            loaded.notes.push(format!("{path} holds a secret and can be read by everyone on this machine"));
        }
        Ok(loaded)
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
        let data_dir = data_dir::read(reader, environment, flags.dev);
        let given_url = reader.parsed("public_url", public_url::EXPECTED, PublicUrl::parse);
        let trusted_proxies = proxies::read(reader);
        let mut listen = Listener::read(reader);
        if flags.dev {
            development::apply(reader, &mut listen, flags.tls);
        } else if flags.tls {
            reader.problems.push(Problem::new("--tls goes with --dev: without it TLS is on"));
        }
        let main = listen.iter().find(|listener| listener.serves()).or(listen.first());
        let derived_url = main.map(PublicUrl::of_listener);
        if let (None, Some(derived)) = (&given_url, &derived_url) {
            reader.set_shown("public_url", Some(format!("{:?}", derived.as_str())));
        }
        let public_url = given_url.or(derived_url);
        let profiles = profiles::read(reader, flags.dev);
        listen::send_on(reader, &mut listen, public_url.as_ref(), flags.dev);
        listen::check_roots(reader, &listen, &profiles);
        listen::check(reader, &listen, public_url.as_ref(), &trusted_proxies);
        let (issuer, domain) =
            public_url.as_ref().map_or(("", "localhost"), |url| (url.as_str(), url.host()));
        let domain = if domain.parse::<IpAddr>().is_ok() { "localhost" } else { domain };
        let admin_socket = AdminSocket::read(reader, &data_dir);
        Some(Self {
            dev: flags.dev,
            profiles,
            samples: flags.samples || flags.dev,
            data_dir,
            debug_headers: reader.switch("debug_headers"),
            admin_socket,
            tls: Tls::read(reader),
            net: Net::read(reader),
            cors: Cors::read(reader),
            store: Store::read(reader),
            password: Password::read(reader),
            password_hash: PasswordHash::read(reader),
            tokens: Tokens::read(reader, issuer),
            sessions: sessions::read(reader),
            limits: limits::read(reader),
            lockout: lockout::read(reader),
            registration: Registration::read(reader),
            api_keys: ApiKeys::read(reader),
            password_reset: PasswordReset::read(reader),
            invitation: Invitation::read(reader),
            step_up: StepUp::read(reader),
            mfa: Mfa::read(reader),
            mail: Mail::read(reader, domain),
            sms: Sms::read(reader),
            federation: Federation::read(reader),
            forward_auth: forward_auth::read(reader, public_url.as_ref(), &trusted_proxies),
            webhooks: Webhooks::read(reader),
            retention: retention::read(reader),
            personal_data: PersonalData::read(reader),
            log: Log::read(reader),
            metrics: Metrics::read(reader),
            audit: Audit::read(reader),
            events: events::read(reader),
            explain: explain::read(reader),
            public_url: public_url?,
            trusted_proxies,
            listen,
        })
    }
}
