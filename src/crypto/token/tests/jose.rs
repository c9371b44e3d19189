//! The shapes of attacks on JOSE by name, each under every algorithm that signs here, and each as the two kinds of tokens.
//! What a shape needs of a right signature it has: the attacker here may have anything signed but a token of ours.

use super::*;
use crate::domain::signing_key::Algorithm;

const SEED: [u8; 32] = [7; 32];

/// A shape: its name, and the token that is made of a good one under a key.
type Shape = (&'static str, fn(&Good<'_>) -> String);

/// A good token in parts.
struct Good<'a> {
    algorithm: Algorithm,
    kid: &'a str,
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl Good<'_> {
    /// These header members beside our own, well signed.
    fn with(&self, members: &str) -> String {
        let Self { algorithm, kid, .. } = self;
        let header = format!(r#"{{"alg":"{}","typ":"JWT","kid":"{kid}"{members}}}"#, algorithm.name());
        self.signed(&digest::to_base64url(header.as_bytes()), self.payload)
    }

    /// Exactly this header, well signed.
    fn under(&self, header: &str) -> String {
        self.signed(&digest::to_base64url(header.as_bytes()), self.payload)
    }

    fn signed(&self, header: &str, payload: &str) -> String {
        let text = format!("{header}.{payload}");
        let signature = TokenKey::from_seed(self.algorithm, &SEED).sign(&text);
        format!("{text}.{signature}")
    }

    /// The good header and payload under these bytes as signature.
    fn signed_as(&self, signature: &[u8]) -> String {
        format!("{}.{}.{}", self.header, self.payload, digest::to_base64url(signature))
    }
}

/// R20, R21: which algorithm, and whether any.
const ALGORITHMS: &[Shape] = &[
    ("alg none", |good| good.under(r#"{"alg":"none","typ":"JWT"}"#)),
    ("alg none without a signature", |good| {
        let header = digest::to_base64url(br#"{"alg":"none","typ":"JWT"}"#);
        format!("{header}.{}.", good.payload)
    }),
    ("our header without a signature", |good| format!("{}.{}.", good.header, good.payload)),
    ("alg swapped for another of ours", |good| {
        let other = Algorithm::ALL.into_iter().find(|other| *other != good.algorithm).unwrap();
        good.under(&format!(r#"{{"alg":"{}","typ":"JWT","kid":"{}"}}"#, other.name(), good.kid))
    }),
    ("alg in another case", |good| {
        good.under(&format!(r#"{{"alg":"{}","typ":"JWT"}}"#, good.algorithm.name().to_lowercase() + " "))
    }),
    ("a blank signature", |good| good.signed_as(&[0; 64])),
    ("a blank signature of a MAC", |good| good.signed_as(&[0; 32])),
    ("r and s are the order of the curve", |good| {
        let order = "_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE";
        let order = digest::from_base64url(order.as_bytes()).unwrap();
        good.signed_as(&[order.clone(), order].concat())
    }),
    ("r and s are one", |good| {
        let mut one = [0; 32];
        one[31] = 1;
        good.signed_as(&[one, one].concat())
    }),
    ("the neutral point with a zero scalar", |good| {
        let mut signature = [0; 64];
        signature[0] = 1;
        good.signed_as(&signature)
    }),
    ("a signature in DER", |good| {
        let raw = digest::from_base64url(good.signature.as_bytes()).unwrap();
        let (r, s) = raw.split_at(raw.len() / 2);
        let integer = |bytes: &[u8]| [&[2, u8::try_from(bytes.len() + 1).unwrap(), 0], bytes].concat();
        let both = [integer(r), integer(s)].concat();
        good.signed_as(&[&[0x30, u8::try_from(both.len()).unwrap()], &*both].concat())
    }),
    ("the signature of another token of ours", |good| {
        let other = good.with("");
        let changed = good.payload.replace(['a', 'b', 'c'], "d");
        format!("{}.{changed}.{}", good.header, other.rsplit_once('.').unwrap().1)
    }),
];

/// R23: nothing in a header says where keys or meanings are.
const HEADERS: &[Shape] = &[
    ("kid is a path", |good| {
        good.under(&format!(r#"{{"alg":"{}","typ":"JWT","kid":"../../dev/null"}}"#, good.algorithm.name()))
    }),
    ("kid is a statement", |good| {
        good.under(&format!(r#"{{"alg":"{}","typ":"JWT","kid":"' UNION SELECT 'k"}}"#, good.algorithm.name()))
    }),
    ("kid is unknown", |good| {
        good.under(&format!(r#"{{"alg":"{}","typ":"JWT","kid":"0000000000000000"}}"#, good.algorithm.name()))
    }),
    ("kid is no text", |good| {
        good.under(&format!(r#"{{"alg":"{}","typ":"JWT","kid":{{"$ne":""}}}}"#, good.algorithm.name()))
    }),
    ("jku", |good| good.with(r#","jku":"https://evil.example/jwks.json""#)),
    ("x5u", |good| good.with(r#","x5u":"https://evil.example/cert.pem""#)),
    ("x5c", |good| good.with(r#","x5c":["MIIB"]"#)),
    ("x5t", |good| good.with(r#","x5t":"AAAA""#)),
    ("jwk", |good| good.with(r#","jwk":{"kty":"oct","k":"AAAA"}"#)),
    ("crit of what nobody knows", |good| good.with(r#","crit":["exp2"],"exp2":1"#)),
    ("crit of nothing", |good| good.with(r#","crit":[]"#)),
    ("b64 false", |good| good.with(r#","b64":false,"crit":["b64"]"#)),
    ("zip", |good| good.with(r#","zip":"DEF""#)),
    ("cty of a nested token", |good| good.with(r#","cty":"JWT""#)),
    ("typ of another kind", |good| {
        good.under(&format!(r#"{{"alg":"{}","typ":"at+jwt","kid":"{}"}}"#, good.algorithm.name(), good.kid))
    }),
    ("no typ", |good| good.under(&format!(r#"{{"alg":"{}","kid":"{}"}}"#, good.algorithm.name(), good.kid))),
    ("alg twice, ours first", |good| {
        good.under(&format!(r#"{{"alg":"{}","typ":"JWT","alg":"none"}}"#, good.algorithm.name()))
    }),
    ("alg twice, once escaped", |good| {
        good.under(&format!(r#"{{"\u0061lg":"none","alg":"{}","typ":"JWT"}}"#, good.algorithm.name()))
    }),
    ("kid twice", |good| good.with(&format!(r#","kid":"{}""#, good.kid))),
];

/// R24, R25, R27: how a token is written, and what it holds.
const FORMS: &[Shape] = &[
    ("a token in a token", |good| {
        let inner = format!("{}.{}.{}", good.header, good.payload, good.signature);
        good.signed(good.header, &digest::to_base64url(inner.as_bytes()))
    }),
    ("detached", |good| format!("{}..{}", good.header, good.signature)),
    ("detached and signed so", |good| good.signed(good.header, "")),
    ("an empty header", |good| good.signed("", good.payload)),
    ("five parts, as of encryption", |good| {
        format!("{}.AA.AA.{}.{}", good.header, good.payload, good.signature)
    }),
    ("the flat JSON form", |good| {
        json!({ "protected": good.header, "payload": good.payload, "signature": good.signature }).to_string()
    }),
    ("the general JSON form", |good| {
        let signature = json!({ "protected": good.header, "signature": good.signature });
        json!({ "payload": good.payload, "signatures": [signature] }).to_string()
    }),
    ("a payload that is not encoded", |good| good.signed(good.header, r#"{"user_id":"x"}"#)),
    ("a padded payload", |good| good.signed(good.header, &format!("{}=", good.payload))),
    ("a payload in the other alphabet", |good| good.signed(good.header, "e30+/w")),
    ("bits left over in a payload", |good| good.signed(good.header, "e31")),
    ("bits left over in a header", |good| {
        let header = digest::to_base64url(br#"{"alg":"HS256","typ":"JWT"} "#);
        good.signed(&(header[..header.len() - 1].to_owned() + "B"), good.payload)
    }),
    ("a padded signature", |good| format!("{}.{}.{}=", good.header, good.payload, good.signature)),
    ("a line end behind it", |good| format!("{}.{}.{}\n", good.header, good.payload, good.signature)),
    ("too long", |good| good.with(&format!(r#","pad":"{}""#, "x".repeat(MAX_TOKEN_LEN)))),
    ("a claim twice", |good| {
        let payload = digest::from_base64url(good.payload.as_bytes()).unwrap();
        let payload = String::from_utf8(payload).unwrap().replacen('{', r#"{"exp":9999999999,"#, 1);
        good.signed(good.header, &digest::to_base64url(payload.as_bytes()))
    }),
    ("a claim twice, once escaped", |good| {
        let payload = digest::from_base64url(good.payload.as_bytes()).unwrap();
        let payload = String::from_utf8(payload).unwrap().replacen('{', r#"{"\u0065xp":9999999999,"#, 1);
        good.signed(good.header, &digest::to_base64url(payload.as_bytes()))
    }),
    ("deep", |good| {
        let deep = "[".repeat(3_000) + &"]".repeat(3_000);
        good.signed(good.header, &digest::to_base64url(deep.as_bytes()))
    }),
];

/// R20, R21, R23, R24, R25, R26, R27: no shape of an attack is a token, whatever signs it and whatever it calls itself.
#[test]
fn no_known_shape_of_an_attack_is_a_token() {
    for algorithm in Algorithm::ALL {
        let keys = TokenKeys::with_ring(KeyRing::new(TokenKey::from_seed(algorithm, &SEED)), rules());
        let kid = keys.kid();
        for token in [keys.sign_access(&access()), keys.sign_refresh(&refresh())] {
            let mut parts = token.split('.');
            let mut part = || parts.next().unwrap();
            let (header, payload, signature) = (part(), part(), part());
            let good = Good { algorithm, kid: &kid, header, payload, signature };
            // The way the shapes are made makes a good token where nothing is wrong with it.
            let whole = good.with("");
            assert!(keys.verify_access(&whole, now()).is_ok() || keys.verify_refresh(&whole, now()).is_ok());
            for (name, shape) in ALGORITHMS.iter().chain(HEADERS).chain(FORMS) {
                let bad = shape(&good);
                assert!(keys.verify_access(&bad, now()).is_err(), "{name}, {algorithm:?}: {bad}");
                assert!(keys.verify_refresh(&bad, now()).is_err(), "{name}, {algorithm:?}: {bad}");
                assert!(keys.subject(&bad, now()).is_err(), "{name}, {algorithm:?}: {bad}");
            }
        }
    }
}
