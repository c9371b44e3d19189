//! What a running server tells an operator of itself.

use latchkey::domain::time::Timestamp;
use serde_json::{Value, json};

use super::client::{Client, Request};
use super::server::{Home, PASSWORD};

#[test]
fn a_server_tells_where_it_listens_when_its_certificate_ends_and_how_large_its_store_is() {
    let home = Home::settled();
    let server = home.serve(&[]);
    let client = server.client();
    let tokens = client.log_in("root@example.com", PASSWORD).data(200);
    let token = tokens["access_token"].as_str().unwrap();
    let told = client.ask(Request::get("/api/v1/server").bearer(token)).data(200);
    assert_eq!(told["listeners"][0]["address"], server.address(0).to_string());
    assert_eq!(told["listeners"][0]["tls"], true);
    let time = |at: &serde_json::Value| at.as_str().unwrap().parse::<Timestamp>().unwrap();
    let left = time(&told["certificate"]["expires_at"]).since(time(&told["started_at"])).as_secs() / 86_400;
    assert!((395..=396).contains(&left), "{told:#}");
    let fingerprint = told["certificate"]["fingerprint"].as_str().unwrap();
    assert!(server.announced[0].contains(fingerprint), "{:?}", server.announced);
    assert_eq!(
        (&told["certificate"]["self_signed"], &told["mail_transport"]),
        (&true.into(), &"file".into())
    );
    assert!(told["store"]["bytes"].as_u64().unwrap() > 4_096 && told["connections"].as_u64().unwrap() >= 1);
    let number = |key: &str| told[key].as_u64().unwrap();
    assert!(number("memory_bytes") > 1 << 20 && number("disk_bytes") >= number("disk_free_bytes"));
    assert!(!told.to_string().contains(home.path().to_str().unwrap()));
    server.stop();
}

#[test]
fn the_settings_are_told_without_secrets_and_paths_at_the_admin_socket_alone() {
    const SECRET: &str = "a secret of more than thirty-two bytes";
    let home = Home::settled().env("LATCHKEY_TOKENS__JWT_SECRET", SECRET);
    let server = home.serve(&[]);
    let (client, socket) = (server.client(), Client::socket(home.data().join("admin.sock")));
    let tokens = client.log_in("root@example.com", PASSWORD).data(200);
    let path = "/api/v1/server/config";
    let remote = client.ask(Request::get(path).bearer(tokens["access_token"].as_str().unwrap()));
    let local = socket.get(path);
    assert!(!remote.text.contains(SECRET) && !local.text.contains(SECRET));
    let (remote, local) = (remote.data(200), local.data(200));
    let told = |settings: &Value, key: &str| {
        settings["settings"].as_array().unwrap().iter().find(|setting| setting["key"] == key).unwrap().clone()
    };
    let secret = json!({ "key": "tokens.jwt_secret", "value": "(redacted)", "source": "environment", "changed": true });
    assert_eq!(
        (told(&remote, "tokens.jwt_secret"), told(&local, "tokens.jwt_secret")),
        (secret.clone(), secret)
    );
    let flag = |value: &str| json!({ "key": "data_dir", "value": value, "source": "flag", "changed": true });
    assert_eq!((told(&remote, "data_dir"), told(&local, "data_dir")), (flag("(path)"), flag("\"data\"")));
    assert_eq!(told(&remote, "admin_socket.path")["value"], "(path)");
    assert_eq!(
        told(&remote, "mfa.required_for"),
        json!({ "key": "mfa.required_for", "value": "[]", "source": "default", "changed": false })
    );
    server.stop();
}
