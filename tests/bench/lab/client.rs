//! A keep-alive HTTP/1.1 client that costs little, so that the server gets the machine. Knows nothing of bodies.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A stream with or without TLS.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// One connection.
pub struct Client {
    stream: Box<dyn Stream>,
    received: Vec<u8>,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Answer {
    /// The `data` of a success.
    pub fn data(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        assert!((200..300).contains(&self.status), "{} {text}", self.status);
        let mut body: Value = serde_json::from_slice(&self.body).expect("JSON");
        body.get_mut("data").map(Value::take).unwrap_or_default()
    }
}

impl Client {
    /// Connects, with TLS when a connector is given.
    pub async fn connect(address: SocketAddr, tls: Option<&TlsConnector>) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("a socket option");
        let stream: Box<dyn Stream> = match tls {
            Some(tls) => {
                let name = ServerName::try_from("localhost").expect("a name");
                Box::new(tls.connect(name, stream).await.expect("a handshake"))
            }
            None => Box::new(stream),
        };
        Self { stream, received: Vec::with_capacity(4096) }
    }

    /// Sends one request and reads its whole answer.
    pub async fn send(&mut self, request: &[u8]) -> Answer {
        self.stream.write_all(request).await.expect("a sent request");
        self.stream.flush().await.expect("a sent request");
        self.received.clear();
        loop {
            if let Some((status, start, length)) = head(&self.received)
                && self.received.len() >= start + length
            {
                return Answer { status, body: self.received.split_off(start) };
            }
            let read = self.stream.read_buf(&mut self.received).await.expect("an answer");
            assert!(read > 0, "the server closed the connection");
        }
    }

    /// Sends one request whose answer goes on; its status. What came with the head is in what [`Client::more`] gives.
    pub async fn begin(&mut self, request: &[u8]) -> u16 {
        self.stream.write_all(request).await.expect("a sent request");
        self.stream.flush().await.expect("a sent request");
        self.received.clear();
        loop {
            if let Some((status, ..)) = head(&self.received) {
                return status;
            }
            self.more().await;
        }
    }

    /// What came so far and was not taken out, and what comes next.
    pub async fn more(&mut self) -> &mut Vec<u8> {
        let read = self.stream.read_buf(&mut self.received).await.expect("an answer");
        assert!(read > 0, "the server closed the connection");
        &mut self.received
    }

    /// The head of the last answer.
    pub fn head(&self) -> String {
        String::from_utf8_lossy(&self.received).into_owned()
    }
}

/// The status, where the body starts and how long it is, once the head is there.
fn head(received: &[u8]) -> Option<(u16, usize, usize)> {
    let end = received.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(received.get(..end)?);
    let status = head.get(9..12)?.parse().ok()?;
    let length = head.lines().filter_map(|line| line.split_once(": ")).find_map(|(name, value)| {
        name.eq_ignore_ascii_case("content-length").then(|| value.parse().expect("a length"))
    });
    Some((status, end + 4, length.unwrap_or(0)))
}

/// A client side of TLS that trusts the certificate in `file` and nothing else. HTTP/1.1 only.
pub fn trusting(file: &Path) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file).expect("a certificate")).expect("a root");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("versions").with_root_certificates(roots).with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// A GET request, with a bearer token when one is given.
pub fn get(path: &str, bearer: Option<&str>) -> Vec<u8> {
    let authorization = bearer.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nuser-agent: bench\r\n{authorization}\r\n").into_bytes()
}

/// A POST request with a JSON body.
pub fn post(path: &str, body: &Value) -> Vec<u8> {
    post_with(path, body, "")
}

/// A POST request with a JSON body and an access token.
pub fn post_as(path: &str, body: &Value, bearer: &str) -> Vec<u8> {
    post_with(path, body, &format!("authorization: Bearer {bearer}\r\n"))
}

fn post_with(path: &str, body: &Value, header: &str) -> Vec<u8> {
    let body = body.to_string();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nuser-agent: bench\r\ncontent-type: application/json\r\n{header}\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
