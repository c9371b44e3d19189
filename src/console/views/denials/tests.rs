use poem_openapi::types::Example;

use super::*;
use crate::console::conn::problem::Kind;
use crate::console::tests::Stage;
use crate::wire::audit::{AuditLog, AuditPage};

const HOSTILE: &str = "\u{1b}[31m\u{202e}evil\u{7}";

fn denied(n: usize, verdict: &str) -> ExplainedRequest {
    let step = ExplainedStep { verdict: verdict.to_owned(), ..ExplainedStep::example() };
    let known = ExplainedStep {
        name: "credential".to_owned(),
        verdict: "passed".to_owned(),
        cause: "The access token is good.".to_owned(),
        ..step.clone()
    };
    ExplainedRequest {
        id: format!("019a1f0c-4444-7000-8000-{n:012}"),
        request_id: format!("request-{n}"),
        verdict: verdict.to_owned(),
        steps: vec![known, step],
        ..ExplainedRequest::example()
    }
}

fn page(requests: Vec<ExplainedRequest>) -> ExplanationPage {
    ExplanationPage { requests, next_cursor: None, ..ExplanationPage::example() }
}

fn stage(state: &str, size: (u16, u16)) -> Stage {
    let mut shown = Stage::live(size, "denials");
    match state {
        "loading" => shown.wait(1_200),
        "empty" => shown.answer("denials", "page", &page(Vec::new())),
        "forbidden" => shown.refuse("denials", "page", Kind::Forbidden, 403),
        "error" => shown.refuse("denials", "page", Kind::Late, 503),
        _ => {
            shown.answer("denials", "page", &page(vec![denied(1, "denied"), denied(2, "limited")]));
            if state != "data" {
                shown.keys("enter");
            }
            if state == "masked" {
                shown.keys("m");
            }
        }
    }
    shown
}

#[test]
fn the_view_looks_as_reviewed_in_every_state() {
    for state in ["loading", "empty", "forbidden", "error", "data", "detail", "masked"] {
        let shown = [(80, 24), (120, 40)].map(|size| stage(state, size).screen());
        insta::assert_snapshot!(format!("denials-{state}"), shown.join("\n"));
    }
}

#[test]
fn nothing_breaks_at_any_size() {
    for state in ["data", "detail"] {
        for width in [1, 2, 10, 39, 40, 79, 80, 200] {
            for height in [1, 2, 5, 12, 24, 60] {
                stage(state, (width, height)).screen();
            }
        }
    }
}

#[test]
fn hostile_text_reaches_no_cell_and_a_mask_hides_who_it_was() {
    let mut hostile = Stage::live((120, 40), "denials");
    let row = ExplainedRequest {
        request_id: HOSTILE.to_owned(),
        route: HOSTILE.to_owned(),
        cause: HOSTILE.to_owned(),
        mend: HOSTILE.to_owned(),
        steps: vec![ExplainedStep {
            name: HOSTILE.to_owned(),
            cause: HOSTILE.to_owned(),
            verdict: HOSTILE.to_owned(),
            ..ExplainedStep::example()
        }],
        ..denied(1, "denied")
    };
    hostile.answer("denials", "page", &page(vec![row]));
    hostile.keys("enter");
    assert!(!hostile.screen().contains(['\u{1b}', '\u{202e}', '\u{7}']));
    let masked = stage("masked", (120, 40)).screen();
    assert!(!masked.contains("203.0.113.7") && !masked.contains("019a1f0c-7b1e"), "{masked}");
}

/// From the record of a request to how it was judged.
#[test]
fn a_key_leads_from_an_audit_record_to_the_denial_of_its_request() {
    let mut shown = Stage::live((120, 40), "audit");
    let logs = vec![AuditLog { request_id: Some("request-1".to_owned()), ..AuditLog::example() }];
    shown.answer("audit", "page", &AuditPage { logs, next_cursor: None, ..AuditPage::example() });
    shown.keys("W");
    let view = shown.model.view().unwrap();
    assert_eq!((view.spec().id(), view.filter()), ("denials", "req:request-1"));
    let asked = view.request(shown.model.now).unwrap();
    assert!(asked.target().ends_with("request_id=request-1"), "{}", asked.target());
    shown.answer("denials", "page", &page(vec![denied(1, "denied")]));
    assert!(shown.screen().contains("permission_missing"), "{}", shown.screen());
}
