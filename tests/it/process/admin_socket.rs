//! The admin socket of a running server: who is let in, as what, and what is written of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread;

use rustix::process::{Gid, Uid, geteuid};
use rustix::thread::{set_thread_gid, set_thread_uid};
use serde_json::{Value, json};

use super::client::{Client, Request};
use super::events::Following;
use super::server::{Home, PASSWORD, Server};
use crate::harness::Answer;

fn own_name() -> String {
    format!("uid:{}", geteuid().as_raw())
}

fn at_socket(home: &Home) -> Client {
    Client::socket(home.data().join("admin.sock"))
}

/// What the user `uid` of the group `gid` is answered. Only the thread changes, and it ends here.
fn as_user(client: &Client, (uid, gid): (u32, u32), request: Request) -> Answer {
    let client = client.clone();
    let asked = thread::spawn(move || {
        set_thread_gid(Gid::from_raw(gid)).unwrap();
        set_thread_uid(Uid::from_raw(uid)).unwrap();
        client.ask(request)
    });
    asked.join().unwrap()
}

fn user_id(client: &Client, email: &str) -> String {
    let found = client.get("/api/v1/users").data(200);
    let user = found["users"].as_array().unwrap().iter().find(|user| user["email"] == email);
    user.unwrap()["id"].as_str().unwrap().to_owned()
}

/// The newest record of `action`.
fn newest(client: &Client, action: &str) -> Value {
    client.get(&format!("/api/v1/audit/logs?action={action}&limit=1")).data(200)["logs"][0].clone()
}

#[test]
fn the_user_that_runs_the_server_is_a_super_administrator_without_a_password() {
    let home = Home::settled();
    let mut server = home.serve(&[]);
    let said = server.said("admin socket at ");
    assert_eq!(said, "admin socket at data/admin.sock");
    let path = home.data().join("admin.sock");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let me = at_socket(&home).get("/api/v1/auth/me").data(200);
    assert_eq!((&me["username"], &me["name"]), (&json!(own_name()), &json!(own_name())));
    assert_eq!(me["roles"], json!(["super_admin"]));
    assert!(me["permissions"].as_array().unwrap().contains(&json!("audit:delete")), "{me:#}");
    server.stop();
    assert!(!path.exists());
}

#[test]
fn an_operator_does_what_needs_a_fresh_proof_and_each_act_names_its_user() {
    let home = Home::settled();
    home.create_user("ada@example.com", "viewer");
    let server = home.serve(&[]);
    let client = at_socket(&home);
    let ada = user_id(&client, "ada@example.com");
    let given = Request::new("POST", &format!("/api/v1/users/{ada}/roles/manager"));
    client
        .ask(
            given
                .header("x-request-id", "console-1")
                .header("user-agent", "console/1")
                .header("x-audit-note", "SEC-118"),
        )
        .data(200);
    client.ask(Request::put(&format!("/api/v1/users/{ada}"), &json!({ "status": "suspended" }))).data(200);
    client.ask(Request::new("POST", &format!("/api/v1/users/{ada}/password-reset"))).data(200);
    let record = newest(&client, "role.granted");
    assert_eq!((&record["actor_id"], &record["user_id"]), (&json!(own_name()), &json!(ada)));
    assert_eq!((&record["request_id"], &record["details"]["role"]), (&json!("console-1"), &json!("manager")));
    assert_eq!((&record["details"]["operator"], &record["note"]), (&json!(own_name()), &json!("SEC-118")));
    // There is no address, and the client's own name is still readable.
    assert_eq!((&record["ip_address"], &record["user_agent"]), (&Value::Null, &json!("console/1")));
    let done = client.get(&format!("/api/v1/audit/logs?actor_id={}", own_name())).data(200);
    let actions: Vec<_> = done["logs"].as_array().unwrap().iter().map(|log| &log["action"]).collect();
    assert_eq!(actions, ["password.reset_forced", "user.status_changed", "role.granted"]);
    server.stop();
}

#[test]
fn what_is_about_an_account_of_ones_own_is_not_for_operators() {
    let home = Home::settled();
    let server = home.serve(&[]);
    let client = at_socket(&home);
    for request in [
        Request::get("/api/v1/auth/sessions"),
        Request::post("/api/v1/auth/step-up", &json!({ "password": PASSWORD })),
        Request::post("/api/v1/users/me/api-keys", &json!({ "name": "x", "scopes": ["metrics:write"] })),
    ] {
        let refused = client.ask(request).refused(403, "FORBIDDEN");
        assert_eq!(refused["details"]["reason"], "session_required");
    }
    let record = newest(&client, "access.denied");
    assert_eq!((&record["actor_id"], &record["reason"]), (&json!(own_name()), &json!("session_required")));
    server.stop();
}

#[test]
fn a_credential_beside_the_kernels_word_is_refused_whatever_it_is() {
    let home = Home::settled();
    let server = home.serve(&[]);
    let tokens = server.client().log_in("root@example.com", PASSWORD).data(200);
    let token = tokens["access_token"].as_str().unwrap();
    let client = at_socket(&home);
    for (name, value) in [
        ("authorization", format!("Bearer {token}")),
        ("authorization", "Basic eDp5".to_owned()),
        ("authorization", String::new()),
        ("x-api-key", "lk_x".to_owned()),
        ("cookie", "__Host-latchkey=x".to_owned()),
    ] {
        for path in ["/api/v1/auth/me", "/health"] {
            let answer = client.ask(Request::get(path).header(name, &value));
            answer.refused(401, "TOKEN_INVALID");
        }
    }
    // A cookie of something else is no credential.
    client.ask(Request::get("/api/v1/auth/me").header("cookie", "theme=dark")).data(200);
    server.stop();
}

#[test]
fn the_feed_is_followed_and_resumed_over_the_socket() {
    let home = Home::settled();
    let server = home.serve(&[]);
    let client = at_socket(&home);
    let mut stream = Following::asked(&client, Request::get("/api/v1/events"), None);
    let (cursor, _) = stream.next("ready");
    server.client().log_in("root@example.com", "wrong").refused(401, "AUTHENTICATION_FAILED");
    assert_eq!(stream.next("audit").1["action"], "login.failed");
    drop(stream);
    let mut stream = Following::asked(&client, Request::get("/api/v1/events"), Some(&cursor));
    stream.next("ready");
    assert_eq!(stream.next("audit").1["action"], "login.failed");
    server.stop();
}

#[test]
fn the_socket_speaks_no_tls_of_hosts_and_no_encryption() {
    let home = Home::settled();
    let server = home.serve(&[]);
    let client = at_socket(&home);
    let mut connection = client.connect().unwrap();
    // Any host, and one request after another.
    for host in ["localhost", "evil.example"] {
        connection.send(&format!("GET /health HTTP/1.1\r\nhost: {host}\r\n\r\n")).unwrap();
        let answer = connection.answer().unwrap();
        assert_eq!(answer.status.as_u16(), 200);
        assert_eq!(answer.header("strict-transport-security"), None);
    }
    let mut other = client.connect().unwrap();
    other.send("\u{16}\u{3}\u{1}").unwrap();
    drop(connection);
    server.stop();
}

#[test]
fn a_head_that_does_not_end_is_cut_on_the_socket_too() {
    let home = Home::settled().env("LATCHKEY_NET__HEADER_TIMEOUT", "1s");
    let server = home.serve(&[]);
    let mut slow = at_socket(&home).connect().unwrap();
    slow.send("GET /health HTTP/1.1\r\nhost: ").unwrap();
    assert_eq!(slow.rest(), "");
    let mut silent = at_socket(&home).connect().unwrap();
    assert_eq!(silent.rest(), "");
    server.stop();
}

#[test]
fn one_user_has_a_bounded_number_of_connections() {
    let home = Home::settled();
    let server = home.serve(&[]);
    let client = at_socket(&home);
    let mut held: Vec<_> = (0..32).map(|_| client.connect().unwrap()).collect();
    for connection in &mut held {
        assert_eq!(connection.ask(&Request::get("/health")).unwrap().status.as_u16(), 200);
    }
    let mut one_more = client.connect().unwrap();
    assert_eq!(one_more.rest(), "");
    // The network is another matter.
    assert_eq!(server.client().get("/health").status.as_u16(), 200);
    drop(held);
    server.stop();
}

#[test]
fn an_operator_sees_the_metrics_that_the_network_does_not() {
    let home = Home::settled().env("LATCHKEY_METRICS__ALLOW", "192.0.2.0/24");
    let server = home.serve(&[]);
    assert_eq!(server.client().get("/metrics").status.as_u16(), 404);
    let page = at_socket(&home).get("/metrics");
    assert!(page.status.as_u16() == 200 && page.text.ends_with("# EOF\n"), "{page:?}");
    server.stop();
}

#[test]
fn an_operator_ends_sessions_keys_and_locks_of_others() {
    let home = Home::settled();
    home.create_user("ada@example.com", "developer");
    let server = home.serve(&[]);
    let (client, network) = (at_socket(&home), server.client());
    let tokens = network.log_in("ada@example.com", PASSWORD).data(200);
    let token = tokens["access_token"].as_str().unwrap();
    let form = json!({ "name": "Sensor", "scopes": ["metrics:write"] });
    let key = network.ask(Request::post("/api/v1/users/me/api-keys", &form).bearer(token)).data(201);
    let id = key["id"].as_str().unwrap();
    client.ask(Request::delete(&format!("/api/v1/api-keys/{id}"))).data(200);
    let ada = user_id(&client, "ada@example.com");
    let filter = json!({ "user_id": ada, "expect_count": 1 });
    let ended = client.post("/api/v1/sessions/revoke", &filter).data(200);
    assert_eq!((&ended["ended"], &ended["sessions"][0]["outcome"]), (&json!(1), &json!("ended")));
    network.ask(Request::get("/api/v1/auth/me").bearer(token)).refused(401, "TOKEN_INVALID");
    client.ask(Request::new("POST", &format!("/api/v1/users/{ada}/unlock"))).data(200);
    let keys = client.post("/api/v1/signing-keys/rotate", &json!({ "revoke": false })).data(200);
    assert_eq!(keys["keys"].as_array().unwrap().len(), 3);
    let done = client.get(&format!("/api/v1/audit/logs?actor_id={}", own_name())).data(200);
    let actions: Vec<_> = done["logs"].as_array().unwrap().iter().map(|log| &log["action"]).collect();
    assert_eq!(actions, ["key.rotated", "lockout.cleared", "session.ended", "api_key.revoked"]);
    server.stop();
}

/// A server whose socket others may reach: users 1001 and 1002, and the group 27.
fn shared() -> (Home, Server, Client) {
    let rules = "\"uid=1001 role=admin name=night-shift\", \"uid=1002 role=viewer\", \"gid=27 role=manager\"";
    let text = format!("[admin_socket]\npath = \"admin.sock\"\noperators = [{rules}]\n");
    let home = Home::configured(&text);
    home.create_user("root@example.com", "super_admin");
    home.create_user("ada@example.com", "viewer");
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o711)).unwrap();
    let server = home.serve(&[]);
    let client = Client::socket(home.path().join("admin.sock"));
    (home, server, client)
}

#[test]
fn others_are_what_the_configuration_says_and_nobody_else_is_let_in() {
    if !geteuid().is_root() {
        return;
    }
    let (home, server, client) = shared();
    let mode = fs::metadata(home.path().join("admin.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o666);
    let me = |who| as_user(&client, who, Request::get("/api/v1/auth/me")).data(200);
    let night = me((1_001, 27));
    assert_eq!((&night["name"], &night["username"]), (&json!("night-shift"), &json!("uid:1001")));
    assert_eq!((&night["roles"], &me((1_003, 27))["roles"]), (&json!(["admin"]), &json!(["manager"])));
    assert_eq!(me((0, 0))["roles"], json!(["super_admin"]));
    for path in ["/api/v1/auth/me", "/api/v1/users", "/health", "/docs", "/nowhere"] {
        let refused = as_user(&client, (1_003, 28), Request::get(path)).refused(403, "FORBIDDEN");
        assert_eq!(
            (&refused["details"]["reason"], &refused["details"]["uid"]),
            (&json!("not_an_operator"), &json!(1_003))
        );
    }
    let record = newest(&client, "access.denied");
    assert_eq!((&record["actor_id"], &record["reason"]), (&json!("uid:1003"), &json!("not_an_operator")));
    server.stop();
}

#[test]
fn an_operator_has_the_rights_and_the_rank_of_its_role_and_no_more() {
    if !geteuid().is_root() {
        return;
    }
    let (_home, server, client) = shared();
    let (ada, root) = (user_id(&client, "ada@example.com"), user_id(&client, "root@example.com"));
    let log_out = |user: &str| Request::new("POST", &format!("/api/v1/users/{user}/logout-all"));
    let viewer = as_user(&client, (1_002, 1_002), log_out(&ada)).refused(403, "FORBIDDEN");
    assert_eq!(viewer["details"]["required_permission"], "users:update");
    as_user(&client, (1_001, 1_001), log_out(&ada)).data(200);
    let record = newest(&client, "session.all_ended");
    assert_eq!(
        (&record["actor_id"], &record["details"]["operator"]),
        (&json!("uid:1001"), &json!("night-shift"))
    );
    // An administrator does not reach a super administrator, nor gives what it does not hold.
    as_user(&client, (1_001, 1_001), log_out(&root)).refused(403, "FORBIDDEN");
    let promote = Request::new("POST", &format!("/api/v1/users/{ada}/roles/super_admin"));
    as_user(&client, (1_001, 1_001), promote).refused(403, "FORBIDDEN");
    // The last super administrator stays, whoever asks.
    let suspend = Request::put(&format!("/api/v1/users/{root}"), &json!({ "status": "suspended" }));
    client.ask(suspend).refused(409, "CONFLICT");
    server.stop();
}
