//! What the process gives up before it touches a secret. Knows no secrets.

use std::io;

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, setrlimit, umask};

/// Nothing this process makes from now on is open to group or others, and a crash leaves no memory image with keys
/// behind. To be called first, while there is one thread: the umask belongs to the whole process.
pub fn harden_process() -> io::Result<()> {
    umask(Mode::RWXG | Mode::RWXO);
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    Ok(())
}
