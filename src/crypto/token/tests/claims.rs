//! Well-signed tokens with wrong claims.

use super::*;

/// R20, R27.
#[test]
fn every_claim_must_be_there_once_and_of_its_type() {
    let whole = payload();
    for member in ["user_id", "email", "name", "roles", "type", "iat", "exp", "jti", "sid", "iss", "aud"] {
        let mut missing = whole.clone();
        missing.as_object_mut().unwrap().remove(member);
        assert_eq!(fault_of(missing.to_string().as_bytes()), Some(TokenFault::Malformed), "{member} missing");

        let value = &whole[member];
        let twice = format!("{{\"{member}\":{value},{}", &whole.to_string()[1..]);
        assert_eq!(fault_of(twice.as_bytes()), Some(TokenFault::Malformed), "{member} twice");

        for bad in [json!(null), json!(true), json!({}), json!([1]), json!(1.5), json!([null])] {
            assert_eq!(fault_with(member, bad.clone()), Some(TokenFault::Malformed), "{member} = {bad}");
        }
    }
    for member in ["user_id", "jti", "sid"] {
        for bad in ["", "1", "01010101010101010101010101010101", "{01010101-0101-0101-0101-010101010101}"] {
            assert_eq!(fault_with(member, json!(bad)), Some(TokenFault::Malformed), "{member} = {bad}");
        }
    }
    for member in ["nbf", "sub", "admin", "permissions", "User_id", ""] {
        assert_eq!(fault_with(member, json!(1)), Some(TokenFault::Malformed), "{member}");
    }
    let array = format!(
        "[{}]",
        whole.as_object().unwrap().values().map(Value::to_string).collect::<Vec<_>>().join(",")
    );
    for bad in [array.as_str(), "", "null", "{}", "[]", "\"\"", " {}", "{", "\u{0}"] {
        assert_eq!(fault_of(bad.as_bytes()), Some(TokenFault::Malformed), "{bad}");
    }
    assert_eq!(fault_of(&[whole.to_string().as_bytes(), b"{}"].concat()), Some(TokenFault::Malformed));
    assert_eq!(fault_of(b"{\"user_id\":\"\xff\"}"), Some(TokenFault::Malformed));
}

/// R27.
#[test]
fn times_are_plain_integers_within_reason() {
    let written = payload().to_string();
    let raw = |member: &str, value: &str| {
        let good = format!("\"{member}\":{}", payload()[member]);
        fault_of(written.replace(&good, &format!("\"{member}\":{value}")).as_bytes())
    };
    for member in ["iat", "exp"] {
        for bad in [
            "\"1800000000\"",
            "1800000000.0",
            "1.8e9",
            "18e8",
            "-1",
            "-0",
            "-1800000000",
            "null",
            "01800000000",
            "+1800000000",
            "0x6b49d200",
            "9223372036854775808",
            "1e400",
            "NaN",
            "Infinity",
            "true",
            "[1800000000]",
            "1_800_000_000",
        ] {
            assert_eq!(raw(member, bad), Some(TokenFault::Malformed), "{member} = {bad}");
        }
    }
    assert_eq!(raw("exp", "9223372036854775807"), Some(TokenFault::Malformed));
    assert_eq!(raw("exp", "253402300800"), Some(TokenFault::Malformed));
    assert_eq!(raw("exp", &(NOW + 3_601).to_string()), Some(TokenFault::LivesTooLong));
    assert_eq!(raw("exp", &NOW.to_string()), Some(TokenFault::Malformed), "it never lived");
    assert_eq!(raw("exp", "0"), Some(TokenFault::Malformed));
    assert_eq!(raw("iat", "0"), Some(TokenFault::LivesTooLong));
}

/// R29.
#[test]
fn time_is_judged_by_the_given_clock_to_the_millisecond() {
    let keys = keys();
    let token = keys.sign_access(&access());
    let at = |millis: i64| {
        let at = Timestamp::from_millis(millis);
        let read = keys.verify_access(&token, at).err();
        assert_eq!(keys.subject(&token, at).err(), read, "a token that was seen before is judged alike");
        read
    };
    assert_eq!(keys.subject(&token, now()).map(|subject| subject.sid), Ok(access().sid));
    assert_eq!(at((NOW + 3_600) * 1_000 - 1), None);
    assert_eq!(at((NOW + 3_600) * 1_000), Some(TokenFault::Expired));
    assert_eq!(at(i64::MAX), Some(TokenFault::Expired));
    assert_eq!(at((NOW - 5) * 1_000), None);
    assert_eq!(at((NOW - 5) * 1_000 - 1), Some(TokenFault::NotYetValid));
    assert_eq!(at(0), Some(TokenFault::NotYetValid));
    assert_eq!(at(i64::MIN), Some(TokenFault::NotYetValid));
}

/// R26.
#[test]
fn kinds_never_mix() {
    let keys = keys();
    let (access, refresh) = (keys.sign_access(&access()), keys.sign_refresh(&refresh()));
    assert_eq!(keys.verify_refresh(&access, now()), Err(TokenFault::WrongKind));
    assert_eq!(keys.verify_access(&refresh, now()), Err(TokenFault::WrongKind));
    for kind in ["refresh", "mfa", "Access", "access ", "", "ACCESS"] {
        assert_eq!(fault_with("type", json!(kind)), Some(TokenFault::WrongKind), "{kind}");
    }
    // A refresh token that carries an access token's claims is neither.
    let mut both = payload();
    both["type"] = json!("refresh");
    let both = signed(HEADER.as_bytes(), both.to_string().as_bytes());
    assert_eq!(keys.verify_refresh(&both, now()), Err(TokenFault::Malformed));
}

/// R27.
#[test]
fn issuer_and_audience_are_exactly_ours() {
    for bad in ["", "https://auth.example/", "HTTPS://auth.example", "https://evil.example"] {
        assert_eq!(fault_with("iss", json!(bad)), Some(TokenFault::WrongIssuer), "{bad}");
        assert_eq!(fault_with("aud", json!(bad)), Some(TokenFault::WrongAudience), "{bad}");
    }
    for bad in [json!(7), json!(["latchkey"]), json!(null)] {
        assert_eq!(fault_with("aud", bad.clone()), Some(TokenFault::Malformed), "{bad}");
        assert_eq!(fault_with("iss", bad.clone()), Some(TokenFault::Malformed), "{bad}");
    }
}

/// R25.
#[test]
fn oversized_tokens_are_not_looked_at_and_large_or_deep_payloads_are_refused() {
    let long = "a".repeat(MAX_TOKEN_LEN + 1);
    assert_eq!(keys().verify_access(&long, now()), Err(TokenFault::TooLong));
    let deep = format!("{{\"user_id\":{}1{}}}", "[".repeat(2_500), "]".repeat(2_500));
    assert_eq!(fault_of(deep.as_bytes()), Some(TokenFault::Malformed));
    let objects = "{\"a\":".repeat(1_100);
    assert_eq!(fault_of(objects.as_bytes()), Some(TokenFault::Malformed));
    let mut roles = payload();
    roles["roles"] = json!(vec!["r"; 1_200]);
    assert_eq!(fault_of(roles.to_string().as_bytes()), None, "within the cap a long list is only a list");
    let mut name = payload();
    name["name"] = json!("n".repeat(6_000));
    assert_eq!(fault_of(name.to_string().as_bytes()), Some(TokenFault::TooLong));
}
