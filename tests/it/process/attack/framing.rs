//! Requests whose end is in doubt, and lines that are none: 400 and closed, and nothing behind them is served.

use super::{Target, status};

/// What an attacker wants served unseen.
const HIDDEN: &str = "GET /health HTTP/1.1\r\nhost: a\r\n\r\n";

/// One 400, and the connection is over.
#[track_caller]
fn refused(answer: &str, what: &[u8]) {
    let what = String::from_utf8_lossy(what);
    assert_eq!(status(answer), "400", "{what:?}\n{answer}");
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{what:?}\n{answer}");
    assert!(answer.to_lowercase().contains("\r\nconnection: close\r\n"), "{what:?}\n{answer}");
    // What the parser itself refuses has no body that a browser could take for anything.
    assert!(
        answer.contains("\r\ncontent-length: 0\r\n") && answer.ends_with("\r\n\r\n"),
        "{what:?}\n{answer}"
    );
    assert!(!answer.to_lowercase().contains("\r\nserver:"), "{what:?}\n{answer}");
}

/// R76.
#[test]
fn a_request_that_could_be_read_in_two_ways_is_400_and_closed() {
    let target = Target::start(&[]);
    for fields in [
        "content-length: 5\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 5",
        "transfer-encoding: xchunked",
        "transfer-encoding: x\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: gzip, chunked",
        "transfer-encoding: chunked;x=y",
        "transfer-encoding: \u{b}chunked",
        "transfer-encoding: \"chunked\"",
        "transfer-encoding:",
        "transfer-encoding : chunked",
        "transfer-encoding\u{0}: chunked",
        "content-length: 5\r\ncontent-length: 5",
        "content-length: 5\r\ncontent-length: 6",
        "content-length: 5, 5",
        "content-length: -5",
        "content-length: +5",
        "content-length: 0x5",
        "content-length: 5 5",
        "content-length: 99999999999999999999",
        "content-length: five",
        "content-length:",
        "x: y\r\n content-length: 5",
        "x: y\r\n\ttransfer-encoding: chunked",
        "x: y\ncontent-length: 5",
        "x: y\rcontent-length: 5",
        "x: y\r\r\ncontent-length: 5",
        "x: a\0b",
        "x: a\u{1}b",
        "x",
        ": x",
        "x y: z",
        "host: b",
        "\u{e9}: x",
    ] {
        let request = format!("POST /api/v1/auth/refresh HTTP/1.1\r\nhost: a\r\n{fields}\r\n\r\n{HIDDEN}");
        refused(&target.ask(&request), request.as_bytes());
    }
    target.end();
}

#[test]
fn a_chunk_that_could_be_read_in_two_ways_ends_the_request_and_the_connection() {
    let target = Target::start(&[]);
    for chunks in [
        "x\r\n",
        "-1\r\n",
        "+1\r\na\r\n0\r\n\r\n",
        "0x1\r\na\r\n0\r\n\r\n",
        " 1\r\na\r\n0\r\n\r\n",
        "\r\n",
        "1\na\n0\n\n",
        "1\r\nab\r\n0\r\n\r\n",
        "1;x\ny\r\na\r\n0\r\n\r\n",
        "FFFFFFFFFFFFFFFFF\r\na",
        "10000000000000000\r\na",
        "FFFFFFFFFFFFFFFF1\r\na",
        "0\r\n\n",
        "0\r\nx\r\n\r\n",
        "0\r\nx y: z\r\n\r\n",
    ] {
        let request = format!(
            "POST /api/v1/auth/refresh HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\
             transfer-encoding: chunked\r\n\r\n{chunks}{HIDDEN}"
        );
        let answer = target.ask(&request);
        assert_eq!(status(&answer), "400", "{chunks:?}\n{answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{chunks:?}\n{answer}");
    }
    target.end();
}

#[test]
fn what_is_no_request_line_is_400_and_closed() {
    let target = Target::start(&[]);
    let mut lines: Vec<Vec<u8>> = [
        "GET / HTTP/1.1\nhost: a\n\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/2.0\r\nhost: a\r\n\r\n",
        "GET / HTTP/9.9\r\nhost: a\r\n\r\n",
        "GET / HTTP/1.1 \r\nhost: a\r\n\r\n",
        "GET / http/1.1\r\nhost: a\r\n\r\n",
        "GET /\r\nhost: a\r\n\r\n",
        "GET  / HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET / / HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET /a\0b HTTP/1.1\r\nhost: a\r\n\r\n",
        "G@T / HTTP/1.1\r\nhost: a\r\n\r\n",
        "G\0T / HTTP/1.1\r\nhost: a\r\n\r\n",
        " GET / HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET\t/\tHTTP/1.1\r\nhost: a\r\n\r\n",
        "/ HTTP/1.1\r\nhost: a\r\n\r\n",
        "\0\r\n\r\n",
        "{}\r\n\r\n",
        "EHLO mail.example\r\n\r\n",
    ]
    .map(|line| line.as_bytes().to_vec())
    .into();
    lines.push(b"\xff\xfe\xfd / HTTP/1.1\r\nhost: a\r\n\r\n".to_vec());
    lines.push(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec());
    for line in lines {
        refused(&target.ask(&line), &line);
    }
    target.end();
}

#[test]
fn odd_methods_and_paths_get_a_4xx_in_the_envelope() {
    let target = Target::start(&[]);
    for (line, expected) in [
        ("BREW /api/v1/auth/login", "405"),
        ("get /api/v1/auth/me", "405"),
        ("TRACE /api/v1/auth/login", "405"),
        ("PRI /api/v1/auth/login", "405"),
        ("OPTIONS /api/v1/auth/login", "405"),
        ("OPTIONS *", "404"),
        ("GET /wherever", "404"),
        ("GET health", "404"),
        ("GET //api/v1/auth/me", "404"),
        ("GET /api/v1/../../etc/passwd", "404"),
        ("GET /api/v1/%2e%2e/%2e%2e/etc/passwd", "404"),
        ("GET /api/v1/auth/me%00", "404"),
        ("GET /api/v1/auth/me;x=y", "404"),
        ("GET /%ff%fe", "404"),
        ("GET /api/v1/auth/verify-email/%ff", "400"),
        ("GET http://evil.example/wherever", "404"),
        ("GET /\u{e9}\u{4e2d}", "404"),
    ] {
        let answer = target.ask(format!("{line} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"));
        assert_eq!(status(&answer), expected, "{line}\n{answer}");
        assert!(answer.contains("\"success\":false") || line.starts_with("HEAD"), "{line}\n{answer}");
        assert!(!answer.contains("evil.example") && !answer.contains("passwd"), "{line}\n{answer}");
    }
    for line in ["CONNECT evil.example:443".to_owned(), "X".repeat(3_000) + " /wherever"] {
        let answer = target.ask(format!("{line} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"));
        assert!(status(&answer).starts_with('4'), "{line}\n{answer}");
    }
    target.end();
}

/// R77.
#[test]
fn heads_that_are_too_large_are_431_and_closed() {
    let target = Target::start(&[]);
    let path = format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "y".repeat(100_000));
    let field = format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "y".repeat(100_000));
    let fields = format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: y\r\n".repeat(100));
    let endless = format!("GET / HTTP/1.1\r\nhost: a\r\n{}", "x: y\r\n".repeat(1_000_000));
    for request in [path, field, fields] {
        let answer = target.ask(&request);
        assert_eq!(status(&answer), "431", "{}..\n{answer}", &request[..40]);
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1);
    }
    // Whoever sends on and on may lose the answer to the reset.
    let answer = target.ask(endless);
    assert!(["431", "none"].contains(&status(&answer)), "{answer}");
    target.end();
}

/// R79.
#[test]
fn requests_sent_ahead_are_answered_in_turn_and_never_more_than_a_buffer_of_them_waits() {
    let target = Target::hasty();
    let mut some = HIDDEN.repeat(99);
    some.push_str("GET /health HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    assert_eq!(target.ask(some).matches("HTTP/1.1 200 ").count(), 100);
    let before = target.memory_kib("VmHWM");
    let mut stream = target.tls(b"http/1.1");
    // Nobody reads the answers: the server stops reading, and closes when nothing has moved for the idle time.
    let sent = std::io::Write::write_all(&mut stream, HIDDEN.repeat(2_000_000).as_bytes());
    assert!(sent.is_err(), "74 MB of requests were taken");
    let grown = target.memory_kib("VmHWM") - before;
    assert!(grown < 16 * 1024, "{grown} KiB");
    target.end();
}
