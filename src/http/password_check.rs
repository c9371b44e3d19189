//! Judging a password before it is chosen, over the API.

use std::sync::Arc;

use poem_openapi::OpenApi;

use super::answer::Answer;
use super::asked::Asked;
use super::body::Json;
use super::error::{Fault, Statuses};
use super::limit::{self, Place};
use super::tag::Tag;
use crate::domain::credential::PasswordRule;
use crate::domain::password_policy::PasswordReport;
use crate::services::Services;
use crate::services::password::{self, Owner};
use crate::wire::password_check::{PasswordCheck, PasswordCheckRequest, PasswordChecks};

/// The check of a password.
pub struct PasswordCheckApi(pub Arc<Services>);

/// What it can answer beside success.
pub struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 403, 405, 408, 413, 415, 429, 500, 503];
}

#[expect(clippy::unused_async, reason = "poem-openapi wants async operations")]
#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Auth")]
impl PasswordCheckApi {
    /// Check a password before choosing it
    ///
    /// For forms that help while somebody types. It looks no account up and stores nothing. The names of whom the
    /// password is for are optional; without them a password that is little more than such a name does well here
    /// and is refused later.
    #[oai(path = "/auth/password/validate", method = "post", operation_id = "validate_password")]
    async fn validate(
        &self,
        _place: Place<limit::Anonymous>,
        body: Json<PasswordCheckRequest>,
        asked: Asked,
    ) -> Result<Answer<PasswordCheck>, Fault<Listed>> {
        let PasswordCheckRequest { password, email, username, name } = &body.0;
        let email = email.as_deref().unwrap_or_default();
        let owner = Owner { email, username: username.as_deref(), name: name.as_deref() };
        let report = password::report_typed(&self.0, password.reveal(), owner);
        let messages: Vec<_> = report.faults().iter().map(|fault| format!("The password {fault}.")).collect();
        let checks = checks(&report);
        let policy = self.0.policy.password.kind.name().to_owned();
        Ok(Answer::new(PasswordCheck { valid: messages.is_empty(), policy, checks, messages }, asked.0.now))
    }
}

/// Each check by its name on the wire.
pub(super) fn checks(report: &PasswordReport) -> PasswordChecks {
    let mut checks = PasswordChecks::default();
    for (rule, is_kept) in report.checks() {
        *place(&mut checks, rule) = is_kept;
    }
    checks
}

fn place(checks: &mut PasswordChecks, rule: PasswordRule) -> &mut bool {
    match rule {
        PasswordRule::Length => &mut checks.length,
        PasswordRule::Uppercase => &mut checks.uppercase,
        PasswordRule::Lowercase => &mut checks.lowercase,
        PasswordRule::Digit => &mut checks.digit,
        PasswordRule::Special => &mut checks.special,
        PasswordRule::NoCommonPatterns => &mut checks.no_common_patterns,
        PasswordRule::NotInBreachedList => &mut checks.not_in_breached_list,
        PasswordRule::NotContext => &mut checks.not_context,
    }
}
