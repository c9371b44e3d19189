//! Reading request bodies: capped, strict JSON; forms are beside. Knows nothing of what a field means.
//!
//! ## Decision
//! poem's own `Json` reads without limit, and poem-openapi's error texts repeat the value that was wrong, which
//! may be a password. So bodies are counted while they stream, serde reads them straight into the request type,
//! and an error says which field is to blame and never what it held. A request type is an object whose
//! unknown and duplicate fields serde refuses at the key; what a field holds that takes any JSON is bounded in `shape`.

mod blame;
pub mod form;
mod shape;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, LengthLimitError};
use poem::http::header;
use poem::{FromRequest, Request, RequestBody};
use poem_openapi::payload::{ParsePayload, Payload};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use self::shape::Misshapen;
use super::error::ApiError;
use super::visit::Visit;
use crate::wire::error::ErrorCode;

/// The largest body that is read, unless the configuration says otherwise.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// A JSON request body.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: Type> Payload for Json<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn check_content_type(content_type: &str) -> bool {
        is_json(content_type)
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Type + DeserializeOwned> ParsePayload for Json<T> {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, body: &mut RequestBody) -> poem::Result<Self> {
        let bytes = read(request, body).await?;
        if !request.content_type().is_some_and(is_json) {
            return Err(ApiError::from_status(poem::http::StatusCode::UNSUPPORTED_MEDIA_TYPE).into());
        }
        Ok(Self(parse(&bytes)?))
    }
}

impl<'a, T: Type + DeserializeOwned> ApiExtractor<'a> for Json<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        <Self as Payload>::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content = vec![MetaMediaType { content_type: Self::CONTENT_TYPE, schema: Self::schema_ref() }];
        Some(MetaRequest { description: None, content, required: true })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        <Self as ParsePayload>::from_request(request, body).await
    }
}

/// For an operation without a body: nothing, or `{}`.
#[derive(Debug, Clone, Copy)]
pub struct NoBody;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

impl<'a> FromRequest<'a> for NoBody {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        let bytes = read(request, body).await?;
        if !bytes.is_empty() {
            let Nothing {} = parse(&bytes)?;
        }
        Ok(Self)
    }
}

/// The whole body, wiped after use.
///
/// # Errors
/// `PAYLOAD_TOO_LARGE` as soon as one byte too many arrives or is announced, `REQUEST_TIMEOUT` when it drips,
/// `UNSUPPORTED_MEDIA_TYPE` for an encoded body.
pub async fn read(request: &Request, body: &mut RequestBody) -> Result<Zeroizing<Vec<u8>>, ApiError> {
    let limit = Visit::of(request)?.gate().max_body_bytes;
    let encoded = request.headers().get_all(header::CONTENT_ENCODING).iter().any(|v| v != "identity");
    if encoded {
        let message = "Send the body without a content encoding.";
        return Err(ApiError::new(ErrorCode::UnsupportedMediaType, message));
    }
    let announced = request.header(header::CONTENT_LENGTH).and_then(|text| text.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    let mut body: BoxBody<_, std::io::Error> = body.take().map_err(ApiError::internal)?.into();
    let mut bytes = Zeroizing::new(Vec::with_capacity(announced.unwrap_or(0)));
    while let Some(frame) = body.frame().await {
        if let Some(data) = frame.map_err(|error| broken(&error, limit))?.data_ref() {
            if bytes.len().saturating_add(data.len()) > limit {
                return Err(too_large(limit));
            }
            bytes.extend_from_slice(data);
        }
    }
    Ok(bytes)
}

/// Why a body did not end well: the listener has a cap and a slowest pace of its own.
fn broken(error: &std::io::Error, limit: usize) -> ApiError {
    if matches!(error.get_ref(), Some(inner) if inner.is::<LengthLimitError>()) {
        return too_large(limit);
    }
    if error.kind() == std::io::ErrorKind::TimedOut {
        return ApiError::new(ErrorCode::RequestTimeout, "The body did not arrive in time.");
    }
    ApiError::new(ErrorCode::ValidationError, "The body is incomplete.")
}

fn too_large(limit: usize) -> ApiError {
    ApiError::new(ErrorCode::PayloadTooLarge, format!("The body is larger than {limit} bytes."))
}

/// `application/json`, with nothing but `charset=utf-8` beside it.
pub fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let essence = parts.next().is_some_and(|part| part.eq_ignore_ascii_case("application/json"));
    essence && parts.all(|part| part.replace('"', "").eq_ignore_ascii_case("charset=utf-8"))
}

/// Strict JSON: one object, no unknown and no duplicate field, valid UTF-8, nothing after it, at most 64 levels and
/// 1,000 values.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // serde would also read a struct from an array, by position.
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if first.is_some_and(|byte| *byte != b'{')
        && serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
    {
        return Err(ApiError::new(ErrorCode::ValidationError, "The body must be a JSON object."));
    }
    let read = serde_json::from_slice(bytes).map_err(|error| blame::explain(bytes, &error))?;
    shape::check(bytes).map_err(misshapen)?;
    Ok(read)
}

fn misshapen(what: Misshapen) -> ApiError {
    let message = match what {
        Misshapen::TooDeep => "The body is nested too deeply.",
        Misshapen::TooMany => "The body has too many values.",
        Misshapen::Duplicate => "An object in the body has a field twice.",
    };
    ApiError::new(ErrorCode::ValidationError, message)
}

#[cfg(test)]
mod tests;
