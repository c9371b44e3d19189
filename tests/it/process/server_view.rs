//! What a running server tells an operator of itself.

use latchkey::domain::time::Timestamp;

use super::client::Request;
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
    assert!(!told.to_string().contains(home.path().to_str().unwrap()));
    server.stop();
}
