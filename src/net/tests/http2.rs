//! HTTP/2, spoken by hand: frames are nine bytes of head and a payload (RFC 9113, 4.1).

use super::*;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
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

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// `GET path` with `:scheme http`, `:authority a`, and `fields`, none of them indexed.
fn get(path: &str, fields: &[(String, String)]) -> Vec<u8> {
    let text = |text: &str| {
        assert!(text.len() < 127);
        [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
    };
    let mut block = vec![0x82, 0x86, 0x01];
    block.extend(text("a"));
    block.push(0x04);
    block.extend(text(path));
    for (name, value) in fields {
        block.push(0x00);
        block.extend(text(name));
        block.extend(text(value));
    }
    block
}

pub(super) struct Frames<T>(pub(super) Raw<T>);

impl<T: AsyncRead + AsyncWrite + Unpin> Frames<T> {
    async fn open(mut raw: Raw<T>) -> Self {
        raw.0.write_all(PREFACE).await.unwrap();
        Self(raw)
    }

    async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> io::Result<()> {
        self.0.0.write_all(&frame(kind, flags, stream, payload)).await
    }

    async fn ask(&mut self, stream: u32, path: &str) {
        self.send(HEADERS, END_HEADERS | END_STREAM, stream, &get(path, &[])).await.unwrap();
    }

    /// The next frame: its kind, stream and payload. `None`: closed.
    async fn next(&mut self) -> Option<(u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        within(self.0.0.read_exact(&mut head)).await.ok()?;
        let length = usize::from(head[1]) << 8 | usize::from(head[2]);
        let mut payload = vec![0; length];
        within(self.0.0.read_exact(&mut payload)).await.ok()?;
        if head[3] == SETTINGS && head[4] == 0 {
            let _ = self.send(SETTINGS, 1, 0, &[]).await;
        }
        Some((head[3], u32::from_be_bytes([head[5], head[6], head[7], head[8]]), payload))
    }

    /// Waits for the frame of a kind.
    async fn until(&mut self, kind: u8) -> Option<Vec<u8>> {
        loop {
            let (got, _, payload) = self.next().await?;
            if got == kind {
                return Some(payload);
            }
        }
    }
}

/// A whole request over HTTP/2: the body of its answer.
pub(super) async fn exchange<T: AsyncRead + AsyncWrite + Unpin>(raw: Raw<T>, path: &str) -> String {
    let mut client = Frames::open(raw).await;
    client.ask(1, path).await;
    assert_eq!(client.until(HEADERS).await.unwrap().first(), Some(&STATUS_200));
    String::from_utf8(client.until(DATA).await.unwrap()).unwrap()
}

#[tokio::test]
async fn http2_with_prior_knowledge_is_served_in_cleartext() {
    let server = plain(Limits::default());
    assert_eq!(exchange(server.connect().await, "/").await, "hello");
    assert!(exchange(server.connect().await, "/who").await.starts_with("http socket://127.0.0.1:"));
}

#[tokio::test]
async fn the_server_tells_its_limits() {
    let server = plain(Limits::default());
    let mut client = Frames::open(server.connect().await).await;
    let settings = client.until(SETTINGS).await.unwrap();
    let told = |id: u8, value: u32| {
        let entry = [&[0, id][..], &value.to_be_bytes()].concat();
        settings.chunks(6).any(|got| got == entry)
    };
    assert!(told(3, 100), "MAX_CONCURRENT_STREAMS {settings:?}");
    assert!(told(6, 16 * 1024), "MAX_HEADER_LIST_SIZE {settings:?}");
}

#[tokio::test]
async fn a_body_above_the_cap_is_413_and_a_panic_is_500() {
    let server = plain(Limits { max_body_bytes: 1_000, ..Limits::default() });
    let mut client = Frames::open(server.connect().await).await;
    client.ask(1, "/panic").await;
    assert_ne!(client.until(HEADERS).await.unwrap().first(), Some(&STATUS_200));
    assert_eq!(client.until(DATA).await.unwrap(), b"fault Panic");
    client.send(HEADERS, END_HEADERS, 3, &get("/echo", &[])).await.unwrap();
    client.send(DATA, END_STREAM, 3, &[b'x'; 1_001]).await.unwrap();
    let head = client.until(HEADERS).await.unwrap();
    // 413 comes as a literal: of the statuses of these tests only 200, 400 and 500 are in the static table.
    assert!(head.starts_with(&[0x08, 3]) || head.starts_with(&[0x48]), "{head:?}");
}

#[tokio::test]
async fn too_many_fields_are_431() {
    let server = plain(Limits { max_header_fields: 50, ..Limits::default() });
    let mut client = Frames::open(server.connect().await).await;
    let fields: Vec<_> = (0..60).map(|n| (format!("x{n}"), "y".to_owned())).collect();
    client.send(HEADERS, END_HEADERS | END_STREAM, 1, &get("/", &fields)).await.unwrap();
    let head = client.until(HEADERS).await.unwrap();
    assert!(head.windows(3).any(|part| part == b"431") || head.first() != Some(&STATUS_200));
    assert_eq!(client.until(DATA).await.unwrap(), b"fault HeaderFields");
}

/// R79.
#[tokio::test]
async fn streams_that_are_reset_in_a_row_end_the_connection() {
    let server = plain(Limits::default());
    let mut client = Frames::open(server.connect().await).await;
    // Written at once, so that the resets overtake the acceptance of their streams.
    let mut burst = Vec::new();
    for stream in (1..4_001).step_by(2) {
        burst.extend(frame(HEADERS, END_HEADERS | END_STREAM, stream, &get("/hold", &[])));
        burst.extend(frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]));
    }
    let _ = client.0.0.write_all(&burst).await;
    let goaway = client.until(GOAWAY).await.expect("the server says why it closes");
    assert_eq!(goaway[4..8], [0, 0, 0, 0xb], "ENHANCE_YOUR_CALM");
    until(|| server.metrics.open.value() == 0).await;
}

#[tokio::test]
async fn frames_without_content_are_answered_within_the_budget_and_above_it_end_the_connection() {
    let server = plain(Limits { http2_max_control_frames: 60, ..Limits::default() });
    let mut client = Frames::open(server.connect().await).await;
    for _ in 0..50 {
        client.send(PING, 0, 0, &[7; 8]).await.unwrap();
    }
    for _ in 0..50 {
        assert_eq!(client.until(PING).await.unwrap(), [7; 8]);
    }
    client.ask(1, "/").await;
    assert_eq!(client.until(DATA).await.unwrap(), b"hello");
    for flood in [frame(PING, 0, 0, &[7; 8]), frame(SETTINGS, 0, 0, &[]), frame(0x8, 0, 0, &[0, 0, 0, 1])] {
        let mut client = Frames::open(server.connect().await).await;
        let _ = client.0.0.write_all(&flood.repeat(10_000)).await;
        while client.next().await.is_some() {}
    }
    drop(client);
    until(|| server.metrics.open.value() == 0).await;
}

/// R79.
#[tokio::test]
async fn a_head_continued_without_end_is_cut() {
    let server = plain(Limits::default());
    let mut client = Frames::open(server.connect().await).await;
    client.send(HEADERS, END_STREAM, 1, &get("/", &[])).await.unwrap();
    let piece = get("/", &[("x".to_owned(), "y".repeat(100))]);
    let mut sent = 0;
    within(async {
        while sent < 100_000 && client.send(CONTINUATION, 0, 1, &piece[3..]).await.is_ok() {
            sent += 1;
        }
    })
    .await;
    assert!(sent < 100_000);
    until(|| server.metrics.open.value() == 0).await;
}

#[tokio::test]
async fn a_half_head_and_a_connection_at_rest_are_closed() {
    let limits = Limits { header_read_timeout: SOON, idle_timeout: SOON, ..Limits::default() };
    let server = plain(limits);
    let mut half = Frames::open(server.connect().await).await;
    half.send(HEADERS, END_STREAM, 1, &get("/", &[])).await.unwrap();
    half.0.rest().await;
    assert_eq!(server.metrics.timeouts.value(), 1);
    let mut idle = Frames::open(server.connect().await).await;
    idle.ask(1, "/").await;
    assert_eq!(idle.until(DATA).await.unwrap(), b"hello");
    assert!(idle.until(GOAWAY).await.is_some());
    until(|| server.metrics.open.value() == 0).await;
}

#[tokio::test]
async fn a_request_in_flight_is_finished_by_the_drain() {
    let server = plain(Limits { drain_timeout: LATE, ..Limits::default() });
    let gate = Arc::clone(&server.gate);
    let mut client = Frames::open(server.connect().await).await;
    client.ask(1, "/hold").await;
    within(gate.reached.notified()).await;
    let stopped = tokio::spawn(server.stop());
    assert!(client.until(GOAWAY).await.is_some());
    gate.open.notify_one();
    assert_eq!(client.until(DATA).await.unwrap(), b"held");
    while client.next().await.is_some() {}
    assert_eq!(within(stopped).await.unwrap(), Drained { cut: 0 });
}
