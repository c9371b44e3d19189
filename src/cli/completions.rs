//! `latchkey completions`. Knows no commands: clap does.

use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Outcome};

/// Print completions for a shell
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  latchkey completions bash > /etc/bash_completion.d/latchkey
  latchkey completions fish > ~/.config/fish/completions/latchkey.fish";

impl Completions {
    pub fn run(self, out: &mut dyn Write) -> Outcome {
        // Written to memory first: clap panics when the output is closed.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "latchkey", &mut script);
        out.write_all(&script)?;
        Ok(())
    }
}
