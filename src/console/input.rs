//! What the terminal sends, read on a thread of its own that sleeps until something comes. Knows no state.

use std::thread;

use crossterm::event::{Event, KeyEventKind, MouseButton, MouseEventKind};
use tokio::sync::mpsc::UnboundedSender;

use super::model::msg::Msg;

/// Rows of one turn of the wheel.
const WHEEL: isize = 3;

/// Reads until nobody listens. The thread ends with the process: it sleeps in a read that nothing ends.
pub fn spawn(out: UnboundedSender<Msg>) -> std::io::Result<()> {
    let read = move || {
        while let Ok(event) = crossterm::event::read() {
            if message(event).is_some_and(|msg| out.send(msg).is_err()) {
                return;
            }
        }
    };
    thread::Builder::new().name("input".to_owned()).spawn(read).map(drop)
}

/// What `event` means; `None`: nothing.
fn message(event: Event) -> Option<Msg> {
    Some(match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Msg::Key(key.into()),
        Event::Paste(text) => Msg::Paste(text),
        Event::Resize(width, height) => Msg::Resize(width, height),
        Event::FocusGained => Msg::Focus(true),
        Event::FocusLost => Msg::Focus(false),
        Event::Mouse(mouse) => match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => Msg::Click(mouse.column, mouse.row),
            MouseEventKind::ScrollDown => Msg::Wheel(WHEEL),
            MouseEventKind::ScrollUp => Msg::Wheel(-WHEEL),
            _ => return None,
        },
        Event::Key(_) => return None,
    })
}
