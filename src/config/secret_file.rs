//! Reads one secret from a file: a systemd credential, a container secret, or one the operator wrote. Knows no keys.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use zeroize::Zeroizing;

use super::secret::Secret;

const MAX_BYTES: u64 = 8 * 1024;

/// The content of `path` without one line end at its end, and a remark when everyone may read it.
/// The error says what is wrong and quotes nothing of the content.
///
/// ## Decision
/// A file that everyone may change is refused. One that everyone may read is only remarked upon: container engines
/// mount secrets with mode 0444, and refusing those would refuse the very use this is for.
pub fn read(path: &Path) -> Result<(Secret, Option<String>), String> {
    let unreadable = |error: std::io::Error| format!("cannot read {}: {}", path.display(), plain(&error));
    // Asked before opening: opening a pipe would wait for a writer.
    let metadata = fs::metadata(path).map_err(unreadable)?;
    let mode = metadata.permissions().mode();
    if !metadata.is_file() {
        return Err(format!("{} is not a file", path.display()));
    }
    if mode & 0o002 != 0 {
        return Err(format!("{} can be changed by everyone: chmod 600 it", path.display()));
    }
    let mut text = Zeroizing::new(String::new());
    let file = fs::File::open(path).map_err(unreadable)?;
    file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(format!("{} is longer than {MAX_BYTES} bytes", path.display()));
    }
    let line = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    if line.is_empty() {
        return Err(format!("{} is empty", path.display()));
    }
    let note =
        (mode & 0o004 != 0).then(|| format!("{} can be read by everyone on this machine", path.display()));
    Ok((Secret::new(line.to_owned()), note))
}

/// The system's words without its number.
pub fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}
