//! Asks a running server whether it is ready. Knows no more of HTTP than one request.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use super::failure::Failure;
use crate::config::{Config, PlainHttp};

/// How long connecting, and each step of asking, may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// As much of the answer as is read: its first line is enough.
const ANSWER_BYTES_MAX: u64 = 1024;

/// Asks the first listener that answers plain HTTP. `/health/ready` is answered there in every mode but `off`.
pub fn ask(config: &Config) -> Result<String, Failure> {
    let listener = config.listen.iter().find(|listener| listener.http != PlainHttp::Off);
    let listener = listener.ok_or_else(|| {
        let help = "set listen.http to \"reject\": health is answered then, and everything else refused";
        Failure::new("every listener closes plain HTTP, so there is nothing to ask").help(help)
    })?;
    let address = SocketAddr::new(reachable(listener.addr.ip()), listener.addr.port());
    let status =
        status_of(address).map_err(|error| Failure::new(format!("{address} does not answer: {error}")))?;
    if status == "200" {
        Ok("ready".to_owned())
    } else {
        Err(Failure::new(format!("{address} is not ready")))
    }
}

/// The address at which this machine reaches a listener.
fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        // `[::]` takes IPv4 too, and loopback of IPv6 is not everywhere.
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        other => other,
    }
}

fn status_of(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
    Ok(answer.split(' ').nth(1).unwrap_or_default().to_owned())
}
