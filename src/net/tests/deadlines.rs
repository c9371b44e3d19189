//! Clients that take their time. Only the deadline under test is short.

use super::*;

#[tokio::test]
async fn a_silent_client_is_closed() {
    let server = plain(Limits { first_byte_timeout: SOON, ..Limits::default() });
    assert_eq!(server.connect().await.rest().await, "");
    assert_eq!(server.metrics.timeouts.value(), 1);
}

/// R78.
#[tokio::test]
async fn a_half_head_is_closed_though_it_drips() {
    let server = plain(Limits { header_read_timeout: SOON, ..Limits::default() });
    assert_eq!(server.ask("GET / HTTP/1.1\r\nhost:").await, "");
    let mut client = server.connect().await;
    client.send("GET / HTTP/1.1\r\nhost: a\r\nx: ").await;
    assert_eq!(client.drip("y").await, "");
    assert_eq!(server.metrics.timeouts.value(), 2);
}

#[tokio::test]
async fn a_half_head_after_a_request_is_closed_long_before_the_idle_time() {
    let server = plain(Limits { header_read_timeout: SOON, ..Limits::default() });
    let mut client = server.connect().await;
    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    client.until("hello").await;
    client.send("G").await;
    assert_eq!(client.drip("E").await, "");
    assert_eq!(server.metrics.timeouts.value(), 1);
}

/// R78.
#[tokio::test]
async fn a_dripping_body_is_408_and_closed() {
    let server = plain(Limits { body_grace: SOON, ..Limits::default() });
    let mut client = server.connect().await;
    client.send("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n").await;
    assert_eq!(status(&client.drip("x").await), "408");
    assert_eq!(
        status(&server.ask("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nx").await),
        "408"
    );
    assert_eq!(server.metrics.timeouts.value(), 2);
}

#[tokio::test]
async fn a_body_that_keeps_the_pace_may_take_longer_than_the_grace() {
    let server = plain(Limits { body_grace: SOON, body_bytes_per_second: 1, ..Limits::default() });
    let mut client = server.connect().await;
    client
        .send("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 60\r\nconnection: close\r\n\r\nxxxxxxxxxx")
        .await;
    assert!(client.drip("x").await.contains("60 bytes"));
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_dropped_and_answered_for() {
    let server = plain(Limits { request_timeout: SOON, ..Limits::default() });
    let answer = server.get("/hold").await;
    assert_eq!(status(&answer), "408");
    assert!(answer.ends_with("fault Deadline"), "{answer}");
    assert_eq!(server.metrics.timeouts.value(), 1);
}

#[tokio::test]
async fn a_connection_at_rest_is_closed_and_that_is_no_timeout() {
    let server = plain(Limits { idle_timeout: SOON, ..Limits::default() });
    let mut client = server.connect().await;
    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    client.until("hello").await;
    assert_eq!(client.rest().await, "");
    assert_eq!(server.metrics.timeouts.value(), 0);
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_cut() {
    let server = plain(Limits { idle_timeout: SOON, ..Limits::default() });
    let mut client = server.connect().await;
    client.send("GET /big HTTP/1.1\r\nhost: a\r\n\r\n").await;
    until(|| server.metrics.accepted.value() == 1 && server.metrics.open.value() == 0).await;
    assert!(client.rest().await.len() < 32 * 1024 * 1024);
}

#[tokio::test]
async fn a_stream_that_waits_for_the_application_outlives_the_idle_time() {
    let server = plain(Limits { idle_timeout: SOON, ..Limits::default() });
    let mut stream = server.connect().await;
    stream.send("GET /events HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    stream.until("\r\n\r\n").await;
    // The idle time passes: another connection is closed by it.
    let mut other = server.connect().await;
    other.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    other.rest().await;
    server.gate.open.notify_one();
    assert!(stream.rest().await.contains("late"));
}
