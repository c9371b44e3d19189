//! Any bytes as every request body, strict and as a profile reads it: a value that reads back from its own JSON, or an
//! error for the caller's side.
#![no_main]

use latchkey::http::body::parse;
use latchkey::http::profile::body as loose;
use latchkey::wire::api_key::{CreateApiKey, RotateApiKey, UpdateApiKey};
use latchkey::wire::auth::{LoginRequest, RefreshRequest, RegisterRequest, ResendRequest};
use latchkey::wire::authz::CheckRequest;
use latchkey::wire::dev::AdvanceClock;
use latchkey::wire::diagnosis::{DiagnosisRequest, TokenTestRequest};
use latchkey::wire::email_change::ChangeEmailRequest;
use latchkey::wire::explain::SimulateRequest;
use latchkey::wire::factor::{MfaCode, MfaPassword, MfaVerify};
use latchkey::wire::federation::LinkRequest;
use latchkey::wire::live_session::EndSessions;
use latchkey::wire::password_change::ChangePasswordRequest;
use latchkey::wire::password_check::PasswordCheckRequest;
use latchkey::wire::password_reset::{ResetConfirmRequest, ResetRequest};
use latchkey::wire::profile::{
    self, cirtusai, pynomaly, scribes, trading, trading_access, trading_diagnosis,
};
use latchkey::wire::resource::{Grant, NewOwner, RegisterResource};
use latchkey::wire::role::{CreateRole, GivePermission, UpdateRole};
use latchkey::wire::sample::Measurement;
use latchkey::wire::service::{CreateService, RotateService};
use latchkey::wire::setup::SetupRequest;
use latchkey::wire::signing_key::RotateKeys;
use latchkey::wire::sms_factor::{SmsSend, SmsSetup};
use latchkey::wire::step_up::StepUpRequest;
use latchkey::wire::user::{CreateUser, UpdateMe, UpdateUser};
use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde::de::DeserializeOwned;

macro_rules! each {
    ($read:ident($body:expr): $($kind:ty),* $(,)?) => { $($read::<$kind>($body);)* };
}

fuzz_target!(|body: &[u8]| {
    each!(strictly(body): RegisterRequest, ResendRequest, LoginRequest, RefreshRequest, SetupRequest);
    each!(strictly(body): ChangePasswordRequest, PasswordCheckRequest, ResetRequest, ResetConfirmRequest);
    each!(strictly(body): CreateApiKey, UpdateApiKey, RotateApiKey, CreateService, RotateService, RotateKeys);
    each!(strictly(body): ChangeEmailRequest, StepUpRequest, MfaCode, MfaPassword, MfaVerify, SmsSend, SmsSetup);
    each!(strictly(body): CreateUser, UpdateMe, UpdateUser, CreateRole, UpdateRole, GivePermission, EndSessions);
    each!(strictly(body): CheckRequest, DiagnosisRequest, TokenTestRequest, RegisterResource, NewOwner, Grant);
    each!(strictly(body): Measurement, AdvanceClock, LinkRequest, SimulateRequest);
    each!(loosely(body): profile::Refresh, scribes::Register, scribes::Login, scribes::Address);
    each!(loosely(body): scribes::MailedToken, scribes::NewPassword, pynomaly::Register, pynomaly::Login);
    each!(loosely(body): pynomaly::CreateKey, pynomaly::TotpSetup, pynomaly::TotpCode, pynomaly::SmsSetup);
    each!(loosely(body): pynomaly::SmsCode, pynomaly::SecondStep, pynomaly::Password, cirtusai::Register);
    each!(loosely(body): cirtusai::Login, cirtusai::Verify, cirtusai::Code, cirtusai::Disable);
    each!(loosely(body): trading::Register, trading::Login, trading::Address, trading::ResetPassword);
    each!(loosely(body): trading::ChangePassword, trading::Password, trading::TotpToken, trading::Credential);
    each!(loosely(body): trading_access::CreateKey, trading_access::KeyPermissions, trading_access::SetRole);
    each!(loosely(body): trading_access::OnePermission, trading_access::ResourcePermission);
    each!(loosely(body): trading_diagnosis::Attempt, trading_diagnosis::Tested);
});

fn strictly<T: Serialize + DeserializeOwned>(body: &[u8]) {
    match parse::<T>(body) {
        Ok(request) => reads_back(&request),
        Err(error) => assert!(error.status().is_client_error(), "{}", error.message()),
    }
}

fn loosely<T: Serialize + DeserializeOwned>(body: &[u8]) {
    for json in [body, &loose::of_form(body)] {
        match loose::parse::<T>(json) {
            Ok(request) => reads_back(&request),
            Err(error) => assert!(error.status().is_client_error(), "{}", error.message()),
        }
    }
}

fn reads_back<T: Serialize + DeserializeOwned>(request: &T) {
    let written = serde_json::to_vec(request).expect("a request is JSON");
    let again = parse::<T>(&written).expect("what was written reads back");
    assert_eq!(serde_json::to_vec(&again).ok(), Some(written));
}
