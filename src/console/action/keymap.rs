//! Which key does what, with the operator's own choices, and no two things on one key. Knows no screen.

use std::collections::{BTreeMap, HashMap};

use super::{ActionSpec, Chord, Danger, everywhere};
use crate::console::views::ViewSpec;

/// Keys that answer a question of the console, so that nothing that asks may begin with one.
const ANSWERS: [&str; 3] = ["y", "enter", "esc"];

/// Keys by action, of all views.
#[derive(Debug)]
pub struct Keymap {
    scopes: BTreeMap<&'static str, HashMap<Chord, &'static ActionSpec>>,
    keys: BTreeMap<&'static str, Vec<Chord>>,
}

/// The operator's keys: the id of an action, and the names of its keys.
pub type Choices = BTreeMap<String, Vec<String>>;

/// The scope of keys that work in every view.
const EVERYWHERE: &str = "";

impl Keymap {
    /// The keys of `views` with `choices` over them; `Err`: what is wrong, one line each.
    pub fn new(views: &[&'static ViewSpec], choices: &Choices) -> Result<Self, Vec<String>> {
        let mut wrong = Vec::new();
        let mut map = Self::none();
        let of_views = views.iter().flat_map(|view| view.actions.iter().map(|action| (view.id(), action)));
        let opening = views.iter().map(|view| (EVERYWHERE, &view.open));
        let everywhere = everywhere::ACTIONS.iter().map(|action| (EVERYWHERE, action));
        for (scope, action) in everywhere.chain(opening).chain(of_views) {
            let names: Vec<&str> = match choices.get(action.id) {
                Some(chosen) => chosen.iter().map(String::as_str).collect(),
                None => action.keys.to_vec(),
            };
            for name in names {
                map.bind(scope, action, name).unwrap_or_else(|why| wrong.push(why));
            }
        }
        let is_unknown = |id: &&String| !map.keys.contains_key(id.as_str());
        wrong.extend(choices.keys().filter(is_unknown).map(|id| format!("there is no action \"{id}\"")));
        if wrong.is_empty() { Ok(map) } else { Err(wrong) }
    }

    /// No keys at all.
    pub const fn none() -> Self {
        Self { scopes: BTreeMap::new(), keys: BTreeMap::new() }
    }

    fn bind(&mut self, scope: &'static str, action: &'static ActionSpec, name: &str) -> Result<(), String> {
        let keys = self.keys.entry(action.id).or_default();
        let chord = Chord::named(name).ok_or_else(|| format!("{}: there is no key \"{name}\"", action.id))?;
        if action.danger == Danger::Write && ANSWERS.contains(&name) {
            return Err(format!("{}: \"{name}\" answers questions, so it cannot begin a write", action.id));
        }
        keys.push(chord);
        let taken = [EVERYWHERE, scope].into_iter().find_map(|scope| self.scopes.get(scope)?.get(&chord));
        if let Some(other) = taken {
            return Err(format!("\"{name}\" is {} and {}", other.id, action.id));
        }
        self.scopes.entry(scope).or_default().insert(chord, action);
        Ok(())
    }

    /// What `chord` does in `view`.
    pub fn action(&self, view: &str, chord: Chord) -> Option<&'static ActionSpec> {
        [view, EVERYWHERE].into_iter().find_map(|scope| self.scopes.get(scope)?.get(&chord).copied())
    }

    /// The keys of the action, `a/b`.
    pub fn keys(&self, id: &str) -> String {
        let keys: Vec<String> = self.keys.get(id).into_iter().flatten().map(Chord::to_string).collect();
        keys.join("/")
    }

    /// The first key of the action.
    pub fn key(&self, id: &str) -> Option<String> {
        self.keys.get(id)?.first().map(Chord::to_string)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::views;

    fn choices(choices: &[(&str, &[&str])]) -> Choices {
        let one = |(id, keys): &(&str, &[&str])| {
            ((*id).to_owned(), keys.iter().map(|key| (*key).to_owned()).collect())
        };
        choices.iter().map(one).collect()
    }

    #[test]
    fn the_shipped_keys_have_no_conflict_and_every_action_has_key_and_help() {
        let specs = views::specs();
        let map = Keymap::new(&specs, &Choices::new()).unwrap();
        for action in everywhere::ACTIONS.iter().chain(specs.iter().flat_map(|view| view.actions)) {
            assert!(!map.keys(action.id).is_empty(), "{} has no key", action.id);
            assert!(action.help.ends_with('.') && !action.name.is_empty(), "{} has no help", action.id);
        }
    }

    #[test]
    fn an_operator_may_choose_keys_but_not_two_things_on_one() {
        let specs = views::specs();
        let map = Keymap::new(&specs, &choices(&[("quit", &["ctrl-q"])])).unwrap();
        assert_eq!(map.action("sessions", Chord::named("ctrl-q").unwrap()).unwrap().id, "quit");
        assert!(map.action("sessions", Chord::named("q").unwrap()).is_none());
        let wrong =
            |chosen: &[(&str, &[&str])]| Keymap::new(&specs, &choices(chosen)).unwrap_err().join("\n");
        assert_eq!(wrong(&[("quit", &["j"])]), "\"j\" is down and quit");
        assert_eq!(wrong(&[("quti", &["q"])]), "there is no action \"quti\"");
        assert_eq!(wrong(&[("quit", &["qq"])]), "quit: there is no key \"qq\"");
        assert!(wrong(&[("sessions.end", &["y"])]).contains("cannot begin a write"));
    }
}
