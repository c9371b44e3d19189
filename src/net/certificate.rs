//! The self-signed certificate and how key material lies on disk. Knows nothing of TLS sessions.
//!
//! ## Decision: 397 days, renewed in the last 30
//! Problem: a server without a certificate of its own must still speak TLS at its first start, and clients pin what
//! they have seen. Choice: ECDSA P-256 for 397 days, the most that browsers take from a public authority, so that
//! nothing treats it as oddly long. At a start or reload it is replaced, key and all, when it has 30 days or
//! less left or does not name the public host. Alternative: ten years, which some clients refuse and which makes
//! a stolen key good for as long.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use zeroize::Zeroizing;

use super::tls::TlsError;
use crate::domain::time::Timestamp;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const LIFETIME_DAYS: u32 = 397;
const RENEW_DAYS: u32 = 30;

/// A certificate chain, the server's own first, and its key.
pub(super) type Pair = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// The SHA-256 fingerprint of a certificate, as `openssl x509 -fingerprint -sha256` writes it.
pub fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let digest = digest(&SHA256, certificate);
    let bytes: Vec<_> = digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    bytes.join(":")
}

/// Reads a pair. A key that everybody on the machine can read is refused.
pub(super) fn read(certificate: &Path, key: &Path) -> Result<Pair, TlsError> {
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(certificate, error))?;
    if chain.is_empty() {
        return Err(unreadable(certificate, pem::Error::NoItemsFound));
    }
    let mode = fs::metadata(key).map_err(|error| unreadable(key, pem::Error::Io(error)))?.mode();
    if mode & 0o007 != 0 {
        return Err(TlsError::Exposed { path: key.to_owned() });
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, error))?;
    Ok((chain, key))
}

/// The pair `cert.pem`, `key.pem` in `folder`, made anew when it is absent, half there, about to expire, or
/// not for `host`. A damaged file is an error: somebody else has written it.
pub(super) fn self_signed(folder: &Path, host: Option<&str>, now: Timestamp) -> Result<Pair, TlsError> {
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    if certificate.exists() && key.exists() {
        let pair = read(&certificate, &key)?;
        if is_good(&pair, host, now) {
            return Ok(pair);
        }
    }
    let (chain, secret) = generate(host, now).map_err(TlsError::Generate)?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| unwritable(folder, error))?;
    replace(&key, secret.as_bytes()).map_err(|error| unwritable(&key, error))?;
    replace(&certificate, chain.as_bytes()).map_err(|error| unwritable(&certificate, error))?;
    read(&certificate, &key)
}

/// Whether the pair belongs together, names the host, and has more than [`RENEW_DAYS`] left.
fn is_good((chain, key): &Pair, host: Option<&str>, now: Timestamp) -> bool {
    let verify = || -> Option<()> {
        let certificate = chain.first()?;
        let provider = Arc::new(default_provider());
        rustls::sign::CertifiedKey::from_der(chain.clone(), key.clone_key(), &provider).ok()?;
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).ok()?;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().ok()?;
        let name = ServerName::try_from(host.unwrap_or("localhost")).ok()?;
        let millis = u64::try_from(now.plus(DAY * RENEW_DAYS).millis()).ok()?;
        let then = UnixTime::since_unix_epoch(Duration::from_millis(millis));
        verifier.verify_server_cert(certificate, &[], &name, &[], then).ok().map(drop)
    };
    verify().is_some()
}

/// PEM of a new certificate and of its key.
fn generate(host: Option<&str>, now: Timestamp) -> Result<(String, Zeroizing<String>), rcgen::Error> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    names.extend(host.map(str::to_owned).filter(|host| !names.contains(host)));
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "Latchkey self-signed");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // One day back: the clock of a client may be behind.
    let start = Duration::from_millis(u64::try_from(now.millis()).unwrap_or_default()).saturating_sub(DAY);
    params.not_before = rcgen::date_time_ymd(1970, 1, 1) + start;
    params.not_after = params.not_before + DAY * LIFETIME_DAYS;
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), Zeroizing::new(key.serialize_pem())))
}

/// Puts `bytes` at `path`, readable by the owner only: after a crash the old file is there, or the new one.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn unreadable(path: &Path, error: pem::Error) -> TlsError {
    let path = path.to_owned();
    match error {
        pem::Error::Io(source) => TlsError::Unreadable { path, source },
        pem::Error::NoItemsFound => TlsError::Empty { path },
        other => TlsError::NotPem { path, reason: other.to_string() },
    }
}

fn unwritable(path: &Path, source: io::Error) -> TlsError {
    TlsError::Unwritable { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_790_000_000;

    #[test]
    fn the_self_signed_pair_persists_and_only_its_owner_can_read_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("tls");
        let now = Timestamp::from_seconds(NOW);
        let (first, _) = self_signed(&folder, Some("auth.example.org"), now).unwrap();
        assert_eq!(fs::metadata(folder.join("key.pem")).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
        let later = now.plus(DAY * 360);
        let (second, _) = self_signed(&folder, Some("auth.example.org"), later).unwrap();
        assert_eq!(fingerprint(&first[0]), fingerprint(&second[0]));
        assert_eq!(fingerprint(&first[0]).len(), 32 * 3 - 1);
    }

    #[test]
    fn it_is_renewed_in_its_last_thirty_days_and_for_another_host() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::from_seconds(NOW);
        let make = |host, now| self_signed(folder.path(), host, now).unwrap().0;
        let first = make(None, now);
        assert_eq!(first, make(Some("127.0.0.1"), now));
        let late = make(None, now.plus(DAY * 367));
        assert_ne!(first, late);
        let named = make(Some("auth.example.org"), now.plus(DAY * 367));
        assert_ne!(late, named);
        assert_eq!(named, make(Some("::1"), now.plus(DAY * 367)));
    }

    #[test]
    fn a_crash_between_the_two_files_heals_and_a_damaged_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::from_seconds(NOW);
        self_signed(folder.path(), None, now).unwrap();
        let key = folder.path().join("key.pem");
        let (_, other) = generate(None, now).unwrap();
        replace(&key, other.as_bytes()).unwrap();
        let (chain, _) = self_signed(folder.path(), None, now).unwrap();
        fs::remove_file(&key).unwrap();
        assert_ne!(chain, self_signed(folder.path(), None, now).unwrap().0);
        replace(&key, b"rubbish").unwrap();
        let error = self_signed(folder.path(), None, now).unwrap_err().to_string();
        assert!(error.contains("key.pem"), "{error}");
    }
}
