//! Which records of the audit log somebody wants to see. Knows nothing of how they are read.

use ipnet::IpNet;

use super::audit::Personal;
use crate::domain::actions::Actions;
use crate::domain::address::covers;
use crate::domain::audit::Outcome;
use crate::domain::id::{SessionId, UserId};
use crate::domain::order::Order;
use crate::domain::time::Timestamp;
use crate::store::lane::{EventV1, OutcomeV1};

/// Which records to list. What is absent excludes nothing.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Only records about this account.
    pub user: Option<UserId>,
    /// Only what this account did.
    pub actor: Option<UserId>,
    /// Only these acts.
    pub actions: Option<Actions>,
    /// Only what came out so.
    pub outcome: Option<Outcome>,
    /// Only what came from this network. Where somebody came from who was forgotten, nobody knows.
    pub network: Option<IpNet>,
    /// Only what happened in this request.
    pub request_id: Option<String>,
    /// Only what happened in this session.
    pub session: Option<SessionId>,
    /// Only records at or after this time.
    pub from: Option<Timestamp>,
    /// Only records before this time.
    pub until: Option<Timestamp>,
    /// Which come first.
    pub order: Order,
    /// Only records behind this place in the chain, in that order.
    pub after: Option<u64>,
    /// Most records to answer, though never less than one commit's.
    pub limit: usize,
}

impl AuditFilter {
    /// Whether `event` is wanted, but for where it came from.
    pub(super) fn holds(&self, event: &EventV1) -> bool {
        let at = Timestamp::from_millis(event.at);
        self.user.is_none_or(|user| event.subject == Some(*user.as_bytes()))
            && self.actor.is_none_or(|actor| event.actor == Some(*actor.as_bytes()))
            && self.actions.as_ref().is_none_or(|actions| actions.hold(&event.action))
            && self.outcome.is_none_or(|outcome| outcome == to_outcome(event.outcome))
            && self.request_id.as_ref().is_none_or(|id| event.request_id == *id)
            && self.session.is_none_or(|session| event.session == Some(*session.as_bytes()))
            && self.until.is_none_or(|until| at < until)
            && self.from.is_none_or(|from| at >= from)
    }

    /// Whether it came from where it is wanted from.
    pub(super) fn holds_client(&self, personal: Option<&Personal>) -> bool {
        let client = personal.map(|personal| personal.client);
        self.network.is_none_or(|network| client.is_some_and(|client| covers(&network, client)))
    }
}

/// The outcome of a stored event.
pub(super) const fn to_outcome(stored: OutcomeV1) -> Outcome {
    match stored {
        OutcomeV1::Success => Outcome::Success,
        OutcomeV1::Failure => Outcome::Failure,
        OutcomeV1::Denied => Outcome::Denied,
    }
}
