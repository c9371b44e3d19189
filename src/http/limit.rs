//! Limits of requests: taking a place, and what an answer tells of what is left. Knows no operation.
//!
//! ## Decision: a place is taken before the body is read, and given back by the edge
//! An operation names its class by its first parameter, so nobody sends a body, and nothing is hashed, before there
//! is room. Where only successes count, the edge gives the place back when it sees a refusal. A client that goes
//! away gets nothing back: what it asked for may have happened.

use std::marker::PhantomData;
use std::time::Duration;

use poem::http::{HeaderMap, HeaderName, HeaderValue, header};
use poem::{FromRequest, Request, RequestBody};

use super::visit::Visit;
use crate::domain::limit::{Budget, PerClass};
use crate::domain::time::Timestamp;
use crate::services::limits::{Class, Limits, Standing};

/// A class, as a type: what an operation is counted as.
pub trait Counted: Send + Sync {
    /// The class.
    const CLASS: Class;
}

/// A place in the budget that the client's address has for `C`. An operation takes it before anything else.
#[derive(Debug)]
pub struct Place<C>(PhantomData<C>);

macro_rules! counted {
    ($($(#[$doc:meta])* $name:ident)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub struct $name;

            impl Counted for $name {
                const CLASS: Class = Class::$name;
            }
        )*
    };
}

counted! {
    /// A login.
    Login
    /// A registration.
    Register
    /// A request for a reset mail.
    PasswordReset
    /// A try to set a password with a reset token.
    ResetConfirm
    /// Anything else without a token.
    Anonymous
    /// A question whether somebody may do something.
    AuthzCheck
}

impl<'a, C: Counted> FromRequest<'a> for Place<C> {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> poem::Result<Self> {
        Visit::of(request)?.take(C::CLASS)?;
        Ok(Self(PhantomData))
    }
}

const X_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const X_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const X_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STANDING: HeaderName = HeaderName::from_static("ratelimit");

/// What rounds a time up to the second when it is added.
const ALMOST_A_SECOND: Duration = Duration::from_micros(999_999);

/// How many fields [`Notices::apply`] sets at most.
pub const FIELDS: usize = 6;

/// What answers say of budgets: the parts that are always the same, made once.
#[derive(Debug)]
pub struct Notices(PerClass<Notice>);

#[derive(Debug)]
struct Notice {
    budget: Budget,
    limit: HeaderValue,
    policy: HeaderValue,
    name: &'static str,
}

/// How the budget stands that a request took from.
#[derive(Debug, Clone, Copy)]
pub struct Left {
    /// The budget's class.
    pub class: Class,
    /// The budget itself: the usual of its class, or one of the caller's own.
    pub budget: Budget,
    /// How it stands.
    pub standing: Standing,
    /// When it stood so.
    pub at: Timestamp,
    /// Whether the request was refused for it.
    pub is_exceeded: bool,
}

impl Notices {
    /// For the budgets of `limits`.
    pub fn new(limits: &Limits) -> Self {
        Self(PerClass::of(|class| Notice::new(class.name(), limits.budget(class))))
    }

    /// Adds how a budget stands. `X-RateLimit-Reset` is the second of the Unix epoch in which it is full again.
    /// `RateLimit` and `RateLimit-Policy` follow draft-ietf-httpapi-ratelimit-headers-11: `t` says when it is full, or,
    /// where nothing is left, when there is one again: that is then the time of `Retry-After`.
    pub fn apply(&self, headers: &mut HeaderMap, left: &Left) {
        let (usual, standing) = (self.0.get(left.class), &left.standing);
        let own = (usual.budget != left.budget).then(|| Notice::new(usual.name, left.budget));
        let notice = own.as_ref().unwrap_or(usual);
        let (until_next, until_full) = (seconds(standing.until_next), seconds(standing.until_full));
        let reset = left.at.plus(standing.until_full.saturating_add(ALMOST_A_SECOND)).seconds();
        let remaining = HeaderValue::from(standing.remaining);
        let t = if standing.remaining == 0 { until_next } else { until_full };
        if let Some(value) = item(notice.name, &remaining, t) {
            headers.insert(STANDING, value);
        }
        headers.insert(POLICY, notice.policy.clone());
        headers.insert(X_LIMIT, notice.limit.clone());
        headers.insert(X_REMAINING, remaining);
        headers.insert(X_RESET, reset.into());
        if left.is_exceeded {
            headers.insert(header::RETRY_AFTER, until_next.into());
        }
    }
}

impl Notice {
    fn new(name: &'static str, budget: Budget) -> Self {
        let policy = format!("\"{name}\";q={};w={}", budget.count(), budget.period().as_secs());
        // The name is a plain word, so the text is a header value.
        let policy = HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static(""));
        Self { budget, limit: budget.count().into(), policy, name }
    }
}

/// Whole seconds, rounded up: after them, it is true.
pub fn seconds(time: Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0))
}

/// `"name";r=..;t=..`, on the way of every request and so without the machinery of formatting.
fn item(name: &str, remaining: &HeaderValue, t: u64) -> Option<HeaderValue> {
    let mut text = Vec::with_capacity(48);
    text.push(b'"');
    text.extend_from_slice(name.as_bytes());
    text.extend_from_slice(b"\";r=");
    text.extend_from_slice(remaining.as_bytes());
    text.extend_from_slice(b";t=");
    text.extend_from_slice(HeaderValue::from(t).as_bytes());
    HeaderValue::try_from(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_a_structured_field() {
        assert_eq!(item("login", &4.into(), 12).unwrap(), "\"login\";r=4;t=12");
        assert_eq!(item("authenticated", &u32::MAX.into(), 0).unwrap(), "\"authenticated\";r=4294967295;t=0");
    }

    #[test]
    fn a_part_of_a_second_is_a_second() {
        assert_eq!(seconds(Duration::from_millis(12_001)), 13);
        assert_eq!(seconds(Duration::from_secs(12)), 12);
    }
}
