//! A connection: TCP, TLS over it, or a Unix socket. Knows nothing of what is said on it.

use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use super::address::Address;
use super::problem::Kind;

const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// What bytes go over.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Connects to `address`, or says why not.
pub async fn connect(address: &Address, tls: &TlsConnector) -> Result<Box<dyn Stream>, (Kind, String)> {
    let connecting = tokio::time::timeout(CONNECT_PATIENCE, open(address, tls));
    connecting.await.unwrap_or_else(|_| Err((Kind::Unreachable, format!("{address} does not answer"))))
}

async fn open(address: &Address, tls: &TlsConnector) -> Result<Box<dyn Stream>, (Kind, String)> {
    let no_way = |error: std::io::Error| (Kind::Unreachable, format!("no connection to {address}: {error}"));
    match address {
        Address::Unix(path) => Ok(Box::new(UnixStream::connect(path).await.map_err(no_way)?)),
        Address::Tcp { host, port, is_secure } => {
            let socket = TcpStream::connect((host.as_str(), *port)).await.map_err(no_way)?;
            // Small requests, each waiting for its answer.
            let _ = socket.set_nodelay(true);
            if !is_secure {
                return Ok(Box::new(socket));
            }
            let untrusted =
                |error: &dyn std::fmt::Display| (Kind::Untrusted, format!("no TLS with {address}: {error}"));
            let name = ServerName::try_from(host.clone()).map_err(|error| untrusted(&error))?;
            match tls.connect(name, socket).await {
                Ok(stream) => Ok(Box::new(stream)),
                Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Err(untrusted(&error)),
                Err(error) => Err(no_way(error)),
            }
        }
    }
}
