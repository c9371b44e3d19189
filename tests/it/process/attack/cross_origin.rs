//! Web pages of other origins, as the operator's configuration has them.

use super::super::client::Request;
use super::super::server::Home;
use super::Target;

fn preflight(origin: &str) -> Request {
    Request::new("OPTIONS", "/api/v1/auth/login")
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type")
}

#[test]
fn only_a_listed_origin_is_let_in_and_without_a_list_none() {
    let listed = "https://app.example.com";
    let list = "https://app.example.com,http://localhost:3000";
    for (target, answers) in [
        (Target::start(&[]), false),
        (Target::start(&[("LATCHKEY_CORS__ALLOW_ORIGINS", list), ("LATCHKEY_CORS__MAX_AGE", "5m")]), true),
    ] {
        let client = target.client();
        let answer = client.ask(preflight(listed));
        let allowed = answers.then_some(listed);
        assert_eq!(answer.status.as_u16(), if answers { 204 } else { 405 });
        assert_eq!(answer.header("access-control-allow-origin"), allowed);
        assert_eq!(answer.header("access-control-max-age"), answers.then_some("300"));
        assert_eq!(client.ask(preflight("https://evil.example")).status.as_u16(), 405);
        let answer = client.ask(Request::get("/api/v1/auth/me").header("origin", listed));
        assert_eq!(answer.header("access-control-allow-origin"), allowed);
        answer.refused(401, "UNAUTHORIZED");
        target.end();
    }
}

#[test]
fn an_origin_that_would_let_in_anybody_is_refused_at_the_start() {
    for (origin, why) in
        [("*", "nobody can name"), ("null", "nobody can name"), ("https://a.example/", "more than")]
    {
        let home = Home::new().env("LATCHKEY_CORS__ALLOW_ORIGINS", origin);
        let ended = home.run(&["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.err.contains("cors.allow_origins") && ended.err.contains(why), "{ended:?}");
    }
}
