//! Values as bytes: a version, a postcard body, and a keyed tag that ties them to their key. Knows no table's meaning.
//!
//! ## Format, for ever
//! `version u8 | postcard body | tag [16]`, where the tag is the first 16 bytes of
//! HMAC-SHA-256(checksum key, length of the row key as u16 big-endian | row key | version | body)
//! and the row key is `table byte | tuple`. The tag is verified on every read, so a damaged row, a row copied to
//! another key and a row written without the key are errors, never wrong answers.
//!
//! ## Decision
//! The engine does not verify its pages when it reads them (27 % of reads were silently wrong after flipping sixteen
//! bytes of a file), and its checksums can be forged. A truncated HMAC costs about as much as the look-up and also
//! keeps out whoever can write the file but does not hold the key.

use aws_lc_rs::{constant_time, hmac};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::StoreError;

/// Bytes of the keyed tag at the end of every value.
pub const TAG_BYTES: usize = 16;

/// A record that can be stored. Its serde form is its format for ever: a change is a new version.
pub trait Value: Serialize + DeserializeOwned {
    /// The version this program writes, from 1.
    const VERSION: u8;

    /// The record from a verified body. A record type with a past overrides this to read the old versions too.
    fn decode(version: u8, body: &[u8]) -> Result<Self, Unreadable> {
        if version == Self::VERSION { from_body(body) } else { Err(Unreadable::Version) }
    }
}

/// An id: the value of an index that points to one row.
impl Value for [u8; 16] {
    const VERSION: u8 = 1;
}

/// A hash: the value of an index that points to a row under one.
impl Value for [u8; 32] {
    const VERSION: u8 = 1;
}

/// A row that exists says all: the value of an index.
impl Value for () {
    const VERSION: u8 = 1;
}

/// Why a verified body is not a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// The version is unknown.
    Version,
    /// The body does not decode, or something is left over behind it.
    Body,
}

/// Decodes a body strictly: bytes left over are an error.
pub fn from_body<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unreadable> {
    match postcard::take_from_bytes(body) {
        Ok((record, [])) => Ok(record),
        _ => Err(Unreadable::Body),
    }
}

/// Writes and verifies values with the store's checksum key.
pub struct Codec {
    key: hmac::Key,
}

impl Codec {
    /// The codec of one store.
    pub fn new(checksum_key: &[u8; 32]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, checksum_key) }
    }

    /// The bytes to store for `value` at the row `key`.
    ///
    /// `Damaged` when the record cannot be serialized, which no record of plain fields does.
    pub fn encode<V: Value>(
        &self,
        table: &'static str,
        key: &[u8],
        value: &V,
    ) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::with_capacity(128);
        bytes.push(V::VERSION);
        let mut bytes = postcard::to_extend(value, bytes).map_err(|_| StoreError::Damaged { table })?;
        let tag = self.tag(key, &bytes);
        bytes.extend_from_slice(&tag);
        Ok(bytes)
    }

    /// The record stored as `bytes` at the row `key`.
    pub fn decode<V: Value>(&self, table: &'static str, key: &[u8], bytes: &[u8]) -> Result<V, StoreError> {
        let damaged = StoreError::Damaged { table };
        let Some((head, tag)) = bytes.split_last_chunk::<TAG_BYTES>() else { return Err(damaged) };
        if constant_time::verify_slices_are_equal(&self.tag(key, head), tag).is_err() {
            return Err(damaged);
        }
        let Some((version, body)) = head.split_first() else { return Err(damaged) };
        V::decode(*version, body).map_err(|why| match why {
            Unreadable::Version => StoreError::UnknownVersion { table, found: *version, known: V::VERSION },
            Unreadable::Body => damaged,
        })
    }

    /// True when `bytes` were written at the row `key` with this key.
    pub(crate) fn verifies(&self, key: &[u8], bytes: &[u8]) -> bool {
        bytes.split_last_chunk::<TAG_BYTES>().is_some_and(|(head, tag)| {
            constant_time::verify_slices_are_equal(&self.tag(key, head), tag).is_ok()
        })
    }

    fn tag(&self, key: &[u8], version_and_body: &[u8]) -> [u8; TAG_BYTES] {
        let mut context = hmac::Context::with_key(&self.key);
        // Keys are at most 512 bytes; the length in front keeps key and body from running into each other.
        context.update(&u16::try_from(key.len()).unwrap_or(u16::MAX).to_be_bytes());
        context.update(key);
        context.update(version_and_body);
        let full = context.sign();
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(full.as_ref().split_at(TAG_BYTES).0);
        tag
    }
}

/// Shows nothing: the key is a secret.
impl std::fmt::Debug for Codec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Codec")
    }
}

#[cfg(test)]
mod tests;
