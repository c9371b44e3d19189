//! What follows from what happens: the state changes, and effects are asked for. Pure: the time comes in, nothing is
//! read and nothing is written here.

pub mod confirm;
pub mod console;
mod keys;
mod many;
pub mod navigate;
pub mod overlay;
pub mod palette;

use super::conn::events::News;
use super::conn::problem::Kind;
use super::conn::{Answer, Problem, Request};
use super::draw::layout;
use super::model::link::Link;
use super::model::msg::{Effect, Msg, Slot};
use super::model::notice::Notice;
use super::model::overlay::Overlay;
use super::model::{Model, remote::Remote};
use super::moment::Moment;
use super::views::{Cx, View};

/// The console's own questions.
const CONSOLE: &str = "console";

/// `msg` happened at `now`.
pub fn update(model: &mut Model, now: Moment, msg: Msg) -> Vec<Effect> {
    let mut fx = Vec::new();
    model.now = now;
    model.look.now = now;
    if model.armed_until.is_some_and(|until| until <= now) {
        model.armed_until = None;
        model.notice = Some(Notice::info("read-only again: ten minutes are over", now));
        model.is_dirty = true;
    }
    // What comes in while nobody looks is drawn when somebody does.
    model.is_dirty |= !matches!(msg, Msg::Tick) || model.is_focused;
    if !matches!(msg, Msg::Tick) {
        model.stirred_at = now;
    }
    let was_strange = model.strange.is_some();
    match msg {
        Msg::Key(chord) => keys::press(model, chord, &mut fx),
        Msg::Paste(text) => overlay::paste(model, &text),
        Msg::Click(column, row) => navigate::click(model, (column, row), &mut fx),
        Msg::Wheel(rows) => navigate::wheel(model, rows, &mut fx),
        Msg::Resize(width, height) => {
            model.size = (width, height);
            fx.push(Effect::Redraw);
        }
        Msg::Focus(is_focused) => model.is_focused = is_focused,
        Msg::Tick => {
            let ended = model.deeds.overdue(now);
            confirm::tell(model, ended);
            for index in 0..model.views.len() {
                let unseen = model.views.get(index).and_then(|view| view.deadline_unseen());
                if index == model.active || unseen.is_some_and(|at| at <= now) {
                    with_view(model, index, &mut fx, |view, cx| view.tick(cx));
                }
            }
        }
        Msg::Answer { slot, generation, result } => answer(model, slot, generation, result, &mut fx),
        Msg::Done { request_id, result } => {
            let form = model.deeds.form_of(&request_id);
            let secret = form.zip(result.as_ref().ok()).and_then(|(form, answer)| (form.secret)(answer));
            model.overlay = secret.map(Overlay::Secret).or(model.overlay.take());
            let told = result.and_then(|answer| model.deeds.told(&request_id, &answer));
            let ended = model.deeds.answered(&request_id, told.as_ref().err(), now);
            confirm::tell(model, ended);
        }
        Msg::News(news) => hear(model, &news, &mut fx),
        Msg::Line(line) => {
            model.overlay = None;
            if let Err(why) = palette::run(model, &line, &mut fx) {
                model.notice = Some(Notice::refusal(&why, now));
            }
        }
        Msg::Fault(what) => model.notice = Some(Notice::failure(&format!("the console failed: {what}"), now)),
        Msg::Resumed => fx.push(Effect::Redraw),
    }
    if let Some(problem) = model.strange.as_ref().filter(|_| !was_strange) {
        let text = format!("the server is newer than this console, which only reads now: {}", problem.line());
        model.notice = Some(Notice::failure(&text, now));
    }
    fx
}

/// What a console does first.
pub fn begin(model: &mut Model) -> Vec<Effect> {
    let mut fx: Vec<Effect> =
        model.target().cloned().map(|target| Effect::Connect(Box::new(target))).into_iter().collect();
    ask_me(model, &mut fx);
    with_view(model, model.active, &mut fx, |view, cx| view.enter(cx));
    fx
}

/// Runs `act` on a view with what it may know.
pub fn with_view<T>(
    model: &mut Model,
    index: usize,
    fx: &mut Vec<Effect>,
    act: impl FnOnce(&mut dyn View, &mut Cx<'_>) -> T,
) -> Option<T> {
    let body = layout::areas(model.size).body;
    let mut cx = Cx {
        now: model.now,
        body,
        is_shown: index == model.active,
        me: model.me.known(),
        effects: fx,
        notice: &mut model.notice,
        strange: &mut model.strange,
    };
    model.views.get_mut(index).map(|view| act(view.as_mut(), &mut cx))
}

/// Runs `act` on all views.
fn with_views(model: &mut Model, fx: &mut Vec<Effect>, act: impl Fn(&mut dyn View, &mut Cx<'_>)) {
    for index in 0..model.views.len() {
        with_view(model, index, fx, &act);
    }
}

fn ask_me(model: &mut Model, fx: &mut Vec<Effect>) {
    model.asked_me += 1;
    model.me.ask(model.now);
    let slot = Slot { view: CONSOLE, part: "me" };
    fx.push(Effect::Ask { slot, generation: model.asked_me, request: Request::get("/api/v1/auth/me") });
}

fn answer(
    model: &mut Model,
    slot: Slot,
    generation: u64,
    result: Result<Answer, Problem>,
    fx: &mut Vec<Effect>,
) {
    if let Err(problem) = &result
        && problem.kind == Kind::Expired
    {
        model.link = Link::Expired(problem.clone());
        model.notice = None;
    }
    if slot.view == CONSOLE {
        if slot.part == many::LOOK {
            many::answer(model, generation, result, fx);
        } else if generation == model.asked_me {
            let read = result.and_then(|answer| answer.read());
            let strange = read.as_ref().err().filter(|problem| problem.kind == Kind::Strange);
            model.strange = strange.cloned().or(model.strange.take());
            model.me.settle(read, model.now);
        }
    } else if let Some(index) = model.view_named(slot.view) {
        with_view(model, index, fx, |view, cx| view.answer(slot.part, generation, result, cx));
    }
}

fn hear(model: &mut Model, news: &News, fx: &mut Vec<Effect>) {
    let was_new = model.link == Link::Connecting;
    let was_stale = model.link.is_stale();
    if let Some(link) = model.link.after(news, model.now) {
        // What was said before is less than that the connection is lost.
        model.notice = model.notice.take().filter(|_| link.is_live() || was_stale);
        model.link = link;
    }
    if let News::Refused(problem) = news
        && problem.kind == Kind::Strange
    {
        model.strange = Some(problem.clone());
    }
    match news {
        // Pages that were read before the stream began may miss what happened between.
        News::Ready if was_new => with_views(model, fx, |view, cx| view.reload(cx)),
        News::Ready if was_stale => {
            model.notice = Some(Notice::good("connected again", model.now));
            if !matches!(model.me, Remote::Ready { .. }) {
                ask_me(model, fx);
            }
            // The stream goes on where it was: only what failed meanwhile is asked again.
            with_view(model, model.active, fx, |view, cx| view.enter(cx));
        }
        News::Events { events, dropped } => {
            if *dropped > 0 {
                let why = format!("{dropped} events came too fast");
                with_views(model, fx, |view, cx| view.gap(&why, cx));
            }
            with_views(model, fx, |view, cx| view.events(events, cx));
            for event in events {
                let ended = model.deeds.heard(event);
                confirm::tell(model, ended);
            }
        }
        News::Gap(why) => {
            let why = match why.as_str() {
                "expired" => "the server no longer keeps what was missed",
                "unknown_cursor" => "the server has another history than before",
                other => other,
            };
            with_views(model, fx, |view, cx| view.gap(why, cx));
        }
        News::Ready | News::Heard | News::Late | News::Lost { .. } | News::Refused(_) => {}
    }
    if !model.link.is_live() && matches!(model.overlay, Some(Overlay::Confirm(_) | Overlay::Looking(_))) {
        // What was confirmed on old sight is not done.
        model.overlay = None;
        model.notice = Some(Notice::refusal("not done: the connection is lost", model.now));
    }
}

#[cfg(test)]
mod tests;
