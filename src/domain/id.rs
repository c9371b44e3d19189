//! Identifiers: time-ordered UUIDs (version 7, RFC 9562), one type for each thing named.
//!
//! ## Decision
//! Keys that grow with time make a group commit several times cheaper than random keys, so users,
//! sessions and mails carry UUIDv7. The random part has 74 bits: an id is a name, never a secret.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use super::time::Timestamp;

/// The text is not a hyphenated UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct NotAnId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id from the time and ten random bytes that are passed in.
            pub fn new(now: Timestamp, random: &[u8; 10]) -> Self {
                let millis = u64::try_from(now.millis()).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid())
            }

            /// The place between all ids of times before `at` and all of `at` and later ones. It names nothing.
            pub fn edge(at: Timestamp) -> Self {
                let first = Self::new(at, &[0; 10]).0.as_u128();
                Self(Uuid::from_u128(first.saturating_sub(1)))
            }

            /// From the sixteen bytes of a UUID.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The sixteen bytes, in sort order.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// When it was made, as it says itself.
            pub fn made_at(&self) -> Timestamp {
                let millis = u128::from_be_bytes(*self.as_bytes()) >> 80;
                Timestamp::from_millis(i64::try_from(millis).unwrap_or(0))
            }

            /// As a UUID.
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        /// Only the hyphenated form in small letters; a braced, URN or simple form and capital letters are refused, so
        /// that an id has one spelling.
        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let id = Uuid::try_parse(text).map_err(|_| NotAnId)?;
                let is_ours = text.len() == 36 && !text.bytes().any(|b| b.is_ascii_uppercase());
                if is_ours { Ok(Self(id)) } else { Err(NotAnId) }
            }
        }
    };
}

id!(
    /// Names an account.
    UserId
);
id!(
    /// Names a session: one login on one device, with its refresh family.
    SessionId
);
id!(
    /// Names an API key.
    ApiKeyId
);
id!(
    /// Names a registered service.
    ServiceId
);
id!(
    /// Names a mail in the outbox.
    MailId
);
id!(
    /// Names one issue of a token (the `jti` of RFC 7519) or a mailed one-time token.
    TokenId
);

id!(
    /// Names the link of an account with one elsewhere.
    IdentityId
);
id!(
    /// Names a suspicious act.
    SuspicionId
);
id!(
    /// Names the kept judgement of one request.
    TraceId
);
id!(
    /// Names a role, built-in or custom.
    RoleId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time() {
        let early = UserId::new(Timestamp::from_millis(1), &[0xff; 10]);
        let late = UserId::new(Timestamp::from_millis(2), &[0; 10]);
        assert!(early < late);
        assert_eq!(early.as_uuid().get_version_num(), 7);
        assert_eq!((early.made_at().millis(), late.made_at().millis()), (1, 2));
    }

    #[test]
    fn only_the_hyphenated_form_in_small_letters_is_read() {
        let id = SessionId::new(Timestamp::from_millis(1_700_000_000_000), &[7; 10]);
        assert_eq!(id.to_string().parse(), Ok(id));
        let simple = id.as_uuid().simple().to_string();
        assert_eq!(simple.parse::<SessionId>(), Err(NotAnId));
        // Found by fuzzing.
        assert_eq!("0A9a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11".parse::<SessionId>(), Err(NotAnId));
    }
}
