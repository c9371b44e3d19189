//! `serve --dev`: plain HTTP on loopback, known accounts, a mailbox and a clock to move.

use serde_json::{Value, json};

use super::client::{Client, Request};
use super::server::{Home, PASSWORD};

const DEV_PASSWORD: &str = "latchkey-dev-password";

fn access_of(client: &Client, email: &str) -> String {
    client.log_in(email, DEV_PASSWORD).data(200)["access_token"].as_str().unwrap().to_owned()
}

fn advance(client: &Client, seconds: i64) -> i64 {
    let answer = client.post("/dev/clock", &json!({ "advance_seconds": seconds }));
    answer.json()["now"].as_i64().unwrap()
}

/// The captured mails, newest first.
fn mails(client: &Client) -> Vec<Value> {
    let answer = client.ask(Request::get("/dev/mailbox").header("accept", "application/json"));
    answer.json().as_array().unwrap().clone()
}

#[test]
fn development_has_known_accounts_and_a_clock_that_moves_every_expiry() {
    let home = Home::new();
    let server = home.serve(&["--dev"]);
    assert!(server.announced[0].starts_with("listening on http://127.0.0.1:"), "{:?}", server.announced);
    let client = server.client();
    let admin = access_of(&client, "admin");
    let me = |token: &str| client.ask(Request::get("/api/v1/auth/me").bearer(token));
    assert_eq!(me(&admin).data(200)["roles"], json!(["super_admin"]));
    assert_eq!(me(&access_of(&client, "user@example.com")).data(200)["roles"], json!(["developer"]));

    let before = client.get("/dev/clock").json()["now"].as_i64().unwrap();
    let after = advance(&client, 3_700);
    assert!((3_700..3_800).contains(&(after - before)), "{before} {after}");
    me(&admin).refused(401, "TOKEN_EXPIRED");
    me(&access_of(&client, "admin")).data(200);

    let ended = server.stop();
    for told in ["DEVELOPMENT MODE", DEV_PASSWORD, "admin@example.com", "user@example.com", "/dev/mailbox"] {
        assert!(ended.out.contains(told), "{told}\n{}", ended.out);
    }
    assert!(!ended.out.contains("lks_"), "{}", ended.out);
}

/// R98.
#[test]
fn a_clock_that_jumps_far_breaks_nothing() {
    let home = Home::new();
    let server = home.serve(&["--dev"]);
    let client = server.client();
    let old = access_of(&client, "user");
    let me = |token: &str| client.ask(Request::get("/api/v1/auth/me").bearer(token));
    for jump in [-7_200, 30 * 86_400, -10 * 365 * 86_400, 40 * 365 * 86_400, i64::MIN, i64::MAX] {
        advance(&client, jump);
        assert!([200, 503].contains(&client.get("/health/ready").status.as_u16()), "{jump}");
        assert_eq!(client.get("/health/live").status.as_u16(), 200, "{jump}");
    }
    // Wherever the clock stands now: no answer is a broken one, and no dead token lives again unseen.
    assert!([200, 401].contains(&me(&old).status.as_u16()));
    let ended = server.stop();
    assert!(!ended.err.contains("panicked"), "{}", ended.err);
}

#[test]
fn mail_is_captured_and_the_data_of_development_survives_a_restart() {
    let home = Home::new();
    let server = home.serve(&["--dev"]);
    let client = server.client();
    let form = json!({ "email": "ada@example.com", "password": PASSWORD, "name": "Ada" });
    client.post("/api/v1/auth/register", &form).data(201);
    // The outbox is worked on beside the answers, so the mail may need a few looks to be there.
    let mail = (0..10_000).find_map(|_| mails(&client).into_iter().next()).expect("the mail is captured");
    assert_eq!(mail["to"], "ada@example.com");
    assert!(mail["text"].as_str().unwrap().contains("/verify-email?token="), "{mail}");
    assert!(client.get("/dev/mailbox").text.contains(mail["subject"].as_str().unwrap()));
    assert!(
        client.get(&format!("/dev/mailbox/{}", mail["id"].as_str().unwrap())).text.contains("verify-email")
    );
    server.stop();

    let server = home.serve(&["--dev"]);
    server.client().post("/api/v1/auth/register", &form).refused(409, "ALREADY_EXISTS");
    access_of(&server.client(), "admin");
}

#[test]
fn text_messages_are_captured_as_mail_and_as_files() {
    let home = Home::new();
    let server = home.serve(&["--dev"]);
    let client = server.client();
    let token = access_of(&client, "user");
    let number = json!({ "phone_number": "+4915112345678" });
    client.ask(Request::post("/api/v1/auth/mfa/sms/setup", &number).bearer(&token)).data(200);
    let sms = (0..10_000).find_map(|_| mails(&client).into_iter().next()).expect("the message is captured");
    assert_eq!((&sms["to"], &sms["subject"]), (&json!("4915112345678@sms.invalid"), &json!("SMS")));
    let code = sms["text"].as_str().unwrap()[..6].to_owned();
    let folder = home.data().join("dev/sms");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let text = std::fs::read_to_string(&files[0]).unwrap();
    assert!(text.contains("To: 4915112345678@sms.invalid") && text.contains(&code), "{text}");
    let code = json!({ "code": code });
    client.ask(Request::post("/api/v1/auth/mfa/sms/enable", &code).bearer(&token)).data(200);
    server.stop();
}

#[test]
fn development_with_tls_speaks_only_tls() {
    let home = Home::new();
    let server = home.serve(&["--dev", "--tls"]);
    let client = server.client();
    access_of(&client, "admin@example.com");
    assert!(client.get("/dev/clock").json()["now"].is_i64());
    let plain = Client::plain(server.address(0));
    plain.get("/dev/clock").refused(403, "HTTPS_REQUIRED");
    plain.log_in("admin@example.com", DEV_PASSWORD).refused(403, "HTTPS_REQUIRED");
    assert_eq!(plain.get("/health").status.as_u16(), 200);
}
