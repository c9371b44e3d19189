//! What a key press means: first for what lies over the view, then for the view. Knows no screen.

use super::{confirm, many, navigate, overlay, with_view};
use crate::console::action::{ActionSpec, Chord, Run, Step};
use crate::console::model::Model;
use crate::console::model::msg::Effect;
use crate::console::model::notice::Notice;
use crate::console::model::overlay::Overlay;

/// A key was pressed.
pub fn press(model: &mut Model, chord: Chord, fx: &mut Vec<Effect>) {
    // These work wherever one is.
    let always = model.keymap.action("", chord).filter(|action| ["suspend", "redraw"].contains(&action.id));
    if let Some(action) = always.filter(|_| chord.ctrl) {
        return run(model, action, fx);
    }
    match model.overlay.take() {
        None => {
            let view = model.view().map_or("", |view| view.spec().id());
            if let Some(action) = model.keymap.action(view, chord) {
                run(model, action, fx);
            }
        }
        Some(Overlay::Confirm(asked)) => confirm::press(model, asked, chord, fx),
        Some(other) => overlay::press(model, other, chord, fx),
    }
}

/// Does `action`, or says why not.
pub fn run(model: &mut Model, action: &'static ActionSpec, fx: &mut Vec<Effect>) {
    if let Some(why) = model.hindrance(action) {
        model.notice = Some(Notice::refusal(&format!("{}: {why}", action.name), model.now));
        return;
    }
    match action.run {
        Run::Console(act) => act(model, fx),
        Run::Open(id) => {
            if let Some(view) = model.view_named(id) {
                let _ = navigate::go(model, view, None, fx);
            }
        }
        Run::Step(step) => {
            model.notice = None;
            let way = model.view().filter(|_| step == Step::Open).and_then(super::View::leads);
            if let Some(line) = way {
                if let Err(why) = super::palette::run(model, &line, fx) {
                    model.notice = Some(Notice::refusal(&why, model.now));
                }
                return;
            }
            with_view(model, model.active, fx, |view, cx| view.step(step, cx));
        }
        Run::Pivot(ways) => pivot(model, action, ways, fx),
        Run::Deed(deed) => confirm::open(model, deed, None),
        Run::Undoable(deed, inverse) => confirm::open(model, deed, Some(inverse)),
        Run::Many(many) => many::open(model, many, fx),
        Run::View => {
            with_view(model, model.active, fx, |view, cx| view.act(action.id, cx));
        }
    }
}

fn pivot(model: &mut Model, action: &ActionSpec, ways: &[(&str, &str, &str)], fx: &mut Vec<Effect>) {
    let facts = model.view().map(super::View::facts).unwrap_or_default();
    let way = ways.iter().find_map(|(view, field, fact)| {
        let view = model.view_named(view)?;
        let (_, value) = facts.iter().find(|(name, _)| name == fact)?;
        Some((view, format!("{field}:{value}")))
    });
    let gone = match way {
        Some((view, filter)) => navigate::go(model, view, Some(&filter), fx),
        None => Err(format!("{}: this row does not say", action.name)),
    };
    if let Err(why) = gone {
        model.notice = Some(Notice::refusal(&why, model.now));
    }
}
