//! TLS as a client: public authorities, a file of authorities, or one pinned certificate. Knows no socket.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, aws_lc_rs::default_provider, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::address::Trust;

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file of authorities cannot be read or holds none.
    #[error("{0} holds no PEM certificate that can be used")]
    CaFile(String),
    /// Not a SHA-256.
    #[error("a fingerprint is 64 hexadecimal digits, with or without colons")]
    Fingerprint,
    /// TLS could not be prepared.
    #[error("TLS could not be prepared")]
    Tls(#[from] Error),
}

/// What a client believes under `trust`.
pub fn client_config(trust: &Trust) -> Result<Arc<ClientConfig>, TrustError> {
    let provider = Arc::new(default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let config = match trust {
        Trust::Fingerprint(text) => {
            let pinned = Pinned { fingerprint: hexadecimal(text).ok_or(TrustError::Fingerprint)?, provider };
            builder.dangerous().with_custom_certificate_verifier(Arc::new(pinned)).with_no_client_auth()
        }
        Trust::Public => {
            let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
            builder.with_root_certificates(roots).with_no_client_auth()
        }
        Trust::CaFile(path) => {
            let unusable = || TrustError::CaFile(path.display().to_string());
            let mut roots = RootCertStore::empty();
            for found in CertificateDer::pem_file_iter(path).map_err(|_| unusable())? {
                roots.add(found.map_err(|_| unusable())?).map_err(|_| unusable())?;
            }
            if roots.is_empty() {
                return Err(unusable());
            }
            builder.with_root_certificates(roots).with_no_client_auth()
        }
    };
    Ok(Arc::new(config))
}

/// 32 bytes from 64 hexadecimal digits.
fn hexadecimal(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> =
        text.chars().filter(|c| *c != ':').map(|c| c.to_digit(16)?.try_into().ok()).collect::<Option<_>>()?;
    let bytes: Vec<u8> =
        digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
    (digits.len() == 64).then(|| bytes.try_into().ok())?
}

/// Believes one certificate, whatever name and dates it has; the server must hold its key all the same.
#[derive(Debug)]
struct Pinned {
    fingerprint: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let found = digest(&SHA256, end_entity);
        if found.as_ref() == self.fingerprint {
            Ok(ServerCertVerified::assertion())
        } else {
            let shown: Vec<String> = found.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
            Err(Error::General(format!("not the expected certificate: its SHA-256 is {}", shown.join(":"))))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_read_with_and_without_colons() {
        let colons = ["AB"; 32].join(":");
        assert_eq!(hexadecimal(&colons), Some([0xAB; 32]));
        assert_eq!(hexadecimal(&"ab".repeat(32)), Some([0xAB; 32]));
        assert_eq!((hexadecimal("ab"), hexadecimal(&"xy".repeat(32)), hexadecimal("")), (None, None, None));
    }

    #[test]
    fn a_file_that_holds_no_certificate_is_refused() {
        let missing = Trust::CaFile("/nowhere/ca.pem".into());
        assert!(client_config(&missing).is_err_and(|error| error.to_string().starts_with("/nowhere/ca.pem")));
        assert!(client_config(&Trust::Public).is_ok());
    }
}
