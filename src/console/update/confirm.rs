//! The question before a write, and what is said after it. Knows no view.

use crossterm::event::KeyCode;

use super::overlay::edit_of;
use crate::console::action::Chord;
use crate::console::model::Model;
use crate::console::model::deeds::{Confirm, Deed, Ended};
use crate::console::model::msg::Effect;
use crate::console::model::notice::Notice;
use crate::console::model::overlay::Overlay;

/// Asks. What it is about is fixed now.
pub fn open(model: &mut Model, deed: &'static Deed, inverse: Option<&'static Deed>) {
    let Some(view) = model.view() else { return };
    let asked = Confirm { inverse, ..Confirm::new(deed, view.spec().id(), view.targets()) };
    ask(model, asked);
}

/// Asks whether the last write is to be taken back.
pub fn take_back(model: &mut Model, _fx: &mut Vec<Effect>) {
    let Some((deed, targets)) = model.deeds.inverse.clone() else {
        model.notice = Some(Notice::refusal("there is nothing that could be taken back", model.now));
        return;
    };
    let view = model.view().map_or("", |view| view.spec().id());
    ask(model, Confirm::new(deed, view, targets));
}

/// Puts the question, unless something of it is pending.
pub fn ask(model: &mut Model, mut asked: Confirm) {
    if asked.targets.iter().any(|target| model.deeds.is_pending(&target.id)) {
        model.notice = Some(Notice::refusal("one of them is pending already", model.now));
        return;
    }
    if model.look.masked {
        // What is typed is what is shown.
        for name in &mut asked.names {
            *name = model.look.person(name).to_string();
        }
    }
    model.overlay = Some(Overlay::Confirm(asked));
}

/// A key while it is asked: `y`, or what has to be typed, with Enter. Tab leads to the reason and back. Esc is no;
/// everything else is nothing.
pub fn press(model: &mut Model, mut asked: Confirm, chord: Chord, fx: &mut Vec<Effect>) {
    let is_agreed = match (asked.word(), chord.code) {
        (_, KeyCode::Esc) => {
            model.notice = Some(Notice::info("not done", model.now));
            return;
        }
        (_, KeyCode::Tab) => {
            asked.turn();
            false
        }
        (None, KeyCode::Enter) => {
            asked.is_saying = false;
            false
        }
        (None, _) if !asked.is_saying => chord.char() == Some('y'),
        (Some(_), KeyCode::Enter) => asked.is_agreed(),
        _ => {
            if let Some(edit) = edit_of(chord) {
                asked.line().edit(edit);
            }
            false
        }
    };
    if !is_agreed {
        model.overlay = Some(Overlay::Confirm(asked));
    } else if !model.link.is_live() || !model.is_armed() {
        model.notice =
            Some(Notice::refusal("not done: no longer armed, or the connection is lost", model.now));
    } else {
        let tag = model.tag.clone();
        fx.extend(model.deeds.begin(&asked, &tag).into_iter().map(Effect::Call));
        model.notice =
            Some(Notice::info(&format!("{} {}: pending", asked.deed.verb, asked.count()), model.now));
    }
}

/// Says how a write ended.
pub fn tell(model: &mut Model, ended: Option<Ended>) {
    if let Some(Ended { sentence, is_good }) = ended {
        let notice = if is_good { Notice::good } else { Notice::failure };
        model.notice = Some(notice(&sentence, model.now));
    }
}
