//! The terminal console, `latchkey console`: a client of the API like any other. Knows the wire and the clock, and
//! nothing of the server behind them.
//!
//! | module | is |
//! |---|---|
//! | [`conn`] | one server: requests with deadlines, the event stream that comes back |
//! | [`model`] | everything that is known |
//! | [`update`] | what follows from what happens; pure |
//! | [`action`] | the one table of what can be done, and its keys |
//! | [`views`] | what is shown: one file for each view |
//! | [`draw`] | the picture of the state |
//! | [`effects`], [`app`], [`terminal`], [`input`], [`plain`] | the edges: tasks, the loop, the terminal, lines |
//!
//! ## Adding a view
//! 1. `views/<noun>.rs`: a `pub static LIST: ListSpec<Row>`, where `Row` is the wire type; copy `views/sessions.rs`.
//! 2. Fill in `path` and `read` (the operation and its page), `COLUMNS`, `FIELDS`, `detail`, `facts`, `change` (what an
//!    audit event means for the list) and `more` (what else is asked while the details of a row are open).
//! 3. What can be done with a row is a `static Deed` and one `ActionSpec::deed(..)` in `ACTIONS`: confirming, pending,
//!    guards and undo text come with it, and a reason or a form (`Asks`). A view that is no list
//!    implements [`views::View`] instead of 1 to 3.
//! 4. Register it: `mod <noun>;` and one line in [`views::all`].
//! 5. `cargo test --lib console` writes `assets/keys.md.new` and the new snapshots: look at them and move them over.

pub mod action;
pub mod app;
pub mod conn;
pub mod draw;
pub mod effects;
pub mod explain;
pub mod input;
pub mod look;
pub mod model;
pub mod moment;
pub mod options;
pub mod plain;
pub mod preferences;
pub mod safe;

pub mod terminal;
pub mod theme;
pub mod update;
pub mod views;
mod wait;

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::runtime::Builder;

use crate::ambient::{Clock, Entropy, OsEntropy, SystemClock, entropy};
use action::Keymap;
use look::Look;
use model::{Model, Setup};
use moment::Moment;
use options::Chosen;

pub use options::{Options, Refusal};

/// Time, randomness, and where the terminal is.
pub struct Ambient {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Spreads the attempts.
    pub entropy: Arc<dyn Entropy>,
    /// Whether the terminal is at the other end of a network.
    pub is_over_ssh: bool,
    /// Where choices are kept: `console.toml`.
    pub file: Option<PathBuf>,
    /// What fails on purpose when the screen is drawn again; in builds for tests only.
    pub trial: Option<Trial>,
}

/// What fails on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trial {
    /// A task in the background.
    Task,
    /// The thread that has the terminal.
    Screen,
}

/// Runs the console until the operator leaves. `out` is written to with `--plain` only.
pub fn run(options: Options, out: &mut dyn Write) -> Result<(), Refusal> {
    let Chosen { servers, server, theme, keys, columns } = options.choose()?;
    let has_terminal = std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
    if !options.plain && !has_terminal {
        return Err(Refusal::NoTerminal);
    }
    let keymap = Keymap::new(&views::specs(), &keys).map_err(|wrong| Refusal::Settings(wrong.join("\n")))?;
    let ambient = Ambient {
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        is_over_ssh: options.is_over_ssh,
        file: options.file.clone(),
        trial: options.trial,
    };
    let model = Model::new(Setup {
        servers,
        server,
        size: (80, 24),
        keymap,
        columns,
        look: Look::new(theme, options.ascii, u64::from_be_bytes(entropy::bytes(&OsEntropy))),
        tag: format!("{:012x}", u64::from_be_bytes(entropy::bytes(&OsEntropy)) >> 16),
        is_armed: options.rw,
        now: Moment::of(&*ambient.clock),
    });
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let ended = if options.plain {
        runtime.block_on(plain::run(model, &ambient, out))
    } else {
        let settle =
            options.settle.map(|path| File::options().append(true).create(true).open(path)).transpose()?;
        app::run(model, &ambient, runtime.handle(), !options.no_mouse, settle)
    };
    // A thread may sleep in a read of the terminal; nothing waits for it.
    runtime.shutdown_background();
    Ok(ended?)
}

#[cfg(test)]
mod tests;
