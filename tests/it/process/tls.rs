//! What each listener speaks: TLS, and what plain HTTP gets on it.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use rustix::process::Signal;
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, ProtocolVersion, SupportedProtocolVersion};
use serde_json::json;

use super::client::{Client, Request, handshake, trusting};
use super::server::{Home, PASSWORD, Server};

const HEALTH: [&str; 3] = ["/health", "/health/live", "/health/ready"];

/// A configuration with a TLS listener for each mode of plain HTTP.
fn listeners(proxies: &str) -> String {
    let modes = ["off", "reject", "redirect", "trusted"];
    let listen =
        modes.map(|mode| format!("[[listen]]\naddr = \"127.0.0.1:0\"\nhttp = \"{mode}\"\n")).concat();
    format!("public_url = \"https://auth.example.com:8443/sso\"\ntrusted_proxies = [{proxies}]\n{listen}")
}

fn every_mode(proxies: &str) -> (Home, Server) {
    let home = Home::settled();
    fs::write(home.path().join("auth.toml"), listeners(proxies)).unwrap();
    let server = home.serve_configured(4);
    (home, server)
}

/// The address that the audit log has for the newest login, as a client of `listener` that claims to be somebody else.
fn recorded_address(server: &Server, client: &Client) -> String {
    let login = json!({ "email": "root@example.com", "password": PASSWORD });
    let request = Request::post("/api/v1/auth/login", &login).header("x-forwarded-for", "203.0.113.9");
    let tokens = client.ask(request).data(200);
    let request = Request::get("/api/v1/audit/logs?action=login.succeeded&limit=1");
    let logs = server.client().ask(request.bearer(tokens["access_token"].as_str().unwrap())).data(200);
    logs["logs"][0]["ip_address"].as_str().unwrap().to_owned()
}

#[test]
fn plain_http_gets_what_the_listener_says() {
    let (_home, server) = every_mode("\"127.0.0.1\"");
    let [off, reject, redirect, trusted] =
        [0, 1, 2, 3].map(|listener| Client::plain(server.address(listener)));

    let mut closed = off.connect().unwrap();
    // The server may be gone before everything is sent.
    let _ = closed.send("GET /health HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(closed.rest(), "");

    for path in ["/", "/api/v1/auth/me", "/nowhere"] {
        reject.get(path).refused(403, "HTTPS_REQUIRED");
    }
    reject.log_in("root@example.com", PASSWORD).refused(403, "HTTPS_REQUIRED");

    let moved = redirect.get("/verify-email?token=a%20b");
    assert_eq!(moved.status.as_u16(), 301);
    assert_eq!(moved.header("location"), Some("https://auth.example.com:8443/verify-email?token=a%20b"));

    trusted.log_in("root@example.com", PASSWORD).data(200);
    for client in [&reject, &redirect, &trusted] {
        for path in HEALTH {
            assert_eq!(client.get(path).status.as_u16(), 200, "{path}");
        }
    }
    for listener in 0..4 {
        let answer = server.client_of(listener).get("/health/ready");
        assert_eq!(answer.status.as_u16(), 200);
        assert!(
            answer
                .header("strict-transport-security")
                .is_some_and(|value| value.contains("max-age=31536000"))
        );
    }
}

#[test]
fn a_trusted_proxy_names_the_client() {
    let (_home, server) = every_mode("\"127.0.0.1\"");
    assert_eq!(recorded_address(&server, &Client::plain(server.address(3))), "203.0.113.9");
    assert_eq!(recorded_address(&server, &server.client()), "203.0.113.9");
}

/// R81.
#[test]
fn nobody_else_names_the_client_or_is_served_in_plain_http() {
    let (_home, server) = every_mode("\"127.0.0.9\"");
    let plain = Client::plain(server.address(3));
    plain.log_in("root@example.com", PASSWORD).refused(403, "HTTPS_REQUIRED");
    assert_eq!(plain.get("/health").status.as_u16(), 200);
    assert_eq!(recorded_address(&server, &server.client()), "127.0.0.1");
}

/// R80.
#[test]
fn both_versions_of_tls_and_both_of_http_are_offered_and_nothing_weak() {
    let home = Home::new();
    let server = home.serve(&[]);
    let negotiate = |versions: &[&'static SupportedProtocolVersion], protocols: &[&[u8]]| {
        let mut config = trusting(&server.certificate(), versions);
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        let stream = handshake(Arc::new(config), TcpStream::connect(server.address(0)).unwrap()).unwrap();
        let suite = stream.conn.negotiated_cipher_suite().unwrap().suite();
        let protocol = stream.conn.alpn_protocol().map(<[u8]>::to_vec);
        (stream.conn.protocol_version().unwrap(), suite, protocol)
    };
    let (version, _, protocol) = negotiate(&[&TLS13], &[b"h2", b"http/1.1"]);
    assert_eq!((version, protocol.as_deref()), (ProtocolVersion::TLSv1_3, Some(&b"h2"[..])));
    let (version, suite, protocol) = negotiate(&[&TLS12], &[b"http/1.1"]);
    assert_eq!((version, protocol.as_deref()), (ProtocolVersion::TLSv1_2, Some(&b"http/1.1"[..])));
    let ecdhe_with_aead = [
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ];
    assert!(ecdhe_with_aead.contains(&suite), "{suite:?}");
    assert_eq!(negotiate(&[&TLS12, &TLS13], &[]).2, None);
}

/// Puts a new certificate and its key at `mine.pem` and `mine.key`.
fn issue(home: &Home) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    fs::write(home.path().join("mine.pem"), made.cert.pem()).unwrap();
    fs::write(home.path().join("mine.key"), made.signing_key.serialize_pem()).unwrap();
    fs::set_permissions(home.path().join("mine.key"), fs::Permissions::from_mode(0o600)).unwrap();
}

fn with_own_certificate() -> Home {
    let home = Home::new();
    issue(&home);
    home.env("LATCHKEY_TLS__CERT_FILE", "mine.pem").env("LATCHKEY_TLS__KEY_FILE", "mine.key")
}

#[test]
fn a_certificate_of_the_operator_is_used_instead_of_a_made_one() {
    let home = with_own_certificate();
    let server = home.serve(&[]);
    let client = Client::tls(server.address(0), &home.path().join("mine.pem"));
    assert_eq!(client.get("/health").status.as_u16(), 200);
    assert!(!server.certificate().exists());
}

#[test]
fn a_renewed_certificate_is_found_without_a_signal_and_open_connections_live_on() {
    let home = with_own_certificate().env("LATCHKEY_TLS__RELOAD_EVERY", "1s");
    let mut server = home.serve(&[]);
    let mut open = Client::tls(server.address(0), &home.path().join("mine.pem")).connect().unwrap();
    assert_eq!(open.ask(&Request::get("/health")).unwrap().status.as_u16(), 200);

    // Moved into place, as those who renew certificates do; the key first, so that one look may see half of it.
    let fresh = Home::new();
    issue(&fresh);
    for name in ["mine.key", "mine.pem"] {
        fs::rename(fresh.path().join(name), home.path().join(name)).unwrap();
    }
    server.logged("certificate read again");
    let renewed = Client::tls(server.address(0), &home.path().join("mine.pem"));
    assert_eq!(renewed.get("/health").status.as_u16(), 200);

    fs::write(home.path().join("mine.key"), "garbage").unwrap();
    let line = server.logged("the certificate cannot be used; the old one stays");
    assert!(line.contains("mine.key"), "{line}");
    assert_eq!(renewed.get("/health").status.as_u16(), 200);
    assert_eq!(open.ask(&Request::get("/health")).unwrap().status.as_u16(), 200);
    issue(&home);
    server.logged("certificate read again");
    let ended = server.stop();
    assert_eq!(ended.err.matches("garbage").count(), 0);
    assert!(ended.err.matches("the old one stays").count() <= 3, "once for each change: {}", ended.err);
}

/// R82.
#[test]
fn a_hangup_takes_a_renewed_certificate_and_open_connections_live_on() {
    let home = with_own_certificate();
    let mut server = home.serve(&[]);
    let trusting_now = || Client::tls(server.address(0), &home.path().join("mine.pem"));
    let mut open = trusting_now().connect().unwrap();
    assert_eq!(open.ask(&Request::get("/health")).unwrap().status.as_u16(), 200);

    issue(&home);
    assert!(trusting_now().connect().is_err(), "the new certificate is not used yet");
    server.signal(Signal::HUP);
    server.logged("certificate read again");
    let renewed = Client::tls(server.address(0), &home.path().join("mine.pem"));
    assert_eq!(renewed.get("/health").status.as_u16(), 200);

    fs::write(home.path().join("mine.pem"), "garbage").unwrap();
    server.signal(Signal::HUP);
    server.logged("the certificate cannot be used; the old one stays");
    assert_eq!(renewed.get("/health").status.as_u16(), 200);
    assert_eq!(open.ask(&Request::get("/health")).unwrap().status.as_u16(), 200);
    server.stop();
}
