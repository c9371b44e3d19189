//! Any bytes as every request body: a value that reads back from its own JSON, or an error for the caller's side.
#![no_main]

use latchkey::http::body::parse;
use latchkey::wire::api_key::{CreateApiKey, RotateApiKey, UpdateApiKey};
use latchkey::wire::auth::{LoginRequest, RefreshRequest, RegisterRequest, ResendRequest};
use latchkey::wire::password_change::ChangePasswordRequest;
use latchkey::wire::password_check::PasswordCheckRequest;
use latchkey::wire::password_reset::{ResetConfirmRequest, ResetRequest};
use latchkey::wire::service::{CreateService, RotateService};
use latchkey::wire::setup::SetupRequest;
use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde::de::DeserializeOwned;

fuzz_target!(|body: &[u8]| {
    reads::<RegisterRequest>(body);
    reads::<ResendRequest>(body);
    reads::<LoginRequest>(body);
    reads::<RefreshRequest>(body);
    reads::<SetupRequest>(body);
    reads::<ChangePasswordRequest>(body);
    reads::<PasswordCheckRequest>(body);
    reads::<ResetRequest>(body);
    reads::<ResetConfirmRequest>(body);
    reads::<CreateApiKey>(body);
    reads::<UpdateApiKey>(body);
    reads::<RotateApiKey>(body);
    reads::<CreateService>(body);
    reads::<RotateService>(body);
});

fn reads<T: Serialize + DeserializeOwned>(body: &[u8]) {
    match parse::<T>(body) {
        Ok(request) => {
            let written = serde_json::to_vec(&request).expect("a request is JSON");
            let again = parse::<T>(&written).expect("what was written reads back");
            assert_eq!(serde_json::to_vec(&again).ok(), Some(written));
        }
        Err(error) => assert!(error.status().is_client_error(), "{}", error.message()),
    }
}
