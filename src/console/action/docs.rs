//! The page about keys, written from the table. Knows no screen.

use std::fmt::Write;

use super::{ActionSpec, Danger, everywhere};
use crate::console::views::ViewSpec;

/// The page as committed under `assets/`; a test holds it equal to [`page`].
pub const KEYS: &str = include_str!("../../../assets/keys.md");

/// The page.
pub fn page(views: &[&'static ViewSpec]) -> String {
    let mut page = String::from(
        "# Keys of `latchkey console`\n\n\
        Written from the table of actions; a test holds it fresh. Every key can be changed under `[keys]` of \
        `console.toml`, by the id of the action: `\"sessions.end\" = [\"X\"]`. What writes is marked `!`: it works after \
        `A` only, for ten minutes, and asks first.\n",
    );
    section(&mut page, "Everywhere", everywhere::ACTIONS.iter());
    section(&mut page, "Views", views.iter().map(|view| &view.open));
    for view in views.iter().filter(|view| !view.actions.is_empty()) {
        section(&mut page, view.title, view.actions.iter());
    }
    page.push_str("\n## Filters\n\n| view | field | what it finds |\n|---|---|---|\n");
    for view in views {
        for field in view.fields {
            let _ = writeln!(page, "| {} | `{}` | {} |", view.title, field.shown(), field.help);
        }
    }
    page
}

fn section<'a>(page: &mut String, title: &str, actions: impl Iterator<Item = &'a ActionSpec>) {
    let _ = write!(page, "\n## {title}\n\n| key | id | what it does |\n|---|---|---|\n");
    for action in actions {
        let keys: Vec<String> =
            action.keys.iter().map(|key| format!("`{}`", key.replace('|', "\\|"))).collect();
        let mark = if action.danger == Danger::Write { "! " } else { "" };
        let needs = action.needs.map(|needs| format!(" Needs `{needs}`.")).unwrap_or_default();
        let _ = writeln!(page, "| {} | `{}` | {mark}{}{needs} |", keys.join(" "), action.id, action.help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_page_is_fresh() {
        let page = page(&crate::console::views::specs());
        if page != KEYS {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/keys.md.new");
            std::fs::write(path, &page).unwrap();
            panic!("assets/keys.md is old; review {path} and move it over");
        }
    }
}
