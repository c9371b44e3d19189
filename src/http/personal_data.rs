//! All that is held of somebody, over the API.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};

use super::answer::Answer;
use super::api_key::ApiKeyApi;
use super::asked::Asked;
use super::error::{ApiError, Fault, Statuses};
use super::person::Person;
use super::principal::Bearer;
use super::tag::Tag;
use super::user::user_id;
use super::{audit, federation, oversight, query, session, user, user_care};
use crate::domain::id::SessionId;
use crate::domain::resource::{self, Grant, ResourceName};
use crate::domain::time::Timestamp;
use crate::services::Services;
use crate::services::personal_data::{self, Export};
use crate::wire::audit::AuditPage;
use crate::wire::personal_data::{HeldGrant, PersonalData};
use crate::wire::resource::Resource;

/// All that is held of somebody.
pub struct PersonalDataApi(pub Arc<Services>);

/// What these operations can answer beside success.
pub struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 401, 403, 404, 405, 429, 500, 503];
}

#[expect(clippy::unused_async, reason = "poem-openapi wants async operations")]
#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Users")]
impl PersonalDataApi {
    /// Export all that is held of oneself
    ///
    /// One document without secrets. Needs a fresh proof (see `POST /auth/step-up`), and is limited.
    #[oai(path = "/users/me/export", method = "get", operation_id = "export_me")]
    async fn export(
        &self,
        asked: Asked,
        caller: Bearer,
        /// `next_before` of the document before, for older `audit_logs`.
        before: Query<Option<String>>,
    ) -> Result<Answer<PersonalData>, Fault<Listed>> {
        let before = query::value("before", before.0)?;
        let found = personal_data::export(&self.0, &asked.0, &caller.0, before).await?;
        let document = to_wire(&self.0, found, Some(caller.0.session), asked.0.now)?;
        Ok(Answer::new(document, asked.0.now))
    }

    /// What happened to one's own account
    ///
    /// Newest first, of the audit log. What an administrator did is told without who that was, from where and in which
    /// words.
    #[oai(path = "/users/me/events", method = "get", operation_id = "list_own_events")]
    async fn happened(
        &self,
        asked: Asked,
        caller: Bearer,
        /// The most commits to answer the events of, 1 to 100.
        #[oai(default = "fifty", validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<u32>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Answer<AuditPage>, Fault<Listed>> {
        let page =
            personal_data::happened(&self.0, &caller.0, (query::cursor(cursor.0)?, query::count(limit.0)))?;
        let logs = page.entries.into_iter().map(audit::to_wire).collect();
        let next_cursor = page.next.map(|place| place.to_string());
        Ok(Answer::new(AuditPage { logs, next_cursor, as_of: page.as_of.to_string() }, asked.0.now))
    }

    /// Export all that is held of somebody
    ///
    /// The same document, to be handed to the person. Needs `users:update`, `audit:read`, a fresh proof (see
    /// `POST /auth/step-up`), and that the account is of no higher rank.
    #[oai(path = "/users/:id/export", method = "get", operation_id = "export_user")]
    async fn export_other(
        &self,
        asked: Asked,
        caller: Person,
        id: Path<String>,
        /// `next_before` of the document before, for older `audit_logs`.
        before: Query<Option<String>>,
    ) -> Result<Answer<PersonalData>, Fault<Listed>> {
        let whom = (user_id(&id.0)?, query::value("before", before.0)?);
        let found = personal_data::export_other(&self.0, &asked.0, &caller.0, whom).await?;
        Ok(Answer::new(to_wire(&self.0, found, None, asked.0.now)?, asked.0.now))
    }
}

fn fifty() -> u32 {
    50
}

/// The document, for whoever is logged in with the session `current` or for somebody else.
pub(super) fn to_wire(
    app: &Arc<Services>,
    found: Export,
    current: Option<SessionId>,
    now: Timestamp,
) -> Result<PersonalData, ApiError> {
    let keys = ApiKeyApi(app.clone());
    Ok(PersonalData {
        user: user::to_wire(app, &found.user, Some(found.permissions))?,
        email_verified_at: found.user.email_verified_at.map(|at| at.to_string()),
        password_set_at: found.password_set_at.map(|at| at.to_string()),
        mfa: user_care::factors_to_wire(&found.factors),
        phone_number: found.phone.map(|phone| phone.as_str().to_owned()),
        sessions: found.sessions.iter().map(|one| session::to_wire(one, current)).collect(),
        api_keys: found.api_keys.iter().map(|key| keys.shown(key, now)).collect(),
        identities: found.identities.iter().map(federation::identity_to_wire).collect(),
        resources: found.resources.iter().map(resource).collect(),
        grants: found.grants.iter().map(grant).collect(),
        mails: found.mails.iter().map(oversight::outbox::to_wire).collect(),
        suspicious_events: found.suspicions.into_iter().map(audit::suspicious_to_wire).collect(),
        audit_logs: found.events.into_iter().map(audit::to_wire).collect(),
        next_before: found.events_before.map(|seq| seq.to_string()),
        cut: found.cut.into_iter().map(str::to_owned).collect(),
        exported_at: now.to_string(),
    })
}

fn resource(resource: &resource::Resource) -> Resource {
    Resource {
        resource: resource.name.to_string(),
        owner_id: Some(resource.owner.to_string()),
        created_at: resource.created_at.to_string(),
    }
}

fn grant((resource, grant): &(ResourceName, Grant)) -> HeldGrant {
    HeldGrant {
        resource: resource.to_string(),
        permission: grant.scope.name().to_owned(),
        expires_at: grant.expires_at.map(|at| at.to_string()),
    }
}
