//! `/account/keys`; rules G47, G48, G52, G54; SECURITY R51, R53.

use super::{page, refused};
use crate::harness::{TestApp, between};

const NEW: &str = "/account/keys/new";

async fn opens(app: &TestApp, key: &str) -> bool {
    app.anonymous().header("x-api-key", key).get("/api/v1/roles").await.status != 401
}

#[tokio::test]
async fn a_key_is_made_shown_once_given_another_secret_and_revoked() {
    let app = TestApp::new().with_user("ada").await.with_user("bob").await;
    let mut ada = app.surf_as("ada").await;
    assert!(page(&ada.get("/account/keys").await, 200).contains("None yet."));
    let form = ada.get(NEW).await;
    let html = page(&form, 200);
    assert!(html.contains("name=\"scope.metrics:read\"") && !html.contains("users:delete"), "{html}");
    let fields = [
        ("name", "Sensor <1>"),
        ("life", "30"),
        ("scope.metrics:read", "on"),
        ("scope.metrics:create", "on"),
    ];
    let (made, events) = app.events_of(ada.act(NEW, &fields)).await;
    assert_eq!(events, ["api_key.created success"]);
    let key = between(page(&made, 200), "<p class=\"well\"><code>", "</code>").to_owned();
    assert!(key.starts_with("lk_") && opens(&app, &key).await);
    let list = ada.get("/account/keys").await;
    let html = page(&list, 200);
    assert!(
        html.contains("Sensor &lt;1&gt;")
            && !html.contains(&key)
            && html.contains("metrics:read, metrics:create")
    );
    assert!(html.contains("ends 14 February 2027, 08:00 UTC"), "{html}");
    let path = format!("/account/keys/{}", between(html, "href=\"/account/keys/", "\""));
    let id = path.rsplit('/').next().unwrap().to_owned();
    assert!(page(&ada.get(&path).await, 200).contains("for 24 hours"));

    let (rotated, events) = app.events_of(ada.act("/account/keys/rotate", &[("id", &id)])).await;
    assert_eq!(events, ["api_key.rotated success"]);
    let other = between(page(&rotated, 200), "<p class=\"well\"><code>", "</code>").to_owned();
    assert!(rotated.text.contains("The old secret works until 16 January 2027, 08:00 UTC."));
    assert!(other != key && opens(&app, &other).await && opens(&app, &key).await);

    let mut bob = app.surf_as("bob").await;
    bob.get(NEW).await;
    page(&bob.get(&path).await, 404);
    for id in [id.as_str(), "x"] {
        page(&bob.act("/account/keys/rotate", &[("id", id)]).await, 404);
        page(&bob.act("/account/keys/revoke", &[("id", id)]).await, 404);
    }
    let (revoked, events) = app.events_of(ada.act("/account/keys/revoke", &[("id", &id)])).await;
    assert_eq!(revoked.goes_to(), "/account/keys?done=revoked");
    assert_eq!(events, ["api_key.revoked success"]);
    assert!(!opens(&app, &other).await && !opens(&app, &key).await);
}

#[tokio::test]
async fn a_key_that_is_not_made_says_why() {
    let app = TestApp::new().with_user("ada").await;
    let mut ada = app.surf_as("ada").await;
    let read = ("scope.metrics:read", "on");
    refused(&ada.act(NEW, &[("name", " "), ("life", "30"), read]).await, 400, "The name must be");
    refused(&ada.act(NEW, &[("name", "Key"), ("life", "30")]).await, 400, "The choice of what it may do ");
    for life in ["0", "-1", "99999999", "x"] {
        refused(&ada.act(NEW, &[("name", "Key"), ("life", life), read]).await, 400, "Say how long");
    }
    let again = ada.act(NEW, &[("name", ""), ("life", "30"), read]).await;
    assert!(page(&again, 400).contains("name=\"scope.metrics:read\" checked"));
    let (unheld, events) =
        app.events_of(ada.act(NEW, &[("name", "Key"), ("life", ""), ("scope.users:delete", "on")])).await;
    refused(&unheld, 403, "Insufficient permissions");
    assert_eq!(events, ["access.denied denied scope_not_held"]);
}
