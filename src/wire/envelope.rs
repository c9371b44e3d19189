//! The frame around every success (rule G2). Knows nothing of what it carries.

use poem_openapi::Object;
use poem_openapi::types::{ParseFromJSON, ToJSON, Type};
use serde::Serialize;

/// A success: the answer of the operation under `data`.
#[derive(Debug, Clone, Object, Serialize)]
pub struct Success<T: Type + ParseFromJSON + ToJSON> {
    /// Always true.
    pub success: bool,
    /// What the operation answers.
    pub data: T,
    /// When the answer was made: RFC 3339, UTC, milliseconds.
    pub timestamp: String,
}

impl<T: Type + ParseFromJSON + ToJSON> Success<T> {
    /// The answer `data`, made at `timestamp` (RFC 3339).
    pub fn new(data: T, timestamp: String) -> Self {
        Self { success: true, data, timestamp }
    }
}
