//! The TLS configuration and its exchange while the server runs. Knows nothing of connections.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::{Ticketer, default_provider};
use rustls::version::{TLS12, TLS13};

use super::certificate::{self, Pair, fingerprint};
use super::der;
use crate::ambient::Clock;

/// Where the certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsFiles {
    /// PEM files of the operator.
    Given {
        /// The chain, the server's own certificate first.
        certificate: PathBuf,
        /// The private key: PKCS#8, SEC1 or PKCS#1.
        key: PathBuf,
    },
    /// A pair of our own, `cert.pem` and `key.pem`, made when it is absent or about to expire.
    SelfSigned {
        /// Where the pair lies; made with mode 0700 when absent.
        folder: PathBuf,
        /// The host of the public URL, named beside localhost, 127.0.0.1 and `::1`.
        host: Option<String>,
    },
}

/// Key material that cannot be used. Each is one line that names the file.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Absent, or no right to read it.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// No certificate, or no private key, in it.
    #[error("{} holds no certificate or private key in PEM form", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Damaged.
    #[error("{} is not valid PEM: {reason}", path.display())]
    NotPem {
        /// The file.
        path: PathBuf,
        /// What is wrong, without content.
        reason: String,
    },
    /// The key is open to every user of the machine.
    #[error("{} can be read or changed by others; run chmod 600 on it", path.display())]
    Exposed {
        /// The key file.
        path: PathBuf,
    },
    /// The pair does not belong together, or is of a kind that is not supported.
    #[error("the certificate and key of {} cannot be used", path.display())]
    Unusable {
        /// The certificate file.
        path: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
    /// The self-signed pair cannot be stored.
    #[error("cannot write {}", path.display())]
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The self-signed pair cannot be made, for instance because the public host is no valid name.
    #[error("cannot make a self-signed certificate")]
    Generate(#[source] rcgen::Error),
}

/// The TLS configuration of a listener, exchangeable while connections live.
pub struct TlsSource {
    files: TlsFiles,
    clock: Arc<dyn Clock>,
    current: RwLock<Current>,
    /// The files as they lay before they were last read, well or in vain.
    seen: Mutex<Stamps>,
}

/// What tells whether the operator's two files changed. A file that is not there, or no plain file, has none.
type Stamps = [Option<Stamp>; 2];

/// Device, inode, size, and the time of the last change in seconds and nanoseconds.
type Stamp = (u64, u64, u64, i64, i64);

#[derive(Clone)]
struct Current {
    config: Arc<ServerConfig>,
    fingerprint: String,
    not_after: Option<String>,
}

impl TlsSource {
    /// Reads, or for [`TlsFiles::SelfSigned`] makes, the pair. `clock` judges the end of a self-signed one and must be
    /// the machine's: clients judge by theirs.
    pub fn load(files: TlsFiles, clock: Arc<dyn Clock>) -> Result<Self, TlsError> {
        let seen = Mutex::new(files.stamps());
        let current = RwLock::new(files.load(&*clock)?);
        Ok(Self { files, clock, current, seen })
    }

    /// Whether the operator's files are others than those that were last read. A pair of our own never is.
    pub fn has_changed(&self) -> bool {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) != self.files.stamps()
    }

    /// Reads the files again; new handshakes use them, connections live on. After an error the old pair stays.
    pub fn reload(&self) -> Result<(), TlsError> {
        // Taken before: what changes during the reading is then read again.
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = self.files.stamps();
        let fresh = self.files.load(&*self.clock)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// The configuration for the next handshake.
    pub fn config(&self) -> Arc<ServerConfig> {
        self.current().config
    }

    /// The SHA-256 fingerprint of the server's own certificate.
    pub fn fingerprint(&self) -> String {
        self.current().fingerprint
    }

    /// When the server's own certificate ends (RFC 3339), where that can be read.
    pub fn not_after(&self) -> Option<String> {
        self.current().not_after
    }

    fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl TlsFiles {
    fn stamps(&self) -> Stamps {
        match self {
            Self::Given { certificate, key } => [stamp(certificate), stamp(key)],
            Self::SelfSigned { .. } => [None, None],
        }
    }

    fn load(&self, clock: &dyn Clock) -> Result<Current, TlsError> {
        let now = Duration::from_millis(u64::try_from(clock.now().millis()).unwrap_or_default());
        let (pair, path) = match self {
            Self::Given { certificate, key } => (certificate::read(certificate, key)?, certificate.clone()),
            Self::SelfSigned { folder, host } => {
                (certificate::self_signed(folder, host.as_deref(), now)?, folder.join("cert.pem"))
            }
        };
        let fingerprint = pair.0.first().map(fingerprint).unwrap_or_default();
        let not_after = pair.0.first().and_then(|own| der::not_after(own));
        let config = config(pair).map_err(|source| TlsError::Unusable { path, source })?;
        Ok(Current { config: Arc::new(config), fingerprint, not_after })
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let file = path.metadata().ok().filter(Metadata::is_file)?;
    Some((file.dev(), file.ino(), file.size(), file.mtime(), file.mtime_nsec()))
}

/// TLS 1.3, and 1.2 with the suites of this provider, which are all ECDHE with AEAD. Sessions resume by tickets
/// whose keys live in memory and rotate; there is no early data, which could be replayed.
fn config((chain, key): Pair) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.ticketer = Ticketer::new()?;
    Ok(config)
}
