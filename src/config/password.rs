//! `[password]`: which passwords may be chosen. Knows no password.

use super::reader::{Choice, Reader};
use crate::domain::password_policy::PolicyKind;

/// Which passwords may be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Password {
    /// What is asked beside the length.
    pub policy: PolicyKind,
    /// Whether the common passwords are refused.
    pub block_common: bool,
    /// How many of the last passwords cannot be chosen again.
    pub history: u8,
}

impl Choice for PolicyKind {
    const WORDS: &'static [(&'static str, Self)] = &Self::ALL;
}

impl Password {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            policy: reader.choice("password.policy"),
            block_common: reader.switch("password.block_common"),
            history: reader.number("password.history", 0..=24),
        }
    }
}
