//! Decoding any bytes as a key is strict: what decodes, encodes to the same bytes; what is kept, keeps its order.
#![no_main]

use latchkey::domain::id::UserId;
use latchkey::domain::time::Timestamp;
use latchkey::store::keys::{Bytes, Key, decode_all};
use libfuzzer_sys::fuzz_target;

fn bytes_of(key: &impl Key) -> Vec<u8> {
    let mut bytes = Vec::new();
    key.encode(&mut bytes);
    bytes
}

fn strict<K: Key>(bytes: &[u8]) {
    if let Some(key) = decode_all::<K>(bytes) {
        assert_eq!(bytes_of(&key), bytes);
    }
}

fuzz_target!(|input: (Vec<u8>, Vec<u8>, u64, u64)| {
    let (left, right, a, b) = input;
    strict::<(Bytes, Bytes)>(&left);
    strict::<(String, u16, String)>(&left);
    strict::<(Timestamp, u8, Bytes)>(&left);
    strict::<(UserId, u64)>(&left);
    let (left, right) = ((Bytes(left), a), (Bytes(right), b));
    assert_eq!(bytes_of(&left).cmp(&bytes_of(&right)), left.cmp(&right));
    assert_eq!(decode_all(&bytes_of(&left)), Some(left));
});
