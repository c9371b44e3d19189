use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::*;
use crate::console::action::ActionSpec;
use crate::console::model::deeds::Deeds;
use crate::console::theme::{Theme, Token};
use crate::console::views::Width;

static NUMBERS: ListSpec<Box<str>> = ListSpec {
    view: ViewSpec {
        open: ActionSpec::open("numbers", "numbers", &["9"]),
        title: "Numbers",
        aliases: &[],
        needs: "",
        actions: &[],
        fields: &[],
    },
    path: "/numbers",
    read: |answer| answer.read().map(|()| Page { rows: Vec::new(), next: None }),
    id: |row| row,
    columns: &[Column {
        title: "N",
        width: Width::AtLeast(8),
        rank: 0,
        cell: |row, _| Cell(crate::console::safe::Safe::new(row), Token::Plain),
    }],
    detail: |_, _| Vec::new(),
    facts: |row| vec![("id", row.to_string())],
    target: |row| Target { id: row.to_string(), name: row.to_string(), is_mine: false },
    change: |_| Change::None,
    passes: |_, _, _| None,
    more: &[],
    empty: "",
};

#[test]
fn of_a_million_rows_only_those_that_are_seen_are_built() {
    let mut list = List::new(&NUMBERS).chained(|_| None);
    let rows = (0..1_000_000).map(|n: u32| n.to_string().into_boxed_str()).collect();
    list.window.restart(Page { rows, next: None });
    list.load = Load::Ready;
    let area = Rect { x: 0, y: 0, width: 120, height: 40 };
    let look = Look::new(Theme::Mono, true, 0);
    for top in [0, 500_000, 999_999] {
        list.top = top;
        look.built.set(0);
        let mut buffer = Buffer::empty(area);
        list.paint(&mut Canvas::new(&mut buffer, &look, &Deeds::default()), area);
        assert!((1..=42).contains(&look.built.get()), "{} rows were built", look.built.get());
    }
}
