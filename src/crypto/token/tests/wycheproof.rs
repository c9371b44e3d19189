//! The JSON Web Signature vectors of Project Wycheproof (`json_web_signature_test.json`, groups `hs256` and `es256`,
//! tests 1 to 32), for the algorithms that sign here. Their headers and payloads are not those of our tokens, so what
//! is judged is the compact form and the signature; as tokens all of them are refused.

use super::*;
use crate::domain::signing_key::Algorithm;

/// A group: one good signature, and what is made of it.
struct Group {
    key: TokenKey,
    header: &'static str,
    /// The same with the `kid` changed.
    other_header: &'static str,
    signature: &'static str,
    /// Forged in ways of the group's own.
    forged: &'static [(&'static str, &'static str)],
}

fn groups() -> [Group; 2] {
    let key = |algorithm, seed: &str| {
        TokenKey::from_seed(algorithm, &digest::array_from_base64url(seed.as_bytes()).unwrap())
    };
    [
        Group {
            key: key(Algorithm::Hs256, "-ebuDNsVZ2iJtoZ-akfXTSCt4UO2cruLCsbWlBinggE"),
            header: "eyJhbGciOiJIUzI1NiIsImtpZCI6ImtpZC1hZXMtc2lnbiJ9",
            other_header: "eyJhbGciOiJIUzI1NiIsImtpZCI6IlhpZC1hZXMtc2lnbiJ9",
            signature: "TD37p4c_0jmreSrBSDmE0F3mYSPtkZ3WrSyI5wb_KTg",
            forged: &[
                (
                    "rejectsNoneAlgorithmAndMissingSignature",
                    "eyJhbGciOiJub25lIiwia2lkIjoia2lkLWFlcy1zaWduIn0.Zm9v.",
                ),
                (
                    "rejectsValidJsonSerialization",
                    r#"{"payload":"Zm9v","signatures":[{"protected":"eyJhbGciOiJIUzI1NiIsImtpZCI6ImtpZC1hZXMtc2lnbiJ9","header":{"unknown":"untrustworthy"},"signature":"TD37p4c_0jmreSrBSDmE0F3mYSPtkZ3WrSyI5wb_KTg"}"#,
                ),
            ],
        },
        Group {
            key: key(Algorithm::Es256, "yy49oPcINGK2ps0LmtxpB6UTEOiITghHBif6wDqmJ3c"),
            header: "eyJhbGciOiJFUzI1NiIsImtpZCI6ImtpZC1lYy1zaWduIn0",
            other_header: "eyJhbGciOiJFUzI1NiIsImtpZCI6IlhpZC1lYy1zaWduIn0",
            signature: "5cA0OHyMP7ezamUd5c9kV-FrGxdx4hbGXOdplQkutrqWrte5P-pAvsE3Ve6xSyU3YDQwUHjVVOtvcrEbbnZ8yA",
            forged: &[
                (
                    "rejectsSymmetryConfusionAttacks_aesKeyFromEcVerificationKeyBytes",
                    "eyJhbGciOiJIUzI1NiIsImtpZCI6ImtpZC1lYy1zaWduIn0.Zm9v.TgWtz2FIRukBQ_mA5sgHa0Ybtgn7bl-YBPAi7Z0XdHU",
                ),
                (
                    "rejectsAttackerProvidedEmbeddedJwk",
                    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImtpZC1lYy1zaWduIiwiandrIjp7Imt0eSI6IkVDIiwia2lkIjoia2lkLWVjLXNpZ24iLCJ1c2UiOiJzaWciLCJhbGciOiJFUzI1NiIsIngiOiJNZG5UWkRJaERKYmZBU2RGcWFtY3BPMkNoOUdOS0sybTBNUWxoNDAyU3BvIiwieSI6Ijdhdko0bHFfV3l4LW5MUERCUTJZcHl0dUh5TWlvMDdCVXl2bDNqYUMtMVkiLCJjcnYiOiJQLTI1NiJ9fQ.Zm9v.4jmsollQD8ZxvySzXYnIEYA4fwaZi2ZbC0aI1J4LYmW2Bn31NhKdjms2N6o51Dff5-InWXQF9m45VtTexl6yjg",
                ),
            ],
        },
    ]
}

/// R31.
#[test]
fn the_vectors_of_wycheproof_are_judged_as_they_say() {
    for Group { key, header, other_header, signature, forged } in groups() {
        let holds = |token: &str| {
            compact::split(token).is_ok_and(|compact| key.verify(compact.signed, &compact.signature))
        };
        let good = format!("{header}.Zm9v.{signature}");
        assert!(holds(&good), "acceptsValid");
        let made = [
            ("rejectsModifiedSignature", format!("{header}.Zm9v.X{}", &signature[1..])),
            ("rejectsMissingSignature", format!("{header}.Zm9v.")),
            ("rejectsMissingSignatureAndSeparator", format!("{header}.Zm9v")),
            ("rejectsModifiedPayload", format!("{header}.WG9v.{signature}")),
            ("rejectsMissingPayload", format!("{header}..{signature}")),
            ("rejectsMissingPayloadAndSeparator", format!("{header}.{signature}")),
            ("rejectsModifiedHeader", format!("{other_header}.Zm9v.{signature}")),
            ("rejectsMissingHeader", format!(".Zm9v.{signature}")),
            ("rejectsMissingHeaderAndSeparator", format!("Zm9v.{signature}")),
            ("rejectsMissingHeaderAndSignature", ".Zm9v.".to_owned()),
            ("rejectsMissingHeaderSignatureAndSeparators", "Zm9v".to_owned()),
            ("rejectsEmptyString", String::new()),
            ("rejectsExtraEmptyComponent", format!("{good}.")),
            ("rejectsExtraComponent", format!("{good}.foo")),
        ];
        let forged = forged.iter().map(|(name, token)| (*name, (*token).to_owned()));
        let bad: Vec<_> = made.into_iter().chain(forged).collect();
        for (name, token) in &bad {
            assert!(!holds(token), "{name}");
        }
        let keys = TokenKeys::with_ring(KeyRing::new(key), rules());
        for token in bad.iter().map(|(_, token)| token).chain([&good]) {
            assert!(keys.verify_access(token, now()).is_err() && keys.verify_refresh(token, now()).is_err());
        }
    }
}
