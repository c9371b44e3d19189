//! What the letters say, and how attempts to send them are spaced.

use std::net::IpAddr;

use super::*;
use crate::domain::link::{LinkTarget, PublicUrl};
use crate::domain::time::Timestamp;

fn ada() -> EmailAddress {
    EmailAddress::parse("ada&co@example.com").unwrap()
}

fn link() -> Link {
    PublicUrl::parse("https://auth.example.com").unwrap().link(LinkTarget::VerifyEmail, "s3cret")
}

#[test]
fn the_verification_letter_says_who_sent_it_how_long_it_lives_and_what_else_to_do() {
    let letter =
        Letters::load("Acme <Login>").unwrap().verify_email(&ada(), &link(), Duration::from_secs(3600));
    assert_eq!(letter.subject, "Confirm your email address for Acme <Login>");
    for needed in ["Acme <Login>", "ada&co@example.com", "/verify-email?token=s3cret", "1 hour", "ignore"] {
        assert!(letter.text.contains(needed), "{needed}");
    }
    for needed in ["Acme &lt;Login&gt;", "ada&amp;co@", "/verify-email?token=s3cret", "1 hour", "ignore"] {
        assert!(letter.html.contains(needed), "{needed}");
    }
    assert!(!letter.html.contains("<img") && !letter.html.contains("<Login>"));
}

#[test]
fn the_owner_of_a_taken_address_is_told_without_a_token() {
    let home = PublicUrl::parse("https://auth.example.com").unwrap().home();
    let letter = Letters::load("Acme").unwrap().registration_attempted(&ada(), &home);
    assert!(letter.text.contains("already") && letter.text.contains("https://auth.example.com/"));
    assert!(!letter.text.contains("token") && !letter.html.contains("token="));
    assert_eq!(letter.kind, MailKind::RegistrationAttempted);
}

#[test]
fn the_reset_letter_carries_the_link_and_how_long_it_lives() {
    let url = PublicUrl::parse("https://auth.example.com").unwrap();
    let link = url.link(LinkTarget::ResetPassword, "s3cret");
    let letter = Letters::load("Acme").unwrap().reset_password(&ada(), &link, Duration::from_secs(3600));
    assert_eq!(letter.subject, "Set a new password for Acme");
    for needed in ["/reset-password?token=s3cret", "once and for 1 hour", "ignore"] {
        assert!(letter.text.contains(needed) && letter.html.contains(needed), "{needed}");
    }
    assert_eq!(letter.kind, MailKind::ResetPassword);
}

#[test]
fn the_notice_of_a_new_password_says_how_when_and_from_where_and_carries_no_token() {
    let url = PublicUrl::parse("https://auth.example.com").unwrap();
    let by = PasswordNotice {
        how: NewPassword::Reset,
        at: Timestamp::from_seconds(1_700_000_000),
        client: IpAddr::from([198, 51, 100, 7]),
    };
    let letters = Letters::load("Acme").unwrap();
    let letter = letters.password_changed(&ada(), &by, &url.forgot_password());
    assert_eq!(letter.subject, "Your password at Acme was changed");
    for needed in ["link", "14 November 2023, 22:13 UTC", "198.51.100.7", "/forgot-password"] {
        assert!(letter.text.contains(needed) && letter.html.contains(needed), "{needed}");
    }
    assert!(!letter.text.contains("token") && !letter.html.contains("token"));
    let changed = PasswordNotice { how: NewPassword::Changed, ..by };
    let changed = letters.password_changed(&ada(), &changed, &url.forgot_password());
    assert!(changed.text.contains("old password") && changed.text != letter.text);
}

#[test]
fn an_invitation_carries_the_link_and_how_long_it_lives() {
    let link =
        PublicUrl::parse("https://auth.example.com").unwrap().link(LinkTarget::AcceptInvitation, "s3cret");
    let letter = Letters::load("Acme").unwrap().invitation(&ada(), &link, Duration::from_secs(72 * 3600));
    assert_eq!((letter.kind, letter.subject.as_str()), (MailKind::Invitation, "Your account at Acme"));
    for needed in ["/accept-invitation?token=s3cret", "once and for 3 days", "ignore"] {
        assert!(letter.text.contains(needed) && letter.html.contains(needed), "{needed}");
    }
}

#[test]
fn owners_are_told_what_an_administrator_did_and_by_whom_an_account_was_deleted() {
    let url = PublicUrl::parse("https://auth.example.com").unwrap();
    let letters = Letters::load("Acme").unwrap();
    let link = url.link(LinkTarget::ResetPassword, "s3cret");
    let letter = letters.administrator(&ada(), AdminNews::PasswordReset, &link);
    assert_eq!(
        (letter.kind, letter.subject.as_str()),
        (MailKind::Administrator, "Set a new password - Acme")
    );
    assert!(letter.text.contains("/reset-password?token=s3cret") && letter.html.contains("An administrator"));
    let letter = letters.administrator(&ada(), AdminNews::FactorsRemoved, &url.home());
    assert!(letter.text.contains("second step") && !letter.text.contains("token"));
    let deleted =
        [DeletedBy::Owner, DeletedBy::Administrator].map(|by| letters.account_deleted(&ada(), by).text);
    assert!(deleted[0].contains("logged in to it") && deleted[1].contains("by an administrator"));
}

#[test]
fn a_hostile_service_name_adds_no_line_to_the_subject() {
    let letters = Letters::load("Acme\r\n\r\nBcc: x@example.com").unwrap();
    let letter = letters.verify_email(&ada(), &link(), Duration::from_secs(60));
    assert!(!letter.subject.contains(['\r', '\n']));
    assert!(letter.subject.ends_with("Bcc: x@example.com"));
    assert!(letter.text.starts_with("Hello"));
}

#[test]
fn a_letter_does_not_show_its_token_in_debug_output() {
    let letter = Letters::load("Acme").unwrap().verify_email(&ada(), &link(), Duration::from_secs(60));
    assert_eq!(format!("{letter:?}"), "Letter { kind: VerifyEmail, .. }");
}

#[test]
fn retries_slow_down_and_end() {
    let minutes = |failed| retry_delay(failed, 10).map(|delay| delay.as_secs() / 60);
    let all: Vec<_> = (1..=10).map(minutes).collect();
    let expected = [1, 5, 15, 60, 180, 360, 720, 720, 720];
    assert_eq!(all[..9], expected.map(Some));
    assert_eq!(all[9], None);
    assert_eq!(retry_delay(u32::MAX - 1, u32::MAX), Some(Duration::from_secs(43_200)));
    assert_eq!(retry_delay(1, 0), None);
}

#[test]
fn lifetimes_read_as_people_say_them() {
    let said = |minutes: u64| in_words(Duration::from_secs(minutes * 60));
    assert_eq!([said(60), said(1440), said(2880)], ["1 hour", "24 hours", "2 days"]);
    assert_eq!([said(30), said(0), said(90)], ["30 minutes", "1 minute", "90 minutes"]);
}

#[test]
fn a_kind_is_read_back_from_its_name() {
    for kind in MailKind::ALL {
        assert_eq!(kind.name().parse(), Ok(kind));
    }
    assert_eq!("verify".parse::<MailKind>(), Err(NotAMailKind));
}

#[test]
fn a_text_message_is_tried_again_within_the_life_of_its_code() {
    let delays: Vec<_> =
        (1..).map_while(|failed| sms_retry_delay(failed, 9)).map(|delay| delay.as_secs()).collect();
    assert_eq!(delays, [2, 5, 15, 30, 60, 60, 60, 60]);
    assert_eq!(sms_retry_delay(1, 1), None);
}
