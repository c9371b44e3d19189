//! More of the server under test: mailed links, accounts switched off, forged tokens, a busy hash pool.

use std::pin::Pin;
use std::task::Poll;

use latchkey::crypto::digest::{from_base64url, hmac_sha256, to_base64url};
use latchkey::crypto::{HashError, Password, Verdict, Verifier};
use latchkey::domain::id::{SessionId, TokenId};
use latchkey::domain::role::Role;
use latchkey::domain::session::{Family, Session};
use latchkey::domain::user::{Identifier, Status, User};
use latchkey::services::caller::{Caller, Credential};
use latchkey::services::user::{UserChange, update};
use latchkey::store::{self, Abort};
use serde_json::Value;

use super::{Answer, LoggedIn, TestApp};

/// The secret that signs the tokens of the server under test.
const TOKEN_SECRET: [u8; 32] = [9; 32];

/// The administrator of the harness.
const ROOT: &str = "harness-root";

/// A hash that takes the whole memory budget of the pool for a good part of a second.
const SLOW_HASH: &str =
    "$argon2id$v=19$m=65536,t=16,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

impl TestApp {
    /// The account that answers to `name`, a username or an address.
    pub fn account(&self, name: &str) -> Option<User> {
        let typed = Identifier::typed(name);
        self.services.read(|read| store::user::by_identifier(read, typed.key().unwrap())).unwrap()
    }

    /// An administrator gives the account that answers to `name` another status.
    pub async fn set_status(&self, name: &str, status: Status) {
        if self.account(ROOT).is_none() {
            self.add(ROOT, Role::SuperAdmin).await;
        }
        let caller = self.in_session(self.account(ROOT).unwrap()).await;
        let change = UserChange { status: Some(status), ..UserChange::default() };
        let ctx = self.services.own_context("harness");
        update(&self.services, &ctx, &caller, self.account(name).unwrap().id, change).await.unwrap();
    }

    /// `user` in a session that nobody logged in for: no password is hashed and nothing recorded.
    async fn in_session(&self, user: User) -> Caller {
        let (id, now) = (SessionId::new(self.clock_now(), &self.services.random()), self.clock_now());
        let family = Family::begin(now, TokenId::from_bytes([1; 16]), &self.services.policy.tokens);
        let session = Session {
            id,
            user: user.id,
            epoch: user.session_epoch,
            created_at: now,
            last_used_at: now,
            authenticated_at: now,
            client: [127, 0, 0, 1].into(),
            user_agent: None,
            family,
        };
        let stamp = self.services.stamp(&self.services.own_context("harness"));
        let begun = self
            .store()
            .transact("begin", stamp, move |txn| Ok::<_, Abort<()>>(store::session::insert(txn, &session)?));
        begun.await.unwrap();
        let held = self.services.read(|read| store::role::held(read, &user)).unwrap();
        Caller { user, held, credential: Credential::Session(id) }
    }

    /// The token of the link in the newest mail to `email`.
    pub async fn mailed_token(&self, email: &str) -> String {
        self.linked_token(email, "/verify-email?token=").await
    }

    /// The token of the link in the newest mail to `email`, which is one that sets a new password.
    pub async fn reset_token(&self, email: &str) -> String {
        self.linked_token(email, "/reset-password?token=").await
    }

    /// The token of the link in the newest invitation to `email`.
    pub async fn invitation_token(&self, email: &str) -> String {
        self.linked_token(email, "/accept-invitation?token=").await
    }

    async fn linked_token(&self, email: &str, page: &str) -> String {
        let mut mails = self.mails().await.into_iter();
        let mail = mails.find(|mail| mail.to == email && mail.text.contains(page)).unwrap();
        let (_, rest) = mail.text.split_once(page).unwrap();
        rest.split_whitespace().next().unwrap().to_owned()
    }

    /// Follows the API's link of `token`.
    pub async fn verify(&self, token: &str) -> Answer {
        self.anonymous().get(&format!("/api/v1/auth/verify-email/{token}")).await
    }

    /// How many Argon2 runs there were so far.
    pub fn hashes(&self) -> u64 {
        self.services.hashing.stats().runs
    }

    /// Fills every place of the hash pool. The places are free again when what is returned is dropped, and the
    /// thread a good part of a second later.
    pub async fn fill_hash_pool(&self) -> Vec<Hashing<'_>> {
        let mut jobs = Vec::new();
        loop {
            let mut job = self.slow_hash();
            if !is_waiting(job.as_mut()).await {
                break;
            }
            jobs.push(job);
        }
        // A hash that has not begun would go with its place, and hold up nothing.
        while self.services.hashing.stats().running == 0 {
            tokio::task::yield_now().await;
        }
        jobs
    }

    /// A hash that, once begun, keeps the pool busy for a good part of a second: what comes later waits.
    pub fn slow_hash(&self) -> Hashing<'_> {
        Box::pin(self.services.hashing.verify(Password::new("slow"), Verifier::Phc(SLOW_HASH.to_owned())))
    }
}

/// A password being verified.
pub type Hashing<'a> = Pin<Box<dyn Future<Output = Result<Verdict, HashError>> + Send + 'a>>;

/// Runs `act` until it has to wait; false when it is done.
pub async fn is_waiting<T>(mut act: Pin<&mut (dyn Future<Output = T> + Send + '_)>) -> bool {
    std::future::poll_fn(|context| Poll::Ready(act.as_mut().poll(context).is_pending())).await
}

/// Header and payload of a token.
pub fn decoded(token: &str) -> (Value, Value) {
    let mut segments = token.split('.').map(|segment| from_base64url(segment.as_bytes()).unwrap());
    let mut json = || serde_json::from_slice(&segments.next().unwrap()).unwrap();
    (json(), json())
}

/// A token of this header and payload, signed with the server's own secret.
pub fn forged(header: &Value, payload: &Value) -> String {
    let encode = |json: &Value| to_base64url(json.to_string().as_bytes());
    let signed = format!("{}.{}", encode(header), encode(payload));
    let signature = to_base64url(&hmac_sha256(&TOKEN_SECRET, signed.as_bytes()));
    format!("{signed}.{signature}")
}

impl LoggedIn<'_> {
    /// The session of the tokens.
    pub fn session_id(&self) -> String {
        decoded(&self.access).1["sid"].as_str().unwrap().to_owned()
    }

    /// Whether the access token opens a door.
    pub async fn is_in(&self) -> bool {
        let answer = self.get("/api/v1/auth/me").await;
        if answer.status.is_success() {
            return true;
        }
        answer.refused(401, "TOKEN_INVALID");
        false
    }
}
