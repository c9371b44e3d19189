//! What came back.

use futures_util::StreamExt;
use poem::http::{HeaderMap, StatusCode};
use serde_json::Value;

/// An answer with its body read.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub async fn of(response: poem::Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.into_body();
        // A stream has no end: its beginning is its answer.
        let text = if headers.get("content-type").is_some_and(|kind| kind == "text/event-stream") {
            let first = Box::pin(body.into_bytes_stream()).next().await;
            first.map_or_else(String::new, |first| String::from_utf8(first.unwrap().into()).unwrap())
        } else {
            String::from_utf8_lossy(&body.into_vec().await.unwrap()).into_owned()
        };
        Self { status, headers, text }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// The data of a success with this status.
    #[track_caller]
    pub fn data(&self, status: u16) -> Value {
        let json = self.json();
        assert_eq!((self.status.as_u16(), &json["success"]), (status, &Value::Bool(true)), "{json:#}");
        assert!(json["timestamp"].is_string(), "{json:#}");
        json["data"].clone()
    }

    /// Holds that this is a failure with this status and code, in the envelope.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        let json = self.json();
        assert_eq!(json["success"], false, "{json:#}");
        assert_eq!((self.status.as_u16(), json["error"]["code"].as_str()), (status, Some(code)), "{json:#}");
        assert_eq!(json["error"]["request_id"].as_str(), self.header("x-request-id"), "{json:#}");
        json["error"].clone()
    }

    /// Holds that this is a failure with this status and name as OAuth tells it (RFC 6749, 5.2), and gives the whole body.
    #[track_caller]
    pub fn told(&self, status: u16, error: &str) -> Value {
        let json = self.json();
        assert_eq!((self.status.as_u16(), json["error"].as_str()), (status, Some(error)), "{json:#}");
        let description = json["error_description"].as_str().unwrap();
        assert!(description.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'));
        let challenge = (status == 401).then_some("Basic realm=\"latchkey\", charset=\"UTF-8\"");
        assert_eq!(self.header("www-authenticate"), challenge);
        assert_eq!(self.header("cache-control"), Some("no-store"));
        json
    }

    /// The headers, without those that say how many requests are left: they differ from request to request.
    pub fn headers_but_limits(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        for name in [
            "x-ratelimit-limit",
            "x-ratelimit-remaining",
            "x-ratelimit-reset",
            "ratelimit-policy",
            "ratelimit",
        ] {
            headers.remove(name);
        }
        headers
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}
