//! Time-based one-time codes (RFC 6238: HMAC-SHA-1, 6 digits, 30 seconds). Knows no account and no clock: steps are
//! passed in.
//!
//! ## Decision
//! The codes are those of totp-rs, without its `std` (which reads the real clock) and without its generator. Its
//! `check` answers the first step that fits; here each step is asked for by itself, because only the caller knows
//! which were used.

use std::fmt;

use totp_rs::{Builder, Totp};
use zeroize::Zeroizing;

use super::digest;
use crate::domain::factor::STEP;

/// Bytes of a secret: 160 bits, as RFC 4226 (section 4, R6) recommends, and 32 characters of base32.
pub const SECRET_BYTES: usize = 20;

/// The secret that an authenticator app shares with us. Wiped when dropped.
pub struct TotpSecret(Zeroizing<[u8; SECRET_BYTES]>);

impl TotpSecret {
    /// From random bytes.
    pub fn new(bytes: [u8; SECRET_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// From bytes that were stored; `None` when there are not as many as there should be.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::new)
    }

    /// The bytes, to be sealed.
    pub fn expose(&self) -> &[u8; SECRET_BYTES] {
        &self.0
    }

    /// As people type it: 32 characters of base32 (RFC 4648, section 6).
    pub fn base32(&self) -> Zeroizing<String> {
        Zeroizing::new(self.builder().build_noncompliant().secret().to_base32())
    }

    /// The code of `step`: six digits.
    pub fn code(&self, step: u64) -> Zeroizing<String> {
        let totp = self.builder().build_noncompliant();
        Zeroizing::new(totp.generate(step.saturating_mul(STEP.as_secs())).to_string())
    }

    /// Whether `typed` is the code of `step`, compared in constant time.
    pub fn is_code(&self, typed: &str, step: u64) -> bool {
        digest::same(typed.as_bytes(), self.code(step).as_bytes())
    }

    /// What an authenticator app reads from the QR picture: `otpauth://totp/ISSUER:ACCOUNT?secret=..&issuer=..`. The
    /// digest, the digits and the step are those that every app takes when nothing is said.
    pub fn uri(&self, issuer: &str, account: &str) -> Zeroizing<String> {
        let named = self.builder().with_issuer(Some(issuer)).with_account_name(account);
        let totp: Totp = named.build_noncompliant();
        // Only an empty account or one with a colon is refused, and no email address is either.
        Zeroizing::new(totp.to_url().unwrap_or_default())
    }

    fn builder(&self) -> Builder {
        Builder::new().with_secret(self.0.to_vec())
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::factor::step_at;
    use crate::domain::time::Timestamp;
    use proptest::prelude::*;

    fn secret() -> TotpSecret {
        TotpSecret::new(*b"12345678901234567890")
    }

    /// RFC 6238, appendix B; the last six of the eight digits there.
    #[test]
    fn the_codes_are_those_of_rfc_6238() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let step = step_at(Timestamp::from_seconds(seconds));
            assert_eq!(*secret().code(step), code);
            assert!(secret().is_code(code, step) && !secret().is_code(code, step + 1));
        }
    }

    /// RFC 4226, appendix D.
    #[test]
    fn the_codes_are_those_of_rfc_4226() {
        let codes = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
            "520489",
        ];
        for (step, code) in (0..).zip(codes) {
            assert_eq!(*secret().code(step), code);
        }
    }

    /// R46.
    #[test]
    fn only_six_ascii_digits_are_a_code() {
        for typed in
            ["", "87082", "0287082", " 287082", "287082 ", "287 082", "+87082", "２８７０８２", "287082\0"]
        {
            assert!(!secret().is_code(typed, 1), "{typed:?}");
        }
    }

    #[test]
    fn the_secret_is_shown_as_base32_and_in_the_uri() {
        let base32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        assert_eq!(*secret().base32(), base32);
        assert_eq!(
            *secret().uri("Acme & Söhne", "ada+x@example.com"),
            format!(
                "otpauth://totp/Acme%20%26%20S%C3%B6hne:ada%2Bx%40example.com?secret={base32}\
                 &issuer=Acme%20%26%20S%C3%B6hne"
            )
        );
        assert_eq!(format!("{:?}", secret()), "TotpSecret(redacted)");
    }

    proptest! {
        #[test]
        fn a_code_is_always_six_digits_whatever_the_step(bytes: [u8; 20], step: u64) {
            let code = TotpSecret::new(bytes).code(step);
            prop_assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()));
        }

        #[test]
        fn no_text_makes_the_comparison_fail(typed in ".*", step: u64) {
            let _ = secret().is_code(&typed, step);
        }
    }
}
