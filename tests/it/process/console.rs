//! The console's way to a running server: the admin socket, and TLS with a pinned certificate or with authorities.

use std::path::Path;

use latchkey::console::conn::problem::Kind;
use latchkey::console::conn::{Address, Client, Credential, Problem, Request, Target, Trust};
use latchkey::net::fingerprint;
use latchkey::wire::user::User;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::server::{Home, PASSWORD, Server};

fn target(address: &str, trust: Trust, token: &str) -> Target {
    Target {
        name: "here".to_owned(),
        address: address.parse::<Address>().unwrap(),
        trust,
        credential: Credential::new(token),
        key_file: None,
        is_read_only: false,
    }
}

/// Who the server says that the console is.
fn who(target: Target) -> Result<User, Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = Client::new(target).unwrap();
    runtime.block_on(client.ask(Request::get("/api/v1/auth/me")))?.read()
}

fn pin(certificate: &Path) -> String {
    fingerprint(&CertificateDer::from_pem_file(certificate).unwrap())
}

fn token(server: &Server) -> String {
    let tokens = server.client().log_in("root@example.com", PASSWORD).data(200);
    tokens["access_token"].as_str().unwrap().to_owned()
}

#[test]
fn a_pinned_certificate_and_a_file_of_authorities_are_trusted_and_another_pin_is_told() {
    let home = Home::settled();
    let server = home.serve(&[]);
    let (url, token) = (format!("https://{}", server.address(0)), token(&server));
    let pin = pin(&server.certificate());
    for trust in [
        Trust::Fingerprint(pin.clone()),
        Trust::Fingerprint(pin.replace(':', "").to_lowercase()),
        Trust::CaFile(server.certificate()),
    ] {
        assert_eq!(who(target(&url, trust.clone(), &token)).unwrap().email, "root@example.com", "{trust:?}");
    }
    let told = |trust| who(target(&url, trust, &token)).unwrap_err();
    let other = told(Trust::Fingerprint("AB:".repeat(31) + "CD"));
    assert_eq!(other.kind, Kind::Untrusted);
    assert!(other.message.contains(&pin) && other.message.contains("not the expected"), "{}", other.message);
    assert_eq!(told(Trust::Public).kind, Kind::Untrusted);
    let expired = who(target(&url, Trust::Fingerprint(pin), "a.b.c")).unwrap_err();
    assert_eq!((expired.kind, expired.status), (Kind::Expired, Some(401)));
}

#[test]
fn the_admin_socket_needs_no_credential_and_says_who_asks() {
    let home = Home::settled();
    let mut server = home.serve(&[]);
    server.said("admin socket at ");
    let address = format!("unix:{}", home.data().join("admin.sock").display());
    let me = who(target(&address, Trust::Public, "")).unwrap();
    let uid = rustix::process::geteuid().as_raw();
    assert_eq!((me.username, me.roles), (format!("uid:{uid}"), vec!["super_admin".to_owned()]));
    server.stop();
    assert_eq!(who(target(&address, Trust::Public, "")).unwrap_err().kind, Kind::Unreachable);
}

#[test]
fn the_console_finds_the_socket_by_itself() {
    let home = Home::settled();
    let _server = home.serve(&[]);
    let data = home.data();
    let console = ["console", "--plain", "--data-dir", data.to_str().unwrap()];
    let ended = home.run_with_input(&console, "sessions\nquit\n");
    assert!(ended.out.contains("# local") && ended.out.contains("Nobody is logged in."), "{ended:?}");
}
