//! Where things are, at every size. Knows nothing of what is there.

use ratatui::layout::Rect;

/// Lines of a list's frame: the border, the headings, the border.
pub const LIST_FRAME: u16 = 3;

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Hardly any: under 20 x 5.
    Line,
    /// Under 60 x 16: a list of two columns, or the details.
    Small,
    /// Under 100 columns: details below the list when they are opened.
    Stacked,
    /// The list, and always the details.
    Split,
}

impl Shape {
    /// Of a screen.
    pub const fn of(screen: Rect) -> Self {
        match (screen.width, screen.height) {
            (0..20, _) | (_, 0..5) => Self::Line,
            (20..60, _) | (_, 5..16) => Self::Small,
            (60..100, _) => Self::Stacked,
            _ => Self::Split,
        }
    }
}

/// The parts of the screen; those without room are empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Areas {
    /// Server, connection, who, armed, clock.
    pub header: Rect,
    /// The views.
    pub tabs: Rect,
    /// The filter.
    pub filter: Rect,
    /// The view.
    pub body: Rect,
    /// What just happened.
    pub status: Rect,
    /// Keys.
    pub footer: Rect,
}

/// Of a screen of this size.
pub fn areas((width, height): (u16, u16)) -> Areas {
    let row = |y, height| Rect { x: 0, y, width, height };
    match Shape::of(row(0, height)) {
        Shape::Line => {
            let none = row(0, 0);
            Areas { header: none, tabs: none, filter: none, body: row(0, height), status: none, footer: none }
        }
        Shape::Small => Areas {
            header: row(0, 1),
            tabs: row(0, 0),
            filter: row(1, 1),
            body: row(2, height - 3),
            status: row(height - 1, 1),
            footer: row(0, 0),
        },
        Shape::Stacked | Shape::Split => Areas {
            header: row(0, 1),
            tabs: row(1, 1),
            filter: row(2, 1),
            body: row(3, height - 5),
            status: row(height - 2, 1),
            footer: row(height - 1, 1),
        },
    }
}

/// The list and the details in `body`, which is the body of a whole screen. Small screens show one of them.
pub const fn list(body: Rect, is_open: bool) -> (Rect, Option<Rect>) {
    // The body is five lines less than the screen, or three on small ones.
    let is_small = body.width < 60 || body.height < 11;
    if is_small {
        let nothing = Rect { height: 0, ..body };
        return if is_open { (nothing, Some(body)) } else { (body, None) };
    }
    if !is_open && (body.width < 100 || body.height < 24) {
        return (body, None);
    }
    // Who opens details wants to read them: the list keeps five rows.
    let half = body.height / 2;
    let pane = if body.height > 8 + half { body.height - 8 } else { half };
    let pane = if pane > 14 { 14 } else { pane };
    let list = body.height - pane;
    let below = Rect { y: body.y + list, height: pane, ..body };
    (Rect { height: list, ..body }, Some(below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_has_its_parts_inside_and_apart() {
        for width in 0..=130 {
            for height in 0..=60 {
                let screen = Rect { x: 0, y: 0, width, height };
                let Areas { header, tabs, filter, body, status, footer } = areas((width, height));
                let parts = [header, tabs, filter, body, status, footer];
                assert!(parts.iter().all(|part| screen.union(*part) == screen), "{width}x{height}");
                assert_eq!(parts.iter().map(|part| part.height).sum::<u16>(), height, "{width}x{height}");
                for is_open in [true, false] {
                    let (list, pane) = list(body, is_open);
                    let pane = pane.map_or(0, |pane| pane.height);
                    assert_eq!(list.height + pane, body.height, "{width}x{height}");
                }
            }
        }
    }

    #[test]
    fn shapes_change_where_the_design_says() {
        let shape = |width, height| Shape::of(Rect { x: 0, y: 0, width, height });
        assert_eq!([shape(120, 40), shape(100, 24)], [Shape::Split; 2]);
        assert_eq!([shape(99, 40), shape(80, 24), shape(60, 16)], [Shape::Stacked; 3]);
        assert_eq!([shape(59, 40), shape(120, 15), shape(20, 5)], [Shape::Small; 3]);
        assert_eq!([shape(19, 40), shape(120, 4), shape(0, 0)], [Shape::Line; 3]);
    }
}
