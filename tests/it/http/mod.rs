//! Every operation over HTTP: the happy path, each refusal, the wrong actor, the exact audit events.

mod access;
mod audit;
mod bearer;
mod dev;
mod input;
mod limits;
mod lockout;
mod lockout_storm;
mod login;
mod logout;
mod methods;
mod openapi;
mod outbox;
mod page;
mod refresh;
mod registration;
mod registration_secrecy;
mod session;
mod setup;
mod stale;
mod suspicious;
mod user;
mod verification;
