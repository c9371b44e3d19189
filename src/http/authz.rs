//! Whether somebody may do something, over the API: for applications that guard what is theirs.

use std::sync::Arc;

use poem_openapi::OpenApi;

use super::answer::Answer;
use super::asked::Asked;
use super::body::Json;
use super::error::{ApiError, Fault, Statuses};
use super::limit::AuthzCheck;
use super::principal::CallerAs;
use super::tag::Tag;
use crate::domain::grant::Question;
use crate::domain::permission::{Permission, Scope};
use crate::domain::resource::ResourceName;
use crate::services::Services;
use crate::services::authz::{self, By, CHECKS_MAX, Check, Verdict, Whom, Why};
use crate::wire::authz::{
    AllowedBy, CheckAnswer, CheckItem, CheckRequest, CheckResult, CheckResults, GrantEnd, MissingPermission,
};

/// Questions about rights.
pub struct AuthzApi(pub Arc<Services>);

/// What they can answer beside success.
pub struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 401, 403, 405, 408, 413, 415, 429, 500, 503];
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Resources")]
impl AuthzApi {
    /// Ask whether somebody may do something
    ///
    /// One question, or up to 100 that are answered about one moment. About somebody else it needs `users:read`. It is
    /// allowed by holding the permission, by owning the resource, or by a grant for it; the answer says by which, or
    /// what is missing. Nothing of it is recorded. It has a limit of its own, and several questions count as one.
    #[oai(path = "/authz/check", method = "post", operation_id = "check_authz")]
    async fn check(
        &self,
        caller: CallerAs<AuthzCheck>,
        body: Json<CheckRequest>,
        asked: Asked,
    ) -> Result<Answer<CheckAnswer>, Fault<Listed>> {
        let (checks, is_single) = questions(body.0)?;
        let verdicts = authz::check(&self.0, &asked.0, &caller.caller, &checks).await?;
        let mut results: Vec<_> = verdicts.into_iter().map(to_wire).collect();
        let only = if is_single { results.pop() } else { None };
        let answer = match only {
            Some(only) => CheckAnswer::One(only),
            None => CheckAnswer::Many(CheckResults { results }),
        };
        Ok(Answer::new(answer, asked.0.now))
    }
}

/// What is asked, and whether it is a single question.
fn questions(request: CheckRequest) -> Result<(Vec<Check>, bool), ApiError> {
    let CheckRequest { user_id, permission, resource, checks } = request;
    match (permission, checks) {
        (Some(permission), None) => {
            let item = CheckItem { user_id, permission, resource };
            Ok((vec![question(&item, None)?], true))
        }
        (None, Some(checks)) if user_id.is_none() && resource.is_none() => {
            if !(1..=CHECKS_MAX).contains(&checks.len()) {
                let message = format!("`checks` must have 1 to {CHECKS_MAX} questions.");
                return Err(ApiError::field("checks", "invalid", message));
            }
            let all = checks.iter().enumerate();
            let all = all.map(|(at, item)| question(item, Some(at)));
            Ok((all.collect::<Result<_, _>>()?, false))
        }
        (None, None) => Err(ApiError::field("permission", "missing", "The field `permission` is required.")),
        _ => {
            Err(ApiError::field("checks", "invalid", "Send one question, or `checks` and nothing beside it."))
        }
    }
}

/// One question, with its place among several.
fn question(item: &CheckItem, place: Option<usize>) -> Result<Check, ApiError> {
    let bad = |field: &str, fault: &dyn std::fmt::Display| {
        let field = place.map_or_else(|| field.to_owned(), |at| format!("checks[{at}].{field}"));
        ApiError::field(&field, "invalid", format!("{field}: {fault}"))
    };
    let scope: Scope = item.permission.parse().map_err(|fault| bad("permission", &fault))?;
    let name = item.resource.as_deref().map(str::parse::<ResourceName>).transpose();
    let name = name.map_err(|fault| bad("resource", &fault))?;
    let question = Question::new(scope, name).map_err(|fault| bad("resource", &fault))?;
    let whom = match &item.user_id {
        None => Whom::Caller,
        Some(id) => id.parse().map_or(Whom::Nobody, Whom::Account),
    };
    Ok(Check { whom, question })
}

fn to_wire(verdict: Verdict) -> CheckResult {
    match verdict {
        Verdict::Allowed(by) => {
            CheckResult { allowed: true, by: Some(allowed_by(by)), reason: None, missing: None }
        }
        Verdict::Refused(why, missing) => CheckResult {
            allowed: false,
            by: None,
            reason: Some(reason(why).to_owned()),
            missing: Some(MissingPermission { required_permission: Permission::name(missing).to_owned() }),
        },
    }
}

fn allowed_by(by: By) -> AllowedBy {
    let none = AllowedBy { role: None, inherited_from: None, permission: None, owner: None, grant: None };
    match by {
        By::Role { slug, inherited_from } => AllowedBy { role: Some(slug), inherited_from, ..none },
        By::Direct => AllowedBy { permission: Some("direct".to_owned()), ..none },
        By::Owner => AllowedBy { owner: Some(true), ..none },
        By::Grant(end) => {
            AllowedBy { grant: Some(GrantEnd { expires_at: end.map(|end| end.to_string()) }), ..none }
        }
    }
}

const fn reason(why: Why) -> &'static str {
    match why {
        Why::Missing => "permission_missing",
        Why::UnknownUser => "unknown_user",
        Why::SwitchedOff => "user_inactive",
        Why::NoFactor => "mfa_required",
    }
}
