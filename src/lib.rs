//! Latchkey: an authentication server in one executable.
//!
//! Layers are floors, and each floor knows only those below it. Every layer uses the same noun for
//! the same file, so two questions find any line: which layer, which noun.
//!
//! | layer | does | may import |
//! |---|---|---|
//! | [`domain`] | pure rules and state machines | nothing of ours |
//! | [`ambient`] | real time and real randomness | domain types |
//! | [`crypto`] | hashing, tokens, sealing | domain, ambient |
//! | [`store`] | typed tables over an ordered key-value engine | domain |
//! | [`services`] | use cases: one transaction, one audit event | domain, store, crypto, ambient |
//! | [`wire`] | request and response bodies | nothing of ours |
//! | [`net`] | the accept loop: TLS, deadlines, caps | ambient |
//! | [`outbound`] | mail and everything else that calls out | domain, ambient, the traits of services |
//! | [`http`] | routes, principals, errors | wire, services, domain, ambient |
//! | [`config`] | settings, their sources and their checks | domain |
//! | [`runtime`] | composition, life cycle, jobs | everything |
//! | [`console`] | the terminal console, a client of the API | wire, ambient |
//! | [`cli`] | subcommands | runtime, config, console |
//!
//! `tests/it/architecture.rs` holds this table.

pub mod ambient;
pub mod cli;
pub mod config;
pub mod console;
pub mod crypto;
pub mod domain;
pub mod http;
pub mod net;
pub mod outbound;
pub mod runtime;
pub mod services;
pub mod store;
pub mod wire;
