//! The floor with an API of its own behind it: what every operation gets without asking.

mod cors;
mod errors;
mod harness;
mod observed;
mod wire;
