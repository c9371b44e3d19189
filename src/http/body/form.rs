//! Forms: capped, each field once. Unknown fields are ignored, as forms are.

use poem::{Request, RequestBody};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::read;
use crate::http::error::ApiError;
use crate::wire::error::ErrorCode;

/// The type of a form.
pub const FORM: &str = "application/x-www-form-urlencoded";

/// The form in a body.
///
/// # Errors
/// Those of [`read`], `UNSUPPORTED_MEDIA_TYPE` for another type, `VALIDATION_ERROR` when a field is missing or comes
/// twice.
pub async fn read_form<T: DeserializeOwned>(
    request: &Request,
    body: &mut RequestBody,
) -> Result<T, ApiError> {
    parse_form(&read_form_bytes(request, body).await?)
}

/// The bytes of a form, for whoever reads more than one thing of it.
pub async fn read_form_bytes(
    request: &Request,
    body: &mut RequestBody,
) -> Result<Zeroizing<Vec<u8>>, ApiError> {
    if !request.content_type().is_some_and(is_form) {
        let message = "Send the body as application/x-www-form-urlencoded.";
        return Err(ApiError::new(ErrorCode::UnsupportedMediaType, message));
    }
    read(request, body).await
}

/// Whether `content_type` is that of a form, with whatever beside it.
pub fn is_form(content_type: &str) -> bool {
    content_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(FORM))
}

/// The form in these bytes.
pub fn parse_form<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let bad =
        |_| ApiError::new(ErrorCode::ValidationError, "A field of the form is missing, or comes twice.");
    serde_urlencoded::from_bytes(bytes).map_err(bad)
}
