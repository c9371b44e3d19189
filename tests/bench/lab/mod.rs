//! What the measurements share: server processes, a small client, figures. Knows no operation.

pub mod client;
pub mod figures;
pub mod process;
