//! Signatures of webhooks, as the Standard Webhooks specification has them (scheme `v1`). Knows nothing of what is signed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::digest::MacKey;

/// Signs what goes to one receiver.
#[derive(Debug, Clone)]
pub struct WebhookSigner(Vec<MacKey>);

impl WebhookSigner {
    /// Signs with each of `secrets`: two of them while the receiver changes from one to the other.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self(secrets.into_iter().map(MacKey::new).collect())
    }

    /// The value of `webhook-signature` for the message `id`, sent at `timestamp` (seconds since 1970 UTC). No `id` holds
    /// a dot, so what is signed says where each part ends.
    pub fn sign(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        let parts = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
        let signed = self.0.iter().map(|key| format!("v1,{}", STANDARD.encode(key.tag(&parts))));
        signed.collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::webhook::parse_secret;

    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;

    /// The example that is published with the scheme.
    #[test]
    fn the_published_message_gets_the_published_signature() {
        let secret = parse_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = WebhookSigner::new([secret.as_slice()]).sign(ID, "1614265330", BODY);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn two_secrets_sign_one_after_the_other() {
        let [new, old]: [&[u8]; 2] = [&[1; 32], &[2; 32]];
        let of = |secrets: &[&[u8]]| WebhookSigner::new(secrets.iter().copied()).sign(ID, "1", BODY);
        assert_eq!(of(&[new, old]), format!("{} {}", of(&[new]), of(&[old])));
        assert_ne!(of(&[new]), of(&[old]));
        let other = WebhookSigner::new([new]).sign(ID, "2", BODY);
        assert_ne!(of(&[new]), other);
    }
}
