//! Reads Rust source as text: blanks comments, literals and test-only items, then lists path heads.
//! Knows no rule of the house.
//!
//! ## Decision
//! Problem: the import rules must hold on every path, not only on `use` lines, and the check must
//! need nothing but the toolchain. Choice: a scanner over blanked text; it understands `crate::a`,
//! `crate::{a, b::c}`, and `super::` chains that reach the root. A full parser would be one more
//! heavy dependency and would see no macro bodies, which this sees.

/// The path head and what it hangs on.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone)]
pub enum Head {
    /// An item of our own crate root: `crate::NAME`.
    Own(String),
    /// Any other first segment of a path: `NAME::..` or `use NAME`.
    Outer(String),
}

/// `source` with comments, string and character literals, and `#[cfg(test)]` items blanked.
pub fn production_text(source: &str) -> String {
    drop_test_items(&blank_literals(source))
}

/// Every path head in blanked `text` of a module `depth` levels below the crate root.
pub fn heads(text: &str, depth: usize) -> Vec<Head> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let continues = at > 0 && tokens.get(at - 1).is_some_and(|before| before == "::");
        if continues || !is_identifier(token) {
            at += 1;
            continue;
        }
        at = head(&tokens, at, depth, &mut found);
    }
    found.sort();
    found.dedup();
    found
}

/// Records the head of the path that starts at `at`; answers where to go on.
fn head(tokens: &[String], at: usize, depth: usize, found: &mut Vec<Head>) -> usize {
    let name = token(tokens, at);
    let is_path = token(tokens, at + 1) == "::";
    let mut next = at;
    match name {
        "crate" if is_path => next += 2,
        "super" if is_path => {
            let mut climbed = 0;
            while token(tokens, next) == "super" && token(tokens, next + 1) == "::" {
                climbed += 1;
                next += 2;
            }
            if climbed != depth {
                return next;
            }
        }
        _ => {
            let imported = at > 0 && token(tokens, at - 1) == "use";
            if is_path || imported {
                found.push(Head::Outer(name.to_owned()));
            }
            return at + 1;
        }
    }
    if token(tokens, next) == "{" {
        found.extend(group(tokens, next).into_iter().map(Head::Own));
    } else {
        found.push(Head::Own(token(tokens, next).to_owned()));
    }
    next + 1
}

/// First segments of a `{a, b::c, d::{e}}` group that opens at `open`.
fn group(tokens: &[String], open: usize) -> Vec<String> {
    let mut names = Vec::new();
    let mut level = 0;
    let mut fresh = true;
    for token in tokens.iter().skip(open) {
        match token.as_str() {
            "{" => level += 1,
            "}" => level -= 1,
            "," => fresh = level == 1,
            name if fresh && level == 1 => {
                names.push(name.to_owned());
                fresh = false;
            }
            _ => {}
        }
        if level == 0 {
            break;
        }
    }
    names
}

fn token(tokens: &[String], at: usize) -> &str {
    tokens.get(at).map_or("", String::as_str)
}

fn is_identifier(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Identifiers, `::` and single punctuation characters, in order.
fn tokens(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_alphanumeric() || c == '_' {
            let mut word = String::from(c);
            while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || *c == '_') {
                word.push(c);
            }
            out.push(word);
        } else if c == ':' && chars.next_if_eq(&':').is_some() {
            out.push("::".to_owned());
        } else if !c.is_whitespace() {
            out.push(c.to_string());
        }
    }
    out
}

/// Replaces comments and literals by blanks; line breaks stay.
fn blank_literals(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let end = literal_end(&chars, at);
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

/// End of the comment or literal that starts at `at`, or `at` itself when none does.
fn literal_end(chars: &[char], at: usize) -> usize {
    let peek = |n: usize| chars.get(at + n).copied().unwrap_or('\0');
    let after_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    match (peek(0), peek(1)) {
        ('/', '/') => (at..chars.len()).find(|i| chars[*i] == '\n').unwrap_or(chars.len()),
        ('/', '*') => block_comment_end(chars, at),
        ('"', _) => quoted_end(chars, at, '"'),
        ('r', '"' | '#') if !after_word => raw_end(chars, at + 1).unwrap_or(at),
        ('b', 'r') if !after_word => raw_end(chars, at + 2).unwrap_or(at),
        ('\'', '\\') => quoted_end(chars, at, '\''),
        ('\'', _) if peek(2) == '\'' => at + 3,
        _ => at,
    }
}

fn block_comment_end(chars: &[char], at: usize) -> usize {
    let (mut level, mut i) = (0, at);
    while i < chars.len() {
        match (chars[i], chars.get(i + 1)) {
            ('/', Some('*')) => (level, i) = (level + 1, i + 2),
            ('*', Some('/')) => (level, i) = (level - 1, i + 2),
            _ => i += 1,
        }
        if level == 0 {
            break;
        }
    }
    i
}

fn quoted_end(chars: &[char], at: usize, quote: char) -> usize {
    let mut i = at + 1;
    while i < chars.len() && chars[i] != quote {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    (i + 1).min(chars.len())
}

/// End of a raw string whose hashes or quote start at `at`; `None` for a raw identifier.
fn raw_end(chars: &[char], at: usize) -> Option<usize> {
    let hashes = chars[at..].iter().take_while(|c| **c == '#').count();
    if chars.get(at + hashes) != Some(&'"') {
        return None;
    }
    let closes = |i: &usize| chars[*i] == '"' && (1..=hashes).all(|n| chars.get(i + n) == Some(&'#'));
    Some((at + hashes + 1..chars.len()).find(closes).map_or(chars.len(), |i| i + 1 + hashes))
}

/// Removes every item marked `#[cfg(test)]`: up to its closing brace, or its semicolon.
fn drop_test_items(text: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(MARK) {
        out.push_str(&rest[..at]);
        rest = &rest[at + MARK.len()..];
        rest = &rest[item_end(rest)..];
    }
    out + rest
}

fn item_end(text: &str) -> usize {
    let mut level = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' | '(' | '[' => level += 1,
            '}' | ')' | ']' => {
                level -= 1;
                if level == 0 && c == '}' {
                    return at + 1;
                }
            }
            ';' if level == 0 => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(text: &str, depth: usize) -> Vec<String> {
        let pick = |head| if let Head::Own(name) = head { Some(name) } else { None };
        heads(&production_text(text), depth).into_iter().filter_map(pick).collect()
    }

    fn outer(text: &str) -> Vec<String> {
        let pick = |head| if let Head::Outer(name) = head { Some(name) } else { None };
        heads(&production_text(text), 1).into_iter().filter_map(pick).collect()
    }

    #[test]
    fn own_paths_are_found_in_every_form() {
        assert_eq!(own("use crate::store::Table;", 1), ["store"]);
        assert_eq!(own("fn f() -> crate::http::Error { $crate::net::x() }", 1), ["http", "net"]);
        assert_eq!(own("use crate::{a, b::{c, d}, e as f};", 1), ["a", "b", "e"]);
        assert_eq!(own("use crate::{\n    self as c,\n};", 1), ["self"]);
        assert_eq!(own("pub(crate) mod x; let mycrate::y = 1;", 1), Vec::<String>::new());
    }

    #[test]
    fn super_chains_count_only_when_they_reach_the_root() {
        assert_eq!(own("use super::super::store::X;", 2), ["store"]);
        assert_eq!(own("use super::{store, http};", 1), ["http", "store"]);
        assert_eq!(own("use super::store::X;", 2), Vec::<String>::new());
    }

    #[test]
    fn comments_literals_and_test_modules_do_not_count() {
        assert_eq!(
            own("// crate::a\n/* crate::b /* */ crate::c */ //! [`crate::d`]", 1),
            Vec::<String>::new()
        );
        assert_eq!(
            own(r##"f("crate::a \" crate::b", r#"crate::"c"#, b"crate::d", '"', "crate::e")"##, 1),
            Vec::<String>::new()
        );
        assert_eq!(own("fn f<'a>(x: &'a str) { crate::seen::f('\\'', x) }", 1), ["seen"]);
        assert_eq!(
            own("#[cfg(test)]\n#[allow(x)]\nmod tests { use crate::a; fn f() {} }\nuse crate::b;", 1),
            ["b"]
        );
        assert_eq!(own("#[cfg(test)]\nmod tests;\nuse crate::b;", 1), ["b"]);
        assert_eq!(own("#[cfg(test)]\nfn f([a, b]: [u8; 2]) { crate::a::x(); }\nuse crate::b;", 1), ["b"]);
    }

    #[test]
    fn outer_crates_are_found_as_path_heads_and_plain_imports() {
        assert_eq!(
            outer("use tokio::net; #[tokio::main] fn f() { serde_json::to_vec(&x) }"),
            ["serde_json", "tokio"]
        );
        assert_eq!(outer("use redb; use {poem::Route};"), ["poem", "redb"]);
        assert_eq!(outer("std::tokio::x; a.redb; redb: u8"), ["std"]);
    }
}
