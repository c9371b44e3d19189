//! How the server is, on the wire. Carries no secret and no path.

use std::collections::BTreeMap;

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

/// A bound listener.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
pub struct ServerListener {
    /// Address and port.
    pub address: String,
    /// Whether it speaks TLS.
    pub tls: bool,
}

/// The certificate in use.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(skip_serializing_if_is_none)]
pub struct ServerCertificate {
    /// When it ends, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Its SHA-256 fingerprint.
    pub fingerprint: String,
    /// Whether it is the server's own.
    pub self_signed: bool,
}

/// The store.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(skip_serializing_if_is_none)]
pub struct ServerStore {
    /// The version of its format.
    pub schema: u32,
    /// The bytes of its file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Durable commits since the start.
    pub commits: u64,
    /// Transactions in those commits.
    pub transactions: u64,
    /// Transactions that wait now.
    pub queued: u64,
}

/// The audit log.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(skip_serializing_if_is_none)]
pub struct ServerAudit {
    /// The place of the last commit in the chain.
    pub head: u64,
    /// Its hash, hexadecimal.
    pub checksum: String,
    /// The number of the last seal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seal: Option<u64>,
    /// When it was made, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sealed_at: Option<String>,
}

/// Where passwords are hashed.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
pub struct ServerHashing {
    /// Hashes begun since the start.
    pub runs: u64,
    /// Hashes that found no room.
    pub refused: u64,
    /// Hashes that wait now.
    pub queued: u64,
    /// Hashes under way now.
    pub running: u64,
    /// The longest wait since the start, milliseconds.
    pub longest_wait_ms: u64,
}

/// What happened since the start.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
pub struct ServerCounts {
    /// Locks that began.
    pub lockouts: u64,
    /// Guesses that a lock refused.
    pub lockouts_refused: u64,
    /// Event streams over a cap.
    pub streams_refused: u64,
    /// Mails that left.
    pub mails_sent: u64,
    /// Attempts to send one that failed and will be repeated.
    pub mails_postponed: u64,
    /// Mails given up.
    pub mails_dead: u64,
    /// Requests over a budget, by class.
    pub limited: BTreeMap<String, u64>,
}

/// How the server is. What it has not told yet is absent.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct Server {
    /// The program's version.
    pub version: String,
    /// When the process started, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// For how many seconds it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uptime_seconds: Option<u64>,
    /// Whether it runs for development.
    pub dev: bool,
    /// Where it listens.
    pub listeners: Vec<ServerListener>,
    /// The certificate; absent where no listener speaks TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<ServerCertificate>,
    /// How many notes the configuration gave at the start; the log has them.
    pub config_warnings: u64,
    /// By which way mail leaves: `smtp`, `file` or `dev`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail_transport: Option<String>,
    /// By which way text messages leave: `webhook` or `dev`; absent where none do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sms_transport: Option<String>,
    /// Bytes of memory that the process holds; absent where the system does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Bytes of the disk with the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_bytes: Option<u64>,
    /// Of these, the free ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_free_bytes: Option<u64>,
    /// Connections open now.
    pub connections: u64,
    /// Event streams open now.
    pub streams: u64,
    /// The store.
    pub store: ServerStore,
    /// The audit log.
    pub audit: ServerAudit,
    /// Where passwords are hashed.
    pub hashing: ServerHashing,
    /// What happened since the start.
    pub counts: ServerCounts,
    /// Send it as `after` to `GET /api/v1/events`: its events are all newer than this answer, and none is missing.
    pub as_of: String,
}

impl Example for Server {
    fn example() -> Self {
        Self {
            version: "0.1.0".to_owned(),
            started_at: Some("2026-11-21T10:00:00.000Z".to_owned()),
            uptime_seconds: Some(86_400),
            dev: false,
            listeners: vec![ServerListener { address: "0.0.0.0:8443".to_owned(), tls: true }],
            certificate: Some(ServerCertificate {
                expires_at: Some("2027-12-23T10:00:00.000Z".to_owned()),
                fingerprint: "5F:70:BF:18".to_owned(),
                self_signed: true,
            }),
            config_warnings: 0,
            mail_transport: Some("smtp".to_owned()),
            sms_transport: None,
            memory_bytes: Some(48_234_496),
            disk_bytes: Some(107_374_182_400),
            disk_free_bytes: Some(41_875_931_136),
            connections: 12,
            streams: 1,
            store: ServerStore {
                schema: 1,
                bytes: Some(1_572_864),
                commits: 90,
                transactions: 120,
                queued: 0,
            },
            audit: ServerAudit {
                head: 90,
                checksum: "5f70bf18a086017016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef".to_owned(),
                seal: Some(3),
                sealed_at: Some("2026-11-21T23:00:00.000Z".to_owned()),
            },
            hashing: ServerHashing { runs: 40, refused: 0, queued: 0, running: 1, longest_wait_ms: 12 },
            counts: ServerCounts {
                lockouts: 2,
                lockouts_refused: 9,
                streams_refused: 0,
                mails_sent: 31,
                mails_postponed: 1,
                mails_dead: 0,
                limited: BTreeMap::from([("login".to_owned(), 4)]),
            },
            as_of: "0-90-5f70bf18a0860170".to_owned(),
        }
    }
}

/// A budget of which little or nothing is left.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
pub struct StrainedLimit {
    /// What is limited, as in the configuration, for example `login`.
    pub class: String,
    /// Whose budget it is: `ip_address`, `user`, `api_key`, `caller` for an account or an API key, or `name_hash` for a keyed hash of an address mails go to.
    pub key_kind: String,
    /// The address, id or hash.
    pub key: String,
    /// How many there are at once.
    pub limit: u32,
    /// In how many seconds an empty budget fills.
    pub period_seconds: u64,
    /// How many are left now.
    pub remaining: u32,
    /// When all is there again, RFC 3339.
    pub resets_at: String,
}

/// The budgets that are used up, or nearly.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct StrainedLimits {
    /// The budgets of which no more than a tenth is left, the emptiest first.
    pub limits: Vec<StrainedLimit>,
    /// Whether there are more, or may be.
    pub capped: bool,
}

impl Example for StrainedLimits {
    fn example() -> Self {
        let login = StrainedLimit {
            class: "login".to_owned(),
            key_kind: "ip_address".to_owned(),
            key: "203.0.113.7".to_owned(),
            limit: 10,
            period_seconds: 60,
            remaining: 0,
            resets_at: "2026-11-21T10:01:00.000Z".to_owned(),
        };
        Self { limits: vec![login], capped: false }
    }
}

/// A setting in force.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(skip_serializing_if_is_none)]
pub struct ServerSetting {
    /// Its dotted key.
    pub key: String,
    /// Its value as the configuration file writes it; absent where it is not set. `(redacted)` stands for a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Where it comes from: `default`, `file`, `environment` or `flag`.
    pub source: String,
    /// Whether somebody set it.
    pub changed: bool,
}

/// Every setting in force.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct ServerConfig {
    /// In the order of the configuration file.
    pub settings: Vec<ServerSetting>,
}

impl Example for ServerConfig {
    fn example() -> Self {
        let setting = ServerSetting {
            key: "tokens.access_ttl".to_owned(),
            value: Some("\"15m\"".to_owned()),
            source: "file".to_owned(),
            changed: true,
        };
        Self { settings: vec![setting] }
    }
}

/// How many there are of something.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
pub struct Counted {
    /// How many were found.
    pub count: u64,
    /// Whether there may be more: then it is a lower bound.
    pub capped: bool,
}

/// How many there are of everything.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct Census {
    /// Accounts.
    pub users: Counted,
    /// Live sessions.
    pub sessions: Counted,
    /// API keys.
    pub api_keys: Counted,
    /// What is locked now.
    pub lockouts: Counted,
    /// Mails that wait, and dead letters.
    pub mails: Counted,
    /// Send it as `after` to `GET /api/v1/events`: what has come and gone since is there.
    pub as_of: String,
}

impl Example for Census {
    fn example() -> Self {
        let counted = |count, capped| Counted { count, capped };
        Self {
            users: counted(8_841, false),
            sessions: counted(10_000, true),
            api_keys: counted(412, false),
            lockouts: counted(14, false),
            mails: counted(0, false),
            as_of: "0-90-5f70bf18a0860170".to_owned(),
        }
    }
}
