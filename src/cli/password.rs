//! Asks for a password: at the terminal, on standard input or in a file; never among the arguments. Knows no rules for passwords.

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

use clap::Args;
use zeroize::Zeroizing;

use crate::config::{Secret, read_secret_file};
use crate::runtime::failure::Failure;

use super::outcome::Failed;

const MAX_BYTES: u64 = 4096;

/// Where the password comes from; the terminal when nothing is said.
#[derive(Args, Debug)]
pub struct PasswordFrom {
    /// Read the password from the first line of standard input
    #[arg(long, conflicts_with = "password_file")]
    password_stdin: bool,

    /// Read the password from a file; a line end at its end does not count
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl PasswordFrom {
    /// The password; never empty.
    pub fn read(self) -> Result<Secret, Failed> {
        let secret = if let Some(path) = &self.password_file {
            read_secret_file(path).map_err(Failure::new)?.0
        } else if self.password_stdin {
            first_line(std::io::stdin().lock())?
        } else {
            ask()?
        };
        if secret.expose().is_empty() {
            Err(Failure::new("the password is empty").into())
        } else {
            Ok(secret)
        }
    }
}

/// The first line of `input` without its end.
fn first_line(input: impl BufRead) -> Result<Secret, Failed> {
    let mut line = Zeroizing::new(String::new());
    let read = input.take(MAX_BYTES + 1).read_line(&mut line);
    read.map_err(|error| Failure::new(format!("cannot read the password: {error}")))?;
    if line.len() as u64 > MAX_BYTES {
        return Err(Failure::new(format!("the password is longer than {MAX_BYTES} bytes")).into());
    }
    Ok(Secret::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}

fn ask() -> Result<Secret, Failed> {
    let no_terminal = || {
        Failure::new("there is no terminal to ask for the password")
            .help("use --password-stdin or --password-file")
    };
    if !std::io::stdin().is_terminal() {
        return Err(no_terminal().into());
    }
    let ask = |prompt| rpassword::prompt_password(prompt).map(Secret::new).map_err(|_| no_terminal());
    let (first, second) = (ask("Password: ")?, ask("Again: ")?);
    if first == second { Ok(first) } else { Err(Failure::new("the two passwords differ").into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(input: &[u8]) -> String {
        first_line(input).map_or_else(|failed| format!("{failed:?}"), |secret| secret.expose().to_owned())
    }

    #[test]
    fn one_line_is_read_and_spaces_count() {
        assert_eq!(line(b" pass word \r\nnext"), " pass word ");
        assert_eq!(line(b"no end"), "no end");
        assert_eq!(line(b""), "");
    }

    #[test]
    fn what_cannot_be_a_password_is_refused_without_being_shown() {
        assert!(line(&[b'x'; 5000]).contains("longer than 4096 bytes"));
        assert!(line(&[0xff, b'\n']).contains("cannot read the password"));
    }
}
