//! What lies over a view: it opens, takes keys, and closes. Knows no screen.

use crossterm::event::KeyCode;

use super::{keys, navigate, palette};
use crate::console::action::Chord;
use crate::console::model::Model;
use crate::console::model::confirm::Wanted;
use crate::console::model::line::{Edit, Line};
use crate::console::model::msg::Effect;
use crate::console::model::notice::Notice;
use crate::console::model::overlay::{Choice, Choosing, Overlay, Pick, Typing};

/// The filter is typed, beginning with what it is.
pub fn open_filter(model: &mut Model, _fx: &mut Vec<Effect>) {
    let text = model.view().map(|view| view.filter().to_owned()).unwrap_or_default();
    model.overlay = Some(Overlay::Filter(Typing { line: Line::of(&text), ..Typing::default() }));
}

/// A command is typed.
pub fn open_palette(model: &mut Model, _fx: &mut Vec<Effect>) {
    model.overlay = Some(Overlay::Palette(Choosing::default()));
}

/// The keys are shown.
pub fn open_help(model: &mut Model, _fx: &mut Vec<Effect>) {
    model.overlay = Some(Overlay::Help(Choosing::default()));
}

/// What can be done with the row is shown.
pub fn open_actions(model: &mut Model, _fx: &mut Vec<Effect>) {
    model.overlay = Some(Overlay::Actions(Choosing::default()));
}

/// Which columns are shown.
pub fn open_columns(model: &mut Model, _fx: &mut Vec<Effect>) {
    model.overlay = Some(Overlay::Columns(Choosing::default()));
}

/// Pasted text goes where a line is typed, and does nothing anywhere else. A confirmation is typed by hand.
pub fn paste(model: &mut Model, text: &str) {
    match &mut model.overlay {
        Some(Overlay::Filter(typing)) => typing.line.paste(text),
        Some(
            Overlay::Palette(choosing)
            | Overlay::Help(choosing)
            | Overlay::Actions(choosing)
            | Overlay::Columns(choosing),
        ) => {
            choosing.line.paste(text);
        }
        // A reason or a form is no confirmation by itself.
        Some(Overlay::Confirm(asked)) if !matches!(asked.wanted(), None | Some(Wanted::Word(_))) => {
            asked.line().paste(text);
        }
        Some(Overlay::Confirm(_) | Overlay::Looking(_)) => {
            model.notice = Some(Notice::refusal("a confirmation is typed by hand", model.now));
        }
        Some(Overlay::Secret(_)) | None => {
            model.notice = Some(Notice::refusal("nothing to paste into", model.now));
        }
    }
}

/// A key for `overlay`, which was taken off the view and goes back unless it closes.
pub fn press(model: &mut Model, mut overlay: Overlay, chord: Chord, fx: &mut Vec<Effect>) {
    match chord.code {
        KeyCode::Esc => return,
        KeyCode::Char('y') if let Overlay::Secret(secret) = &overlay => {
            fx.push(Effect::Copy(secret.reveal().to_owned()));
            model.notice = Some(Notice::good("copied; esc closes, and it is never shown again", model.now));
        }
        KeyCode::Char('c') if chord.ctrl => return,
        KeyCode::Enter => return enter(model, overlay, fx),
        _ => {}
    }
    let count = model.choices(&overlay).len();
    match &mut overlay {
        Overlay::Filter(typing) => match chord.code {
            KeyCode::Up => recall(model, typing, 1),
            KeyCode::Down => recall(model, typing, -1),
            _ => edit(&mut typing.line, chord),
        },
        Overlay::Palette(choosing)
        | Overlay::Help(choosing)
        | Overlay::Actions(choosing)
        | Overlay::Columns(choosing) => match chord.code {
            KeyCode::Up => choosing.at = choosing.at.saturating_sub(1),
            KeyCode::Down => choosing.at = (choosing.at + 1).min(count.saturating_sub(1)),
            _ => {
                edit(&mut choosing.line, chord);
                choosing.at = 0;
            }
        },
        Overlay::Confirm(_) | Overlay::Looking(_) | Overlay::Secret(_) => {}
    }
    model.overlay = Some(overlay);
}

fn enter(model: &mut Model, overlay: Overlay, fx: &mut Vec<Effect>) {
    let choice = match &overlay {
        Overlay::Palette(choosing)
        | Overlay::Help(choosing)
        | Overlay::Actions(choosing)
        | Overlay::Columns(choosing) => model.choices(&overlay).into_iter().nth(choosing.at),
        Overlay::Filter(_) | Overlay::Looking(_) | Overlay::Confirm(_) | Overlay::Secret(_) => None,
    };
    match overlay {
        Overlay::Filter(mut typing) => {
            let text = typing.line.text();
            if let Err(why) = navigate::go(model, model.active, Some(&text), fx) {
                typing.error = Some(why);
                model.overlay = Some(Overlay::Filter(typing));
            }
        }
        Overlay::Palette(mut choosing) => {
            let line = choosing.line.text();
            // What is a command as it stands is taken at its word; else the choice counts.
            let ran = match (palette::is_command(model, &line), choice) {
                (false, Some(choice)) => pick(model, &choice.pick, fx),
                _ => palette::run(model, &line, fx),
            };
            if let Err(why) = ran {
                choosing.error = Some(why);
                model.overlay = Some(Overlay::Palette(choosing));
            }
        }
        Overlay::Columns(_) => {
            if let Some(Choice { pick: Pick::Column(title), .. }) = choice {
                toggle(model, title, fx);
            }
            // Several may be chosen.
            model.overlay = Some(overlay);
        }
        Overlay::Help(_) | Overlay::Actions(_) => {
            if let Some(Err(why)) = choice.map(|choice| pick(model, &choice.pick, fx)) {
                model.notice = Some(Notice::refusal(&why, model.now));
            }
        }
        // Enter closes neither a question nor what is shown only once.
        Overlay::Confirm(_) | Overlay::Looking(_) | Overlay::Secret(_) => model.overlay = Some(overlay),
    }
}

fn pick(model: &mut Model, pick: &Pick, fx: &mut Vec<Effect>) -> Result<(), String> {
    match pick {
        Pick::Run(action) => {
            keys::run(model, action, fx);
            Ok(())
        }
        Pick::Line(line) => palette::run(model, line, fx),
        Pick::Column(title) => {
            toggle(model, title, fx);
            Ok(())
        }
    }
}

/// Shows the column, or hides it, and keeps the choice.
fn toggle(model: &mut Model, title: &str, fx: &mut Vec<Effect>) {
    let Some(view) = model.views.get_mut(model.active) else { return };
    let columns = view.columns().into_iter();
    let shown = columns.filter(|(other, is_shown)| (*other == title) != *is_shown);
    let titles: Vec<String> = shown.map(|(title, _)| title.to_owned()).collect();
    view.show_columns(&titles);
    let id = view.spec().id();
    let shown: Vec<String> = view
        .columns()
        .into_iter()
        .filter(|(_, is_shown)| *is_shown)
        .map(|(title, _)| title.to_owned())
        .collect();
    model.columns.insert(id.to_owned(), shown.clone());
    fx.push(Effect::Keep { view: id, columns: shown });
}

/// Shows an earlier filter, or a later one.
fn recall(model: &Model, typing: &mut Typing, by: isize) {
    let earlier = model.view().map_or(&[][..], |view| view.recalled());
    let wanted = typing.recalled.saturating_add_signed(by).min(earlier.len());
    typing.recalled = wanted;
    typing.line =
        earlier.iter().rev().nth(wanted.wrapping_sub(1)).map(|text| Line::of(text)).unwrap_or_default();
}

fn edit(line: &mut Line, chord: Chord) {
    if let Some(done) = edit_of(chord) {
        line.edit(done);
    }
}

/// What a key does to a line.
pub fn edit_of(chord: Chord) -> Option<Edit> {
    Some(match (chord.code, chord.ctrl) {
        (KeyCode::Char('w'), true) => Edit::DeleteWord,
        (KeyCode::Char('u'), true) => Edit::Clear,
        (KeyCode::Char('a'), true) | (KeyCode::Home, _) => Edit::Home,
        (KeyCode::Char('e'), true) | (KeyCode::End, _) => Edit::End,
        (KeyCode::Char(c), false) if !chord.alt => Edit::Insert(c),
        (KeyCode::Backspace, _) => Edit::Backspace,
        (KeyCode::Delete, _) => Edit::Delete,
        (KeyCode::Left, _) => Edit::Left,
        (KeyCode::Right, _) => Edit::Right,
        _ => return None,
    })
}
