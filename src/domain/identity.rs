//! Accounts that people have elsewhere: who vouches for them, what is said of them, and whom a login with one reaches
//! here. Knows nothing of how it was asked.
//!
//! ## Decision: an identity is an issuer and a subject, never an address
//! An address can change hands at the provider; a subject does not (OpenID Connect Core, section 5.7). An address leads
//! to an account once, when the link is made, and only where both sides proved it (R69).
//!
//! ## Decision: an account whose address nobody proved is taken over, not joined
//! Whoever registered a stranger's address waits for its owner. So the first one who proves the address gets the account
//! as if it were new: what opened it before, the password above all, opens nothing any more (R69).

use std::fmt;
use std::str::FromStr;

use super::email::EmailAddress;
use super::id::{IdentityId, UserId};
use super::time::Timestamp;
use super::user::User;

/// Longest name of a provider.
pub const PROVIDER_NAME_MAX: usize = 32;

/// Longest subject that is taken (OpenID Connect Core, section 2).
pub const SUBJECT_MAX: usize = 255;

/// Most identities of one account.
pub const IDENTITIES_MAX: usize = 10;

/// What a provider is called in paths, records and configuration: 1 to 32 lower-case letters, digits and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderName(String);

/// The text is no name of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 32 lower-case letters, digits and '-', beginning with a letter")]
pub struct NotAProviderName;

impl ProviderName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// From a verified row.
    pub(crate) const fn stored(text: String) -> Self {
        Self(text)
    }
}

impl FromStr for ProviderName {
    type Err = NotAProviderName;

    fn from_str(text: &str) -> Result<Self, NotAProviderName> {
        let is_plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let begins = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        if is_plain && begins && text.len() <= PROVIDER_NAME_MAX {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAProviderName)
        }
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a provider says of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Names the person there, for ever.
    pub subject: String,
    /// The address, where the provider says that it was proved.
    pub email: Option<EmailAddress>,
    /// The name to show.
    pub name: Option<String>,
}

/// An account elsewhere that opens one here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Names the link.
    pub id: IdentityId,
    /// Whose account it opens.
    pub user: UserId,
    /// Who vouches.
    pub provider: ProviderName,
    /// The address there when the link was made, to show.
    pub email: Option<EmailAddress>,
    /// When the link was made.
    pub linked_at: Timestamp,
}

/// What an operator decides about logins with accounts elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FederationPolicy {
    /// Whether somebody without an account gets one.
    pub may_register: bool,
    /// Whether a proved address leads to the account that has it.
    pub may_link_by_email: bool,
    /// Where the browser goes with its tokens; nothing where they are the answer.
    pub redirect_url: Option<String>,
}

/// Whom a login with an account elsewhere reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached<'a> {
    /// The account that it is linked with.
    Linked(&'a User),
    /// The account with the same proved address, from now on linked with it.
    SameAddress(&'a User),
    /// An account with an address that nobody proved: it loses all that opened it, and belongs to who came.
    TakenOver(&'a User),
    /// Nobody yet: an account is made for this address.
    New(&'a EmailAddress),
}

/// Why it reaches nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreached {
    /// The provider vouches for no address, and there is no link.
    NoEmail,
    /// There is an account with the address, and addresses do not lead to accounts here.
    Exists,
    /// There is none, and none is made.
    Closed,
}

impl Unreached {
    /// The stable name in audit records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoEmail => "no_verified_email",
            Self::Exists => "email_exists",
            Self::Closed => "registration_closed",
        }
    }
}

/// Whom `claims` reach, given the account they are linked with and the one that has their address.
pub fn reach<'a>(
    claims: &'a Claims,
    linked: Option<&'a User>,
    same_address: Option<&'a User>,
    policy: &FederationPolicy,
) -> Result<Reached<'a>, Unreached> {
    if let Some(user) = linked {
        return Ok(Reached::Linked(user));
    }
    let email = claims.email.as_ref().ok_or(Unreached::NoEmail)?;
    match same_address {
        Some(_) if !policy.may_link_by_email => Err(Unreached::Exists),
        Some(user) if user.email_verified_at.is_some() => Ok(Reached::SameAddress(user)),
        // Switched off by an administrator: whoever proves the address does not switch it on.
        Some(user) if !user.status.is_usable() => Ok(Reached::SameAddress(user)),
        Some(user) => Ok(Reached::TakenOver(user)),
        None if policy.may_register => Ok(Reached::New(email)),
        None => Err(Unreached::Closed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::user::{Status, ada};

    const OPEN: &FederationPolicy =
        &FederationPolicy { may_register: true, may_link_by_email: true, redirect_url: None };
    const SHUT: &FederationPolicy =
        &FederationPolicy { may_register: false, may_link_by_email: false, redirect_url: None };

    fn claims(email: Option<&str>) -> Claims {
        let email = email.map(|text| EmailAddress::parse(text).unwrap());
        Claims { subject: "1".to_owned(), email, name: None }
    }

    #[test]
    fn names_of_providers_are_plain() {
        for good in ["google", "a", "work-sso-2", &"a".repeat(32)] {
            assert_eq!(good.parse::<ProviderName>().unwrap().as_str(), good);
        }
        for bad in ["", "Google", "2a", "-a", "a b", "a/b", "a.b", "\u{e4}", &"a".repeat(33)] {
            assert_eq!(bad.parse::<ProviderName>(), Err(NotAProviderName), "{bad}");
        }
    }

    #[test]
    fn a_link_comes_before_every_address() {
        let (linked, other) = (ada(), User { id: UserId::from_bytes([1; 16]), ..ada() });
        for policy in [OPEN, SHUT] {
            for claims in [claims(None), claims(Some("ada@example.com"))] {
                assert_eq!(reach(&claims, Some(&linked), Some(&other), policy), Ok(Reached::Linked(&linked)));
            }
        }
    }

    /// R69.
    #[test]
    fn an_address_leads_to_an_account_only_where_both_sides_proved_it_and_the_policy_allows() {
        let proved = ada();
        let unproved = User { email_verified_at: None, status: Status::Pending, ..ada() };
        let suspended = User { email_verified_at: None, status: Status::Suspended, ..ada() };
        let said = claims(Some("ada@example.com"));
        assert_eq!(reach(&claims(None), None, None, OPEN), Err(Unreached::NoEmail));
        assert_eq!(reach(&said, None, Some(&proved), OPEN), Ok(Reached::SameAddress(&proved)));
        assert_eq!(reach(&said, None, Some(&unproved), OPEN), Ok(Reached::TakenOver(&unproved)));
        assert_eq!(reach(&said, None, Some(&suspended), OPEN), Ok(Reached::SameAddress(&suspended)));
        for user in [&proved, &unproved, &suspended] {
            assert_eq!(reach(&said, None, Some(user), SHUT), Err(Unreached::Exists));
        }
    }

    #[test]
    fn who_has_no_account_gets_one_where_the_policy_allows() {
        let said = claims(Some("new@example.com"));
        assert_eq!(reach(&said, None, None, OPEN), Ok(Reached::New(said.email.as_ref().unwrap())));
        assert_eq!(reach(&said, None, None, SHUT), Err(Unreached::Closed));
    }
}
