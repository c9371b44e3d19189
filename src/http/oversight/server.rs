//! How the server is, over the API.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::Query;

use super::{Overseen, fifty};
use crate::domain::limit::Class;
use crate::domain::time::Timestamp;
use crate::http::answer::Answer;
use crate::http::asked::Asked;
use crate::http::error::{ApiError, Fault};
use crate::http::principal::Caller;
use crate::http::query;
use crate::http::tag::Tag;
use crate::services::Services;
use crate::services::oversight::budgets::{self, BudgetFilter, Strained};
use crate::services::oversight::census::{self, Count};
use crate::services::oversight::server::{self, ServerReport};
use crate::wire::server::{
    Census, Counted, Server, ServerAudit, ServerCertificate, ServerConfig, ServerCounts, ServerHashing,
    ServerListener, ServerSetting, ServerStore, StrainedLimit, StrainedLimits,
};

/// How the server is.
pub struct ServerApi(pub Arc<Services>);

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Operation")]
impl ServerApi {
    /// How the server is
    ///
    /// Its version, listeners, certificate, store and queues. Needs `audit:read`. Counts are since the start; `GET
    /// /api/v1/stats` has a day of them. No path of the host is told.
    #[oai(path = "/server", method = "get", operation_id = "server")]
    async fn server(&self, asked: Asked, caller: Caller) -> Result<Answer<Server>, Fault<Overseen>> {
        let report = server::report(&self.0, &asked.0, &caller.0).await?;
        Ok(Answer::new(to_wire(&report), asked.0.now))
    }

    /// Every setting in force
    ///
    /// With its source, in the order of the configuration file. Needs `audit:read`. Secrets are redacted, and paths of
    /// the host are told at the admin socket alone.
    #[oai(path = "/server/config", method = "get", operation_id = "server_config")]
    async fn config(&self, asked: Asked, caller: Caller) -> Result<Answer<ServerConfig>, Fault<Overseen>> {
        let settings = server::settings(&self.0, &asked.0, &caller.0).await?;
        let settings = settings.into_iter().map(|setting| ServerSetting {
            key: setting.key,
            value: setting.value,
            changed: setting.source != "default",
            source: setting.source.to_owned(),
        });
        Ok(Answer::new(ServerConfig { settings: settings.collect() }, asked.0.now))
    }

    /// How many there are of everything
    ///
    /// Accounts, live sessions, API keys, locks, mails. Needs `audit:read`. No more than 10,000 rows of a kind are
    /// looked at, and 100 locks.
    #[oai(path = "/server/counts", method = "get", operation_id = "server_counts")]
    async fn census(&self, asked: Asked, caller: Caller) -> Result<Answer<Census>, Fault<Overseen>> {
        let census = census::census(&self.0, &asked.0, &caller.0).await?;
        let counted = |count: Count| Counted {
            count: u64::try_from(count.found).unwrap_or(u64::MAX),
            capped: count.is_capped,
        };
        let told = Census {
            users: counted(census.users),
            sessions: counted(census.sessions),
            api_keys: counted(census.api_keys),
            lockouts: counted(census.lockouts),
            mails: counted(census.mails),
            as_of: census.as_of.to_string(),
        };
        Ok(Answer::new(told, asked.0.now))
    }

    /// List budgets that are used up, or nearly
    ///
    /// Those of which no more than a tenth is left, the emptiest first. Needs `audit:read`.
    #[oai(path = "/limits", method = "get", operation_id = "list_limits")]
    async fn limits(
        &self,
        asked: Asked,
        caller: Caller,
        /// Only budgets of this class, for example `login`.
        class: Query<Option<String>>,
        /// The most budgets to answer, 1 to 100.
        #[oai(default = "fifty", validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<u32>,
    ) -> Result<Answer<StrainedLimits>, Fault<Overseen>> {
        let none = || ApiError::field("class", "unknown", "`class` is not one of ours.");
        let named = |name: String| Class::ALL.into_iter().find(|class| class.name() == name).ok_or_else(none);
        let filter = BudgetFilter { class: class.0.map(named).transpose()?, limit: query::count(limit.0) };
        let page = budgets::list(&self.0, &asked.0, &caller.0, filter).await?;
        let limits = page.budgets.iter().map(|one| strained(one, asked.0.now)).collect();
        Ok(Answer::new(StrainedLimits { limits, capped: page.is_capped }, asked.0.now))
    }
}

fn strained(one: &Strained, now: Timestamp) -> StrainedLimit {
    let (key_kind, key) = one.whose.named();
    StrainedLimit {
        class: one.class.name().to_owned(),
        key_kind: key_kind.to_owned(),
        key,
        limit: one.budget.count(),
        period_seconds: one.budget.period().as_secs(),
        remaining: one.standing.remaining,
        resets_at: now.plus(one.standing.until_full).to_string(),
    }
}

fn to_wire(report: &ServerReport<'_>) -> Server {
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let around = report.around.as_ref().map(|(around, _)| around);
    let changing = report.around.as_ref().map(|(_, changing)| changing.clone()).unwrap_or_default();
    let listeners = around.iter().flat_map(|around| &around.listeners);
    let listeners =
        listeners.map(|one| ServerListener { address: one.address.clone(), tls: one.tls }).collect();
    let certificate = changing.certificate.map(|seen| ServerCertificate {
        expires_at: seen.expires_at.map(|at| at.to_string()),
        fingerprint: seen.fingerprint,
        self_signed: seen.is_self_signed,
    });
    Server {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: around.map(|around| around.started_at.to_string()),
        uptime_seconds: report.uptime.map(|uptime| uptime.as_secs()),
        dev: around.is_some_and(|around| around.is_dev),
        listeners,
        certificate,
        config_warnings: around.map_or(0, |around| number(around.config_warnings)),
        mail_transport: around.map(|around| around.mail_transport.to_owned()),
        sms_transport: around.and_then(|around| around.sms_transport).map(str::to_owned),
        memory_bytes: changing.memory_bytes,
        disk_bytes: changing.disk_bytes.map(|(all, _)| all),
        disk_free_bytes: changing.disk_bytes.map(|(_, free)| free),
        connections: changing.connections,
        streams: number(report.streams.0),
        store: ServerStore {
            schema: report.schema,
            bytes: changing.store_bytes,
            commits: report.store.commits,
            transactions: report.store.transactions,
            queued: number(report.store.queued),
        },
        audit: ServerAudit {
            head: report.as_of.seq,
            checksum: report.head.clone(),
            seal: report.seal.map(|(number, _)| number),
            sealed_at: report.seal.map(|(_, at)| at.to_string()),
        },
        hashing: ServerHashing {
            runs: report.hashing.runs,
            refused: report.hashing.refused,
            queued: number(report.hashing.queued),
            running: number(report.hashing.running),
            longest_wait_ms: u64::try_from(report.hashing.longest_wait.as_millis()).unwrap_or(u64::MAX),
        },
        counts: counts(report),
        as_of: report.as_of.to_string(),
    }
}

fn counts(report: &ServerReport<'_>) -> ServerCounts {
    let [mails_sent, mails_postponed, mails_dead] = report.mails;
    let (lockouts, lockouts_refused) = report.lockouts;
    ServerCounts {
        lockouts,
        lockouts_refused,
        streams_refused: report.streams.1,
        mails_sent,
        mails_postponed,
        mails_dead,
        limited: report.limited.iter().map(|(class, count)| (class.name().to_owned(), *count)).collect(),
    }
}
