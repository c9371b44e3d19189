//! The description of each profile is the reviewed file, and says truly what is open to strangers.

use std::fs;
use std::path::Path;

use latchkey::domain::profile::Profile;
use poem::http::Method;
use serde_json::Value;

use crate::harness::TestApp;

/// Profiles with operations of their own. The samples of their guides are in the descriptions.
const DESCRIBED: [Profile; 4] = [Profile::Cirtusai, Profile::Pynomaly, Profile::Scribes, Profile::Trading];

/// C11: open to strangers, and whatever is wrong with what they send is 401.
const ANSWERS_401: &str = "verify_2fa";

/// T25: its guide shows its refusals as `error`.
const SAYS_ERROR: &str = "sample_protected";

/// When the code says something else, what it says is written beside the reviewed file: read the difference,
/// then move it over.
#[tokio::test]
async fn the_committed_descriptions_say_what_the_code_says() {
    let app = TestApp::new();
    let mut outdated = Vec::new();
    for profile in DESCRIBED {
        let mut said = app.anonymous().get(&format!("{}/openapi.json", profile.mount())).await.text;
        said.push('\n');
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("assets/openapi-{profile}.json"));
        if fs::read_to_string(&file).unwrap_or_default() != said {
            let beside = file.with_extension("json.new");
            fs::write(&beside, said).unwrap();
            outdated.push(beside);
        }
    }
    assert!(outdated.is_empty(), "out of date; compare with {outdated:?}");
}

#[tokio::test]
async fn what_is_described_as_closed_is_closed_to_strangers_in_the_words_of_the_profile() {
    let app = TestApp::new();
    for profile in DESCRIBED {
        let spec: Value = app.anonymous().get(&format!("{}/openapi.json", profile.mount())).await.json();
        for (path, operations) in spec["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let id = operation["operationId"].as_str().unwrap();
                let method: Method = method.to_ascii_uppercase().parse().unwrap();
                let path = format!("{}{}", profile.mount(), path.replace("{id}", "x"));
                let (answer, events) = app.events_of(app.anonymous().raw(method, &path, None, "")).await;
                let is_closed = operation["security"].is_array();
                let refuses = is_closed || id == ANSWERS_401;
                assert_eq!(refuses, answer.status == 401, "{profile} {id}: {}", answer.text);
                if is_closed {
                    let said = if id == SAYS_ERROR { "error" } else { "detail" };
                    assert!(answer.json()[said].is_string(), "{profile} {id}: {}", answer.text);
                    assert_eq!(events, [""; 0], "{profile} {id}");
                }
            }
        }
    }
}
