//! Diagnosis over the API: why somebody cannot log in, and how safe an account is.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::Query;

use super::answer::Answer;
use super::asked::Asked;
use super::body::Json;
use super::error::{ApiError, Fault, Statuses};
use super::principal::Caller;
use super::tag::Tag;
use super::user::user_id;
use crate::domain::diagnosis::{self as found, Test, TokenIssue};
use crate::domain::id::UserId;
use crate::domain::time::Timestamp;
use crate::services::Services;
use crate::services::diagnosis::{self, Claims};
use crate::wire::diagnosis::{
    Diagnosis, DiagnosisRequest, DiagnosisTests, IssuesDetails, IssuesTest, LimitDetails, LimitTest, MfaTest,
    TokenPayload, TokenTest, TokenTestRequest, UserDetails, UserTest,
};
use crate::wire::security_report::{
    ApiKeysCheck, AuthenticationCheck, MfaCheck, RecentLogin, SecurityChecks, SecurityReport, SessionsCheck,
    UsedKey,
};

/// Diagnosis.
pub struct DiagnosisApi(pub Arc<Services>);

/// What these operations can answer beside success.
pub struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 401, 403, 404, 405, 408, 413, 415, 429, 500, 503];
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Diagnosis")]
impl DiagnosisApi {
    /// Why does this login not work
    ///
    /// Four tests: whether somebody has the name, the form of the password, the state of the account, and how many
    /// requests there were. The password is judged by its form and never compared. Needs `audit:read`, and is recorded.
    #[oai(path = "/diagnostics/authentication", method = "post", operation_id = "diagnose_login")]
    async fn diagnose(
        &self,
        caller: Caller,
        body: Json<DiagnosisRequest>,
        asked: Asked,
    ) -> Result<Answer<Diagnosis>, Fault<Listed>> {
        let typed = (body.0.username.as_str(), body.0.password.reveal());
        let found = diagnosis::diagnose(&self.0, &asked.0, &caller.0, typed).await?;
        Ok(Answer::new(to_wire(&found), asked.0.now))
    }

    /// Is this token good
    ///
    /// An access token or a refresh token; testing it does not use it. One of another account needs `audit:read`. It is
    /// recorded.
    #[oai(path = "/diagnostics/token", method = "post", operation_id = "test_token")]
    async fn token(
        &self,
        caller: Caller,
        body: Json<TokenTestRequest>,
        asked: Asked,
    ) -> Result<Answer<TokenTest>, Fault<Listed>> {
        let found = diagnosis::test_token(&self.0, &asked.0, &caller.0, body.0.token.reveal()).await?;
        Ok(Answer::new(token_to_wire(&self.0, found), asked.0.now))
    }

    /// Is there a second factor
    ///
    /// On one's own account, or with `audit:read` on any; an API key always needs that. It is recorded.
    #[oai(path = "/diagnostics/mfa", method = "get", operation_id = "test_mfa")]
    async fn mfa(
        &self,
        asked: Asked,
        caller: Caller,
        /// The account; one's own without.
        user_id: Query<Option<String>>,
    ) -> Result<Answer<MfaTest>, Fault<Listed>> {
        let id = account(&caller, user_id.0)?;
        let mfa_enabled = diagnosis::test_mfa(&self.0, &asked.0, &caller.0, id).await?;
        let recommendation = found::factor_advice(mfa_enabled).to_owned();
        Ok(Answer::new(MfaTest { mfa_enabled, recommendation }, asked.0.now))
    }

    /// How safe is an account
    ///
    /// One's own, or with `audit:read` any; an API key always needs that. It is recorded.
    #[oai(path = "/security-report", method = "get", operation_id = "security_report")]
    async fn report(
        &self,
        asked: Asked,
        caller: Caller,
        /// The account; one's own without.
        user_id: Query<Option<String>>,
    ) -> Result<Answer<SecurityReport>, Fault<Listed>> {
        let id = account(&caller, user_id.0)?;
        let found = diagnosis::report(&self.0, &asked.0, &caller.0, id).await?;
        Ok(Answer::new(report_to_wire(found, asked.0.now), asked.0.now))
    }
}

fn account(caller: &Caller, id: Option<String>) -> Result<UserId, ApiError> {
    id.map_or(Ok(caller.0.user.id), |id| user_id(&id))
}

/// What was found of a login, on the wire.
pub(super) fn to_wire(found: &found::Diagnosis) -> Diagnosis {
    let status = found.account.as_ref().map(|(_, issues)| issues.iter().map(|issue| issue.text()));
    let user_id = found.account.as_ref().map(|(id, _)| id.to_string());
    let with_issues = |Test { passed, message }: Test, issues| IssuesTest {
        passed,
        message: message.to_owned(),
        details: IssuesDetails { issues },
    };
    let (exists, pace) = (found.user_exists(), found.rate_limiting());
    Diagnosis {
        issues: texts(found.issues()),
        recommendations: texts(found.recommendations()),
        tests: DiagnosisTests {
            user_exists: UserTest {
                passed: exists.passed,
                message: exists.message.to_owned(),
                details: UserDetails { user_id },
            },
            password_format: with_issues(found.password_format(), Some(texts(found.password.clone()))),
            account_status: with_issues(found.account_status(), status.map(texts)),
            rate_limiting: LimitTest {
                passed: pace.passed,
                message: pace.message.to_owned(),
                details: LimitDetails { is_limited: found.is_limited },
            },
        },
    }
}

/// How a token stands, on the wire.
pub(super) fn token_to_wire(app: &Services, found: Result<Claims, TokenIssue>) -> TokenTest {
    let payload = match found {
        Ok(claims) => payload(app, claims),
        Err(issue) => {
            let (issue, recommendation) = (Some(issue.text().to_owned()), Some(issue.help().to_owned()));
            return TokenTest { valid: false, payload: None, expires_at: None, issue, recommendation };
        }
    };
    let expires_at = Some(Timestamp::from_seconds(payload.exp).to_string());
    TokenTest { valid: true, payload: Some(payload), expires_at, issue: None, recommendation: None }
}

/// The claims as they stand in the token.
fn payload(app: &Services, claims: Claims) -> TokenPayload {
    let rules = app.tokens.rules();
    let (iss, aud) = (rules.issuer.clone(), rules.audience.clone());
    match claims {
        Claims::Access(claims) => TokenPayload {
            user_id: claims.user_id.to_string(),
            email: Some(claims.email),
            name: Some(claims.name),
            roles: Some(claims.roles),
            sub: claims.extra.sub,
            role: claims.extra.role,
            permissions: claims.extra.permissions,
            r#type: "access".to_owned(),
            iat: claims.iat,
            exp: claims.exp,
            jti: claims.jti.to_string(),
            sid: claims.sid.to_string(),
            iss,
            aud,
        },
        Claims::Refresh(claims) => TokenPayload {
            user_id: claims.user_id.to_string(),
            sub: claims.sub,
            r#type: "refresh".to_owned(),
            iat: claims.iat,
            exp: claims.exp,
            jti: claims.jti.to_string(),
            sid: claims.sid.to_string(),
            iss,
            aud,
            ..TokenPayload::default()
        },
    }
}

/// How safe an account is, on the wire.
pub(super) fn report_to_wire(found: diagnosis::SecurityReport, now: Timestamp) -> SecurityReport {
    let risk = found.exposure;
    let recent_logins = found.recent.into_iter().map(|session| RecentLogin {
        at: session.created_at.to_string(),
        kind: session.kind.name().to_owned(),
        ip_address: session.client.to_string(),
        user_agent: session.user_agent,
    });
    let recently_used = found.used_keys.into_iter().filter_map(|key| {
        let last_used_at = key.last_used_at?.to_string();
        Some(UsedKey { id: key.id.to_string(), name: key.name, last_used_at })
    });
    let security_checks = SecurityChecks {
        authentication: AuthenticationCheck {
            password_auth: found.password_set_at.is_some(),
            mfa_available: true,
            api_keys_available: true,
            last_password_change: found.password_set_at.map(|at| at.to_string()),
        },
        sessions: SessionsCheck {
            active_sessions: number(risk.sessions),
            recent_logins: recent_logins.collect(),
            suspicious_activity: found.is_suspicious,
        },
        mfa: MfaCheck { enabled: risk.has_factor, backup_codes_available: found.has_backup_codes },
        api_keys: ApiKeysCheck {
            total_keys: number(found.total_keys),
            active_keys: number(risk.api_keys),
            recently_used: recently_used.collect(),
        },
    };
    SecurityReport {
        user_id: found.user.id.to_string(),
        timestamp: now.to_string(),
        security_checks,
        recommendations: texts(risk.recommendations()),
        risk_score: risk.score(),
        risk_level: risk.level().name().to_owned(),
    }
}

fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
