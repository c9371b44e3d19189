//! Ten thousand connections at rest: little memory each, nobody held up, and closed in time.

use std::sync::Arc;
use std::time::Duration;

use latchkey::ambient::Stopwatch;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Target;

const CROWD: usize = 10_000;
/// Handshakes under way at a time.
const AT_ONCE: usize = 64;
/// Time enough to open them all on a busy machine, and what a resting one gets then.
const REST: Duration = Duration::from_secs(60);
/// What one may take of the server's memory, with its TLS session.
const MEMORY_KIB: u64 = 64;

/// Raises the soft limit of descriptors as far as it must be; `false`: it may not be raised so far.
fn enough_descriptors() -> bool {
    let wanted = u64::try_from(CROWD).unwrap() + 1_000;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    current.is_none_or(|current| current >= wanted)
        || setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }).is_ok()
}

/// A client that trusts the certificate of `target` and keeps the handshake cheap: the crowd is what is measured.
fn connector(target: &Target) -> TlsConnector {
    let provider = aws_lc_rs::default_provider();
    let provider = CryptoProvider { kx_groups: vec![aws_lc_rs::kx_group::X25519], ..provider };
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(target.server.certificate()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(provider));
    let builder = builder.with_protocol_versions(&[&rustls::version::TLS13]).unwrap();
    TlsConnector::from(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

/// A connection that has had one answer.
async fn visitor(address: std::net::SocketAddr, tls: TlsConnector) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(address).await.unwrap();
    let mut stream = tls.connect(ServerName::from(address.ip()), stream).await.unwrap();
    stream.write_all(b"HEAD /health HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut answer = [0; 2048];
    let count = stream.read(&mut answer).await.unwrap();
    assert!(answer[..count].starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer[..count]));
    stream
}

#[test]
fn ten_thousand_idle_connections_hold_nobody_up_and_are_closed_in_time() {
    if !enough_descriptors() {
        println!("skipped: fewer than {CROWD} descriptors are allowed here");
        return;
    }
    let target = Target::start(&[
        ("LATCHKEY_NET__MAX_CONNECTIONS", "10100"),
        ("LATCHKEY_NET__MAX_CONNECTIONS_PER_ADDRESS", "10100"),
        ("LATCHKEY_NET__IDLE_TIMEOUT", "60s"),
    ]);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    target.assert_unharmed();
    let before = target.memory_kib("VmRSS");
    let (address, tls) = (target.server.address(0), connector(&target));
    let watch = Stopwatch::start();
    let mut crowd = runtime.block_on(async {
        let (mut crowd, mut opening) = (Vec::with_capacity(CROWD), JoinSet::new());
        for number in 0..CROWD + AT_ONCE {
            if number < CROWD {
                opening.spawn(visitor(address, tls.clone()));
            }
            if number >= AT_ONCE {
                crowd.push(opening.join_next().await.unwrap().unwrap());
            }
        }
        crowd
    });
    let opened = watch.elapsed();
    assert!(opened < REST, "the first ones were closed before the last came: {opened:?}");
    let each = (target.memory_kib("VmRSS") - before) / u64::try_from(CROWD).unwrap();
    let asked = Stopwatch::start();
    target.assert_unharmed();
    let page = target.client().get("/metrics").text;
    let (_, open) = page.split_once("\nlatchkey_connections_open ").unwrap();
    let open: usize = open.lines().next().unwrap().parse().unwrap();
    println!(
        "{open} open after {opened:?}, {each} KiB each; a visitor was answered in {:?}",
        asked.elapsed()
    );
    assert!(open > CROWD, "{open}");
    assert!(each < MEMORY_KIB, "{each} KiB");
    let closed = async {
        for stream in &mut crowd {
            // Closed, with or without a word.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    };
    let waited = runtime.block_on(async { tokio::time::timeout(REST * 3, closed).await });
    assert!(waited.is_ok(), "some live on");
    println!("all closed {:?} after the last one came", watch.elapsed() - opened);
    target.end();
}
