//! Tests of the key encoding: order, round trip, strictness, and the bytes that are for ever.

use proptest::prelude::*;

use super::*;

fn bytes_of(key: &impl Key) -> Vec<u8> {
    let mut bytes = Vec::new();
    key.encode(&mut bytes);
    bytes
}

/// What must hold of any two keys of one type.
fn holds<K: Key + Ord + std::fmt::Debug + Clone>(a: &K, b: &K) -> Result<(), TestCaseError> {
    let (left, right) = (bytes_of(a), bytes_of(b));
    prop_assert_eq!(left.cmp(&right), a.cmp(b), "order of {:?} and {:?}", a, b);
    if a != b {
        prop_assert!(!right.starts_with(&left), "{:?} is a prefix of {:?}", a, b);
    }
    let back = decode_all::<K>(&left);
    prop_assert_eq!(back.as_ref(), Some(a));
    for cut in 0..left.len() {
        prop_assert!(decode_all::<K>(&left[..cut]).is_none());
    }
    prop_assert!(decode_all::<K>(&[&*left, &[0]].concat()).is_none());
    Ok(())
}

fn edge_bytes() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(prop::sample::select(vec![0_u8, 1, 0x7f, 0x80, 0xfe, 0xff]), 0..6).prop_map(Bytes)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_round_trip_and_prefixes_hold(
        ints in any::<[(u8, u16, u32, u64); 2]>(),
        times in any::<[i64; 2]>(),
        arrays in any::<[[u8; 16]; 2]>(),
        texts in any::<[String; 2]>(),
        bytes in [edge_bytes(), edge_bytes()],
    ) {
        holds(&ints[0], &ints[1])?;
        holds(&times[0], &times[1])?;
        holds(&times.map(Timestamp::from_millis)[0], &times.map(Timestamp::from_millis)[1])?;
        holds(&UserId::from_bytes(arrays[0]), &UserId::from_bytes(arrays[1]))?;
        holds(&texts[0], &texts[1])?;
        holds(&bytes[0], &bytes[1])?;
        holds(&(bytes[0].clone(), ints[0].0), &(bytes[1].clone(), ints[1].0))?;
        holds(&(times[0], texts[0].clone(), arrays[0]), &(times[1], texts[1].clone(), arrays[1]))?;
        let four = |n: usize| (bytes[n].clone(), bytes[1 - n].clone(), times[n], ints[n].3);
        holds(&four(0), &four(1))?;
    }

    #[test]
    fn a_first_part_is_a_prefix_of_exactly_its_tuples(a in edge_bytes(), b in edge_bytes(), rest in any::<u16>()) {
        let (part, tuple) = (bytes_of(&a), bytes_of(&(b.clone(), rest)));
        prop_assert_eq!(tuple.starts_with(&part), a == b);
        if let Some(next) = successor(&part) {
            prop_assert_eq!(part <= tuple && tuple < next, a == b);
        }
    }

    #[test]
    fn decoding_anything_is_strict(bytes in prop::collection::vec(any::<u8>(), 0..24)) {
        if let Some(key) = decode_all::<(String, u16)>(&bytes) {
            prop_assert_eq!(bytes_of(&key), bytes.clone());
        }
        if let Some(key) = decode_all::<(Bytes, Bytes)>(&bytes) {
            prop_assert_eq!(bytes_of(&key), bytes);
        }
    }
}

#[test]
fn the_formats_are_what_they_were() {
    assert!(bytes_of(&()).is_empty());
    assert_eq!(bytes_of(&(1_u8, 2_u16, 3_u32, 4_u64)), [1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4]);
    assert_eq!(bytes_of(&-1_i64), [0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(bytes_of(&Timestamp::EPOCH), [0x80, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(bytes_of(&("a\0b".to_owned(), [9_u8; 2])), [b'a', 0, 0xff, b'b', 0, 0, 9, 9]);
    assert_eq!(bytes_of(&UserId::from_bytes([5; 16])), [5; 16]);
}

#[test]
fn the_successor_steps_over_trailing_ffs() {
    assert_eq!(successor(&[1, 2]), Some(vec![1, 3]));
    assert_eq!(successor(&[1, 0xff, 0xff]), Some(vec![2]));
    assert_eq!(successor(&[0xff]), None);
    assert_eq!(successor(&[]), None);
}
