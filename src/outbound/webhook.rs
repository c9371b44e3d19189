//! Webhooks: one signed POST for each event, as the Standard Webhooks specification has it. Knows nothing of the audit log
//! and of when anything is sent.
//!
//! `webhook-id` names the event, the same at every attempt. `webhook-timestamp` is the time of the attempt, seconds since
//! 1970 UTC. `webhook-signature` signs both and the body. A receiver refuses a timestamp more than five minutes off, and
//! an id that it has seen.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::http_client::{Endpoint, HttpClient};
use crate::ambient::Clock;
use crate::services::webhook_sink::{Delivering, OutgoingEvent, SinkFault, WebhookSink};

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// The value of `webhook-signature` for an id, a timestamp and a body.
pub type Sign = dyn Fn(&str, &str, &[u8]) -> String + Send + Sync;

/// The JSON of an event.
pub type Render = dyn Fn(&OutgoingEvent) -> Vec<u8> + Send + Sync;

/// Posts events to one receiver.
pub struct Receiver {
    endpoint: Endpoint,
    client: HttpClient,
    sign: Box<Sign>,
    render: Box<Render>,
    clock: Arc<dyn Clock>,
}

impl Receiver {
    /// Posts to `endpoint`.
    pub fn new(
        endpoint: Endpoint,
        client: HttpClient,
        sign: Box<Sign>,
        render: Box<Render>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { endpoint, client, sign, render, clock }
    }

    async fn post(&self, event: &OutgoingEvent) -> Result<(), SinkFault> {
        let body = (self.render)(event);
        let timestamp = self.clock.now().seconds().to_string();
        let signature = (self.sign)(&event.id, &timestamp, &body);
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static("latchkey"));
        for (name, value) in [(ID, event.id.clone()), (TIMESTAMP, timestamp), (SIGNATURE, signature)] {
            let value = HeaderValue::try_from(value);
            headers.insert(name, value.map_err(|_| SinkFault::Failed("a header is not valid".to_owned()))?);
        }
        let answer = self.client.post(&self.endpoint, headers, body).await;
        let answer = answer.map_err(|fault| SinkFault::Failed(format!("the receiver gave {fault}")))?;
        match (answer.status.as_u16(), answer.retry_after) {
            (200..=299, _) => Ok(()),
            (410, _) => Err(SinkFault::Gone),
            (status @ (429 | 503), Some(wait)) => Err(SinkFault::Busy { status, wait }),
            (status, _) => Err(SinkFault::Failed(format!("the receiver answered {status}"))),
        }
    }
}

impl WebhookSink for Receiver {
    fn deliver<'a>(&'a self, event: &'a OutgoingEvent) -> Delivering<'a> {
        Box::pin(self.post(event))
    }
}

#[cfg(test)]
mod tests;
