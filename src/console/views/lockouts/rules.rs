//! What other rules of lockouts would have done: three numbers that are turned, and two columns of what follows. Knows no
//! lock.

use ratatui::layout::Rect;

use crate::console::conn::Request;
use crate::console::draw::Canvas;
use crate::console::look::Look;
use crate::console::moment::brief;
use crate::console::safe::Safe;
use crate::console::theme::Token;
use crate::console::views::part::Part;
use crate::wire::guessing::{LockoutReplay, WhatIf};

/// The numbers a rule has: what is sent, what is shown, and what can be chosen.
const NUMBERS: [(&str, &str, &[u64]); 3] = [
    ("failures", "wrong passwords", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20]),
    ("window_seconds", "within", &[60, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 86_400]),
    ("lock_seconds", "lock for", &[60, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 86_400]),
];

/// A name, and a number of a replay.
type Count = (&'static str, fn(&LockoutReplay) -> u64);

/// What follows from rules.
const COUNTS: [Count; 5] = [
    ("locks began", |replay| replay.lockouts),
    ("names locked", |replay| replay.names),
    ("networks", |replay| replay.networks),
    ("guesses refused", |replay| replay.refused),
    ("right ones among", |replay| replay.refused_right),
];

/// The rules that are asked about.
#[derive(Debug, Default)]
pub struct Rules {
    /// The numbers in force, once they are known.
    present: Option<[u64; 3]>,
    asked: [Option<u64>; 3],
    chosen: usize,
}

impl Rules {
    /// Those in force.
    pub const fn new() -> Self {
        Self { present: None, asked: [None; 3], chosen: 0 }
    }

    /// The server says what is in force.
    pub const fn begin_at(&mut self, told: &WhatIf) {
        self.present = Some(numbers(&told.present));
    }

    /// The next number is turned from now on; `false`: that was the last.
    pub const fn choose_next(&mut self) -> bool {
        self.chosen = (self.chosen + 1) % NUMBERS.len();
        self.chosen != 0
    }

    /// A step up or down from what is asked, or else from what is in force.
    pub fn turn(&mut self, is_up: bool) {
        let present = self.present.and_then(|present| present.get(self.chosen).copied());
        let (Some((.., steps)), Some(asked), Some(present)) =
            (NUMBERS.get(self.chosen), self.asked.get_mut(self.chosen), present)
        else {
            return;
        };
        let from = asked.unwrap_or(present);
        let mut above = steps.iter().copied().filter(|step| *step > from);
        let below = steps.iter().copied().rev().find(|step| *step < from);
        let next = if is_up { above.next() } else { below };
        *asked = Some(next.unwrap_or(from)).filter(|next| *next != present);
    }

    /// `request` with what differs from the rules in force.
    pub fn on(&self, request: Request) -> Request {
        NUMBERS.iter().zip(self.asked).fold(request, |request, ((name, ..), asked)| match asked {
            Some(asked) => request.with(name, asked.to_string()),
            None => request,
        })
    }
}

const fn numbers(replay: &LockoutReplay) -> [u64; 3] {
    [replay.failures, replay.window_seconds, replay.lock_seconds]
}

/// Draws them into `area`.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, rules: &Rules, what_if: &Part<WhatIf>) {
    let inner = canvas.frame(area, &Safe::from("What if (w)"), &Safe::from("nothing is changed"));
    let look = canvas.look;
    let lines = lines(rules, what_if, look);
    if let ([(text, token)], None) = (lines.as_slice(), what_if.data.known()) {
        return canvas.paragraph(inner, text, *token);
    }
    for ((text, token), y) in lines.iter().zip(inner.y..inner.bottom()) {
        canvas.put((inner.x, y), inner.width, text, look.theme.style(*token));
    }
}

/// The same as lines.
pub fn lines(rules: &Rules, what_if: &Part<WhatIf>, look: &Look) -> Vec<(Safe, Token)> {
    let Some(told) = what_if.data.known() else {
        let never = "w replays the logins of the last day under the rules in force, and under others.";
        let (text, token) = what_if.instead(look);
        let is_asked = what_if.data.loading_since().is_some() || what_if.data.problem().is_some();
        return vec![if is_asked { (text, token) } else { (Safe::from(never), Token::Muted) }];
    };
    let mut lines = vec![line(" ", "", "in force", "asked", Token::Muted)];
    let asked = numbers(&told.asked);
    for (index, (((name, title, _), present), asked)) in
        NUMBERS.iter().zip(numbers(&told.present)).zip(asked).enumerate()
    {
        let wanted = rules.asked.get(index).copied().flatten().unwrap_or(present);
        let shown = |number| if *name == "failures" { format!("{number}") } else { span(number) };
        // Turned, and not answered yet.
        let asked = if wanted == asked { shown(asked) } else { format!("{} ..", shown(wanted)) };
        let (sign, token) = if rules.chosen == index { (">", Token::Accent) } else { (" ", Token::Plain) };
        lines.push(line(sign, title, &shown(present), &asked, token));
    }
    for (title, count) in COUNTS {
        let (present, asked) = (count(&told.present), count(&told.asked));
        let token = if present == asked { Token::Plain } else { Token::Warn };
        lines.push(line(" ", title, &present.to_string(), &asked.to_string(), token));
    }
    if let Some(problem) = what_if.data.problem() {
        lines.push((Safe::new(&problem.line()), Token::Danger));
    }
    let reach = if told.complete { "" } else { "; too much was recorded for a whole day" };
    lines.push((Safe::new(&format!("since {} ago{reach}", look.age(&told.from))), Token::Muted));
    lines.push((Safe::from("w: next number   + -: turn it"), Token::Muted));
    lines
}

fn line(sign: &str, title: &str, present: &str, asked: &str, token: Token) -> (Safe, Token) {
    (Safe::new(&format!("{sign} {title:<17}{present:>9} {asked:>9}")), token)
}

fn span(seconds: u64) -> String {
    match seconds {
        seconds if seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
        seconds if seconds % 60 == 0 => format!("{}m", seconds / 60),
        seconds => brief(std::time::Duration::from_secs(seconds)),
    }
}
