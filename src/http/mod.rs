//! The HTTP floor: routes, principals, bodies and errors. Knows no store, no hashing and no sockets.

pub mod answer;
pub mod body;
pub mod edge;
pub mod error;
pub mod middleware;
pub mod pages;
pub mod principal;
pub mod routes;
pub mod visit;
