//! A window on a long list: a few pages around the cursor, and what happened since. Holds places by id, never by index.
//! Knows nothing of what the rows are.

use std::collections::VecDeque;

/// Rows asked for at a time: the most the server answers.
pub const PAGE: usize = 100;

/// Pages held around the cursor.
const PAGES_MAX: usize = 6;

/// Most rows that arrived live above the first page; more are read again as pages.
const LIVE_MAX: usize = 1_000;

/// How near to the edge of the window the next page is asked for.
const AHEAD: usize = 60;

/// One line of the list.
#[derive(Debug, Clone, PartialEq)]
pub enum Item<R> {
    /// A row.
    Row(R),
    /// Something is missing here: which gap, and why.
    Gap(String, String),
}

/// A page that was read.
#[derive(Debug, Clone)]
pub struct Page<R> {
    /// Its rows.
    pub rows: Vec<R>,
    /// Where the next one begins; `None`: this is the last.
    pub next: Option<String>,
}

/// What to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Want {
    /// The page behind this cursor, at the end of the window; `None`: the first of all, once more.
    Next(Option<String>),
    /// The page before the window, which begins at this cursor; `None`: the first of all.
    Before(Option<String>),
}

/// The window.
#[derive(Debug)]
pub struct Window<R> {
    id: fn(&R) -> &str,
    live: VecDeque<Item<R>>,
    pages: VecDeque<Vec<Item<R>>>,
    /// The number of the first page held.
    first: usize,
    /// Where page n begins, as far as is known. The last entry is the page behind the window.
    starts: Vec<Option<String>>,
    /// What the last answer was asked with.
    asked: Option<String>,
    is_end: bool,
}

impl<R> Window<R> {
    /// Empty, of rows that `id` names.
    pub const fn new(id: fn(&R) -> &str) -> Self {
        Self {
            id,
            live: VecDeque::new(),
            pages: VecDeque::new(),
            first: 0,
            starts: Vec::new(),
            asked: None,
            is_end: false,
        }
    }

    /// Lines held.
    pub fn len(&self) -> usize {
        self.live().len() + self.pages.iter().map(Vec::len).sum::<usize>()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The line at `index`.
    pub fn at(&self, index: usize) -> Option<&Item<R>> {
        let live = self.live();
        let Some(mut index) = index.checked_sub(live.len()) else { return live.get(index) };
        for page in &self.pages {
            match index.checked_sub(page.len()) {
                None => return page.get(index),
                Some(rest) => index = rest,
            }
        }
        None
    }

    /// The line called `id`.
    pub fn find(&self, id: &str) -> Option<usize> {
        self.items().position(|item| self.id_of(item) == id)
    }

    /// What the line is called.
    pub fn id_of<'a>(&self, item: &'a Item<R>) -> &'a str {
        match item {
            Item::Row(row) => (self.id)(row),
            Item::Gap(id, _) => id,
        }
    }

    /// All lines.
    pub fn items(&self) -> impl Iterator<Item = &Item<R>> {
        self.live().iter().chain(self.pages.iter().flatten())
    }

    /// All rows.
    pub fn rows(&self) -> impl Iterator<Item = &R> {
        self.items().filter_map(|item| if let Item::Row(row) = item { Some(row) } else { None })
    }

    /// Whether the first of all is held.
    pub const fn has_top(&self) -> bool {
        self.first == 0
    }

    /// Whether the last of all is held.
    pub const fn has_end(&self) -> bool {
        self.is_end
    }

    /// What should be read, seen from the line at `index`.
    pub fn want(&self, index: usize) -> Option<Want> {
        let near_end = index.saturating_add(AHEAD) >= self.len();
        if near_end && !self.is_end {
            return self.starts.last().cloned().map(Want::Next);
        }
        let before = self.first.checked_sub(1).filter(|_| index < AHEAD)?;
        self.starts.get(before).cloned().map(Want::Before)
    }

    /// Begins anew with the first page.
    pub fn restart(&mut self, page: Page<R>) {
        *self = Self::new(self.id);
        self.starts.push(None);
        self.append(page);
    }

    /// Adds the page behind the window; answers how many lines left at its front.
    pub fn append(&mut self, mut page: Page<R>) -> usize {
        self.is_end = page.next.is_none();
        self.asked = self.starts.last().cloned().flatten();
        // Of a page that is read once more only what is new is added.
        page.rows.retain(|row| self.find((self.id)(row)).is_none());
        let rows = page.rows.into_iter().map(Item::Row);
        // A filter may leave a few rows of each page of the server; together they are one of ours.
        if let Some(last) = self.pages.back_mut().filter(|last| last.len() + rows.len() <= PAGE) {
            last.extend(rows);
            self.starts.pop();
            self.starts.push(page.next);
            return 0;
        }
        self.starts.push(page.next);
        self.pages.push_back(rows.collect());
        if self.pages.len() <= PAGES_MAX {
            return 0;
        }
        // What was live belongs to no page, and leaves with the first.
        let live = self.live().len();
        self.live.clear();
        self.first += 1;
        live + self.pages.pop_front().map_or(0, |page| page.len())
    }

    /// Something came behind the last row of all, if that is held: its page is wanted once more.
    pub fn reopen(&mut self) {
        if std::mem::take(&mut self.is_end) {
            self.starts.pop();
            self.starts.push(self.asked.clone());
        }
    }

    /// Adds the page before the window; answers how many lines came in front.
    pub fn prepend(&mut self, page: Page<R>) -> usize {
        let Some(first) = self.first.checked_sub(1) else { return 0 };
        let Page { mut rows, next } = page;
        let before = rows.len();
        rows.retain(|row| self.find((self.id)(row)).is_none());
        let is_joined = rows.len() < before || self.starts.get(self.first) == Some(&next);
        let mut rows: Vec<_> = rows.into_iter().map(Item::Row).collect();
        if !is_joined {
            rows.push(Item::Gap(format!("gap-{first}"), "rows came in between".to_owned()));
        }
        self.first = first;
        let added = rows.len();
        self.pages.push_front(rows);
        if self.pages.len() > PAGES_MAX {
            self.pages.pop_back();
            self.starts.truncate(self.first + self.pages.len() + 1);
            self.is_end = false;
        }
        added
    }

    /// Puts the newest line on top, unless it is there. `false`: it has no place, and the top has to be read again.
    pub fn push(&mut self, item: Item<R>) -> bool {
        if self.first > 0 || self.live.len() >= LIVE_MAX {
            return false;
        }
        let id = self.id_of(&item);
        // Only what is new or nearly new can come twice.
        if !self.items().take(LIVE_MAX).any(|held| self.id_of(held) == id) {
            self.live.push_front(item);
        }
        true
    }

    /// Takes the line called `id` out; answers where it was.
    pub fn remove(&mut self, id: &str) -> Option<usize> {
        let index = self.find(id)?;
        let name = self.id;
        let is_other = |item: &Item<R>| match item {
            Item::Row(row) => name(row) != id,
            Item::Gap(gap, _) => gap != id,
        };
        self.live.retain(is_other);
        self.pages.iter_mut().for_each(|page| page.retain(is_other));
        Some(index)
    }

    /// Puts `row` in the place of the one of the same id, where there is one.
    pub fn replace(&mut self, row: R) {
        let name = self.id;
        let mut items = self.live.iter_mut().chain(self.pages.iter_mut().flatten());
        let found = items.find(|item| matches!(item, Item::Row(held) if name(held) == name(&row)));
        if let Some(item) = found {
            *item = Item::Row(row);
        }
    }

    /// The live rows, which stand above the first page only.
    fn live(&self) -> &VecDeque<Item<R>> {
        &self.live
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(from: usize, to: usize) -> Page<String> {
        let rows = (from..to).map(|n| format!("r{n:04}")).collect();
        Page { rows, next: (to < 1_000).then(|| to.to_string()) }
    }

    fn window() -> Window<String> {
        Window::new(String::as_str)
    }

    /// Reads towards `index` until the window wants nothing more; answers where the line is then.
    fn settle(window: &mut Window<String>, mut index: usize) -> usize {
        while let Some(want) = window.want(index) {
            match want {
                Want::Next(cursor) => {
                    let from: usize = cursor.map_or(0, |cursor| cursor.parse().unwrap());
                    index -= window.append(page(from, from + PAGE));
                }
                Want::Before(cursor) => {
                    let from: usize = cursor.map_or(0, |cursor| cursor.parse().unwrap());
                    index += window.prepend(page(from, from + PAGE));
                }
            }
        }
        index
    }

    #[test]
    fn a_walk_to_the_end_and_back_sees_every_row_once_and_holds_few() {
        let mut window = window();
        window.restart(page(0, PAGE));
        let mut index = settle(&mut window, 0);
        for n in 0..1_000 {
            assert_eq!(window.at(index), Some(&Item::Row(format!("r{n:04}"))));
            assert!(window.len() <= PAGES_MAX * PAGE);
            index = settle(&mut window, index + 1);
        }
        assert!(window.has_end() && !window.has_top() && window.at(index).is_none());
        for n in (0..1_000).rev() {
            index = settle(&mut window, index - 1);
            assert_eq!(window.at(index), Some(&Item::Row(format!("r{n:04}"))));
        }
        assert!(window.has_top() && !window.has_end());
    }

    #[test]
    fn what_is_new_stands_on_top_once() {
        let mut window = window();
        window.restart(page(0, 3));
        assert!(window.push(Item::Row("new".to_owned())));
        assert!(window.push(Item::Row("new".to_owned())));
        assert!(window.push(Item::Row("r0001".to_owned())));
        assert!(window.push(Item::Gap("gap-1".to_owned(), "expired".to_owned())));
        assert_eq!((window.len(), window.find("new"), window.find("r0000")), (5, Some(1), Some(2)));
        assert_eq!((window.remove("new"), window.remove("new"), window.len()), (Some(1), None, 4));
        assert_eq!(window.remove("gap-1"), Some(0));
    }

    #[test]
    fn a_page_that_no_longer_joins_the_next_one_says_so() {
        let mut window = window();
        window.restart(page(0, PAGE));
        for n in 1..=PAGES_MAX {
            window.append(page(n * PAGE, (n + 1) * PAGE));
        }
        assert!(!window.has_top());
        let rows: Vec<_> = (0..PAGE).map(|n| format!("newer{n}")).collect();
        assert_eq!(window.prepend(Page { rows, next: Some("50".to_owned()) }), PAGE + 1);
        assert!(matches!(window.at(PAGE), Some(Item::Gap(..))));
        assert_eq!(window.at(PAGE + 1), Some(&Item::Row("r0100".to_owned())));
    }

    #[test]
    fn short_pages_make_one() {
        let mut window = window();
        window.restart(Page { rows: Vec::new(), next: Some("a".to_owned()) });
        for n in 0..50 {
            assert_eq!(window.append(Page { rows: vec![format!("r{n}")], next: Some(n.to_string()) }), 0);
        }
        assert_eq!((window.len(), window.want(0)), (50, Some(Want::Next(Some("49".to_owned())))));
    }

    #[test]
    fn an_end_that_grew_is_read_once_more_and_holds_every_row_once() {
        let (mut window, mut all) = (window(), 3);
        let rows = |all: usize, from: usize| {
            let to = all.min(from + PAGE);
            let rows = (from..to).map(|n| format!("r{n:04}")).collect();
            Page { rows, next: (to < all).then(|| to.to_string()) }
        };
        window.restart(rows(all, 0));
        assert_eq!((window.want(2), window.has_end()), (None, true));
        for added in [1, 90, 6, 1, 100, 250, 0, 7] {
            all += added;
            window.reopen();
            while let Some(Want::Next(cursor)) = window.want(window.len()) {
                window.append(rows(all, cursor.map_or(0, |cursor| cursor.parse().unwrap())));
            }
            let held: Vec<_> = window.rows().cloned().collect();
            assert_eq!(held, (0..all).map(|n| format!("r{n:04}")).collect::<Vec<_>>(), "{added}");
        }
        let mut open = self::window();
        open.restart(page(0, PAGE));
        open.reopen();
        assert_eq!(open.want(99), Some(Want::Next(Some("100".to_owned()))), "what goes on is not read again");
    }

    #[test]
    fn too_much_that_is_new_is_read_again_instead() {
        let mut window = window();
        window.restart(page(0, PAGE));
        assert!((0..LIVE_MAX).all(|n| window.push(Item::Row(format!("n{n}")))));
        assert!(!window.push(Item::Row("one more".to_owned())));
    }
}
