//! The successes of the API: a framed answer with its status. Knows nothing of what it carries.

use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::{ParseFromJSON, ToJSON, Type};
use serde::Serialize;

use super::error::ApiError;
use crate::domain::time::Timestamp;
use crate::wire::envelope::Success;

const JSON: &str = "application/json";

/// Room for the header fields of an answer, those of the edge and of hyper included.
const HEADERS: usize = 10 + super::limit::FIELDS;

/// `T` in the success envelope, with HTTP status `STATUS`.
///
/// It also stands for a request that an extractor refused: poem-openapi builds that from the success type.
#[derive(Debug)]
pub struct Answer<T, const STATUS: u16 = 200>(Result<Content<T>, ApiError>);

#[derive(Debug)]
struct Content<T> {
    data: T,
    now: Timestamp,
    cookies: Vec<HeaderValue>,
}

impl<T, const STATUS: u16> Answer<T, STATUS> {
    /// The answer `data`, made at `now`.
    pub fn new(data: T, now: Timestamp) -> Self {
        Self(Ok(Content { data, now, cookies: Vec::new() }))
    }

    /// The same, with the cookies to set where there are some.
    #[must_use]
    pub fn setting(self, cookies: impl IntoIterator<Item = HeaderValue>) -> Self {
        Self(self.0.map(|content| Content { cookies: cookies.into_iter().collect(), ..content }))
    }
}

impl<T: Envelope, const STATUS: u16> IntoResponse for Answer<T, STATUS> {
    fn into_response(self) -> Response {
        match self.0 {
            Ok(Content { data, now, cookies }) => {
                let mut response = json(status(STATUS), &Success::new(data, now.to_string()));
                for cookie in cookies {
                    response.headers_mut().append(header::SET_COOKIE, cookie);
                }
                response
            }
            Err(error) => error.into_response(),
        }
    }
}

impl<T: Envelope, const STATUS: u16> ApiResponse for Answer<T, STATUS> {
    const BAD_REQUEST_HANDLER: bool = true;

    fn meta() -> MetaResponses {
        let content = vec![MetaMediaType { content_type: JSON, schema: Success::<T>::schema_ref() }];
        let (description, status) = (described(STATUS), Some(STATUS));
        let response = MetaResponse { description, status, status_range: None, content, headers: Vec::new() };
        MetaResponses { responses: vec![response] }
    }

    fn register(registry: &mut Registry) {
        Success::<T>::register(registry);
    }

    fn from_parse_request_error(error: poem::Error) -> Self {
        Self(Err(error.into()))
    }
}

/// `T` as it is, with 200.
#[derive(Debug)]
pub struct Bare<T>(Result<T, ApiError>);

impl<T> Bare<T> {
    /// The answer `data`.
    pub fn new(data: T) -> Self {
        Self(Ok(data))
    }
}

impl<T: Serialize + Send> IntoResponse for Bare<T> {
    fn into_response(self) -> Response {
        match self.0 {
            Ok(data) => json(StatusCode::OK, &data),
            Err(error) => error.into_response(),
        }
    }
}

impl<T: Type + Serialize> ApiResponse for Bare<T> {
    const BAD_REQUEST_HANDLER: bool = true;

    fn meta() -> MetaResponses {
        let content = vec![MetaMediaType { content_type: JSON, schema: T::schema_ref() }];
        let (description, status) = (described(200), Some(200));
        let response = MetaResponse { description, status, status_range: None, content, headers: Vec::new() };
        MetaResponses { responses: vec![response] }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn from_parse_request_error(error: poem::Error) -> Self {
        Self(Err(error.into()))
    }
}

/// What can be carried in the success envelope.
pub trait Envelope: Type + ParseFromJSON + ToJSON + Serialize {}

impl<T: Type + ParseFromJSON + ToJSON + Serialize> Envelope for T {}

/// A JSON answer without the envelope.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    // Most answers fit: the buffer does not grow while it is filled.
    let mut bytes = Vec::with_capacity(512);
    match serde_json::to_writer(&mut bytes, body) {
        Ok(()) => {
            let mut response = Response::from(bytes);
            response.set_status(status);
            response.headers_mut().reserve(HEADERS);
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
            response
        }
        Err(error) => ApiError::internal(error).into_response(),
    }
}

fn status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::OK)
}

fn described(status: u16) -> &'static str {
    if status == 201 { "Made" } else { "Done" }
}
