//! TLS: versions, ALPN, resumption, reload, cleartext on the same port.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, HandshakeKind, RootCertStore, SupportedProtocolVersion};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::http2::exchange;
use super::*;
use crate::ambient::SystemClock;

pub(super) fn source(folder: &Path) -> Arc<TlsSource> {
    let files = TlsFiles::SelfSigned { folder: folder.to_owned(), host: None };
    Arc::new(TlsSource::load(files, Arc::new(SystemClock)).unwrap())
}

/// A client that trusts the certificate in `folder` and nothing else.
fn trusting(folder: &Path, alpn: &[&str], version: &'static SupportedProtocolVersion) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.join("cert.pem")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    Arc::new(config)
}

async fn secure(server: &Running, config: &Arc<ClientConfig>) -> io::Result<Raw<TlsStream<TcpStream>>> {
    let name = ServerName::try_from("localhost").unwrap();
    let stream = server.connect().await.0;
    within(TlsConnector::from(Arc::clone(config)).connect(name, stream)).await.map(Raw)
}

#[tokio::test]
async fn both_versions_of_tls_and_of_http_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(Limits::default(), Some(source(folder.path())), false);
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let config = trusting(folder.path(), &["h2", "http/1.1"], version);
        let client = secure(&server, &config).await.unwrap();
        assert_eq!(client.0.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        assert!(exchange(client, "/who").await.starts_with("https socket://127.0.0.1:"));
        for alpn in [&["http/1.1"][..], &[]] {
            let config = trusting(folder.path(), alpn, version);
            let mut client = secure(&server, &config).await.unwrap();
            client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
            client.until("hello").await;
        }
    }
}

#[tokio::test]
async fn a_second_handshake_resumes_the_session() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(Limits::default(), Some(source(folder.path())), false);
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let config = trusting(folder.path(), &["http/1.1"], version);
        for resumed in [false, true] {
            let mut client = secure(&server, &config).await.unwrap();
            client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
            client.until("hello").await;
            assert_eq!(client.0.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed), resumed);
        }
    }
}

/// R80.
#[tokio::test]
async fn every_suite_is_ecdhe_with_aead() {
    let folder = tempfile::tempdir().unwrap();
    for suite in &source(folder.path()).config().crypto_provider().cipher_suites {
        let name = format!("{:?}", suite.suite());
        let good = name.starts_with("TLS13_") || name.starts_with("TLS_ECDHE_");
        assert!(good && (name.contains("GCM") || name.contains("POLY1305")), "{name}");
    }
}

#[tokio::test]
async fn cleartext_on_the_tls_port_is_closed_or_refused_by_the_other_endpoint() {
    let folder = tempfile::tempdir().unwrap();
    let closed = start(Limits::default(), Some(source(folder.path())), false);
    assert_eq!(closed.get("/").await, "");
    assert_eq!(closed.metrics.handshake_failures.value(), 1);
    let refused = start(Limits::default(), Some(source(folder.path())), true);
    let answer = refused.get("/").await;
    assert_eq!((status(&answer), answer.ends_with("https only")), ("403", true));
    let config = trusting(folder.path(), &[], &rustls::version::TLS13);
    assert!(secure(&refused, &config).await.is_ok());
}

#[tokio::test]
async fn tls_where_only_plain_http_is_spoken_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    source(folder.path());
    let server = plain(Limits::default());
    assert!(secure(&server, &trusting(folder.path(), &[], &rustls::version::TLS13)).await.is_err());
    assert_eq!(server.metrics.handshake_failures.value(), 1);
}

/// R78.
#[tokio::test]
async fn a_stuck_or_broken_handshake_is_closed_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { handshake_timeout: SOON, ..Limits::default() };
    let server = start(limits, Some(source(folder.path())), true);
    let mut stuck = server.connect().await;
    stuck.0.write_all(b"\x16\x03\x01\x02\x00\x01").await.unwrap();
    stuck.rest().await;
    server.ask("\x16not a handshake at all").await;
    assert_eq!(server.metrics.handshake_failures.value(), 2);
}

#[tokio::test]
async fn a_reload_exchanges_the_certificate_and_connections_live_on() {
    let folder = tempfile::tempdir().unwrap();
    let source = source(folder.path());
    let server = start(Limits::default(), Some(Arc::clone(&source)), false);
    let old = trusting(folder.path(), &[], &rustls::version::TLS13);
    let mut living = secure(&server, &old).await.unwrap();
    let before = source.fingerprint();
    fs::remove_file(folder.path().join("cert.pem")).unwrap();
    source.reload().unwrap();
    assert_ne!(source.fingerprint(), before);
    let fresh = trusting(folder.path(), &[], &rustls::version::TLS13);
    assert!(secure(&server, &fresh).await.is_ok());
    living.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    living.until("hello").await;
    fs::write(folder.path().join("key.pem"), "rubbish").unwrap();
    assert!(source.reload().is_err());
    assert!(secure(&server, &fresh).await.is_ok());
}

#[test]
fn a_change_of_the_operators_files_is_seen_until_they_are_read_well_or_in_vain() {
    let folder = tempfile::tempdir().unwrap();
    assert!(!source(folder.path()).has_changed());
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let files = TlsFiles::Given { certificate: certificate.clone(), key: key.clone() };
    let given = TlsSource::load(files, Arc::new(SystemClock)).unwrap();
    assert!(!given.has_changed());
    let good = fs::read(&certificate).unwrap();
    for (content, is_good) in [(&b"garbage"[..], false), (&good, true)] {
        fs::write(&certificate, content).unwrap();
        assert!(given.has_changed());
        assert_eq!(given.reload().is_ok(), is_good);
        assert!(!given.has_changed(), "told once");
    }
    fs::remove_file(&key).unwrap();
    assert!(given.has_changed());
    assert!(given.reload().is_err());
    assert!(!given.has_changed());
}

#[test]
fn key_material_that_cannot_be_used_is_named_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    source(folder.path());
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let load = |certificate: &Path, key: &Path| {
        let files = TlsFiles::Given { certificate: certificate.to_owned(), key: key.to_owned() };
        TlsSource::load(files, Arc::new(SystemClock)).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(load(&certificate, &key), Ok(()));
    let named = |result: Result<(), String>, words: &str| {
        let message = result.unwrap_err();
        assert!(
            message.contains(words) && message.contains(".pem") && message.lines().count() == 1,
            "{message}"
        );
    };
    named(load(&folder.path().join("none.pem"), &key), "cannot read");
    named(load(&key, &key), "no certificate or private key");
    let other = tempfile::tempdir().unwrap();
    source(other.path());
    named(load(&certificate, &other.path().join("key.pem")), "cannot be used");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o604)).unwrap();
    named(load(&certificate, &key), "can be read or changed by others");
}
