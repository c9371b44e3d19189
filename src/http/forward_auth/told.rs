//! What a proxy tells of the request that it asks about. Knows no rule and no account.
//!
//! ## Decision: one set of headers, and the other one absent
//! Caddy and Traefik set `X-Forwarded-Method`, `-Proto`, `-Host` and `-Uri`; of nginx we ask for `X-Original-URL` and
//! `X-Original-Method`. Each lets through what a client sent under the names of the other: so a client could tell of
//! another request than the proxy does. Where both are there it is not guessed which is the proxy's; nor where one is
//! there twice.

use poem::http::{HeaderMap, HeaderName};

use super::super::error::ApiError;
use crate::domain::forward_auth::app_url::AppUrl;
use crate::domain::forward_auth::is_method;

const FORWARDED_METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const ORIGINAL_URL: HeaderName = HeaderName::from_static("x-original-url");
const ORIGINAL_METHOD: HeaderName = HeaderName::from_static("x-original-method");

/// A request to an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told<'a> {
    /// The method.
    pub method: &'a str,
    /// The URL as it was told; whether it is one is for [`Told::url`].
    url: String,
    /// Whether the proxy hands a redirect on to the client. nginx does not: it takes 401 and 403, and of everything else
    /// makes an error of its own.
    pub takes_redirects: bool,
}

impl<'a> Told<'a> {
    /// Reads the headers. The error names the first that is missing or should not be there.
    pub fn read(headers: &'a HeaderMap) -> Result<Self, ApiError> {
        if headers.get(FORWARDED_FOR).is_none() {
            return Err(missing(&FORWARDED_FOR));
        }
        if headers.contains_key(ORIGINAL_URL) || headers.contains_key(ORIGINAL_METHOD) {
            for foreign in [FORWARDED_METHOD, FORWARDED_URI] {
                if headers.contains_key(&foreign) {
                    return Err(refused(&foreign, "ambiguous", "must not be there beside X-Original-URL"));
                }
            }
            let url = one(headers, &ORIGINAL_URL)?.to_owned();
            return Ok(Self { method: method(headers, &ORIGINAL_METHOD)?, url, takes_redirects: false });
        }
        let method = method(headers, &FORWARDED_METHOD)?;
        let proto = one(headers, &FORWARDED_PROTO)?;
        if !matches!(proto, "http" | "https") {
            return Err(refused(&FORWARDED_PROTO, "invalid", "must be http or https"));
        }
        let (host, uri) = (one(headers, &FORWARDED_HOST)?, one(headers, &FORWARDED_URI)?);
        if !uri.starts_with('/') || host.contains(['/', '?']) {
            return Err(refused(&FORWARDED_URI, "invalid", "must be a path, and X-Forwarded-Host a host"));
        }
        Ok(Self { method, url: format!("{proto}://{host}{uri}"), takes_redirects: true })
    }

    /// The URL; `None` when it is none that an application can be asked for.
    pub fn url(&self) -> Option<AppUrl<'_>> {
        AppUrl::parse(&self.url)
    }
}

fn method<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str, ApiError> {
    let method = one(headers, name)?;
    if is_method(method) { Ok(method) } else { Err(refused(name, "invalid", "is no method")) }
}

/// The one value of a header, in visible ASCII.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str, ApiError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Err(missing(name)),
        (Some(_), Some(_)) => Err(refused(name, "ambiguous", "is there twice")),
        (Some(value), None) => value.to_str().map_err(|_| refused(name, "invalid", "is no text")),
    }
}

fn missing(name: &HeaderName) -> ApiError {
    refused(name, "missing", "is missing: see the example configurations of proxies")
}

fn refused(name: &HeaderName, reason: &'static str, why: &str) -> ApiError {
    ApiError::field(name.as_str(), reason, format!("The proxy's header {name} {why}."))
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;
    use serde_json::json;

    use super::*;

    const CADDY: [(&str, &str); 5] = [
        ("x-forwarded-for", "192.0.2.7"),
        ("x-forwarded-method", "GET"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "app.example.com"),
        ("x-forwarded-uri", "/x?y=1"),
    ];

    const NGINX: [(&str, &str); 3] = [
        ("x-forwarded-for", "192.0.2.7"),
        ("x-original-url", "https://app.example.com/x?y=1"),
        ("x-original-method", "POST"),
    ];

    fn headers(fields: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
        }
        headers
    }

    /// The field and the reason that are told.
    fn fault(headers: &HeaderMap) -> (String, String) {
        let error = Told::read(headers).unwrap_err();
        (error.detail("field").unwrap(), error.detail("reason").unwrap())
    }

    #[test]
    fn both_sets_of_headers_are_read() {
        let caddy = headers(&CADDY);
        let told = Told::read(&caddy).unwrap();
        assert_eq!((told.method, told.takes_redirects), ("GET", true));
        let url = told.url().unwrap();
        assert_eq!(
            (url.text, url.host, url.path),
            ("https://app.example.com/x?y=1", "app.example.com", "/x")
        );
        let nginx = headers(&NGINX);
        let told = Told::read(&nginx).unwrap();
        assert_eq!((told.method, told.takes_redirects), ("POST", false));
        assert_eq!(told.url().unwrap().text, "https://app.example.com/x?y=1");
    }

    #[test]
    fn whatever_is_missing_or_twice_is_named() {
        for set in [&CADDY[..], &NGINX[..]] {
            for (at, (name, _)) in set.iter().enumerate() {
                let mut fields = set.to_vec();
                let removed = fields.remove(at);
                assert_eq!(fault(&headers(&fields)), ((*name).to_owned(), "missing".to_owned()));
                if *name != "x-forwarded-for" {
                    fields.extend([removed, removed]);
                    assert_eq!(fault(&headers(&fields)), ((*name).to_owned(), "ambiguous".to_owned()));
                }
            }
        }
        let said = Told::read(&HeaderMap::new()).unwrap_err();
        let expected = json!({ "field": "x-forwarded-for", "reason": "missing" });
        assert_eq!(said.facts(), Some(&expected));
    }

    /// A client behind Caddy or Traefik sends the headers of nginx, and the other way round.
    #[test]
    fn what_a_client_adds_never_speaks_for_the_proxy() {
        for mine in ["x-original-url", "x-original-method"] {
            let mut fields = CADDY.to_vec();
            fields.push((mine, "https://app.example.com/public"));
            assert_eq!(fault(&headers(&fields)), ("x-forwarded-method".to_owned(), "ambiguous".to_owned()));
        }
        for mine in ["x-forwarded-method", "x-forwarded-uri"] {
            let mut fields = NGINX.to_vec();
            fields.push((mine, "/public"));
            assert_eq!(fault(&headers(&fields)), (mine.to_owned(), "ambiguous".to_owned()));
        }
        // What nginx does not speak by is not read.
        let mut fields = NGINX.to_vec();
        fields.extend([("x-forwarded-host", "evil.example"), ("x-forwarded-proto", "gopher")]);
        let all = headers(&fields);
        assert_eq!(Told::read(&all).unwrap().url().unwrap().host, "app.example.com");
    }

    #[test]
    fn what_is_no_method_scheme_host_or_path_is_refused() {
        for (name, value) in [
            ("x-forwarded-method", "get"),
            ("x-forwarded-method", ""),
            ("x-forwarded-proto", "ftp"),
            ("x-forwarded-proto", "https, http"),
            ("x-forwarded-uri", "https://app.example.com/public"),
            ("x-forwarded-uri", "*"),
        ] {
            let mut all = headers(&CADDY);
            all.insert(HeaderName::try_from(name).unwrap(), value.parse().unwrap());
            assert_eq!(fault(&all), (name.to_owned(), "invalid".to_owned()), "{value}");
        }
        for (name, value) in [
            ("x-forwarded-host", "app.example.com@evil.example"),
            ("x-forwarded-host", ""),
            ("x-forwarded-host", "a, b"),
            ("x-forwarded-uri", "/x#y"),
            ("x-forwarded-uri", "/x y"),
        ] {
            let mut all = headers(&CADDY);
            all.insert(HeaderName::try_from(name).unwrap(), value.parse().unwrap());
            assert_eq!(Told::read(&all).unwrap().url(), None, "{value}");
        }
        let mut all = headers(&CADDY);
        all.insert("x-forwarded-host", "app.example.com/public?".parse().unwrap());
        assert_eq!(fault(&all), ("x-forwarded-uri".to_owned(), "invalid".to_owned()));
        all.insert("x-forwarded-host", HeaderValue::from_bytes(b"app\xff").unwrap());
        assert_eq!(fault(&all), ("x-forwarded-host".to_owned(), "invalid".to_owned()));
    }
}
