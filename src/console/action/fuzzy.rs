//! How well a few typed letters fit a text. Knows no list.

/// The letters of `typed` in this order somewhere in `text`, whatever the case: `None` when not, else how well. Letters
/// that stand together and at the beginnings of words count more.
pub fn score(typed: &str, text: &str) -> Option<u32> {
    let mut wanted = typed.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).peekable();
    let mut score: u32 = 0;
    let (mut before, mut was_hit) = (' ', false);
    for (index, c) in text.chars().flat_map(char::to_lowercase).enumerate() {
        let Some(next) = wanted.peek() else { break };
        let is_hit = *next == c;
        if is_hit {
            wanted.next();
            let begins_word = !before.is_alphanumeric();
            score += 1 + u32::from(was_hit) * 4 + u32::from(begins_word) * 3 + u32::from(index == 0) * 4;
        }
        (before, was_hit) = (c, is_hit);
    }
    wanted.next().is_none().then_some(score)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_in_order_fit_and_better_ones_score_more() {
        assert_eq!(score("xyz", "end session"), None);
        assert_eq!(score("ne", "en"), None);
        assert!(score("es", "end session") > score("es", "the sessions of users"));
        assert!(score("SESS", "sessions") > score("sess", "s e s s"));
        assert_eq!(score("", "anything"), Some(0));
    }
}
