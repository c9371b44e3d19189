//! What lies over a view and takes the keys: a typed line, a list to choose from, a question. Knows no screen.

use super::super::action::{ActionSpec, everywhere, fuzzy};
use super::Model;
use super::deeds::Confirm;
use super::line::Line;
use super::many::Looking;
use crate::wire::secret::Secret;

/// What lies over the view.
#[derive(Debug)]
pub enum Overlay {
    /// The filter is typed.
    Filter(Typing),
    /// A command is typed, or chosen.
    Palette(Choosing),
    /// The keys of this view.
    Help(Choosing),
    /// What can be done with this row.
    Actions(Choosing),
    /// Which columns are shown.
    Columns(Choosing),
    /// Which would be written to is asked.
    Looking(Looking),
    /// A write waits for a yes.
    Confirm(Confirm),
    /// A secret that the server tells this once; wiped when it closes.
    Secret(Secret),
}

/// A line that recalls earlier ones.
#[derive(Debug, Default)]
pub struct Typing {
    /// What is typed.
    pub line: Line,
    /// Which earlier one is shown, counted from the newest; 0: none.
    pub recalled: usize,
    /// What is wrong with it.
    pub error: Option<String>,
}

/// A line that narrows a list.
#[derive(Debug, Default)]
pub struct Choosing {
    /// What is typed.
    pub line: Line,
    /// Which of the choices is selected.
    pub at: usize,
    /// What is wrong with it.
    pub error: Option<String>,
}

/// Something that can be chosen.
#[derive(Debug, Clone)]
pub struct Choice {
    /// What stands there.
    pub title: String,
    /// What it is.
    pub help: String,
    /// Its keys.
    pub keys: String,
    /// Why it cannot be done now.
    pub hindrance: Option<String>,
    /// What choosing does.
    pub pick: Pick,
}

/// What choosing does.
#[derive(Debug, Clone)]
pub enum Pick {
    /// Runs an action.
    Run(&'static ActionSpec),
    /// Runs a line of the palette.
    Line(String),
    /// Shows this column, or hides it.
    Column(&'static str),
}

impl Model {
    /// What `overlay` offers, the best first.
    pub fn choices(&self, overlay: &Overlay) -> Vec<Choice> {
        match overlay {
            Overlay::Filter(_) | Overlay::Looking(_) | Overlay::Confirm(_) | Overlay::Secret(_) => Vec::new(),
            Overlay::Columns(choosing) => {
                let columns = self.view().map(super::View::columns).unwrap_or_default().into_iter();
                let choice = |(title, is_shown): (&'static str, bool)| Choice {
                    title: title.to_owned(),
                    help: if is_shown { "shown" } else { "hidden" }.to_owned(),
                    keys: if is_shown { "[x]" } else { "[ ]" }.to_owned(),
                    hindrance: None,
                    pick: Pick::Column(title),
                };
                narrowed(columns.map(choice).collect(), &choosing.line.text())
            }
            Overlay::Help(choosing) => narrowed(self.actions(), &choosing.line.text()),
            Overlay::Actions(choosing) => {
                let own = self.view().map_or(&[][..], |view| view.spec().actions).iter();
                let shared = everywhere::ACTIONS.iter().filter(|action| action.when == super::When::Row);
                narrowed(own.chain(shared).map(|action| self.choice(action)).collect(), &choosing.line.text())
            }
            Overlay::Palette(choosing) => {
                let mut all = self.actions();
                let themes = super::super::theme::Theme::ALL.into_iter();
                let themes = themes.map(|theme| (format!("theme {}", theme.name()), "Other colours."));
                let servers =
                    self.servers.iter().map(|server| (format!("ctx {}", server.name), "Another server."));
                all.extend(themes.chain(servers).map(|(line, help)| Choice {
                    title: line.clone(),
                    help: help.to_owned(),
                    keys: String::new(),
                    hindrance: None,
                    pick: Pick::Line(line),
                }));
                narrowed(all, &choosing.line.text())
            }
        }
    }

    /// All actions of this view and of everywhere.
    fn actions(&self) -> Vec<Choice> {
        let own = self.view().map_or(&[][..], |view| view.spec().actions).iter();
        let opening = self.views.iter().map(|view| &view.spec().open);
        own.chain(everywhere::ACTIONS).chain(opening).map(|action| self.choice(action)).collect()
    }

    fn choice(&self, action: &'static ActionSpec) -> Choice {
        Choice {
            title: action.name.to_owned(),
            help: action.help.to_owned(),
            keys: self.keymap.keys(action.id),
            hindrance: self.hindrance(action),
            pick: Pick::Run(action),
        }
    }
}

/// Those that `typed` finds, best first; the order stays among equals.
fn narrowed(choices: Vec<Choice>, typed: &str) -> Vec<Choice> {
    if typed.is_empty() {
        return choices;
    }
    let score = |choice: &Choice| {
        let title = fuzzy::score(typed, &choice.title).map(|score| score * 3 + 100);
        title.or_else(|| fuzzy::score(typed, &format!("{} {}", choice.title, choice.help)))
    };
    let mut found: Vec<_> =
        choices.into_iter().filter_map(|choice| Some((score(&choice)?, choice))).collect();
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    found.into_iter().map(|(_, choice)| choice).collect()
}
