//! The handle of a login that waits for its second step. Knows nothing of the login.
//!
//! It is a UUID, for clients that expect one, of version 4: 122 random bits. The store knows its keyed hash alone.

use std::fmt;

use zeroize::Zeroizing;

use super::digest::MacKey;
use super::master::PurposeKey;

/// A handle as its holder has it. Shown once, never stored; wiped when dropped.
pub struct LoginHandle(Zeroizing<[u8; 16]>);

impl LoginHandle {
    /// A new handle from 16 random bytes, of which 122 bits count.
    pub fn new(random: [u8; 16]) -> Self {
        Self(Zeroizing::new(uuid::Builder::from_random_bytes(random).into_uuid().into_bytes()))
    }

    /// Reads a hyphenated UUID; nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let id = uuid::Uuid::try_parse(text).ok().filter(|_| text.len() == 36)?;
        Some(Self(Zeroizing::new(id.into_bytes())))
    }

    /// The text, for the one answer that shows it.
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(uuid::Uuid::from_bytes(*self.0).hyphenated().to_string())
    }
}

impl fmt::Debug for LoginHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginHandle(redacted)")
    }
}

/// Makes the storable form of handles.
#[derive(Debug, Clone)]
pub struct LoginHandles(MacKey);

impl LoginHandles {
    /// From the key derived for [`Purpose::PendingLogins`](super::Purpose::PendingLogins).
    pub fn new(key: &PurposeKey) -> Self {
        Self(MacKey::new(key.expose()))
    }

    /// 16 bytes of the keyed hash.
    pub fn hash(&self, handle: &LoginHandle) -> [u8; 16] {
        self.0.tag(&[handle.0.as_slice()]).first_chunk().copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{MasterKey, Purpose};

    #[test]
    fn a_handle_is_a_uuid_of_version_4_and_reads_back() {
        let handles = LoginHandles::new(&MasterKey::from_bytes([5; 32]).derive(Purpose::PendingLogins));
        let handle = LoginHandle::new([0xab; 16]);
        let text = handle.reveal();
        assert_eq!(*text, "abababab-abab-4bab-abab-abababababab");
        assert_eq!(handles.hash(&LoginHandle::parse(&text).unwrap()), handles.hash(&handle));
        assert_ne!(handles.hash(&LoginHandle::new([0xac; 16])), handles.hash(&handle));
        assert_eq!(format!("{handle:?}"), "LoginHandle(redacted)");
        for bad in ["", "abababab", &text.replace('-', ""), &format!("{{{}}}", *text), &format!("{} ", *text)]
        {
            assert!(LoginHandle::parse(bad).is_none(), "{bad}");
        }
    }
}
