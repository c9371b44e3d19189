//! The newest records of the audit log, as they come. Knows no screen.

use std::collections::VecDeque;

use ratatui::layout::Rect;

use crate::wire::audit::AuditLog;

/// Records held: more than a screen shows.
pub const LENGTH: usize = 50;

/// The records, newest first.
#[derive(Debug, Default)]
pub struct Tail {
    records: VecDeque<AuditLog>,
    is_paused: bool,
    /// What came while it stood still.
    pub news: u64,
}

impl Tail {
    /// The records.
    pub fn records(&self) -> impl Iterator<Item = &AuditLog> {
        self.records.iter()
    }

    /// Whether it stands still.
    pub const fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// Stands still, or goes on; `true`: what came meanwhile has to be read.
    pub fn pause(&mut self) -> bool {
        self.is_paused = !self.is_paused;
        self.news = 0;
        !self.is_paused
    }

    /// What happened, oldest first.
    pub fn hear(&mut self, events: &[AuditLog]) {
        if self.is_paused {
            self.news = self.news.saturating_add(u64::try_from(events.len()).unwrap_or(u64::MAX));
        } else {
            self.join(events);
        }
    }

    /// Takes records in, each once, wherever they belong.
    pub fn join(&mut self, records: &[AuditLog]) {
        for record in records {
            if self.records.iter().all(|held| held.id != record.id) {
                let at = self.records.partition_point(|held| order(held) > order(record));
                self.records.insert(at, record.clone());
            }
        }
        self.records.truncate(LENGTH);
    }

    /// Which record is the first on the screen, so that the selected one is seen in `area`.
    pub fn first(&self, selected: Option<&str>, area: Rect) -> usize {
        let at = self.records.iter().position(|record| Some(record.id.as_str()) == selected);
        at.map_or(0, |at| at.saturating_add(1).saturating_sub(usize::from(area.height)))
    }
}

/// Its place in the log: the commit, and the record in it.
fn order(record: &AuditLog) -> (u64, u64) {
    let (commit, index) = record.id.split_once('-').unwrap_or((&record.id, "0"));
    (commit.parse().unwrap_or(0), index.parse().unwrap_or(0))
}
