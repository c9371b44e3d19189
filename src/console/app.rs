//! The loop: wait for something, update, draw. Knows no view.
//!
//! ## Decision: nothing happens unless something happened
//! There is no frame rate. The loop sleeps until a key, a message or a deadline of the state comes, takes everything
//! that waits, and draws once, at most thirty times a second. When nobody looks (the terminal tells) nothing is drawn
//! for the time alone, and an idle console does not wake up.

use std::fs::File;
use std::io::Write;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::select;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, channel, unbounded_channel};

#[cfg(debug_assertions)]
use super::Trial;
use super::conn::Problem;
use super::conn::events::News;
use super::conn::problem::Kind;
use super::effects::{Effects, WAITING, save};
use super::model::Model;
use super::model::msg::{Effect, Msg};
use super::model::notice::Notice;
use super::moment::Moment;
use super::preferences::keep_columns;
use super::terminal::{Screen, guard};
use super::update::{begin, update};
use super::wait::within;
use super::{Ambient, input};
use crate::ambient::Stopwatch;

/// The least time between two pictures.
const FRAME: Duration = Duration::from_millis(33);

/// What the loop waits for.
struct Inbox {
    typed: UnboundedReceiver<Msg>,
    messages: Receiver<Msg>,
    news: Receiver<News>,
    terminated: Signal,
    hung_up: Signal,
}

/// Runs until the operator leaves or the process is told to end.
pub fn run(
    mut model: Model,
    ambient: &Ambient,
    background: &Handle,
    has_mouse: bool,
    mut settle: Option<File>,
) -> std::io::Result<()> {
    let (typing, typed) = unbounded_channel();
    let (sender, messages) = channel(WAITING);
    let (news_sender, news) = channel(WAITING);
    let (terminated, hung_up) = {
        // They come to the runtime that has a driver for them.
        let _inside = background.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?)
    };
    let mut inbox = Inbox { typed, messages, news, terminated, hung_up };
    let mut screen = Screen::take(has_mouse)?;
    let faults: Sender<Msg> = sender.clone();
    guard(move |what| drop(faults.try_send(Msg::Fault(what))));
    model.size = screen.size()?;
    input::spawn(typing)?;
    let mut effects =
        Effects::new(background.clone(), (sender, news_sender), ambient.entropy.clone(), ambient.is_over_ssh);
    let mut wanted = begin(&mut model);
    let watch = Stopwatch::start();
    let mut next_frame = Duration::ZERO;
    let mut frames: u64 = 0;
    loop {
        while !wanted.is_empty() {
            let mut more = Vec::new();
            for effect in std::mem::take(&mut wanted) {
                match carry_out(effect, &mut effects, &mut screen, ambient)? {
                    Outcome::Done => {}
                    Outcome::Left => return Ok(()),
                    Outcome::Tell(msg) => more.extend(update(&mut model, Moment::of(&*ambient.clock), msg)),
                    Outcome::Say(text, is_good) => {
                        let notice = if is_good { Notice::good } else { Notice::failure };
                        model.notice = Some(notice(&text, model.now));
                        model.is_dirty = true;
                    }
                }
            }
            wanted = more;
        }
        if model.is_dirty && watch.elapsed() >= next_frame {
            screen.draw(&model)?;
            model.is_dirty = false;
            next_frame = watch.elapsed() + FRAME;
            frames += 1;
        }
        if let Some(file) = settle.as_mut().filter(|_| !model.is_dirty && !effects.is_busy()) {
            writeln!(file, "{frames}")?;
        }
        let frame = model.is_dirty.then(|| next_frame.saturating_sub(watch.elapsed()));
        let deadline = model.deadline().map(|at| at.since(Moment::of(&*ambient.clock)));
        let Some(mut msg) = inbox.next(frame.into_iter().chain(deadline).min()) else { return Ok(()) };
        // Everything that waits is taken before the next picture.
        loop {
            wanted.extend(update(&mut model, Moment::of(&*ambient.clock), msg));
            match inbox.ready() {
                Some(other) => msg = other,
                None => break,
            }
        }
    }
}

impl Inbox {
    /// The next thing that happens, [`Msg::Tick`] when that takes longer than `patience`; `None`: the process shall end.
    fn next(&mut self, patience: Option<Duration>) -> Option<Msg> {
        let something = async {
            select! {
                biased;
                _ = self.terminated.recv() => None,
                _ = self.hung_up.recv() => None,
                Some(msg) = self.typed.recv() => Some(msg),
                Some(msg) = self.messages.recv() => Some(msg),
                Some(news) = self.news.recv() => Some(Msg::News(news)),
            }
        };
        within(something, patience).unwrap_or(Some(Msg::Tick))
    }

    /// What is there already.
    fn ready(&mut self) -> Option<Msg> {
        let typed = self.typed.try_recv().ok().or_else(|| self.messages.try_recv().ok());
        typed.or_else(|| self.news.try_recv().ok().map(Msg::News))
    }
}

/// The server cannot even be tried.
pub fn no_way(why: String) -> Msg {
    Msg::News(News::Refused(Problem::local(Kind::Refused, "connect", why)))
}

/// Fails on purpose: what the terminal is like afterwards is tried with the real program. No release has this.
#[cfg(debug_assertions)]
#[expect(clippy::panic, reason = "that is what is tried")]
fn fail(trial: Option<Trial>, effects: &Effects) {
    match trial {
        Some(Trial::Task) => drop(effects.runtime().spawn(async { panic!("on trial") })),
        Some(Trial::Screen) => panic!("on trial"),
        None => {}
    }
}

/// What became of an effect.
enum Outcome {
    Done,
    Left,
    Tell(Msg),
    Say(String, bool),
}

fn carry_out(
    effect: Effect,
    effects: &mut Effects,
    screen: &mut Screen,
    ambient: &Ambient,
) -> std::io::Result<Outcome> {
    match effect {
        Effect::Connect(target) => {
            if let Err(why) = effects.connect(*target) {
                return Ok(Outcome::Tell(no_way(why)));
            }
        }
        Effect::Ask { slot, generation, request } => effects.ask(slot, generation, request),
        Effect::Call(request) => effects.call(request),
        Effect::Again => effects.again(),
        Effect::Copy(text) => screen.copy(&text)?,
        Effect::Save { name, text } => {
            return Ok(match save(&name, &text) {
                Ok(()) => Outcome::Say(format!("wrote {name}"), true),
                Err(error) => Outcome::Say(format!("{name} was not written: {error}"), false),
            });
        }
        Effect::Keep { view, columns } => {
            let kept = ambient.file.as_deref().map_or(Ok(()), |file| keep_columns(file, view, &columns));
            return Ok(match kept {
                Ok(()) => Outcome::Done,
                Err(wrong) => Outcome::Say(format!("not kept for the next time: {wrong}"), false),
            });
        }
        Effect::Suspend => {
            screen.suspend()?;
            return Ok(Outcome::Tell(Msg::Resumed));
        }
        Effect::Redraw => {
            #[cfg(debug_assertions)]
            fail(ambient.trial, effects);
            screen.forget()?;
        }
        Effect::Quit => return Ok(Outcome::Left),
    }
    Ok(Outcome::Done)
}
