//! Commands as lines of text: `s user:mia`, `audit res:fail`, `ctx prod`, `theme okabe`, or the id of any action. Typed
//! after `:`, or read from standard input with `--plain`. Knows no screen.

use super::{begin, keys, navigate};
use crate::console::action::{ActionSpec, everywhere};
use crate::console::model::msg::Effect;
use crate::console::model::notice::Notice;
use crate::console::model::{Model, Setup};
use crate::console::theme::Theme;

/// Whether `line` is a command as it stands.
pub fn is_command(model: &Model, line: &str) -> bool {
    let (word, _) = split(line);
    ["ctx", "theme"].contains(&word) || model.view_named(word).is_some() || action(model, word).is_some()
}

/// Runs `line`; `Err`: what is wrong with it.
pub fn run(model: &mut Model, line: &str, fx: &mut Vec<Effect>) -> Result<(), String> {
    let (word, rest) = split(line);
    match word {
        "" => Ok(()),
        "ctx" => switch(model, rest, fx),
        "theme" => {
            let theme = Theme::named(rest).ok_or_else(|| {
                let names: Vec<&str> = Theme::ALL.iter().map(|theme| theme.name()).collect();
                format!("theme: one of {}", names.join(", "))
            })?;
            model.look.theme = theme;
            Ok(())
        }
        _ => {
            if let Some(view) = model.view_named(word) {
                return navigate::go(model, view, Some(rest).filter(|rest| !rest.is_empty()), fx);
            }
            let action =
                action(model, word).ok_or_else(|| format!("there is no command \"{word}\"; ? lists all"))?;
            keys::run(model, action, fx);
            Ok(())
        }
    }
}

fn split(line: &str) -> (&str, &str) {
    let line = line.trim().trim_start_matches(':');
    line.split_once(char::is_whitespace).map_or((line, ""), |(word, rest)| (word, rest.trim()))
}

/// The action of this id, or of this id within the view.
fn action(model: &Model, id: &str) -> Option<&'static ActionSpec> {
    let own = model.view().map_or(&[][..], |view| view.spec().actions);
    let is_named = |action: &&ActionSpec| {
        action.id == id
            || action.id.rsplit_once('.').is_some_and(|(_, name)| name == id)
            || (id == "q" && action.id == "quit")
    };
    own.iter().chain(everywhere::ACTIONS).find(is_named)
}

/// To another server: nothing of this one stays, but how things look.
fn switch(model: &mut Model, name: &str, fx: &mut Vec<Effect>) -> Result<(), String> {
    let known = |servers: &[crate::console::conn::Target]| {
        servers.iter().map(|server| server.name.clone()).collect::<Vec<_>>().join(", ")
    };
    let server = model.servers.iter().position(|server| server.name == name);
    let server = server.ok_or_else(|| format!("ctx: one of {}", known(&model.servers)))?;
    if model.deeds.pending() > 0 {
        return Err("ctx: a write is pending here".to_owned());
    }
    let keymap = std::mem::replace(&mut model.keymap, crate::console::action::Keymap::none());
    let mut look = crate::console::look::Look::new(model.look.theme, model.look.ascii, model.look.salt);
    look.masked = model.look.masked;
    let is_focused = model.is_focused;
    *model = Model::new(Setup {
        servers: std::mem::take(&mut model.servers),
        server,
        size: model.size,
        keymap,
        columns: std::mem::take(&mut model.columns),
        look,
        tag: std::mem::take(&mut model.tag),
        // Another server is armed by itself.
        is_armed: false,
        now: model.now,
    });
    model.is_focused = is_focused;
    model.notice = Some(Notice::info(&format!("this is {name}"), model.now));
    fx.extend(begin(model));
    Ok(())
}
