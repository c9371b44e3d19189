//! The sample resource on the wire.

use poem_openapi::Object;
use poem_openapi::types::Example;
use serde::{Deserialize, Serialize};

/// What a service tells of one use of a model; answered as it came.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example)]
#[serde(deny_unknown_fields)]
pub struct Measurement {
    /// Who runs the model.
    pub provider: String,
    /// The model.
    pub model: String,
    /// Tokens that went in.
    pub tokens_input: u64,
    /// Tokens that came out.
    pub tokens_output: u64,
}

impl Example for Measurement {
    fn example() -> Self {
        Self {
            provider: "openai".to_owned(),
            model: "gpt-4".to_owned(),
            tokens_input: 150,
            tokens_output: 75,
        }
    }
}
