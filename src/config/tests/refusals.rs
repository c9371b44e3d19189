//! Values that are right alone and wrong together, and secrets that are none.

use super::errors::check;
use super::*;

#[test]
fn operators_that_could_not_reach_the_socket_or_are_two_things_are_refused() {
    check(&[
        (
            "[admin_socket]\noperators = [\"uid=1 role=admin\"]",
            &[
                "auth.toml:2: admin_socket.operators: other users cannot reach a socket in the data folder | set admin_socket.path to a folder that they may enter, such as /run/latchkey/admin.sock",
            ],
        ),
        (
            "[admin_socket]\npath = \"a\"\noperators = [\"uid=1 role=admin\", \"uid=1 role=viewer\"]",
            &["auth.toml:3: admin_socket.operators: one user or group is listed twice"],
        ),
        (
            "[admin_socket]\npath = \"a\"\noperators = [\"uid=1 role=root\"]",
            &[
                "auth.toml:3: admin_socket.operators: \"uid=1 role=root\": not a role; the roles are viewer, developer, manager, admin and super_admin",
            ],
        ),
    ]);
}

#[test]
fn impossible_combinations_are_refused() {
    let proxies = "auth.toml:2: listen[0].http: \"trusted\" needs trusted_proxies | set trusted_proxies to the addresses of your proxy, such as [\"127.0.0.1\"]";
    check(&[
        ("[[listen]]\nhttp = \"trusted\"", &[proxies]),
        (
            "[[listen]]\ntls = false\nhttp = \"off\"",
            &[
                "auth.toml:2: listen[0].tls: no listener serves the API: one needs tls or http = \"trusted\"",
                "auth.toml:3: listen[0].http: \"off\" without tls leaves nothing to answer",
            ],
        ),
        (
            "public_url = \"http://localhost\"\n[[listen]]\nhttp = \"redirect\"",
            &["auth.toml:3: listen[0].http: \"redirect\" needs a public_url with https"],
        ),
        ("listen = [\":1\", \":1\"]", &["listen[1].addr: [::]:1 is listed twice"]),
        ("[tls]\ncert_file = \"a\"", &["auth.toml:2: tls.cert_file: needs tls.key_file too"]),
        ("[tls]\nkey_file = \"a\"", &["auth.toml:2: tls.key_file: needs tls.cert_file too"]),
        (
            "[net]\nmax_connections = 100",
            &["net.max_connections_per_address: is more than net.max_connections = 100"],
        ),
        (
            "[password_hash]\nmemory_kib = 131072",
            &["password_hash.memory_budget_mib: does not hold one hash of password_hash.memory_kib = 131072"],
        ),
        (
            "[tokens]\nrefresh_ttl = \"30m\"",
            &["auth.toml:2: tokens.refresh_ttl: is less than tokens.access_ttl = 1h"],
        ),
        (
            "[tokens]\nrefresh_ttl = \"60d\"",
            &[
                "auth.toml:2: tokens.refresh_ttl: is more than tokens.family_ttl = 30d | raise tokens.family_ttl as well",
            ],
        ),
        (
            "[sessions]\nidle_ttl = \"8d\"",
            &[
                "auth.toml:2: sessions.idle_ttl: is more than sessions.absolute_ttl = 7d | raise sessions.absolute_ttl as well",
            ],
        ),
        (
            "[sessions]\ncookie_max = 21\nover_max = \"forget\"",
            &[
                "auth.toml:2: sessions.cookie_max: expected a whole number from 1 to 20, found the number 21",
                "auth.toml:3: sessions.over_max: expected \"evict\" or \"refuse\", found \"forget\"",
            ],
        ),
        (
            "[registration]\nhide_existing = true\nrequire_verified_email = false",
            &[
                "auth.toml:2: registration.hide_existing: hides nothing while registration.require_verified_email is false: a login with the chosen password tells",
            ],
        ),
        (
            "[sms]\nwebhook_url = \"https://sms.example.com\"",
            &["auth.toml:2: sms.webhook_url: needs sms.secret or sms.secret_file too"],
        ),
        (
            "[sms]\nsecret = \"0123456789abcdef0123456789abcdef\"",
            &["auth.toml:2: sms.secret: needs sms.webhook_url too"],
        ),
        (
            "[sms]\nwebhook_url = \"https://sms.example.com\"\nsecret = \"short\"",
            &[
                "auth.toml:3: sms.secret: the secret is shorter than 32 bytes | make one with `openssl rand -hex 32`",
            ],
        ),
        (
            "[sms]\nwebhook_url = \"http://sms.example.com\"",
            &[
                "auth.toml:2: sms.webhook_url: http:// is for a gateway on loopback only: codes could be read on the way",
            ],
        ),
        (
            "[sms]\nwebhook_url = \"https://me@sms.example.com\"",
            &[
                "auth.toml:2: sms.webhook_url: expected https://host[:port][/path], without user name and fragment",
            ],
        ),
        ("[mail]\ntransport = \"smtp\"", &["auth.toml:2: mail.transport: \"smtp\" needs mail.host"]),
        (
            "[mail]\nhost = \"smtp.example.com\"\ntls = \"none\"",
            &[
                "auth.toml:3: mail.tls: \"none\" is for a server on loopback only | use \"starttls\" or \"implicit\"",
            ],
        ),
        (
            "[mail]\nusername = \"a\"",
            &["auth.toml:2: mail.username: needs mail.password or mail.password_file too"],
        ),
        ("[mail]\npassword = \"a\"", &["auth.toml:2: mail.password: needs mail.username too"]),
    ]);
}

/// S29. R22.
#[test]
fn a_secret_is_refused_when_it_is_short_known_doubled_or_unreadable() {
    let help = "make one with `openssl rand -hex 32`, or set none: a key is made at the first start";
    let short = format!(
        "auth.toml:2: tokens.jwt_secret: the secret (JWT_SECRET_KEY) is shorter than 32 bytes | {help}"
    );
    let known = "tokens.jwt_secret: the secret (JWT_SECRET_KEY) is an example from documentation, which everyone knows";
    check(&[
        ("[tokens]\njwt_secret = \"short\"", &[&short]),
        (
            "[tokens]\njwt_secret = \"your-super-secret-key-min-32-chars\"",
            &[&format!("auth.toml:2: {known} | {help}")],
        ),
        (
            "[tokens]\njwt_secret = \"a\"\njwt_secret_file = \"b\"",
            &[
                "auth.toml:3: tokens.jwt_secret_file: tokens.jwt_secret is given too, and only one of them can count",
            ],
        ),
        (
            "[tokens]\njwt_secret_file = \"/nowhere/x\"",
            &["auth.toml:2: tokens.jwt_secret_file: cannot read /nowhere/x: No such file or directory"],
        ),
        (
            "[tokens]\njwt_secret_file = \"/dev/zero\"",
            &["auth.toml:2: tokens.jwt_secret_file: /dev/zero is not a file"],
        ),
    ]);
    let empty = environment(&[("JWT_SECRET_KEY", "")]);
    assert_eq!(
        problems(&empty),
        [format!(
            "JWT_SECRET_KEY: tokens.jwt_secret: the secret (JWT_SECRET_KEY) is shorter than 32 bytes | {help}"
        )]
    );
}

#[test]
fn a_secret_file_that_cannot_be_right_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("secret");
    let try_with = |content: &[u8], mode: u32| {
        let _ = std::fs::remove_file(&path);
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let said = read_secret_file(&path).map(|_| ()).unwrap_err();
        said.replace(path.to_str().unwrap(), "SECRET")
    };
    assert_eq!(try_with(b"x", 0o602), "SECRET can be changed by everyone: chmod 600 it");
    assert_eq!(try_with(b"\n", 0o600), "SECRET is empty");
    assert_eq!(try_with(&[b'x'; 9000], 0o600), "SECRET is longer than 8192 bytes");
    assert_eq!(try_with(&[0xff], 0o600), "cannot read SECRET: stream did not contain valid UTF-8");
}

#[test]
fn a_provider_that_could_not_be_asked_is_refused() {
    check(&[
        (
            "[[identity_provider]]\nkind = \"oidc\"",
            &[
                "identity_provider[0].name: is missing",
                "identity_provider[0].client_id: is missing",
                "identity_provider[0].issuer: kind \"oidc\" needs it",
            ],
        ),
        (
            "[[identity_provider]]\nname = \"A b\"\nkind = \"google\"\nclient_id = \"x\"",
            &[
                "auth.toml:2: identity_provider[0].name: must be 1 to 32 lower-case letters, digits and '-', beginning with a letter",
            ],
        ),
        (
            "[[identity_provider]]\nname = \"a\"\nkind = \"oauth2\"\nclient_id = \"x\"\nuserinfo_url = \"http://id.example/me\"",
            &[
                "auth.toml:5: identity_provider[0].userinfo_url: http:// is for loopback only: codes and tokens could be read on the way",
            ],
        ),
        (
            "[[identity_provider]]\nname = \"a\"\nkind = \"github\"\nclient_id = \"x\"\nscopes = [\"a b\"]\n[[identity_provider]]\nname = \"a\"\nkind = \"google\"\nclient_id = \"x\"",
            &[
                "auth.toml:5: identity_provider[0].scopes: a scope is printable ASCII without spaces, quotes and backslashes",
                "auth.toml:7: identity_provider[1].name: two providers are called \"a\"",
            ],
        ),
        (
            "[federation]\nnew_accounts = \"maybe\"\nredirect_url = \"https://a.example/#x\"",
            &[
                "auth.toml:2: federation.new_accounts: expected \"as_registration\" or \"always\" or \"never\", found \"maybe\"",
                "auth.toml:3: federation.redirect_url: expected https://host[:port][/path], without user name and fragment",
            ],
        ),
    ]);
}

#[test]
fn a_webhook_that_could_not_be_trusted_is_refused() {
    check(&[
        (
            "[[webhook]]\nallow_private = true",
            &["webhook[0].name: is missing", "webhook[0].url: is missing", "webhook[0].secret: is missing"],
        ),
        (
            "[[webhook]]\nname = \"a\"\nurl = \"https://a.example\"\nsecret = \"hunter2\"\nevents = [\"log*\"]",
            &[
                "auth.toml:4: webhook[0].secret: the secret must be whsec_ and the base64 of 24 to 64 random bytes | make one with `echo \"whsec_$(openssl rand -base64 32)\"`",
                "auth.toml:5: webhook[0].events: expected 1 to 20 actions such as \"login.failed\", or \"login.*\" for all of a kind",
            ],
        ),
        (
            "[[webhook]]\nname = \"a\"\nurl = \"http://a.example\"\nsecret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"",
            &[
                "auth.toml:3: webhook[0].url: http:// is for loopback only: events could be read and changed on the way",
            ],
        ),
        (
            "[[webhook]]\nname = \"a\"\nurl = \"http://127.0.0.1\"\nsecret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"
[[webhook]]\nname = \"a\"\nurl = \"https://169.254.169.254\"\nsecret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"
[[webhook]]\nname = \"b\"\nurl = \"https://[fd00::1]:8443/x\"\nsecret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"",
            &[
                "auth.toml:3: webhook[0].url: an address that is not of the internet needs allow_private = true",
                "auth.toml:6: webhook[1].name: two webhooks are called \"a\"",
                "auth.toml:7: webhook[1].url: an address that is not of the internet needs allow_private = true",
                "auth.toml:11: webhook[2].url: an address that is not of the internet needs allow_private = true",
            ],
        ),
    ]);
}
