use proptest::prelude::*;

use super::*;
use crate::domain::permission::Permission;

const ADMIN: Need = Need::Permission(Scope::of(Permission::UsersRead));

fn rule(hosts: &str, path: &str, methods: &[&str], need: Need) -> Rule {
    let methods = methods.iter().map(ToString::to_string).collect();
    Rule { hosts: hosts.parse().unwrap(), path: path.to_owned(), methods, need }
}

fn table() -> Table {
    Table(vec![
        rule("app.example.com", "/public", &["GET", "HEAD"], Need::Public),
        rule("app.example.com", "/admin/", &[], ADMIN),
        rule("app.example.com", "/", &[], Need::Login),
        rule("*.example.com", "/open", &[], Need::Public),
    ])
}

fn ruling(host: &str, path: &str, method: &str) -> Ruling {
    table().judge(Target { host, path, method })
}

#[test]
fn the_first_rule_that_fits_decides() {
    let of = |path, method| ruling("app.example.com", path, method);
    assert_eq!(of("/public", "GET"), Ruling::Needs(Need::Public, 0));
    assert_eq!(of("/public/x", "HEAD"), Ruling::Needs(Need::Public, 0));
    assert_eq!(of("/public", "POST"), Ruling::Needs(Need::Login, 2));
    assert_eq!(of("/publicity", "GET"), Ruling::Needs(Need::Login, 2));
    assert_eq!(of("/admin", "GET"), Ruling::Needs(ADMIN, 1));
    assert_eq!(of("/admin/x", "GET"), Ruling::Needs(ADMIN, 1));
    assert_eq!(of("/", "GET"), Ruling::Needs(Need::Login, 2));
    assert_eq!(ruling("APP.example.com.:8443", "/public", "GET"), Ruling::Needs(Need::Public, 0));
    assert_eq!(ruling("other.example.com", "/open/x", "PUT"), Ruling::Needs(Need::Public, 3));
    assert_eq!(ruling("other.example.com", "/x", "GET"), Ruling::NoRule);
    for nobody in [
        "example.com",
        "evilexample.com",
        ".example.com",
        "app.example.com.evil.example",
        "",
        "a b",
        "x@app.example.com",
        "app..example.com",
        "app.example.com:",
        "app.example.com:x",
        "[app.example.com]x",
    ] {
        assert_eq!(ruling(nobody, "/open", "GET"), Ruling::NoRule, "{nobody}");
    }
}

#[test]
fn no_spelling_walks_around_a_rule() {
    for path in [
        "//admin",
        "/%61dmin",
        "/%2561dmin",
        "/Admin",
        "/admin;x",
        "/;x/admin",
        "/admin%3fx",
        "/admin%23x",
        "/%2fadmin",
        "/Public/x",
        "/public;a=b",
        "/public%2fx",
        "//public",
    ] {
        assert_eq!(ruling("app.example.com", path, "GET"), Ruling::Unclear, "{path}");
    }
    for path in [
        "",
        "admin",
        "/public/../admin/x",
        "/public/%2e%2e/admin/x",
        "/public/%2e./admin/x",
        "/public/..%2fadmin",
        "/public/%252e%252e/admin",
        "/public/..;x=1/admin",
        "/public/..%3fx/admin",
        "/public\\..\\admin",
        "/public/%5c",
        "/./admin",
        "/public/%00",
        "/public/%0a",
        "/a b",
        "/\u{e4}",
        "/%25252525252541",
    ] {
        assert_eq!(ruling("app.example.com", path, "GET"), Ruling::Unclear, "{path}");
    }
    let long = format!("/public/{}", "x".repeat(URL_BYTES_MAX));
    assert_eq!(ruling("app.example.com", &long, "GET"), Ruling::Unclear);
}

#[test]
fn what_can_be_read_in_several_ways_that_need_the_same_is_what_it_is() {
    for (path, expected) in [
        ("/public/a%20b/%c3%a4/100%25", Ruling::Needs(Need::Public, 0)),
        ("/public//x;y/a%2Fb", Ruling::Needs(Need::Public, 0)),
        ("/admin/group%2Fproject", Ruling::Needs(ADMIN, 1)),
        ("/x/...", Ruling::Needs(Need::Login, 2)),
        ("/x/.hidden", Ruling::Needs(Need::Login, 2)),
        ("/%zz", Ruling::Needs(Need::Login, 2)),
    ] {
        assert_eq!(ruling("app.example.com", path, "GET"), expected, "{path}");
    }
}

/// Two permissions have no order: whoever has one must not come by where the other is asked for.
#[test]
fn a_path_between_two_permissions_is_nobodys() {
    let costs = Need::Permission(Scope::of(Permission::CostsRead));
    let table =
        Table(vec![rule("app.example.com", "/users", &[], ADMIN), rule("app.example.com", "/", &[], costs)]);
    let judge = |path| table.judge(Target { host: "app.example.com", path, method: "GET" });
    assert_eq!(judge("/users"), Ruling::Needs(ADMIN, 0));
    assert_eq!(judge("/%75sers"), Ruling::Unclear);
    // A reading between the two fits the second rule, though both ends fit others that ask for the same.
    let table = Table(vec![
        rule("app.example.com", "/x/y/z", &[], Need::Login),
        rule("app.example.com", "/x/y", &[], ADMIN),
        rule("app.example.com", "/x", &[], Need::Login),
    ]);
    let judge = |path| table.judge(Target { host: "app.example.com", path, method: "GET" });
    assert_eq!(judge("/x/y;b//z"), Ruling::Unclear);
}

#[test]
fn an_empty_table_lets_nobody_through_and_sends_nobody_back() {
    let nothing = Table::default().judge(Target { host: "app.example.com", path: "/", method: "GET" });
    assert_eq!(nothing, Ruling::NoRule);
    assert!(!Table::default().knows("app.example.com"));
    assert!(table().knows("app.example.com:443") && table().knows("x.example.com"));
    assert!(!table().knows("example.com"));
}

#[test]
fn rules_are_written_in_one_way() {
    for (text, need) in [
        ("public", Some(Need::Public)),
        ("login", Some(Need::Login)),
        ("permission:users:read", Some(ADMIN)),
        ("permission:metrics:write", Some(Need::Permission("metrics:write".parse().unwrap()))),
        ("", None),
        ("Public", None),
        ("permission:", None),
        ("permission:users", None),
        ("users:read", None),
    ] {
        assert_eq!(text.parse().ok(), need, "{text}");
    }
    for (text, is_good) in [
        ("app.example.com", true),
        ("*.example.com", true),
        ("127.0.0.1", true),
        ("", false),
        ("*", false),
        ("*.", false),
        ("*.*.example.com", false),
        ("app.*.com", false),
        ("App.example.com", false),
        ("app.example.com:443", false),
        ("app.example.com.", false),
        ("https://app.example.com", false),
        ("[::1]", false),
    ] {
        assert_eq!(text.parse::<Hosts>().is_ok(), is_good, "{text}");
    }
    for (path, is_good) in [
        ("/", true),
        ("/admin/", true),
        ("/a.b/@c", true),
        ("", false),
        ("admin", false),
        ("/a b", false),
        ("/a%20b", false),
        ("/a//b", false),
        ("/a/../b", false),
        ("/a;b", false),
        ("/a?b", false),
    ] {
        assert_eq!(is_path_of_rule(path), is_good, "{path}");
    }
    assert!(
        is_method("GET") && is_method("M-SEARCH") && !is_method("get") && !is_method("") && !is_method("G T")
    );
}

/// What an application may make of a path, in the order of its steps.
fn read(path: &str, steps: &[u8]) -> String {
    steps.iter().fold(path.to_owned(), |path, step| match step {
        0 => String::from_utf8_lossy(&percent_decoded(&path)).into_owned(),
        1 => path.replace("//", "/"),
        2 => path.split('/').map(|name| name.split(';').next().unwrap()).collect::<Vec<_>>().join("/"),
        3 => path.to_lowercase(),
        4 => path.split('?').next().unwrap().to_owned(),
        5 => path.replace('\\', "/"),
        _ => {
            let mut kept: Vec<&str> = Vec::new();
            for name in path.split('/').skip(1) {
                match name {
                    "." => {}
                    ".." => drop(kept.pop()),
                    name => kept.push(name),
                }
            }
            format!("/{}", kept.join("/"))
        }
    })
}

fn percent_decoded(path: &str) -> Vec<u8> {
    let (mut out, bytes, mut at) = (Vec::new(), path.as_bytes(), 0);
    while at < bytes.len() {
        let hex = path.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let (b'%', Some(byte)) = (bytes[at], hex) {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    /// Whatever an application makes of a path, it asks for what the ruling said.
    #[test]
    fn every_reading_of_a_path_needs_what_was_said(
        path in "(/|/|;|\\.|%2e|%2f|%5c|%25|%3b|%3f|%70|P|public|admin|x|\\\\|\\?){0,10}",
        steps in prop::collection::vec(0_u8..7, 0..5),
    ) {
        let path = format!("/{}", path.replace('?', "%3f"));
        if let Ruling::Needs(need, _) = ruling("app.example.com", &path, "GET") {
            let reading = read(&path, &steps);
            let first = table().0.into_iter().find(|rule| rule.is_about("app.example.com", "GET") && rule.covers(&reading));
            prop_assert_eq!(first.map(|rule| rule.need), Some(need), "{} {}", path, reading);
        }
    }

    #[test]
    fn no_text_makes_the_table_fail(host in ".*", path in ".*", method in ".*") {
        let _ = ruling(&host, &path, &method);
        let _ = app_url::AppUrl::parse(&path);
    }
}
