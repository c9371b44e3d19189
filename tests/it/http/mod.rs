//! Every operation over HTTP: the happy path, each refusal, the wrong actor, the exact audit events.

mod openapi;
mod stale;
