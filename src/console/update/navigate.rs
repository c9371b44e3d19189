//! From view to view, back and forward, and by mouse. Knows no particular view.

use super::with_view;
use crate::console::action::Step;
use crate::console::draw::{layout, tabs};
use crate::console::model::msg::Effect;
use crate::console::model::notice::Notice;
use crate::console::model::{Model, Place};

/// Shows `view`, with `filter` when one is given.
pub fn go(model: &mut Model, view: usize, filter: Option<&str>, fx: &mut Vec<Effect>) -> Result<(), String> {
    let before = place(model);
    model.active = view;
    let shown = match filter {
        Some(text) => with_view(model, view, fx, |view, cx| view.set_filter(text, cx)),
        None => with_view(model, view, fx, |view, cx| {
            view.enter(cx);
            Ok(())
        }),
    };
    match shown.unwrap_or_else(|| Err("there is no such view".to_owned())) {
        Ok(()) => {
            if place(model) != before {
                model.history.leave(before);
            }
            Ok(())
        }
        Err(why) => {
            model.active = before.view;
            Err(why)
        }
    }
}

/// To the place before.
pub fn back(model: &mut Model, fx: &mut Vec<Effect>) {
    let here = place(model);
    match model.history.before.pop() {
        Some(place) => {
            model.history.after.push(here);
            return_to(model, &place, fx);
        }
        None => model.notice = Some(Notice::refusal("this is where you began", model.now)),
    }
}

/// To the place that `back` left.
pub fn forward(model: &mut Model, fx: &mut Vec<Effect>) {
    let here = place(model);
    match model.history.after.pop() {
        Some(place) => {
            model.history.before.push(here);
            return_to(model, &place, fx);
        }
        None => model.notice = Some(Notice::refusal("there is nothing further", model.now)),
    }
}

/// To the next view.
pub fn next(model: &mut Model, fx: &mut Vec<Effect>) {
    let view = (model.active + 1) % model.views.len().max(1);
    // Without a filter nothing can be wrong.
    let _ = go(model, view, None, fx);
}

/// To the view before.
pub fn previous(model: &mut Model, fx: &mut Vec<Effect>) {
    let count = model.views.len().max(1);
    let _ = go(model, (model.active + count - 1) % count, None, fx);
}

/// A click: on a tab or on a row. What is over the view is not clicked through.
pub fn click(model: &mut Model, at: (u16, u16), fx: &mut Vec<Effect>) {
    if model.overlay.is_some() {
        return;
    }
    let areas = layout::areas(model.size);
    if let Some(view) = tabs::at(model, areas.tabs, at) {
        let _ = go(model, view, None, fx);
        return;
    }
    let first = areas.body.y + layout::LIST_FRAME - 1;
    let lines = layout::list(areas.body, false).0;
    if at.1 >= first && at.1 + 1 < lines.bottom() {
        with_view(model, model.active, fx, |view, cx| view.step(Step::To(usize::from(at.1 - first)), cx));
    }
}

/// The wheel moves the cursor.
pub fn wheel(model: &mut Model, rows: isize, fx: &mut Vec<Effect>) {
    if model.overlay.is_none() {
        let step = if rows > 0 { Step::Down } else { Step::Up };
        for _ in 0..rows.unsigned_abs().min(20) {
            with_view(model, model.active, fx, |view, cx| view.step(step, cx));
        }
    }
}

fn place(model: &Model) -> Place {
    Place {
        view: model.active,
        filter: model.view().map(|view| view.filter().to_owned()).unwrap_or_default(),
    }
}

fn return_to(model: &mut Model, place: &Place, fx: &mut Vec<Effect>) {
    model.active = place.view;
    let has_filter = model.view().is_some_and(|view| view.filter() == place.filter);
    with_view(model, place.view, fx, |view, cx| {
        if has_filter {
            view.enter(cx);
        } else {
            // It was understood once.
            let _ = view.set_filter(&place.filter, cx);
        }
    });
}
