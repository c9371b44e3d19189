//! Hostile clients against the real binary over TLS: each gets a precise 4xx or a closed connection within the
//! deadline, never a 5xx, and the server goes on.

mod bodies;
mod cross_origin;
mod crowd;
mod framing;
mod http2;
mod slow;

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use latchkey::ambient::Stopwatch;
use rustls::{ClientConnection, StreamOwned};

use super::client::{Client, handshake, trusting};
use super::server::{Home, PATIENCE, Server};

/// The deadlines of [`Target::hasty`].
const DEADLINE: Duration = Duration::from_secs(1);
/// A deadline may be late by as much again, and the machine may be busy; every other one is far longer.
const IN_TIME: Duration = Duration::from_secs(15);

/// The client's end of a connection.
type Tls = StreamOwned<ClientConnection, TcpStream>;

/// A server under attack. Nobody is limited: what is tested lies before that.
struct Target {
    server: Server,
    door: Door,
    _home: Home,
}

/// Where it is attacked, from any thread.
struct Door {
    address: SocketAddr,
    certificate: PathBuf,
}

impl Target {
    fn start(settings: &[(&str, &str)]) -> Self {
        let mut home = Home::new().env("LATCHKEY_LIMITS__ENABLED", "false");
        for (name, value) in settings {
            home = home.env(name, value);
        }
        let server = home.serve(&["--log", "warn"]);
        let door = Door { address: server.address(0), certificate: server.certificate() };
        Self { server, door, _home: home }
    }

    /// Every deadline of a connection is a second.
    fn hasty() -> Self {
        Self::start(&[
            ("LATCHKEY_NET__HANDSHAKE_TIMEOUT", "1s"),
            ("LATCHKEY_NET__HEADER_TIMEOUT", "1s"),
            ("LATCHKEY_NET__BODY_GRACE", "1s"),
            ("LATCHKEY_NET__IDLE_TIMEOUT", "1s"),
        ])
    }

    /// Resident memory in KiB: now (`VmRSS`) or at most (`VmHWM`).
    fn memory_kib(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.server.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// It is unharmed, and ends well.
    #[track_caller]
    fn end(self) {
        self.assert_unharmed();
        let ended = self.server.stop();
        assert!(!ended.err.contains("panicked"), "{}", ended.err);
    }
}

impl Deref for Target {
    type Target = Door;

    fn deref(&self) -> &Door {
        &self.door
    }
}

impl Door {
    fn client(&self) -> Client {
        Client::tls(self.address, &self.certificate)
    }

    /// A TLS connection that offers `protocol` and nothing else.
    fn tls(&self, protocol: &[u8]) -> Tls {
        let mut config = trusting(&self.certificate, rustls::DEFAULT_VERSIONS);
        config.alpn_protocols = vec![protocol.to_vec()];
        handshake(Arc::new(config), self.tcp()).unwrap()
    }

    fn tcp(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// Sends bytes on a connection of their own; what comes until the server closes.
    fn ask(&self, request: impl AsRef<[u8]>) -> String {
        let mut stream = self.tls(b"http/1.1");
        // The server may have answered and gone before everything is sent.
        let _ = stream.write_all(request.as_ref()).and_then(|()| stream.flush());
        rest(&mut stream)
    }

    /// The server answers as if nothing had been, and never answered 5xx.
    #[track_caller]
    fn assert_unharmed(&self) {
        let client = self.client();
        assert_eq!(client.get("/health/ready").status.as_u16(), 200);
        let page = client.get("/metrics").text;
        assert!(page.contains("latchkey_http_requests_total"), "{page}");
        assert!(page.contains("latchkey_handler_panics_total 0"), "{page}");
        assert!(!page.contains("status=\"5xx\""), "{page}");
    }
}

/// Everything up to the end, however it ends. It must end.
#[track_caller]
fn rest(stream: &mut Tls) -> String {
    let mut bytes = Vec::new();
    if let Err(error) = stream.read_to_end(&mut bytes) {
        let waits = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
        assert!(!waits, "neither answered nor closed: {}", String::from_utf8_lossy(&bytes));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The status of an answer.
fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or("none")
}

/// Runs `wait`, which must end in time.
#[track_caller]
fn in_time<T>(what: &str, wait: impl FnOnce() -> T) -> T {
    let watch = Stopwatch::start();
    let ended = wait();
    let took = watch.elapsed();
    assert!(took < IN_TIME, "{what} took {took:?}");
    ended
}
