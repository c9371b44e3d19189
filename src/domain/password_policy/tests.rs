use super::*;

fn policy(kind: PolicyKind) -> PasswordPolicy {
    PasswordPolicy { kind, block_common: false, history: 5 }
}

fn faults(policy: PasswordPolicy, password: &str) -> Vec<PasswordFault> {
    policy.check(password, &PublicWords::of([])).faults()
}

/// The rules that a password breaks, asked for or not.
fn broken(password: &str) -> Vec<&'static str> {
    let report = policy(PolicyKind::Basic).check(password, &PublicWords::of([]));
    report.checks().filter(|(_, is_kept)| !is_kept).map(|(rule, _)| rule.name()).collect()
}

/// G55, C30, R1.
#[test]
fn the_basic_policy_asks_for_8_to_128_characters_and_nothing_else() {
    let basic = policy(PolicyKind::Basic);
    let of = |count: usize| faults(basic, &"\u{e9}".repeat(count));
    assert_eq!([of(7), of(129)], [vec![PasswordFault::TooShort], vec![PasswordFault::TooLong]]);
    for count in [8, 64, 128] {
        assert_eq!(of(count), [], "{count}");
    }
    for plain in ["secure_password", "12345678", "        ", "aaaaaaaa"] {
        assert_eq!(faults(basic, plain), [], "{plain}");
    }
}

/// S23.
#[test]
fn the_classes_are_each_asked_for_by_name() {
    use PasswordFault::{NoDigit, NoLowercase, NoSpecial, NoUppercase};
    let classes = policy(PolicyKind::Classes);
    for (password, expected) in [
        ("Abcdef1!", &[][..]),
        ("\u{c9}t\u{e9}-2026-t\u{e9}", &[]),
        ("abcdef1!", &[NoUppercase]),
        ("ABCDEF1!", &[NoLowercase]),
        ("Abcdefg!", &[NoDigit]),
        ("Abcdefg1", &[NoSpecial]),
        ("abcdefgh", &[NoUppercase, NoDigit, NoSpecial]),
        ("secure_password", &[NoUppercase, NoDigit]),
        ("Password1!", &[]),
    ] {
        assert_eq!(faults(classes, password), expected, "{password}");
    }
}

/// T47.
#[test]
fn each_of_the_seven_checks_has_its_result() {
    for (password, expected) in [
        ("Tr0ub4dor&3x", &[][..]),
        ("Sh0rt!x", &["length"]),
        ("lower-case-1", &["uppercase"]),
        ("UPPER-CASE-1", &["lowercase"]),
        ("No-digit-here", &["digit"]),
        ("N0thingSpecial", &["special"]),
        ("My-Monkey-77", &["no_common_patterns"]),
        ("\u{df}ummer-Sun1\u{e9}", &[]),
        ("P@ssw0rd", &["not_in_breached_list"]),
        ("", &["length", "uppercase", "lowercase", "digit", "special"]),
    ] {
        assert_eq!(broken(password), expected, "{password}");
    }
}

/// T48.
#[test]
fn the_strict_policy_refuses_eight_patterns_in_any_case_and_breached_passwords() {
    let strict = policy(PolicyKind::Strict);
    for pattern in ["123456", "password", "qwerty", "abc123", "letmein", "admin", "welcome", "monkey"] {
        for password in [format!("xZ-7-{pattern}-y"), format!("xZ-7-{}-y", pattern.to_uppercase())] {
            assert_eq!(faults(strict, &password), [PasswordFault::CommonPattern], "{password}");
        }
    }
    assert_eq!(faults(strict, "P@ssw0rd"), [PasswordFault::Breached]);
    for breached in ["123456", "password", "123456789", "qwerty", "abc123"] {
        assert!(broken(breached).contains(&"not_in_breached_list"), "{breached}");
        assert!(broken(&breached.to_uppercase()).contains(&"not_in_breached_list"), "{breached}");
    }
}

/// R3.
#[test]
fn common_passwords_are_refused_in_any_case_when_that_is_switched_on() {
    let basic = PasswordPolicy { block_common: true, ..policy(PolicyKind::Basic) };
    for common in ["password1", "PassWord1", "12345678", "iloveyou", "1q2w3e4r", "trustno1"] {
        assert_eq!(faults(basic, common), [PasswordFault::Breached], "{common}");
        assert_eq!(faults(policy(PolicyKind::Basic), common), [], "{common}");
    }
    for own in ["password1 ", "latchkey-dev-password", "correct horse battery", "secure_password"] {
        assert_eq!(faults(basic, own), [], "{own}");
    }
}

fn ada() -> PublicWords {
    PublicWords::of(["ada.lovelace@example.com", "ada", "Ada King-No\u{eb}l", "auth.analytical.example"])
}

/// R3.
#[test]
fn a_public_word_and_little_more_is_refused() {
    for refused in [
        "ada.lovelace@example.com",
        "ADA.Lovelace@example.com!!!",
        "adalovelace",
        "Lovelace-1!",
        "lovelace123",
        "lovelacelovelace",
        "analytical1",
        "auth.analytical.example",
        "ada-ada-ada-ada",
        "Latchkey",
        "latchkey123",
        "latchkey.lovelace 99",
        "King-NOE\u{308}L-12",
        "\u{ff4c}ovelace1",
    ] {
        let refused: String = refused.nfc().collect();
        let report = policy(PolicyKind::Basic).check(&refused, &ada());
        assert_eq!(report.faults(), [PasswordFault::Context], "{refused}");
    }
    for own in [
        "lovelace1234",
        "adamantine",
        "latchkey-dev-password",
        "correct horse battery",
        "!!!!!!!!",
        "\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}",
    ] {
        assert_eq!(policy(PolicyKind::Basic).check(own, &ada()).faults(), [], "{own}");
    }
}

#[test]
fn nothing_public_still_forbids_the_name_of_the_product_alone() {
    assert_eq!(faults(policy(PolicyKind::Basic), "LatchKey1"), [PasswordFault::Context]);
    let words = PublicWords::of(["", "@", "a", "x@y", "\0", "..."]);
    assert_eq!(policy(PolicyKind::Basic).check("xyz axa xyz", &words).faults(), []);
}

#[test]
fn the_work_does_not_grow_with_what_strangers_send() {
    let endless = "abcd ".repeat(100_000);
    assert!(PublicWords::of([endless.as_str()]).0.len() < 60);
    assert_eq!(faults(policy(PolicyKind::Basic), &"latchkey".repeat(10_000)), [PasswordFault::TooLong]);
}

#[test]
fn every_rule_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<_> = PasswordRule::ALL.iter().map(|rule| rule.name()).collect();
    assert_eq!(names.len(), PasswordRule::ALL.len());
    assert!(PolicyKind::ALL.iter().all(|(name, kind)| kind.name() == *name));
}

#[test]
fn a_policy_says_what_it_asks_for() {
    let said = |kind, history| PasswordPolicy { kind, history, ..PasswordPolicy::default() }.in_words();
    assert_eq!(
        said(PolicyKind::Basic, 5),
        "8 to 128 characters. A long phrase of several words is best. Not one of your last 5 passwords."
    );
    assert!(said(PolicyKind::Classes, 1).ends_with("of another kind. Not the password you have."));
    assert!(said(PolicyKind::Strict, 0).ends_with("a digit and a character of another kind."));
}
