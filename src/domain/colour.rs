//! A colour, and how well it can be read on another one (WCAG 2). Knows no page.

use std::fmt;
use std::str::FromStr;

/// A colour of sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour([u8; 3]);

/// The text is no colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(r##"expected a colour such as "#1f6650""##)]
pub struct NotAColour;

impl Colour {
    /// Black.
    pub const BLACK: Self = Self([0; 3]);

    /// White.
    pub const WHITE: Self = Self([255; 3]);

    /// From its parts: red, green and blue.
    pub const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self([red, green, blue])
    }

    /// How well one can be read on the other: 1, not at all, to 21.
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// The colour `percent` of the way to `other`.
    #[must_use]
    pub fn towards(self, other: Self, percent: u8) -> Self {
        let share = u32::from(percent.min(100));
        let mix = |(from, to): (u8, u8)| {
            let mixed = (u32::from(from) * (100 - share) + u32::from(to) * share) / 100;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        let [red, green, blue] = self.0;
        let [to_red, to_green, to_blue] = other.0;
        Self([(red, to_red), (green, to_green), (blue, to_blue)].map(mix))
    }

    /// The colour nearest to this one, on the way to `end`, that can be read on each of `grounds` with at least
    /// `contrast`; `end` where there is none.
    #[must_use]
    pub fn readable(self, grounds: &[Self], end: Self, contrast: f64) -> Self {
        let shades = (0..=100).map(|percent| self.towards(end, percent));
        let is_readable = |shade: &Self| grounds.iter().all(|ground| shade.contrast(*ground) >= contrast);
        shades.into_iter().find(is_readable).unwrap_or(end)
    }

    fn luminance(self) -> f64 {
        let channel = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(channel);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl FromStr for Colour {
    type Err = NotAColour;

    fn from_str(text: &str) -> Result<Self, NotAColour> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6).ok_or(NotAColour)?;
        let part = |at: usize| {
            let digits = digits.get(at..at + 2).filter(|two| two.bytes().all(|b| b.is_ascii_hexdigit()));
            digits.and_then(|two| u8::from_str_radix(two, 16).ok()).ok_or(NotAColour)
        };
        Ok(Self([part(0)?, part(2)?, part(4)?]))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_written_in_six_digits() {
        assert_eq!("#1f6650".parse::<Colour>().unwrap().to_string(), "#1f6650");
        assert_eq!("#FFFFFF".parse::<Colour>().unwrap(), Colour::WHITE);
        for bad in ["", "1f6650", "#1f665", "#1f66500", "#1g6650", "#\u{e4}\u{e4}\u{e4}", "#+1+1+1", "red"] {
            assert!(bad.parse::<Colour>().is_err(), "{bad}");
        }
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        assert!((Colour::BLACK.contrast(Colour::WHITE) - 21.0).abs() < 1e-9);
        assert!((Colour::WHITE.contrast(Colour::WHITE) - 1.0).abs() < 1e-9);
        let grey = Colour::new(0x76, 0x76, 0x76);
        assert!((grey.contrast(Colour::WHITE) - 4.54).abs() < 0.01);
    }

    #[test]
    fn every_colour_becomes_one_that_can_be_read() {
        for text in ["#ffffff", "#000000", "#ffff00", "#1f6650", "#ff0000", "#777777"] {
            let colour: Colour = text.parse().unwrap();
            let on_light = colour.readable(&[Colour::WHITE], Colour::BLACK, 4.5);
            let on_dark = colour.readable(&[Colour::BLACK], Colour::WHITE, 4.5);
            assert!(
                on_light.contrast(Colour::WHITE) >= 4.5 && on_dark.contrast(Colour::BLACK) >= 4.5,
                "{text}"
            );
        }
        let fine: Colour = "#1f6650".parse().unwrap();
        assert_eq!(fine.readable(&[Colour::WHITE], Colour::BLACK, 4.5), fine, "what can be read stays");
    }
}
