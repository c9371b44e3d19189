//! Budgets of requests as shipped: S24 to S26, G77, G78, R11, R16 to R18.

use std::sync::Arc;
use std::time::Duration;

use latchkey::domain::limit::{Class, LimitPolicy};
use latchkey::http::OPENAPI;
use latchkey::services::limits::Key;
use poem::http::{HeaderMap, Method};
use serde_json::{Value, json};

use crate::harness::{Answer, PASSWORD, START, TestApp, filled, shipped_limits};

const LOGIN: &str = "/api/v1/auth/login";
const ME: &str = "/api/v1/auth/me";
const RESEND: &str = "/api/v1/auth/resend-verification";

/// A server with the limits as shipped, but for `change`.
fn shipped(change: impl FnOnce(&mut LimitPolicy)) -> TestApp {
    TestApp::with_policy(|policy| {
        policy.limits = shipped_limits();
        change(&mut policy.limits);
    })
}

async fn ada() -> TestApp {
    shipped(|_| {}).with_user("ada").await
}

/// Holds that this is a 429 with a time to come back.
#[track_caller]
fn refused(answer: &Answer, retry_after: &str) {
    assert_eq!(answer.refused(429, "RATE_LIMIT_EXCEEDED")["message"], "Too many requests");
    assert_eq!(answer.header("retry-after"), Some(retry_after));
}

/// What an answer says of a budget: limit, remaining, reset, policy, standing.
fn told(headers: &HeaderMap) -> Vec<&str> {
    let names = [
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "ratelimit-policy",
        "ratelimit",
        "retry-after",
    ];
    names.iter().filter_map(|name| headers.get(*name)).map(|value| value.to_str().unwrap()).collect()
}

/// S24, R14: five logins, whatever comes of them; the sixth is refused before it is hashed, and not recorded.
#[tokio::test]
async fn five_logins_a_minute_and_the_sixth_is_refused_unhashed() {
    let app = ada().await;
    for _ in 0..4 {
        app.anonymous().log_in("ada", "wrong password").await.refused(401, "AUTHENTICATION_FAILED");
    }
    let session = app.log_in("ada").await;
    let hashes = app.hashes();
    let (sixth, events) = app.events_of(app.anonymous().log_in("ada", PASSWORD)).await;
    refused(&sixth, "12");
    assert_eq!((events, app.hashes()), (Vec::<String>::new(), hashes));
    assert!(session.is_in().await, "a session has a budget of its own");

    app.advance(Duration::from_millis(11_999));
    refused(&app.anonymous().log_in("ada", PASSWORD).await, "1");
    app.advance(Duration::from_millis(1));
    app.anonymous().log_in("ada", PASSWORD).await.data(200);
    refused(&app.anonymous().log_in("ada", PASSWORD).await, "12");
    app.advance(Duration::from_secs(60));
    for _ in 0..5 {
        app.anonymous().log_in("ada", PASSWORD).await.data(200);
    }
    refused(&app.anonymous().log_in("ada", PASSWORD).await, "12");
}

/// G78: an ordinary answer says what is left, and a refusal the same and when to come back.
#[tokio::test]
async fn every_answer_says_exactly_what_is_left() {
    let app = ada().await;
    let start = START.seconds();
    for (taken, rest) in (1..=5_i64).zip((0..5).rev()) {
        let answer = app.anonymous().log_in("ada", PASSWORD).await;
        let t = if rest == 0 { 12 } else { 12 * taken };
        let (rest, reset, t) =
            (rest.to_string(), (start + 12 * taken).to_string(), format!("\"login\";r={rest};t={t}"));
        assert_eq!(told(&answer.headers), ["5", &rest, &reset, "\"login\";q=5;w=60", &t]);
    }
    let answer = app.anonymous().log_in("eve", "wrong password").await;
    let reset = (start + 60).to_string();
    let expected = ["5", "0", &reset, "\"login\";q=5;w=60", "\"login\";r=0;t=12", "12"];
    assert_eq!(told(&answer.headers), expected);

    app.advance(Duration::from_secs(60));
    let answer = app.log_in("ada").await.get(ME).await;
    let reset = (start + 61).to_string();
    let policy = "\"authenticated\";q=1000;w=60";
    assert_eq!(told(&answer.headers), ["1000", "999", &reset, policy, "\"authenticated\";r=999;t=1"]);
}

/// Wrong and right, known and unknown, malformed and whole: each is one login.
#[tokio::test]
async fn a_login_without_a_readable_body_counts_too() {
    let app = ada().await;
    for _ in 0..5 {
        app.anonymous().post_raw(LOGIN, "{").await.refused(400, "VALIDATION_ERROR");
    }
    refused(&app.anonymous().log_in("ada", PASSWORD).await, "12");
    refused(&app.anonymous().post_raw(LOGIN, "{").await, "12");
}

/// S25: three good ones an hour. What is refused for its body or as taken is none of them, but one of the anonymous.
#[tokio::test]
async fn three_registrations_an_hour_and_only_good_ones() {
    let app = ada().await;
    let stranger = app.anonymous();
    for number in 0..3 {
        stranger.post_raw("/api/v1/auth/register", "{").await.refused(400, "VALIDATION_ERROR");
        stranger.register("not an address").await.refused(400, "VALIDATION_ERROR");
        let taken = stranger.register("ada@example.com").await;
        taken.refused(409, "ALREADY_EXISTS");
        assert_eq!(taken.header("x-ratelimit-remaining"), Some(&*(3 - number).to_string()));
        let good = stranger.register(&format!("eve{number}@example.com")).await;
        good.data(201);
        assert_eq!(good.header("x-ratelimit-remaining"), Some(&*(2 - number).to_string()));
    }
    let hashes = app.hashes();
    refused(&stranger.register("eve3@example.com").await, "1200");
    assert_eq!(app.hashes(), hashes);
    app.advance(Duration::from_secs(1_200));
    stranger.register("eve3@example.com").await.data(201);
    refused(&stranger.register("eve4@example.com").await, "1200");

    let next = app.anonymous().at("192.0.2.1");
    for _ in 0..100 {
        next.register("ada@example.com").await.refused(409, "ALREADY_EXISTS");
    }
    let over = next.register("ada@example.com").await;
    refused(&over, "1");
    assert!(over.header("ratelimit").unwrap().starts_with("\"anonymous\";r=0"));
}

/// G77: a bad token is a stranger's; the tokens that are good are not throttled by the address, and each account has
/// its own.
#[tokio::test]
async fn strangers_share_their_address_and_accounts_have_their_own() {
    let app = ada().await.with_user("bea").await;
    let (ada, bea) = (app.log_in("ada").await, app.log_in("bea").await);
    for _ in 0..33 {
        app.anonymous().get(ME).await.refused(401, "UNAUTHORIZED");
        app.anonymous().header("authorization", "Bearer x").get(ME).await.refused(401, "TOKEN_INVALID");
        app.anonymous().refresh("nothing").await.refused(401, "TOKEN_INVALID");
    }
    app.anonymous().get(ME).await.refused(401, "UNAUTHORIZED");
    refused(&app.anonymous().get(ME).await, "1");
    refused(&app.anonymous().header("authorization", "Bearer x").get(ME).await, "1");
    refused(&app.anonymous().refresh(&ada.refresh).await, "1");
    app.anonymous().at("192.0.2.1").get(ME).await.refused(401, "UNAUTHORIZED");

    for _ in 0..1_000 {
        assert_eq!(ada.get(ME).await.status, 200);
    }
    refused(&ada.get(ME).await, "1");
    assert!(bea.is_in().await);
    assert_eq!(
        app.anonymous()
            .at("192.0.2.1")
            .header("authorization", &format!("Bearer {}", ada.access))
            .get(ME)
            .await
            .status,
        429
    );
    app.advance(Duration::from_secs(60));
    assert!(ada.is_in().await);
}

/// R16, R17: by IPv4 address and IPv6 /64; the rightmost hop counts where a proxy is trusted, and nothing where none is.
#[tokio::test]
async fn an_address_cannot_be_chosen() {
    let app = ada().await;
    for number in 0..5 {
        let forged = app.anonymous().header("x-forwarded-for", &format!("192.0.2.{number}"));
        forged.log_in("ada", "wrong password").await.refused(401, "AUTHENTICATION_FAILED");
    }
    refused(&app.anonymous().header("x-forwarded-for", "192.0.2.77").log_in("ada", PASSWORD).await, "12");

    for number in 0..5 {
        let host = app.anonymous().at(&format!("2001:db8:0:1::{number}"));
        host.log_in("eve", PASSWORD).await.refused(401, "AUTHENTICATION_FAILED");
    }
    refused(&app.anonymous().at("2001:db8:0:1:ffff::1").log_in("eve", PASSWORD).await, "12");
    let other = app.anonymous().at("2001:db8:0:2::1").log_in("eve", PASSWORD).await;
    other.refused(401, "AUTHENTICATION_FAILED");

    let proxied = |hops: &str| app.anonymous().at("10.0.0.1").header("x-forwarded-for", hops);
    for number in 0..5 {
        let answer = proxied(&format!("192.0.2.{number}, 203.0.113.9")).log_in("eve", PASSWORD).await;
        answer.refused(401, "AUTHENTICATION_FAILED");
    }
    refused(&proxied("::ffff:203.0.113.9").log_in("eve", PASSWORD).await, "12");
    proxied("203.0.114.8").log_in("eve", PASSWORD).await.refused(401, "AUTHENTICATION_FAILED");
}

#[tokio::test]
async fn the_exempt_and_everybody_without_limits_are_not_counted_and_not_told() {
    let exempt = shipped(|limits| limits.exempt = vec!["198.51.100.0/24".parse().unwrap()]);
    for app in [exempt, shipped(|limits| limits.is_enabled = false)] {
        let app = app.with_user("ada").await;
        for _ in 0..10 {
            let answer = app.anonymous().log_in("ada", PASSWORD).await;
            answer.data(200);
            assert_eq!(told(&answer.headers), Vec::<&str>::new());
        }
        for number in 0..5 {
            app.anonymous().register(&format!("eve{number}@example.com")).await.data(201);
        }
        assert!(Class::ALL.iter().all(|class| app.services.limits.entries(*class) == 0));
    }
}

/// R14: of eighty at once exactly as many are hashed as there are places.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_eighty_logins_at_once_five_are_hashed() {
    let app = Arc::new(ada().await);
    let before = app.hashes();
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..80 {
        let app = app.clone();
        tries.spawn(async move { app.anonymous().log_in("ada", "wrong password").await.status.as_u16() });
    }
    let answers = tries.join_all().await;
    assert_eq!(answers.iter().filter(|status| **status == 401).count(), 5);
    assert_eq!(answers.iter().filter(|status| **status == 429).count(), 75);
    assert_eq!(app.hashes() - before, 5);
}

/// R18: five mails an hour go to one address, whoever asks for them; the answer is always the same.
#[tokio::test]
async fn five_mails_an_hour_go_to_an_address_and_asking_looks_the_same() {
    let app = shipped(|_| {}).with_user("bea").await;
    app.anonymous().register("eve@example.com").await.data(201);
    let ask = async |email: &str, number: u32| {
        app.advance(Duration::from_secs(61));
        let from = format!("203.0.113.{number}");
        let stranger = app.anonymous().at(&from);
        let (answer, events) = app.events_of(stranger.post(RESEND, json!({ "email": email }))).await;
        answer.data(200);
        events
    };
    // One was sent for the registration.
    for number in 0..4 {
        assert_eq!(ask("EVE@example.com", number).await, ["email.verification_resent success"]);
    }
    assert_eq!(ask("eve@example.com", 9).await, ["email.verification_resent denied too_many_mails"]);
    let mails = app.all_mails().await;
    assert_eq!(mails.iter().filter(|mail| mail.to == "eve@example.com").count(), 5);
    // Nobody is mailed, and nobody's mails are used up.
    for number in 0..7 {
        assert_eq!(
            ask("nobody@example.com", number).await,
            ["email.verification_resent denied unknown_user"]
        );
        assert_eq!(
            ask("bea@example.com", number).await,
            ["email.verification_resent denied already_verified"]
        );
    }
    assert_eq!(ask("eve@example.com", 9).await, ["email.verification_resent success"]);
}

/// R98: a clock that jumps back locks for one period, and when it jumps back years, not at all.
#[tokio::test]
async fn a_clock_that_jumps_back_locks_for_one_period_at_most() {
    let app = ada().await;
    for _ in 0..5 {
        app.anonymous().log_in("ada", PASSWORD).await.data(200);
    }
    app.clock.set(START.minus(Duration::from_secs(50)));
    refused(&app.anonymous().log_in("ada", PASSWORD).await, "12");
    app.advance(Duration::from_secs(60));
    for _ in 0..5 {
        app.anonymous().log_in("ada", PASSWORD).await.data(200);
    }
    app.clock.set(START.minus(Duration::from_secs(10 * 365 * 86_400)));
    for _ in 0..5 {
        app.anonymous().log_in("ada", PASSWORD).await.data(200);
    }
}

#[tokio::test]
async fn a_thousand_addresses_leave_no_more_than_the_cap() {
    let app = shipped(|limits| limits.max_entries = 100);
    for number in 0..1_000_u32 {
        let peer = format!("203.{}.113.{}", number / 250, number % 250);
        app.anonymous().at(&peer).get(ME).await.refused(401, "UNAUTHORIZED");
        assert!(app.services.limits.entries(Class::Anonymous) <= 100);
    }
    assert!(app.services.limits.entries(Class::Anonymous) >= 50);
}

/// The pages stand for the operations, and refuse as a page.
#[tokio::test]
async fn a_page_refuses_as_a_page() {
    let app = shipped(|_| {});
    for _ in 0..100 {
        app.anonymous().get(ME).await.refused(401, "UNAUTHORIZED");
    }
    let form = "token=x&code=x&email=x&password=x&name=x";
    let stranger = app.anonymous();
    let answers = [
        stranger.get("/verify-email?token=x").await,
        stranger.post_form("/verify-email", form).await,
        stranger.get("/setup").await,
        stranger.post_form("/setup", form).await,
    ];
    for answer in answers {
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, Some("1")));
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(answer.text.contains("Too many requests"), "{}", answer.text);
        assert!(answer.header("content-security-policy").unwrap().contains("form-action 'self'"));
        assert!(told(&answer.headers).contains(&"\"anonymous\";r=0;t=1"));
    }
    for path in ["/", "/docs", "/openapi.json", "/assets/page.css", "/health", "/metrics", "/nothing"] {
        let answer = app.anonymous().get(path).await;
        assert_ne!(answer.status, 429, "{path}");
        assert_eq!(told(&answer.headers), Vec::<&str>::new(), "{path}");
    }
}

/// No operation but health is without a budget, for a stranger and for the owner of a token; the description says so.
#[tokio::test]
async fn every_operation_but_health_has_a_budget() {
    let app = TestApp::new().with_user("ada").await;
    let ada = app.log_in("ada").await;
    let spec: Value = serde_json::from_str(OPENAPI).unwrap();
    for (path, operations) in spec["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let is_health = path.starts_with("/health");
            let method: Method = method.to_uppercase().parse().unwrap();
            let path = filled(path);
            for who in [&app.anonymous(), &*ada] {
                let answer = who.raw(method.clone(), &path, Some("application/json"), "{").await;
                assert_eq!(answer.header("ratelimit").is_none(), is_health, "{method} {path} {answer:?}");
            }
            assert_eq!(operation["responses"]["429"].is_null(), is_health, "{method} {path}");
        }
    }
}

/// A lost place in the table of logins does not come from filling another table.
#[tokio::test]
async fn whoever_fills_one_table_drives_nobody_out_of_another() {
    let app = shipped(|limits| limits.max_entries = 1_000).with_user("ada").await;
    for _ in 0..5 {
        app.anonymous().log_in("ada", PASSWORD).await.data(200);
    }
    for number in 0..5_000_u128 {
        let key = Key::client(std::net::Ipv6Addr::from_bits(number << 64).into());
        let _ = app.services.limits.take(Class::Anonymous, key, START);
    }
    refused(&app.anonymous().log_in("ada", PASSWORD).await, "12");
}
