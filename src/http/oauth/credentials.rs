//! What a client of OAuth shows of itself: the secret of a registered service, or an API key (RFC 6749, 2.3.1). Knows
//! nothing of what it asks.
//!
//! ## Decision: a failure costs a place of the address, a success one of the caller
//! A service may send its secret in the body, so the body of a stranger is read before they are known for one. It is
//! capped, and a secret has 256 bits: what is limited is the noise.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use poem::http::{HeaderMap, header};
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use zeroize::Zeroizing;

use crate::domain::time::Timestamp;
use crate::http::error::ApiError;
use crate::http::principal::{Caller, Shown, X_API_KEY, key_holder, shown, stranger};
use crate::http::visit::Visit;
use crate::services::api_key::usage::KeyHolder;
use crate::services::asker::Asker;
use crate::services::limits::Key;
use crate::services::{Services, service};
use crate::wire::error::ErrorCode;
use crate::wire::secret::Secret;

/// An operation that takes this is closed to all but registered services and API keys. Who it is shows when the body is
/// there.
pub struct Credentials {
    visit: Arc<Visit>,
    sent: Sent,
}

/// What the headers hold.
enum Sent {
    Nothing,
    Basic(Basic),
    Key(Box<KeyHolder>),
}

/// A client and its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basic {
    /// The `client_id`.
    pub id: String,
    /// The `client_secret`.
    pub secret: Secret,
}

impl<'a> ApiExtractor<'a> for Credentials {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        Caller::register(registry);
        registry.create_security_scheme(
            "Service",
            MetaSecurityScheme {
                ty: "http",
                description: Some("The `client_id` and `client_secret` of `POST /api/v1/services`"),
                name: None,
                key_in: None,
                scheme: Some("basic"),
                bearer_format: None,
                flows: None,
                openid_connect_url: None,
            },
        );
    }

    fn security_schemes() -> Vec<&'static str> {
        vec!["Service", "ApiKey"]
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let visit = Visit::of(request)?;
        let sent = match basic(request.headers()) {
            Some(Some(basic)) => Sent::Basic(basic),
            Some(None) => return Err(stranger(visit, unknown()).into()),
            None => match shown(request.headers()) {
                Ok(Shown::Key(key)) => Sent::Key(Box::new(key_holder(request, visit, key).await?)),
                Err(error) if error.code() == ErrorCode::Unauthorized => Sent::Nothing,
                Ok(Shown::Token(_)) | Err(_) => return Err(stranger(visit, unknown()).into()),
            },
        };
        Ok(Self { visit: visit.clone(), sent })
    }
}

impl Credentials {
    /// Who asks, after a place was taken of the budget that they have. A service may have put its id and its secret into
    /// the body; a client that shows two credentials is refused (RFC 6749, 2.3).
    pub fn asker(
        self,
        app: &Services,
        (id, secret): (Option<String>, Option<Secret>),
        now: Timestamp,
    ) -> Result<Asker, ApiError> {
        let secret = secret.filter(|secret| !secret.reveal().is_empty());
        let visit = &self.visit;
        let client = match (self.sent, secret) {
            (Sent::Nothing, None) => return Err(stranger(visit, unknown())),
            (Sent::Nothing, Some(secret)) => Basic { id: id.unwrap_or_default(), secret },
            (Sent::Basic(basic), None) => basic,
            (Sent::Key(holder), None) => {
                let KeyHolder { caller, key, rate } = *holder;
                visit.known_as(caller.user.id);
                match rate {
                    Some(_) => visit.take_of_key(key, rate)?,
                    None => visit.take_of_asker(Key::api_key(key))?,
                }
                return Ok(Asker::Program(caller));
            }
            (Sent::Basic(_) | Sent::Key(_), Some(_)) => {
                let twice = ApiError::new(ErrorCode::ValidationError, "Show one credential, not two.");
                return Err(stranger(visit, twice));
            }
        };
        let service = service::authenticate(app, &client.id, client.secret.reveal(), now)?;
        let id = service.ok_or_else(|| stranger(visit, unknown()))?.id;
        visit.take_of_asker(Key::service(id))?;
        Ok(Asker::Service(id))
    }
}

fn unknown() -> ApiError {
    ApiError::new(ErrorCode::Unauthorized, "The client is not known, or its secret is wrong.")
}

/// The client in the one `Authorization: Basic` among the headers. `None`: there is no such header; `Some(None)`: it is
/// no client, or there is another credential beside it. Both parts are written as in a form (RFC 6749, 2.3.1), so they
/// are one: `id=secret`.
pub fn basic(headers: &HeaderMap) -> Option<Option<Basic>> {
    let mut fields = headers.get_all(header::AUTHORIZATION).iter();
    let (scheme, encoded) = std::str::from_utf8(fields.next()?.as_bytes()).ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let is_alone = fields.next().is_none() && !headers.contains_key(X_API_KEY);
    Some(if is_alone { pair(encoded.trim_start_matches(' ')) } else { None })
}

fn pair(encoded: &str) -> Option<Basic> {
    let text = Zeroizing::new(STANDARD.decode(encoded).ok()?);
    let (id, secret) = std::str::from_utf8(&text).ok()?.split_once(':')?;
    let form = Zeroizing::new([id, "=", secret].concat());
    let [(id, secret)] =
        <[(String, Secret); 1]>::try_from(serde_urlencoded::from_str::<Vec<_>>(&form).ok()?).ok()?;
    Some(Basic { id, secret })
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem::http::HeaderValue;

    fn headers(fields: &[(header::HeaderName, &str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (name.clone(), HeaderValue::try_from(*value).unwrap())).collect()
    }

    fn read(text: &str) -> Option<Option<(String, String)>> {
        let value = format!("Basic {}", STANDARD.encode(text));
        let found = basic(&headers(&[(header::AUTHORIZATION, &value)]));
        found.map(|found| found.map(|it| (it.id, it.secret.reveal().to_owned())))
    }

    /// RFC 6749, 2.3.1, and the example of RFC 7617, 2.
    #[test]
    fn both_parts_are_written_as_in_a_form() {
        let both = |id: &str, secret: &str| Some(Some((id.to_owned(), secret.to_owned())));
        let field =
            headers(&[(header::AUTHORIZATION, "basic  czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3")]);
        let client = basic(&field).unwrap().unwrap();
        assert_eq!((client.id.as_str(), client.secret.reveal()), ("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw"));
        assert_eq!(read("Aladdin:open+sesame"), both("Aladdin", "open sesame"));
        assert_eq!(read("a%3Ab:c%26d%3D%2B"), both("a:b", "c&d=+"));
        assert_eq!(read("id:a:b"), both("id", "a:b"));
        assert_eq!(read("id:"), both("id", ""));
    }

    #[test]
    fn what_is_no_client_is_told_apart_from_no_header() {
        for bad in ["", "id", "id&x:y", "id:x&y", "\u{0}"] {
            assert_eq!(read(bad), Some(None), "{bad:?}");
        }
        let one = |value: &str| basic(&headers(&[(header::AUTHORIZATION, value)]));
        for bad in ["Basic ", "Basic  ", "Basic x", "Basic eA", "Basic eDp5=", "Basic /w==", "Basic eDp5 "] {
            assert_eq!(one(bad), Some(None), "{bad:?}");
        }
        for other in ["", "Basic", "Bearer x", "ApiKey eDp5", "Basicx eDp5"] {
            assert_eq!(one(other), None, "{other:?}");
        }
        let good = (header::AUTHORIZATION, "Basic eDp5");
        assert!(basic(&headers(std::slice::from_ref(&good))).unwrap().is_some());
        assert_eq!(basic(&headers(&[good.clone(), good.clone()])), Some(None));
        assert_eq!(basic(&headers(&[good, (X_API_KEY, "lk_x")])), Some(None));
        assert_eq!(basic(&HeaderMap::new()), None);
    }
}
