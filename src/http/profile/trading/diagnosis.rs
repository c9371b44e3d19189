//! Diagnosis in the trading profile.

use std::sync::Arc;

use poem_openapi::OpenApi;
use poem_openapi::param::Query;

use super::Listed;
use crate::domain::diagnosis::factor_advice;
use crate::domain::id::UserId;
use crate::http::asked::Asked;
use crate::http::diagnosis::{report_to_wire, to_wire, token_to_wire};
use crate::http::error::{ApiError, Fault};
use crate::http::principal::Caller;
use crate::http::profile::Flat;
use crate::http::profile::body::Loose;
use crate::http::tag::Tag;
use crate::http::user::no_such_user;
use crate::services::profile::trading;
use crate::services::{Services, diagnosis};
use crate::wire::diagnosis::{MfaTest, TokenTest};
use crate::wire::profile::trading_diagnosis as wire;
use crate::wire::security_report::SecurityReport;

/// Diagnosis.
pub struct DiagnosisApi(pub Arc<Services>);

#[OpenApi(tag = "Tag::Diagnosis")]
impl DiagnosisApi {
    /// Why does this login not work
    ///
    /// The password is judged by its form and never compared. Needs `read:admin`, and is recorded.
    #[oai(path = "/diagnostics/authentication", method = "post", operation_id = "diagnose_login")]
    async fn diagnose(
        &self,
        caller: Caller,
        body: Loose<wire::Attempt>,
        asked: Asked,
    ) -> Result<Flat<wire::LoginDiagnosis>, Fault<Listed>> {
        let typed = (body.0.username.as_str(), body.0.password.reveal());
        let found = to_wire(&diagnosis::diagnose(&self.0, &asked.0, &caller.0, typed).await?);
        let (tests, exists) = (found.tests.clone(), found.tests.user_exists);
        Ok(Flat::new(wire::LoginDiagnosis {
            issues: found.issues,
            recommendations: found.recommendations,
            tests: wire::LoginTests {
                user_exists: wire::ExistsTest {
                    passed: exists.passed,
                    message: exists.message,
                    details: wire::ExistsDetails { user_id: exists.details.user_id },
                },
                password_format: tests.password_format,
                account_status: tests.account_status,
                rate_limiting: tests.rate_limiting,
            },
        }))
    }

    /// Is this token good
    ///
    /// One of another account needs `read:admin`. It is recorded.
    #[oai(path = "/diagnostics/token", method = "post", operation_id = "test_token")]
    async fn token(
        &self,
        caller: Caller,
        body: Loose<wire::Tested>,
        asked: Asked,
    ) -> Result<Flat<TokenTest>, Fault<Listed>> {
        let found = diagnosis::test_token(&self.0, &asked.0, &caller.0, body.0.token.reveal()).await?;
        Ok(Flat::new(token_to_wire(&self.0, found)))
    }

    /// Is there a second factor
    ///
    /// On one's own account, or with `read:admin` on any. It is recorded.
    #[oai(path = "/diagnostics/mfa", method = "get", operation_id = "test_mfa")]
    async fn mfa(
        &self,
        asked: Asked,
        caller: Caller,
        /// The account, by its number or its UUID; one's own without.
        user_id: Query<Option<String>>,
    ) -> Result<Flat<MfaTest>, Fault<Listed>> {
        let id = self.account(&caller, user_id.0)?;
        let mfa_enabled = diagnosis::test_mfa(&self.0, &asked.0, &caller.0, id).await?;
        Ok(Flat::new(MfaTest { mfa_enabled, recommendation: factor_advice(mfa_enabled).to_owned() }))
    }

    /// How safe is an account
    ///
    /// One's own, or with `read:admin` any. It is recorded.
    #[oai(path = "/security-report", method = "get", operation_id = "security_report")]
    async fn report(
        &self,
        asked: Asked,
        caller: Caller,
        /// The account, by its number or its UUID; one's own without.
        user_id: Query<Option<String>>,
    ) -> Result<Flat<SecurityReport>, Fault<Listed>> {
        let id = self.account(&caller, user_id.0)?;
        let found = diagnosis::report(&self.0, &asked.0, &caller.0, id).await?;
        Ok(Flat::new(report_to_wire(found, asked.0.now)))
    }
}

impl DiagnosisApi {
    /// The account that is asked about.
    fn account(&self, caller: &Caller, text: Option<String>) -> Result<UserId, ApiError> {
        let Some(text) = text else { return Ok(caller.0.user.id) };
        trading::find(&self.0, &text)?.ok_or_else(no_such_user)
    }
}
