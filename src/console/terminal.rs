//! The terminal: taken, given back on every way out, and drawn on. Knows no state.
//!
//! ## Decision: only the thread that draws gives the terminal back
//! A panic hook that always restores would, for a panic in the background, leave a picture drawn over the shell. So the
//! hook restores for the thread that took the terminal; any other panic becomes a line in the console.

use std::io::{self, Stdout, Write};
use std::panic::{self, PanicHookInfo};
use std::thread::{self, ThreadId};

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
    EnableMouseCapture,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, SetTitle,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use rustix::process::{Signal, getpid, kill_process};

use super::draw::draw;
use super::model::Model;

/// The terminal while it is ours.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    has_mouse: bool,
}

impl Screen {
    /// Takes the terminal.
    pub fn take(has_mouse: bool) -> io::Result<Self> {
        // Colour is judged by the theme: see `theme`.
        crossterm::style::force_color_output(true);
        enter(has_mouse)?;
        Ok(Self { terminal: Terminal::new(CrosstermBackend::new(io::stdout()))?, has_mouse })
    }

    /// Columns and rows.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }

    /// Draws `model`, all at once.
    pub fn draw(&mut self, model: &Model) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(|frame| {
            if let Some(cursor) = draw(model, frame.buffer_mut()) {
                frame.set_cursor_position(cursor);
            }
        })?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// Forgets what is on the screen, so that the next picture is drawn in full.
    pub fn forget(&mut self) -> io::Result<()> {
        // Not `clear`: that asks the terminal where its cursor is, and fails when it does not answer.
        let (width, height) = crossterm::terminal::size()?;
        self.terminal.resize(Rect { x: 0, y: 0, width, height })
    }

    /// Puts `text` on the clipboard of the terminal, through SSH too (OSC 52).
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), CopyToClipboard::to_clipboard_from(text))
    }

    /// Gives the terminal to the shell and stops; returns when the shell continues it.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        kill_process(getpid(), Signal::TSTP)?;
        enter(self.has_mouse)?;
        self.forget()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn enter(has_mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    let mut out = io::stdout();
    execute!(
        out,
        EnterAlternateScreen,
        EnableBracketedPaste,
        EnableFocusChange,
        SetTitle("latchkey console")
    )?;
    if has_mouse {
        execute!(out, EnableMouseCapture)?;
    }
    Ok(())
}

/// Gives the terminal back as it was. Every step is tried, whatever fails.
pub fn give_back() {
    let mut out = io::stdout();
    let _ = execute!(out, EndSynchronizedUpdate, DisableMouseCapture, DisableFocusChange);
    let _ = execute!(out, DisableBracketedPaste, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
    let _ = out.flush();
}

/// From now on a panic of this thread gives the terminal back first, and a panic of any other is told to `tell`.
pub fn guard(tell: impl Fn(String) + Send + Sync + 'static) {
    let ours: ThreadId = thread::current().id();
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().id() == ours {
            give_back();
            before(info);
        } else {
            tell(words(info));
        }
    }));
}

/// The place. The text stays out: it may quote what was being worked on.
fn words(info: &PanicHookInfo<'_>) -> String {
    info.location().map(|at| format!("internal fault at {}:{}", at.file(), at.line())).unwrap_or_default()
}
