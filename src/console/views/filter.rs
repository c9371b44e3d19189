//! Filters as they are typed, `user:mia ip:203.0.113.0/24`, and as they are sent. Knows no list.

use super::super::conn::Request;
use super::super::moment::{Moment, parse_brief};

/// Something a list can be filtered by.
#[derive(Debug)]
pub struct Field {
    /// What is typed before the colon.
    pub name: &'static str,
    /// What it finds: a few words for the help.
    pub help: &'static str,
    /// How it is sent.
    pub sent: Sent,
}

/// How a value is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// As it was typed, under this name.
    As(&'static str),
    /// The id of the account that was typed, or was found by what was typed, under this name.
    Person(&'static str),
    /// A time under this name: RFC 3339, or so long ago, as `2h`.
    Time(&'static str),
    /// Its id, behind this path: nothing else is asked for then.
    One(&'static str),
    /// Which rows come first, `oldest` or `newest`. It takes none away.
    Order,
    /// One of these, each with what is sent for it, under this name.
    Choice(&'static str, &'static [(&'static str, &'static str)]),
}

/// What is typed and sent for the oldest first.
const OLDEST: &str = "oldest";

/// The field of lists whose operation walks them from either end.
pub const ORDER: Field =
    Field { name: "order", help: "oldest: the oldest first, else the newest; s turns it", sent: Sent::Order };

/// A filter that was understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    text: String,
    terms: Vec<(&'static str, Sent, String)>,
}

impl Field {
    /// How it is typed: `ip:`.
    pub fn shown(&self) -> String {
        if self.name.is_empty() { "text".to_owned() } else { format!("{}:", self.name) }
    }
}

impl Sent {
    const fn param(self) -> &'static str {
        match self {
            Self::As(param)
            | Self::Person(param)
            | Self::Time(param)
            | Self::One(param)
            | Self::Choice(param, _) => param,
            Self::Order => ORDER.name,
        }
    }
}

impl Filter {
    /// Reads `text` against `fields`; `Err`: what is wrong with it. Values with blanks stand in double quotes. A word
    /// without a field goes to the field with the empty name, where there is one.
    pub fn parse(text: &str, fields: &'static [Field]) -> Result<Self, String> {
        let mut terms: Vec<(&'static str, Sent, String)> = Vec::new();
        for word in words(text)? {
            let (name, value) = word.split_once(':').unwrap_or(("", word.as_str()));
            let known = || {
                let names: Vec<String> = fields.iter().map(Field::shown).collect();
                format!("\"{word}\" is no filter here; there is {}", names.join(" "))
            };
            let field = fields.iter().find(|field| field.name == name).ok_or_else(known)?;
            let value = value.trim_matches('"');
            if value.is_empty() {
                return Err(format!("{name}: finds {}; give it a value", field.help));
            }
            if terms.iter().any(|(_, sent, _)| sent.param() == field.sent.param()) {
                return Err(format!("{name}: is there twice"));
            }
            check(field, value)?;
            terms.push((field.name, field.sent, value.to_owned()));
        }
        Ok(Self { text: text.trim().to_owned(), terms })
    }

    /// As it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether everything passes.
    pub fn is_empty(&self) -> bool {
        self.terms().next().is_none()
    }

    /// What takes rows away: the values, by field.
    pub fn terms(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let narrowing = self.terms.iter().filter(|(_, sent, _)| *sent != Sent::Order);
        narrowing.map(|(name, _, value)| (*name, value.as_str()))
    }

    /// Whether the oldest rows come first.
    pub fn is_oldest_first(&self) -> bool {
        self.terms.iter().any(|(_, sent, value)| *sent == Sent::Order && value == OLDEST)
    }

    /// The text of this filter in the other order.
    pub fn turned(&self) -> String {
        let order = ORDER.shown();
        // It was understood once.
        let mut words = words(&self.text).unwrap_or_default();
        words.retain(|word| !word.starts_with(&order));
        if !self.is_oldest_first() {
            words.push(format!("{order}{OLDEST}"));
        }
        words.join(" ")
    }

    /// `request` with the filter on it. Times that were given as ages count from `now`.
    pub fn on(&self, mut request: Request, now: Moment) -> Request {
        for (_, sent, value) in &self.terms {
            request = match sent {
                Sent::Order => request.with(ORDER.name, value.as_str()),
                Sent::As(param) => request.with(param, value.as_str()),
                Sent::Time(param) => {
                    let time =
                        parse_brief(value).map_or_else(|| value.clone(), |age| now.minus(age).rfc3339());
                    request.with(param, time)
                }
                Sent::One(path) => Request { path: format!("{path}/{value}"), ..request },
                Sent::Choice(param, choices) => {
                    let chosen = choices.iter().find(|(typed, _)| typed == value);
                    request.with(param, chosen.map_or(value.as_str(), |(_, sent)| sent))
                }
                Sent::Person(param) if is_uuid(value) => request.with(param, value.as_str()),
                Sent::Person(param) => {
                    request.people.push(((*param).to_owned(), value.clone()));
                    request
                }
            };
        }
        request
    }
}

fn check(field: &Field, value: &str) -> Result<(), String> {
    match field.sent {
        Sent::One(_) if !is_uuid(value) => Err(format!("{}: is the whole id", field.name)),
        Sent::Time(_) if parse_brief(value).is_none() && Moment::parse(value).is_none() => {
            Err(format!("{}: is an age such as 2h or 3d, or a time such as 2026-09-01T12:00:00Z", field.name))
        }
        Sent::Order if ![OLDEST, "newest"].contains(&value) => {
            Err(format!("{}: is oldest or newest", field.name))
        }
        Sent::Choice(_, choices) if !choices.iter().any(|(typed, _)| *typed == value) => {
            let typed: Vec<&str> = choices.iter().map(|(typed, _)| *typed).collect();
            Err(format!("{}: is one of {}", field.name, typed.join(", ")))
        }
        _ => Ok(()),
    }
}

/// The words of `text`; blanks inside double quotes part nothing.
fn words(text: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut is_quoted) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        match c {
            '"' => {
                is_quoted = !is_quoted;
                word.push(c);
            }
            c if c.is_whitespace() && !is_quoted => {
                words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            }
            c => word.push(c),
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    if is_quoted { Err("a double quote is not closed".to_owned()) } else { Ok(words) }
}

/// Whether `text` is written like the id of an account.
fn is_uuid(text: &str) -> bool {
    text.parse::<uuid::Uuid>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    static FIELDS: &[Field] = &[
        Field { name: "user", help: "one account", sent: Sent::Person("user_id") },
        Field { name: "ip", help: "a network", sent: Sent::As("network") },
        Field { name: "since", help: "later ones", sent: Sent::Time("since") },
        Field { name: "res", help: "outcomes", sent: Sent::Choice("outcome", &[("ok", "success")]) },
        ORDER,
    ];

    fn sent(text: &str) -> Request {
        let now = Moment::parse("2026-11-21T12:00:00.000Z").unwrap();
        Filter::parse(text, FIELDS).unwrap().on(Request::get("/x"), now)
    }

    #[test]
    fn what_is_typed_is_what_is_sent() {
        let request = sent("ip:203.0.113.0/24  since:2h res:ok");
        assert_eq!(
            request.target(),
            "/x?network=203.0.113.0%2F24&since=2026-11-21T10%3A00%3A00.000Z&outcome=success"
        );
        assert_eq!(sent("user:\"mia m\"").people, [("user_id".to_owned(), "mia m".to_owned())]);
        let id = "019a1f0c-7b1e-7c3a-9f43-2f6f0f4f9b11";
        assert_eq!(sent(&format!("user:{id}")).target(), format!("/x?user_id={id}"));
        assert!(Filter::parse("  ", FIELDS).unwrap().is_empty());
    }

    #[test]
    fn what_is_not_understood_is_said() {
        let wrong = |text| Filter::parse(text, FIELDS).unwrap_err();
        assert_eq!(wrong("mia"), "\"mia\" is no filter here; there is user: ip: since: res: order:");
        assert_eq!(wrong("ip:"), "ip: finds a network; give it a value");
        assert_eq!(wrong("ip:1 ip:2"), "ip: is there twice");
        assert_eq!(wrong("res:bad"), "res: is one of ok");
        assert!(wrong("since:noon").starts_with("since: is an age"));
        assert_eq!(wrong("user:\"mia"), "a double quote is not closed");
        assert_eq!(wrong("order:asc"), "order: is oldest or newest");
        assert_eq!(wrong("order:oldest order:newest"), "order: is there twice");
    }

    #[test]
    fn an_order_is_turned_over_and_takes_nothing_away() {
        let parsed = |text| Filter::parse(text, FIELDS).unwrap();
        let turned = parsed("user:\"mia m\"  res:ok").turned();
        assert_eq!(turned, "user:\"mia m\" res:ok order:oldest");
        assert_eq!(parsed("order:oldest user:\"mia m\"").turned(), "user:\"mia m\"");
        assert_eq!(parsed("order:newest ip:1").turned(), "ip:1 order:oldest");
        let oldest = parsed("order:oldest");
        assert!(oldest.is_oldest_first() && oldest.is_empty() && oldest.terms().next().is_none());
        assert_eq!(
            (sent("order:oldest").target(), oldest.turned()),
            ("/x?order=oldest".to_owned(), String::new())
        );
        assert!(!parsed("order:newest").is_oldest_first());
    }
}
