//! HTTP/2 abused, frame by frame (RFC 9113, 4.1): GOAWAY, a reset stream, a 4xx, or a closed connection.

use std::io::{Read, Write};
use std::thread;

use super::{Door, Target, Tls, in_time};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const DATA: u8 = 0x0;
const HEADERS: u8 = 0x1;
const RST_STREAM: u8 = 0x3;
const SETTINGS: u8 = 0x4;
const PING: u8 = 0x6;
const GOAWAY: u8 = 0x7;
const CONTINUATION: u8 = 0x9;
/// `:status: 200` in the static table of HPACK.
const STATUS_200: u8 = 0x88;
/// `:method: GET`, `:method: POST`, `:scheme: https`, `:path: /`.
const GET: u8 = 0x82;
const POST: u8 = 0x83;
const HTTPS: u8 = 0x87;
const ROOT: u8 = 0x84;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A field that is not indexed.
fn field(name: &str, value: &str) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    assert!(name.len() < 127 && value.len() < 127);
    [vec![0], text(name), text(value)].concat()
}

/// The head of `GET path` or `POST path`, with more fields.
fn head(method: u8, path: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = vec![method, HTTPS];
    block.extend(field(":path", path));
    block.extend(field(":authority", "a"));
    block.extend(fields.iter().flat_map(|(name, value)| field(name, value)));
    block
}

/// A connection that has sent its preface and then `bytes`. The server may have closed it by then.
fn sent(door: &Door, bytes: &[u8]) -> Tls {
    let mut stream = door.tls(b"h2");
    stream.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat()).unwrap();
    let _ = stream.write_all(bytes).and_then(|()| stream.flush());
    stream
}

/// Every frame up to the end of the connection: kind, stream, payload.
fn frames(stream: &mut Tls) -> Vec<(u8, u32, Vec<u8>)> {
    let mut frames = Vec::new();
    let mut head = [0; 9];
    while stream.read_exact(&mut head).is_ok() {
        let mut payload = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
        if stream.read_exact(&mut payload).is_err() {
            break;
        }
        frames.push((head[3], u32::from_be_bytes([head[5], head[6], head[7], head[8]]), payload));
    }
    frames
}

/// The statuses, in order: of those in the static table by number, of others 0.
fn statuses(frames: &[(u8, u32, Vec<u8>)]) -> Vec<u8> {
    frames.iter().filter(|(kind, ..)| *kind == HEADERS).map(|(_, _, payload)| payload[0]).collect()
}

/// Sends a burst, which the server must end the connection for.
#[track_caller]
fn ended_by(door: &Door, what: &str, burst: &[u8]) -> Vec<(u8, u32, Vec<u8>)> {
    in_time(what, || frames(&mut sent(door, burst)))
}

#[test]
fn floods_end_the_connection_at_once() {
    // Only the floods can end these connections: every deadline is far off.
    let target =
        Target::start(&[("LATCHKEY_NET__IDLE_TIMEOUT", "1h"), ("LATCHKEY_NET__HEADER_TIMEOUT", "1m")]);
    let before = target.memory_kib("VmHWM");
    let mut resets = Vec::new();
    // Fewer than the frames without content that a second has room for: those end a connection without a word.
    for stream in (1..801).step_by(2) {
        resets.extend(frame(HEADERS, END_HEADERS | END_STREAM, stream, &head(GET, "/api/v1/auth/me", &[])));
        resets.extend(frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]));
    }
    let goaway = ended_by(&target, "rapid reset", &resets);
    assert!(
        goaway.iter().any(|(kind, _, payload)| *kind == GOAWAY && payload[7] == 0xb),
        "ENHANCE_YOUR_CALM"
    );

    for (what, flood) in [
        ("pings", frame(PING, 0, 0, &[7; 8])),
        ("settings", frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0xff, 0xff])),
        ("priorities", frame(0x2, 0, 1, &[0, 0, 0, 0, 16])),
        ("window updates", frame(0x8, 0, 0, &[0, 0, 0, 1])),
        ("unknown frames", frame(0x42, 0, 0, &[0; 8])),
    ] {
        ended_by(&target, what, &flood.repeat(20_000));
    }
    let mut continued = frame(HEADERS, END_STREAM, 1, &head(GET, "/health", &[]));
    continued.extend(frame(CONTINUATION, 0, 1, &field("x", &"y".repeat(100))).repeat(100_000));
    ended_by(&target, "continuation", &continued);
    let mut empty = frame(HEADERS, END_STREAM, 1, &head(GET, "/health", &[]));
    empty.extend(frame(CONTINUATION, 0, 1, &[]).repeat(100_000));
    ended_by(&target, "empty continuation", &empty);
    let mut data = frame(HEADERS, END_HEADERS, 1, &head(POST, "/api/v1/auth/login", &[]));
    data.extend(frame(DATA, 0, 1, &[]).repeat(200_000));
    ended_by(&target, "empty data", &data);
    let grown = target.memory_kib("VmHWM") - before;
    assert!(grown < 24 * 1024, "{grown} KiB");
    target.end();
}

#[test]
fn broken_frames_end_the_connection() {
    let target = Target::hasty();
    let get = head(GET, "/health", &[]);
    for (what, bytes) in [
        ("no frame", b"GET / HTTP/1.1\r\nhost: a\r\n\r\n".to_vec()),
        ("a frame of 16 MB", [&[0xff, 0xff, 0xff, DATA, 0, 0, 0, 0, 1][..], &[0; 70_000]].concat()),
        ("a head on stream 0", frame(HEADERS, END_HEADERS | END_STREAM, 0, &get)),
        ("a head on a stream of the server", frame(HEADERS, END_HEADERS | END_STREAM, 2, &get)),
        ("data before any head", frame(DATA, END_STREAM, 1, b"x")),
        ("padding beyond the frame", frame(HEADERS, END_HEADERS | END_STREAM | 0x8, 1, &[255, GET])),
        ("a continuation of nothing", frame(CONTINUATION, END_HEADERS, 1, &get)),
        ("a ping of nine bytes", frame(PING, 0, 0, &[0; 9])),
        ("settings of five bytes", frame(SETTINGS, 0, 0, &[0; 5])),
        ("a window of nothing", frame(0x8, 0, 0, &[0; 4])),
        ("a push", frame(0x5, END_HEADERS, 1, &get)),
        ("an index that nothing has", frame(HEADERS, END_HEADERS | END_STREAM, 1, &[GET, HTTPS, ROOT, 0xfe])),
        ("half a head", frame(HEADERS, END_STREAM, 1, &get)),
        ("half a frame", frame(HEADERS, END_HEADERS, 1, &get)[..5].to_vec()),
        ("silence", Vec::new()),
    ] {
        let answer = ended_by(&target, what, &bytes);
        assert!(!statuses(&answer).contains(&STATUS_200), "{what}: {answer:?}");
    }
    let mut half = target.tls(b"h2");
    half.write_all(&PREFACE[..10]).unwrap();
    in_time("half a preface", || frames(&mut half));
    target.end();
}

/// R76.
#[test]
fn heads_that_could_be_smuggled_on_are_never_served() {
    let target = Target::hasty();
    let long = "y".repeat(100);
    let bomb = {
        // One large entry of the table, named four thousand times.
        let mut block = [&[GET, HTTPS, ROOT, 0x40, 1, b'x', 0x7f, 0xa1, 0x1a][..], &[b'y'; 3_488]].concat();
        block.extend([0xbe; 4_000]);
        frame(HEADERS, END_HEADERS | END_STREAM, 1, &block)
    };
    let request =
        |fields: &[(&str, &str)]| frame(HEADERS, END_HEADERS | END_STREAM, 1, &head(GET, "/health", fields));
    let bare = |block: &[u8]| frame(HEADERS, END_HEADERS | END_STREAM, 1, block);
    let mut short =
        frame(HEADERS, END_HEADERS, 1, &head(POST, "/api/v1/auth/login", &[("content-length", "9")]));
    short.extend(frame(DATA, END_STREAM, 1, b"{}"));
    let mut lengthy =
        frame(HEADERS, END_HEADERS, 1, &head(POST, "/api/v1/auth/login", &[("content-length", "1")]));
    lengthy.extend(frame(DATA, END_STREAM, 1, b"{}"));
    for (what, bytes) in [
        ("transfer-encoding", request(&[("transfer-encoding", "chunked")])),
        ("connection", request(&[("connection", "close")])),
        ("an upper-case name", request(&[("X-Upper", "y")])),
        ("a line end in a value", request(&[("x", "y\r\nz: w")])),
        ("a NUL in a value", request(&[("x", "y\0z")])),
        ("a line end in a name", request(&[("x\r\ny", "z")])),
        ("a space in a name", request(&[("x y", "z")])),
        ("a second path", request(&[(":path", "/metrics")])),
        ("an unknown pseudo field", request(&[(":evil", "x")])),
        ("a pseudo field behind others", bare(&[&[GET, HTTPS][..], &field("x", "y"), &[ROOT]].concat())),
        ("no path", bare(&[GET, HTTPS])),
        ("no method", bare(&[HTTPS, ROOT])),
        ("an empty path", bare(&[&[GET, HTTPS][..], &field(":path", "")].concat())),
        ("a line end in the path", bare(&head(GET, "/health HTTP/1.1\r\nx: y", &[]))),
        ("a body shorter than it says", short),
        ("a body longer than it says", lengthy),
        ("a table bomb", bomb),
        ("a hundred and one fields", request(&vec![("x", long.as_str()); 101])),
        ("sixteen kilobytes of fields", request(&vec![("x", long.as_str()); 130])),
    ] {
        let answer = ended_by(&target, what, &bytes);
        assert!(!statuses(&answer).contains(&STATUS_200), "{what}: {answer:?}");
    }
    target.end();
}

#[test]
fn streams_above_the_cap_are_refused_and_those_below_wait_no_longer_than_the_deadline() {
    let target = Target::hasty();
    let fields = [("content-type", "application/json")];
    let post = head(POST, "/api/v1/auth/login", &fields);
    let open = |count: u32| -> Vec<u8> {
        (0..count).flat_map(|n| frame(HEADERS, END_HEADERS, n * 2 + 1, &post)).collect()
    };
    // Too many refusals count as a flood.
    ended_by(&target, "streams on and on", &open(10_000));
    let door = &*target;
    thread::scope(|scope| {
        scope.spawn(|| door.assert_unharmed());
        let answer = ended_by(door, "streams without a body", &open(110));
        let refused =
            answer.iter().filter(|(kind, _, payload)| *kind == RST_STREAM && payload[3] == 7).count();
        assert_eq!(refused, 10, "REFUSED_STREAM");
        assert_eq!(statuses(&answer).len(), 100, "408 each");
        assert!(!statuses(&answer).contains(&STATUS_200));
    });
    target.end();
}
