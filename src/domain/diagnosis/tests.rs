use super::*;
use crate::domain::id::UserId;
use crate::domain::password_policy::{PasswordPolicy, PolicyKind, PublicWords};

fn good() -> Diagnosis {
    Diagnosis {
        account: Some((UserId::from_bytes([7; 16]), Vec::new())),
        password: Vec::new(),
        is_limited: false,
    }
}

fn with(issues: &[StatusIssue]) -> Diagnosis {
    Diagnosis { account: Some((UserId::from_bytes([7; 16]), issues.to_vec())), ..good() }
}

#[test]
fn where_nothing_is_wrong_every_test_is_passed_and_nothing_is_advised() {
    let told = good();
    let tests = [told.user_exists(), told.password_format(), told.account_status(), told.rate_limiting()];
    assert!(tests.iter().all(|test| test.passed));
    let messages = ["User found", "Password format is valid", "Account status is good", "Not rate limited"];
    assert_eq!(tests.map(|test| test.message), messages);
    assert_eq!((told.issues(), told.recommendations()), (vec![], vec![]));
}

#[test]
fn nobody_has_no_status_and_may_have_mistyped_the_name() {
    let told = Diagnosis { account: None, ..good() };
    for test in [told.user_exists(), told.account_status()] {
        assert_eq!((test.passed, test.message), (false, "User not found"));
    }
    assert_eq!(told.issues(), ["User not found"]);
    assert_eq!(
        told.recommendations(),
        ["Check if username is correct", "Consider registering a new account"]
    );
}

#[test]
fn each_issue_of_an_account_is_told_with_its_own_help() {
    for (issue, text, help) in [
        (StatusIssue::Deactivated, "Account is deactivated", "Contact support to reactivate account"),
        (StatusIssue::Locked, "Account is locked", "Wait for lockout period or contact support"),
        (
            StatusIssue::Unverified,
            "Email address is not verified",
            "Verify the email address with the mailed link",
        ),
        (StatusIssue::NoPassword, "Account has no password", "Set a password with the mailed link"),
    ] {
        let told = with(&[issue]);
        let test = told.account_status();
        assert_eq!((test.passed, test.message), (false, "Account status issues found"));
        assert!(told.user_exists().passed);
        assert_eq!((told.issues(), told.recommendations()), (vec![text], vec![help]));
    }
}

#[test]
fn a_bad_form_and_a_used_up_budget_are_told_with_the_rest_in_the_order_of_the_tests() {
    let told = Diagnosis {
        account: None,
        password: vec!["Password must be at least 8 characters long"],
        is_limited: true,
    };
    assert_eq!(
        (told.password_format().message, told.password_format().passed),
        ("Password format issues found", false)
    );
    assert_eq!((told.rate_limiting().message, told.rate_limiting().passed), ("User is rate limited", false));
    assert_eq!(
        told.issues(),
        ["User not found", "Password must be at least 8 characters long", "User is rate limited"]
    );
    assert_eq!(
        told.recommendations(),
        [
            "Check if username is correct",
            "Consider registering a new account",
            "Update password to meet security requirements",
            "Use a mix of uppercase, lowercase, numbers, and special characters",
            "Wait for rate limit to reset",
            "Consider reducing request frequency",
        ]
    );
}

/// T58: under the policy of the guide, the five issues of its own test.
#[test]
fn the_form_of_a_password_is_judged_by_length_and_classes_alone() {
    let policy = PasswordPolicy { kind: PolicyKind::Strict, ..PasswordPolicy::default() };
    let issues = |text: &str| {
        let faults = policy.check(text, &PublicWords::of(["ada"])).faults();
        faults.into_iter().filter_map(form_issue).collect::<Vec<_>>()
    };
    assert_eq!(
        issues(""),
        [
            "Password must be at least 8 characters long",
            "Password must contain at least one uppercase letter",
            "Password must contain at least one lowercase letter",
            "Password must contain at least one digit",
            "Password must contain at least one special character",
        ]
    );
    assert_eq!(issues(&"aA1!".repeat(33)), ["Password must be at most 128 characters long"]);
    // A common pattern, a breached one and the owner's name are no matter of form.
    for fine in ["Password123!", "Qwerty1!", "Ada-Ada-1"] {
        assert_eq!(issues(fine), [""; 0], "{fine}");
    }
}

#[test]
fn each_issue_of_a_token_is_told_with_its_own_help() {
    for (issue, text, help) in [
        (TokenIssue::Expired, "Token has expired", "Refresh the token"),
        (TokenIssue::Invalid, "Invalid token format", "Check token format and secret key"),
        (TokenIssue::Revoked, "Token has been revoked", "Log in again"),
    ] {
        assert_eq!((issue.text(), issue.help()), (text, help));
    }
    assert_eq!(factor_advice(true), "MFA is properly configured");
    assert_eq!(factor_advice(false), "Enable MFA for enhanced security");
}

/// T60.
#[test]
fn the_risk_is_30_without_a_factor_20_above_five_sessions_and_10_above_three_keys() {
    const MFA: &str = "Enable multi-factor authentication for enhanced security";
    const SESSIONS: &str = "Review and remove unused sessions";
    const KEYS: &str = "Review and revoke unused API keys";
    for (has_factor, sessions, api_keys, score, level, advice) in [
        (true, 5, 3, 0, "LOW", vec![]),
        (true, 5, 4, 10, "LOW", vec![KEYS]),
        (true, 6, 3, 20, "LOW", vec![SESSIONS]),
        (true, 6, 4, 30, "MEDIUM", vec![SESSIONS, KEYS]),
        (false, 0, 0, 30, "MEDIUM", vec![MFA]),
        (false, 5, 4, 40, "MEDIUM", vec![MFA, KEYS]),
        (false, 6, 3, 50, "HIGH", vec![MFA, SESSIONS]),
        (false, 6, 4, 60, "HIGH", vec![MFA, SESSIONS, KEYS]),
    ] {
        let risk = Exposure { has_factor, sessions, api_keys };
        assert_eq!((risk.score(), risk.level().name()), (score, level), "{risk:?}");
        assert_eq!(risk.recommendations(), advice, "{risk:?}");
    }
}
