//! Every operation over HTTP: the happy path, each refusal, the wrong actor, the exact audit events.

mod access;
mod audit;
mod dev;
mod input;
mod methods;
mod openapi;
mod outbox;
mod page;
mod setup;
mod user;
