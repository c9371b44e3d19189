//! How an operator has the pages look: a name, a logo, a colour. Knows no file.
//!
//! ## Decision: every colour may be configured, and none makes a page that cannot be read
//! The accent is moved towards black or white until text in it, and text on it, has the contrast that WCAG 2 asks for:
//! for the light pages and for the dark ones by itself.

use std::sync::Arc;

use super::PAGE_CSS;
use crate::domain::colour::Colour;
use crate::domain::template::Html;

/// The largest logo in bytes.
pub const LOGO_BYTES_MAX: usize = 256 * 1024;

/// What of the pages an operator may change.
#[derive(Debug, Clone, Default)]
pub struct Looks {
    /// The name that people know.
    pub name: String,
    /// The picture before the name.
    pub logo: Option<Logo>,
    /// The colour of links and buttons.
    pub accent: Option<Colour>,
    /// Whether the tools of `--dev` are there.
    pub is_development: bool,
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    /// Its type, known by its first bytes.
    pub content_type: &'static str,
    /// The picture.
    pub bytes: Arc<[u8]>,
}

/// The bytes are no picture that browsers show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no SVG, PNG, JPEG or WebP picture of at most 256 KiB")]
pub struct NotALogo;

impl Logo {
    /// Reads a picture.
    pub fn read(bytes: &[u8]) -> Result<Self, NotALogo> {
        let is_webp = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
        let content_type = match bytes {
            _ if bytes.len() > LOGO_BYTES_MAX => return Err(NotALogo),
            _ if bytes.starts_with(b"\x89PNG\r\n\x1a\n") => "image/png",
            _ if bytes.starts_with(b"\xff\xd8\xff") => "image/jpeg",
            _ if is_webp => "image/webp",
            _ if bytes.starts_with(b"<svg") || bytes.starts_with(b"<?xml") => "image/svg+xml",
            _ => return Err(NotALogo),
        };
        Ok(Self { content_type, bytes: bytes.into() })
    }
}

/// The style sheet with this accent. Fit for a page, too: what is added has no letter that needs escaping.
pub(super) fn style(accent: Option<Colour>) -> Html {
    let Some(accent) = accent else { return Html::literal(PAGE_CSS) };
    // The grounds of the style sheet, light and dark.
    let light = [Colour::WHITE, Colour::new(0xf2, 0xf4, 0xf0), Colour::new(0xee, 0xf1, 0xed)];
    let dark = [Colour::new(0x1b, 0x23, 0x20), Colour::new(0x13, 0x19, 0x17), Colour::new(0x12, 0x18, 0x15)];
    let on_light = accent.readable(&light, Colour::BLACK, 4.5);
    let on_dark = accent.readable(&dark, Colour::WHITE, 4.5);
    let shades = |shade: Colour, end: Colour, text: Colour| {
        let strong = shade.towards(end, 25);
        format!("--accent: {shade}; --accent-strong: {strong}; --on-accent: {text};")
    };
    let added = format!(
        "\n:root {{ {} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {} }} }}\n",
        shades(on_light, Colour::BLACK, Colour::WHITE),
        shades(on_dark, Colour::WHITE, Colour::BLACK),
    );
    Html::concat([Html::literal(PAGE_CSS), Html::text(&added)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logo_is_known_by_its_first_bytes() {
        for (bytes, kind) in [
            (&b"\x89PNG\r\n\x1a\nrest"[..], "image/png"),
            (b"\xff\xd8\xff\xe0", "image/jpeg"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
            (b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "image/svg+xml"),
        ] {
            assert_eq!(Logo::read(bytes).unwrap().content_type, kind);
        }
        for bad in [&b""[..], b"<html>", b"GIF89a", b"RIFF\0\0\0\0WAVE", b"MZ"] {
            assert_eq!(Logo::read(bad), Err(NotALogo));
        }
        let mut large = b"<svg".to_vec();
        large.resize(LOGO_BYTES_MAX + 1, b' ');
        assert_eq!(Logo::read(&large), Err(NotALogo));
    }

    #[test]
    fn an_accent_can_be_read_in_both_themes_whatever_it_is() {
        assert_eq!(style(None).as_str(), PAGE_CSS);
        for text in ["#ffff00", "#000000", "#ffffff", "#c02070"] {
            let css = style(Some(text.parse().unwrap()));
            let added = css.as_str().strip_prefix(PAGE_CSS).unwrap();
            assert!(!added.contains('&'), "{added}");
            let colours = added.split("--accent: ").skip(1).map(|rest| rest[..7].parse::<Colour>().unwrap());
            let [light, dark] = colours.collect::<Vec<_>>()[..] else { panic!("{added}") };
            assert!(light.contrast(Colour::WHITE) >= 4.5 && dark.contrast(Colour::BLACK) >= 4.5, "{text}");
        }
    }
}
