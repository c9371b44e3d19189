//! The look before a write to many, and the question that follows. Knows no view.

use super::{CONSOLE, confirm};
use crate::console::conn::{Answer, Problem, Request};
use crate::console::model::Model;
use crate::console::model::confirm::Confirm;
use crate::console::model::many::{Looking, Many, Scope};
use crate::console::model::msg::{Effect, Slot};
use crate::console::model::notice::Notice;
use crate::console::model::overlay::Overlay;

/// The slot of a look.
pub const LOOK: &str = "look";

/// Asks at once about what is marked, or looks first at what a filter holds.
pub fn open(model: &mut Model, many: &'static Many, fx: &mut Vec<Effect>) {
    let Some(view) = model.view() else { return };
    let id = view.spec().id();
    let looking = match many.scope {
        Scope::Marked => view.whole(model.now).map(|asked| Looking::new(many, id, asked)),
        Scope::Fact(fact, param) => {
            let facts = view.facts();
            let Some((_, value)) = facts.iter().find(|(name, _)| *name == fact) else { return };
            let asked = Request::get(many.path).with(param, value.as_str());
            let mut looking = Looking::new(many, id, asked);
            looking.name = view.under_cursor().map(|target| target.name);
            Some(looking)
        }
    };
    if let Some(looking) = looking {
        look(model, looking, fx);
    } else {
        let asked = Confirm { many: Some(many), ..Confirm::new(many.deed, id, view.targets()) };
        confirm::ask(model, asked);
    }
}

fn look(model: &mut Model, looking: Looking, fx: &mut Vec<Effect>) {
    model.looks += 1;
    let slot = Slot { view: CONSOLE, part: LOOK };
    fx.push(Effect::Ask { slot, generation: model.looks, request: looking.request() });
    model.overlay = Some(Overlay::Looking(looking));
}

/// What the server would do.
pub fn answer(model: &mut Model, generation: u64, result: Result<Answer, Problem>, fx: &mut Vec<Effect>) {
    let mut looking = match model.overlay.take() {
        Some(Overlay::Looking(looking)) if generation == model.looks => looking,
        other => {
            model.overlay = other;
            return;
        }
    };
    let known = model.view().map(super::View::targets).unwrap_or_default();
    let name = |id: &str| known.iter().find(|target| target.id == id).map(|target| target.name.clone());
    match result.and_then(|answer| looking.take(&answer, name)) {
        Ok(false) => look(model, looking, fx),
        Ok(true) if looking.found.is_empty() => {
            let text = match looking.passed {
                0 => "nothing matches any more".to_owned(),
                passed => format!("nothing to do: {passed} are your own or of somebody above you"),
            };
            model.notice = Some(Notice::refusal(&text, model.now));
        }
        Ok(true) => ask(model, looking),
        Err(problem) => model.notice = Some(Notice::failure(&problem.line(), model.now)),
    }
}

fn ask(model: &mut Model, looking: Looking) {
    let mut remarks = Vec::new();
    if looking.passed > 0 {
        remarks.push(format!("{} are passed over: your own, or of somebody above you", looking.passed));
    }
    if looking.is_cut() {
        remarks.push("more match; these are the newest".to_owned());
    }
    let remark = Some(remarks.join("; ")).filter(|remark| !remark.is_empty());
    let (many, view) = (looking.many, looking.view);
    let asked = Confirm::new(many.deed, view, looking.targets());
    let asked = Confirm { many: Some(many), is_wide: true, remark, ..asked };
    confirm::ask(model, asked);
}
