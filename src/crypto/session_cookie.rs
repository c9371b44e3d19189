//! The value of a session's cookie, and what goes with it: the token against forged requests, and the cookie that shows
//! the session to applications behind a proxy. Knows nothing of the session, nor of HTTP.
//!
//! Text: `lkc_`, then base64url of the 16-byte time-ordered id of the session and 32 random bytes, 68 characters in
//! all. The id finds the row; the secret is known to the store only as a keyed hash.
//!
//! ## Decision: the token is derived from the secret
//! It is another keyed hash of the same secret, so nothing more is stored, it changes when the cookie does, and the
//! store alone gives neither.
//!
//! ## Decision: the cookie for proxies is derived from the stored hash
//! Text: `lkp_`, then base64url of the id and of a keyed hash of what the store has of the session's cookie. So it can
//! be checked without the secret, dies with its session and with each new secret, and nothing more is stored. It is
//! sent to every application's host; and nobody comes from it to the cookie that opens the account.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use super::digest::{self, MacKey};
use super::master::PurposeKey;
use super::opaque::{HashedToken, NotAToken};
use crate::domain::id::SessionId;

const PREFIX: &str = "lkc_";
const PROXY_PREFIX: &str = "lkp_";

/// The value of a cookie as the browser has it. Never stored; wiped when dropped.
pub struct SessionCookie {
    id: SessionId,
    secret: [u8; 32],
}

impl SessionCookie {
    /// A new value for the session `id`, from 32 random bytes.
    pub const fn new(id: SessionId, secret: [u8; 32]) -> Self {
        Self { id, secret }
    }

    /// Reads a value in its one spelling.
    pub fn parse(text: &str) -> Result<Self, NotAToken> {
        let (id, secret) = parsed(text, PREFIX)?;
        Ok(Self { id, secret: *secret })
    }

    /// The session. No secret.
    pub const fn id(&self) -> SessionId {
        self.id
    }

    /// The text, for the one answer that sets the cookie.
    pub fn reveal(&self) -> Zeroizing<String> {
        written(PREFIX, self.id, &self.secret)
    }
}

fn parsed(text: &str, prefix: &str) -> Result<(SessionId, Zeroizing<[u8; 32]>), NotAToken> {
    let encoded = text.strip_prefix(prefix).ok_or(NotAToken)?;
    let bytes = digest::array_from_base64url::<48>(encoded.as_bytes()).map(Zeroizing::new);
    let bytes = bytes.ok_or(NotAToken)?;
    let (id, rest) = bytes.split_first_chunk::<16>().ok_or(NotAToken)?;
    let rest = rest.first_chunk::<32>().ok_or(NotAToken)?;
    Ok((SessionId::from_bytes(*id), Zeroizing::new(*rest)))
}

fn written(prefix: &str, id: SessionId, rest: &[u8; 32]) -> Zeroizing<String> {
    let bytes = Zeroizing::new([id.as_bytes().as_slice(), rest].concat());
    let encoded = Zeroizing::new(digest::to_base64url(&bytes));
    Zeroizing::new([prefix, &encoded].concat())
}

impl Drop for SessionCookie {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl fmt::Debug for SessionCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionCookie({} redacted)", self.id)
    }
}

/// Makes what is derived of cookies.
#[derive(Debug, Clone)]
pub struct SessionCookies(MacKey);

impl SessionCookies {
    /// From the key derived for [`Purpose::SessionCookies`](super::Purpose::SessionCookies).
    pub fn new(key: &PurposeKey) -> Self {
        Self(MacKey::new(key.expose()))
    }

    /// The storable form of a cookie that browsers know by `name`; under another name it is another cookie.
    pub fn hash(&self, name: &str, cookie: &SessionCookie) -> HashedToken {
        HashedToken::from_bytes(self.derived(*b"hash", cookie, name))
    }

    /// The token that a changing request with this cookie has to carry.
    pub fn csrf(&self, cookie: &SessionCookie) -> CsrfToken {
        CsrfToken(Zeroizing::new(self.derived(*b"csrf", cookie, "")))
    }

    /// The cookie that shows the session `id` to applications; `stored` is what the store has of its own cookie.
    pub fn for_proxy(&self, id: SessionId, stored: &HashedToken) -> ProxyCookie {
        let tag = self.0.tag(&[b"prox", id.as_bytes(), stored.as_bytes()]);
        ProxyCookie { id, tag: Zeroizing::new(tag) }
    }

    fn derived(&self, what: [u8; 4], cookie: &SessionCookie, name: &str) -> [u8; 32] {
        // All but the name are of one length.
        self.0.tag(&[&what, cookie.id.as_bytes(), &cookie.secret, name.as_bytes()])
    }
}

/// The value of the cookie that shows a session to applications behind a proxy. Wiped when dropped.
pub struct ProxyCookie {
    id: SessionId,
    tag: Zeroizing<[u8; 32]>,
}

impl ProxyCookie {
    /// Reads a value in its one spelling.
    pub fn parse(text: &str) -> Result<Self, NotAToken> {
        let (id, tag) = parsed(text, PROXY_PREFIX)?;
        Ok(Self { id, tag })
    }

    /// The session. No secret.
    pub const fn id(&self) -> SessionId {
        self.id
    }

    /// The text, for the one answer that sets the cookie.
    pub fn reveal(&self) -> Zeroizing<String> {
        written(PROXY_PREFIX, self.id, &self.tag)
    }

    /// Whether both are one value, in constant time.
    pub fn matches(&self, other: &Self) -> bool {
        self.id == other.id && digest::same(&*self.tag, &*other.tag)
    }
}

impl fmt::Debug for ProxyCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyCookie({} redacted)", self.id)
    }
}

/// The token against forged requests. Only pages of ours can read it.
#[derive(Clone)]
pub struct CsrfToken(Zeroizing<[u8; 32]>);

impl CsrfToken {
    /// The text, 43 characters, for the page.
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(digest::to_base64url(&*self.0))
    }

    /// Whether `text` is this token, in constant time.
    pub fn matches(&self, text: &[u8]) -> bool {
        digest::same(self.reveal().as_bytes(), text)
    }
}

impl fmt::Debug for CsrfToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CsrfToken(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{MasterKey, Purpose};
    use proptest::prelude::*;

    fn cookies() -> SessionCookies {
        SessionCookies::new(&MasterKey::from_bytes([5; 32]).derive(Purpose::SessionCookies))
    }

    fn cookie(id: u8, secret: u8) -> SessionCookie {
        SessionCookie::new(SessionId::from_bytes([id; 16]), [secret; 32])
    }

    #[test]
    fn hash_and_token_differ_and_depend_on_the_id_and_the_secret() {
        let (cookies, one) = (cookies(), cookie(1, 2));
        assert_ne!(cookies.hash("name", &one).as_bytes(), &*cookies.csrf(&one).0);
        for other in [cookie(2, 2), cookie(1, 3)] {
            assert!(!cookies.hash("name", &one).matches(&cookies.hash("name", &other)));
            assert!(!cookies.csrf(&one).matches(cookies.csrf(&other).reveal().as_bytes()));
        }
        assert!(!cookies.hash("name", &one).matches(&cookies.hash("session_id", &one)));
    }

    #[test]
    fn only_the_whole_token_matches() {
        let csrf = cookies().csrf(&cookie(1, 2));
        let text = csrf.reveal();
        assert_eq!(text.len(), 43);
        assert!(csrf.matches(text.as_bytes()));
        for bad in [&text[..42], "", &format!("{}=", *text), &text.to_uppercase()] {
            assert!(!csrf.matches(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let (cookies, one) = (cookies(), cookie(1, 2));
        let id = one.id();
        let shown = format!("{one:?} {:?} {:?}", cookies.hash("name", &one), cookies.csrf(&one));
        assert_eq!(shown, format!("SessionCookie({id} redacted) HashedToken(redacted) CsrfToken(redacted)"));
    }

    #[test]
    fn the_cookie_for_proxies_fits_one_session_and_one_secret_and_is_no_other_kind() {
        let (cookies, one) = (cookies(), cookie(1, 2));
        let stored = cookies.hash("name", &one);
        let shown = cookies.for_proxy(one.id(), &stored);
        let text = shown.reveal();
        assert_eq!(text.len(), 68);
        assert!(shown.matches(&ProxyCookie::parse(&text).unwrap()));
        assert!(shown.matches(&cookies.for_proxy(one.id(), &stored)));
        let elsewhere = SessionCookies::new(&MasterKey::from_bytes([6; 32]).derive(Purpose::SessionCookies));
        for other in [
            cookies.for_proxy(cookie(2, 2).id(), &stored),
            cookies.for_proxy(one.id(), &cookies.hash("name", &cookie(1, 3))),
            elsewhere.for_proxy(one.id(), &stored),
        ] {
            assert!(!shown.matches(&other));
        }
        assert!(SessionCookie::parse(&text).is_err() && ProxyCookie::parse(&one.reveal()).is_err());
        // Neither the stored hash nor the token against forgery is in it.
        for known in [stored.as_bytes(), &*cookies.csrf(&one).0] {
            assert_ne!(*text, *written(PROXY_PREFIX, one.id(), known));
        }
        assert_eq!(format!("{shown:?}"), format!("ProxyCookie({} redacted)", one.id()));
    }

    #[test]
    fn other_texts_are_refused() {
        let text = cookie(1, 2).reveal();
        let quoted = format!("\"{}\"", *text);
        let padded = format!("{}=", *text);
        for bad in ["", "lkc_", &text[4..], &text[..67], &text.replace("lkc_", "lkv_"), &quoted, &padded] {
            assert!(SessionCookie::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_value_reads_back_and_no_text_makes_the_parser_fail_otherwise(
            id: [u8; 16], secret: [u8; 32], text in ".*",
        ) {
            let whole = SessionCookie::new(SessionId::from_bytes(id), secret);
            let shown = whole.reveal();
            prop_assert_eq!(shown.len(), 68);
            let back = SessionCookie::parse(&shown).unwrap();
            prop_assert_eq!(back.id(), whole.id());
            prop_assert!(cookies().hash("name", &back).matches(&cookies().hash("name", &whole)));
            if let Ok(read) = SessionCookie::parse(&text) {
                let again = read.reveal();
                prop_assert_eq!(again.as_str(), text);
            }
        }
    }
}
