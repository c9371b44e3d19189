use super::*;

fn shown_by(values: &[(&str, &str)]) -> Result<String, ErrorCode> {
    let mut headers = HeaderMap::new();
    for (name, value) in values {
        headers.append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
    }
    shown(&headers, NAME).map(|shown| format!("{shown:?}")).map_err(|error| error.code())
}

fn authorization(value: &str) -> Result<String, ErrorCode> {
    shown_by(&[("authorization", value)])
}

#[test]
fn the_scheme_may_be_spelt_in_any_case() {
    assert_eq!(authorization("bEaReR a.b.c").unwrap(), r#"Token("a.b.c")"#);
    assert_eq!(authorization("Bearer abc").unwrap(), r#"Token("abc")"#);
    assert_eq!(authorization("aPiKeY lk_abc").unwrap(), r#"Key("lk_abc")"#);
}

/// X29.
#[test]
fn a_key_may_come_in_three_ways() {
    for (name, value) in
        [("x-api-key", "lk_abc"), ("authorization", "ApiKey lk_abc"), ("authorization", "Bearer lk_abc")]
    {
        assert_eq!(shown_by(&[(name, value)]).unwrap(), r#"Key("lk_abc")"#, "{name}: {value}");
    }
    assert_eq!(authorization("Bearer a_b.c.d").unwrap(), r#"Token("a_b.c.d")"#);
}

#[test]
fn no_header_is_told_apart_from_a_bad_one() {
    assert_eq!(shown_by(&[]), Err(ErrorCode::Unauthorized));
    for bad in ["", "Bearer", "Bearer ", "abc", "Basic abc", "Token abc", "ApiKey", "ApiKey "] {
        assert_eq!(authorization(bad), Err(ErrorCode::TokenInvalid), "{bad:?}");
    }
}

#[test]
fn a_cookie_of_ours_is_a_credential_and_no_other_is() {
    let ours = ("cookie", "a=b; __Host-latchkey=x");
    assert_eq!(shown_by(&[ours]).unwrap(), r#"Cookie("x")"#);
    assert_eq!(shown_by(&[("cookie", "a=b")]), Err(ErrorCode::Unauthorized));
    let token = ("authorization", "Bearer a.b.c");
    assert_eq!(shown_by(&[token, ("cookie", "a=b")]).unwrap(), r#"Token("a.b.c")"#);
}

#[test]
fn two_credentials_are_refused_even_when_equal() {
    let (token, key) = (("authorization", "Bearer lk_abc"), ("x-api-key", "lk_abc"));
    let cookie = ("cookie", "__Host-latchkey=lk_abc");
    for two in [[token, token], [key, key], [token, key], [cookie, cookie], [cookie, key], [token, cookie]] {
        assert_eq!(shown_by(&two), Err(ErrorCode::TokenInvalid), "{two:?}");
    }
}
