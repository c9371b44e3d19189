//! The audit log and the outbox, over the API.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::Query;
use serde_json::Value;

use super::answer::Answer;
use super::asked::Asked;
use super::error::{Fault, Statuses};
use super::principal::Caller;
use super::query;
use super::tag::Tag;
use crate::services::audit_log::{self, AuditEntry, AuditFilter};
use crate::services::suspicion::{self, Seen, SuspicionFilter};
use crate::services::{Services, mail};
use crate::wire::audit::{AuditLog, AuditPage, SuspiciousEvent, SuspiciousPage};
use crate::wire::outbox::{OutboxMail, OutboxPage};

/// The audit log and the outbox.
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
    /// Newest first. Needs `audit:read`. A page may be short, even empty, and still have a `next_cursor`: one
    /// request looks at a bounded number of records.
    #[oai(path = "/audit/logs", method = "get", operation_id = "list_audit_logs", tag = "Tag::Audit")]
    #[expect(clippy::too_many_arguments, reason = "one for each query parameter of the contract")]
    async fn list(
        &self,
        asked: Asked,
        caller: Caller,
        /// Only records about this account.
        user_id: Query<Option<String>>,
        /// Only this act, for example `login.failed`.
        #[oai(validator(max_length = 64))]
        action: Query<Option<String>>,
        /// Only records at or after this time (RFC 3339).
        start_date: Query<Option<String>>,
        /// Only records before this time (RFC 3339).
        end_date: Query<Option<String>>,
        /// The most records to answer, 1 to 100; the records of one commit stay together.
        #[oai(default = "fifty", validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<u32>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Answer<AuditPage>, Fault<Listed>> {
        let filter = AuditFilter {
            user: query::value("user_id", user_id.0)?,
            action: action.0,
            from: query::value("start_date", start_date.0)?,
            until: query::value("end_date", end_date.0)?,
            before: query::value("cursor", cursor.0)?,
            limit: usize::try_from(limit.0).unwrap_or(1),
        };
        let page = audit_log::list(&self.0, &asked.0, &caller.0, &filter).await?;
        let logs = page.entries.into_iter().map(to_wire).collect();
        let next_cursor = page.next.map(|seq| seq.to_string());
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
        /// The most events to answer, 1 to 100.
        #[oai(default = "fifty", validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<u32>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Answer<SuspiciousPage>, Fault<Listed>> {
        let filter = SuspicionFilter {
            user: query::value("user_id", user_id.0)?,
            after: query::value("cursor", cursor.0)?,
            limit: usize::try_from(limit.0).unwrap_or(1),
        };
        let page = suspicion::list(&self.0, &asked.0, &caller.0, &filter).await?;
        let events = page.seen.into_iter().map(suspicious_to_wire).collect();
        let next_cursor = page.next.map(|id| id.to_string());
        Ok(Answer::new(SuspiciousPage { events, next_cursor, as_of: page.as_of.to_string() }, asked.0.now))
    }

    /// List mails that have not been sent
    ///
    /// Newest first: those that wait for another try, and dead letters. Needs `users:update`. Bodies are never
    /// shown.
    #[oai(path = "/outbox", method = "get", operation_id = "list_outbox", tag = "Tag::Operation")]
    async fn outbox(
        &self,
        asked: Asked,
        caller: Caller,
        /// The most mails to answer, 1 to 100.
        #[oai(default = "fifty", validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<u32>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Answer<OutboxPage>, Fault<Listed>> {
        let after = query::cursor(cursor.0)?;
        let limit = usize::try_from(limit.0).unwrap_or(1);
        let page = mail::outbox(&self.0, &asked.0, &caller.0, after, limit).await?;
        let next_cursor = page.next.map(|id| id.to_string());
        let mails = page.mails.into_iter().map(|mail| OutboxMail {
            id: mail.id.to_string(),
            to: mail.to.as_str().to_owned(),
            kind: mail.kind,
            state: if mail.due_at.is_some() { "waiting" } else { "dead" }.to_owned(),
            attempts: mail.attempts,
            created_at: mail.created_at.to_string(),
            next_attempt_at: mail.due_at.map(|at| at.to_string()),
            last_error: mail.last_error,
        });
        let as_of = page.as_of.to_string();
        Ok(Answer::new(OutboxPage { mails: mails.collect(), next_cursor, as_of }, asked.0.now))
    }
}

fn fifty() -> u32 {
    50
}

pub(super) fn to_wire(entry: AuditEntry) -> AuditLog {
    let details = entry.detail.into_iter().map(|(name, value)| (name, Value::String(value)));
    AuditLog {
        id: format!("{}-{}", entry.seq, entry.index),
        user_id: entry.subject.map(|id| id.to_string()),
        actor_id: entry.actor.map(|id| id.to_string()),
        action: entry.action,
        outcome: entry.outcome.name().to_owned(),
        reason: entry.reason,
        resource_type: entry.session.map(|_| "session".to_owned()),
        resource_id: entry.session.map(|id| id.to_string()),
        details: Value::Object(details.collect()),
        ip_address: entry.client.map(|client| client.to_string()),
        user_agent: entry.user_agent,
        request_id: Some(entry.request_id),
        checksum: entry.checksum,
        created_at: entry.at.to_string(),
    }
}

fn suspicious_to_wire(seen: Seen) -> SuspiciousEvent {
    let details = seen.details.into_iter().map(|(name, value)| (name, Value::String(value)));
    SuspiciousEvent {
        id: seen.id.to_string(),
        user_id: seen.user.map(|id| id.to_string()),
        kind: seen.kind,
        details: Value::Object(details.collect()),
        at: seen.at.to_string(),
    }
}
