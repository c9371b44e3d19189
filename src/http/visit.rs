//! What is known of a request before any handler runs. Knows nothing of who calls.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use poem::Request;
use poem::http::StatusCode;

use super::cookie::CookieDoor;
use super::edge::Gate;
use super::error::ApiError;
use super::limit::Left;
use crate::domain::id::{ApiKeyId, UserId};
use crate::domain::limit::Budget;
use crate::domain::time::Timestamp;
use crate::services::caller::Caller;
use crate::services::explain::trail::Trail;
use crate::services::explain::why;
use crate::services::limits::{Class, Exceeded, Key};
use crate::wire::error::ErrorCode;

/// One request, as the edge saw it. Made once per request and shared with the handler.
pub struct Visit {
    /// Names the request in the answer, the log and the audit trail: 1 to 128 characters of `[A-Za-z0-9._:-]`.
    pub request_id: String,
    /// The client's address, behind trusted proxies too.
    pub client: IpAddr,
    operator: Option<Box<Caller>>,
    gate: Arc<Gate>,
    door: Arc<CookieDoor>,
    user: OnceLock<(UserId, &'static str)>,
    trail: Trail,
    left: Mutex<Option<Left>>,
}

impl Visit {
    /// The request `request_id` of the client at `client`, who is `operator` where it came over the admin socket; its
    /// cookies are those of `door`.
    pub fn new(
        request_id: String,
        client: IpAddr,
        operator: Option<Box<Caller>>,
        (gate, door): (Arc<Gate>, Arc<CookieDoor>),
    ) -> Self {
        let trail = gate.explained.trail();
        let (user, left) = (OnceLock::new(), Mutex::new(None));
        Self { request_id, client, operator, gate, door, user, trail, left }
    }

    /// The visit of `request`. It is there in every request that came through the edge.
    pub fn of(request: &Request) -> Result<&Arc<Self>, ApiError> {
        let outside = || ApiError::new(ErrorCode::InternalError, "Something went wrong on our side.");
        request.data::<Arc<Self>>().ok_or_else(outside)
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.gate.clock.now()
    }

    /// The operator who calls, over the admin socket.
    pub fn operator(&self) -> Option<&Caller> {
        self.operator.as_deref()
    }

    /// The rules of the edge that this request came through.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Where the cookies of this request are known.
    pub fn door(&self) -> &CookieDoor {
        &self.door
    }

    /// Remembers who calls, by what kind of credential, for the request log and the trace. The first caller stays.
    pub fn known_as(&self, user: UserId, by: &'static str) {
        let _ = self.user.set((user, by));
    }

    /// What is noted of how the request is judged.
    pub fn trail(&self) -> &Trail {
        &self.trail
    }

    /// Takes one of the budget that the client's address has for `class`.
    pub fn take(&self, class: Class) -> Result<(), ApiError> {
        let key = Key::client(self.client);
        if class.counts_successes() {
            self.count(Class::Anonymous, key)?;
        }
        self.count(class, key)
    }

    /// Takes one of the budget of the account that calls: for calls with a token, unless the operation has a `class`.
    pub fn take_of(&self, user: UserId, class: Option<Class>) -> Result<(), ApiError> {
        self.count(class.unwrap_or(Class::Authenticated), Key::user(user))
    }

    /// Takes one of the budget of the API key that calls: its own, or the usual, unless the operation has a `class`.
    pub fn take_of_key(
        &self,
        key: ApiKeyId,
        own: Option<Budget>,
        class: Option<Class>,
    ) -> Result<(), ApiError> {
        let key = Key::api_key(key);
        match own {
            Some(budget) => self.count_of(Class::ApiKey, key, budget),
            None => self.count(class.unwrap_or(Class::ApiKey), key),
        }
    }

    /// Takes one of the budget of whoever asks about tokens.
    pub fn take_of_asker(&self, key: Key) -> Result<(), ApiError> {
        self.count(Class::Introspection, key)
    }

    fn count(&self, class: Class, key: Key) -> Result<(), ApiError> {
        self.count_of(class, key, self.gate.limits.budget(class))
    }

    fn count_of(&self, class: Class, key: Key, budget: Budget) -> Result<(), ApiError> {
        if !self.gate.limits.applies_to(self.client) {
            return Ok(());
        }
        let at = self.now();
        let taken = self.gate.limits.take_of(class, key, budget, at);
        let standing = taken.unwrap_or_else(|Exceeded(standing)| standing);
        *self.lock() = Some(Left { class, budget, standing, at, is_exceeded: taken.is_err() });
        if taken.is_err() {
            self.trail.note(why::exceeded(class, budget, standing));
        }
        Ok(taken.map(drop)?)
    }

    /// Gives a place back that only a success costs, when the answer is none.
    pub fn settle(&self, status: StatusCode) {
        let is_refusal = status.is_client_error() || status.is_server_error();
        if let Some(left) = self.lock().as_mut()
            && is_refusal
            && left.class.counts_successes()
            && !left.is_exceeded
        {
            left.at = self.now();
            left.standing = self.gate.limits.refund(left.class, Key::client(self.client), left.at);
        }
    }

    /// How the budget stands that was taken from last; none for an exempt client and where nothing is limited.
    pub fn left(&self) -> Option<Left> {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Left>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who calls, once that is known.
    pub fn user(&self) -> Option<UserId> {
        self.known().map(|(user, _)| user)
    }

    /// The same, and by what kind of credential.
    pub fn known(&self) -> Option<(UserId, &'static str)> {
        self.user.get().copied()
    }
}

impl std::fmt::Debug for Visit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Visit").field("request_id", &self.request_id).finish_non_exhaustive()
    }
}
