//! The API description is the reviewed file.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use latchkey::http::health::{HealthApi, Vitals};
use latchkey::http::{OPENAPI, description};

use crate::harness::TestApp;

/// When the code says something else, what it says is written beside the reviewed file: read the difference,
/// then move it over.
#[test]
fn the_committed_description_says_what_the_code_says() {
    let app = TestApp::new();
    let vitals = Arc::new(|| Vitals { store_reads: true, store_is_whole: true, ready: true });
    let health = HealthApi::new(app.services.clock.clone(), vitals);
    let said = description(&app.services, health);
    if said != OPENAPI {
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/openapi.json.new");
        fs::write(&beside, said).unwrap();
        panic!("assets/openapi.json is out of date; compare it with {}", beside.display());
    }
}
