//! Clients that stop or drip: closed within the deadline, and they hold nobody up.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use super::{DEADLINE, Door, Target, in_time, rest, status};

/// The time between two drops.
const DROP: Duration = Duration::from_millis(100);

/// Sends `piece` again and again until the server closes; what it said.
fn drip<T: Read + Write>(stream: &mut T, piece: &[u8]) -> String {
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        // The read waits for the close, and its time-out is the pause between two drops.
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if stream.write_all(piece).and_then(|()| stream.flush()).is_err() {
                    break;
                }
            }
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn dripping(door: &Door, start: &[u8], piece: &[u8]) -> String {
    let mut stream = door.tls(b"http/1.1");
    stream.sock.set_read_timeout(Some(DROP)).unwrap();
    stream.write_all(start).and_then(|()| stream.flush()).unwrap();
    drip(&mut stream, piece)
}

fn until_closed(mut stream: TcpStream, start: &[u8]) -> io::Result<usize> {
    stream.write_all(start)?;
    stream.read_to_end(&mut Vec::new())
}

const POST: &[u8] = b"POST /api/v1/auth/login HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n";

#[test]
fn whoever_stops_half_way_is_closed_within_the_deadline() {
    let target = Target::hasty();
    thread::scope(|scope| {
        let door = &*target;
        scope.spawn(|| in_time("silence", || until_closed(door.tcp(), b"")));
        scope.spawn(|| in_time("half a handshake", || until_closed(door.tcp(), b"\x16\x03\x01\x02\x00\x01")));
        scope.spawn(|| in_time("silence over TLS", || assert_eq!(rest(&mut door.tls(b"http/1.1")), "")));
        for half in ["G", "GET / HTTP/1.1", "GET / HTTP/1.1\r\nhost: a", "GET / HTTP/1.1\r\nhost: a\r\n"] {
            scope.spawn(move || in_time(half, || assert_eq!(door.ask(half), "")));
        }
        for more in [
            "content-length: 100\r\n\r\n{",
            "transfer-encoding: chunked\r\n\r\n",
            "transfer-encoding: chunked\r\n\r\n5\r\n{",
        ] {
            scope.spawn(move || {
                let answer = in_time(more, || door.ask([POST, more.as_bytes()].concat()));
                assert_eq!(status(&answer), "408", "{more:?} {answer}");
                assert!(answer.contains("\"code\":\"REQUEST_TIMEOUT\""), "{answer}");
            });
        }
        scope.spawn(|| {
            let answer = in_time("rest", || door.ask("GET /health HTTP/1.1\r\nhost: a\r\n\r\n"));
            assert_eq!(answer.matches("HTTP/1.1 200 ").count(), 1, "{answer}");
        });
        scope.spawn(|| door.assert_unharmed());
    });
    target.end();
}

#[test]
fn a_drip_extends_no_deadline() {
    assert!(DROP * 5 < DEADLINE);
    let target = Target::hasty();
    thread::scope(|scope| {
        let door = &*target;
        scope.spawn(|| {
            let mut stream = door.tcp();
            stream.set_read_timeout(Some(DROP)).unwrap();
            stream.write_all(b"\x16\x03\x01\x40\x00\x01").unwrap();
            in_time("a dripping handshake", || drip(&mut stream, b"\0"))
        });
        for start in [&b"GET /"[..], b"GET / HTTP/1.1\r\nhost: a\r\nx: ", b"GET / HTTP/1.1\r\nhost: a\r\n"] {
            scope.spawn(move || {
                let answer = in_time("a dripping head", || dripping(door, start, b"y"));
                assert_eq!(answer, "");
            });
        }
        scope.spawn(|| in_time("empty lines before a request", || dripping(door, b"\r\n", b"\r\n")));
        for (more, piece) in
            [("content-length: 60000\r\n\r\n", "x"), ("transfer-encoding: chunked\r\n\r\n", "1\r\nx\r\n")]
        {
            scope.spawn(move || {
                let start = [POST, more.as_bytes()].concat();
                let answer = in_time("a dripping body", || dripping(door, &start, piece.as_bytes()));
                assert_eq!(status(&answer), "408", "{answer}");
            });
        }
        scope.spawn(|| door.assert_unharmed());
    });
    target.end();
}

#[test]
fn whoever_does_not_read_the_answers_is_cut() {
    let target = Target::hasty();
    let mut stream = target.tls(b"http/1.1");
    let large = "GET /docs/swagger-ui.js HTTP/1.1\r\nhost: a\r\n\r\n".repeat(200_000);
    // The unread answers block the server, it stops reading, and then this blocks until the server gives up.
    in_time("unread answers", || assert!(stream.write_all(large.as_bytes()).is_err()));
    target.end();
}
