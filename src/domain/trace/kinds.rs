//! What can be judged of a request, and what is said of it: one line of names and two sentences for each.

use super::Verdict;

macro_rules! kinds {
    ($($kind:ident $verdict:ident $name:literal: $cause:literal $mend:literal)*) => {
        /// What was judged, and how it came out. The names are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Kind {
            $(#[doc = concat!("`", $name, "`")] $kind,)*
        }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }

            /// How it came out.
            pub const fn verdict(self) -> Verdict {
                match self {
                    $(Self::$kind => Verdict::$verdict,)*
                }
            }

            /// What was found, with gaps for facts.
            pub const fn cause(self) -> &'static str {
                match self {
                    $(Self::$kind => $cause,)*
                }
            }

            /// What helps, with gaps for facts.
            pub const fn mend(self) -> &'static str {
                match self {
                    $(Self::$kind => $mend,)*
                }
            }
        }
    };
}

kinds! {
    Known Passed "credential": "The {by} is good, and is that of account {user}." ""
    Room Passed "limit": "The budget of `{class}` has {left} of {count} left." ""
    Unlocked Passed "lock": "Nothing locks the account for this network." ""
    NameKnown Passed "name": "The name is that of account {user}." ""
    PasswordRight Passed "password": "The password is taken to be right." ""
    AccountGood Passed "account": "The account is {status}, and may be used." ""
    CodeAsked Passed "second_factor": "The account has a second factor: the login waits for a code." ""
    NoCodeAsked Passed "second_factor_off": "The account has no second factor: the password is enough." ""
    Permitted Passed "permission": "The account holds {required}." ""
    Open Passed "operation": "The operation is open to everybody." ""
    ProofAsked Passed "proof": "The operation takes a proof of who calls that is {allowed} old at most." ""
    Allowed Passed "allowed": "Nothing stands against it." ""

    NoCredential Denied "credential_missing": "The request carried no credential."
        "Send an access token as `Authorization: Bearer`, an API key as `X-API-Key`, or the cookie of a session."
    CredentialUnclear Denied "credential_unclear":
        "The request carried two credentials, or a header of one that cannot be read."
        "Send one credential, once, in the form `Authorization: Bearer ..`."
    TokenExpired Denied "token_expired": "The access token ended at {ended_at}, {since} before."
        "Refresh the token. If the client thinks it is younger, its clock is wrong."
    TokenEarly Denied "token_early": "The token says that it was issued at {issued_at}, {ahead} ahead of the clock here."
        "Set the clock of the machine that issued it, or of this one; {allowed} of difference are allowed."
    TokenOtherKind Denied "token_other_kind": "The token is ours and is not one of this kind."
        "Send the access token to operations, and the refresh token to `/auth/refresh` alone."
    TokenUnknownKey Denied "token_unknown_key": "The token was signed with a key that is not known (any more)."
        "Log in again. Was the key taken away, or is it the token of another server?"
    TokenForged Denied "token_invalid": "The token is none of ours, or was changed: {what}."
        "Log in again, and send the token as it was given out."
    SessionEnded Denied "session_ended": "The session {session} of the token was ended, or expired and was removed."
        "Log in again. The audit log says who ended the session."
    SessionExpired Denied "session_expired": "The session {session} expired at {ended_at}."
        "Log in again."
    SessionsEnded Denied "sessions_ended":
        "All sessions of the account were ended after {session} began: by a new password, a changed second factor, a \
         logout everywhere, or an administrator."
        "Log in again."
    AccountOff Denied "account_off": "The account {user} is {status}."
        "An administrator sets its status to active: `PUT /api/v1/users/{user}`."
    AccountGone Denied "account_gone": "The account {user} does not exist any more."
        "Nothing brings it back. Register anew."
    RefreshExpired Denied "refresh_expired": "The refresh token has expired."
        "Log in again."
    RefreshReused Denied "refresh_reused":
        "The refresh token was used before, and its successor too: session {session} was ended as if the token was stolen."
        "Log in again. See that the client keeps the newest refresh token, and that no two of them share one."
    CookieUnknown Denied "cookie_invalid": "The cookie opens no live session."
        "Log in again."
    CookieAway Denied "cookie_away": "The session {session} is bound to its login, and this does not fit: {mismatch}."
        "Log in again there, or switch off `[sessions]` binding."
    KeyUnknown Denied "key_unknown": "The API key is none that this server knows: {what}."
        "Make a new key, or look with `latchkey key inspect` whether it is whole."
    KeyExpired Denied "key_expired": "The API key {key} ended at {ended_at}."
        "Its owner makes a new key, or gives this one a later end."
    KeyReplaced Denied "key_replaced": "The secret of API key {key} was replaced, and worked until {ended_at}."
        "Use the new secret of the key."
    KeysRevoked Denied "keys_revoked": "The API keys of account {user} were all revoked after {key} was made."
        "Its owner makes a new key."
    KeyCanary Denied "key_canary": "The API key {key} is a canary, which nobody has a reason to use."
        "Find out where it was found: whoever has it has read what it was planted in."
    KeyAddress Denied "key_address": "The API key {key} may be used from {networks} only."
        "Call from there, or have its owner change the list of addresses of the key."
    ScopeMissing Denied "scope_missing":
        "The API key {key} was not given {required}; it may do: {held}."
        "Give the key a scope that holds {required}."
    PermissionMissing Denied "permission_missing": "{required} is needed, and the account {user} holds: {held}."
        "Give the account a role that holds {required}, or the permission itself."
    FactorDemanded Denied "second_factor_demanded":
        "The account's role must have a second factor for {required}, and it has none."
        "Its owner sets a second factor up, or `[mfa] required_for` names fewer roles."
    SessionRequired Denied "session_required": "The operation is for people in a session, and an {by} came."
        "Log in, and call with the access token."
    StepUpNeeded Denied "step_up_needed":
        "The last proof of who it is was {age} old; the operation takes {allowed} at most."
        "Prove the {proof} again with `POST /api/v1/auth/step-up`."
    Forged Denied "forged": "The request was not sent by a page of this server: {cause}."
        "Send it from a page of `public_url`, with the session's `csrf_token` in `X-CSRF-Token`."
    NoOperator Denied "no_operator": "The user {uid} of the host is no operator."
        "Name the user, or its group, in `[admin_socket]`."
    OverPlainHttp Denied "plain_http": "The request came over plain HTTP."
        "Use HTTPS; behind a proxy that ends TLS, name the proxy in `trusted_proxies`."

    LimitReached Limited "limit_reached":
        "The budget of `{class}` for this {of} is used up: {count} in {period}. There is one again in {again}."
        "Wait {again}, or raise `{class}` in `[limits]`."
    MailsReached Limited "mails_reached": "As many mails as may be were sent to the address of late; this one was not."
        "Wait, or raise `mail` in `[limits]`."
    NetworkLocked Limited "locked_network":
        "The name is locked for this network after {allowed} wrong passwords; until {until}."
        "Wait, reset the password, or lift the lock: `DELETE /api/v1/lockouts/{id}` or the console."
    AccountLocked Limited "locked_account":
        "The name is locked after {failures} wrong passwords in a row; {allowed} are allowed. Until {until}."
        "Log in from a known network, reset the password, or lift the lock in the console."
    CodesLocked Limited "locked_codes":
        "The second factor of the account is locked after {allowed} wrong codes; until {until}."
        "Wait, or lift the lock in the console."

    UserUnknown Denied "user_unknown": "Nobody has the typed name, which the audit log knows as {name_hash}."
        "See that the name is spelled right, or register it."
    PasswordMissing Denied "no_password": "The account {user} has no password."
        "Set one with the mailed link, or ask for a new link."
    PasswordWrong Denied "wrong_password": "The password of account {user} was wrong."
        "Type it again, or reset it by mail."
    EmailUnverified Denied "email_not_verified": "The address of account {user} was never verified."
        "Open the link of the verification mail, or have it sent again."
    AccountChanged Denied "account_changed": "The account {user} changed while its password was compared."
        "Log in again."
    CodeWrong Denied "wrong_code": "The second-factor code was wrong."
        "Type the code that the app shows now."
    CodeSkewed Denied "wrong_code_skewed":
        "The second-factor code fits {apart} {direction}: the clock of the device or of this machine is wrong."
        "Set the clock of the device by the network; see `timedatectl` here."
    CodeUsed Denied "used_code": "The second-factor code was right, and was used before."
        "Wait for the next code."
    NoPendingLogin Denied "no_pending_login":
        "No login waits under this handle: it was finished, took too many wrong codes, is too old, or never was."
        "Log in again with name and password."
    TooManySessions Denied "too_many_sessions": "The account {user} has as many sessions as it may have."
        "End one of them, or raise `max` in `[sessions]`."

    RegistrationClosed Denied "registration_closed": "Strangers may not register."
        "An administrator makes the account, or `[registration] enabled` is switched on."
    NameTaken Denied "name_taken": "Another account has this {field}."
        "Log in to that account, or choose another {field}."
    LinkOver Denied "link_over": "The mailed link for {purpose} is over: it lived until {ended_at}."
        "Ask for a new link."
    LinkGone Denied "link_gone":
        "The mailed link for {purpose} is not known: it was used, replaced by a newer one, ended by a change of the \
         account, or never ours. It was made at {made_at}."
        "Use the newest mail, or ask for a new link."
    LinkUnreadable Denied "link_unreadable": "The text is no token for {purpose}."
        "Open the whole link of the mail; some programs break it at the end of a line."
    Hidden Denied "hidden": "What was asked for is not there, or is not the caller's to know of. The answer: {told}"
        "See that the id is right, and that the caller owns it or was granted it."
    SessionlessOnly Denied "services_only": "The operation is for registered services and API keys, and not for people."
        "Ask as a service: see `POST /api/v1/services`."
    NoOperation Denied "no_operation": "There is no such operation of the API."
        "See `/docs` for the paths, without the prefix of a profile."
    Answer Denied "answer": "{told}"
        "The answer names the state that stands against it: change that, or ask for something else."
}
