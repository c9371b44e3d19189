//! What the operator sees of requests: one line each, and counters.

use std::cell::RefCell;
use std::io::Write;
use std::sync::Once;

use poem::http::Method;

use super::harness::{App, SECRET, request, request_from};
use crate::domain::user::ada;

thread_local! {
    /// The lines this thread wrote since it began to listen.
    static LINES: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Writes to whoever listens on the thread that logs. One subscriber for all tests: several that come and go at
/// one moment make each other miss lines.
struct ThisThread;

impl Write for ThisThread {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.iter_mut().for_each(|lines| lines.extend_from_slice(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The log lines that answering `requests` writes.
fn logged(requests: Vec<poem::Request>) -> String {
    static SUBSCRIBER: Once = Once::new();
    SUBSCRIBER.call_once(|| {
        let subscriber = tracing_subscriber::fmt().with_writer(|| ThisThread).with_ansi(false).without_time();
        tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    });
    LINES.set(Some(Vec::new()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let app = App::new();
        for request in requests {
            app.send(request).await;
        }
    });
    String::from_utf8(LINES.take().unwrap()).unwrap()
}

#[test]
fn a_request_writes_one_line_with_every_fact() {
    let headers =
        [("authorization", "Bearer good"), ("x-request-id", "r-1"), ("x-forwarded-for", "203.0.113.9")];
    let text = logged(vec![request_from("10.0.0.1:5", Method::GET, "/api/v1/me?a=b", &headers, "")]);
    assert_eq!(text.lines().count(), 1, "{text}");
    let (before, after) = text.trim_end().split_once("took_us=").unwrap();
    let after = after.split_once(' ').unwrap().1;
    assert_eq!(
        before.trim_start(),
        "INFO latchkey::request: request method=\"GET\" route=\"/api/v1/me\" status=200 "
    );
    assert_eq!(after, format!("request_id=\"r-1\" client=203.0.113.9 user={}", ada().id));
}

#[test]
fn a_line_holds_no_path_no_query_and_no_token() {
    let token = [("authorization", "Bearer hunter2")];
    let text = logged(vec![
        request(Method::GET, "/api/v1/me?access_token=hunter2", &token, ""),
        request(Method::GET, "/api/v1/verify/hunter2/", &[], ""),
        request(Method::GET, "/api/v1/users/424242?q=hunter2", &[], ""),
        request(Method::POST, "/api/v1/login", &[("x-request-id", "a\tb")], "hunter2"),
        request(Method::from_bytes(b"HUNTER2").unwrap(), "/docs", &[], ""),
    ]);
    assert_eq!(text.lines().count(), 5, "{text}");
    assert!(!text.to_lowercase().contains("hunter2") && !text.contains("424242"), "{text}");
    assert!(text.contains("route=\"/api/v1/users/{id}\"") && text.contains("route=\"unmatched\""), "{text}");
    assert!(text.contains("method=\"OTHER\""), "{text}");
}

#[test]
fn the_cause_of_a_500_is_logged_once_with_its_request_id() {
    let text = logged(vec![request(Method::GET, "/api/v1/broken", &[("x-request-id", "r-9")], "")]);
    assert_eq!(text.matches(SECRET).count(), 1, "{text}");
    assert_eq!(text.matches("request_id=\"r-9\"").count(), 2, "{text}");
    assert!(
        text.contains("WARN latchkey::request: request") && text.contains("ERROR latchkey::request: failed")
    );
}

#[tokio::test]
async fn requests_are_counted_by_route_method_and_class() {
    let app = App::new();
    app.get("/api/v1/users/1").await;
    app.get("/api/v1/users/2").await;
    app.get("/api/v1/users/none-of-your-business").await;
    app.get("/wp-login.php?evil=1").await;
    let page = app.get("/metrics").await;
    assert!(page.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    let count = |labels: &str| page.text.contains(&format!("http_requests_total{{{labels}}}"));
    assert!(count("route=\"/api/v1/users/{id}\",method=\"GET\",status=\"2xx\""), "{}", page.text);
    assert!(page.text.contains("status=\"2xx\"} 2"), "{}", page.text);
    assert!(count("route=\"unmatched\",method=\"GET\",status=\"4xx\""), "{}", page.text);
    assert!(page.text.contains("http_requests_in_flight 1"), "this request itself: {}", page.text);
    assert!(!page.text.contains("wp-login") && !page.text.contains("business"));
}
