//! A Unix socket that listens: how it comes to its path, and how connections are taken from it. Knows nothing of what they
//! speak, and of a peer only what the kernel says.
//!
//! ## Decision: what lies at the path decides whether it may be replaced
//! A socket that a killed process left refuses connections, and is replaced; one that accepts belongs to somebody who
//! lives, and is left alone; a file, a folder or a link was put there by somebody, and is never followed nor removed.
//! At its end a process removes only the socket that it made itself.

use std::fs::{self, Metadata, Permissions};
use std::io;
use std::net::Ipv4Addr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

use super::accept::{PAUSE, concerns_one_connection};
use super::activity::Activity;
use super::answer::Caller;
use super::connection::{self, Open};
use super::{Handler, Phase, Shared};

/// The longest path of a socket in bytes: the kernel's 108 hold an end too.
pub const MAX_PATH: usize = 107;

/// A bound Unix socket. Its file is removed when it is dropped.
#[derive(Debug)]
pub struct LocalSocket {
    listener: UnixListener,
    file: SocketFile,
}

/// A path that cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// It does not fit into a socket's address.
    #[error("the path of a socket has at most {MAX_PATH} bytes, and {} has {}", .0.display(), .0.as_os_str().len())]
    TooLong(PathBuf),
    /// A file, a folder or a link lies there.
    #[error("{} is there already, and is no socket", .0.display())]
    NotASocket(PathBuf),
    /// A live process listens there.
    #[error("another process listens on {}", .0.display())]
    InUse(PathBuf),
    /// The system said no.
    #[error("cannot listen on {}", .path.display())]
    Failed {
        /// The path asked for.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl LocalSocket {
    /// Listens on `path`, which then has `mode`. Between the two the mask of the process counts: whoever slips in is asked
    /// by the kernel's word who it is, as everybody is. Needs a running tokio runtime.
    pub async fn bind(path: &Path, mode: u32) -> Result<Self, LocalError> {
        if path.as_os_str().as_bytes().len() > MAX_PATH {
            return Err(LocalError::TooLong(path.to_owned()));
        }
        make_room(path).await?;
        let listen = || {
            let listener = UnixListener::bind(path)?;
            fs::set_permissions(path, Permissions::from_mode(mode))?;
            let file = SocketFile { path: path.to_owned(), id: id(&fs::symlink_metadata(path)?) };
            Ok(Self { listener, file })
        };
        listen().map_err(|source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => LocalError::InUse(path.to_owned()),
            _ => LocalError::Failed { path: path.to_owned(), source },
        })
    }

    /// Where it listens.
    pub fn path(&self) -> &Path {
        &self.file.path
    }
}

/// Removes what a dead process left at `path`.
async fn make_room(path: &Path) -> Result<(), LocalError> {
    let failed = |source| LocalError::Failed { path: path.to_owned(), source };
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => return Err(LocalError::NotASocket(path.to_owned())),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(failed)
        }
        // Its queue is full: somebody holds it.
        Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(failed(error)),
        Ok(_) | Err(_) => Err(LocalError::InUse(path.to_owned())),
    }
}

/// The file of a socket.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    id: (u64, u64),
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|found| id(&found) == self.id) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn id(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

/// Takes connections until the server drains.
pub(super) async fn run(
    socket: LocalSocket,
    handler: Handler,
    shared: Arc<Shared>,
    mut phase: watch::Receiver<Phase>,
) {
    let LocalSocket { listener, file } = socket;
    loop {
        let accepted = tokio::select! {
            biased;
            _ = phase.changed() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => take(stream, &handler, &shared, &phase),
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, path = %file.path.display(), "cannot accept connections for now");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn take(stream: UnixStream, handler: &Handler, shared: &Arc<Shared>, phase: &watch::Receiver<Phase>) {
    // The user stands where an address does: each has a share of the places.
    let peer = stream.peer_cred().ok();
    let slot = peer.and_then(|peer| shared.slots.take(Ipv4Addr::from_bits(peer.uid()).into()));
    let Some(slot) = slot else {
        shared.metrics.refused.up();
        return;
    };
    shared.metrics.accepted.up();
    let open = Open::new(Arc::clone(shared), slot);
    let caller = Caller {
        shared: Arc::clone(shared),
        activity: Arc::new(Activity::new(false)),
        handler: Arc::clone(handler),
        scheme: Scheme::HTTP,
        local: LocalAddr::default(),
        remote: RemoteAddr::default(),
        peer,
    };
    let phase = phase.clone();
    tokio::spawn(async move {
        let _open = open;
        connection::serve(stream, caller, false, phase).await;
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_has_its_mode_and_goes_when_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sock");
        for mode in [0o600, 0o666] {
            let socket = LocalSocket::bind(&path, mode).await.unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
            assert_eq!(socket.path(), path);
            drop(socket);
            assert!(!path.exists());
        }
    }

    #[tokio::test]
    async fn a_socket_that_nobody_holds_is_replaced_and_one_that_somebody_holds_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let socket = LocalSocket::bind(&path, 0o600).await.unwrap();
        let refused = LocalSocket::bind(&path, 0o600).await.unwrap_err();
        assert!(matches!(refused, LocalError::InUse(_)), "{refused:?}");
        assert!(path.exists());
        drop(socket);
    }

    #[tokio::test]
    async fn the_socket_of_another_is_left_alone_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sock");
        let socket = LocalSocket::bind(&path, 0o600).await.unwrap();
        fs::rename(&path, folder.path().join("moved.sock")).unwrap();
        let other = std::os::unix::net::UnixListener::bind(&path).unwrap();
        drop(socket);
        assert!(path.exists());
        drop(other);
    }

    #[tokio::test]
    async fn what_is_no_socket_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link, dangling) =
            (folder.path().join("file"), folder.path().join("link"), folder.path().join("dangling"));
        fs::write(&file, "kept").unwrap();
        let socket = folder.path().join("a.sock");
        drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
        std::os::unix::fs::symlink(&socket, &link).unwrap();
        std::os::unix::fs::symlink(folder.path().join("nothing"), &dangling).unwrap();
        for path in [&file, &link, &dangling, &folder.path().to_owned()] {
            let refused = LocalSocket::bind(path, 0o600).await.unwrap_err();
            assert!(matches!(refused, LocalError::NotASocket(_)), "{refused:?}");
        }
        assert_eq!(fs::read(&file).unwrap(), b"kept");
        assert!(socket.exists() && fs::symlink_metadata(&link).is_ok());
    }

    #[tokio::test]
    async fn a_path_that_does_not_fit_is_told_so_and_the_longest_fits() {
        let folder = tempfile::tempdir().unwrap();
        let room = MAX_PATH - folder.path().as_os_str().len() - 1;
        let longest = folder.path().join("a".repeat(room));
        assert_eq!(LocalSocket::bind(&longest, 0o600).await.unwrap().path(), longest);
        let refused = LocalSocket::bind(&folder.path().join("a".repeat(room + 1)), 0o600).await.unwrap_err();
        assert!(refused.to_string().contains("at most 107 bytes"), "{refused}");
    }
}
