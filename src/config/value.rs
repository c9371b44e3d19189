//! Words for values: what one is, and how it is printed. Knows no keys.

use figment::value::{Num, Value};

/// What a value is, in words. Never its text.
pub fn kind(value: &Value) -> String {
    match value {
        Value::String(..) | Value::Char(..) => "text".into(),
        Value::Bool(_, switch) => format!("{switch}"),
        Value::Num(_, Num::F32(_) | Num::F64(_)) => "a number with a fraction".into(),
        Value::Num(_, number) => {
            whole(*number).map_or("a number".into(), |number| format!("the number {number}"))
        }
        Value::Empty(..) => "a date or time".into(),
        Value::Dict(..) => "a section".into(),
        Value::Array(..) => "a list".into(),
    }
}

/// The text, if it is one.
pub fn text_of(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// The number, if it is a whole one.
pub fn whole(number: Num) -> Option<i128> {
    number.to_i128().or_else(|| number.to_u128().and_then(|number| number.try_into().ok()))
}

/// The beginning of a text, for a message; only for keys that can hold no secret.
pub fn quoted(value: &Value) -> String {
    let text: String = value.as_str().unwrap_or_default().chars().take(40).collect();
    format!("{text:?}")
}

/// As TOML writes it.
pub fn shown(value: &Value) -> String {
    match value {
        Value::String(_, text) => format!("{text:?}"),
        Value::Array(_, values) => format!("[{}]", values.iter().map(shown).collect::<Vec<_>>().join(", ")),
        other => kind(other).trim_start_matches("the number ").to_owned(),
    }
}
