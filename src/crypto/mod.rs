//! Digests, sealing, tokens and password hashing. Knows no store, no use case and no wire: what it makes is stored and sent by others.
//!
//! Every primitive but argon2, bcrypt and the time-based codes comes from aws-lc-rs. No clock and no generator is read here: times,
//! salts, nonces and secrets are passed in, so a test can hold them and a transaction can run again.

pub mod api_key;
pub mod audit_signer;
pub mod backup_code;
pub mod bcrypt_hash;
pub mod digest;
pub mod hash_pool;
pub mod id_token;
pub mod login_handle;
pub mod master;
pub mod opaque;
pub mod password;
pub mod seal;
pub mod session_cookie;
pub mod sms_code;
pub mod token;
pub mod totp;
pub mod webhook;

pub use api_key::{KeyHash, KeyPrefix, NotAKey, PlainApiKey};
pub use audit_signer::{AuditPublicKey, AuditSigner};
pub use backup_code::{BackupCode, BackupCodes};
pub use hash_pool::{HandHasher, HashError, HashPool, HashStats, PoolConfig, Verdict, Verifier, Waits};
pub use login_handle::{LoginHandle, LoginHandles};
pub use master::{MasterKey, Purpose, PurposeKey};
pub use opaque::{HashedToken, OneTimeKind, OneTimeTokens, PlainToken};
pub use password::{HashParams, Password, Phc, StoredHash};
pub use seal::SealKey;
pub use session_cookie::{CsrfToken, ProxyCookie, SessionCookie, SessionCookies};
pub use sms_code::{SmsCode, SmsCodes};
pub use token::{KeyRing, SEED_BYTES, TokenFault, TokenKey, TokenKeys, TokenRules};
pub use totp::TotpSecret;
pub use webhook::WebhookSigner;
