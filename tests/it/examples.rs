//! The example configurations of proxies: what each says of this server's own configuration is true, and none forgets a
//! header. nginx and Caddy run them in `tests/e2e/forward_auth.sh`; Traefik is not there, so of its file this is all.

use latchkey::config::Config;
use latchkey::domain::forward_auth::COOKIE;

const NGINX: &str = include_str!("../../assets/examples/nginx.conf");
const CADDY: &str = include_str!("../../assets/examples/Caddyfile");
const TRAEFIK: &str = include_str!("../../assets/examples/traefik.yml");

const HEADERS: [&str; 5] = ["Remote-User", "Remote-Name", "Remote-Email", "Remote-Groups", "Remote-Identity"];

/// The `auth.toml` in the comment at the beginning.
fn described(example: &str) -> String {
    let lines = example.lines().map_while(|line| line.strip_prefix('#'));
    lines.filter_map(|line| line.strip_prefix("   ")).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_example_describes_a_configuration_that_counts() {
    for example in [NGINX, CADDY, TRAEFIK] {
        let text = described(example);
        let config = Config::from_toml_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert!(config.forward_auth.unwrap().table.knows("app.example.com"));
        // The proxy reaches Latchkey where it listens, and both name the application alike.
        assert!(example.contains(&config.listen[0].addr.to_string()), "{text}");
        assert_eq!(config.trusted_proxies.len(), 1);
        assert!(example.contains("app.example.com") && example.contains("/forward-auth"));
    }
}

#[test]
fn each_example_hands_on_every_header_of_an_identity() {
    for header in HEADERS {
        assert!(NGINX.contains(&format!("proxy_set_header {header} $")), "{header}");
        assert!(CADDY.lines().any(|line| line.contains("copy_headers") && line.contains(header)), "{header}");
        assert!(TRAEFIK.contains(&format!("          - {header}\n")), "{header}");
    }
    // A client's own are gone before Caddy copies: it copies no empty one.
    let (strip, copy) = (CADDY.find("request_header -Remote*"), CADDY.find("copy_headers"));
    assert!(strip.is_some() && strip < copy);
    // Nobody but the proxy asks.
    assert!(NGINX.contains("location = /forward-auth {\n            return 404;"));
    assert!(CADDY.contains("respond /forward-auth 404") && TRAEFIK.contains("!Path(`/forward-auth`)"));
    assert!(TRAEFIK.contains("trustForwardHeader: false"));
    for example in [NGINX, CADDY] {
        assert!(example.contains(COOKIE), "the application gets no cookie of ours");
    }
}
