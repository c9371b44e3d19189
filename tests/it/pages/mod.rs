//! The served pages of an account, as a browser without script sees them: each page, each refusal, the exact audit events.

mod account;
mod activity;
mod data;
mod elsewhere;
mod factor;
mod forged;
mod keys;
mod login;
mod registration;
mod second_step;
mod sessions;

use crate::harness::Answer;

const NONE: [&str; 0] = [];

/// What a page of ours says, under the strict policy; it may set cookies.
#[track_caller]
fn page(answer: &Answer, status: u16) -> &str {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
    assert!(!answer.text.contains("<script") && !answer.text.contains("style="), "{}", answer.text);
    assert_eq!(answer.text.matches("<h1>").count(), 1, "{}", answer.text);
    &answer.text
}

/// The same page with a problem that it tells.
#[track_caller]
fn refused(answer: &Answer, status: u16, says: &str) {
    let html = page(answer, status);
    assert!(html.contains("role=\"alert\"") && html.contains(says), "{says}: {html}");
    assert!(html.contains("<title>Not done yet: "), "{html}");
    assert!(html.contains("aria-describedby=\"problem"), "{html}");
}
