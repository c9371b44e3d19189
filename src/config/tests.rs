use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use proptest::prelude::*;

use super::*;

mod errors;
mod example;
mod forward_auth;
mod refusals;

/// What a test says about each layer.
#[derive(Default)]
struct Case {
    file: &'static str,
    environment: &'static [(&'static str, &'static str)],
    flags: Flags,
}

impl Case {
    fn load(&self) -> Result<Loaded, ConfigError> {
        let pairs = self.environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Loaded::from_layers(Some(("auth.toml", self.file)), &pairs.collect(), &self.flags)
    }

    fn config(&self) -> Config {
        self.load().unwrap().config
    }
}

fn file(file: &'static str) -> Case {
    Case { file, ..Case::default() }
}

fn environment(environment: &'static [(&'static str, &'static str)]) -> Case {
    Case { environment, ..Case::default() }
}

fn dev(listen: &[&str]) -> Flags {
    Flags { dev: true, listen: listen.iter().map(ToString::to_string).collect(), ..Flags::default() }
}

/// Each problem on a line, its help after a bar.
fn problems(case: &Case) -> Vec<String> {
    let error = case.load().expect_err("the configuration was accepted");
    let line = |problem: &Problem| match &problem.help {
        Some(help) => format!("{problem} | {help}"),
        None => problem.to_string(),
    };
    error.problems.iter().map(line).collect()
}

fn setting(loaded: &Loaded, key: &str) -> (Option<String>, String) {
    let found = loaded.settings.iter().find(|setting| setting.key == key).unwrap();
    (found.shown.clone(), found.source.to_string())
}

#[test]
fn each_layer_is_stronger_than_the_one_before() {
    let mut case = Case::default();
    let mut seen = Vec::new();
    for step in 0..4 {
        match step {
            0 => {}
            1 => case.file = "\n[log]\nfilter = \"warn\"\n",
            2 => case.environment = &[("LATCHKEY_LOG__FILTER", "debug")],
            _ => case.flags.log = Some("trace".into()),
        }
        let loaded = case.load().unwrap();
        let (shown, source) = setting(&loaded, "log.filter");
        assert_eq!(shown, Some(format!("{:?}", loaded.config.log.filter)));
        seen.push((loaded.config.log.filter, source));
    }
    let expected =
        [("info", "default"), ("warn", "auth.toml:3"), ("debug", "LATCHKEY_LOG__FILTER"), ("trace", "--log")];
    assert_eq!(seen, expected.map(|(value, source)| (value.to_owned(), source.to_owned())));
}

#[test]
fn every_source_is_named_down_to_the_line() {
    let loaded = file(
        "trusted_proxies = [\"10.1.2.3\"]\n[[listen]]\naddr = \":1\"\n\n[[listen]]\naddr = \":2\"\ntls = true\n",
    );
    let loaded = loaded.load().unwrap();
    assert_eq!(setting(&loaded, "trusted_proxies").1, "auth.toml:1");
    assert_eq!(setting(&loaded, "listen[0].addr").1, "auth.toml:3");
    assert_eq!(setting(&loaded, "listen[0].tls").1, "default");
    assert_eq!(setting(&loaded, "listen[1].addr").1, "auth.toml:6");
    assert_eq!(setting(&loaded, "listen[1].tls").1, "auth.toml:7");
    assert_eq!(loaded.config.trusted_proxies, ["10.1.2.3/32".parse().unwrap()]);
}

#[test]
fn the_names_of_the_guide_set_what_they_say() {
    let config = environment(&[
        ("JWT_SECRET_KEY", "0123456789abcdef0123456789abcdef"),
        ("JWT_ALGORITHM", "HS256"),
        ("JWT_ACCESS_TOKEN_EXPIRE_MINUTES", "30"),
        ("JWT_REFRESH_TOKEN_EXPIRE_DAYS", "14"),
        ("SMTP_HOST", "smtp.example.com"),
        ("SMTP_PORT", "465"),
        ("SMTP_USER", "ada"),
        ("SMTP_PASSWORD", "secret"),
        ("SMTP_FROM_EMAIL", "auth@example.com"),
        ("SMTP_FROM_NAME", "Example, Inc."),
        ("BCRYPT_ROUNDS", "12"),
    ])
    .load()
    .unwrap();
    let Config { tokens, mail, .. } = config.config;
    assert_eq!(tokens.jwt_secret.unwrap().expose(), "0123456789abcdef0123456789abcdef");
    assert_eq!((tokens.access_ttl, tokens.refresh_ttl), (30 * MINUTE, 14 * DAY));
    assert_eq!((mail.transport, mail.tls, mail.port), (Transport::Smtp, SmtpTls::Implicit, 465));
    assert_eq!(mail.login.unwrap().username, "ada");
    assert_eq!((mail.from_email.as_str(), mail.from_name.as_str()), ("auth@example.com", "Example, Inc."));
    assert_eq!(config.notes.len(), 1, "{:?}", config.notes);
    assert!(config.notes[0].contains("Argon2id"));
}

#[test]
fn our_own_names_win_over_those_of_the_guide() {
    let case =
        environment(&[("JWT_ACCESS_TOKEN_EXPIRE_MINUTES", "30"), ("LATCHKEY_TOKENS__ACCESS_TTL", "45m")]);
    assert_eq!(case.config().tokens.access_ttl, 45 * MINUTE);
}

#[test]
fn variables_that_kubernetes_makes_are_not_ours() {
    let case = environment(&[
        ("LATCHKEY_SERVICE_HOST", "10.0.0.1"),
        ("LATCHKEY_PORT_8443_TCP", "x"),
        ("LATCHKEY_PORT", "x"),
    ]);
    case.load().unwrap();
}

#[test]
fn text_from_outside_the_file_becomes_what_the_key_takes() {
    let loaded = environment(&[
        ("LATCHKEY_NET__MAX_CONNECTIONS", "500"),
        ("LATCHKEY_REGISTRATION__ENABLED", "false"),
        ("LATCHKEY_TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
        ("LATCHKEY_LISTEN", "127.0.0.1:1, :2"),
        ("LATCHKEY_MAIL__FROM_NAME", "42"),
        ("SMTP_USER", ""),
    ])
    .load()
    .unwrap();
    assert_eq!(setting(&loaded, "net.max_connections").0.unwrap(), "500");
    assert_eq!(setting(&loaded, "registration.enabled").0.unwrap(), "false");
    let config = loaded.config;
    assert_eq!((config.net.max_connections, config.registration.enabled), (500, false));
    assert_eq!(config.trusted_proxies.len(), 2);
    let addrs: Vec<_> = config.listen.iter().map(|listener| listener.addr.to_string()).collect();
    assert_eq!(addrs, ["127.0.0.1:1", "[::]:2"]);
    assert!(config.listen.iter().all(|listener| listener.tls && listener.http == PlainHttp::Reject));
    assert_eq!((config.mail.from_name.as_str(), config.mail.login), ("42", None));
}

#[test]
fn listen_flags_replace_the_list_of_the_file() {
    let flags = Flags { listen: vec!["127.0.0.1:9".into()], ..Flags::default() };
    let case =
        Case { file: "[[listen]]\naddr = \":1\"\n[[listen]]\naddr = \":2\"\n", flags, ..Case::default() };
    assert_eq!(case.config().listen.len(), 1);
    assert_eq!(case.config().public_url.as_str(), "https://127.0.0.1:9");
}

#[test]
fn the_public_url_is_made_from_the_first_listener_that_serves() {
    for (text, expected) in [
        ("", "https://localhost:8443"),
        ("listen = [\":443\"]", "https://localhost"),
        ("listen = [\":0\"]", "https://localhost"),
        ("listen = [\"[::1]:8443\"]", "https://[::1]:8443"),
        (
            "[[listen]]\naddr = \":80\"\ntls = false\nhttp = \"redirect\"\n[[listen]]\naddr = \":443\"",
            "https://localhost",
        ),
        ("public_url = \"HTTPS://Auth.Example.com/Path/\"", "https://auth.example.com/Path"),
        ("public_url = \"http://127.0.0.1:3000\"", "http://127.0.0.1:3000"),
    ] {
        let config = file(text).config();
        assert_eq!(config.public_url.as_str(), expected);
        assert_eq!(config.tokens.issuer, expected);
    }
}

#[test]
fn the_sender_is_made_from_the_public_url() {
    assert_eq!(
        file("public_url = \"https://auth.example.com:9\"").config().mail.from_email,
        "no-reply@auth.example.com"
    );
    assert_eq!(file("public_url = \"https://10.0.0.1\"").config().mail.from_email, "no-reply@localhost");
}

#[test]
fn mail_is_protected_unless_it_stays_on_this_machine() {
    for (text, transport, tls) in [
        ("", Transport::Eml, SmtpTls::StartTls),
        ("host = \"smtp.example.com\"", Transport::Smtp, SmtpTls::StartTls),
        ("host = \"smtp.example.com\"\nport = 465", Transport::Smtp, SmtpTls::Implicit),
        ("host = \"127.0.0.1\"\nport = 1025", Transport::Smtp, SmtpTls::None),
        ("host = \"localhost\"\ntls = \"starttls\"", Transport::Smtp, SmtpTls::StartTls),
        ("host = \"[::1]\"", Transport::Smtp, SmtpTls::None),
        ("host = \"smtp.example.com\"\ntransport = \"eml\"", Transport::Eml, SmtpTls::StartTls),
    ] {
        let mail = Config::from_toml_str(&format!("[mail]\n{text}")).unwrap().mail;
        assert_eq!((mail.transport, mail.tls), (transport, tls), "{text}");
    }
}

#[test]
fn the_data_folder_follows_xdg_and_development_keeps_away_from_it() {
    let home: &[_] = &[("HOME", "/home/ada")];
    let xdg: &[_] = &[("HOME", "/home/ada"), ("XDG_DATA_HOME", "/data")];
    let given: &[_] = &[("LATCHKEY_DATA_DIR", "/env")];
    let set = "data_dir = \"/srv\"";
    let flag = Some("/flag".to_owned());
    for (environment, file, data_dir, dev, expected) in [
        (home, "", None, false, "/home/ada/.local/share/latchkey"),
        (xdg, "", None, false, "/data/latchkey"),
        (xdg, "", None, true, "/data/latchkey-dev"),
        (&[][..], "", None, false, "/var/lib/latchkey"),
        (xdg, set, None, false, "/srv"),
        (xdg, set, None, true, "/data/latchkey-dev"),
        (given, set, None, true, "/env"),
        (given, set, flag.clone(), true, "/flag"),
    ] {
        let case = Case { file, environment, flags: Flags { data_dir, dev, ..Flags::default() } };
        assert_eq!(case.config().data_dir, Path::new(expected));
    }
}

#[test]
fn development_speaks_plain_http_on_loopback() {
    let config = Case { flags: dev(&[]), ..Case::default() }.config();
    let listener =
        Listener { addr: "127.0.0.1:8080".parse().unwrap(), tls: false, http: PlainHttp::Open, root: None };
    assert_eq!((config.dev, config.listen), (true, vec![listener]));
    assert_eq!(config.public_url.as_str(), "http://127.0.0.1:8080");
    let config = Case { flags: dev(&["localhost:3000", "[::1]:3000"]), ..Case::default() }.config();
    assert!(config.listen.iter().all(|listener| !listener.tls && listener.http == PlainHttp::Open));
    assert_eq!(config.public_url.as_str(), "http://127.0.0.1:3000");
}

#[test]
fn development_with_tls_speaks_as_production_does() {
    let config = Case { flags: Flags { tls: true, ..dev(&[]) }, ..Case::default() }.config();
    assert!(config.listen.iter().all(|listener| listener.tls && listener.http == PlainHttp::Reject));
    assert_eq!(config.public_url.as_str(), "https://127.0.0.1:8080");
}

#[test]
fn a_secret_comes_from_its_file_and_the_stronger_layer_wins() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("secret");
    std::fs::write(&path, "from the file, and 32 bytes long\r\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
    let load = |environment: &[(&str, &str)], text: &str| {
        let pairs = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let loaded =
            Loaded::from_layers(Some(("auth.toml", text)), &pairs.collect(), &Flags::default()).unwrap();
        (loaded.config.tokens.jwt_secret.unwrap().expose().to_owned(), loaded.notes)
    };
    let path = path.to_str().unwrap();
    let in_file = format!("[tokens]\njwt_secret_file = {path:?}");
    let inline = "[tokens]\njwt_secret = \"inline, and thirty-two bytes long\"";
    assert_eq!(load(&[], &in_file), ("from the file, and 32 bytes long".into(), vec![]));
    assert_eq!(load(&[("JWT_SECRET_KEY_FILE", path)], inline).0, "from the file, and 32 bytes long");
    assert_eq!(load(&[("JWT_SECRET_KEY", &"k".repeat(32))], &in_file).0, "k".repeat(32));
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o444)).unwrap();
    assert_eq!(
        load(&[], &in_file).1,
        [format!("tokens.jwt_secret_file: {path} can be read by everyone on this machine")]
    );
}

#[test]
fn a_secret_is_never_shown() {
    let plant = "planted-secret-planted-secret-planted";
    let pairs = [("JWT_SECRET_KEY", plant), ("SMTP_USER", "ada"), ("SMTP_PASSWORD", plant)];
    let environment: Environment =
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
    let loaded = Loaded::from_layers(None, &environment, &Flags::default()).unwrap();
    assert!(!format!("{loaded:?} {environment:?}").contains("planted"));
    assert_eq!(setting(&loaded, "tokens.jwt_secret"), (Some("(redacted)".into()), "JWT_SECRET_KEY".into()));
    for text in [
        "[tokens]\njwt_secret = \"planted-secret",
        "[tokens]\njwt_secret = \"planted\"",
        "[tokens]\njwt_secret = 'planted-secret-planted-secret-planted\n",
        "[mail]\npassword = \"planted\"",
        "[mail]\npasswrd = \"planted\"\nusername = \"x\"",
        "[mail.password]\nplain = \"planted\"",
        "[mail]\npassword = [\"planted\"]",
        "[tokens]\njwt_secret_file = [\"planted\"]",
        "[mail]\npassword = planted",
        "mail = \"planted\"",
        "public_url = \"https://ada:planted@example.com\"",
        "jwt_secret = \"planted\"",
    ] {
        let error = Config::from_toml_str(text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("planted"), "{text}: {error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}") {
        let _ = Config::from_toml_str(&text);
    }

    #[test]
    fn no_variable_makes_it_panic(name in "[A-Z_.\\[\\]0-9]{0,12}", value in "\\PC{0,20}", section in 0usize..4) {
        let name = ["LATCHKEY_", "LATCHKEY_TOKENS__", "LATCHKEY_LISTEN", "LATCHKEY_MAIL__P"][section].to_owned() + &name;
        let environment: Environment = [(name, value)].into_iter().collect();
        let _ = Loaded::from_layers(None, &environment, &Flags::default());
    }

    #[test]
    fn no_edit_of_the_example_makes_it_panic(
        edits in prop::collection::vec((0.0..1.0f64, 0usize..30, "[a-z0-9\\[\\]\\.=\"#\n-]{0,8}"), 1..6)
    ) {
        let mut text: Vec<char> = EXAMPLE.chars().filter(char::is_ascii).collect();
        for (place, length, insert) in edits {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let start = (place * text.len() as f64) as usize;
            let end = (start + length).min(text.len());
            text.splice(start..end, insert.chars());
        }
        if let Err(error) = Config::from_toml_str(&text.iter().collect::<String>()) {
            prop_assert!(!error.problems.is_empty());
        }
    }
}
