//! `--dev`: what development changes about the listeners. Knows nothing of what else it turns on.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::listen::{Listener, PlainHttp, is_loopback};
use super::reader::Reader;
use super::source::Source;

const DEV_ADDR: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// `--dev`: plain HTTP, or with `tls` what production does; always on loopback.
pub fn apply(reader: &mut Reader, listen: &mut [Listener], tls: bool) {
    for (index, listener) in listen.iter_mut().enumerate() {
        let keys = [
            format!("listen[{index}].addr"),
            format!("listen[{index}].tls"),
            format!("listen[{index}].http"),
        ];
        let set = reader.source_of("listen").layer().max(reader.source_of(&keys[0]).layer()) > 0;
        if !set {
            listener.addr = DEV_ADDR;
            reader.overrule(&keys[0], format!("{:?}", DEV_ADDR.to_string()), Source::Flag("--dev".into()));
        }
        if !is_loopback(listener.addr.ip()) {
            let reason = format!("--dev listens on loopback only, and {} is not", listener.addr);
            let key = if reader.source_of("listen").layer() > 0 { "listen" } else { &keys[0] };
            reader.problem_with(key, &reason, Some("use --listen 127.0.0.1:8080"));
        }
        (listener.tls, listener.http) =
            if tls { (true, PlainHttp::Reject) } else { (false, PlainHttp::Open) };
        let flag = Source::Flag(if tls { "--tls" } else { "--dev" }.into());
        reader.overrule(&keys[1], tls.to_string(), flag.clone());
        reader.overrule(&keys[2], if tls { r#""reject""# } else { r#""open""# }.into(), flag);
    }
}
