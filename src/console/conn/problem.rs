//! Why a request has no answer. Knows no request.

use serde::Deserialize;

/// What is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind it is, as far as the console does something about it.
    pub kind: Kind,
    /// The status, when there was an answer.
    pub status: Option<u16>,
    /// What was asked: `GET /api/v1/sessions`.
    pub route: String,
    /// A sentence.
    pub message: String,
    /// Names the request in the server's log.
    pub request_id: Option<String>,
}

/// What the console does about a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No connection, or it broke: try again later.
    Unreachable,
    /// The certificate is not the expected one: nothing is sent.
    Untrusted,
    /// No answer in time.
    Late,
    /// The credential is no longer good.
    Expired,
    /// A fresh proof of who one is is needed.
    StepUp,
    /// The credential may not do this.
    Forbidden,
    /// There is no such thing, or no longer.
    Missing,
    /// Any other refusal.
    Refused,
    /// The answer is not what this console understands: the server is newer.
    Strange,
}

#[derive(Deserialize)]
struct Failure {
    error: Body,
}

#[derive(Deserialize)]
struct Body {
    code: String,
    message: String,
    request_id: Option<String>,
}

impl Problem {
    /// One that happened here.
    pub fn local(kind: Kind, route: &str, message: impl Into<String>) -> Self {
        Self { kind, status: None, route: route.to_owned(), message: message.into(), request_id: None }
    }

    /// From an answer that is no success.
    pub fn of_answer(route: &str, status: u16, body: &[u8], request_id: Option<String>) -> Self {
        let told: Option<Body> = serde_json::from_slice::<Failure>(body).ok().map(|failure| failure.error);
        let code = told.as_ref().map_or("", |body| body.code.as_str());
        let kind = match (status, code) {
            (_, "STEP_UP_REQUIRED") => Kind::StepUp,
            (401, _) => Kind::Expired,
            (403, _) => Kind::Forbidden,
            (404, _) => Kind::Missing,
            (408 | 503, _) => Kind::Late,
            _ => Kind::Refused,
        };
        let message =
            told.as_ref().map_or_else(|| "no explanation came".to_owned(), |body| body.message.clone());
        let request_id = told.and_then(|body| body.request_id).or(request_id);
        Self { kind, status: Some(status), route: route.to_owned(), message, request_id }
    }

    /// The same, with what was said first: for a line that may be cut.
    pub fn sentence(&self) -> String {
        let status = self.status.map(|status| format!("{status} ")).unwrap_or_default();
        let request = self.request_id.as_ref().map(|id| format!(" [request {id}]")).unwrap_or_default();
        format!("{} ({status}{}){request}", self.message.trim_end_matches('.'), self.route)
    }

    /// The one line of it: `403 GET /api/v1/sessions: .. [request ..]`.
    pub fn line(&self) -> String {
        let status = self.status.map(|status| format!("{status} ")).unwrap_or_default();
        let request = self.request_id.as_ref().map(|id| format!(" [request {id}]")).unwrap_or_default();
        format!("{status}{}: {}{request}", self.route, self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_status_route_reason_and_request() {
        let body =
            br#"{"success":false,"error":{"code":"FORBIDDEN","message":"You may not.","request_id":"r-1"}}"#;
        let problem = Problem::of_answer("GET /api/v1/sessions", 403, body, None);
        assert_eq!(problem.kind, Kind::Forbidden);
        assert_eq!(problem.line(), "403 GET /api/v1/sessions: You may not. [request r-1]");
        assert_eq!(problem.sentence(), "You may not (403 GET /api/v1/sessions) [request r-1]");
        let bare = Problem::of_answer("GET /x", 502, b"<html>", Some("r-2".to_owned()));
        assert_eq!(bare.line(), "502 GET /x: no explanation came [request r-2]");
    }
}
