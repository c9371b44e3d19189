//! Who asks, as the use cases want to know it. Knows nothing of what is asked.

use poem::http::header;
use poem::{FromRequest, Request, RequestBody};

use super::visit::Visit;
use crate::services::Context;

/// Longest part of a `User-Agent` that is kept, in bytes.
const USER_AGENT_MAX: usize = 256;

/// The context of a request. Every operation that calls a use case takes it, and takes it after the body: its
/// time is then the time at which the request was whole, however slowly it came.
#[derive(Debug, Clone)]
pub struct Asked(pub Context);

impl<'a> FromRequest<'a> for Asked {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> poem::Result<Self> {
        Ok(Self(context(request, Visit::of(request)?)))
    }
}

/// The context of a request as it is now.
pub(super) fn context(request: &Request, visit: &Visit) -> Context {
    let agent = request.headers().get(header::USER_AGENT);
    Context {
        request_id: visit.request_id.clone(),
        client: visit.client,
        user_agent: agent.map(|agent| shortened(&String::from_utf8_lossy(agent.as_bytes()))),
        now: visit.now(),
    }
}

fn shortened(text: &str) -> String {
    let end = (0..=USER_AGENT_MAX.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or(0)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_user_agent_is_cut_between_characters() {
        assert_eq!(shortened("curl/8"), "curl/8");
        assert_eq!(shortened(&"\u{e9}".repeat(200)).len(), 256);
        assert_eq!(shortened(&format!("a{}", "\u{e9}".repeat(200))).len(), 255);
    }
}
