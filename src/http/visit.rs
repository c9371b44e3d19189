//! What is known of a request before any handler runs. Knows nothing of who calls.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use poem::Request;

use super::edge::Gate;
use super::error::ApiError;
use crate::domain::id::UserId;
use crate::domain::time::Timestamp;
use crate::wire::error::ErrorCode;

/// One request, as the edge saw it. Made once per request and shared with the handler.
pub struct Visit {
    /// Names the request in the answer, the log and the audit trail: 1 to 128 characters of `[A-Za-z0-9._:-]`.
    pub request_id: String,
    /// The client's address, behind trusted proxies too.
    pub client: IpAddr,
    gate: Arc<Gate>,
    user: OnceLock<UserId>,
}

impl Visit {
    /// The request `request_id` of the client at `client`.
    pub fn new(request_id: String, client: IpAddr, gate: Arc<Gate>) -> Self {
        Self { request_id, client, gate, user: OnceLock::new() }
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

    /// The rules of the edge that this request came through.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Remembers who calls, for the request log. The first caller stays.
    pub fn known_as(&self, user: UserId) {
        let _ = self.user.set(user);
    }

    /// Who calls, once that is known.
    pub fn user(&self) -> Option<UserId> {
        self.user.get().copied()
    }
}

impl std::fmt::Debug for Visit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Visit").field("request_id", &self.request_id).finish_non_exhaustive()
    }
}
