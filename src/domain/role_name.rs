//! Names of custom roles: the slug that is derived, and what looks like a built-in role. Knows no role but those.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::custom_role::RoleFieldFault;
use super::role::Role;
use super::user::is_invisible;

/// Shortest and longest name, in Unicode scalar values.
const NAME_CHARS: (usize, usize) = (2, 50);

/// Reads a name, outer space removed, and derives its slug.
pub fn parse_name(text: &str) -> Result<(String, String), RoleFieldFault> {
    let name = text.trim();
    let (min, max) = NAME_CHARS;
    let length = name.chars().take(max + 1).count();
    if !(min..=max).contains(&length) || name.chars().any(is_invisible) {
        return Err(RoleFieldFault::Name);
    }
    let slug = slug_of(name);
    if looks_built_in(name) || looks_built_in(&slug) {
        return Err(RoleFieldFault::LooksBuiltIn);
    }
    if slug.len() < min { Err(RoleFieldFault::NoSlug) } else { Ok((name.to_owned(), slug)) }
}

/// The slug of a name: `Data Analyst (EU)` becomes `data_analyst_eu`: accents are dropped, what is not a letter or digit of ASCII parts.
pub fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for c in name.nfkd().flat_map(char::to_lowercase).filter(|c| !is_combining_mark(*c)) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('_') {
            slug.push('_');
        }
    }
    slug.truncate(slug.trim_end_matches('_').len());
    slug
}

/// Whether a person could read the name of a built-in role in `text`: case, accents, gaps, letters of other scripts and
/// digits in their place do not count.
fn looks_built_in(text: &str) -> bool {
    let seen = skeleton(text);
    Role::ALL.iter().any(|role| skeleton(role.name()) == seen)
}

fn skeleton(text: &str) -> String {
    let letters = text.nfkd().flat_map(char::to_lowercase).map(look);
    let letters: String = letters.filter(|c| c.is_alphanumeric()).collect();
    // An l has become an i by now.
    letters.replace("rn", "m").replace("vv", "w").replace("ci", "d")
}

/// What each character looks like: columns of a letter and its look-alikes.
const LOOKS: [&str; 20] = [
    "a\u{430}\u{3b1}\u{251}\u{1d00}4@",
    "d\u{501}\u{3b4}\u{1d05}\u{257}",
    "e\u{435}\u{3b5}\u{454}\u{1d07}\u{ab32}3",
    "g\u{261}\u{262}\u{581}9",
    "i\u{456}\u{3b9}\u{131}\u{26a}\u{4cf}l1|!\u{29f}\u{142}",
    "m\u{43c}\u{3bc}\u{1d0d}",
    "n\u{578}\u{3b7}\u{274}\u{43f}",
    "o\u{43e}\u{3bf}\u{1d0f}\u{585}0",
    "p\u{440}\u{3c1}\u{1d18}",
    "r\u{433}\u{280}\u{1d26}",
    "s\u{455}\u{a731}5$",
    "u\u{3c5}\u{57d}\u{1d1c}",
    "v\u{475}\u{3bd}\u{1d20}",
    "w\u{51d}\u{461}\u{3c9}\u{1d21}",
    "c\u{441}\u{1d04}",
    "x\u{445}\u{3c7}",
    "y\u{443}\u{3b3}",
    "t\u{442}\u{3c4}7",
    "k\u{43a}\u{3ba}",
    "h\u{4bb}\u{43d}",
];

fn look(c: char) -> char {
    LOOKS.iter().find(|column| column.contains(c)).and_then(|column| column.chars().next()).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slug(name: &str) -> Result<String, RoleFieldFault> {
        parse_name(name).map(|(_, slug)| slug)
    }

    /// R57.
    #[test]
    fn a_slug_is_derived_in_ascii() {
        for (name, expected) in [
            ("Data Analyst", "data_analyst"),
            ("  Kosten-Pr\u{fc}fer (EU)  ", "kosten_prufer_eu"),
            ("__x  9__", "x_9"),
            ("\u{ff26}\u{ff41}\u{ff43}ts", "facts"),
            ("\u{7ba1}\u{7406} Ops", "ops"),
        ] {
            assert_eq!(slug(name).as_deref(), Ok(expected), "{name}");
        }
        for none in ["\u{7ba1}\u{7406}\u{5458}", "!?", "x \u{7ba1}"] {
            assert_eq!(slug(none), Err(RoleFieldFault::NoSlug), "{none}");
        }
        for bad in ["", "x", "a\nb", "a\u{202e}b", &"x".repeat(51)] {
            assert_eq!(slug(bad), Err(RoleFieldFault::Name), "{bad:?}");
        }
    }

    /// R57.
    #[test]
    fn no_role_looks_like_a_built_in_one() {
        for name in [
            "Admin",
            "ADMIN",
            "admin.",
            " Super  Admin ",
            "super-admin",
            "SuperAdmin",
            "adm1n",
            "@dmin",
            "\u{430}dmin",
            "\u{c4}dm\u{ed}n",
            "adrnin",
            "aclmin",
            "\u{1d00}\u{1d05}\u{1d0d}\u{26a}\u{274}",
            "vi\u{435}wer",
            "vievver",
            "Deve1oper",
            "devel\u{3bf}per",
            "M\u{430}n\u{430}ger",
            "\u{ff4d}anager",
            "5uper_adm!n",
        ] {
            assert_eq!(slug(name), Err(RoleFieldFault::LooksBuiltIn), "{name}");
        }
        for fine in ["Admins of Sales", "Billing Manager", "Reviewer", "Administration"] {
            assert!(slug(fine).is_ok(), "{fine}");
        }
    }
}
