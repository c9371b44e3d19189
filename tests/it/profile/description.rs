//! The description of each profile is the reviewed file.

use std::fs;
use std::path::Path;

use latchkey::domain::profile::Profile;

use crate::harness::TestApp;

/// The profiles with operations of their own; governance has those of the canonical API.
const DESCRIBED: [Profile; 2] = [Profile::Cirtusai, Profile::Scribes];

/// When the code says something else, what it says is written beside the reviewed file: read the difference, then move it
/// over.
#[tokio::test]
async fn the_committed_descriptions_say_what_the_code_says() {
    let app = TestApp::new();
    let mut outdated = Vec::new();
    for profile in DESCRIBED {
        let said = app.anonymous().get(&format!("{}/openapi.json", profile.mount())).await.text + "\n";
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("assets/openapi-{profile}.json"));
        if fs::read_to_string(&file).unwrap_or_default() != said {
            fs::write(file.with_extension("json.new"), said).unwrap();
            outdated.push(file);
        }
    }
    assert!(outdated.is_empty(), "out of date; compare each with its .new beside it: {outdated:?}");
}
