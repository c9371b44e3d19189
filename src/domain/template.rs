//! A strict placeholder template, and markup that cannot be built without escaping. Knows nothing of mails or pages.
//!
//! ## Decision
//! `{{name}}` is the whole language: no conditions, no loops, no engine to trust. The names a template may use
//! are listed where it is loaded; a name that is unknown, or listed and not used, fails there and not on the day
//! a mail is due. The number of values is part of the type, so rendering cannot fail. What goes into an
//! [`HtmlTemplate`] is [`Html`], and text becomes `Html` only by being escaped.

use std::fmt;

/// A template does not fit the names it may use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A `{{` without its `}}`.
    #[error("a placeholder is not closed")]
    Unclosed,
    /// A placeholder that is not listed.
    #[error("unknown placeholder {{{{{0}}}}}")]
    Unknown(String),
    /// A listed value the template does not show.
    #[error("placeholder {{{{{0}}}}} is not used")]
    Unused(&'static str),
    /// A mail text that does not begin with a `Subject:` line and an empty line.
    #[error("the text does not begin with a subject line")]
    NoSubject,
    /// A part of a page that does not begin with a heading.
    #[error("the markup does not begin with a heading")]
    NoHeading,
}

/// Markup that is safe to send: literals of this program and escaped text, nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Html(String);

impl Html {
    /// Text of any origin, escaped for element content and for quoted attribute values.
    pub fn text(text: &str) -> Self {
        let mut out = String::with_capacity(text.len() + text.len() / 8);
        for character in text.chars() {
            match character {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&#39;"),
                '\n' | '\t' => out.push(character),
                control if control.is_control() => out.push('\u{fffd}'),
                other => out.push(other),
            }
        }
        Self(out)
    }

    /// Markup written in this program. A `'static` text cannot come from a request.
    pub fn literal(markup: &'static str) -> Self {
        Self(markup.to_owned())
    }

    /// The pieces, one after another.
    pub fn concat(pieces: impl IntoIterator<Item = Self>) -> Self {
        Self(pieces.into_iter().map(|piece| piece.0).collect())
    }

    /// The markup.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The markup, as a plain string at the end of its way.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A template of plain text with `N` values.
#[derive(Debug, Clone)]
pub struct TextTemplate<const N: usize>(Vec<Part>);

impl<const N: usize> TextTemplate<N> {
    /// Reads a template that uses each of `names` at least once and no other.
    pub fn parse(source: &str, names: [&'static str; N]) -> Result<Self, TemplateError> {
        parse(source, &names).map(Self)
    }

    /// The text with `values` in the order of the names, as they are.
    pub fn render(&self, values: [&str; N]) -> String {
        render(&self.0, &values)
    }
}

/// A template of markup with `N` values.
#[derive(Debug, Clone)]
pub struct HtmlTemplate<const N: usize>(Vec<Part>);

impl<const N: usize> HtmlTemplate<N> {
    /// Reads a template that uses each of `names` at least once and no other.
    pub fn parse(source: &'static str, names: [&'static str; N]) -> Result<Self, TemplateError> {
        parse(source, &names).map(Self)
    }

    /// The same of `part`, which begins with a heading, inside `frame`: the heading stands at its `{{title}}`, and the
    /// whole at its `{{letter}}`.
    pub fn within(
        frame: &'static str,
        part: &'static str,
        names: [&'static str; N],
    ) -> Result<Self, TemplateError> {
        let heading = part.strip_prefix("<h1>").and_then(|rest| rest.split_once("</h1>\n"));
        let (title, _) = heading.ok_or(TemplateError::NoHeading)?;
        parse(&frame.replacen("{{title}}", title, 1).replacen("{{letter}}", part, 1), &names).map(Self)
    }

    /// The markup with `values` in the order of the names.
    pub fn render(&self, values: [&Html; N]) -> Html {
        Html(render(&self.0, &values.map(Html::as_str)))
    }
}

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    Slot(usize),
}

fn parse(source: &str, names: &[&'static str]) -> Result<Vec<Part>, TemplateError> {
    let mut parts = Vec::new();
    let mut rest = source;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").ok_or(TemplateError::Unclosed)?;
        let slot = names.iter().position(|known| *known == name);
        parts.push(Part::Text(before.to_owned()));
        parts.push(Part::Slot(slot.ok_or_else(|| TemplateError::Unknown(name.to_owned()))?));
        rest = after;
    }
    parts.push(Part::Text(rest.to_owned()));
    for (slot, name) in names.iter().enumerate() {
        if !parts.iter().any(|part| matches!(part, Part::Slot(used) if *used == slot)) {
            return Err(TemplateError::Unused(name));
        }
    }
    Ok(parts)
}

/// A value is put in once and never read again for placeholders, so a value that looks like one stays text.
fn render(parts: &[Part], values: &[&str]) -> String {
    let piece = |part| match part {
        &Part::Slot(slot) => values.get(slot).copied().unwrap_or_default(),
        Part::Text(text) => text.as_str(),
    };
    parts.iter().map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_take_the_place_of_their_names_and_are_not_read_again() {
        let template = TextTemplate::parse("{{a}} and {{b}}, {{a}}.", ["a", "b"]).unwrap();
        assert_eq!(template.render(["{{b}}", "2"]), "{{b}} and 2, {{b}}.");
    }

    #[test]
    fn a_template_must_fit_its_names_exactly() {
        let fault = |source, names| TextTemplate::<1>::parse(source, names).unwrap_err();
        assert_eq!(fault("{{nme}}", ["name"]), TemplateError::Unknown("nme".into()));
        assert_eq!(fault("{{ name }}", ["name"]), TemplateError::Unknown(" name ".into()));
        assert_eq!(fault("{{name", ["name"]), TemplateError::Unclosed);
        assert_eq!(fault("hello", ["name"]), TemplateError::Unused("name"));
        assert_eq!(fault("{{x}}", ["y"]).to_string(), "unknown placeholder {{x}}");
    }

    #[test]
    fn text_in_markup_is_escaped() {
        let template = HtmlTemplate::parse("<p title=\"{{x}}\">{{x}}</p>", ["x"]).unwrap();
        let hostile = Html::text("\"><script>alert('1')</script>&\0\r");
        assert_eq!(
            template
                .render([&hostile])
                .as_str()
                .matches("&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)")
                .count(),
            2
        );
        assert!(!template.render([&hostile]).as_str().contains("<script"));
        assert!(hostile.as_str().ends_with("&amp;\u{fffd}\u{fffd}"));
    }

    proptest! {
        #[test]
        fn escaped_text_never_ends_an_element_or_an_attribute(text in any::<String>()) {
            let html = Html::text(&text).into_string();
            let special = ['<', '>', '"', '\'', '\0', '\r', '\u{1b}'];
            prop_assert!(!html.contains(special));
        }
    }
}
