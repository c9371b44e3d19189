//! `latchkey user import`: users of another system, with the real binary.

use std::fs;

use serde_json::{Value, json};

use super::client::Request;
use super::server::{Ended, Home, PASSWORD};

/// [`PASSWORD`] by the Python packages bcrypt 5 and argon2-cffi 25, as other systems have it.
const BCRYPT: &str = "$2b$04$......................yqKybrYN1gfi6yNZruor7MV8yF80Yo.";
const ARGON2: &str =
    "$argon2id$v=19$m=64,t=1,p=4$MDEyMzQ1Njc4OWFiY2RlZg$WrjdTDmQBC+5g0abxjYJdRf1mwVB6Jz7JJ0Jr/2OmCw";

fn lines(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn import(home: &Home, more: &[&str], text: &str) -> Ended {
    home.run_with_input(&[&["user", "import", "-", "--data-dir", "data"], more].concat(), text)
}

fn fine(ended: &Ended, said: &str) {
    assert_eq!((ended.code, ended.out.as_str(), ended.err.as_str()), (Some(0), said, ""), "{ended:?}");
}

#[test]
fn imported_users_log_in_with_the_passwords_they_had() {
    let home = Home::settled();
    let text = lines(&[
        json!({ "email": "ada@example.com", "username": "Ada", "name": "Ada Lovelace", "role": "admin",
            "email_verified": true, "password_hash": BCRYPT }),
        json!({ "email": "Bob@example.com", "username": null, "email_verified": true, "password_hash": ARGON2 }),
        json!({ "email": "carl@example.com", "password_hash": BCRYPT.replace("$2b$", "$2a$") }),
    ]);
    fs::write(home.path().join("users.jsonl"), format!("\n{text}  \n")).unwrap();
    fine(&home.run(&["user", "import", "users.jsonl", "--data-dir", "data"]), "imported 3, skipped 0\n");

    let server = home.serve(&[]);
    let client = server.client();
    for name in ["ada", "bob", "ada@example.com", "bob@example.com", "ada"] {
        client.log_in(name, "wrong password").refused(401, "AUTHENTICATION_FAILED");
        client.log_in(name, PASSWORD).data(200);
    }
    let ada = client.log_in("ada", PASSWORD).data(200);
    assert_eq!(ada["user"]["name"], "Ada Lovelace");
    let admin = Request::get("/api/v1/users").bearer(ada["access_token"].as_str().unwrap());
    assert_eq!(client.ask(admin).data(200)["users"].as_array().unwrap().len(), 4);
    // The address was not proved over there, so it is to be proved here.
    client.log_in("carl", PASSWORD).refused(401, "AUTHENTICATION_FAILED");
    let ended = server.stop();
    assert!(!ended.err.contains("$2") && !ended.err.contains("argon2id"), "{}", ended.err);
    assert_eq!(home.run(&["check", "--store", "--data-dir", "data"]).code, Some(0));
}

/// Every line is judged before anybody is made.
#[test]
fn one_bad_line_stops_the_import_and_each_is_named() {
    let home = Home::settled();
    let good = |email: &str| json!({ "email": email, "password_hash": BCRYPT }).to_string();
    let with = |name: &str, value: Value| {
        let mut line = json!({ "email": "eve@example.com", "password_hash": BCRYPT });
        line[name] = value;
        line.to_string()
    };
    let memory = ARGON2.replace("m=64", "m=1048576");
    let bad = [
        ("{".to_owned(), "is not a JSON object"),
        ("[]".to_owned(), "is not a JSON object"),
        ("{}".to_owned(), "email: is missing"),
        (json!({ "email": "eve@example.com" }).to_string(), "password_hash: is missing"),
        (with("email", json!("eve")), "email: an email address has exactly one @"),
        (with("username", json!("a b")), "username: must be 1 to 50 letters"),
        (with("name", json!("x")), "name: must be 2 to 100 characters"),
        (with("name", json!(7)), "name: must be text"),
        (with("role", json!("king")), "role: "),
        (with("email_verified", json!("yes")), "email_verified: must be true or false"),
        (with("password", json!("planted")), "\"password\" is not known here"),
        (with("password_hash", json!("planted")), "password_hash: is neither"),
        (with("password_hash", json!(BCRYPT.replace("$04$", "$15$"))), "password_hash: is neither"),
        (with("password_hash", json!(memory)), "password_hash: takes more memory"),
        (good("ROOT@example.com"), "an account with this email exists"),
        (with("username", json!("root")), "an account with this username exists"),
        (good("Fine@example.com"), "another line has this email or username"),
    ];
    let bad_lines: Vec<_> = bad.iter().map(|(line, _)| line.clone()).collect();
    let text =
        format!("{}\n{}\n{}", good("fine@example.com"), bad_lines.join("\n"), good("last@example.com"));

    let ended = import(&home, &[], &text);
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
    let told: Vec<_> = ended.err.lines().collect();
    assert_eq!(told.len(), bad.len() + 2, "{ended:?}");
    for (at, (told, (_, reason))) in told.iter().zip(&bad).enumerate() {
        assert!(told.starts_with(&format!("latchkey: line {}: {reason}", at + 2)), "{told}");
    }
    assert!(ended.err.ends_with(
        "latchkey: bad lines 17; nobody was imported\nhelp: correct them, or import the others with --skip-bad\n"
    ));
    assert!(!ended.err.contains("planted") && !ended.err.contains("MDEy"), "{}", ended.err);

    let ended = import(&home, &["--skip-bad"], &text);
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), "imported 2, skipped 17\n"), "{ended:?}");
    assert_eq!(ended.err.lines().filter(|line| line.starts_with("note: line ")).count(), 17);
    // Had the first attempt made anybody, the second could not have.
    let ended = import(&home, &["--skip-bad"], &text);
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), "imported 0, skipped 19\n"), "{ended:?}");
}

#[test]
fn ten_thousand_lines_are_imported() {
    let home = Home::settled();
    let mut text = String::new();
    for number in 0..10_000 {
        // The local parts repeat, so most derived usernames carry a number.
        let email = format!("user{}@host{}.example", number % 100, number / 100);
        text.push_str(&lines(&[json!({ "email": email, "password_hash": BCRYPT, "email_verified": true })]));
    }
    fs::write(home.path().join("users.jsonl"), text).unwrap();
    let arguments = ["user", "import", "users.jsonl", "--data-dir", "data"];
    fine(&home.run(&arguments), "imported 10000, skipped 0\n");
    let verified = home.run(&["audit", "verify", "--data-dir", "data"]);
    assert!(verified.out.contains("the audit log is whole"), "{verified:?}");
    let server = home.serve(&[]);
    server.client().log_in("user99@host99.example", PASSWORD).data(200);
    server.stop();
}

#[test]
fn a_file_that_is_not_there_or_no_text_is_told() {
    let home = Home::settled();
    let ended = home.run(&["user", "import", "absent.jsonl", "--data-dir", "data"]);
    ended.refused("cannot read absent.jsonl: No such file or directory", "");
    fs::write(home.path().join("binary"), [0xff, 0xfe, b'\n', 0]).unwrap();
    let ended = home.run(&["user", "import", "binary", "--data-dir", "data"]);
    assert!(ended.err.starts_with("latchkey: line 1: is not a JSON object\nlatchkey: line 2:"), "{ended:?}");
    fine(&import(&home, &[], ""), "imported 0, skipped 0\n");
}
