//! A choice of acts of the audit log, by their names. Knows no record.

use std::str::FromStr;

/// A choice of acts: names such as `login.failed`, and beginnings such as `login.*`, parted by commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actions(Vec<String>);

/// The text chooses no acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a list of actions")]
pub struct NotActions;

impl Actions {
    /// Most names in one choice.
    const MAX: usize = 20;

    /// The names and beginnings, as they were written.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether an act of this name is among them.
    pub fn hold(&self, action: &str) -> bool {
        self.0.iter().any(|wanted| match wanted.strip_suffix('*') {
            Some(start) => action.starts_with(start),
            None => wanted == action,
        })
    }
}

impl TryFrom<Vec<String>> for Actions {
    type Error = NotActions;

    fn try_from(names: Vec<String>) -> Result<Self, NotActions> {
        let is_name = |name: &str| {
            let name = name.strip_suffix(".*").unwrap_or(name);
            !name.is_empty() && !name.contains('*')
        };
        let is_good = (1..=Self::MAX).contains(&names.len()) && names.iter().all(|name| is_name(name));
        is_good.then_some(Self(names)).ok_or(NotActions)
    }
}

impl FromStr for Actions {
    type Err = NotActions;

    fn from_str(text: &str) -> Result<Self, NotActions> {
        text.split(',').map(str::to_owned).collect::<Vec<_>>().try_into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acts_are_chosen_by_name_and_by_beginning() {
        let few: Actions = "login.*,lockout.set".parse().unwrap();
        assert!(few.hold("login.failed") && few.hold("login.succeeded") && few.hold("lockout.set"));
        assert!(!few.hold("lockout.cleared") && !few.hold("login") && !few.hold("login_other.failed"));
        let unknown: Actions = "nothing.of.this".parse().unwrap();
        assert!(!unknown.hold("login.failed"));
    }

    #[test]
    fn what_is_no_list_of_names_is_refused() {
        let many = vec!["a"; 21].join(",");
        for bad in ["", ",", "login.*,", "*", ".*", "login*", "log*in", &many] {
            assert_eq!(bad.parse::<Actions>(), Err(NotActions), "{bad:?}");
        }
    }
}
