//! `latchkey check-access`, with the configurations that the examples of proxies show.

use serde_json::{Value, json};

use super::server::Home;

const CONFIG: &str = r#"
public_url = "https://auth.example.com"
trusted_proxies = ["127.0.0.1"]
[forward_auth]
cookie_domain = "example.com"
[[forward_auth.rule]]
host = "app.example.com"
path = "/public"
need = "public"
[[forward_auth.rule]]
host = "app.example.com"
path = "/people"
need = "permission:users:read"
[[forward_auth.rule]]
host = "app.example.com"
need = "login"
"#;

fn ask(home: &Home, more: &[&str]) -> Value {
    let ended = home.run(&[&["check-access", "--data-dir", "data", "--json"], more].concat());
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    serde_json::from_str(&ended.out).unwrap()
}

#[test]
fn it_says_which_rule_decides_and_whether_an_account_may() {
    let home = Home::configured(CONFIG);
    home.create_user("root@example.com", "super_admin");
    home.create_user("ada@example.com", "developer");
    let on = |path| ["--host", "app.example.com", "--path", path];
    let decided = |at: usize, needs: &str| json!({ "rule": format!("forward_auth.rule[{at}]"), "needs": needs, "refused": null, "user": null });
    assert_eq!(ask(&home, &on("/public/x")), decided(0, "public"));
    assert_eq!(ask(&home, &on("/people")), decided(1, "permission:users:read"));
    assert_eq!(ask(&home, &on("/")), decided(2, "login"));
    let unclear = ask(&home, &on("/%70eople"));
    assert_eq!(unclear["rule"], Value::Null);
    assert!(unclear["refused"].as_str().unwrap().starts_with("applications may read this path in ways"));
    assert_eq!(ask(&home, &["--host", "other.example.com", "--path", "/"])["refused"], "no rule fits");
    for (path, user, may, because) in [
        ("/people", "root@example.com", true, "it holds users:read"),
        ("/people", "Ada@example.com", false, "users:read is missing"),
        ("/people", "ada", false, "users:read is missing"),
        ("/", "ada", true, "a login is enough"),
        ("/public", "ada", true, "anybody may"),
        ("/../x", "root", false, "nobody may"),
    ] {
        let said = ask(&home, &[&on(path)[..], &["--user", user]].concat())["user"].clone();
        assert_eq!(
            (said["may"].as_bool(), said["because"].as_str()),
            (Some(may), Some(because)),
            "{path} {user}"
        );
    }
    let table =
        home.run(&[&["check-access", "--data-dir", "data", "--user", "ada"], &on("/people")[..]].concat());
    let expected = "rule: forward_auth.rule[1]\nneeds: permission:users:read\nada@example.com: may not: users:read is missing\n";
    assert_eq!((table.code, table.out.as_str()), (Some(0), expected));
}

#[test]
fn what_it_cannot_say_is_an_error() {
    let home = Home::configured(CONFIG);
    let on = ["check-access", "--data-dir", "data", "--host", "app.example.com", "--path", "/"];
    home.run(&[&on[..], &["--method", "get"]].concat())
        .refused("--method: \"get\" is no method such as GET", "");
    let ended = home.run(&[&on[..], &["--user", "ada"]].concat());
    assert_eq!(ended.code, Some(1), "there is no store: {ended:?}");
    home.create_user("root@example.com", "super_admin");
    home.run(&[&on[..], &["--user", "ada"]].concat()).refused("--user: there is no account \"ada\"", "");
    let without = Home::new();
    without.run(&on).refused(
        "there is no forward-auth",
        "set forward_auth.cookie_domain, and write a [[forward_auth.rule]]",
    );
}
