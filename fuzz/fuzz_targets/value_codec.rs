//! Any bytes read as any row of any table: an error, never a panic; and what was written reads back, once changed never.
#![no_main]

use latchkey::store::codec::{Codec, Value, from_body};
use latchkey::store::lane::{LaneRecordV1, SealV1};
use latchkey::store::tables::{self, SEAL};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<u8>, Vec<u8>, u64, u16)| {
    let (key, bytes, number, place) = input;
    let codec = Codec::new(&[1; 32]);
    for table in tables::ALL {
        let row_key = [&[table.id()], &*key].concat();
        assert!(table.check_row(&codec, &row_key, &bytes).is_err());
    }
    let _ = SealV1::decode(1, &bytes);
    if let Ok(record) = from_body::<LaneRecordV1>(&bytes) {
        assert!(record.hash(0, number).is_ok());
    }
    let seal = SealV1 { at: 1, heads: vec![(0, number, [1; 32])], prev: [2; 32], signature: bytes };
    let row_key = SEAL.row_key(&number);
    let Ok(mut stored) = codec.encode("seal", &row_key, &seal) else { panic!("a plain record encodes") };
    assert!(codec.decode::<SealV1>("seal", &row_key, &stored).is_ok_and(|read| read == seal));
    let place = usize::from(place) % stored.len();
    stored[place] ^= 1;
    assert!(codec.decode::<SealV1>("seal", &row_key, &stored).is_err());
});
