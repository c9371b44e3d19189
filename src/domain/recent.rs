//! What is remembered of the keys that were used of late, in bounded memory. Knows nothing of what a key stands for.
//!
//! ## Decision: two generations instead of a list
//! Problem: a table by client address or by typed name is filled by strangers, so it needs a cap, and beyond the cap
//! the keys of long ago should go. Choice: two maps. A key that is used moves to the young one; when that is half of
//! the cap, it becomes the old one, and what was old is dropped. So a key stays at least until half of the cap of
//! *other* keys were used after it. Alternative: a true LRU list, at twice the memory and more code, to forget at the
//! cap what this forgets between the half and the whole of it.

use std::collections::HashMap;
use std::hash::Hash;
use std::mem::take;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A bounded table of values by key. Empty, it allocates nothing.
#[derive(Debug)]
pub struct Recent<K, V> {
    generations: Mutex<Generations<K, V>>,
    half: usize,
}

#[derive(Debug)]
struct Generations<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Eq + Hash, V: Default> Recent<K, V> {
    /// A table of at most `max_entries` keys; at least two.
    pub fn new(max_entries: usize) -> Self {
        let generations = Generations { young: HashMap::new(), old: HashMap::new() };
        Self { generations: Mutex::new(generations), half: (max_entries / 2).max(1) }
    }

    /// Works with the value of `key`, made by default when it is not there. One caller at a time: keep `f` short.
    pub fn with<R>(&self, key: K, f: impl FnOnce(&mut V) -> R) -> R {
        let mut guard = self.lock();
        let generations = &mut *guard;
        if let Some(value) = generations.young.get_mut(&key) {
            return f(value);
        }
        let mut value = generations.old.remove(&key).unwrap_or_default();
        let result = f(&mut value);
        generations.insert(key, value, self.half);
        result
    }

    /// Looks at the value of `key`, if it is there. Looking is using it.
    pub fn look<R>(&self, key: &K, f: impl FnOnce(&V) -> R) -> Option<R> {
        let mut guard = self.lock();
        let generations = &mut *guard;
        if let Some(value) = generations.young.get(key) {
            return Some(f(value));
        }
        let (key, value) = generations.old.remove_entry(key)?;
        let result = f(&value);
        generations.insert(key, value, self.half);
        Some(result)
    }

    /// The same, and it is no use of the key: nothing changes, not even what is forgotten next.
    pub fn peek<R>(&self, key: &K, f: impl FnOnce(&V) -> R) -> Option<R> {
        let generations = self.lock();
        generations.young.get(key).or_else(|| generations.old.get(key)).map(f)
    }

    /// Works with every key and its value, in no order. One caller at a time: keep `f` short.
    pub fn each(&self, mut f: impl FnMut(&K, &mut V)) {
        let mut guard = self.lock();
        let Generations { young, old } = &mut *guard;
        young.iter_mut().chain(old).for_each(|(key, value)| f(key, value));
    }

    /// Up to `most` of the entries that `wanted` chooses among the first `looked_at`, in no order. Looking here is no use
    /// of a key. One caller at a time: keep `wanted` short.
    pub fn choose(&self, looked_at: usize, most: usize, wanted: impl Fn(&V) -> bool) -> Vec<(K, V)>
    where
        K: Clone,
        V: Clone,
    {
        let generations = self.lock();
        let all = generations.young.iter().chain(&generations.old).take(looked_at);
        let chosen = all.filter(|(_, value)| wanted(value)).take(most);
        chosen.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// How many keys are remembered.
    pub fn len(&self) -> usize {
        let generations = self.lock();
        generations.young.len().saturating_add(generations.old.len())
    }

    /// Whether no key is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A panic in another caller leaves the maps whole.
    fn lock(&self) -> MutexGuard<'_, Generations<K, V>> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash, V> Generations<K, V> {
    fn insert(&mut self, key: K, value: V, half: usize) {
        if self.young.len() >= half {
            self.old = take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_look_keeps_what_it_finds_and_makes_nothing() {
        let recent: Recent<u32, u32> = Recent::new(4);
        assert_eq!((recent.look(&1, |value| *value), recent.len()), (None, 0));
        recent.with(1, |value| *value = 7);
        for other in 2..20 {
            recent.with(other, |_| ());
            assert_eq!(recent.look(&1, |value| *value), Some(7));
        }
        assert_eq!(recent.look(&2, |value| *value), None);
        assert!(recent.len() <= 4);
    }

    #[test]
    fn each_value_of_both_generations_is_worked_with_once() {
        let recent: Recent<u32, u32> = Recent::new(4);
        (0..3).for_each(|key| recent.with(key, |value| *value = key));
        recent.each(|_, value| *value += 10);
        let mut seen = Vec::new();
        recent.each(|key, value| seen.push((*key, *value)));
        seen.sort_unstable();
        assert_eq!(seen, [(0, 10), (1, 11), (2, 12)]);
    }

    #[test]
    fn a_choice_is_bounded_and_no_use_of_a_key() {
        let recent: Recent<u32, u32> = Recent::new(10);
        (0..10).for_each(|key| recent.with(key, |value| *value = key));
        let mut chosen = recent.choose(100, 100, |value| *value >= 7);
        chosen.sort_unstable();
        assert_eq!(chosen, [(7, 7), (8, 8), (9, 9)]);
        assert_eq!(recent.choose(100, 2, |_| true).len(), 2);
        assert_eq!(recent.choose(4, 100, |_| true).len(), 4);
        assert_eq!(recent.peek(&0, |value| *value), Some(0));
        // The old half goes all the same when other keys come.
        (10..15).for_each(|key| recent.with(key, |_| ()));
        assert_eq!(recent.look(&0, |value| *value), None);
    }

    #[test]
    fn a_value_is_kept_under_its_key() {
        let recent: Recent<&str, u32> = Recent::new(10);
        assert!(recent.is_empty());
        assert_eq!(
            recent.with("a", |count| {
                *count += 1;
                *count
            }),
            1
        );
        assert_eq!(
            recent.with("b", |count| {
                *count += 5;
                *count
            }),
            5
        );
        assert_eq!(
            recent.with("a", |count| {
                *count += 1;
                *count
            }),
            2
        );
        assert_eq!(recent.len(), 2);
    }

    proptest! {
        #[test]
        fn the_cap_holds_and_whatever_was_used_of_late_is_there(
            cap in 2_usize..40,
            keys in proptest::collection::vec(0_u16..80, 1..400),
        ) {
            let recent: Recent<u16, usize> = Recent::new(cap);
            for (at, key) in keys.iter().enumerate() {
                // Every value is the time of its last use, counted from one.
                let seen = recent.with(*key, |value| std::mem::replace(value, at + 1));
                let last = keys[..at].iter().rposition(|other| other == key);
                let others = last.map(|last| keys[last + 1..at].iter().collect::<std::collections::HashSet<_>>());
                if others.is_some_and(|others| others.len() < cap / 2) {
                    prop_assert_eq!(seen, last.map_or(0, |last| last + 1));
                } else {
                    prop_assert!(seen == 0 || Some(seen) == last.map(|last| last + 1));
                }
                prop_assert!(recent.len() <= cap);
            }
        }
    }
}
