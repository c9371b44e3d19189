//! What can happen to the console, and what it asks to be done. Knows no terminal and no socket.

use super::super::action::Chord;
use super::super::conn::events::News;
use super::super::conn::{Answer, Problem, Request, Target};

/// Something happened.
#[derive(Debug, Clone)]
pub enum Msg {
    /// A key was pressed.
    Key(Chord),
    /// Text was pasted.
    Paste(String),
    /// The left button went down here.
    Click(u16, u16),
    /// The wheel was turned by so many rows, down when positive.
    Wheel(isize),
    /// The terminal has a new size.
    Resize(u16, u16),
    /// The terminal is looked at, or no longer.
    Focus(bool),
    /// A deadline passed.
    Tick,
    /// A question was answered.
    Answer {
        /// Who asked.
        slot: Slot,
        /// Which question it was; late answers to older ones count no more.
        generation: u64,
        /// The answer.
        result: Result<Answer, Problem>,
    },
    /// A write was answered; it is final only with its audit event.
    Done {
        /// Which request it was.
        request_id: String,
        /// The answer.
        result: Result<Answer, Problem>,
    },
    /// The event stream tells something.
    News(News),
    /// A line of the palette, from standard input.
    Line(String),
    /// Something broke in the background.
    Fault(String),
    /// Back from being suspended.
    Resumed,
}

/// Who asked: a view, and which of its questions. A new question in a slot ends the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Slot {
    /// The id of the view, or `console`.
    pub view: &'static str,
    /// Which question.
    pub part: &'static str,
}

/// Something to be done.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Connect to this server and follow it; whatever belongs to another one ends.
    Connect(Box<Target>),
    /// Ask.
    Ask {
        /// Who asks.
        slot: Slot,
        /// Handed back with the answer.
        generation: u64,
        /// What.
        request: Request,
    },
    /// Write. Nothing ends it.
    Call(Request),
    /// Try the stream again now.
    Again,
    /// Put this on the clipboard of the terminal.
    Copy(String),
    /// Write this text to a new file of this name.
    Save {
        /// The name; nothing is overwritten.
        name: String,
        /// What is written.
        text: String,
    },
    /// Keep which columns a view shows.
    Keep {
        /// The view.
        view: &'static str,
        /// Their titles.
        columns: Vec<String>,
    },
    /// Give the terminal back and stop, until continued.
    Suspend,
    /// Draw everything again.
    Redraw,
    /// Leave.
    Quit,
}
