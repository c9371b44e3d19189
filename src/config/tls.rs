//! `[tls]`: the certificate. Knows no TLS.

use std::path::PathBuf;
use std::time::Duration;

use super::reader::Reader;
use super::{DAY, SECOND};

/// The certificate to serve with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The operator's own; `None` means a self-signed one kept in `<data-dir>/tls`.
    pub certificate: Option<CertificateFiles>,
    /// Between two looks whether its files changed.
    pub reload_every: Duration,
}

/// A certificate chain and its key, both PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The chain, the server's own certificate first.
    pub cert_file: PathBuf,
    /// The private key.
    pub key_file: PathBuf,
}

impl Tls {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let (cert, key) = (reader.text("tls.cert_file"), reader.text("tls.key_file"));
        let certificate = match (cert, key) {
            (Some(cert), Some(key)) => {
                Some(CertificateFiles { cert_file: cert.into(), key_file: key.into() })
            }
            (Some(_), None) => {
                reader.problem("tls.cert_file", "needs tls.key_file too");
                None
            }
            (None, Some(_)) => {
                reader.problem("tls.key_file", "needs tls.cert_file too");
                None
            }
            (None, None) => None,
        };
        Self { certificate, reload_every: reader.duration("tls.reload_every", SECOND..=DAY) }
    }
}
