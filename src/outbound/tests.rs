//! A stand-in on a real socket for whoever is called, for tests.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// Said by one that hangs.
pub const HANG: &str = "";

/// A gateway that keeps what it was sent and gives one answer to everything.
pub struct Gateway {
    /// Where it listens.
    pub port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Gateway {
    /// Listens, with TLS or without.
    pub async fn start(says: &'static str, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (kept, tls) = (Arc::clone(&kept), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => serve(tls.accept(socket).await.ok()?, says, &kept).await,
                        None => serve(socket, says, &kept).await,
                    }
                });
            }
        });
        Self { port, seen }
    }

    /// What it was sent, head and body.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    says: &str,
    kept: &Mutex<Vec<String>>,
) -> Option<()> {
    let mut text = Vec::new();
    while !text.ends_with(b"}") {
        let mut part = [0; 4096];
        let count = stream.read(&mut part).await.ok().filter(|count| *count > 0)?;
        text.extend_from_slice(&part[..count]);
    }
    kept.lock().unwrap().push(String::from_utf8(text).unwrap());
    if says == HANG {
        std::future::pending::<()>().await;
    }
    stream.write_all(says.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}

/// A certificate for `name`, in a file and in force.
pub fn certificate_for(name: &str) -> (tempfile::NamedTempFile, TlsAcceptor) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), made.cert.pem()).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (file, TlsAcceptor::from(Arc::new(config)))
}
