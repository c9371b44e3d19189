//! `/account/activity`: what happened to one's account of late, in words.
#![expect(clippy::needless_pass_by_value, reason = "poem hands extractors over by value")]

use std::borrow::Cow;
use std::sync::Arc;

use poem::http::StatusCode;
use poem::web::Query;
use poem::{EndpointExt, Response, Route, get, handler};
use serde::Deserialize;

use super::render::account::Told;
use super::render::data::EventView;
use super::sessions::program;
use super::visitor::{Here, Owner};
use crate::domain::audit::{Action, Outcome};
use crate::http::site::{Site, broken, page};
use crate::services::audit_log::AuditEntry;
use crate::services::personal_data::happened;

const ACTIVITY: &str = "/account/activity";

/// How many commits are shown at once.
const SHOWN: usize = 20;

/// Adds the page.
pub fn add(route: Route, site: &Arc<Site>) -> Route {
    route.at(ACTIVITY, get(show).data(site.clone()))
}

#[derive(Deserialize)]
struct Older {
    before: Option<u64>,
}

#[handler]
fn show(site: Here<'_>, owner: Owner, query: poem::Result<Query<Older>>) -> Response {
    let before = query.ok().and_then(|query| query.before);
    match happened(&site.app, &owner.caller, (before, SHOWN)) {
        Ok(found) => {
            let events: Vec<_> = found.entries.iter().map(view).collect();
            let own = owner.own(&site, Told::Nothing);
            page(StatusCode::OK, site.pages.activity(&own, &events, (before.is_some(), found.next)))
        }
        Err(error) => broken(&site, &owner.ctx.request_id, &error.into()),
    }
}

fn view(entry: &AuditEntry) -> EventView {
    let agent = entry.user_agent.as_deref().map(program);
    let whence = match (entry.client, agent) {
        (Some(client), Some(agent)) => format!("{agent}, {client}"),
        (Some(client), None) => client.to_string(),
        // Of others is told what they did alone.
        (None, _) => "By an administrator, or by the server itself".to_owned(),
    };
    EventView {
        what: act(&entry.action),
        outcome: match entry.outcome {
            Outcome::Success => None,
            Outcome::Failure => Some("Failed"),
            Outcome::Denied => Some("Refused"),
        },
        reason: entry.reason.as_deref().map(why),
        at: entry.at.in_words(),
        whence,
    }
}

/// What people call the act: a thing that came about or did not, as the outcome says.
fn act(name: &str) -> Cow<'static, str> {
    let known = ACTS.iter().find(|(action, _)| action.name() == name);
    known.map_or_else(|| spaced(name).into(), |(_, words)| Cow::Borrowed(*words))
}

/// Why, or by what means.
fn why(name: &str) -> String {
    if name == "totp" { "authenticator app".to_owned() } else { spaced(name) }
}

/// A stable name, for people.
fn spaced(name: &str) -> String {
    name.replace(['.', '_'], " ")
}

/// Every act that is about one person.
const ACTS: [(Action, &str); 55] = [
    (Action::UserRegistered, "Making of the account"),
    (Action::UserCreated, "Making of the account"),
    (Action::UserInvited, "Invitation by mail"),
    (Action::InvitationAccepted, "First password, by invitation"),
    (Action::RegistrationRepeated, "Another registration with your address"),
    (Action::EmailVerified, "Confirmation of the email address"),
    (Action::EmailChangeRequested, "Request for another email address"),
    (Action::EmailChanged, "Change of the email address"),
    (Action::VerificationResent, "Another mail to confirm the email address"),
    (Action::PasswordChanged, "Change of the password"),
    (Action::PasswordResetRequested, "Request for a new password by mail"),
    (Action::PasswordReset, "New password by mail"),
    (Action::PasswordResetForced, "Demand for a new password"),
    (Action::LoginSucceeded, "Login"),
    (Action::LoginFailed, "Login"),
    (Action::LoginMfaRequired, "Login: the password was right, and a code is asked for"),
    (Action::SessionSteppedUp, "Proof that it is still you"),
    (Action::MfaSetup, "Setup of a second factor"),
    (Action::MfaCodeSent, "Code to your phone"),
    (Action::MfaEnabled, "Switching a second factor on"),
    (Action::MfaDisabled, "Taking a second factor away"),
    (Action::MfaBackupCodesRenewed, "New backup codes"),
    (Action::MfaBackupCodeUsed, "Use of a backup code"),
    (Action::TotpDebugViewed, "Look at the codes that fit"),
    (Action::SessionRefreshed, "Longer life of a session"),
    (Action::SessionEnded, "End of a session"),
    (Action::SessionAllEnded, "End of several sessions"),
    (Action::RefreshRotated, "Longer life of a session"),
    (Action::RefreshReused, "Use of a token that was used before"),
    (Action::UserExported, "Copy of your data"),
    (Action::UserUpdated, "Change of the account"),
    (Action::UserStatusChanged, "Change of what the account may be used for"),
    (Action::RoleGranted, "Another role"),
    (Action::RoleRevoked, "A role less"),
    (Action::PermissionGranted, "Another permission"),
    (Action::PermissionRevoked, "A permission less"),
    (Action::AccessDenied, "Something that is not allowed"),
    (Action::LockoutSet, "Lock after failed logins"),
    (Action::LockoutCleared, "End of a lock"),
    (Action::LoginDiagnosed, "Question why a login fails"),
    (Action::TokenDiagnosed, "Question whether a token is good"),
    (Action::MfaDiagnosed, "Question about the second factor"),
    (Action::AccountDiagnosed, "Question how safe the account is"),
    (Action::RequestExplained, "Question why something was refused"),
    (Action::ApiKeyCreated, "New API key"),
    (Action::ApiKeyUpdated, "Change of an API key"),
    (Action::ApiKeyRotated, "New secret of an API key"),
    (Action::ApiKeyRevoked, "End of an API key"),
    (Action::ResourceCreated, "Something that you own"),
    (Action::ResourceDeleted, "End of something that you owned"),
    (Action::ResourceOwnerChanged, "Another owner of something"),
    (Action::GrantAdded, "Permission for one thing"),
    (Action::GrantRemoved, "End of a permission for one thing"),
    (Action::IdentityLinked, "Link with an account elsewhere"),
    (Action::IdentityUnlinked, "End of a link with an account elsewhere"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_is_told_in_words_and_one_without_words_by_its_name() {
        assert_eq!(act("password.changed"), "Change of the password");
        assert_eq!(act("mail.lost_twice"), "mail lost twice");
    }
}
