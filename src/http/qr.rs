//! A text as a QR picture. Knows nothing of the text.

mod png;

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::payload::{Binary, Payload};
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use qrcode::{Color, EcLevel, QrCode};

use super::error::ApiError;
use super::pages::render::factor::Drawing;

/// Pixels to a side of a module: large enough for a camera, and small on the wire.
const SCALE: usize = 4;

/// Light modules around the code, which readers need (ISO/IEC 18004).
const QUIET: usize = 4;

const PNG: &str = "image/png";

/// Draws `text`, which takes at most 2,331 bytes, for a page.
pub fn drawing(text: &str) -> Result<Drawing, ApiError> {
    let code = coded(text)?;
    let mut path = String::new();
    for (at, _) in code.to_colors().iter().enumerate().filter(|(_, color)| **color == Color::Dark) {
        let (x, y) = (at % code.width() + QUIET, at / code.width() + QUIET);
        // Writing into a text cannot fail.
        let _ = write!(path, "M{x} {y}h1v1h-1z");
    }
    Ok(Drawing { side: code.width() + 2 * QUIET, path })
}

fn coded(text: &str) -> Result<QrCode, ApiError> {
    QrCode::with_error_correction_level(text, EcLevel::M).map_err(ApiError::internal)
}

/// A QR picture as PNG, one bit a pixel.
#[derive(Debug)]
pub struct Picture(Vec<u8>);

impl Picture {
    /// Draws `text`, which takes at most 2,331 bytes.
    pub fn of(text: &str) -> Result<Self, ApiError> {
        let code = coded(text)?;
        let side = code.width() + 2 * QUIET;
        let modules = code.to_colors();
        let is_dark = |x: usize, y: usize| {
            let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < code.width());
            let at = inside(x).zip(inside(y)).map(|(x, y)| y * code.width() + x);
            at.and_then(|at| modules.get(at)) == Some(&Color::Dark)
        };
        Ok(Self(png::bilevel(side * SCALE, |x, y| is_dark(x / SCALE, y / SCALE))))
    }

    /// In base64.
    pub fn base64(&self) -> String {
        STANDARD.encode(&self.0)
    }

    /// As a `data:` URL.
    pub fn data_url(&self) -> String {
        format!("data:{PNG};base64,{}", self.base64())
    }
}

impl IntoResponse for Picture {
    fn into_response(self) -> Response {
        let mut answer = Response::from(self.0);
        answer.set_status(StatusCode::OK);
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PNG));
        answer
    }
}

impl ApiResponse for Picture {
    fn meta() -> MetaResponses {
        let content = vec![MetaMediaType { content_type: PNG, schema: Binary::<Vec<u8>>::schema_ref() }];
        let response = MetaResponse {
            description: "The picture",
            status: Some(200),
            status_range: None,
            content,
            headers: Vec::new(),
        };
        MetaResponses { responses: vec![response] }
    }

    fn register(_registry: &mut Registry) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_a_png_and_its_data_url_says_so() {
        let picture = Picture::of("otpauth://totp/Latchkey:ada").unwrap();
        assert!(picture.0.starts_with(b"\x89PNG\r\n\x1a\n"));
        let encoded = picture.data_url();
        let encoded = encoded.strip_prefix("data:image/png;base64,").unwrap();
        assert_eq!(STANDARD.decode(encoded).unwrap(), picture.0);
    }

    #[test]
    fn what_no_code_can_hold_is_an_error() {
        assert!(Picture::of(&"x".repeat(2_331)).is_ok() && Picture::of(&"x".repeat(2_332)).is_err());
    }
}
