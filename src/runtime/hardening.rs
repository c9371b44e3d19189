//! What the process gives up before it touches a secret. Knows no secrets.

use std::io;

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};

/// Nothing this process makes from now on is open to group or others, and a crash leaves no memory image with keys
/// behind. To be called first, while there is one thread: the umask belongs to the whole process.
pub fn harden_process() -> io::Result<()> {
    umask(Mode::RWXG | Mode::RWXO);
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    // Each connection takes a descriptor, and the usual soft limit is far below the connection cap.
    let files = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files })?;
    Ok(())
}
