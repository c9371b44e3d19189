//! The shape of a JSON body: how deep, how many values, which names twice. Knows nothing of what they mean.
//!
//! A request type refuses unknown and duplicate fields by itself, so this is for fields that take any JSON. They all
//! come through here, whichever type they belong to.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Levels of arrays and objects, the body itself included.
const MAX_DEPTH: usize = 64;
/// Members and elements in all.
const MAX_VALUES: usize = 1_000;

/// What is wrong with a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misshapen {
    /// More than 64 levels.
    TooDeep,
    /// More than 1,000 values.
    TooMany,
    /// An object that has a name twice.
    Duplicate,
}

/// Looks through well-formed JSON. What has one level is left to the request type.
pub fn check(bytes: &[u8]) -> Result<(), Misshapen> {
    // Texts may hold brackets too: then the look is in vain, and right.
    if bytes.iter().filter(|byte| matches!(byte, b'{' | b'[')).count() <= 1 {
        return Ok(());
    }
    let mut found = None;
    let mut values = 0;
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let look = Look { depth: 0, values: &mut values, found: &mut found };
    match look.deserialize(&mut json) {
        Ok(()) => Ok(()),
        // The request type has read these bytes, so any other error is the depth at which the parser stops.
        Err(_) => Err(found.unwrap_or(Misshapen::TooDeep)),
    }
}

/// The name of a member, copied only where it has escapes.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The look at one value.
struct Look<'a> {
    depth: usize,
    values: &'a mut usize,
    found: &'a mut Option<Misshapen>,
}

impl Look<'_> {
    fn refuse<E: Error>(&mut self, what: Misshapen) -> E {
        *self.found = Some(what);
        E::custom("misshapen")
    }

    /// One more value, inside this one.
    fn inner<E: Error>(&mut self) -> Result<Look<'_>, E> {
        *self.values += 1;
        if *self.values > MAX_VALUES {
            return Err(self.refuse(Misshapen::TooMany));
        }
        Ok(Look { depth: self.depth, values: self.values, found: self.found })
    }

    fn enter<E: Error>(&mut self) -> Result<(), E> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(self.refuse(Misshapen::TooDeep)) } else { Ok(()) }
    }
}

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        self.enter()?;
        let mut names = Vec::new();
        while let Some(name) = map.next_key::<Name<'de>>()? {
            names.push(name);
            map.next_value_seed(self.inner()?)?;
        }
        // Most objects have a few names: sorting them costs less than hashing, and copies none.
        names.sort_unstable();
        let is_twice = names.windows(2).any(|pair| matches!(pair, [one, next] if one == next));
        if is_twice { Err(self.refuse(Misshapen::Duplicate)) } else { Ok(()) }
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        self.enter()?;
        loop {
            let Some(()) = elements.next_element_seed(self.inner()?)? else { return Ok(()) };
        }
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Result<(), Misshapen> {
        check(text.as_bytes())
    }

    fn nested(open: &str, inside: &str, close: &str, depth: usize) -> String {
        format!("{}{inside}{}", open.repeat(depth), close.repeat(depth))
    }

    #[test]
    fn sixty_four_levels_pass_and_one_more_does_not() {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            assert_eq!(shape(&nested(open, "1", close, 64)), Ok(()));
            assert_eq!(shape(&nested(open, "1", close, 65)), Err(Misshapen::TooDeep));
            assert_eq!(shape(&nested(open, "1", close, 20_000)), Err(Misshapen::TooDeep));
        }
    }

    #[test]
    fn a_thousand_values_pass_and_more_do_not() {
        let list = |count: usize| format!(r#"{{"a":[{}]}}"#, vec!["0"; count].join(","));
        assert_eq!(shape(&list(998)), Ok(()));
        assert_eq!(shape(&list(1_000)), Err(Misshapen::TooMany));
        assert_eq!(shape(&format!("[{}]", vec!["{}"; 20_000].join(","))), Err(Misshapen::TooMany));
    }

    #[test]
    fn a_name_twice_in_one_object_is_found_however_it_is_spelt() {
        assert_eq!(shape(r#"{"a":{"b":1,"b":2}}"#), Err(Misshapen::Duplicate));
        assert_eq!(shape(r#"{"a":[{"b":1,"c":{},"\u0062":2}]}"#), Err(Misshapen::Duplicate));
        assert_eq!(shape(r#"{"a":{"b":1},"b":{"b":"{[","c":null,"d":-1.5,"e":true}}"#), Ok(()));
    }
}
