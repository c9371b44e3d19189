//! The end: it comes in time whatever clients do.

use super::*;

/// Only a cut could end these connections: every other deadline is far off.
fn limits(drain_timeout: Duration) -> Limits {
    Limits { drain_timeout, ..Limits::default() }
}

#[tokio::test]
async fn connections_without_a_request_do_not_hold_the_end_up() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(limits(LATE), Some(secure::source(folder.path())), true);
    let silent = server.connect().await;
    let mut handshake = server.connect().await;
    handshake.0.write_all(b"\x16\x03\x01").await.unwrap();
    let mut idle = server.connect().await;
    idle.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    idle.until("https only").await;
    let mut half = server.connect().await;
    half.send("GET / HTTP/1.1\r\nhost: a\r\n").await;
    let mut half_again = server.connect().await;
    half_again.send("GET / HTTP/1.1\r\nhost: a\r\n\r\nGET").await;
    half_again.until("https only").await;
    until(|| server.metrics.accepted.value() == 5).await;
    assert_eq!(server.stop().await, Drained { cut: 0 });
    for mut client in [silent, handshake, idle, half, half_again] {
        assert_eq!(client.rest().await, "");
    }
}

#[tokio::test]
async fn a_request_in_flight_is_finished_and_no_new_connection_is_taken() {
    let server = plain(limits(LATE));
    let (address, gate) = (server.address, Arc::clone(&server.gate));
    let mut client = server.connect().await;
    client.send("GET /hold HTTP/1.1\r\nhost: a\r\n\r\n").await;
    within(gate.reached.notified()).await;
    let stopped = tokio::spawn(server.stop());
    // The listener is gone when a connection is refused: the drain has begun.
    within(async { while TcpStream::connect(address).await.is_ok() {} }).await;
    gate.open.notify_one();
    let answer = client.rest().await;
    assert!(answer.ends_with("held"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert_eq!(within(stopped).await.unwrap(), Drained { cut: 0 });
}

#[tokio::test]
async fn what_is_still_open_at_the_drain_timeout_is_cut_and_counted() {
    let server = plain(limits(SOON));
    let (gate, metrics) = (Arc::clone(&server.gate), Arc::clone(&server.metrics));
    let mut stuck = server.connect().await;
    stuck.send("GET /hold HTTP/1.1\r\nhost: a\r\n\r\n").await;
    within(gate.reached.notified()).await;
    let mut body = server.connect().await;
    body.send("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\nexpect: 100-continue\r\n\r\n").await;
    body.until("100 Continue\r\n\r\n").await;
    let mut stream = server.connect().await;
    stream.send("GET /events HTTP/1.1\r\nhost: a\r\n\r\n").await;
    within(gate.reached.notified()).await;
    assert_eq!(server.stop().await, Drained { cut: 3 });
    assert_eq!(body.drip("x").await, "");
    assert_eq!(stuck.rest().await, "");
    assert_eq!(metrics.open.value(), 0);
}
