//! Answers of profiles: the data itself, without an envelope. Knows nothing of what it carries.

use poem::http::StatusCode;
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};

use crate::http::answer::{Envelope, json};
use crate::http::error::ApiError;

/// `T` as it is, with HTTP status `STATUS`; or what an extractor refused, which poem-openapi builds from the success.
#[derive(Debug)]
pub struct Flat<T, const STATUS: u16 = 200>(Result<T, ApiError>);

impl<T, const STATUS: u16> Flat<T, STATUS> {
    /// The answer `data`.
    pub fn new(data: T) -> Self {
        Self(Ok(data))
    }
}

impl<T: Envelope, const STATUS: u16> IntoResponse for Flat<T, STATUS> {
    fn into_response(self) -> Response {
        match self.0 {
            Ok(data) => json(StatusCode::from_u16(STATUS).unwrap_or(StatusCode::OK), &data),
            Err(error) => error.into_response(),
        }
    }
}

impl<T: Envelope, const STATUS: u16> ApiResponse for Flat<T, STATUS> {
    const BAD_REQUEST_HANDLER: bool = true;

    fn meta() -> MetaResponses {
        let content = vec![MetaMediaType { content_type: "application/json", schema: T::schema_ref() }];
        let (description, status) = (if STATUS == 201 { "Made" } else { "Done" }, Some(STATUS));
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
