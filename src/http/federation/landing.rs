//! Where a browser goes that begins a login elsewhere, and what it finds when it comes back. Knows no provider.

use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaHeader, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::Type;

use super::super::answer::Answer;
use super::super::error::ApiError;
use crate::domain::time::Timestamp;
use crate::wire::federation::FederatedAnswer;

/// 302 to another place.
#[derive(Debug)]
pub struct Onward(Result<Response, ApiError>);

impl Onward {
    /// To `url`, with cookies.
    pub fn new(url: &str, cookies: impl IntoIterator<Item = HeaderValue>) -> Self {
        let mut response = Response::builder().status(StatusCode::FOUND).finish();
        if let Ok(url) = HeaderValue::try_from(url) {
            response.headers_mut().insert(header::LOCATION, url);
        }
        for cookie in cookies {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        Self(Ok(response))
    }
}

impl IntoResponse for Onward {
    fn into_response(self) -> Response {
        self.0.unwrap_or_else(IntoResponse::into_response)
    }
}

impl ApiResponse for Onward {
    const BAD_REQUEST_HANDLER: bool = true;

    fn meta() -> MetaResponses {
        MetaResponses { responses: vec![found()] }
    }

    fn register(_registry: &mut Registry) {}

    fn from_parse_request_error(error: poem::Error) -> Self {
        Self(Err(error.into()))
    }
}

/// The answer to a browser that came back: JSON, or 302 with the same in the fragment.
#[derive(Debug)]
pub enum Landing {
    /// JSON.
    Here(Answer<FederatedAnswer>),
    /// Another place.
    There(Onward),
}

impl Landing {
    /// `answer`, at `url` if there is one.
    pub fn new(
        answer: FederatedAnswer,
        url: Option<&str>,
        now: Timestamp,
        cookie: Option<HeaderValue>,
    ) -> Self {
        match url {
            None => Self::Here(Answer::new(answer, now).setting(cookie)),
            Some(url) => Self::There(Onward::new(&with_fragment(url, &fields(&answer)), cookie)),
        }
    }

    /// Why there is no answer, at `url`.
    pub fn failed(url: &str, error: &ApiError, cookie: Option<HeaderValue>) -> Self {
        let code = serde_json::to_value(error.code()).ok();
        let code = code.as_ref().and_then(serde_json::Value::as_str).unwrap_or("INTERNAL_ERROR").to_owned();
        let fields = [("error", code), ("error_description", error.message().to_owned())];
        Self::There(Onward::new(&with_fragment(url, &fields), cookie))
    }
}

impl IntoResponse for Landing {
    fn into_response(self) -> Response {
        match self {
            Self::Here(answer) => answer.into_response(),
            Self::There(onward) => onward.into_response(),
        }
    }
}

impl ApiResponse for Landing {
    const BAD_REQUEST_HANDLER: bool = true;

    fn meta() -> MetaResponses {
        let mut all = <Answer<FederatedAnswer> as ApiResponse>::meta();
        all.responses.push(found());
        all
    }

    fn register(registry: &mut Registry) {
        <Answer<FederatedAnswer> as ApiResponse>::register(registry);
    }

    fn from_parse_request_error(error: poem::Error) -> Self {
        Self::Here(ApiResponse::from_parse_request_error(error))
    }
}

/// A fragment is not sent to the server that the page is on, and so not written into its logs.
fn with_fragment(url: &str, fields: &[(&str, String)]) -> String {
    format!("{url}#{}", serde_urlencoded::to_string(fields).unwrap_or_default())
}

fn fields(answer: &FederatedAnswer) -> Vec<(&'static str, String)> {
    match answer {
        FederatedAnswer::Granted(login) => vec![
            ("access_token", login.access_token.reveal().to_owned()),
            ("refresh_token", login.refresh_token.reveal().to_owned()),
            ("token_type", login.token_type.clone()),
            ("expires_in", login.expires_in.to_string()),
        ],
        FederatedAnswer::CodeNeeded(needed) => {
            vec![("requires_mfa", "true".to_owned()), ("session_id", needed.session_id.reveal().to_owned())]
        }
        FederatedAnswer::Linked(linked) => vec![("linked", linked.identity.provider.clone())],
    }
}

fn found() -> MetaResponse {
    let location = MetaHeader {
        name: "Location".to_owned(),
        description: Some("Where the browser goes on".to_owned()),
        required: true,
        deprecated: false,
        schema: String::schema_ref(),
    };
    MetaResponse {
        description: "The browser goes on elsewhere",
        status: Some(302),
        status_range: None,
        content: Vec::new(),
        headers: vec![location],
    }
}
