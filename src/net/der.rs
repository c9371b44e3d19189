//! When a certificate ends, read from its bytes (RFC 5280, 4.1). Knows nothing else of certificates, and trusts nothing:
//! what it cannot read has no end.

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The end of a certificate's validity, as RFC 3339 writes it.
pub fn not_after(certificate: &[u8]) -> Option<String> {
    let (certificate, _) = content_of(SEQUENCE, certificate)?;
    let (mut rest, _) = content_of(SEQUENCE, certificate)?;
    if let Some((_, behind)) = content_of(VERSION, rest) {
        rest = behind;
    }
    // Serial number, signature algorithm, issuer.
    for _ in 0..3 {
        rest = element(rest)?.2;
    }
    let (validity, _) = content_of(SEQUENCE, rest)?;
    let (_, _, behind_not_before) = element(validity)?;
    let (tag, text, _) = element(behind_not_before)?;
    let text = std::str::from_utf8(text).ok()?;
    let (century, text) = match tag {
        UTC_TIME if text.get(..2)? >= "50" => ("19", text),
        UTC_TIME => ("20", text),
        GENERALIZED_TIME => ("", text),
        _ => return None,
    };
    let text = format!("{century}{text}");
    let is_time = text.len() == 15 && text.ends_with('Z');
    let part = |from: usize, to: usize| text.get(from..to);
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let (hour, minute, second) = (part(8, 10)?, part(10, 12)?, part(12, 14)?);
    is_time.then(|| format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))
}

/// What the first element holds, if it has this tag; and what follows it.
fn content_of(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = element(bytes)?;
    (found == tag).then_some((content, rest))
}

/// Tag and content of the first element, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        if !(1..=4).contains(&count) {
            return None;
        }
        let (length, rest) = rest.split_at_checked(count)?;
        (length.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn ending(year: i32, month: u8, day: u8) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, month, day);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn the_end_is_read_in_both_kinds_of_time() {
        assert_eq!(not_after(&ending(2027, 12, 23)).unwrap(), "2027-12-23T00:00:00Z");
        assert_eq!(not_after(&ending(2049, 1, 2)).unwrap(), "2049-01-02T00:00:00Z");
        assert_eq!(not_after(&ending(2051, 3, 4)).unwrap(), "2051-03-04T00:00:00Z");
    }

    #[test]
    fn whatever_is_cut_off_or_changed_is_no_panic() {
        let whole = ending(2027, 12, 23);
        for end in 0..whole.len() {
            let _ = not_after(&whole[..end]);
        }
        for at in 0..whole.len() {
            for byte in [0, 0x7f, 0x80, 0x84, 0xff] {
                let mut changed = whole.clone();
                changed[at] = byte;
                let _ = not_after(&changed);
            }
        }
        assert_eq!(not_after(&[]), None);
    }
}
