//! Test placeholder
