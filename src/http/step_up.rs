//! Step-up, over the API.

use std::sync::Arc;

use poem_openapi::OpenApi;

use super::answer::Answer;
use super::asked::Asked;
use super::body::Json;
use super::cookie;
use super::error::{ApiError, Fault, Statuses};
use super::principal::Bearer;
use super::tag::Tag;
use crate::services::{Services, step_up};
use crate::wire::step_up::{StepUpRequest, SteppedUp};

/// Step-up.
pub struct StepUpApi(pub Arc<Services>);

/// What this operation can answer beside success.
pub struct Listed;

impl Statuses for Listed {
    const LIST: &'static [u16] = &[400, 401, 403, 405, 408, 413, 415, 423, 429, 500, 503];
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tag::Auth")]
impl StepUpApi {
    /// Prove again who you are
    ///
    /// Sensitive acts refuse a session whose last proof is older than `step_up.ttl`, with `STEP_UP_REQUIRED` and the
    /// challenge of RFC 9470. The password makes the session fresh, and a wrong one counts like a failed login; where a
    /// second factor is on, only a code does. A session that lives by a cookie goes on under another id: the answer sets
    /// the new cookie, and has the new `csrf_token`.
    #[oai(path = "/auth/step-up", method = "post", operation_id = "step_up")]
    async fn step_up(
        &self,
        caller: Bearer,
        body: Json<StepUpRequest>,
        asked: Asked,
    ) -> Result<Answer<SteppedUp>, Fault<Listed>> {
        let (app, ctx, caller) = (&self.0, &asked.0, &caller.0);
        let fresh = match (&body.0.password, &body.0.code) {
            (Some(password), None) => step_up::with_password(app, ctx, caller, password.reveal()).await?,
            (None, Some(code)) => step_up::with_code(app, ctx, caller, code.reveal()).await?,
            _ => return Err(ApiError::field("password", "one_of", "Send `password` or `code`.").into()),
        };
        let new = fresh.cookie.as_ref();
        let answer = SteppedUp {
            message: "Proved.".to_owned(),
            expires_in: fresh.ttl.as_secs(),
            csrf_token: new.map(|new| new.csrf.reveal().as_str().into()),
        };
        let cookies = new.map(|new| cookie::set(new, ctx.now, &app.policy.cookies)).unwrap_or_default();
        Ok(Answer::new(answer, ctx.now).setting(cookies))
    }
}
