//! Text messages by webhook: a signed POST to the operator's gateway. Knows nothing of the outbox.
//!
//! The body is `{"id", "to", "text", "kind", "sent_at"}`. Two headers sign it: `Latchkey-Timestamp`, seconds since 1970
//! UTC, and `Latchkey-Signature`, `v1=` and the hexadecimal HMAC-SHA-256, under the shared secret, of the timestamp, a
//! dot and the body as it stands. `Idempotency-Key` is the id, the same at every attempt.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::super::http_client::{Endpoint, HttpClient};
use crate::ambient::Clock;
use crate::services::mail_transport::{MailFault, Sending};
use crate::services::sms_sender::{OutgoingSms, SmsSender};

const TIMESTAMP: HeaderName = HeaderName::from_static("latchkey-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("latchkey-signature");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The hexadecimal HMAC-SHA-256 of some bytes, under the secret shared with the gateway.
pub type Sign = dyn Fn(&[u8]) -> String + Send + Sync;

/// Posts messages to a gateway.
pub struct WebhookSender {
    endpoint: Endpoint,
    client: HttpClient,
    sign: Box<Sign>,
    clock: Arc<dyn Clock>,
}

#[derive(Serialize)]
struct Body<'a> {
    id: String,
    to: &'a str,
    text: &'a str,
    kind: &'a str,
    sent_at: String,
}

impl WebhookSender {
    /// Posts to `endpoint`.
    pub fn new(endpoint: Endpoint, client: HttpClient, sign: Box<Sign>, clock: Arc<dyn Clock>) -> Self {
        Self { endpoint, client, sign, clock }
    }

    async fn deliver(&self, sms: &OutgoingSms) -> Result<(), MailFault> {
        let now = self.clock.now();
        let (id, sent_at) = (sms.id.to_string(), now.to_string());
        let body = Body { id: id.clone(), to: sms.to.as_str(), text: &sms.text, kind: &sms.kind, sent_at };
        let body = serde_json::to_vec(&body).map_err(|_| MailFault::permanent("the message is no JSON"))?;
        let timestamp = now.seconds().to_string();
        let signature = (self.sign)(&[timestamp.as_bytes(), b".", &body].concat());
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let signed = [(TIMESTAMP, timestamp), (SIGNATURE, format!("v1={signature}")), (IDEMPOTENCY_KEY, id)];
        for (name, value) in signed {
            let value = HeaderValue::try_from(value);
            headers.insert(name, value.map_err(|_| MailFault::permanent("a header is not valid"))?);
        }
        let answer = self.client.post(&self.endpoint, headers, body).await;
        verdict(answer.map_err(|fault| MailFault::temporary(&format!("the SMS gateway: {fault}")))?.status)
    }
}

impl SmsSender for WebhookSender {
    fn send<'a>(&'a self, sms: &'a OutgoingSms) -> Sending<'a> {
        Box::pin(self.deliver(sms))
    }
}

/// What is wrong with the gateway, or with our key to it, may pass; what is wrong with the message does not. A redirect
/// is not followed: the message and its signature are for the configured address.
fn verdict(status: StatusCode) -> Result<(), MailFault> {
    let said = format!("the SMS gateway answered {}", status.as_u16());
    match status.as_u16() {
        200..=299 => Ok(()),
        401 | 403 | 408 | 425 | 429 | 500..=599 => Err(MailFault::temporary(&said)),
        _ => Err(MailFault::permanent(&said)),
    }
}

#[cfg(test)]
mod tests;
