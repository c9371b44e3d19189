//! The background verification of what is stored: what it finds, and where it is told.

use latchkey::services::scrub::{Pass, step};

use crate::harness::TestApp;

const USERS: u8 = 0x10;
const LANE: u8 = 0x02;

/// One whole pass, some rows at a time.
async fn pass(app: &TestApp) {
    let mut pass = Pass::default();
    while !step(&app.services, &mut pass, 7).await.unwrap() {}
}

/// Changes one byte in the middle of the first value of a table.
fn damage(app: &TestApp, table: u8) {
    app.engine.tamper(|rows| {
        let (_, value) = rows.iter_mut().find(|(key, _)| key[0] == table).unwrap();
        let middle = value.len() / 2;
        value[middle] ^= 1;
    });
}

/// R95.
#[tokio::test]
async fn a_pass_reads_every_row_and_tells_what_does_not_verify_once_for_each_table() {
    let app = TestApp::new();
    for name in ["ada", "eve", "kim"] {
        app.add(name, latchkey::domain::role::Role::Developer).await;
    }
    let scrubs = &app.services.scrubs;
    let ((), events) = app.events_of(pass(&app)).await;
    assert_eq!(events, [""; 0], "nothing is wrong");
    let mut rows = 0;
    app.engine.tamper(|all| rows = all.len());
    assert_eq!((scrubs.rows(), scrubs.faults(), scrubs.passes()), (rows as u64, 0, 1));
    assert!(!scrubs.is_damaged());

    damage(&app, USERS);
    let ((), events) = app.events_of(pass(&app)).await;
    // The row itself, and what points to it.
    assert!(events.contains(&"store.damaged failure".to_owned()) && scrubs.is_damaged(), "{events:?}");
    let mut tables: Vec<_> = app.records().into_iter().rev().take(events.len()).map(|it| it.detail).collect();
    tables.sort();
    tables.dedup();
    assert_eq!(tables.len(), events.len(), "once for each table: {tables:?}");
    assert!(scrubs.faults() >= events.len() as u64);

    damage(&app, USERS);
    pass(&app).await;
    assert!(!scrubs.is_damaged(), "a whole pass without a finding");
}

/// R88, R95: a record that was cut out leaves rows that verify, and a chain that does not.
#[tokio::test]
async fn a_gap_in_the_audit_chain_is_found() {
    let app = TestApp::new().with_user("ada").await;
    app.log_in("ada").await;
    app.log_in("ada").await;
    app.engine.tamper(|rows| {
        // The front may have been dropped by the rules; whether it was, `latchkey audit verify` tells.
        let second = rows.keys().filter(|key| key[0] == LANE).nth(1).unwrap().clone();
        rows.remove(&second);
    });
    pass(&app).await;
    assert!(app.services.scrubs.is_damaged());
    let tables: Vec<_> = app.services.read(latest_details).unwrap();
    assert!(tables.contains(&"audit chain".to_owned()), "{tables:?}");
}

/// The details of the newest records, which can be read although the oldest cannot.
fn latest_details(read: &latchkey::store::Snapshot<'_>) -> Result<Vec<String>, latchkey::store::StoreError> {
    use latchkey::store::{Read, Scan, tables};
    let rows = read.scan(&tables::LANE, Scan::all(10).reverse())?.rows;
    Ok(rows.into_iter().flat_map(|(_, it)| it.events).flat_map(|it| it.detail).map(|it| it.1).collect())
}

/// R94, R95: a disk that takes no writes hides no finding, and damage ends no pass.
#[tokio::test]
async fn damage_is_told_although_it_cannot_be_recorded() {
    let app = TestApp::new().with_user("ada").await;
    damage(&app, USERS);
    app.engine.refuse_commits(Some(latchkey::store::StoreError::Closed));
    pass(&app).await;
    assert!(app.services.scrubs.is_damaged() && app.services.scrubs.faults() > 0);
}
