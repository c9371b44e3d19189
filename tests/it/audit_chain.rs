//! The audit chain against somebody who can write to the store: with and without its checksum key.

use latchkey::crypto::MasterKey;
use latchkey::services::Keys;
use latchkey::services::audit_log::{Verified, seal, verify};
use latchkey::store::codec::Codec;
use latchkey::store::lane::{LANE_0, LaneRecordV1, SealV1};
use latchkey::store::tables::{LANE, SEAL};

use crate::harness::TestApp;

type Rows = std::collections::BTreeMap<Vec<u8>, Vec<u8>>;

/// A server with `count` records in its log.
async fn with_records(count: u64) -> TestApp {
    let app = TestApp::unlimited();
    for at in 0..count {
        app.anonymous().log_in(&format!("nobody{at}"), "x").await.refused(401, "AUTHENTICATION_FAILED");
    }
    app
}

/// Six records, a seal, three more records, another seal.
async fn sealed() -> TestApp {
    let app = with_records(6).await;
    assert_eq!(seal(&app.services).await.unwrap(), Some(1));
    for _ in 0..3 {
        app.anonymous().log_in("nobody", "x").await;
    }
    assert_eq!(seal(&app.services).await.unwrap(), Some(2));
    app
}

fn found(app: &TestApp) -> Verified {
    verify(app.store(), &app.services.keys.seals.public_key()).unwrap()
}

#[track_caller]
fn broken(app: &TestApp, expected: &str) {
    assert_eq!(found(app).fault.as_deref(), Some(expected));
}

fn record_key(seq: u64) -> Vec<u8> {
    LANE.row_key(&(LANE_0, seq))
}

/// What a thief of the checksum key can do: read and write rows that verify.
struct Forger(Codec);

impl Forger {
    fn new() -> Self {
        Self(Codec::new(&[7; 32]))
    }

    fn record(&self, rows: &Rows, seq: u64) -> LaneRecordV1 {
        let key = record_key(seq);
        self.0.decode("lane", &key, &rows[&key]).unwrap()
    }

    fn put(&self, rows: &mut Rows, seq: u64, record: &LaneRecordV1) {
        let key = record_key(seq);
        let value = self.0.encode("lane", &key, record).unwrap();
        rows.insert(key, value);
    }

    /// Writes the records again so that every hash fits, from `seq` to the end.
    fn chain_again(&self, rows: &mut Rows, from: u64, to: u64) {
        for seq in from..=to {
            let mut record = self.record(rows, seq);
            record.prev_hash = self.record(rows, seq - 1).hash(LANE_0, seq - 1).unwrap();
            self.put(rows, seq, &record);
        }
    }

    fn seal(&self, rows: &Rows, number: u64) -> SealV1 {
        let key = SEAL.row_key(&number);
        self.0.decode("seal", &key, &rows[&key]).unwrap()
    }

    fn put_seal(&self, rows: &mut Rows, number: u64, seal: &SealV1) {
        let key = SEAL.row_key(&number);
        let value = self.0.encode("seal", &key, seal).unwrap();
        rows.insert(key, value);
    }
}

#[tokio::test]
async fn an_untouched_log_is_whole_and_an_unchanged_head_is_sealed_once() {
    let app = sealed().await;
    assert_eq!(seal(&app.services).await.unwrap(), None);
    let good = found(&app);
    assert_eq!((good.fault, good.seals, good.head.seq), (None, 2, 9));
    let app = app.restarted();
    let again = found(&app);
    assert_eq!((again.fault, again.head), (None, good.head));
    let empty = TestApp::new();
    assert_eq!(seal(&empty.services).await.unwrap(), None, "nothing to seal");
    assert_eq!((found(&empty).fault, found(&empty).head.seq), (None, 0));
}

#[tokio::test]
async fn many_records_and_many_seals_verify_in_bounded_steps() {
    let app = with_records(3).await;
    for at in 0..450 {
        app.anonymous().log_in("nobody", "x").await;
        if at % 90 == 0 {
            seal(&app.services).await.unwrap();
        }
    }
    let good = found(&app);
    assert_eq!((good.fault, good.seals, good.head.seq), (None, 5, 453));
}

/// R88.
#[tokio::test]
async fn any_changed_byte_is_found_and_its_record_named() {
    for seq in [1, 4, 9] {
        let app = sealed().await;
        app.engine.tamper(|rows| {
            let value = rows.get_mut(&record_key(seq)).unwrap();
            let middle = value.len() / 2;
            value[middle] ^= 1;
        });
        broken(&app, &format!("record {seq}: it is damaged, or the row behind it is"));
        assert!(found(&app).head.seq < seq, "the head is a good record");
    }
}

#[tokio::test]
async fn a_removed_record_is_found() {
    for seq in [1, 5, 8] {
        let app = sealed().await;
        app.engine.tamper(|rows| drop(rows.remove(&record_key(seq))));
        broken(&app, &format!("record {seq}: it is missing"));
    }
}

/// R88.
#[tokio::test]
async fn records_that_changed_places_are_found() {
    let app = sealed().await;
    app.engine.tamper(|rows| {
        let (third, fourth) = (rows[&record_key(3)].clone(), rows[&record_key(4)].clone());
        rows.insert(record_key(3), fourth);
        rows.insert(record_key(4), third);
    });
    broken(&app, "record 3: it is damaged, or the row behind it is");
    let app = sealed().await;
    let forger = Forger::new();
    app.engine.tamper(|rows| {
        let (third, fourth) = (forger.record(rows, 3), forger.record(rows, 4));
        forger.put(rows, 3, &fourth);
        forger.put(rows, 4, &third);
    });
    broken(&app, "record 3: it does not follow from the one before it");
}

#[tokio::test]
async fn an_edit_by_a_thief_of_the_checksum_key_breaks_the_chain() {
    let app = sealed().await;
    let forger = Forger::new();
    app.engine.tamper(|rows| {
        let mut record = forger.record(rows, 4);
        record.events[0].reason = Some("nothing_to_see".to_owned());
        forger.put(rows, 4, &record);
    });
    broken(&app, "record 5: it does not follow from the one before it");
}

#[tokio::test]
async fn a_chain_that_was_written_anew_differs_from_what_was_sealed() {
    let app = sealed().await;
    let forger = Forger::new();
    app.engine.tamper(|rows| {
        let mut record = forger.record(rows, 4);
        record.events[0].action = "login.succeeded".to_owned();
        forger.put(rows, 4, &record);
        forger.chain_again(rows, 5, 9);
    });
    broken(&app, "record 6: differs from what was sealed");
    let app = sealed().await;
    app.engine.tamper(|rows| {
        rows.remove(&record_key(9));
        let mut last = forger.record(rows, 8);
        last.events.clear();
        forger.put(rows, 8, &last);
        let copy = forger.record(rows, 7);
        forger.put(rows, 9, &copy);
        forger.chain_again(rows, 8, 9);
    });
    broken(&app, "record 9: differs from what was sealed");
}

/// R88.
#[tokio::test]
async fn an_end_that_was_cut_off_behind_a_seal_is_found() {
    let app = sealed().await;
    app.engine.tamper(|rows| (7..=9).for_each(|seq| drop(rows.remove(&record_key(seq)))));
    broken(&app, "record 9: sealed, and missing now");
    let app = sealed().await;
    app.engine.tamper(|rows| (1..=9).for_each(|seq| drop(rows.remove(&record_key(seq)))));
    broken(&app, "record 6: sealed, and missing now");
}

#[tokio::test]
async fn a_seal_by_another_key_or_out_of_its_place_is_found() {
    let forger = Forger::new();
    let other = Keys::derive(&MasterKey::from_bytes([66; 32])).seals;
    let app = sealed().await;
    app.engine.tamper(|rows| {
        let mut seal = forger.seal(rows, 2);
        seal.signature = other.sign(&seal.signed_bytes(2).unwrap()).to_vec();
        forger.put_seal(rows, 2, &seal);
    });
    broken(&app, "seal 2: not ours, or not the next one");
    let app = sealed().await;
    app.engine.tamper(|rows| {
        let mut seal = forger.seal(rows, 1);
        seal.heads[0].1 = 5;
        forger.put_seal(rows, 1, &seal);
    });
    broken(&app, "seal 1: not ours, or not the next one");
    let app = sealed().await;
    app.engine.tamper(|rows| drop(rows.remove(&SEAL.row_key(&1))));
    broken(&app, "seal 2: not ours, or not the next one");
    let app = sealed().await;
    app.engine.tamper(|rows| {
        let copy = forger.seal(rows, 2);
        forger.put_seal(rows, 3, &copy);
    });
    broken(&app, "seal 3: not ours, or not the next one");
    let stranger = verify(sealed().await.store(), &other.public_key()).unwrap();
    assert_eq!(stranger.fault.as_deref(), Some("seal 1: not ours, or not the next one"));
}

#[tokio::test]
async fn damage_among_or_beside_the_seals_is_a_finding_and_hides_no_bad_record() {
    for (number, expected) in [
        (1, "record 9: it is damaged, or the row behind it is"),
        (2, "seal 2: it, or a row beside it, is damaged"),
    ] {
        let app = sealed().await;
        app.engine.tamper(|rows| rows.get_mut(&SEAL.row_key(&number)).unwrap()[5] ^= 1);
        broken(&app, expected);
        assert!(found(&app).head.seq >= 8, "the chain was walked all the same");
        app.engine.tamper(|rows| drop(rows.remove(&record_key(3))));
        broken(&app, "record 3: it is missing");
    }
}
