//! Every operation over HTTP: the happy path, each refusal, the wrong actor, the exact audit events.

mod bearer;
mod login;
mod logout;
mod openapi;
mod refresh;
mod registration;
mod registration_secrecy;
mod session;
mod verification;
