//! `[[listen]]`: the addresses the server answers on. Knows no sockets.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;

use super::profiles::EnabledProfile;
use super::public_url::PublicUrl;
use super::reader::{Choice, Reader};
use crate::domain::profile::Profile;

const MAX_LISTENERS: usize = 16;

/// What an address looks like, for messages.
pub const EXPECTED: &str = r#"an address with a port such as "0.0.0.0:8443", "[::1]:8443" or ":8443""#;

/// One address and what it speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Where to listen. `[::]` means every address, IPv4 and IPv6.
    pub addr: SocketAddr,
    /// Whether TLS is spoken here.
    pub tls: bool,
    /// What a request in plain HTTP gets here.
    pub http: PlainHttp,
    /// The profile whose paths begin at the root here.
    pub root: Option<Profile>,
}

/// What a request in plain HTTP gets. `/health*` answers in every mode but `Off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlainHttp {
    /// The connection is closed.
    Off,
    /// 403 `HTTPS_REQUIRED`.
    #[default]
    Reject,
    /// 301 to the public URL.
    Redirect,
    /// An answer when the peer is one of `trusted_proxies`, and 403 otherwise.
    Trusted,
    /// An answer for everyone. Only `--dev` makes this, and only on loopback.
    Open,
}

impl Choice for PlainHttp {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("off", Self::Off),
        ("reject", Self::Reject),
        ("redirect", Self::Redirect),
        ("trusted", Self::Trusted),
    ];
}

impl Listener {
    /// Whether the API can be reached here at all.
    pub fn serves(&self) -> bool {
        self.tls || matches!(self.http, PlainHttp::Trusted | PlainHttp::Open)
    }

    pub(super) fn read(reader: &mut Reader) -> Vec<Self> {
        let addrs = reader.left.contains_key("listen").then(|| reader.list("listen", EXPECTED, parse_addr));
        reader.known.insert("listen".into());
        let count = addrs.as_ref().map_or_else(|| reader.sections("listen"), Vec::len);
        if count == 0 || count > MAX_LISTENERS {
            if reader.problems.iter().all(|problem| !problem.what.starts_with("listen:")) {
                reader.problem("listen", &format!("expected 1 to {MAX_LISTENERS} addresses, found {count}"));
            }
            return Vec::new();
        }
        let usual_root = profile(reader, "root_profile");
        let listeners = (0..count).filter_map(|index| {
            let given = addrs.as_ref().and_then(|addrs| addrs.get(index)).copied();
            let key = |name| format!("listen[{index}].{name}");
            let addr = given.or_else(|| reader.parsed(&key("addr"), EXPECTED, parse_addr));
            let (tls, http) = (reader.switch(&key("tls")), reader.choice(&key("http")));
            let root = profile(reader, &key("root")).or(usual_root);
            Some(Self { addr: addr?, tls, http, root })
        });
        let listeners: Vec<_> = listeners.collect();
        Self::check_alone(&listeners, reader);
        listeners
    }

    fn check_alone(listeners: &[Self], reader: &mut Reader) {
        for (index, listener) in listeners.iter().enumerate() {
            if !listener.tls && listener.http == PlainHttp::Off {
                reader.problem(
                    &format!("listen[{index}].http"),
                    r#""off" without tls leaves nothing to answer"#,
                );
            }
            let same = listeners
                .iter()
                .take(index)
                .any(|other| other.addr == listener.addr && listener.addr.port() != 0);
            if same {
                reader
                    .problem(&format!("listen[{index}].addr"), &format!("{} is listed twice", listener.addr));
            }
        }
        if !listeners.is_empty() && !listeners.iter().any(Self::serves) {
            reader
                .problem("listen[0].tls", r#"no listener serves the API: one needs tls or http = "trusted""#);
        }
    }
}

fn profile(reader: &mut Reader, key: &str) -> Option<Profile> {
    reader.parsed(key, "the name of a profile", |text| {
        text.parse::<Profile>().map_err(|error| error.to_string())
    })
}

/// A root profile must be switched on.
pub fn check_roots(reader: &mut Reader, listen: &[Listener], profiles: &[EnabledProfile]) {
    for (index, listener) in listen.iter().enumerate() {
        let Some(root) = listener.root else { continue };
        if !profiles.iter().any(|enabled| enabled.profile == root) {
            let why = format!("{:?} needs profiles.{root}.enabled", root.name());
            reader.problem(&format!("listen[{index}].root"), &why);
        }
    }
}

/// Clients of the scribes guide find plain HTTP sent on (S34, X28): where nothing else is said, the address with that
/// profile at its root does so. Known once the public URL is.
pub fn send_on(reader: &mut Reader, listen: &mut [Listener], url: Option<&PublicUrl>, dev: bool) {
    for (index, listener) in listen.iter_mut().enumerate() {
        let key = format!("listen[{index}].http");
        let is_said = !dev && reader.source_of(&key).layer() > 0;
        let is_usual = listener.tls && listener.http == PlainHttp::Reject && !is_said;
        if is_usual && listener.root == Some(Profile::Scribes) && url.is_some_and(PublicUrl::is_https) {
            listener.http = PlainHttp::Redirect;
            reader.set_shown(&key, Some(r#""redirect""#.to_owned()));
        }
    }
}

/// What the listeners need from the settings above them.
pub fn check(reader: &mut Reader, listen: &[Listener], url: Option<&PublicUrl>, proxies: &[IpNet]) {
    for (index, listener) in listen.iter().enumerate() {
        let key = format!("listen[{index}].http");
        if listener.http == PlainHttp::Trusted && proxies.is_empty() {
            let help = Some(r#"set trusted_proxies to the addresses of your proxy, such as ["127.0.0.1"]"#);
            reader.problem_with(&key, r#""trusted" needs trusted_proxies"#, help);
        }
        if listener.http == PlainHttp::Redirect && url.is_some_and(|url| !url.is_https()) {
            reader.problem(&key, r#""redirect" needs a public_url with https"#);
        }
    }
}

/// Reads an address with a port. Without an address it means every one; `localhost` is 127.0.0.1.
pub fn parse_addr(text: &str) -> Result<SocketAddr, String> {
    let port = |text: &str| text.parse::<u16>().ok();
    let all = || Some(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port(text.strip_prefix(':')?)?)));
    let local = || Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port(text.strip_prefix("localhost:")?)?)));
    let addr = text.parse().ok().or_else(all).or_else(local);
    addr.ok_or_else(|| format!("expected {EXPECTED}, found {text:?}"))
}

/// Whether an address is this machine's own, also when written as an IPv4 address in IPv6.
pub fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}
