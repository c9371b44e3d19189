//! `[pages]`: how the served pages look. Knows no page.

use std::path::PathBuf;

use super::mail::name;
use super::reader::Reader;
use crate::domain::colour::Colour;

/// How the served pages look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pages {
    /// The name that people know; `None` means `mail.from_name`.
    pub name: Option<String>,
    /// The file of the picture before the name.
    pub logo_file: Option<PathBuf>,
    /// The colour of links and buttons.
    pub accent: Option<Colour>,
}

impl Pages {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let colour = |text: &str| text.parse::<Colour>().map_err(|fault| fault.to_string());
        Self {
            name: reader.parsed("pages.name", "a name", name),
            logo_file: reader.text("pages.logo_file").map(PathBuf::from),
            accent: reader.parsed("pages.accent", "a colour", colour),
        }
    }
}
