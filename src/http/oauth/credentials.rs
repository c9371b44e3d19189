//! What a client of OAuth shows of itself: the secret of a registered service, or an API key (RFC 6749, 2.3.1). Knows
//! nothing of what it asks.
//!
//! ## Decision: a failure costs a place of the address, a success one of the caller
//! A service may send its secret in the body, so the body of whoever has none in the header is read before they are
//! known for a stranger. It is capped, and a secret has 256 bits: what is limited is the noise.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use poem::http::{HeaderMap, header};
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSecurityScheme, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::domain::service::Service;
use crate::domain::time::Timestamp;
use crate::http::body::form::{FORM, read_form};
use crate::http::error::ApiError;
use crate::http::principal::{Caller, Shown, X_API_KEY, key_holder, shown, stranger};
use crate::http::visit::Visit;
use crate::services::StoreError;
use crate::services::api_key::usage::KeyHolder;
use crate::services::asker::Asker;
use crate::services::limits::{Class, Key};
use crate::wire::error::ErrorCode;
use crate::wire::oauth::ClientForm;
use crate::wire::secret::Secret;

/// An operation that takes this is closed to all but registered services and API keys, and takes a form.
pub struct Signed<T> {
    /// Who asks.
    pub asker: Asker,
    /// What they ask.
    pub form: T,
}

/// Checks the secret of a registered service at a time.
pub type AuthenticateService =
    dyn Fn(&str, &str, Timestamp) -> Result<Option<Service>, StoreError> + Send + Sync;

/// A client and its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basic {
    /// The `client_id`.
    pub id: String,
    /// The `client_secret`.
    pub secret: Secret,
}

impl<'a, T: ClientForm + Type + DeserializeOwned> ApiExtractor<'a> for Signed<T> {
    const TYPES: &'static [ApiExtractorType] =
        &[ApiExtractorType::SecurityScheme, ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
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

    fn request_meta() -> Option<MetaRequest> {
        let content = vec![MetaMediaType { content_type: FORM, schema: T::schema_ref() }];
        Some(MetaRequest { description: None, content, required: true })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let visit = Visit::of(request)?;
        let known = by_header(request, visit).await?;
        let form = read_form::<T>(request, body).await;
        let (id, secret) = form.as_ref().map(ClientForm::client).unwrap_or_default();
        let secret = secret.filter(|secret| !secret.reveal().is_empty());
        let asker = match (known, secret) {
            (Some(asker), None) => asker,
            (Some(_), Some(_)) => {
                let message = "Show one credential, not two.";
                return Err(ApiError::new(ErrorCode::ValidationError, message).into());
            }
            (None, Some(secret)) => service(visit, id.unwrap_or_default(), secret)?,
            (None, None) => return Err(stranger(visit, unknown()).into()),
        };
        Ok(Self { asker, form: form? })
    }
}

/// Who asks, by the headers, after a place was taken of the budget that they have.
async fn by_header(request: &Request, visit: &Visit) -> Result<Option<Asker>, ApiError> {
    match basic(request.headers()) {
        Some(Ok(Basic { id, secret })) => return service(visit, &id, &secret).map(Some),
        Some(Err(NotAClient)) => return Err(stranger(visit, unknown())),
        None => {}
    }
    match shown(request.headers(), visit.door().name) {
        Ok(Shown::Key(key)) => {
            let KeyHolder { caller, key, rate } = key_holder(request, visit, key).await?;
            visit.known_as(caller.user.id, "API key");
            visit.take_of_key(key, rate, Some(Class::Introspection))?;
            Ok(Some(Asker::Program(Box::new(caller))))
        }
        // A browser sends its cookie along; it is nobody's word here.
        Ok(Shown::Cookie(_)) => Ok(None),
        Err(error) if error.code() == ErrorCode::Unauthorized => Ok(None),
        Ok(Shown::Token(_)) | Err(_) => Err(stranger(visit, unknown())),
    }
}

fn service(visit: &Visit, id: &str, secret: &Secret) -> Result<Asker, ApiError> {
    let known = (visit.gate().authenticate_service)(id, secret.reveal(), visit.now())?;
    let id = known.ok_or_else(|| stranger(visit, unknown()))?.id;
    visit.take_of_asker(Key::service(id))?;
    Ok(Asker::Service(id))
}

fn unknown() -> ApiError {
    ApiError::new(ErrorCode::Unauthorized, "The client is not known, or its secret is wrong.")
}

/// The header holds no client, or there is another credential beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one client and its secret")]
pub struct NotAClient;

/// The client in `Authorization: Basic`, if there is such a header. Both parts are written as in a form (RFC 6749,
/// 2.3.1), so they are one: `id=secret`.
pub fn basic(headers: &HeaderMap) -> Option<Result<Basic, NotAClient>> {
    let mut fields = headers.get_all(header::AUTHORIZATION).iter();
    let (scheme, encoded) = std::str::from_utf8(fields.next()?.as_bytes()).ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let is_alone = fields.next().is_none() && !headers.contains_key(X_API_KEY);
    let client = if is_alone { pair(encoded.trim_start_matches(' ')) } else { None };
    Some(client.ok_or(NotAClient))
}

fn pair(encoded: &str) -> Option<Basic> {
    let text = Zeroizing::new(STANDARD.decode(encoded).ok()?);
    let (id, secret) = std::str::from_utf8(&text).ok()?.split_once(':')?;
    let form = Zeroizing::new([id, "=", secret].concat());
    let pairs: Vec<(String, Secret)> = serde_urlencoded::from_str(&form).ok()?;
    let [(id, secret)] = <[_; 1]>::try_from(pairs).ok()?;
    Some(Basic { id, secret })
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem::http::HeaderValue;

    fn headers(fields: &[(header::HeaderName, &str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (name.clone(), HeaderValue::try_from(*value).unwrap())).collect()
    }

    fn read(text: &str) -> Result<(String, String), NotAClient> {
        let value = format!("Basic {}", STANDARD.encode(text));
        let found = basic(&headers(&[(header::AUTHORIZATION, &value)])).unwrap();
        found.map(|client| (client.id, client.secret.reveal().to_owned()))
    }

    /// RFC 6749, 2.3.1, and the example of RFC 7617, 2.
    #[test]
    fn both_parts_are_written_as_in_a_form() {
        let both = |id: &str, secret: &str| Ok((id.to_owned(), secret.to_owned()));
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
            assert_eq!(read(bad), Err(NotAClient), "{bad:?}");
        }
        let one = |value: &str| basic(&headers(&[(header::AUTHORIZATION, value)]));
        for bad in ["Basic ", "Basic  ", "Basic x", "Basic eA", "Basic eDp5=", "Basic /w==", "Basic eDp5 "] {
            assert_eq!(one(bad), Some(Err(NotAClient)), "{bad:?}");
        }
        for other in ["", "Basic", "Bearer x", "ApiKey eDp5", "Basicx eDp5"] {
            assert_eq!(one(other), None, "{other:?}");
        }
        let good = (header::AUTHORIZATION, "Basic eDp5");
        assert!(basic(&headers(std::slice::from_ref(&good))).unwrap().is_ok());
        assert_eq!(basic(&headers(&[good.clone(), good.clone()])), Some(Err(NotAClient)));
        assert_eq!(basic(&headers(&[good, (X_API_KEY, "lk_x")])), Some(Err(NotAClient)));
        assert_eq!(basic(&HeaderMap::new()), None);
    }
}
