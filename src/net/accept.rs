//! Sockets that listen, and the loop that takes connections from them. Knows nothing of what they speak.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;

use super::connection::{self, Speakers};
use super::{Listener, Phase, Shared};

/// Connections the kernel keeps while the loop is busy.
const BACKLOG: u32 = 1_024;
/// Pause after an accept that failed for want of descriptors or memory: they come back only when something closes.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// A bound socket.
#[derive(Debug)]
pub struct Bound {
    socket: TcpListener,
    address: SocketAddr,
}

/// An address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another process, or another listener of this one, holds it.
    #[error("address {0} is already in use")]
    InUse(SocketAddr),
    /// Ports below 1024 and some networks need a right.
    #[error("no permission to listen on {0}")]
    Denied(SocketAddr),
    /// This machine does not have it, or any other reason.
    #[error("cannot listen on {address}")]
    Failed {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

impl Bound {
    /// Listens on `address`; port 0 takes a free one. Needs a running tokio runtime.
    pub fn to(address: SocketAddr) -> Result<Self, BindError> {
        let listen = || {
            let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
            // A restart must not wait for the connections of the process before it.
            socket.set_reuseaddr(true)?;
            socket.bind(address)?;
            let socket = socket.listen(BACKLOG)?;
            Ok(Self { address: socket.local_addr()?, socket })
        };
        listen().map_err(|source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => BindError::InUse(address),
            io::ErrorKind::PermissionDenied => BindError::Denied(address),
            _ => BindError::Failed { address, source },
        })
    }

    /// The address it really listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Takes connections until the server drains.
pub(super) async fn run(listener: Listener, shared: Arc<Shared>, mut phase: watch::Receiver<Phase>) {
    let Listener { bound: Bound { socket, address }, tls, plain } = listener;
    // Connections share this and not the socket: it must close when the drain begins, not when they are gone.
    let speakers = Arc::new(Speakers { address, tls, plain });
    let mut complained = false;
    loop {
        let accepted = tokio::select! {
            biased;
            _ = phase.changed() => return,
            accepted = socket.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                complained = false;
                take(stream, peer, &speakers, &shared, &phase);
            }
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                if !complained {
                    complained = true;
                    tracing::warn!(%error, %address, "cannot accept connections for now");
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn take(
    stream: TcpStream,
    peer: SocketAddr,
    speakers: &Arc<Speakers>,
    shared: &Arc<Shared>,
    phase: &watch::Receiver<Phase>,
) {
    let Some(slot) = shared.slots.take(peer.ip()) else {
        shared.metrics.refused.up();
        return;
    };
    shared.metrics.accepted.up();
    let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
    let open = connection::Open::new(Arc::clone(shared), slot);
    tokio::spawn(connection::run(stream, peer, Arc::clone(speakers), open, phase.clone()));
}

/// The client was gone before it was accepted; the next one may be fine.
pub(super) fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}
