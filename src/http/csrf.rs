//! Whether a page of ours sent a request. Knows no session: what its token is, is asked.
//!
//! ## Decision: three proofs, and all of them
//! A browser sends a cookie along with requests that another site caused. So one that may change something needs the
//! token of its session in `X-CSRF-Token`, which only our pages can read; and where the browser says which origin sent
//! it (`Origin`), or how that stands to us (`Sec-Fetch-Site`), it must be us. The last two also guard the login, where
//! there is no token yet: or another site could log a browser in to an account that is not its owner's. A request
//! without them comes from no browser of today. What a safe method asks for changes nothing, so it needs no proof.
//!
//! A form on a served page carries the token in a field, for no script is there to set a header. `Referrer-Policy` of
//! those pages is `same-origin` and not `no-referrer`, with which browsers send `Origin: null` along with a form.
//!
//! ## Decision: our origin is the one of `public_url`
//! Never the `Host` of the request, which the sender chooses. On this machine `localhost`, `127.0.0.1` and `[::1]` are
//! one host with one port.

use poem::http::{HeaderMap, HeaderName, HeaderValue, Method, header};

const X_CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Why a request is taken for another site's. The names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Its origin is not ours.
    Origin,
    /// The browser says that another site caused it.
    Site,
    /// It has no token, or two.
    TokenMissing,
    /// Its token is not its session's.
    TokenWrong,
}

impl Cause {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Origin => "origin",
            Self::Site => "site",
            Self::TokenMissing => "token_missing",
            Self::TokenWrong => "token_wrong",
        }
    }
}

/// The origins of our own pages.
#[derive(Debug, Clone, Default)]
pub struct OwnOrigins(Vec<HeaderValue>);

impl OwnOrigins {
    /// `origins` as browsers send them.
    pub fn new<'a>(origins: impl IntoIterator<Item = &'a str>) -> Self {
        Self(origins.into_iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect())
    }

    /// Whether nothing says that another site caused a request.
    pub fn sent(&self, headers: &HeaderMap) -> Result<(), Cause> {
        if !headers.get_all(header::ORIGIN).iter().all(|origin| self.0.contains(origin)) {
            return Err(Cause::Origin);
        }
        let is_ours = |site: &HeaderValue| site == "same-origin" || site == "none";
        if headers.get_all(SEC_FETCH_SITE).iter().all(is_ours) { Ok(()) } else { Err(Cause::Site) }
    }

    /// The same for a request with a cookie, which needs the token of its session unless its method is safe.
    pub fn sent_in_session(
        &self,
        method: &Method,
        headers: &HeaderMap,
        is_token: impl Fn(&[u8]) -> bool,
    ) -> Result<(), Cause> {
        if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
            return Ok(());
        }
        let mut tokens = headers.get_all(X_CSRF_TOKEN).iter();
        let one = match (tokens.next(), tokens.next()) {
            (Some(token), None) => Some(token.as_bytes()),
            _ => None,
        };
        self.sent_with(headers, one, is_token)
    }

    /// The same for a changing request that carries this `token`.
    pub fn sent_with(
        &self,
        headers: &HeaderMap,
        token: Option<&[u8]>,
        is_token: impl Fn(&[u8]) -> bool,
    ) -> Result<(), Cause> {
        self.sent(headers)?;
        match token {
            Some(token) if is_token(token) => Ok(()),
            Some(_) => Err(Cause::TokenWrong),
            None => Err(Cause::TokenMissing),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(method: &Method, fields: &[(&str, &str)]) -> Result<(), Cause> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        let ours = OwnOrigins::new(["https://auth.example.com"]);
        ours.sent_in_session(method, &headers, |text| text == b"right")
    }

    #[test]
    fn safe_methods_need_nothing_and_all_others_everything() {
        let foreign = [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            assert_eq!(judged(&method, &foreign), Ok(()));
        }
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            assert_eq!(judged(&method, &foreign), Err(Cause::Origin));
            assert_eq!(judged(&method, &[]), Err(Cause::TokenMissing));
            assert_eq!(judged(&method, &[("x-csrf-token", "right")]), Ok(()));
        }
    }

    #[test]
    fn each_proof_counts_by_itself() {
        let (token, ours, same) = (
            ("x-csrf-token", "right"),
            ("origin", "https://auth.example.com"),
            ("sec-fetch-site", "same-origin"),
        );
        assert_eq!(judged(&Method::POST, &[token, ours, same]), Ok(()));
        assert_eq!(judged(&Method::POST, &[token, ("sec-fetch-site", "none")]), Ok(()));
        assert_eq!(judged(&Method::POST, &[ours, same]), Err(Cause::TokenMissing));
        assert_eq!(judged(&Method::POST, &[token, token, ours, same]), Err(Cause::TokenMissing));
        assert_eq!(judged(&Method::POST, &[("x-csrf-token", "wrong"), ours, same]), Err(Cause::TokenWrong));
        for origin in [
            "null",
            "",
            "http://auth.example.com",
            "https://auth.example.com:444",
            "https://auth.example.com.evil.example",
            "https://AUTH.example.com",
            "https://auth.example.com, https://evil.example",
        ] {
            assert_eq!(
                judged(&Method::POST, &[token, same, ("origin", origin)]),
                Err(Cause::Origin),
                "{origin}"
            );
        }
        assert_eq!(
            judged(&Method::POST, &[token, ours, ("origin", "https://evil.example")]),
            Err(Cause::Origin)
        );
        for site in ["same-site", "cross-site", "", "same-origin, cross-site"] {
            assert_eq!(
                judged(&Method::POST, &[token, ours, ("sec-fetch-site", site)]),
                Err(Cause::Site),
                "{site}"
            );
        }
    }
}
