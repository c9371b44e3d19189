//! What happened how often, at rest. Knows not what is counted: counts have places, and a new one comes at the end.

use serde::{Deserialize, Serialize};

use super::codec::Value;
use super::tables::{STATS, STATS_HOURS};
use super::{Read, Scan, StoreError, Txn};
use crate::domain::stats::slot;

/// The totals, and how far was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatsV1 {
    /// The last commit record of lane 0 that is in the counts.
    pub seq: u64,
    /// Since the store was made.
    pub totals: Vec<u64>,
}

/// One hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourV1 {
    /// Hours since the Unix epoch.
    pub hour: i64,
    /// What happened in each of its minutes.
    pub minutes: Vec<Vec<u64>>,
}

impl Value for StatsV1 {
    const VERSION: u8 = 1;
}

impl Value for HourV1 {
    const VERSION: u8 = 1;
}

/// What is kept: the totals with the hours of the last day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The totals.
    pub stats: StatsV1,
    /// The hours, in no order.
    pub hours: Vec<HourV1>,
}

/// Everything that is kept. `None`: nothing was ever counted.
pub fn load(read: &impl Read) -> Result<Option<Kept>, StoreError> {
    let Some(stats) = read.get(&STATS, &())? else { return Ok(None) };
    let hours = read.scan(&STATS_HOURS, Scan::all(usize::from(u8::MAX)))?.rows;
    Ok(Some(Kept { stats, hours: hours.into_iter().map(|(_, hour)| hour).collect() }))
}

/// Keeps the totals and these hours; the others stay as they are.
pub fn put(txn: &mut Txn<'_>, kept: &Kept) -> Result<(), StoreError> {
    for hour in &kept.hours {
        txn.put(&STATS_HOURS, &slot(hour.hour), hour)?;
    }
    txn.put(&STATS, &(), &kept.stats)
}
