//! What every mount has: its description, its page, and failures in its own words.

use latchkey::domain::profile::Profile;
use serde_json::Value;

use crate::harness::TestApp;

#[tokio::test]
async fn every_profile_has_its_description_and_its_page() {
    let app = TestApp::new();
    for profile in Profile::ALL {
        let mount = profile.mount();
        let spec = app.anonymous().get(&format!("{mount}/openapi.json")).await;
        assert_eq!(spec.status, 200, "{profile}");
        assert_eq!(spec.json()["servers"][0]["url"], mount);
        let page = app.anonymous().get(&format!("{mount}/docs")).await;
        assert!(page.text.contains(&format!("{mount}/docs/swagger-ui.js")), "{profile}: {}", page.text);
        let start = app.anonymous().get(&format!("{mount}/docs/start.js")).await;
        assert!(start.text.contains(&format!("'{mount}/openapi.json'")), "{profile}: {}", start.text);
    }
}

#[tokio::test]
async fn what_is_not_there_is_told_in_the_words_of_the_mount() {
    let app = TestApp::new();
    for profile in Profile::ALL {
        let answer = app.anonymous().get(&format!("{}/nothing/here", profile.mount())).await;
        assert_eq!(answer.status, 404);
        match profile {
            Profile::Governance => drop(answer.refused(404, "NOT_FOUND")),
            _ => assert!(answer.json()["detail"].is_string(), "{profile}: {}", answer.text),
        }
    }
    let beside = app.anonymous().get("/scribesque/auth/me").await;
    beside.refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn the_governance_mount_is_the_canonical_api_with_the_values_of_its_guide() {
    let app = TestApp::new();
    let form = serde_json::json!({ "email": "ada@example.com", "password": "password", "name": "Ada" });
    app.anonymous().post("/api/v1/auth/register", form.clone()).await.refused(400, "VALIDATION_ERROR");
    let data: Value = app.anonymous().post("/governance/api/v1/auth/register", form).await.data(201);
    assert_eq!(data["status"], "pending");
}

/// RFC 6749, section 5.2.
#[tokio::test]
async fn oauth_below_the_governance_mount_fails_as_oauth_tells_it() {
    let app = TestApp::new();
    for path in ["/oauth/introspect", "/oauth/revoke"] {
        let below = app.anonymous().post_form(&format!("/governance{path}"), "token=x").await;
        below.told(401, "invalid_client");
        assert_eq!(below.text, app.anonymous().post_form(path, "token=x").await.text);
    }
}
