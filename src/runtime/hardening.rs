//! What the process gives up before it touches a secret. Knows no secrets.

use std::io::{self, Write};
use std::panic::PanicHookInfo;

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};

use crate::store::RedbEngine;

/// Nothing this process makes from now on is open to group or others, a crash leaves no memory image with keys
/// behind, and a panic tells where, not what. To be called first, while there is one thread: the umask belongs to the
/// whole process.
pub fn harden_process() -> io::Result<()> {
    umask(Mode::RWXG | Mode::RWXO);
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    std::panic::set_hook(Box::new(tell_panic));
    // Each connection takes a descriptor, and the usual soft limit is far below the connection cap.
    let files = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files })?;
    Ok(())
}

/// One line with the place. The text stays out: it may quote what was being worked on. A panic that the store
/// catches is told by the error it becomes.
fn tell_panic(panic: &PanicHookInfo<'_>) {
    if RedbEngine::is_guarding() {
        return;
    }
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let _ = writeln!(io::stderr(), "latchkey: internal fault at {place}");
}
