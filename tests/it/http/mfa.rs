//! One's own second factor: rules G26 to G30, G38 to G40, C6, C15; SECURITY R36, R45, R46, R48 to R50, R66.

use std::time::Duration;

use latchkey::domain::factor::BackupCodeFormat;
use latchkey::domain::role::Role;
use latchkey::store;
use poem::http::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Authenticator, LoggedIn, PASSWORD, STEP, TestApp, text_at};

const SETUP: &str = "/api/v1/auth/mfa/setup";
const ENABLE: &str = "/api/v1/auth/mfa/enable";
const DISABLE: &str = "/api/v1/auth/mfa/disable";
const CODES: &str = "/api/v1/auth/mfa/backup-codes";
const STATUS: &str = "/api/v1/auth/mfa";
const PICTURE: &str = "/api/v1/auth/mfa/qr.png";

async fn with_ada() -> TestApp {
    TestApp::new().with_user("ada").await
}

async fn set_up(caller: &LoggedIn<'_>) -> (Value, Authenticator) {
    let data = caller.post(SETUP, json!({})).await.data(200);
    let phone = Authenticator::of(&data);
    (data, phone)
}

async fn enable(caller: &LoggedIn<'_>, code: &str) -> Answer {
    caller.post(ENABLE, json!({ "code": code })).await
}

async fn with_password(caller: &LoggedIn<'_>, path: &str, password: &str) -> Answer {
    caller.post(path, json!({ "password": password })).await
}

/// The subjects of all mails to Ada, oldest first.
async fn told(app: &TestApp) -> Vec<String> {
    let mut subjects: Vec<_> = app.all_mails().await.into_iter().map(|mail| mail.subject).collect();
    subjects.reverse();
    subjects
}

/// G26, and the secret of 160 bits that RFC 4226 asks for.
#[tokio::test]
async fn a_setup_shows_a_secret_its_uri_its_picture_and_five_backup_codes() {
    let app = with_ada().await;
    let ada = app.log_in("ada").await;
    let (answer, events) = app.events_of(ada.post(SETUP, json!({}))).await;
    let data = answer.data(200);
    assert_eq!(events, ["mfa.setup success"]);
    assert_eq!(app.records().pop().unwrap().session.map(|_| ()), Some(()));
    let secret = text_at(&data, "/secret");
    assert!(
        secret.len() == 32 && secret.bytes().all(|c| c.is_ascii_uppercase() || (b'2'..=b'7').contains(&c))
    );
    let uri = format!("otpauth://totp/Latchkey:ada%40example.com?secret={secret}&issuer=Latchkey");
    assert_eq!(data["otpauth_url"], uri);
    assert!(text_at(&data, "/qr_code").starts_with("data:image/png;base64,iVBORw0KGgo"));
    let codes = data["backup_codes"].as_array().unwrap();
    assert_eq!(codes.len(), 5);
    for code in codes {
        let groups: Vec<_> = code.as_str().unwrap().split('-').collect();
        assert!(groups.len() == 4 && groups.iter().all(|group| group.len() == 4), "{code}");
        assert!(
            code.as_str().unwrap().bytes().all(|c| c == b'-' || c.is_ascii_uppercase() || c.is_ascii_digit())
        );
    }
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(app.all_mails().await.is_empty());
}

/// X17: a format is chosen when codes are made, and every door takes them all.
#[tokio::test]
async fn backup_codes_have_the_format_of_the_policy() {
    for (format, count, length) in [(BackupCodeFormat::Digits, 10, 8), (BackupCodeFormat::Alphanumeric, 8, 8)]
    {
        let app = TestApp::with_policy(|policy| policy.factor.backup_codes = format).with_user("ada").await;
        let phone = app.enrol(&app.log_in("ada").await).await;
        assert_eq!(phone.backup_codes.len(), count);
        assert!(phone.backup_codes.iter().all(|code| code.len() == length));
        let handle = app.first_step("ada").await;
        app.second_step(&handle, &phone.backup_codes[0].to_lowercase()).await.data(200);
    }
}

/// G28, R50, C6: a set-up alone changes nothing, for anybody.
#[tokio::test]
async fn a_setup_alone_has_no_effect() {
    let app = with_ada().await;
    let ada = app.log_in("ada").await;
    let other = app.log_in("ada").await;
    set_up(&ada).await;
    let status = ada.get(STATUS).await.data(200);
    assert_eq!(status, json!({ "enabled": false, "backup_codes_left": 0, "pending": true }));
    assert_eq!(ada.get("/api/v1/auth/me").await.data(200)["mfa_enabled"], false);
    let login = app.anonymous().log_in("ada", PASSWORD).await.data(200);
    assert_eq!((&login["requires_mfa"], &login["user"]["mfa_enabled"]), (&json!(false), &json!(false)));
    assert!(ada.is_in().await && other.is_in().await);
}

/// G30, R36, R66.
#[tokio::test]
async fn the_right_code_switches_it_on_and_ends_the_other_sessions() {
    let app = with_ada().await;
    let other = app.log_in("ada").await;
    let ada = app.log_in("ada").await;
    let (_, phone) = set_up(&ada).await;
    let (answer, events) = app.events_of(enable(&ada, &phone.code(&app))).await;
    let expected = json!({ "message": "MFA enabled successfully.", "mfa_enabled": true });
    assert_eq!((answer.data(200), events), (expected, vec!["mfa.enabled success".to_owned()]));
    assert_eq!(app.records().pop().unwrap().detail, [("sessions_ended".to_owned(), "1".to_owned())]);
    assert!(ada.is_in().await && !other.is_in().await);
    app.anonymous().refresh(&other.refresh).await.refused(401, "TOKEN_INVALID");
    let status = ada.get(STATUS).await.data(200);
    let expected = json!({ "enabled": true, "type": "totp", "enrolled_at": "2027-01-15T08:00:00.000Z",
        "backup_codes_left": 5, "pending": false });
    assert_eq!(status, expected);
    assert_eq!(ada.get("/api/v1/auth/me").await.data(200)["mfa_enabled"], true);
    assert_eq!(told(&app).await, ["Two-step login is on - Latchkey"]);
    let mail = app.all_mails().await.remove(0);
    assert_eq!(mail.to, "ada@example.com");
    for needed in
        ["15 January 2027, 08:00 UTC", "198.51.100.7", "a login asks for a code", "/forgot-password"]
    {
        assert!(mail.text.contains(needed), "{needed}: {}", mail.text);
    }
    ada.post(SETUP, json!({})).await.refused(409, "CONFLICT");
    ada.get(PICTURE).await.refused(400, "VALIDATION_ERROR");
}

/// G29, G32, R46.
#[tokio::test]
async fn a_wrong_code_switches_nothing_on() {
    let app = with_ada().await;
    let ada = app.log_in("ada").await;
    let (answer, events) = app.events_of(enable(&ada, "123456")).await;
    answer.refused(400, "VALIDATION_ERROR");
    assert_eq!(events, [""; 0]);
    let (_, phone) = set_up(&ada).await;
    let right = phone.code(&app);
    let (far, early) = (phone.code_of(&app, 2), phone.code_of(&app, -2));
    let wide: String = right.chars().map(|c| char::from_u32(c as u32 + 0xfee0).unwrap()).collect();
    let [spaced, signed] = [format!("{} {}", &right[..3], &right[3..]), format!("+{}", &right[1..])];
    let wrong = [&far, &early, &wide, &spaced, &signed, &format!("{right}0"), &right[..5], ""];
    for wrong in wrong.into_iter().chain([phone.backup_codes[0].as_str()]) {
        let (answer, events) = app.events_of(enable(&ada, wrong)).await;
        assert_eq!(answer.refused(401, "MFA_INVALID")["message"], "Invalid MFA code", "{wrong:?}");
        assert_eq!(events, ["mfa.enabled denied wrong_code"], "{wrong:?}");
    }
    assert_eq!(ada.get(STATUS).await.data(200)["enabled"], false);
    assert!(told(&app).await.is_empty());
    enable(&ada, &right).await.data(200);
}

#[tokio::test]
async fn a_second_setup_replaces_the_first_and_an_hour_ends_it() {
    let app = with_ada().await;
    let ada = app.log_in("ada").await;
    let (_, old) = set_up(&ada).await;
    let (data, new) = set_up(&ada).await;
    enable(&ada, &old.code(&app)).await.refused(401, "MFA_INVALID");
    // The picture is the one of the newest.
    let shown = ada.get(PICTURE).await;
    assert_eq!((shown.status.as_u16(), shown.header("content-type")), (200, Some("image/png")));
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    let expected = text_at(&data, "/qr_code").len();
    assert!(expected > 1_000 && expected < 16_000, "{expected}");
    app.advance(Duration::from_secs(3_540));
    let ada = LoggedIn::with(&app, &app.anonymous().refresh(&ada.refresh).await.data(200));
    app.advance(Duration::from_secs(60) - Duration::from_millis(1));
    assert_eq!(ada.get(STATUS).await.data(200)["pending"], true);
    app.advance(Duration::from_millis(1));
    assert_eq!(ada.get(STATUS).await.data(200)["pending"], false);
    enable(&ada, &new.code(&app)).await.refused(400, "VALIDATION_ERROR");
    let ada = app.log_in("ada").await;
    let (_, newest) = set_up(&ada).await;
    enable(&ada, &newest.code(&app)).await.data(200);
}

/// R49: whoever finds an open browser long after its login sets nothing up.
#[tokio::test]
async fn setting_up_needs_a_fresh_proof() {
    let app = with_ada().await;
    let ada = app.log_in("ada").await;
    app.advance(Duration::from_secs(3_601));
    let ada = LoggedIn::with(&app, &app.anonymous().refresh(&ada.refresh).await.data(200));
    let (answer, events) = app.events_of(ada.post(SETUP, json!({}))).await;
    answer.refused(401, "STEP_UP_REQUIRED");
    assert_eq!(events, [""; 0]);
    ada.get(PICTURE).await.refused(401, "STEP_UP_REQUIRED");
    ada.get("/api/v1/auth/mfa/debug").await.refused(401, "STEP_UP_REQUIRED");
}

/// G39, G40, R36.
#[tokio::test]
async fn the_right_password_switches_it_off_and_a_login_is_one_step_again() {
    let app = with_ada().await;
    let ada = app.log_in("ada").await;
    let phone = app.enrol(&ada).await;
    let tokens = app.second_step(&app.first_step("ada").await, &phone.code(&app)).await.data(200);
    let other = LoggedIn::with(&app, &tokens);
    let waiting = app.first_step("ada").await;
    let (answer, events) = app.events_of(with_password(&ada, DISABLE, "wrong password")).await;
    answer.refused(401, "AUTHENTICATION_FAILED");
    assert_eq!(events, ["mfa.disabled denied wrong_password"]);
    let (answer, events) = app.events_of(with_password(&ada, DISABLE, PASSWORD)).await;
    assert_eq!(answer.data(200), json!({ "message": "MFA disabled successfully." }));
    assert_eq!(events, ["mfa.disabled success"]);
    assert_eq!(app.records().pop().unwrap().detail, [("sessions_ended".to_owned(), "1".to_owned())]);
    assert!(ada.is_in().await && !other.is_in().await);
    assert_eq!(told(&app).await, ["Two-step login is on - Latchkey", "Two-step login is off - Latchkey"]);
    // What waited for a code of the factor that is gone is gone.
    app.advance(STEP);
    app.second_step(&waiting, &phone.code(&app)).await.refused(401, "AUTHENTICATION_FAILED");
    assert_eq!(app.anonymous().log_in("ada", PASSWORD).await.data(200)["requires_mfa"], false);
    with_password(&ada, DISABLE, PASSWORD).await.refused(400, "VALIDATION_ERROR");
    let again = app.enrol(&app.log_in("ada").await).await;
    app.second_step(&app.first_step("ada").await, &phone.code(&app)).await.refused(401, "MFA_INVALID");
    app.second_step(&app.first_step("ada").await, &again.code(&app)).await.data(200);
}

/// R4: guesses here and at the login take from one budget.
#[tokio::test]
async fn wrong_passwords_at_these_doors_lock_them_and_the_login() {
    let app = with_ada().await;
    let ada = app.log_in("ada").await;
    app.enrol(&ada).await;
    for guess in 0..5 {
        let path = if guess % 2 == 0 { DISABLE } else { CODES };
        with_password(&ada, path, "wrong password").await.refused(401, "AUTHENTICATION_FAILED");
    }
    let hashes = app.hashes();
    for (path, event) in
        [(DISABLE, "mfa.disabled denied locked"), (CODES, "mfa.backup_codes_renewed denied locked")]
    {
        let (answer, events) = app.events_of(with_password(&ada, path, PASSWORD)).await;
        answer.refused(423, "ACCOUNT_LOCKED");
        assert_eq!((answer.header("retry-after"), events), (Some("1800"), vec![event.to_owned()]));
    }
    assert_eq!(app.hashes(), hashes);
    app.anonymous().log_in("ada", PASSWORD).await.refused(401, "AUTHENTICATION_FAILED");
}

/// G38, R48.
#[tokio::test]
async fn new_backup_codes_end_the_old_ones() {
    let app = with_ada().await;
    let ada = app.log_in("ada").await;
    with_password(&ada, CODES, PASSWORD).await.refused(400, "VALIDATION_ERROR");
    let phone = app.enrol(&ada).await;
    with_password(&ada, CODES, "wrong password").await.refused(401, "AUTHENTICATION_FAILED");
    app.second_step(&app.first_step("ada").await, &phone.backup_codes[0]).await.data(200);
    assert_eq!(ada.get(STATUS).await.data(200)["backup_codes_left"], 4);
    app.advance(STEP);
    let (answer, events) = app.events_of(with_password(&ada, CODES, PASSWORD)).await;
    assert_eq!(events, ["mfa.backup_codes_renewed success"]);
    let new = answer.data(200)["backup_codes"].as_array().unwrap().clone();
    assert_eq!((new.len(), &ada.get(STATUS).await.data(200)["backup_codes_left"]), (5, &json!(5)));
    app.advance(STEP);
    let handle = app.first_step("ada").await;
    app.second_step(&handle, &phone.backup_codes[1]).await.refused(401, "MFA_INVALID");
    app.second_step(&handle, new[3].as_str().unwrap()).await.data(200);
    let subjects = told(&app).await;
    assert_eq!(
        subjects[1..],
        [
            "A backup code was used - Latchkey",
            "New backup codes - Latchkey",
            "A backup code was used - Latchkey",
        ]
    );
    assert!(ada.is_in().await, "codes are no factor of their own: no session ends");
}

/// R50, R84: neither secret nor codes are anywhere in the store, and the seal fits its own row alone.
#[tokio::test]
async fn nothing_readable_is_at_rest_and_a_secret_opens_in_its_own_row_alone() {
    let app = with_ada().await.with_user("eve").await;
    let (ada, eve) = (app.log_in("ada").await, app.log_in("eve").await);
    let (data, _) = set_up(&ada).await;
    let theirs = app.enrol(&eve).await;
    let codes = data["backup_codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned());
    for secret in codes.chain([text_at(&data, "/secret")]) {
        assert!(!app.at_rest(&secret) && !app.at_rest(&secret.replace('-', "")));
    }
    // Eve puts her row in the place of Ada's.
    let (from, to) = (app.account("eve").unwrap().id, app.account("ada").unwrap().id);
    let stamp = app.services.stamp(&app.services.own_context("test"));
    let moved = app.store().transact("move", stamp, move |txn| {
        let factor = store::factor::of_user(txn, from)?.unwrap();
        store::factor::put(txn, to, &factor)?;
        let mut user = store::user::by_id(txn, to)?.unwrap();
        user.has_factor = true;
        Ok::<_, store::Abort<()>>(store::user::put(txn, &user)?)
    });
    moved.await.unwrap();
    let handle = app.first_step("ada").await;
    app.second_step(&handle, &theirs.code(&app)).await.refused(401, "MFA_INVALID");
    app.second_step(&handle, &theirs.backup_codes[0]).await.refused(401, "MFA_INVALID");
}

/// R55, R49: nobody writes the flag.
#[tokio::test]
async fn the_flag_is_no_field_of_any_request() {
    let app = TestApp::new();
    app.add("root", Role::SuperAdmin).await;
    let root = app.log_in("root").await;
    let id = app.account("root").unwrap().id;
    let body = json!({ "mfa_enabled": true }).to_string();
    let answer = root.raw(Method::PUT, &format!("/api/v1/users/{id}"), Some("application/json"), body).await;
    answer.refused(400, "VALIDATION_ERROR");
    assert!(!app.account("root").unwrap().has_factor);
}

/// R49: a mailed link sets a password and removes no factor; but of whoever used an address that was not theirs,
/// nothing stays once its owner has come.
#[tokio::test]
async fn a_reset_leaves_the_factor_of_a_proved_account_and_ends_that_of_an_unproved_one() {
    let app =
        TestApp::with_policy(|policy| policy.login.require_verified_email = false).with_user("ada").await;
    let phone = app.enrol(&app.log_in("ada").await).await;
    app.anonymous().register("victim@example.com").await.data(201);
    app.enrol(&app.log_in("victim@example.com").await).await;
    for email in ["ada@example.com", "victim@example.com"] {
        app.anonymous()
            .post("/api/v1/auth/password-reset/initiate", json!({ "email": email }))
            .await
            .data(200);
        let body =
            json!({ "token": app.reset_token(email).await, "new_password": "seven silent paper lanterns" });
        let confirm = app.anonymous();
        let confirm = confirm.post("/api/v1/auth/password-reset/confirm", body);
        let (answer, events) = app.events_of(confirm).await;
        answer.data(200);
        let ended = events.contains(&"mfa.disabled success password_reset".to_owned());
        assert_eq!(ended, email.starts_with("victim"), "{events:?}");
    }
    let log_in = async |name| app.anonymous().log_in(name, "seven silent paper lanterns").await.data(200);
    let data = log_in("ada").await;
    assert_eq!(data["requires_mfa"], true);
    app.second_step(&text_at(&data, "/session_id"), &phone.code(&app)).await.data(200);
    assert_eq!(log_in("victim@example.com").await["requires_mfa"], false);
}

/// R52 for factors: an account that is gone leaves none behind.
#[tokio::test]
async fn a_deleted_account_takes_its_factor_along() {
    let app = with_ada().await;
    let ada = app.log_in("ada").await;
    let phone = app.enrol(&ada).await;
    let waiting = app.first_step("ada").await;
    ada.delete("/api/v1/users/me").await.data(200);
    assert!(!app.row_counts().contains_key(&0x18));
    app.second_step(&waiting, &phone.code(&app)).await.refused(401, "AUTHENTICATION_FAILED");
}
