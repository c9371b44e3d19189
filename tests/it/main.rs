//! The one integration test binary. It needs nothing but the Rust toolchain.

mod architecture;
mod cli;
