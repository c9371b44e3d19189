//! What lies at the path of the admin socket when a server starts and when it ends.

use std::fs;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::os::unix::net::UnixListener;

use super::client::Client;
use super::server::Home;

const SERVE: [&str; 5] = ["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"];
const HELP: &str = "choose another path with admin_socket.path, or set admin_socket.enabled to false";

#[test]
fn the_socket_of_a_killed_server_is_replaced() {
    let home = Home::settled();
    let path = home.data().join("admin.sock");
    home.serve(&[]).into_process().kill();
    assert!(fs::metadata(&path).unwrap().file_type().is_socket());
    let server = home.serve(&[]);
    Client::socket(&path).get("/api/v1/auth/me").data(200);
    server.stop();
    assert!(!path.exists());
}

#[test]
fn a_socket_in_use_is_refused_and_goes_on() {
    let (home, other) = (Home::settled(), Home::settled());
    let path = home.data().join("admin.sock");
    let server = home.serve(&[]);
    let taken = other.env("LATCHKEY_ADMIN_SOCKET__PATH", path.to_str().unwrap());
    taken.run(&SERVE).refused("another process listens on ", HELP);
    Client::socket(&path).get("/api/v1/auth/me").data(200);
    server.stop();
}

#[test]
fn what_is_no_socket_is_neither_followed_nor_removed() {
    let home = Home::settled();
    let path = home.data().join("admin.sock");
    fs::write(&path, "kept").unwrap();
    home.run(&SERVE).refused("data/admin.sock is there already, and is no socket", HELP);
    assert_eq!(fs::read(&path).unwrap(), b"kept");
    fs::remove_file(&path).unwrap();
    let target = home.path().join("target.sock");
    drop(UnixListener::bind(&target).unwrap());
    symlink(&target, &path).unwrap();
    home.run(&SERVE).refused("data/admin.sock is there already, and is no socket", HELP);
    assert!(target.exists() && fs::symlink_metadata(&path).unwrap().is_symlink());
}

#[test]
fn a_path_that_is_too_long_is_refused_in_one_line() {
    let home = Home::settled().env("LATCHKEY_ADMIN_SOCKET__PATH", &"x".repeat(108));
    home.run(&SERVE).refused("the path of a socket has at most 107 bytes", HELP);
}

#[test]
fn a_socket_that_is_switched_off_is_not_there() {
    let home = Home::settled().env("LATCHKEY_ADMIN_SOCKET__ENABLED", "false");
    let server = home.serve(&[]);
    assert!(!home.data().join("admin.sock").exists());
    let ended = server.stop();
    assert!(!ended.out.contains("admin socket"), "{ended:?}");
}
