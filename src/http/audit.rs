//! The audit log and what looks like an attack, over the API.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use serde_json::Value;

use super::answer::Answer;
use super::asked::Asked;
use super::body::NoBody;
use super::error::{Fault, Statuses};
use super::oversight::{Overseen, id_of};
use super::principal::Caller;
use super::query;
use super::tag::Tag;
use crate::domain::audit::Outcome;
use crate::domain::operator::Actor;
use crate::services::Services;
use crate::services::audit_filter::AuditFilter;
use crate::services::audit_log::{self, AuditEntry};
use crate::services::oversight::Thing;
use crate::services::suspicion::{self, Seen, SuspicionFilter};
use crate::wire::audit::{AuditLog, AuditPage, SuspiciousEvent, SuspiciousPage};

/// The audit log.
pub struct AuditApi(pub Arc<Services>);

/// What these operations can answer beside success.
pub struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 401, 403, 405, 429, 500, 503];
}

#[OpenApi(prefix_path = "/api/v1")]
impl AuditApi {
    /// Read the audit log
    ///
    /// Newest first, unless `order` says otherwise. Needs `audit:read`. A page may be short, even empty, and still have a `next_cursor`: one
    /// request looks at a bounded number of records.
    #[oai(path = "/audit/logs", method = "get", operation_id = "list_audit_logs", tag = "Tag::Audit")]
    #[expect(clippy::too_many_arguments, reason = "one for each query parameter of the contract")]
    async fn list(
        &self,
        asked: Asked,
        caller: Caller,
        /// Only records about this account.
        user_id: Query<Option<String>>,
        /// Only what this account did, or this operator, such as `uid:1000`.
        actor_id: Query<Option<String>>,
        /// Only these acts, up to 20 parted by commas: names such as `login.failed`, or all of a kind, as `login.*`.
        #[oai(validator(max_length = 1000))]
        action: Query<Option<String>>,
        /// Only what came out so: `success`, `failure` or `denied`.
        outcome: Query<Option<String>>,
        /// Only what came from this address or network, for example `203.0.113.0/24`.
        ip_address: Query<Option<String>>,
        /// Only what happened in this request.
        #[oai(validator(max_length = 128))]
        request_id: Query<Option<String>>,
        /// Only what happened in this session.
        session_id: Query<Option<String>>,
        /// Only records at or after this time (RFC 3339).
        start_date: Query<Option<String>>,
        /// Only records before this time (RFC 3339).
        end_date: Query<Option<String>>,
        /// `oldest`: the oldest first; else the newest.
        order: Query<Option<String>>,
        /// The most records to answer, 1 to 100; the records of one commit stay together.
        #[oai(default = "fifty", validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<u32>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Answer<AuditPage>, Fault<Listed>> {
        let order = query::order(order.0)?;
        let filter = AuditFilter {
            user: query::value("user_id", user_id.0)?,
            actor: query::value::<Actor>("actor_id", actor_id.0)?.map(|actor| actor.0),
            actions: query::value("action", action.0)?,
            outcome: query::value::<Outcome>("outcome", outcome.0)?,
            network: query::network("ip_address", ip_address.0)?,
            request_id: request_id.0,
            session: query::value("session_id", session_id.0)?,
            from: query::value("start_date", start_date.0)?,
            until: query::value("end_date", end_date.0)?,
            order,
            after: query::cursor_in(order, cursor.0)?,
            limit: query::count(limit.0),
        };
        let page = audit_log::list(&self.0, &asked.0, &caller.0, &filter).await?;
        let logs = page.entries.into_iter().map(to_wire).collect();
        let next_cursor = query::next_in(order, page.next);
        Ok(Answer::new(AuditPage { logs, next_cursor, as_of: page.as_of.to_string() }, asked.0.now))
    }

    /// List suspicious events
    ///
    /// Newest first, for 90 days: accounts and names locked after failed logins, refresh tokens used twice, callers
    /// that reached for an account above theirs. Needs `audit:read`.
    #[oai(path = "/audit/suspicious", method = "get", operation_id = "list_suspicious", tag = "Tag::Audit")]
    async fn suspicious(
        &self,
        asked: Asked,
        caller: Caller,
        /// Only events about this account.
        user_id: Query<Option<String>>,
        /// Only events that somebody acknowledged, or only those that nobody did.
        acknowledged: Query<Option<bool>>,
        /// The most events to answer, 1 to 100.
        #[oai(default = "fifty", validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<u32>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Answer<SuspiciousPage>, Fault<Listed>> {
        let filter = SuspicionFilter {
            user: query::value("user_id", user_id.0)?,
            acknowledged: acknowledged.0,
            after: query::value("cursor", cursor.0)?,
            limit: query::count(limit.0),
        };
        let page = suspicion::list(&self.0, &asked.0, &caller.0, &filter).await?;
        let events = page.seen.into_iter().map(suspicious_to_wire).collect();
        let next_cursor = page.next.map(|id| id.to_string());
        Ok(Answer::new(SuspiciousPage { events, next_cursor, as_of: page.as_of.to_string() }, asked.0.now))
    }

    /// Acknowledge a suspicious event
    ///
    /// Marks it as seen; whoever did so first stays. Needs `audit:read` and `users:update`.
    #[oai(
        path = "/audit/suspicious/:id/acknowledge",
        method = "post",
        operation_id = "acknowledge_suspicious",
        tag = "Tag::Audit"
    )]
    async fn acknowledge(
        &self,
        caller: Caller,
        id: Path<String>,
        _body: NoBody,
        asked: Asked,
    ) -> Result<Answer<SuspiciousEvent>, Fault<Overseen>> {
        let id = id_of(&id.0, Thing::Suspicion)?;
        let seen = suspicion::acknowledge(&self.0, &asked.0, &caller.0, id).await?;
        Ok(Answer::new(suspicious_to_wire(seen), asked.0.now))
    }
}

fn fifty() -> u32 {
    50
}

/// A record on the wire.
pub fn to_wire(entry: AuditEntry) -> AuditLog {
    let details = entry.detail.into_iter().map(|(name, value)| (name, Value::String(value)));
    AuditLog {
        id: format!("{}-{}", entry.seq, entry.index),
        user_id: entry.subject.map(|id| id.to_string()),
        actor_id: entry.actor.map(|id| Actor(id).to_string()),
        action: entry.action,
        outcome: entry.outcome.name().to_owned(),
        reason: entry.reason,
        resource_type: entry.session.map(|_| "session".to_owned()),
        resource_id: entry.session.map(|id| id.to_string()),
        details: Value::Object(details.collect()),
        ip_address: entry.client.map(|client| client.to_string()),
        user_agent: entry.user_agent,
        note: entry.note,
        request_id: Some(entry.request_id),
        checksum: entry.checksum,
        previous_checksum: entry.previous,
        created_at: entry.at.to_string(),
    }
}

pub(super) fn suspicious_to_wire(seen: Seen) -> SuspiciousEvent {
    let details = seen.details.into_iter().map(|(name, value)| (name, Value::String(value)));
    SuspiciousEvent {
        id: seen.id.to_string(),
        user_id: seen.user.map(|id| id.to_string()),
        kind: seen.kind,
        details: Value::Object(details.collect()),
        at: seen.at.to_string(),
        acknowledged_at: seen.acknowledged.map(|(at, _)| at.to_string()),
        acknowledged_by: seen.acknowledged.map(|(_, by)| Actor(by).to_string()),
    }
}
