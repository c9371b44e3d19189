//! The console without a screen: commands of the palette come in as lines, rows go out as lines. For screen readers,
//! scripts and terminals that can do nothing. Knows no view.

use std::fmt::Write as _;
use std::io::Write;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::select;
use tokio::sync::mpsc::{Receiver, UnboundedReceiver, channel, unbounded_channel};
use tokio::time::sleep;

use super::Ambient;
use super::action::Chord;
use super::conn::events::News;
use super::effects::{Effects, WAITING, save};
use super::model::Model;
use super::model::deeds::Confirm;
use super::model::msg::{Effect, Msg};
use super::model::overlay::Overlay;
use super::moment::Moment;
use super::safe::Safe;
use super::update::{begin, update};

/// How long nothing may come before it is asked again whether anything is under way.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Runs until the input ends or says `quit`.
pub async fn run(mut model: Model, ambient: &Ambient, out: &mut dyn Write) -> std::io::Result<()> {
    let (sender, mut messages) = channel(WAITING);
    let (news_sender, mut news) = channel(WAITING);
    let mut effects = Effects::new(Handle::current(), (sender, news_sender), ambient.entropy.clone(), true);
    let mut lines = typed()?;
    // A place without room: nothing is drawn, and a list holds whole pages.
    model.size = (80, 200);
    let mut wanted = begin(&mut model);
    let mut spoken = String::new();
    loop {
        loop {
            for effect in std::mem::take(&mut wanted) {
                if !carry_out(effect, &mut effects, &mut model, out)? {
                    return Ok(());
                }
            }
            match settled(&mut model, &effects, ambient, (&mut messages, &mut news)).await {
                Some(more) => wanted = more,
                None => break,
            }
        }
        speak(&model, &mut spoken, out)?;
        let now = || Moment::of(&*ambient.clock);
        select! {
            line = lines.recv() => {
                let Some(line) = line else { return Ok(()) };
                if !line.trim().is_empty() {
                    spoken.clear();
                    wanted.extend(command(&mut model, &line, now()));
                }
            }
            Some(told) = news.recv() => wanted.extend(update(&mut model, now(), Msg::News(told))),
            Some(msg) = messages.recv() => wanted.extend(update(&mut model, now(), msg)),
        }
    }
}

/// The lines of standard input, read on a thread of its own.
fn typed() -> std::io::Result<UnboundedReceiver<String>> {
    let (out, lines) = unbounded_channel();
    let read = move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if out.send(line).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("input".to_owned()).spawn(read)?;
    Ok(lines)
}

/// A line typed: an answer to a question, or a command.
fn command(model: &mut Model, line: &str, now: Moment) -> Vec<Effect> {
    let key = |c: char| Chord::named(&if c == ' ' { "space".to_owned() } else { c.to_string() });
    let mut effects = Vec::new();
    if let Some(Overlay::Confirm(asked)) = &model.overlay {
        let typed = asked.wanted().is_some();
        let enter = Chord::named("enter").into_iter().filter(|_| typed);
        let before = (asked.said.len(), asked.is_saying);
        for chord in line.trim().chars().filter_map(key).chain(enter) {
            if model.overlay.is_some() {
                effects.extend(update(model, now, Msg::Key(chord)));
            }
        }
        // What is no yes is a no, unless it led to the next thing that is asked.
        let asks_on = |asked: &Confirm| (asked.said.len(), asked.is_saying) > before;
        if matches!(&model.overlay, Some(Overlay::Confirm(asked)) if !asks_on(asked)) {
            let no = Chord::named("esc").into_iter();
            effects.extend(no.flat_map(|no| update(model, now, Msg::Key(no))));
        }
        return effects;
    }
    model.notice = None;
    update(model, now, Msg::Line(line.to_owned()))
}

/// Waits until nothing is under way; `Some`: what is to be done meanwhile.
async fn settled(
    model: &mut Model,
    effects: &Effects,
    ambient: &Ambient,
    (messages, news): (&mut Receiver<Msg>, &mut Receiver<News>),
) -> Option<Vec<Effect>> {
    if let Ok(msg) = messages.try_recv() {
        return Some(update(model, Moment::of(&*ambient.clock), msg));
    }
    if !effects.is_busy() && model.deeds.pending() == 0 {
        return None;
    }
    let msg = select! {
        Some(msg) = messages.recv() => msg,
        Some(told) = news.recv() => Msg::News(told),
        // A request counts itself out after its answer was sent: the last one may be no longer under way.
        () = sleep(LOOK_AGAIN) => return Some(Vec::new()),
    };
    Some(update(model, Moment::of(&*ambient.clock), msg))
}

/// Says what is new since it spoke last.
fn speak(model: &Model, spoken: &mut String, out: &mut dyn Write) -> std::io::Result<()> {
    let (word, _) = model.link.word(model.now, "");
    let mut text = format!(
        "# {} {}\n",
        model.target().map(|target| target.name.as_str()).unwrap_or_default(),
        word.trim()
    );
    if let Some(notice) = &model.notice {
        let _ = writeln!(text, "# {}", notice.text);
    }
    if let Some(Overlay::Confirm(asked)) = &model.overlay {
        let _ = writeln!(text, "# {} {}?", asked.deed.verb, asked.count());
        for (target, name) in asked.targets.iter().zip(&asked.names) {
            let _ = writeln!(text, "#   {} {}", Safe::name(name), Safe::new(&target.id));
        }
        let ask = asked.wanted().map_or_else(|| "type y: ".to_owned(), |wanted| asked.prompt(&wanted));
        let _ = writeln!(text, "# {}everything else is no", Safe::new(&ask));
    } else if let Some(Overlay::Secret(secret)) = &model.overlay {
        let _ = writeln!(text, "# shown this once: {}", Safe::new(secret.reveal()));
    } else if let Some(view) = model.view() {
        for line in view.lines(&model.look) {
            text.push_str(&line);
            text.push('\n');
        }
    }
    if *spoken != text {
        // Only the state changed: only the state is said.
        let is_same = |before: &str| {
            before.split_once('\n').map(|(_, rest)| rest) == text.split_once('\n').map(|(_, rest)| rest)
        };
        let said = if is_same(spoken) {
            text.lines().next().unwrap_or_default().to_owned() + "\n"
        } else {
            text.clone()
        };
        out.write_all(said.as_bytes())?;
        out.flush()?;
        *spoken = text;
    }
    Ok(())
}

/// Does `effect`; `false`: it was to leave.
fn carry_out(
    effect: Effect,
    effects: &mut Effects,
    model: &mut Model,
    out: &mut dyn Write,
) -> std::io::Result<bool> {
    match effect {
        Effect::Connect(target) => {
            if let Err(why) = effects.connect(*target) {
                writeln!(out, "# {}", Safe::new(&why))?;
            }
        }
        Effect::Ask { slot, generation, request } => effects.ask(slot, generation, request),
        Effect::Call(request) => effects.call(request),
        Effect::Again => effects.again(),
        Effect::Copy(text) => writeln!(out, "# {}", Safe::new(&text))?,
        Effect::Save { name, text } => match save(&name, &text) {
            Ok(()) => writeln!(out, "# wrote {name}")?,
            Err(error) => writeln!(out, "# {name} was not written: {error}")?,
        },
        Effect::Keep { .. } | Effect::Suspend | Effect::Redraw => model.notice = None,
        Effect::Quit => return Ok(false),
    }
    Ok(true)
}
