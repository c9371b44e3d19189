//! A history in one line of text. Knows nothing of what is counted.

use crate::console::look::Look;

/// Signs from nothing to the most.
const FANCY: [&str; 9] = ["_", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const PLAIN: [&str; 9] = ["_", ".", ".", ":", "-", "=", "+", "*", "#"];

/// The last `width` of `values`, each a sign as high as it is beside the highest of them.
pub fn line(values: &[u64], width: usize, look: &Look) -> String {
    let seen = values.iter().skip(values.len().saturating_sub(width));
    let most = seen.clone().max().copied().unwrap_or(0);
    let signs = if look.ascii { PLAIN } else { FANCY };
    let sign = |value: u64| {
        // From 1 on a value is seen, however small it is beside the highest.
        let level = (u128::from(value) * 8).div_ceil(u128::from(most.max(1)));
        usize::try_from(level).ok().and_then(|level| signs.get(level)).copied().unwrap_or_default()
    };
    seen.map(|value| sign(*value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::theme::Theme;

    #[test]
    fn the_newest_are_kept_and_the_highest_fills_the_line() {
        let mut look = Look::new(Theme::Mono, false, 7);
        assert_eq!(line(&[9, 0, 1, 4, 8], 4, &look), "_▁▄█");
        assert_eq!(line(&[0, 0], 9, &look), "__");
        assert_eq!((line(&[], 9, &look), line(&[1], 0, &look)), (String::new(), String::new()));
        assert_eq!(line(&[u64::MAX, 1], 2, &look), "█▁");
        look.ascii = true;
        assert_eq!(line(&[0, 1, 4, 8], 4, &look), "_.-#");
    }
}
