//! The layers above the file: environment variables and command line flags, one value each. Knows the names of the
//! variables; what a key means is the reader's.

use std::collections::BTreeMap;

use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};

use super::problem::Problem;
use super::source::Source;

/// What every variable of ours begins with.
pub const PREFIX: &str = "LATCHKEY_";

/// Names the configuration file; it is no key of the file itself.
pub const CONFIG_VARIABLE: &str = "LATCHKEY_CONFIG";

/// What `latchkey console` shows to a server; it is no key of the file either.
pub const TOKEN_VARIABLE: &str = "LATCHKEY_TOKEN";

/// The names an existing deployment already has (CONTRACT S28), and the keys they set. The unit is what
/// the variable counts in.
const GUIDE: [(&str, &str, Option<char>); 12] = [
    ("JWT_SECRET_KEY", "tokens.jwt_secret", None),
    ("JWT_SECRET_KEY_FILE", "tokens.jwt_secret_file", None),
    ("JWT_ACCESS_TOKEN_EXPIRE_MINUTES", "tokens.access_ttl", Some('m')),
    ("JWT_ACCESS_TOKEN_EXPIRE_MINUTES", "profiles.scribes.access_ttl", Some('m')),
    ("JWT_REFRESH_TOKEN_EXPIRE_DAYS", "tokens.refresh_ttl", Some('d')),
    ("SMTP_HOST", "mail.host", None),
    ("SMTP_PORT", "mail.port", None),
    ("SMTP_USER", "mail.username", None),
    ("SMTP_PASSWORD", "mail.password", None),
    ("SMTP_PASSWORD_FILE", "mail.password_file", None),
    ("SMTP_FROM_EMAIL", "mail.from_email", None),
    ("SMTP_FROM_NAME", "mail.from_name", None),
];

/// The environment as it was read once. `Debug` shows names only: values may be secrets.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    unreadable: Vec<String>,
}

impl Environment {
    /// The environment of this process.
    pub fn of_process() -> Self {
        let mut environment = Self::default();
        for (name, value) in std::env::vars_os() {
            match (name.into_string(), value.into_string()) {
                (Ok(name), Ok(value)) => drop(environment.variables.insert(name, value)),
                (Ok(name), Err(_)) => environment.unreadable.push(name),
                (Err(_), _) => {}
            }
        }
        environment
    }

    /// The value of one variable.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// The settings the environment makes, weakest first, and what is wrong with those it cannot make.
    pub fn overrides(&self) -> (Vec<Override>, Vec<Problem>) {
        let (mut overrides, mut problems) = (Vec::new(), Vec::new());
        for name in &self.unreadable {
            if name.starts_with(PREFIX) || GUIDE.iter().any(|(known, ..)| known == name) {
                let problem = Problem::new("the value is not UTF-8 text");
                problems.push(problem.at(Source::Environment(name.clone())));
            }
        }
        for (name, key, unit) in GUIDE {
            let Some(value) = self.value(name) else { continue };
            match with_unit(value, unit) {
                Some(value) => overrides.push(Override::environment(name, key, value)),
                None => problems.push(
                    Problem::new(format!("{key}: expected a whole number"))
                        .at(Source::Environment(name.into())),
                ),
            }
        }
        for (name, value) in &self.variables {
            if let Some(key) = key_of(name) {
                overrides.push(Override::environment(name, &key, value.clone()));
            }
        }
        // A container file passes on a variable that is not set as an empty one. For a signing secret that is
        // a mistake to be told: the operator believes to have set one.
        overrides.retain(|setting| !setting.value.is_empty() || setting.key == "tokens.jwt_secret");
        problems.extend(self.algorithm_problem());
        problems.extend(self.rounds_problem());
        (overrides, problems)
    }

    /// Set when `BCRYPT_ROUNDS` is: the old setting has no effect, and the operator should know.
    pub fn superseded(&self) -> Option<String> {
        self.value("BCRYPT_ROUNDS").map(|_| {
            "BCRYPT_ROUNDS has no effect: passwords are hashed with Argon2id, see [password_hash]".to_owned()
        })
    }

    fn algorithm_problem(&self) -> Option<Problem> {
        let name = "JWT_ALGORITHM";
        self.value(name).filter(|value| *value != "HS256").map(|_| {
            Problem::new("only HS256 is supported")
                .at(Source::Environment(name.into()))
                .help("set JWT_ALGORITHM=HS256 or remove it")
        })
    }

    fn rounds_problem(&self) -> Option<Problem> {
        let name = "BCRYPT_ROUNDS";
        let valid = |value: &&str| value.parse::<u8>().is_ok_and(|rounds| (4..=31).contains(&rounds));
        self.value(name).filter(|value| !valid(value)).map(|_| {
            Problem::new("expected a number from 4 to 31")
                .at(Source::Environment(name.into()))
                .help("remove it: passwords are hashed with Argon2id, see [password_hash]")
        })
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self { variables: variables.into_iter().collect(), unreadable: Vec::new() }
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

/// The variable that sets `key`.
pub fn variable_of(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase().replace('.', "__"))
}

/// The key that the variable `name` sets. Kubernetes gives every container variables for every service, so a service
/// called latchkey makes `LATCHKEY_PORT..` and `LATCHKEY_SERVICE_..`: those are none of ours.
fn key_of(name: &str) -> Option<String> {
    let rest = name.strip_prefix(PREFIX)?;
    let foreign = rest == "PORT" || rest.starts_with("PORT_") || rest.starts_with("SERVICE_");
    (!foreign && ![CONFIG_VARIABLE, TOKEN_VARIABLE].contains(&name))
        .then(|| rest.to_lowercase().replace("__", "."))
}

fn with_unit(value: &str, unit: Option<char>) -> Option<String> {
    let Some(unit) = unit else { return Some(value.to_owned()) };
    if value.is_empty() {
        return Some(String::new());
    }
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| format!("{value}{unit}"))
}

/// One value from outside the file. Always text: the reader turns it into what the key takes.
pub struct Override {
    /// The variable or the flag.
    pub source: Source,
    /// The dotted key.
    pub key: String,
    /// The text.
    pub value: String,
}

impl Override {
    fn environment(name: &str, key: &str, value: String) -> Self {
        Self { source: Source::Environment(name.to_owned()), key: key.to_owned(), value }
    }

    /// From a command line flag.
    pub fn flag(name: &str, key: &str, value: String) -> Self {
        Self { source: Source::Flag(name.to_owned()), key: key.to_owned(), value }
    }
}

impl Provider for Override {
    fn metadata(&self) -> Metadata {
        match &self.source {
            Source::Flag(name) => Metadata::from("flag", figment::Source::Custom(name.clone())),
            source => Metadata::from("environment", figment::Source::Custom(source.to_string())),
        }
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let mut parts = self.key.rsplit('.');
        let mut inner =
            Dict::from([(parts.next().unwrap_or_default().to_owned(), Value::from(self.value.as_str()))]);
        for part in parts {
            inner = Dict::from([(part.to_owned(), Value::from(inner))]);
        }
        Ok(Profile::Default.collect(inner))
    }
}
