//! What the audit log speaks about: acts with stable names. Knows nothing of how records are kept.

use std::str::FromStr;

/// An act that is recorded. The names are stable: operators filter and alert on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// An account was made.
    UserRegistered,
    /// An administrator made an account.
    UserCreated,
    /// An administrator had a link mailed with which the owner of an account sets its first password.
    UserInvited,
    /// The owner of an account set its first password with that link.
    InvitationAccepted,
    /// Somebody registered an address that has an account already.
    RegistrationRepeated,
    /// The owner of an account proved its address.
    EmailVerified,
    /// A link that gives an account another address was asked for.
    EmailChangeRequested,
    /// The owner of an account proved another address, which is now its own.
    EmailChanged,
    /// A new verification mail was asked for.
    VerificationResent,
    /// The owner of an account gave it a new password.
    PasswordChanged,
    /// A link that sets a new password was asked for.
    PasswordResetRequested,
    /// A mailed link set a new password.
    PasswordReset,
    /// An administrator took the password of an account away.
    PasswordResetForced,
    /// A login gave tokens.
    LoginSucceeded,
    /// A login was denied.
    LoginFailed,
    /// The password of a login was right, and a second factor is asked for.
    LoginMfaRequired,
    /// The person of a session proved again who they are.
    SessionSteppedUp,
    /// The owner of an account began to set up a second factor.
    MfaSetup,
    /// A second-factor code was sent to the owner.
    MfaCodeSent,
    /// The owner of an account switched its second factor on.
    MfaEnabled,
    /// The owner of an account switched its second factor off, or an administrator took it away.
    MfaDisabled,
    /// The owner of an account made new backup codes.
    MfaBackupCodesRenewed,
    /// A backup code was used.
    MfaBackupCodeUsed,
    /// The owner of an account looked at the codes that fit now.
    TotpDebugViewed,
    /// The idle end of a session was moved.
    SessionRefreshed,
    /// One session was ended.
    SessionEnded,
    /// All sessions of an account were ended.
    SessionAllEnded,
    /// A refresh token was exchanged.
    RefreshRotated,
    /// A refresh token was presented after its successor had been used.
    RefreshReused,
    /// The owner of an account or an administrator deleted it.
    UserDeleted,
    /// The owner of an account or an administrator was given all that is held of it.
    UserExported,
    /// An administrator changed an account.
    UserUpdated,
    /// An administrator changed the status of an account.
    UserStatusChanged,
    /// Somebody made a custom role.
    RoleCreated,
    /// Somebody changed a custom role.
    RoleUpdated,
    /// Somebody deleted a custom role.
    RoleDeleted,
    /// An account was given a role.
    RoleGranted,
    /// A role was taken from an account.
    RoleRevoked,
    /// An account was given a permission beside its roles.
    PermissionGranted,
    /// Such a permission was taken from an account.
    PermissionRevoked,
    /// A caller was refused something: for want of a permission or of rank, or to keep the last administrator.
    AccessDenied,
    /// Somebody without a valid setup code tried to become the first administrator.
    SetupDenied,
    /// Too many wrong passwords locked an account, or a name that belongs to nobody.
    LockoutSet,
    /// A lock ended before its time: its owner logged in from a known place or reset the password, or an administrator
    /// ended it.
    LockoutCleared,
    /// An operator had a waiting mail tried at once.
    MailRetried,
    /// An operator removed a mail.
    MailDeleted,
    /// An operator has seen a suspicious act.
    SuspicionAcknowledged,
    /// An administrator was told why a login may not work.
    LoginDiagnosed,
    /// Somebody was told whether a token is good.
    TokenDiagnosed,
    /// Somebody was told whether an account has a second factor.
    MfaDiagnosed,
    /// Somebody was told how safe an account is.
    AccountDiagnosed,
    /// Somebody was told why requests were denied.
    RequestExplained,
    /// Somebody made an API key.
    ApiKeyCreated,
    /// The owner of an API key changed what it is and may do.
    ApiKeyUpdated,
    /// An API key got a new secret.
    ApiKeyRotated,
    /// An API key was revoked.
    ApiKeyRevoked,
    /// Somebody registered a resource, and owns it.
    ResourceCreated,
    /// A resource was removed, with its grants.
    ResourceDeleted,
    /// A resource was handed over.
    ResourceOwnerChanged,
    /// An account was granted something about a resource.
    GrantAdded,
    /// A grant was taken back.
    GrantRemoved,
    /// A service was registered.
    ServiceCreated,
    /// A registered service got a new secret.
    ServiceRotated,
    /// A registered service was deleted.
    ServiceDeleted,
    /// An account was linked with one elsewhere.
    IdentityLinked,
    /// Such a link was taken away.
    IdentityUnlinked,
    /// Another key signs tokens.
    KeyRotated,
    /// An operator had a test sent to a webhook.
    WebhookTested,
    /// An operator had an event delivered that a webhook had given up.
    WebhookRedelivered,
    /// An operator dropped an event that a webhook had given up.
    WebhookDropped,
    /// An operator set a webhook going again.
    WebhookResumed,
    /// The receiver of a webhook said that it is gone, and is told nothing more.
    WebhookDisabled,
    /// Old records were dropped, as the configuration says.
    AuditShortened,
    /// The server started with a configuration.
    ConfigLoaded,
    /// Something that is stored does not verify.
    StoreDamaged,
}

impl Action {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UserRegistered => "user.registered",
            Self::UserCreated => "user.created",
            Self::UserInvited => "user.invited",
            Self::InvitationAccepted => "user.invitation_accepted",
            Self::RegistrationRepeated => "user.registration_repeated",
            Self::EmailVerified => "email.verified",
            Self::EmailChangeRequested => "email.change_requested",
            Self::EmailChanged => "email.changed",
            Self::VerificationResent => "email.verification_resent",
            Self::PasswordChanged => "password.changed",
            Self::PasswordResetRequested => "password.reset_requested",
            Self::PasswordReset => "password.reset",
            Self::PasswordResetForced => "password.reset_forced",
            Self::LoginSucceeded => "login.succeeded",
            Self::LoginFailed => "login.failed",
            Self::LoginMfaRequired => "login.mfa_required",
            Self::MfaCodeSent => "mfa.code_sent",
            Self::MfaSetup => "mfa.setup",
            Self::MfaEnabled => "mfa.enabled",
            Self::MfaDisabled => "mfa.disabled",
            Self::MfaBackupCodesRenewed => "mfa.backup_codes_renewed",
            Self::MfaBackupCodeUsed => "mfa.backup_code_used",
            Self::TotpDebugViewed => "totp.debug_viewed",
            Self::SessionSteppedUp => "session.stepped_up",
            Self::SessionRefreshed => "session.refreshed",
            Self::SessionEnded => "session.ended",
            Self::SessionAllEnded => "session.all_ended",
            Self::RefreshRotated => "refresh.rotated",
            Self::RefreshReused => "refresh.reused",
            Self::UserDeleted => "user.deleted",
            Self::UserExported => "user.exported",
            Self::UserUpdated => "user.updated",
            Self::UserStatusChanged => "user.status_changed",
            Self::RoleCreated => "role.created",
            Self::RoleUpdated => "role.updated",
            Self::RoleDeleted => "role.deleted",
            Self::RoleGranted => "role.granted",
            Self::RoleRevoked => "role.revoked",
            Self::PermissionGranted => "permission.granted",
            Self::PermissionRevoked => "permission.revoked",
            Self::AccessDenied => "access.denied",
            Self::SetupDenied => "setup.denied",
            Self::LockoutSet => "lockout.set",
            Self::LockoutCleared => "lockout.cleared",
            Self::MailRetried => "mail.retried",
            Self::MailDeleted => "mail.deleted",
            Self::SuspicionAcknowledged => "suspicion.acknowledged",
            Self::LoginDiagnosed => "diagnosis.login",
            Self::TokenDiagnosed => "diagnosis.token",
            Self::MfaDiagnosed => "diagnosis.mfa",
            Self::AccountDiagnosed => "diagnosis.security",
            Self::RequestExplained => "diagnosis.request",
            Self::ApiKeyCreated => "api_key.created",
            Self::ApiKeyUpdated => "api_key.updated",
            Self::ApiKeyRotated => "api_key.rotated",
            Self::ApiKeyRevoked => "api_key.revoked",
            Self::ResourceCreated => "resource.created",
            Self::ResourceDeleted => "resource.deleted",
            Self::ResourceOwnerChanged => "resource.owner_changed",
            Self::GrantAdded => "grant.added",
            Self::GrantRemoved => "grant.removed",
            Self::ServiceCreated => "service.created",
            Self::ServiceRotated => "service.rotated",
            Self::ServiceDeleted => "service.deleted",
            Self::IdentityLinked => "identity.linked",
            Self::IdentityUnlinked => "identity.unlinked",
            Self::KeyRotated => "key.rotated",
            Self::WebhookTested => "webhook.tested",
            Self::WebhookRedelivered => "webhook.redelivered",
            Self::WebhookDropped => "webhook.dropped",
            Self::WebhookResumed => "webhook.resumed",
            Self::WebhookDisabled => "webhook.disabled",
            Self::AuditShortened => "audit.shortened",
            Self::ConfigLoaded => "config.loaded",
            Self::StoreDamaged => "store.damaged",
        }
    }
}

/// How an act came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was tried and did not come about.
    Failure,
    /// It was refused by a rule.
    Denied,
}

impl Outcome {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Denied => "denied",
        }
    }
}

/// The text names no outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an outcome; they are success, failure and denied")]
pub struct NotAnOutcome;

impl FromStr for Outcome {
    type Err = NotAnOutcome;

    fn from_str(text: &str) -> Result<Self, NotAnOutcome> {
        let all = [Self::Success, Self::Failure, Self::Denied];
        all.into_iter().find(|outcome| outcome.name() == text).ok_or(NotAnOutcome)
    }
}
