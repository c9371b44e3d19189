            client: IpAddr::from([0, 0, 0, 0]),
            now: self.clock.now(),
            request_id: what.to_owned(),
            user_agent: None,
        Abort::Rule(rule) => rule,
        Abort::Store(error) => error.into(),
        Context {
        Stamp { now: ctx.now, nonce: self.random() }
        entropy::bytes(self.entropy.as_ref())
        }
    /// How long a verification link lives.
    /// How often a mail is tried before it becomes a dead letter.
    /// Keys that seal what is at rest.
    /// Lifetimes of tokens.
    /// Names the request in answers, logs and audit records.
    /// Randomness for ids and secrets.
    /// Rung when a mail was put into the outbox.
    /// The claim `aud`.
    /// The claim `iss`.
    /// The client's address.
    /// The context of what the server does by itself.
    /// The role of a new account.
    /// The rules an operator may change.
    /// The store.
    /// The time and the nonce of a transaction.
    /// The time of the request.
    /// The time.
    /// What signs and checks tokens.
    /// What the client calls itself, cut to 256 bytes.
    /// Where passwords are hashed.
    /// Where this server is reached: the start of every link in a mail. Never taken from a request (R62).
    /// Whether a taken address answers like a free one, and its owner gets a mail instead.
    /// Whether strangers may register at all.
    /// Who may log in.
    /// Who may register, and how.
    /// `N` random bytes.
    match abort {
    pub audience: String,
    pub client: IpAddr,
    pub clock: Arc<dyn Clock>,
    pub default_role: Role,
    pub entropy: Arc<dyn Entropy>,
    pub fn own_context(&self, what: &str) -> Context {
    pub fn random<const N: usize>(&self) -> [u8; N] {
    pub fn stamp(&self, ctx: &Context) -> Stamp {
    pub hashing: HashPool,
    pub hides_existing: bool,
    pub is_enabled: bool,
    pub issuer: String,
    pub keys: Keys,
    pub login: LoginPolicy,
    pub mail_attempts_max: u32,
    pub mail_queued: Arc<Notify>,
    pub now: Timestamp,
    pub policy: Policy,
    pub public_url: String,
    pub registration: RegistrationPolicy,
    pub request_id: String,
    pub store: Store,
    pub tokens: TokenKeys,
    pub tokens: TokenPolicy,
    pub user_agent: Option<String>,
    pub verify_ttl: Duration,
    }
#[derive(Debug, Clone)]
#[derive(Debug, Clone, Copy)]
//! To be written.
//! Use cases: one function for each thing a caller can ask for. A use case owns its transaction and
//! its audit event. Knows nothing of HTTP, of the console or of where its policies were configured.
/// Everything a use case works with. One value, shared by all requests.
/// The rule that said no, or the engine's failure, as one error.
/// The rules an operator may change.
/// Who asks, from where, and when: made once for each request.
/// Who may register, and how.
fn flatten<E: From<StoreError>>(abort: Abort<E>) -> E {
impl Services {
pub mod audit;
pub mod audit_log;
pub mod login;
pub mod mail;
pub mod mail_transport;
pub mod registration;
pub mod role;
pub mod session;
pub mod setup;
pub mod sweep;
pub mod token;
pub mod user;
pub mod verification;
pub struct Context {
pub struct Policy {
pub struct RegistrationPolicy {
pub struct Services {
use crate::ambient::{Clock, Entropy, entropy};
use crate::crypto::hash_pool::HashPool;
use crate::crypto::keys::Keys;
use crate::crypto::token::TokenKeys;
use crate::domain::login::LoginPolicy;
use crate::domain::role::Role;
use crate::domain::session::TokenPolicy;
use crate::domain::time::Timestamp;
use crate::store::{Abort, Stamp, Store, StoreError};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
}
