//! Colours by meaning. Knows no widget.
//!
//! ## Decision: `NO_COLOR` is judged here, not by the terminal library
//! With `NO_COLOR` crossterm 0.29 drops reverse and bold with the colours, and the row under the cursor is no longer
//! seen. So colour is always allowed there, and [`Theme::Mono`] uses none.

use ratatui::style::{Color, Modifier, Style};

/// A set of colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// The sixteen colours of the terminal.
    #[default]
    Ansi16,
    /// Okabe and Ito's colours, told apart by colour-blind people too.
    OkabeIto,
    /// Bright on black.
    HighContrast,
    /// For a light background.
    Light,
    /// No colour: bold, dim, underlined, reversed.
    Mono,
}

/// What a piece of text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Token {
    /// Nothing special.
    #[default]
    Plain,
    /// Good.
    Ok,
    /// Worth knowing.
    Info,
    /// Look here.
    Warn,
    /// Bad.
    Danger,
    /// Less important.
    Muted,
    /// Titles and keys.
    Accent,
    /// No longer true perhaps.
    Stale,
}

impl Theme {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Ansi16, Self::OkabeIto, Self::HighContrast, Self::Light, Self::Mono];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ansi16 => "ansi16",
            Self::OkabeIto => "okabe-ito",
            Self::HighContrast => "high-contrast",
            Self::Light => "light",
            Self::Mono => "mono",
        }
    }

    /// The theme of this name; its beginning is enough.
    pub fn named(name: &str) -> Option<Self> {
        let is_named = |theme: &Self| !name.is_empty() && theme.name().starts_with(name);
        Self::ALL.into_iter().find(is_named)
    }

    /// How `token` looks.
    pub fn style(self, token: Token) -> Style {
        let plain = Style::new();
        let modifier = match token {
            Token::Plain | Token::Ok | Token::Info => Modifier::empty(),
            Token::Warn => Modifier::UNDERLINED,
            Token::Danger | Token::Accent => Modifier::BOLD,
            Token::Muted | Token::Stale => Modifier::DIM,
        };
        match self {
            Self::Mono => plain.add_modifier(modifier),
            // Dim and underline are for those who see no colour.
            _ => plain.fg(self.color(token)).add_modifier(modifier & Modifier::BOLD),
        }
    }

    /// The row under the cursor: reversed in every theme, never by background alone.
    pub fn selected(self, token: Token) -> Style {
        self.style(token).add_modifier(Modifier::REVERSED)
    }

    const fn color(self, token: Token) -> Color {
        let [ok, info, warn, danger, muted, accent] = match self {
            Self::Ansi16 | Self::Mono => {
                [Color::Green, Color::Cyan, Color::Yellow, Color::Red, Color::DarkGray, Color::Blue]
            }
            Self::OkabeIto => [
                Color::Rgb(0, 158, 115),
                Color::Rgb(86, 180, 233),
                Color::Rgb(230, 159, 0),
                Color::Rgb(213, 94, 0),
                Color::Rgb(150, 150, 150),
                Color::Rgb(240, 228, 66),
            ],
            Self::HighContrast => [
                Color::LightGreen,
                Color::LightCyan,
                Color::LightYellow,
                Color::LightRed,
                Color::Gray,
                Color::White,
            ],
            Self::Light => [
                Color::Rgb(0, 100, 0),
                Color::Rgb(0, 80, 140),
                Color::Rgb(140, 80, 0),
                Color::Rgb(170, 0, 0),
                Color::Rgb(100, 100, 100),
                Color::Rgb(60, 0, 140),
            ],
        };
        match token {
            Token::Plain => Color::Reset,
            Token::Ok => ok,
            Token::Info => info,
            Token::Warn => warn,
            Token::Danger => danger,
            Token::Muted | Token::Stale => muted,
            Token::Accent => accent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mono_has_no_colour_and_every_theme_reverses_the_selection() {
        let tokens = [Token::Ok, Token::Warn, Token::Danger, Token::Muted, Token::Accent];
        for token in tokens {
            assert_eq!(Theme::Mono.style(token).fg, None);
            for theme in Theme::ALL {
                assert!(theme.selected(token).add_modifier.contains(Modifier::REVERSED));
            }
        }
    }

    #[test]
    fn themes_are_named() {
        for theme in Theme::ALL {
            assert_eq!(Theme::named(theme.name()), Some(theme));
        }
        assert_eq!(
            (Theme::named("okabe"), Theme::named("x"), Theme::named("")),
            (Some(Theme::OkabeIto), None, None)
        );
    }
}
