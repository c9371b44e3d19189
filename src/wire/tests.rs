//! Serde writes the body, poem-openapi writes the schema: both must mean the same.

use std::fmt::Debug;

use poem_openapi::types::{Example, ParseFromJSON, ToJSON};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::*;

fn both_writers_agree<T: Example + ToJSON + ParseFromJSON + Serialize + DeserializeOwned + Debug>() {
    let example = T::example();
    let by_serde = serde_json::to_value(&example).unwrap();
    assert_eq!(Some(&by_serde), example.to_json().as_ref(), "{}", T::name());
    let again: T = serde_json::from_value(by_serde.clone()).unwrap();
    assert_eq!(serde_json::to_value(&again).unwrap(), by_serde, "{}", T::name());
}

fn unknown_fields_are_refused<T: Example + ToJSON + ParseFromJSON + DeserializeOwned>() {
    let Some(Value::Object(mut body)) = T::example().to_json() else { panic!("{} is no object", T::name()) };
    body.insert("is_admin".to_owned(), Value::Bool(true));
    assert!(serde_json::from_value::<T>(Value::Object(body.clone())).is_err(), "{} by serde", T::name());
    assert!(T::parse_from_json(Some(Value::Object(body))).is_err(), "{} by schema", T::name());
}

#[test]
fn serde_and_the_schema_write_the_same_of_accounts_elsewhere() {
    both_writers_agree::<federation::ProviderList>();
    both_writers_agree::<federation::FederatedAnswer>();
    both_writers_agree::<federation::IdentityList>();
    both_writers_agree::<federation::LinkRequest>();
    both_writers_agree::<federation::LinkBegun>();
}

#[test]
fn serde_and_the_schema_write_the_same_of_what_leaves() {
    both_writers_agree::<webhook::WebhookEvent>();
    both_writers_agree::<webhook::WebhookList>();
    both_writers_agree::<webhook::WebhookDelivery>();
    both_writers_agree::<webhook::DeadLetterPage>();
    both_writers_agree::<personal_data::PersonalData>();
}

#[test]
fn serde_and_the_schema_write_the_same_of_people() {
    both_writers_agree::<user::UserSummary>();
    both_writers_agree::<user::User>();
    both_writers_agree::<user::UserPage>();
    both_writers_agree::<user::CreateUser>();
    both_writers_agree::<user::UpdateUser>();
    both_writers_agree::<user::UpdateMe>();
    both_writers_agree::<user::UserLookup>();
    both_writers_agree::<user_care::FactorsOfUser>();
    both_writers_agree::<user_care::SessionsEndedByAdmin>();
    both_writers_agree::<user_care::Unlocked>();
}

#[test]
fn serde_and_the_schema_write_the_same() {
    both_writers_agree::<auth::RegisterRequest>();
    both_writers_agree::<auth::Registered>();
    both_writers_agree::<auth::LoginRequest>();
    both_writers_agree::<auth::LoginAnswer>();
    both_writers_agree::<auth::LoginGranted>();
    both_writers_agree::<auth::CodeNeeded>();
    both_writers_agree::<factor::MfaSetup>();
    both_writers_agree::<factor::MfaCode>();
    both_writers_agree::<factor::MfaEnabled>();
    both_writers_agree::<factor::MfaPassword>();
    both_writers_agree::<factor::BackupCodes>();
    both_writers_agree::<factor::MfaVerify>();
    both_writers_agree::<factor::MfaStatus>();
    both_writers_agree::<factor::MfaDebug>();
    both_writers_agree::<auth::RefreshRequest>();
    both_writers_agree::<auth::TokenPair>();
    both_writers_agree::<auth::Message>();
    both_writers_agree::<auth::LoggedOutAll>();
    both_writers_agree::<session::Session>();
    both_writers_agree::<session::SessionList>();
    both_writers_agree::<audit::AuditLog>();
    both_writers_agree::<audit::AuditPage>();
    both_writers_agree::<outbox::OutboxMail>();
    both_writers_agree::<outbox::OutboxPage>();
    both_writers_agree::<audit::SuspiciousPage>();
    both_writers_agree::<guessing::Incidents>();
    both_writers_agree::<server::Census>();
    both_writers_agree::<server::ServerConfig>();
    both_writers_agree::<guessing::WhatIf>();
    both_writers_agree::<live_session::LiveSessionPage>();
    both_writers_agree::<live_session::EndedSessions>();
    both_writers_agree::<lockout::LockoutPage>();
    both_writers_agree::<lockout::LockoutExplained>();
    both_writers_agree::<signing_key::RotateKeys>();
    both_writers_agree::<signing_key::SigningKeyList>();
    both_writers_agree::<signing_key::JwkSet>();
    both_writers_agree::<server::Server>();
    both_writers_agree::<server::StrainedLimits>();
    both_writers_agree::<api_key::CreateApiKey>();
    both_writers_agree::<api_key::UpdateApiKey>();
    both_writers_agree::<api_key::RotateApiKey>();
    both_writers_agree::<api_key::ApiKey>();
    both_writers_agree::<api_key::NewApiKey>();
    both_writers_agree::<api_key::OwnApiKeys>();
    both_writers_agree::<api_key::AllApiKeys>();
    both_writers_agree::<resource::RegisterResource>();
    both_writers_agree::<resource::Resource>();
    both_writers_agree::<resource::ResourceList>();
    both_writers_agree::<resource::NewOwner>();
    both_writers_agree::<resource::Grant>();
    both_writers_agree::<resource::GrantList>();
    both_writers_agree::<authz::CheckRequest>();
    both_writers_agree::<authz::CheckItem>();
    both_writers_agree::<authz::CheckAnswer>();
    both_writers_agree::<authz::CheckResult>();
    both_writers_agree::<authz::CheckResults>();
    both_writers_agree::<service::CreateService>();
    both_writers_agree::<service::RotateService>();
    both_writers_agree::<service::NewService>();
    both_writers_agree::<service::ServiceList>();
    both_writers_agree::<oauth::IntrospectionForm>();
    both_writers_agree::<oauth::RevocationForm>();
    both_writers_agree::<oauth::Introspection>();
    both_writers_agree::<oauth::Revoked>();
    both_writers_agree::<oauth::OauthFailure>();
    both_writers_agree::<oauth::ServerMetadata>();
    both_writers_agree::<diagnosis::DiagnosisRequest>();
    both_writers_agree::<diagnosis::Diagnosis>();
    both_writers_agree::<diagnosis::TokenTestRequest>();
    both_writers_agree::<diagnosis::TokenTest>();
    both_writers_agree::<diagnosis::MfaTest>();
    both_writers_agree::<security_report::SecurityReport>();
    both_writers_agree::<explain::Explanation>();
    both_writers_agree::<explain::ExplanationPage>();
    both_writers_agree::<explain::SimulateRequest>();
    both_writers_agree::<explain::Simulation>();
    both_writers_agree::<sample::Measurement>();
    both_writers_agree::<setup::SetupRequest>();
    both_writers_agree::<health::Health>();
    both_writers_agree::<health::Probe>();
    both_writers_agree::<dev::CapturedMail>();
    both_writers_agree::<dev::DevClock>();
    both_writers_agree::<dev::AdvanceClock>();
    both_writers_agree::<role::CreateRole>();
    both_writers_agree::<role::UpdateRole>();
    both_writers_agree::<role::Role>();
    both_writers_agree::<role::RoleList>();
    both_writers_agree::<role::GivePermission>();
    both_writers_agree::<role::UserPermissions>();
    both_writers_agree::<role::HeldPermission>();
    both_writers_agree::<role::Allowing>();
}

#[test]
fn every_request_refuses_an_unknown_field() {
    unknown_fields_are_refused::<federation::LinkRequest>();
    unknown_fields_are_refused::<signing_key::RotateKeys>();
    unknown_fields_are_refused::<auth::RegisterRequest>();
    unknown_fields_are_refused::<auth::LoginRequest>();
    unknown_fields_are_refused::<auth::RefreshRequest>();
    unknown_fields_are_refused::<factor::MfaCode>();
    unknown_fields_are_refused::<factor::MfaPassword>();
    unknown_fields_are_refused::<factor::MfaVerify>();
    unknown_fields_are_refused::<user::CreateUser>();
    unknown_fields_are_refused::<user::UpdateUser>();
    unknown_fields_are_refused::<user::UpdateMe>();
    unknown_fields_are_refused::<api_key::CreateApiKey>();
    unknown_fields_are_refused::<api_key::UpdateApiKey>();
    unknown_fields_are_refused::<api_key::RotateApiKey>();
    unknown_fields_are_refused::<resource::RegisterResource>();
    unknown_fields_are_refused::<resource::NewOwner>();
    unknown_fields_are_refused::<resource::Grant>();
    unknown_fields_are_refused::<authz::CheckRequest>();
    unknown_fields_are_refused::<authz::CheckItem>();
    unknown_fields_are_refused::<service::CreateService>();
    unknown_fields_are_refused::<service::RotateService>();
    unknown_fields_are_refused::<diagnosis::DiagnosisRequest>();
    unknown_fields_are_refused::<diagnosis::TokenTestRequest>();
    unknown_fields_are_refused::<explain::SimulateRequest>();
    unknown_fields_are_refused::<sample::Measurement>();
    unknown_fields_are_refused::<setup::SetupRequest>();
    unknown_fields_are_refused::<dev::AdvanceClock>();
    unknown_fields_are_refused::<role::CreateRole>();
    unknown_fields_are_refused::<role::UpdateRole>();
    unknown_fields_are_refused::<role::GivePermission>();
}

#[test]
fn a_secret_is_never_printed() {
    let request = auth::LoginRequest::example();
    assert!(!format!("{request:?}").contains("correct horse"));
    let mistaken = secret::Secret::parse_from_json(Some(serde_json::json!(["correct horse"])));
    assert!(!mistaken.unwrap_err().into_message().contains("correct horse"));
}
