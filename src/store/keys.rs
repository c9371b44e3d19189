//! Order-preserving keys: tuples of plain values as bytes whose order is the order of the values. Knows no table.
//!
//! ## Formats, for ever
//! | type | bytes |
//! |---|---|
//! | `u8 u16 u32 u64` | big-endian |
//! | `i64`, [`Timestamp`] | big-endian with the sign bit flipped |
//! | `[u8; N]`, ids | as they are |
//! | `String`, [`Bytes`] | `00` becomes `00 FF`, then `00 00` ends it |
//! | tuples up to 4 | one after another |
//! | `()` | nothing |
//!
//! No encoding is a proper prefix of another encoding of the same type, so rows of different keys never run into
//! each other, and the encoding of the first parts of a tuple is a prefix of exactly the tuples that begin with them.

use crate::domain::id::{
    ApiKeyId, IdentityId, MailId, RoleId, ServiceId, SessionId, SuspicionId, TokenId, TraceId, UserId,
};
use crate::domain::time::Timestamp;

/// A value that can be (part of) a key.
pub trait Key: Sized {
    /// Appends the bytes of this value.
    fn encode(&self, out: &mut Vec<u8>);

    /// Takes one value from the front of `input`; `None` when the bytes are not what [`Key::encode`] writes.
    fn decode(input: &mut &[u8]) -> Option<Self>;
}

/// The whole of `bytes` as one key; `None` when something is wrong or left over.
pub fn decode_all<K: Key>(mut bytes: &[u8]) -> Option<K> {
    let key = K::decode(&mut bytes)?;
    bytes.is_empty().then_some(key)
}

/// The smallest byte string above everything that begins with `bytes`; `None` when there is none (all `FF`).
pub(crate) fn successor(bytes: &[u8]) -> Option<Vec<u8>> {
    let last = bytes.iter().rposition(|byte| *byte != 0xff)?;
    let mut next = bytes.get(..=last)?.to_vec();
    if let Some(byte) = next.last_mut() {
        *byte += 1;
    }
    Some(next)
}

/// Any bytes as a part of a key. (A `Vec<u8>` would be read as a list by serde, hence an own type.)
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub Vec<u8>);

fn take<'a>(input: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (head, rest) = input.split_at_checked(count)?;
    *input = rest;
    Some(head)
}

fn take_array<const N: usize>(input: &mut &[u8]) -> Option<[u8; N]> {
    take(input, N)?.try_into().ok()
}

macro_rules! unsigned {
    ($($int:ty),*) => {$(
        impl Key for $int {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }

            fn decode(input: &mut &[u8]) -> Option<Self> {
                take_array(input).map(Self::from_be_bytes)
            }
        }
    )*};
}
unsigned!(u8, u16, u32, u64);

impl Key for i64 {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self ^ Self::MIN).to_be_bytes());
    }

    fn decode(input: &mut &[u8]) -> Option<Self> {
        take_array(input).map(|bytes| Self::from_be_bytes(bytes) ^ Self::MIN)
    }
}

impl Key for Timestamp {
    fn encode(&self, out: &mut Vec<u8>) {
        self.millis().encode(out);
    }

    fn decode(input: &mut &[u8]) -> Option<Self> {
        i64::decode(input).map(Self::from_millis)
    }
}

impl<const N: usize> Key for [u8; N] {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn decode(input: &mut &[u8]) -> Option<Self> {
        take_array(input)
    }
}

macro_rules! ids {
    ($($id:ty),*) => {$(
        impl Key for $id {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(self.as_bytes());
            }

            fn decode(input: &mut &[u8]) -> Option<Self> {
                take_array(input).map(Self::from_bytes)
            }
        }
    )*};
}
ids!(UserId, SessionId, MailId, TokenId, ApiKeyId, SuspicionId, RoleId, ServiceId, IdentityId, TraceId);

impl Key for Bytes {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_escaped(&self.0, out);
    }

    fn decode(input: &mut &[u8]) -> Option<Self> {
        decode_escaped(input).map(Self)
    }
}

impl Key for String {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_escaped(self.as_bytes(), out);
    }

    fn decode(input: &mut &[u8]) -> Option<Self> {
        Self::from_utf8(decode_escaped(input)?).ok()
    }
}

fn encode_escaped(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        out.push(*byte);
        if *byte == 0 {
            out.push(0xff);
        }
    }
    out.extend_from_slice(&[0, 0]);
}

fn decode_escaped(input: &mut &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let [byte] = take_array(input)?;
        if byte == 0 {
            match take_array(input)? {
                [0] => return Some(bytes),
                [0xff] => {}
                _ => return None,
            }
        }
        bytes.push(byte);
    }
}

macro_rules! tuples {
    ($(($($part:ident $index:tt),*)),*) => {$(
        impl<$($part: Key),*> Key for ($($part,)*) {
            fn encode(&self, out: &mut Vec<u8>) {
                let _ = &out;
                $(self.$index.encode(out);)*
            }

            fn decode(input: &mut &[u8]) -> Option<Self> {
                let _ = &input;
                Some(($($part::decode(input)?,)*))
            }
        }
    )*};
}
tuples!((), (A 0), (A 0, B 1), (A 0, B 1, C 2), (A 0, B 1, C 2, D 3));

#[cfg(test)]
mod tests;
