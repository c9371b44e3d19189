//! Request bodies of profiles: JSON or a form, whichever the client sends. Knows nothing of what a field means.

use poem::http::StatusCode;
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::http::body::form::{FORM, is_form};
use crate::http::body::{self, is_json};
use crate::http::error::ApiError;

/// A body whose unknown fields are ignored; of a field that comes twice the last one counts.
///
/// The caps are those of every body: on size, levels and values.
#[derive(Debug)]
pub struct Loose<T>(pub T);

impl<'a, T: Type + DeserializeOwned> ApiExtractor<'a> for Loose<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let of = |content_type| MetaMediaType { content_type, schema: T::schema_ref() };
        Some(MetaRequest {
            description: None,
            content: vec![of("application/json"), of(FORM)],
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let bytes = body::read(request, body).await?;
        let kind = request.content_type().unwrap_or_default();
        let json = if is_json(kind) || is_text(kind) {
            bytes
        } else if is_form(kind) {
            of_form(&bytes)
        } else {
            return Err(ApiError::from_status(StatusCode::UNSUPPORTED_MEDIA_TYPE).into());
        };
        Ok(Self(parse(&json)?))
    }
}

/// Whether it is what a browser calls a text whose type the page does not name: the scribes guide's own `fetch` sends its
/// JSON so. A page of another origin can send forms unasked too, so this opens nothing that was closed.
fn is_text(content_type: &str) -> bool {
    content_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/plain"))
}

/// Reads an object. serde refuses a field that comes twice, so an object in which one does is read again with the last.
pub fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, ApiError> {
    body::parse(json).or_else(|error| match serde_json::from_slice::<Map<String, Value>>(json) {
        Ok(map) => body::parse(&Zeroizing::new(serde_json::to_vec(&map).unwrap_or_default())),
        Err(_) => Err(error),
    })
}

/// A form as the JSON object that says the same.
pub fn of_form(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let fields: Vec<(String, Value)> = serde_urlencoded::from_bytes(bytes).unwrap_or_default();
    Zeroizing::new(serde_json::to_vec(&fields.into_iter().collect::<Map<_, _>>()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Login {
        username: String,
        password: Option<String>,
    }

    fn read(json: &str) -> Result<Login, ApiError> {
        parse(json.as_bytes())
    }

    #[test]
    fn unknown_fields_are_ignored_and_the_last_of_two_counts() {
        let ada = Login { username: "ada".to_owned(), password: None };
        assert_eq!(read(r#"{"username":"ada","role":"admin"}"#).unwrap(), ada);
        assert_eq!(read(r#"{"username":"eve","username":"ada"}"#).unwrap(), ada);
    }

    #[test]
    fn what_is_missing_or_no_object_is_named() {
        let error = read(r#"{"password":"x"}"#).unwrap_err();
        assert!(error.message().contains("username"), "{}", error.message());
        for bad in ["[]", "", "{", "null", "[\"ada\"]"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_form_says_what_json_says() {
        let json = of_form(b"username=ada%40example.com&password=a+b&username=ada");
        assert_eq!(
            parse::<Login>(&json).unwrap(),
            Login { username: "ada".to_owned(), password: Some("a b".to_owned()) }
        );
        assert!(parse::<Login>(&of_form(b"=&%")).is_err());
    }
}
