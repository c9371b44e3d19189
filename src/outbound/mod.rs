//! Everything that calls out. Knows the traits that services define for it, not who calls them or why.

pub mod mail;
