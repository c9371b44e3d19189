//! HTTP/1.1: requests, framing, sizes, faults.

use super::*;

#[tokio::test]
async fn one_connection_serves_many_requests_with_a_truthful_scheme_and_peer() {
    let server = plain(Limits::default());
    let mut client = server.connect().await;
    client.send("GET /who HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let first = client.until("\r\n\r\n").await;
    assert_eq!(status(&first), "200");
    let who = format!("http socket://{}", client.0.local_addr().unwrap());
    client.until(&who).await;
    client.until("hello").await;
    client.send("GET /none HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    assert_eq!(status(&client.rest().await), "404");
    assert_eq!(server.metrics.accepted.value(), 1);
}

#[tokio::test]
async fn doubtful_framing_is_answered_400_and_closed() {
    let server = plain(Limits::default());
    for fields in [
        "content-length: 5\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 5",
        "content-length: 5\r\ncontent-length: 5",
        "content-length: 5\r\ncontent-length: 6",
        "content-length: -1",
        "transfer-encoding: gzip, chunked",
        "transfer-encoding: identity",
        "x: y\r\n folded",
        "x: y\nz: w",
        "x: y\rz: w",
        "x : y",
        "x: a\0b",
        "host: b",
    ] {
        let request = format!("POST /early HTTP/1.1\r\nhost: a\r\n{fields}\r\n\r\nabcde");
        let answer = server.ask(&request).await;
        assert_eq!(status(&answer), "400", "{fields:?} {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{fields:?} {answer}");
    }
    for line in [
        "GET / HTTP/1.1\nhost: a\n\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\0\r\n\r\n",
        "G@T / HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nx: y\r\n\r\n",
    ] {
        assert_eq!(status(&server.ask(line).await), "400", "{line:?}");
    }
}

/// R76.
#[tokio::test]
async fn a_smuggled_second_request_is_not_served() {
    let server = plain(Limits::default());
    let hidden = "GET /who HTTP/1.1\r\nhost: a\r\n\r\n";
    let request = format!(
        "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{hidden}",
        hidden.len() + 5
    );
    let first = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    let answer = server.ask(&format!("{first}{request}")).await;
    assert_eq!(status(&answer), "200");
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 1, "{answer}");
    assert_eq!(answer.matches("HTTP/1.1 400").count(), 1, "{answer}");
}

#[tokio::test]
async fn a_bad_chunk_ends_the_body_with_an_error_and_the_connection() {
    let server = plain(Limits::default());
    let head = "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    for chunks in ["zz\r\n", "1\na\n0\n\n", "1\r\nab\r\n0\r\n\r\n"] {
        let answer = server.ask(&format!("{head}{chunks}GET / HTTP/1.1\r\nhost: a\r\n\r\n")).await;
        assert_eq!(status(&answer), "400", "{chunks:?} {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{chunks:?} {answer}");
    }
    let good = format!(
        "{head}3;x=y\r\nabc\r\n0\r\nt: 1\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
    );
    let answer = server.ask(&good).await;
    assert!(answer.contains("3 bytes") && answer.ends_with("hello"), "{answer}");
}

#[tokio::test]
async fn heads_that_are_too_large_or_have_too_many_fields_are_431() {
    let server = plain(Limits::default());
    let request = |fields: String| format!("GET / HTTP/1.1\r\nhost: a\r\n{fields}connection: close\r\n\r\n");
    let many = |count| "x: y\r\n".repeat(count);
    assert_eq!(status(&server.ask(&request(many(98))).await), "200");
    assert_eq!(status(&server.ask(&request(many(99))).await), "431");
    assert_eq!(status(&server.ask(&request(format!("x: {}\r\n", "y".repeat(15_000)))).await), "200");
    assert_eq!(status(&server.ask(&request(format!("x: {}\r\n", "y".repeat(17_000)))).await), "431");
    let line = format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "y".repeat(200_000));
    assert_eq!(status(&server.ask(&line).await), "431");
}

#[tokio::test]
async fn a_field_cap_of_ones_own_holds_too() {
    let server = plain(Limits { max_header_fields: 3, ..Limits::default() });
    let request = |fields: &str| format!("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{fields}\r\n");
    assert_eq!(status(&server.ask(&request("a: b\r\n")).await), "200");
    assert_eq!(status(&server.ask(&request("a: b\r\nc: d\r\n")).await), "431");
}

#[tokio::test]
async fn a_body_passes_up_to_the_cap_and_is_413_above_it_whatever_it_declares() {
    let server = plain(Limits::default());
    let sized = |length: usize| {
        let body = "x".repeat(length);
        format!(
            "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
    };
    assert!(server.ask(&sized(65_536)).await.ends_with("65536 bytes"));
    assert_eq!(status(&server.ask(&sized(65_537)).await), "413");
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    let chunked = |count| {
        let head =
            "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
        format!("{head}{}0\r\n\r\n", chunk.repeat(count))
    };
    assert!(server.ask(&chunked(4)).await.ends_with("65536 bytes"));
    assert_eq!(status(&server.ask(&chunked(5)).await), "413");
}

#[tokio::test]
async fn an_endless_chunked_body_is_cut_long_before_its_300_megabytes() {
    let server = plain(Limits::default());
    let mut client = server.connect().await;
    client.send("POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n").await;
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x1_0000));
    let mut sent = 0;
    // What was never taken from the socket cannot fill memory: kernel buffers and the discarded megabyte bound it.
    while sent < 300 * 1024 * 1024 && client.0.write_all(chunk.as_bytes()).await.is_ok() {
        sent += chunk.len();
    }
    assert!(sent < 32 * 1024 * 1024, "{sent} bytes were taken");
    assert_eq!(status(&client.rest().await), "413");
}

#[tokio::test]
async fn an_early_answer_reaches_a_client_that_is_still_sending() {
    let server = plain(Limits::default());
    let mut client = server.connect().await;
    client.send("POST /early HTTP/1.1\r\nhost: a\r\ncontent-length: 60000\r\n\r\n").await;
    let head = client.until("\r\n\r\n").await;
    assert_eq!(status(&head), "401");
    client.send(&"x".repeat(60_000)).await;
    assert_eq!(client.rest().await, "");
}

/// R75.
#[tokio::test]
async fn a_panic_is_answered_in_the_callers_words_and_the_server_lives() {
    let server = plain(Limits::default());
    let answer = server.get("/panic").await;
    assert_eq!(status(&answer), "500");
    assert!(answer.ends_with("fault Panic") && !answer.contains("secret"), "{answer}");
    assert_eq!(server.metrics.panics.value(), 1);
    assert!(server.get("/").await.ends_with("hello"));
}
