//! Tests of the value encoding: the bytes that are for ever, versions, and any damage.

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct V1 {
    name: String,
    count: u32,
}

impl Value for V1 {
    const VERSION: u8 = 1;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct V2 {
    name: String,
    count: u32,
    tall: bool,
}

impl Value for V2 {
    const VERSION: u8 = 2;

    fn decode(version: u8, body: &[u8]) -> Result<Self, Unreadable> {
        match version {
            1 => from_body::<V1>(body).map(|V1 { name, count }| Self { name, count, tall: false }),
            2 => from_body(body),
            _ => Err(Unreadable::Version),
        }
    }
}

fn codec() -> Codec {
    Codec::new(&[1; 32])
}

fn record() -> V1 {
    V1 { name: "ada".into(), count: 300 }
}

#[test]
fn the_format_is_what_it_was() {
    let bytes = codec().encode("t", b"\x10key", &record()).unwrap();
    assert_eq!(bytes[..7], [1, 3, b'a', b'd', b'a', 0xac, 0x02]);
    let mut signed = vec![0, 4, 0x10, b'k', b'e', b'y'];
    signed.extend_from_slice(&bytes[..7]);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &[1; 32]);
    assert_eq!(bytes[7..], hmac::sign(&key, &signed).as_ref()[..16]);
    assert_eq!(bytes[7..11], [180, 142, 36, 195]);
}

#[test]
fn a_later_version_reads_the_old_bytes_and_an_unknown_one_is_refused() {
    let old = codec().encode("t", b"k", &record()).unwrap();
    let read: V2 = codec().decode("t", b"k", &old).unwrap();
    assert_eq!(read, V2 { name: "ada".into(), count: 300, tall: false });
    let new = codec().encode("t", b"k", &read).unwrap();
    let refused = codec().decode::<V1>("t", b"k", &new).unwrap_err();
    assert!(matches!(refused, StoreError::UnknownVersion { table: "t", found: 2, known: 1 }));
}

#[test]
fn bytes_left_over_are_damage_even_under_a_right_tag() {
    #[derive(Serialize, Deserialize)]
    struct Longer(String, u32, u8);
    impl Value for Longer {
        const VERSION: u8 = 1;
    }
    let bytes = codec().encode("t", b"k", &Longer("ada".into(), 300, 0)).unwrap();
    assert!(matches!(codec().decode::<V1>("t", b"k", &bytes), Err(StoreError::Damaged { table: "t" })));
}

#[test]
fn every_flipped_bit_every_cut_and_every_other_key_is_damage() {
    let bytes = codec().encode("t", b"k", &record()).unwrap();
    let damaged = |key: &[u8], bytes: &[u8]| {
        matches!(codec().decode::<V1>("t", key, bytes), Err(StoreError::Damaged { table: "t" }))
    };
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(damaged(b"k", &changed), "bit {bit}");
    }
    for cut in 0..bytes.len() {
        assert!(damaged(b"k", &bytes[..cut]));
    }
    assert!(damaged(b"j", &bytes) && damaged(b"", &bytes) && damaged(b"k\x01", &bytes));
    assert!(Codec::new(&[2; 32]).decode::<V1>("t", b"k", &bytes).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn records_come_back_as_they_were(name in any::<String>(), count in any::<u32>(), key in any::<[u8; 9]>()) {
        let record = V1 { name, count };
        let bytes = codec().encode("t", &key, &record).unwrap();
        prop_assert_eq!(codec().decode::<V1>("t", &key, &bytes).unwrap(), record);
    }

    #[test]
    fn any_bytes_are_damage_and_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        prop_assert!(codec().decode::<V2>("t", b"k", &bytes).is_err());
        let _ = V2::decode(1, &bytes);
        let _ = V2::decode(2, &bytes);
    }
}
