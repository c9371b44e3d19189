//! Providers against stand-ins on real sockets.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::ambient::ManualClock;
use crate::outbound::http_client::Reach;

/// A server that keeps what it was sent and answers each path with its text.
struct Server {
    base: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(answers: impl Fn(&str) -> Vec<(&'static str, String)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (kept, answers) = (seen.clone(), answers(&base));
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let text = request(&mut socket).await;
                let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
                kept.lock().unwrap().push(text);
                let found = answers.iter().find(|(at, _)| *at == path);
                let answer = found.map_or_else(|| answer("404 Not Found", "{}"), |(_, text)| text.clone());
                let _ = socket.write_all(answer.as_bytes()).await;
            }
        });
        Self { base, seen }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn request(socket: &mut tokio::net::TcpStream) -> String {
    let mut text = Vec::new();
    loop {
        let whole = String::from_utf8_lossy(&text).into_owned();
        if let Some((head, body)) = whole.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return whole;
            }
        }
        let mut part = [0; 4096];
        match socket.read(&mut part).await {
            Ok(count) if count > 0 => text.extend_from_slice(&part[..count]),
            _ => return whole,
        }
    }
}

fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn ok(body: &serde_json::Value) -> String {
    answer("200 OK", &body.to_string())
}

fn provider(issuer: &str, urls: Urls, dialect: Dialect, clock: &ManualClock) -> OAuthProvider {
    let about = About {
        name: "work".parse().unwrap(),
        title: "Work".to_owned(),
        issuer: issuer.to_owned(),
        client_id: "a client".to_owned(),
        is_openid: dialect == Dialect::Claims,
    };
    let secret = Some(Zeroizing::new("p:q+r".to_owned()));
    let client = HttpClient::new(None, Duration::from_secs(5), Reach::Anywhere).unwrap();
    let scope = "openid email".to_owned();
    OAuthProvider::new(about, (urls, dialect), (scope, secret), client, Arc::new(clock.clone()))
}

fn clock() -> ManualClock {
    ManualClock::at(Timestamp::from_seconds(1_800_000_000))
}

const CODE: Code<'_> = Code { code: "c&d", verifier: "v", redirect_uri: "https://a.example/cb" };
const ASK: Ask<'_> = Ask { redirect_uri: "https://a.example/cb", state: "s", nonce: "n", challenge: "ch" };

fn discovery(base: &str, issuer: &str) -> String {
    ok(&json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
        "userinfo_endpoint": format!("{base}/userinfo"),
        "jwks_uri": format!("{base}/jwks"),
        "more": ["than", "is", "read"],
    }))
}

const WELL_KNOWN: &str = "/.well-known/openid-configuration";

#[tokio::test]
async fn discovery_finds_the_places_once_an_hour() {
    let server = Server::start(|base| {
        vec![
            (WELL_KNOWN, discovery(base, base)),
            ("/token", ok(&json!({ "access_token": "at", "token_type": "Bearer", "id_token": "it" }))),
            ("/userinfo", ok(&json!({ "sub": "1", "email": "a@b.example", "email_verified": "true" }))),
            ("/jwks", ok(&json!({ "keys": [] }))),
        ]
    })
    .await;
    let clock = clock();
    let provider = provider(&server.base, Urls::default(), Dialect::Claims, &clock);
    let url = provider.authorization_url(ASK).await.unwrap();
    let query = "response_type=code&client_id=a+client&redirect_uri=https%3A%2F%2Fa.example%2Fcb&scope=openid+email\
        &state=s&code_challenge=ch&code_challenge_method=S256&nonce=n";
    assert_eq!(url, format!("{}/authorize?{query}", server.base));

    let redeemed = provider.redeem(CODE).await.unwrap();
    assert_eq!((redeemed.access_token.as_str(), redeemed.id_token.unwrap().as_str()), ("at", "it"));
    let said = provider.said("at").await.unwrap();
    assert!(said.subject == "1" && !said.is_verified, "only the word true says so");
    for _ in 0..2 {
        assert_eq!(&*provider.keys(false).await.unwrap(), r#"{"keys":[]}"#);
        assert_eq!(&*provider.keys(true).await.unwrap(), r#"{"keys":[]}"#);
    }
    let seen = server.seen();
    let lines: Vec<_> = seen.iter().map(|text| text.lines().next().unwrap()).collect();
    assert_eq!(
        lines,
        [
            &format!("GET {WELL_KNOWN} HTTP/1.1"),
            "POST /token HTTP/1.1",
            "GET /userinfo HTTP/1.1",
            "GET /jwks HTTP/1.1",
        ]
    );
    // RFC 6749, section 2.3.1: "a+client:p%3Aq%2Br".
    assert!(seen[1].contains("authorization: Basic YStjbGllbnQ6cCUzQXElMkJy\r\n"), "{}", seen[1]);
    assert!(seen[1].contains("accept: application/json\r\n") && seen[1].contains("user-agent: latchkey\r\n"));
    let form =
        "grant_type=authorization_code&code=c%26d&redirect_uri=https%3A%2F%2Fa.example%2Fcb&code_verifier=v";
    assert!(seen[1].ends_with(&format!("\r\n\r\n{form}")), "{}", seen[1]);
    assert!(seen[2].contains("authorization: Bearer at\r\n"));

    clock.advance(COOL_DOWN);
    provider.keys(true).await.unwrap();
    assert_eq!(server.seen().len(), 5, "keys that do not fit are asked for again");
    clock.advance(KEPT);
    provider.keys(false).await.unwrap();
    assert_eq!(server.seen().len(), 7, "and what it says of itself too");
}

/// R68.
#[tokio::test]
async fn what_is_no_good_answer_is_no_answer() {
    let server = Server::start(|base| {
        vec![
            (WELL_KNOWN, discovery(base, "https://evil.example")),
            (
                "/redirect",
                format!("HTTP/1.1 302 Found\r\nlocation: {base}/keys\r\ncontent-length: 0\r\n\r\n"),
            ),
            ("/keys", ok(&json!({ "keys": [] }))),
            ("/long", answer("200 OK", &"x".repeat(ANSWER_MAX + 1))),
            ("/token", ok(&json!({ "error": "bad_verification_code" }))),
            ("/mac", ok(&json!({ "access_token": "x", "token_type": "mac" }))),
        ]
    })
    .await;
    let clock = clock();
    let fault = |result: Result<(), ProviderFault>| result.unwrap_err().0;
    let other = provider(&server.base, Urls::default(), Dialect::Claims, &clock);
    assert_eq!(fault(other.authorization_url(ASK).await.map(drop)), "says that it is another one");
    let urls = |token: &str, jwks: &str| Urls {
        authorization: Some(format!("{}/authorize?x=y", server.base)),
        token: Some(format!("{}{token}", server.base)),
        userinfo: None,
        jwks: Some(if jwks.starts_with('/') { format!("{}{jwks}", server.base) } else { jwks.to_owned() }),
    };
    let with = |token: &str, jwks: &str| provider(&server.base, urls(token, jwks), Dialect::Claims, &clock);
    let one = with("/token", "/redirect");
    assert!(one.authorization_url(ASK).await.unwrap().contains("/authorize?x=y&response_type=code"));
    assert_eq!(fault(one.redeem(CODE).await.map(drop)), "took the code for nothing");
    assert_eq!(fault(with("/mac", "/x").redeem(CODE).await.map(drop)), "took the code for nothing");
    assert_eq!(fault(one.said("x").await.map(drop)), "has no place to ask for people");
    for (jwks, why) in [
        ("/redirect", "answered 302"),
        ("/long", "gave an answer that is too long"),
        ("/nowhere", "answered 404"),
        ("http://192.0.2.1/keys", "has an address that is not called"),
        ("file:///etc/passwd", "has an address that is not called"),
        ("http://127.0.0.1:1/keys", "gave no connection"),
    ] {
        assert_eq!(fault(with("/token", jwks).keys(false).await.map(drop)), why, "{jwks}");
    }
    assert!(server.seen().iter().all(|text| !text.starts_with("GET /keys ")), "no redirect was followed");
}

/// G45.
#[tokio::test]
async fn github_tells_the_address_apart_and_takes_the_secret_in_the_body() {
    let server = Server::start(|_| {
        vec![
            ("/token", ok(&json!({ "access_token": "at", "token_type": "bearer", "scope": "" }))),
            (
                "/user",
                ok(&json!({ "id": 7, "login": "octocat", "name": null, "email": "shown@example.com" })),
            ),
            (
                "/user/emails",
                ok(&json!([
                    { "email": "other@example.com", "primary": false, "verified": true },
                    { "email": "main@example.com", "primary": true, "verified": true },
                ])),
            ),
        ]
    })
    .await;
    let at = |path: &str| Some(format!("{}{path}", server.base));
    let urls =
        Urls { authorization: at("/authorize"), token: at("/token"), userinfo: at("/user"), jwks: None };
    let provider = provider("https://github.com", urls, Dialect::Github, &clock());
    assert!(!provider.authorization_url(ASK).await.unwrap().contains("nonce"));
    assert!(provider.redeem(CODE).await.unwrap().id_token.is_none());
    let form = server.seen()[0].split_once("\r\n\r\n").unwrap().1.to_owned();
    assert!(form.ends_with("&client_id=a+client&client_secret=p%3Aq%2Br"), "{form}");
    let said = provider.said("at").await.unwrap();
    let expected = Said {
        subject: "7".to_owned(),
        email: Some("main@example.com".to_owned()),
        is_verified: true,
        name: Some("octocat".to_owned()),
    };
    assert_eq!(said, expected);
}

/// What a provider says of itself leads this server nowhere inside, unless that is allowed.
#[tokio::test]
async fn discovery_leads_to_no_private_address() {
    let server = Server::start(|base| {
        let places = json!({
            "issuer": base, "authorization_endpoint": format!("{base}/authorize"),
            "token_endpoint": format!("{base}/token"), "jwks_uri": format!("{base}/keys"),
        });
        vec![("/.well-known/openid-configuration", ok(&places)), ("/keys", ok(&json!({ "keys": [] })))]
    })
    .await;
    let urls = |jwks: Option<String>| Urls { jwks, ..Urls::default() };
    let inside = provider(&server.base, urls(None), Dialect::Claims, &clock());
    inside.keys(false).await.unwrap();
    let seen = server.seen().len();
    let client = HttpClient::new(None, Duration::from_secs(5), Reach::Public).unwrap();
    let outside = OAuthProvider { client, ..provider(&server.base, urls(None), Dialect::Claims, &clock()) };
    let fault = outside.keys(false).await.unwrap_err();
    assert_eq!(fault.to_string(), "the provider gave no connection: the address is private");
    assert_eq!(server.seen().len(), seen);
}
