//! Columns of a list: what they show and how wide they are. Knows no row.

use super::super::look::Look;
use super::super::safe::Safe;
use super::super::theme::Token;

/// One piece of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell(pub Safe, pub Token);

impl From<Safe> for Cell {
    fn from(text: Safe) -> Self {
        Self(text, Token::Plain)
    }
}

/// How wide a column is, in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// Always this.
    Fixed(u16),
    /// At least this, and a share of what is left.
    AtLeast(u16),
}

/// A column of rows `R`.
pub struct Column<R: 'static> {
    /// Its heading.
    pub title: &'static str,
    /// How wide.
    pub width: Width,
    /// 0: always there. Higher ones leave first when there is too little room; narrow screens show the two lowest.
    pub rank: u8,
    /// What it shows of a row.
    pub cell: fn(&R, &Look) -> Cell,
}

/// Which columns fit into `room` cells with one cell between, and how wide each is, in the order they were declared.
pub fn fit<R>(columns: &'static [Column<R>], room: u16, most: usize) -> Vec<(&'static Column<R>, u16)> {
    fit_some(&columns.iter().collect::<Vec<_>>(), room, most)
}

/// [`fit`] of some of the columns.
pub fn fit_some<R>(columns: &[&'static Column<R>], room: u16, most: usize) -> Vec<(&'static Column<R>, u16)> {
    let least = |column: &Column<R>| match column.width {
        Width::Fixed(width) | Width::AtLeast(width) => width,
    };
    let mut by_rank = columns.to_vec();
    by_rank.sort_by_key(|column| column.rank);
    by_rank.truncate(most);
    let needed = |held: &[&'static Column<R>]| -> u16 {
        let gaps = u16::try_from(held.len().saturating_sub(1)).unwrap_or(u16::MAX);
        held.iter().map(|column| least(column)).fold(gaps, u16::saturating_add)
    };
    while by_rank.len() > 1 && needed(&by_rank) > room {
        by_rank.pop();
    }
    let spare = room.saturating_sub(needed(&by_rank));
    let wide = by_rank.iter().filter(|column| matches!(column.width, Width::AtLeast(_))).count();
    let each = spare / u16::try_from(wide.max(1)).unwrap_or(1);
    let held =
        columns.iter().copied().filter(|column| by_rank.iter().any(|held| std::ptr::eq(*held, *column)));
    held.map(|column| match column.width {
        Width::Fixed(width) => (column, width.min(room)),
        Width::AtLeast(width) => (column, width.saturating_add(each).min(room)),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn column(title: &'static str, width: Width, rank: u8) -> Column<()> {
        Column { title, width, rank, cell: |(), _| Cell(Safe::from(""), Token::Plain) }
    }

    static COLUMNS: [Column<()>; 4] = [
        column("TIME", Width::Fixed(8), 0),
        column("ID", Width::Fixed(10), 3),
        column("NAME", Width::AtLeast(10), 1),
        column("IP", Width::AtLeast(15), 2),
    ];

    fn fitted(room: u16, most: usize) -> Vec<(&'static str, u16)> {
        fit(&COLUMNS, room, most).into_iter().map(|(column, width)| (column.title, width)).collect()
    }

    #[test]
    fn columns_leave_by_rank_and_share_what_is_left() {
        assert_eq!(fitted(56, 9), [("TIME", 8), ("ID", 10), ("NAME", 15), ("IP", 20)]);
        assert_eq!(fitted(40, 9), [("TIME", 8), ("NAME", 12), ("IP", 17)]);
        assert_eq!(fitted(40, 2), [("TIME", 8), ("NAME", 31)]);
        assert_eq!(fitted(4, 9), [("TIME", 4)]);
        assert_eq!(fitted(0, 9), [("TIME", 0)]);
    }
}
