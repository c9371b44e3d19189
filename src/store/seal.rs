//! Seals: the signed heads of all lanes, each chained to the seal before. Knows no key: the caller signs.
//!
//! What is signed, for ever: `"latchkey.seal.v1" 00 | number u64 big-endian | postcard(at, heads, prev)`. The hash of
//! a seal is the SHA-256 of what is signed followed by the signature.

use aws_lc_rs::digest;

use super::error::StoreError;
use super::lane::SealV1;
use super::scan::{Page, Read, Scan};
use super::tables::SEAL;
use super::txn::Txn;

const LABEL: &[u8] = b"latchkey.seal.v1\0";

impl SealV1 {
    /// The bytes that the signature of seal `number` signs.
    pub fn signed_bytes(&self, number: u64) -> Result<Vec<u8>, StoreError> {
        let body = postcard::to_allocvec(&(self.at, &self.heads, &self.prev));
        let body = body.map_err(|_| StoreError::Damaged { table: SEAL.name() })?;
        Ok([LABEL, &number.to_be_bytes(), &body].concat())
    }

    /// The hash by which the next seal refers to this one.
    pub fn hash(&self, number: u64) -> Result<[u8; 32], StoreError> {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(&self.signed_bytes(number)?);
        context.update(&self.signature);
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        Ok(hash)
    }
}

/// The newest seal and its number.
pub fn last(read: &impl Read) -> Result<Option<(u64, SealV1)>, StoreError> {
    Ok(read.scan(&SEAL, Scan::all(1).reverse())?.rows.into_iter().next())
}

/// Up to `limit` seals with a number above `after`, oldest first.
pub fn after(read: &impl Read, after: u64, limit: usize) -> Result<Page<u64, SealV1>, StoreError> {
    read.scan(&SEAL, Scan::all(limit).after(&after))
}

/// The newest seal that was made at or before `at`, Unix milliseconds, as far as seals are in the order of their times.
pub fn last_before(read: &impl Read, at: i64) -> Result<Option<SealV1>, StoreError> {
    let (mut low, mut high) = (0, last(read)?.map_or(0, |(number, _)| number));
    while low < high {
        let middle = high - (high - low) / 2;
        let is_later = read.get(&SEAL, &middle)?.is_none_or(|seal| seal.at > at);
        (low, high) = if is_later { (low, middle - 1) } else { (middle, high) };
    }
    read.get(&SEAL, &low)
}

/// Stores seal `number`.
pub fn put(txn: &mut Txn<'_>, number: u64, seal: &SealV1) -> Result<(), StoreError> {
    txn.put(&SEAL, &number, seal)
}
