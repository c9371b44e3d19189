//! Which way a list is walked. Knows no list.

use std::str::FromStr;

/// Which end of a list comes first. Places in a list grow with time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The newest.
    #[default]
    Newest,
    /// The oldest.
    Oldest,
}

/// The text names no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an order")]
pub struct NotAnOrder;

impl Order {
    /// Of a stretch from `oldest` to `newest`, the end where the walk begins, and the other one.
    pub fn ends<T>(self, oldest: T, newest: T) -> (T, T) {
        match self {
            Self::Newest => (newest, oldest),
            Self::Oldest => (oldest, newest),
        }
    }

    /// Whether the walk comes to `place` later than to `edge`.
    pub fn is_behind<T: Ord>(self, place: &T, edge: &T) -> bool {
        match self {
            Self::Newest => place < edge,
            Self::Oldest => place > edge,
        }
    }

    /// The one of both to which the walk comes later.
    pub fn later<T: Ord>(self, a: Option<T>, b: Option<T>) -> Option<T> {
        let both = a.into_iter().chain(b);
        match self {
            Self::Newest => both.min(),
            Self::Oldest => both.max(),
        }
    }
}

impl FromStr for Order {
    type Err = NotAnOrder;

    fn from_str(text: &str) -> Result<Self, NotAnOrder> {
        match text {
            "newest" => Ok(Self::Newest),
            "oldest" => Ok(Self::Oldest),
            _ => Err(NotAnOrder),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_come_first_unless_the_oldest_are_asked_for() {
        assert_eq!(Order::default(), Order::Newest);
        assert_eq!(("oldest".parse(), "newest".parse()), (Ok(Order::Oldest), Ok(Order::Newest)));
        assert_eq!(["", "Oldest", "asc"].map(str::parse::<Order>), [Err(NotAnOrder); 3]);
    }

    #[test]
    fn one_order_is_the_other_one_backwards() {
        assert_eq!((Order::Newest.ends(1, 9), Order::Oldest.ends(1, 9)), ((9, 1), (1, 9)));
        assert!(Order::Newest.is_behind(&1, &2) && Order::Oldest.is_behind(&2, &1));
        assert!(!Order::Newest.is_behind(&2, &2) && !Order::Oldest.is_behind(&2, &2));
        assert_eq!(
            (Order::Newest.later(Some(1), Some(2)), Order::Oldest.later(Some(1), Some(2))),
            (Some(1), Some(2))
        );
        assert_eq!(
            (Order::Newest.later(None, Some(2)), Order::Oldest.later::<u8>(None, None)),
            (Some(2), None)
        );
    }
}
