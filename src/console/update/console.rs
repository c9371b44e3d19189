//! Actions on the console itself. Knows no view.

use super::{ask_me, with_view};
use crate::console::model::link::Link;
use crate::console::model::msg::Effect;
use crate::console::model::notice::Notice;
use crate::console::model::{ARMED, Model};

/// Copies the id of the row.
pub fn copy_id(model: &mut Model, fx: &mut Vec<Effect>) {
    let id = model.view().and_then(|view| view.facts().into_iter().next());
    if let Some((_, id)) = id {
        model.notice = Some(Notice::good(&format!("copied {id}"), model.now));
        fx.push(Effect::Copy(id));
    }
}

/// Copies a command that asks what the view asks. It names the token's variable, never the token.
pub fn copy_command(model: &mut Model, fx: &mut Vec<Effect>) {
    let request = model.view().and_then(|view| view.request(model.now));
    let (Some(request), Some(target)) = (request, model.target()) else {
        model.notice = Some(Notice::refusal("this view asks nothing that a command could", model.now));
        return;
    };
    let (socket, base) = match &target.address {
        crate::console::conn::Address::Unix(path) => {
            (format!("--unix-socket {} ", quoted(&path.display().to_string())), "http://localhost".to_owned())
        }
        address @ crate::console::conn::Address::Tcp { .. } => (String::new(), address.to_string()),
    };
    let header = target.credential.as_ref().map(|credential| match credential.header().0 {
        "authorization" => "-H \"Authorization: Bearer $LATCHKEY_TOKEN\" ",
        _ => "-H \"X-API-Key: $LATCHKEY_TOKEN\" ",
    });
    let url = quoted(&format!("{base}{}", request.target()));
    let command = format!("curl -fsS {socket}{}{url}", header.unwrap_or_default());
    model.notice = Some(Notice::good(&format!("copied {command}"), model.now));
    fx.push(Effect::Copy(command));
}

/// `text` as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Writes the loaded rows to a file.
pub fn export(model: &mut Model, fx: &mut Vec<Effect>) {
    let text = model.view().and_then(|view| view.csv(&model.look));
    save(model, ("csv", text), fx);
}

/// Writes the loaded rows to a file, for programs.
pub fn export_json(model: &mut Model, fx: &mut Vec<Effect>) {
    let text = model.view().and_then(|view| view.jsonl(&model.look));
    save(model, ("jsonl", text), fx);
}

fn save(model: &mut Model, (kind, text): (&str, Option<String>), fx: &mut Vec<Effect>) {
    let (Some(view), Some(text)) = (model.view(), text) else {
        model.notice = Some(Notice::refusal("this view has nothing to export", model.now));
        return;
    };
    let time = model.now.rfc3339().replace([':', '.'], "");
    fx.push(Effect::Save { name: format!("latchkey-{}-{time}.{kind}", view.spec().id()), text });
}

/// Hides names, or shows them.
pub fn mask(model: &mut Model, _fx: &mut Vec<Effect>) {
    model.look.masked = !model.look.masked;
    let text =
        if model.look.masked { "names and addresses are masked" } else { "names and addresses are shown" };
    model.notice = Some(Notice::info(text, model.now));
}

/// Asks again, and connects again.
pub fn reload(model: &mut Model, fx: &mut Vec<Effect>) {
    model.notice = None;
    if let (Link::Expired(_) | Link::Refused(_), Some(target)) = (&model.link, model.target().cloned()) {
        // The credential may be another by now; what was followed with the old one is read again.
        fx.push(Effect::Connect(Box::new(target)));
        model.link = Link::Connecting;
        ask_me(model, fx);
    } else if !model.link.is_live() {
        fx.push(Effect::Again);
        ask_me(model, fx);
    }
    with_view(model, model.active, fx, |view, cx| view.reload(cx));
}

/// Allows writes, or forbids them.
pub fn arm(model: &mut Model, _fx: &mut Vec<Effect>) {
    let (until, notice) = if model.is_armed() {
        (None, Notice::info("read-only again", model.now))
    } else if model.target().is_none_or(|target| target.is_read_only) {
        (None, Notice::refusal("read-only: so it is set for this server", model.now))
    } else {
        (
            Some(model.now.plus(ARMED)),
            Notice::info("armed for ten minutes; every write still asks", model.now),
        )
    };
    model.armed_until = until;
    model.notice = Some(notice);
}

/// Draws everything again.
pub fn redraw(_model: &mut Model, fx: &mut Vec<Effect>) {
    fx.push(Effect::Redraw);
}

/// Back to the shell.
pub fn suspend(_model: &mut Model, fx: &mut Vec<Effect>) {
    fx.push(Effect::Suspend);
}

/// Leaves.
pub fn quit(_model: &mut Model, fx: &mut Vec<Effect>) {
    fx.push(Effect::Quit);
}
