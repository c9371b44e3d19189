//! What an operator is told, word for word.

use super::*;

pub(super) fn check(table: &[(&'static str, &[&str])]) {
    for (text, expected) in table {
        assert_eq!(problems(&file(text)), *expected, "{text}");
    }
}

#[test]
fn an_unknown_key_names_its_line_and_the_nearest_key() {
    check(&[
        (
            "\n[tokens]\nacces_ttl = \"1h\"",
            &["auth.toml:3: tokens.acces_ttl: no such key | did you mean tokens.access_ttl?"],
        ),
        ("access_ttl = \"1h\"", &["auth.toml:1: access_ttl: no such key | did you mean tokens.access_ttl?"]),
        (
            "[tokns]\naccess_ttl = \"1h\"",
            &["auth.toml:2: tokns.access_ttl: no such key | did you mean tokens.access_ttl?"],
        ),
        ("[tokns]", &["auth.toml:1: tokns: no such key | did you mean tokens?"]),
        (
            "[[listen]]\nadr = \":1\"",
            &["auth.toml:2: listen[0].adr: no such key | did you mean listen.addr?"],
        ),
        ("public-url = \"x\"", &["auth.toml:1: public-url: no such key | did you mean public_url?"]),
        ("zzzzzzzz = 1", &["auth.toml:1: zzzzzzzz: no such key | `latchkey check` lists every key"]),
        (
            "\"tokens.access_ttl\" = \"1h\"",
            &["auth.toml:1: \"tokens.access_ttl\": no such key | did you mean tokens.access_ttl?"],
        ),
        (
            "\"a\\nb\\u001b\" = 1",
            &["auth.toml:1: \"a\\nb\\u{1b}\": no such key | `latchkey check` lists every key"],
        ),
    ]);
}

#[test]
fn a_wrong_type_names_what_is_expected() {
    check(&[
        (
            "[tokens]\naccess_ttl = 5",
            &[
                "auth.toml:2: tokens.access_ttl: expected a duration such as \"10s\", \"5m\", \"1h\" or \"7d\", found the number 5",
            ],
        ),
        (
            "[tokens]\naccess_ttl = \"5\"",
            &[
                "auth.toml:2: tokens.access_ttl: expected a duration such as \"10s\", \"5m\", \"1h\" or \"7d\", found \"5\"",
            ],
        ),
        (
            "[mail]\nport = \"587\"",
            &["auth.toml:2: mail.port: expected a whole number from 1 to 65535, found text"],
        ),
        (
            "[mail]\nport = 0",
            &["auth.toml:2: mail.port: expected a whole number from 1 to 65535, found the number 0"],
        ),
        (
            "[mail]\nport = 1.5",
            &[
                "auth.toml:2: mail.port: expected a whole number from 1 to 65535, found a number with a fraction",
            ],
        ),
        (
            "[mail]\nport = 1979-05-27",
            &["auth.toml:2: mail.port: expected a whole number from 1 to 65535, found a date or time"],
        ),
        (
            "[registration]\nenabled = \"yes\"",
            &["auth.toml:2: registration.enabled: expected true or false, found text"],
        ),
        (
            "[tokens]\nrotation = \"stict\"",
            &["auth.toml:2: tokens.rotation: expected \"strict\" or \"lazy\", found \"stict\""],
        ),
        ("[tokens]\njwt_secret = 12345", &["auth.toml:2: tokens.jwt_secret: expected text"]),
        ("data_dir = [\"a\"]", &["auth.toml:1: data_dir: expected text, found a list"]),
        ("tokens = 5", &["auth.toml:1: tokens: expected a section [tokens], found the number 5"]),
        (
            "listen = 5",
            &[
                "auth.toml:1: listen: expected an address with a port such as \"0.0.0.0:8443\", \"[::1]:8443\" or \":8443\", found the number 5",
            ],
        ),
        ("listen = []", &["auth.toml:1: listen: expected 1 to 16 addresses, found 0"]),
        (
            "trusted_proxies = [5]",
            &["auth.toml:1: trusted_proxies: expected a list of addresses or networks, found a list"],
        ),
    ]);
}

#[test]
fn a_value_out_of_range_names_the_range() {
    check(&[
        ("[tokens]\naudience = \"\"", &["auth.toml:2: tokens.audience: is empty"]),
        (
            "public_url = \"https://a..b\"",
            &["auth.toml:1: public_url: expected an address such as \"https://auth.example.com\""],
        ),
        ("data_dir = \"\"", &["auth.toml:1: data_dir: is empty"]),
        ("[mail]\npassword = \"\"\nusername = \"a\"", &["auth.toml:2: mail.password: is empty"]),
        (
            "[limits]\nexempt = [\"0.0.0.0/0\"]",
            &[
                "auth.toml:2: limits.exempt: 0.0.0.0/0 would exempt everyone: set limits.enabled = false instead",
            ],
        ),
        (
            "[limits]\nlogin = \"5\"\nmail = 5\nregister = \"0/1h\"\nanonymous = \"99999999999/1m\"\nauthenticated = \"5/2d\"\nmax_entries = 10",
            &[
                "auth.toml:2: limits.login: expected a count and a time such as \"5/1m\", found \"5\"",
                "auth.toml:3: limits.mail: expected a count and a time such as \"5/1m\", found the number 5",
                "auth.toml:4: limits.register: the count must be from 1 to 1000000, and is \"0/1h\"",
                "auth.toml:5: limits.anonymous: the count must be from 1 to 1000000, and is \"99999999999/1m\"",
                "auth.toml:6: limits.authenticated: the time must be from 1s to 1d, and is \"5/2d\"",
                "auth.toml:7: limits.max_entries: expected a whole number from 1000 to 10000000, found the number 10",
            ],
        ),
        (
            "[registration]\ndefault_role = \"\"",
            &["auth.toml:2: registration.default_role: expected \"viewer\" or \"developer\" or \"manager\""],
        ),
        (
            "[tokens]\naccess_ttl = \"2d\"",
            &["auth.toml:2: tokens.access_ttl: must be from 1m to 1d, and is 2d"],
        ),
        (
            "[password_hash]\nmemory_kib = 1024",
            &[
                "auth.toml:2: password_hash.memory_kib: expected a whole number from 19456 to 1048576, found the number 1024",
            ],
        ),
        (
            "[store]\ncache_mib = 9223372036854775807",
            &[
                "auth.toml:2: store.cache_mib: expected a whole number from 4 to 65536, found the number 9223372036854775807",
            ],
        ),
        (
            "[[listen]]\naddr = \"example.com:1\"",
            &[
                "auth.toml:2: listen[0].addr: expected an address with a port such as \"0.0.0.0:8443\", \"[::1]:8443\" or \":8443\", found \"example.com:1\"",
            ],
        ),
        (
            "trusted_proxies = [\"0.0.0.0/0\"]",
            &["auth.toml:1: trusted_proxies: 0.0.0.0/0 would trust everyone"],
        ),
        (
            "trusted_proxies = [\"proxy\"]",
            &[
                "auth.toml:1: trusted_proxies: expected an address or a network such as \"10.0.0.0/8\", found \"proxy\"",
            ],
        ),
        (
            "public_url = \"http://auth.example.com\"",
            &["auth.toml:1: public_url: http is for this machine only: users need an address with https"],
        ),
        (
            "public_url = \"auth.example.com\"",
            &["auth.toml:1: public_url: expected an address such as \"https://auth.example.com\""],
        ),
        (
            "[log]\nfilter = \"loud=very\"",
            &[
                "auth.toml:2: log.filter: expected a level such as \"info\", or \"info,latchkey::store=debug\"",
            ],
        ),
        (
            "[mail]\nfrom_email = \"Ada <ada@example.com>\"",
            &["auth.toml:2: mail.from_email: expected an email address such as \"auth@example.com\""],
        ),
        (
            "[mail]\nhost = \"smtp://x\"",
            &[
                "auth.toml:2: mail.host: expected a host name or an address, without scheme and port, such as \"smtp.example.com\"",
            ],
        ),
        (
            "[mail]\nfrom_name = \"a\\r\\nBcc: b\"",
            &["auth.toml:2: mail.from_name: expected at most 100 characters on one line"],
        ),
        (
            "[registration]\ndefault_role = \"super_admin\"",
            &[
                "auth.toml:2: registration.default_role: \"super_admin\" would make everyone who signs up an administrator",
            ],
        ),
        (
            "[registration]\ndefault_role = \"Dev Ops\"",
            &["auth.toml:2: registration.default_role: expected \"viewer\" or \"developer\" or \"manager\""],
        ),
    ]);
}

#[test]
fn how_the_pages_look_is_checked() {
    check(&[
        (
            "[pages]\naccent = \"green\"",
            &["auth.toml:2: pages.accent: expected a colour such as \"#1f6650\""],
        ),
        (
            "[pages]\nname = \"a\\nb\"",
            &["auth.toml:2: pages.name: expected at most 100 characters on one line"],
        ),
    ]);
}

#[test]
fn the_environment_is_held_to_the_same_rules() {
    for (variables, expected) in [
        (
            &[("LATCHKEY_TOKENS__ACCES_TTL", "1h")],
            "LATCHKEY_TOKENS__ACCES_TTL: no such setting | did you mean LATCHKEY_TOKENS__ACCESS_TTL?",
        ),
        (
            &[("LATCHKEY_TOKENS_ACCESS_TTL", "1h")],
            "LATCHKEY_TOKENS_ACCESS_TTL: no such setting | did you mean LATCHKEY_TOKENS__ACCESS_TTL?",
        ),
        (
            &[("LATCHKEY_LOG", "debug")],
            "LATCHKEY_LOG: this is a section, not a setting | name a key of it, such as LATCHKEY_LOG__FILTER",
        ),
        (
            &[("LATCHKEY_DATADIR", "/x")],
            "LATCHKEY_DATADIR: no such setting | did you mean LATCHKEY_DATA_DIR?",
        ),
        (&[("LATCHKEY_", "1")], "LATCHKEY_: no such setting | `latchkey check` lists every key"),
        (
            &[("LATCHKEY_TOKENS__ACCESS_TTL", "1")],
            "LATCHKEY_TOKENS__ACCESS_TTL: tokens.access_ttl: expected a duration such as \"10s\", \"5m\", \"1h\" or \"7d\", found \"1\"",
        ),
        (
            &[("LATCHKEY_STORE__CACHE_MIB", "lots")],
            "LATCHKEY_STORE__CACHE_MIB: store.cache_mib: expected a whole number from 4 to 65536, found text",
        ),
        (
            &[("JWT_ALGORITHM", "RS256")],
            "JWT_ALGORITHM: only HS256 is supported | set JWT_ALGORITHM=HS256 or remove it",
        ),
        (
            &[("JWT_REFRESH_TOKEN_EXPIRE_DAYS", "1h")],
            "JWT_REFRESH_TOKEN_EXPIRE_DAYS: tokens.refresh_ttl: expected a whole number",
        ),
        (
            &[("LATCHKEY_TOKENS__ACCESS_TTL", "2d")],
            "LATCHKEY_TOKENS__ACCESS_TTL: tokens.access_ttl: must be from 1m to 1d, and is 2d",
        ),
        (
            &[("SMTP_PORT", "99999")],
            r#"SMTP_PORT: mail.port: expected a whole number from 1 to 65535, found "99999""#,
        ),
        (
            &[("BCRYPT_ROUNDS", "3")],
            "BCRYPT_ROUNDS: expected a number from 4 to 31 | remove it: passwords are hashed with Argon2id, see [password_hash]",
        ),
    ] {
        assert_eq!(problems(&environment(variables)), [expected]);
    }
}

#[test]
fn development_refuses_every_address_but_loopback() {
    let expected = "--listen: listen: --dev listens on loopback only, and 0.0.0.0:80 is not | use --listen 127.0.0.1:8080";
    assert_eq!(problems(&Case { flags: dev(&["0.0.0.0:80"]), ..Case::default() }), [expected]);
    for addr in [":80", "10.0.0.1:80", "[::]:80", "[::ffff:10.0.0.1]:80"] {
        assert_eq!(problems(&Case { flags: dev(&[addr]), ..Case::default() }).len(), 1, "{addr}");
    }
    for addr in ["127.9.9.9:80", "[::1]:80", "[::ffff:127.0.0.1]:80", "localhost:0"] {
        Case { flags: dev(&[addr]), ..Case::default() }.config();
    }
    let case = Case { file: "[[listen]]\naddr = \"192.168.1.1:1\"", flags: dev(&[]), ..Case::default() };
    assert_eq!(problems(&case).len(), 1);
}

#[test]
fn tls_without_dev_is_refused() {
    let case = Case { flags: Flags { tls: true, ..Flags::default() }, ..Case::default() };
    assert_eq!(problems(&case), ["--tls goes with --dev: without it TLS is on"]);
}

#[test]
fn broken_toml_names_the_line() {
    check(&[
        ("a = 1\na = 2", &["auth.toml:2: not valid TOML: duplicate key"]),
        ("\n[tokens", &["auth.toml:2: not valid TOML: unclosed table, expected `]`"]),
        ("x = \"", &["auth.toml:1: not valid TOML: invalid basic string, expected `\"`"]),
    ]);
}

#[test]
fn every_error_is_told_in_the_order_of_the_file() {
    let case = Case {
        file: "zzzzzzzzz = 1\n[tokens]\naccess_ttl = 5\n[mail]\nport = 0\n",
        environment: &[("LATCHKEY_NET__IDLE_TIMEOUT", "soon")],
        flags: dev(&["0.0.0.0:1"]),
    };
    let begin: Vec<_> =
        problems(&case).iter().map(|line| line.split(": ").next().unwrap().to_owned()).collect();
    assert_eq!(
        begin,
        ["auth.toml:1", "auth.toml:3", "auth.toml:5", "LATCHKEY_NET__IDLE_TIMEOUT", "--listen"]
    );
}

#[test]
fn a_configuration_file_that_is_named_must_be_there_and_safe() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("auth.toml");
    let load = || {
        let flags = Flags { config: Some(path.to_str().unwrap().to_owned()), ..Flags::default() };
        let loaded = Loaded::load(&flags, &Environment::default());
        loaded.map(|_| ()).map_err(|error| error.to_string().replace(path.to_str().unwrap(), "FILE"))
    };
    assert_eq!(load().unwrap_err(), "cannot read the configuration FILE: No such file or directory");
    std::fs::write(&path, "[store]\ncache_mib = 64\n").unwrap();
    load().unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(load().unwrap_err(), "cannot read the configuration FILE: everyone may change it");
}
