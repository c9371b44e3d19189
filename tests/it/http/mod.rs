//! Every operation over HTTP: the happy path, each refusal, the wrong actor, the exact audit events.

mod access;
mod audit;
mod bearer;
mod dev;
mod headers;
mod input;
mod limits;
mod login;
mod logout;
mod methods;
mod openapi;
mod outbox;
mod page;
mod password_policy;
mod refresh;
mod registration;
mod registration_secrecy;
mod session;
mod setup;
mod stale;
mod user;
mod verification;
