//! A list as lines of text and as CSV. Knows no screen.

use super::{List, Load};
use crate::console::look::Look;
use crate::console::model::rows::Item;
use crate::console::safe::Safe;

impl<R: Clone + 'static> List<R> {
    pub(super) fn as_lines(&self, look: &Look) -> Vec<String> {
        let mut lines =
            vec![self.spec.columns.iter().map(|column| column.title).collect::<Vec<_>>().join("\t")];
        for item in self.window.items() {
            lines.push(match item {
                Item::Row(row) => {
                    self.cells(row, look).iter().map(Safe::as_str).collect::<Vec<_>>().join("\t")
                }
                Item::Gap(_, why) => format!("-- gap: {} --", Safe::new(why)),
            });
        }
        match &self.load {
            Load::Failed(problem) => lines.push(format!("error: {}", Safe::new(&problem.line()))),
            Load::Ready if self.window.is_empty() => lines.push(self.nothing()),
            Load::Ready if !self.window.has_end() => lines.push("-- more below --".to_owned()),
            _ => {}
        }
        lines
    }

    pub(super) fn as_csv(&self, look: &Look) -> String {
        let mut text = self
            .spec
            .columns
            .iter()
            .map(|column| Safe::from(column.title).csv())
            .collect::<Vec<_>>()
            .join(",");
        for row in self.window.rows() {
            text.push('\n');
            text.push_str(&self.cells(row, look).iter().map(Safe::csv).collect::<Vec<_>>().join(","));
        }
        text.push('\n');
        text
    }

    /// The columns and what the rows say of themselves; with masked names only what is shown.
    pub(super) fn as_jsonl(&self, look: &Look) -> String {
        let mut text = String::new();
        for row in self.window.rows() {
            let titles = self.spec.columns.iter().map(|column| column.title.to_lowercase());
            let cells = titles.zip(self.cells(row, look)).map(|(title, cell)| (title, cell.to_string()));
            let facts = (self.spec.facts)(row).into_iter().filter(|_| !look.masked);
            let facts = facts.map(|(name, value)| (name.to_owned(), value));
            let object: serde_json::Map<_, _> =
                cells.chain(facts).map(|(name, value)| (name, value.into())).collect();
            text.push_str(&serde_json::Value::Object(object).to_string());
            text.push('\n');
        }
        text
    }

    /// Why nothing is shown.
    pub(super) fn nothing(&self) -> String {
        if self.filter.is_empty() {
            self.spec.empty.to_owned()
        } else {
            format!("Nothing matches {}; / changes the filter, esc takes it away.", self.filter.text())
        }
    }

    fn cells(&self, row: &R, look: &Look) -> Vec<Safe> {
        self.spec.columns.iter().map(|column| (column.cell)(row, look).0).collect()
    }
}
