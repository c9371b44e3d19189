//! `latchkey explain` against a running server, over its admin socket.

use serde_json::Value;

use super::server::Home;

#[test]
fn the_command_says_why_a_request_was_denied_and_what_would_happen_to_one() {
    let home = Home::settled();
    home.create_user("ada@example.com", "viewer");
    let server = home.serve(&[]);
    let refused = server.client().log_in("ada@example.com", "wrong password");
    assert_eq!(refused.status, 401);
    let id = refused.header("x-request-id").unwrap();
    let told = |arguments: &[&str]| {
        let ended = home.run(&[&["explain", "--data-dir", "data"], arguments].concat());
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.out
    };
    let by_id = told(&[id]);
    assert!(by_id.contains("  denied: The password of account ") && by_id.contains("  mend: "), "{by_id}");
    assert!(by_id.contains(&format!("POST /api/v1/auth/login 401 request {id}")), "{by_id}");
    assert_eq!(told(&["--user", "ada@example.com"]), by_id);
    assert_eq!(told(&["--address", "127.0.0.1"]), by_id);
    let json: Value = serde_json::from_str(&told(&["--address", "127.0.0.1", "--json"])).unwrap();
    assert_eq!(json["requests"][0]["request_id"], id);
    assert!(told(&["nothing"]).starts_with("nothing is kept: "));
    let login = ["--simulate", "ada@example.com", "post", "/api/v1/auth/login", "192.0.2.1"];
    assert!(told(&login).starts_with("passed: Nothing stands against it.\n"));
    let users = told(&["--simulate", "ada@example.com", "GET", "/api/v1/users", "192.0.2.1"]);
    assert!(users.starts_with("denied: users:read is needed"), "{users}");
    let bad = home.run(&["explain", "--data-dir", "data", "--address", "nowhere"]);
    assert_eq!(bad.code, Some(1));
    assert!(bad.err.contains("`address` is not valid"), "{bad:?}");
    server.stop();
}

/// What waited to be written when the server was told to end is there at the next start.
#[test]
fn what_was_denied_last_before_a_stop_is_explained_after_the_start() {
    let home = Home::settled();
    let server = home.serve(&[]);
    let refused = server.client().get("/api/v1/users");
    assert_eq!(refused.status, 401);
    server.stop();
    let server = home.serve(&[]);
    let told = home.run(&["explain", "--data-dir", "data", refused.header("x-request-id").unwrap()]);
    assert!(told.out.contains("GET /api/v1/users 401"), "{told:?}");
    server.stop();
}
