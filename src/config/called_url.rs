//! URLs that this server calls. Knows not what for.

use std::net::IpAddr;

use super::listen::is_loopback;

/// Reads a URL: `https`, or `http` on loopback; elsewhere it is refused for the reason `why_not_http`.
pub fn parse(text: &str, why_not_http: &str) -> Result<String, String> {
    let expected = || "expected https://host[:port][/path], without user name and fragment".to_owned();
    let uri: http::Uri = text.parse().map_err(|_| expected())?;
    let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else { return Err(expected()) };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_local = bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(is_loopback);
    let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    match scheme {
        _ if has_user || text.contains('#') => Err(expected()),
        "https" => Ok(text.to_owned()),
        "http" if is_local => Ok(text.to_owned()),
        "http" => Err(why_not_http.to_owned()),
        _ => Err(expected()),
    }
}
