//! The question before a write, and what is said after it. Knows no view.

use crossterm::event::KeyCode;

use super::overlay::edit_of;
use crate::console::action::Chord;
use crate::console::model::Model;
use crate::console::model::deeds::{Asks, Confirm, Deed, Ended, Target};
use crate::console::model::msg::Effect;
use crate::console::model::notice::Notice;
use crate::console::model::overlay::Overlay;

/// Asks. What it is about is fixed now.
pub fn open(model: &mut Model, deed: &'static Deed, inverse: Option<&'static Deed>) {
    let Some(view) = model.view() else { return };
    let targets = match deed.asks {
        Asks::Form(_) => vec![Target { id: "new".to_owned(), name: String::new(), is_mine: false }],
        _ => view.targets_of(deed),
    };
    let asked = Confirm { inverse, ..Confirm::new(deed, view.spec().id(), targets) };
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
    for target in &mut asked.targets {
        target.is_mine |= model.is_own(target);
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
    let is_agreed = match (asked.wanted(), chord.code) {
        (_, KeyCode::Esc) => {
            model.notice = Some(Notice::info("not done", model.now));
            return;
        }
        (_, KeyCode::Tab) => {
            asked.turn();
            false
        }
        (None, _) => chord.char() == Some('y') && asked.has_fitting_reason(),
        (Some(_), KeyCode::Enter) => asked.enter(),
        (Some(_), _) => {
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
        let requests = model.deeds.begin(&asked, &tag);
        let now = model.now;
        fx.extend(requests.into_iter().map(|mut request| {
            if let Asks::Form(form) = asked.deed.asks {
                request.body = Some((form.body)(&asked.said, now));
            }
            Effect::Call(request)
        }));
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
