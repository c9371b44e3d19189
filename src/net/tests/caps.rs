//! Connection caps and binding.

use super::*;

/// R79.
#[tokio::test]
async fn connections_above_a_cap_are_closed_at_once_and_freed_slots_are_used_again() {
    let caps = [
        Limits { max_connections: 2, ..Limits::default() },
        Limits { max_connections_per_address: 2, ..Limits::default() },
    ];
    for limits in caps {
        let server = plain(limits);
        let (mut first, second) = (server.connect().await, server.connect().await);
        first.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
        first.until("hello").await;
        until(|| server.metrics.open.value() == 2).await;
        assert_eq!(server.connect().await.rest().await, "");
        assert_eq!(server.metrics.refused.value(), 1);
        assert_eq!(server.metrics.accepted.value(), 2);
        drop(second);
        until(|| server.metrics.open.value() == 1).await;
        assert!(server.get("/").await.ends_with("hello"));
        // Those who were in are served all along.
        first.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
        first.until("hello").await;
    }
}

#[tokio::test]
async fn a_taken_port_is_named_and_a_free_one_is_told() {
    let bound = Bound::to("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = bound.address();
    assert_ne!(address.port(), 0);
    let error = Bound::to(address).unwrap_err();
    assert!(matches!(error, BindError::InUse(taken) if taken == address));
    assert_eq!(error.to_string(), format!("address {address} is already in use"));
    let elsewhere = Bound::to("192.0.2.1:0".parse().unwrap()).unwrap_err();
    assert!(elsewhere.to_string().contains("192.0.2.1"), "{elsewhere}");
}
