//! A small blocking HTTP/1.1 client over TCP, TLS or a Unix socket. Knows nothing of the server it talks to.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use poem::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};
use serde_json::Value;

use super::server::PATIENCE;
use crate::harness::Answer;

/// One request.
#[derive(Clone)]
pub struct Request {
    head: String,
    body: String,
}

impl Request {
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    pub fn delete(path: &str) -> Self {
        Self::new("DELETE", path)
    }

    pub fn post(path: &str, body: &Value) -> Self {
        Self::new("POST", path).json(body)
    }

    pub fn put(path: &str, body: &Value) -> Self {
        Self::new("PUT", path).json(body)
    }

    /// Posts a form, as a browser does.
    pub fn form(path: &str, body: &str) -> Self {
        Self::new("POST", path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.to_owned())
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    /// The head with its empty line, and the body.
    pub fn parts(&self) -> (String, &str) {
        let length = if self.body.is_empty() {
            String::new()
        } else {
            format!("content-length: {}\r\n", self.body.len())
        };
        (format!("{}{length}\r\n", self.head), &self.body)
    }

    pub fn new(method: &str, path: &str) -> Self {
        Self { head: format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n"), body: String::new() }
    }

    fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    fn body(mut self, body: String) -> Self {
        self.body = body;
        self
    }
}

/// Where a server is, and how to speak with it.
#[derive(Clone)]
pub struct Client {
    place: Place,
    tls: Option<Arc<ClientConfig>>,
}

#[derive(Clone)]
enum Place {
    Network(SocketAddr),
    Socket(PathBuf),
}

impl Client {
    /// Plain HTTP.
    pub fn plain(address: SocketAddr) -> Self {
        Self { place: Place::Network(address), tls: None }
    }

    /// TLS, trusting the certificate in `file` and no other.
    pub fn tls(address: SocketAddr, file: &Path) -> Self {
        let tls = Some(Arc::new(trusting(file, rustls::DEFAULT_VERSIONS)));
        Self { place: Place::Network(address), tls }
    }

    /// Plain HTTP over a Unix socket.
    pub fn socket(path: impl Into<PathBuf>) -> Self {
        Self { place: Place::Socket(path.into()), tls: None }
    }

    pub fn connect(&self) -> io::Result<Connection> {
        let address = match &self.place {
            Place::Network(address) => address,
            Place::Socket(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                return Ok(Connection { stream: BufReader::new(Box::new(stream)) });
            }
        };
        let stream = TcpStream::connect_timeout(address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let stream: Box<dyn Stream> = match &self.tls {
            None => Box::new(stream),
            Some(config) => Box::new(handshake(config.clone(), stream)?),
        };
        Ok(Connection { stream: BufReader::new(stream) })
    }

    /// The answer to `request`, on a connection of its own.
    pub fn ask(&self, request: Request) -> Answer {
        self.connect()
            .and_then(|mut connection| connection.ask(&request.header("connection", "close")))
            .unwrap()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path))
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask(Request::post(path, body))
    }

    pub fn log_in(&self, email: &str, password: &str) -> Answer {
        self.post("/api/v1/auth/login", &serde_json::json!({ "email": email, "password": password }))
    }
}

/// One connection, kept open as long as the server keeps it.
pub struct Connection {
    stream: BufReader<Box<dyn Stream>>,
}

impl Connection {
    pub fn ask(&mut self, request: &Request) -> io::Result<Answer> {
        let (head, body) = request.parts();
        self.send(&(head + body))?;
        self.answer()
    }

    pub fn send(&mut self, text: &str) -> io::Result<()> {
        self.stream.get_mut().write_all(text.as_bytes())?;
        self.stream.get_mut().flush()
    }

    /// Reads one answer; interim ones (1xx) are answers too.
    pub fn answer(&mut self) -> io::Result<Answer> {
        let status = self.line()?;
        let status = status.split(' ').nth(1).and_then(|code| code.parse::<StatusCode>().ok());
        let status = status.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
        let mut headers = HeaderMap::new();
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(": ") else { break };
            headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        }
        let length =
            headers.get("content-length").map_or(0, |value| value.to_str().unwrap().parse().unwrap());
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(Answer { status, headers, text: String::from_utf8(body).unwrap() })
    }

    /// Everything up to the end of the connection, however it ends.
    pub fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                panic!("the server neither answers nor closes: {error}")
            }
            _ => String::from_utf8_lossy(&rest).into_owned(),
        }
    }

    /// The next line.
    pub fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}

/// A configuration of the given versions that trusts the certificate in `file` and no other.
pub fn trusting(file: &Path, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    builder.with_protocol_versions(versions).unwrap().with_root_certificates(roots).with_no_client_auth()
}

/// Completes the handshake with the server at the other end of `stream`, whose certificate must name its address.
pub fn handshake(
    config: Arc<ClientConfig>,
    mut stream: TcpStream,
) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let name = ServerName::from(stream.peer_addr()?.ip());
    let mut connection = ClientConnection::new(config, name).map_err(io::Error::other)?;
    while connection.is_handshaking() {
        connection.complete_io(&mut stream)?;
    }
    Ok(StreamOwned::new(connection, stream))
}

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}
