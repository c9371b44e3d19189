//! Reading all that is stored again and again, slowly, so that damage is told before anybody needs what it has hit.
//! Knows nothing of how fast, and mends nothing.
//!
//! ## Decision
//! A value is verified whenever it is read, but some are not read for years. A pass over all rows and over the audit
//! chain takes a short snapshot for each step and holds nobody up. What it finds goes into the log, the metrics, the
//! health answer and, once for each table and pass, the audit log; the server goes on, because the other rows are right.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::Services;
use super::audit::Witness;
use crate::domain::audit::{Action, Outcome};
use crate::store::check::{Fault, scrub};
use crate::store::lane::{self, Head, LANE_0, Walk};
use crate::store::{StoreError, tables};

/// What passes have read and found since the start.
#[derive(Debug, Default)]
pub struct Scrubs {
    rows: AtomicU64,
    faults: AtomicU64,
    passes: AtomicU64,
    is_damaged: AtomicBool,
}

impl Scrubs {
    /// Rows read.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Faults found; one that stays is found by each pass.
    pub fn faults(&self) -> u64 {
        self.faults.load(Ordering::Relaxed)
    }

    /// Passes that came to their end.
    pub fn passes(&self) -> u64 {
        self.passes.load(Ordering::Relaxed)
    }

    /// Whether the pass under way or the last whole one found a fault.
    pub fn is_damaged(&self) -> bool {
        self.is_damaged.load(Ordering::Relaxed)
    }
}

/// How far a pass has come.
#[derive(Debug, Default)]
pub struct Pass {
    place: Place,
    /// What it found, by table.
    found: BTreeMap<String, u64>,
}

#[derive(Debug)]
enum Place {
    /// The key of the next row.
    Rows(Vec<u8>),
    /// The audit chain is right up to here.
    Chain(Head),
    End,
}

impl Default for Place {
    fn default() -> Self {
        Self::Rows(Vec::new())
    }
}

/// Reads up to `limit` rows more; answers whether that was the end of the pass, after which `pass` is at the beginning
/// again. An error says that the store cannot be read now, and that nothing was found out.
pub async fn step(app: &Services, pass: &mut Pass, limit: usize) -> Result<bool, StoreError> {
    let (place, faults) = match &pass.place {
        Place::Rows(from) => rows(app, from, limit)?,
        Place::Chain(head) => chain(app, *head, limit)?,
        Place::End => (Place::End, Vec::new()),
    };
    pass.place = place;
    for (table, fault) in faults {
        app.scrubs.faults.fetch_add(1, Ordering::Relaxed);
        app.scrubs.is_damaged.store(true, Ordering::Relaxed);
        let times = pass.found.entry(table.clone()).or_default();
        *times = times.saturating_add(1);
        if *times == 1 {
            tracing::error!(table, fault, "what is stored is damaged: run `latchkey check --store`");
            record(app, table).await;
        }
    }
    let is_over = matches!(pass.place, Place::End);
    if is_over {
        app.scrubs.is_damaged.store(!pass.found.is_empty(), Ordering::Relaxed);
        app.scrubs.passes.fetch_add(1, Ordering::Relaxed);
        *pass = Pass::default();
    }
    Ok(is_over)
}

/// Where to go on, and what was found in which table.
type Found = (Place, Vec<(String, String)>);

fn rows(app: &Services, from: &[u8], limit: usize) -> Result<Found, StoreError> {
    let step = match scrub(&app.store, from, limit) {
        Ok(step) => step,
        Err(error) => return Ok(past(from, &damage(error)?)),
    };
    app.scrubs.rows.fetch_add(step.rows, Ordering::Relaxed);
    let place = step.next.map_or_else(beginning_of_chain, Place::Rows);
    Ok((place, step.faults.iter().map(|fault| (table_of(fault), fault.to_string())).collect()))
}

/// Rows that cannot even be walked hide the rest of their table: the pass goes on with the next one.
fn past(from: &[u8], error: &StoreError) -> Found {
    let table = from.first().copied().unwrap_or_default();
    let next = tables::ALL.iter().map(|table| table.id()).filter(|id| *id > table).min();
    let place = next.map_or_else(beginning_of_chain, |id| Place::Rows(vec![id]));
    let name = tables::by_id(table).map_or("unknown", |table| table.name());
    (place, vec![(name.to_owned(), error.to_string())])
}

fn chain(app: &Services, head: Head, limit: usize) -> Result<Found, StoreError> {
    match app.read(|read| lane::verify(read, head, limit)) {
        Ok(Walk::Ongoing(head)) => Ok((Place::Chain(head), Vec::new())),
        Ok(Walk::Whole(_)) => Ok((Place::End, Vec::new())),
        Ok(Walk::Broken { seq, fault }) => {
            let fault = Fault::Chain { seq, fault };
            Ok((Place::End, vec![(table_of(&fault), fault.to_string())]))
        }
        Err(error) => Ok((Place::End, vec![(tables::LANE.name().to_owned(), damage(error)?.to_string())])),
    }
}

fn beginning_of_chain() -> Place {
    Place::Chain(Head { lane: LANE_0, seq: 0, hash: [0; 32] })
}

/// Damage is a finding; everything else is not known to be one.
fn damage(error: StoreError) -> Result<StoreError, StoreError> {
    match error {
        StoreError::Damaged { .. } | StoreError::UnknownVersion { .. } | StoreError::BadFile(_) => Ok(error),
        other => Err(other),
    }
}

fn table_of(fault: &Fault) -> String {
    match fault {
        Fault::UnknownTable(id) => format!("number {id}"),
        Fault::BadRow(table) | Fault::Index(table) => (*table).to_owned(),
        Fault::Chain { .. } => "audit chain".to_owned(),
    }
}

/// The log has told it already, so a store that takes no record is told and no more.
async fn record(app: &Services, table: String) {
    let ctx = app.own_context("scrub");
    let event = Witness::of_nobody(app, &ctx).event(Action::StoreDamaged, Outcome::Failure);
    let event = event.detail("table", table).done();
    if let Err(error) = app.write("scrub", &ctx, move |txn| txn.emit(event.clone())).await {
        tracing::error!(%error, "the damage could not be recorded");
    }
}
