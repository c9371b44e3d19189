//! Proof in the gutter: whether each row follows from the one before it. Knows no particular row.
//!
//! ## Decision: only what is seen is proved
//! A row keeps the hash of the one before, and the server computes each row's own hash when it is asked. Two neighbours
//! that are both here prove each other; a row whose neighbour is not here, because of a filter or the end of the page,
//! proves nothing and says nothing. Whole logs are verified by `latchkey audit verify`, with the keys.

use super::List;
use crate::console::model::rows::Item;
use crate::console::safe::Safe;
use crate::console::theme::Token;

/// Rows of one commit are few; more are not looked through.
const COMMIT_ROWS_MAX: usize = 64;

/// A row's place in a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joint<'a> {
    /// The place of its commit.
    pub place: u64,
    /// The hash of its commit.
    pub hash: &'a str,
    /// The hash of the commit before, as this one keeps it.
    pub previous: &'a str,
}

impl<R: Clone + 'static> List<R> {
    /// Whether the row at `index` follows from the one before; `None`: that cannot be told here.
    pub(super) fn follows_on(&self, index: usize) -> Option<bool> {
        let joint = self.joint(index)?;
        let is_above = self.filter.is_oldest_first();
        for rows in 1..=COMMIT_ROWS_MAX {
            let before = if is_above { index.checked_sub(rows) } else { index.checked_add(rows) };
            let before = self.joint(before?)?;
            if before.place != joint.place {
                let is_next = before.place.checked_add(1) == Some(joint.place);
                return is_next.then(|| joint.previous == before.hash);
            }
            if before.hash != joint.hash {
                return Some(false);
            }
        }
        None
    }

    fn joint(&self, index: usize) -> Option<Joint<'_>> {
        match self.window.at(index)? {
            Item::Row(row) => self.chain?(row),
            Item::Gap(..) => None,
        }
    }

    /// Looks through the first `count` rows for one that does not follow.
    pub(super) fn check(&mut self, count: usize) {
        if self.chain.is_none() {
            return;
        }
        let broken = (0..count).find(|index| self.follows_on(*index) == Some(false));
        let found =
            broken.and_then(|index| self.window.at(index)).map(|item| self.window.id_of(item).to_owned());
        self.broken = found.or_else(|| self.broken.take());
    }

    /// The sign in the gutter.
    pub(super) fn proof(&self, index: usize) -> (Safe, Token) {
        match self.follows_on(index) {
            Some(true) => (Safe::from("v"), Token::Ok),
            Some(false) => (Safe::from("X"), Token::Danger),
            None => (Safe::from(" "), Token::Plain),
        }
    }

    /// What the signs mean.
    pub(super) fn legend(&self) -> Option<String> {
        self.chain?;
        Some(match &self.broken {
            Some(id) => format!("X chain BROKEN at #{id}"),
            None => "v follows from the one before".to_owned(),
        })
    }
}
