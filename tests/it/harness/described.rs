//! Holds every answer to the description: its status, its type, and each member of its JSON.
//!
//! A description that says less than the server answers is as wrong as one that says something else, so a member that is not
//! described is a fault as well.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use latchkey::domain::profile::Profile;
use poem::http::Method;
use serde_json::Value;

use super::Answer;

/// The reviewed descriptions, each with its mount.
static ALL: LazyLock<Vec<(String, Value)>> = LazyLock::new(|| {
    let read = |name: &str| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(name);
        serde_json::from_str::<Value>(&fs::read_to_string(file).unwrap()).unwrap()
    };
    let canonical = read("openapi.json");
    let mut all: Vec<_> = Profile::ALL
        .into_iter()
        .map(|profile| match profile {
            Profile::Governance => (profile.mount().to_owned(), canonical.clone()),
            _ => (profile.mount().to_owned(), read(&format!("openapi-{profile}.json"))),
        })
        .collect();
    all.push((String::new(), canonical));
    all
});

/// Holds that `answer` is one that the operation may give; what is no operation is not looked at.
///
/// # Panics
/// With what is wrong and where.
pub fn hold(method: &Method, target: &str, answer: &Answer) {
    let path = target.split('?').next().unwrap();
    let Some((described, operation)) = operation(method, path) else { return };
    let said = format!("{method} {path} answered {}: {}", answer.status.as_u16(), answer.text);
    let status = answer.status.as_u16().to_string();
    let response = &operation["responses"][&status];
    assert!(response.is_object(), "the status is not described; {said}");
    let kind = answer.header("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap();
    let Some(content) = response["content"].as_object() else {
        assert_eq!(answer.text, "", "no body is described; {said}");
        return;
    };
    let media = content.iter().find(|(described, _)| described.split(';').next() == Some(kind));
    let Some((_, media)) = media else { panic!("the type {kind:?} is not described; {said}") };
    if kind == "application/json" {
        let schemas = &described["components"]["schemas"];
        if let Err(fault) = check(schemas, &media["schema"], &answer.json(), "") {
            panic!("{fault}; {said}");
        }
    }
}

/// The operation at `path`, with the description it is in. A path without variables counts more than one with.
fn operation(method: &Method, path: &str) -> Option<(&'static Value, &'static Value)> {
    let (mount, described) =
        ALL.iter().find(|(mount, _)| path.strip_prefix(mount).is_some_and(|rest| rest.starts_with('/')))?;
    let rest = path.strip_prefix(mount)?;
    let paths = described["paths"].as_object()?;
    let template =
        paths.keys().filter(|template| fits(template, rest)).min_by_key(|t| t.matches('{').count())?;
    Some((described, paths[template].get(method.as_str().to_ascii_lowercase())?))
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template
            .iter()
            .zip(path)
            .all(|(part, is)| *part == is || (part.starts_with('{') && !is.is_empty()))
}

/// What JSON Schema says of `value`, as far as the descriptions use it.
fn check(schemas: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let schema = match schema["$ref"].as_str() {
        Some(name) => &schemas[name.rsplit('/').next().unwrap()],
        None => schema,
    };
    if value.is_null() && schema["nullable"] == true {
        return Ok(());
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        check(schemas, part, value, at)?;
    }
    for list in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[list].as_array()
            && !choices.iter().any(|choice| check(schemas, choice, value, at).is_ok())
        {
            return Err(format!("{at} is nothing of what it may be"));
        }
    }
    let fits = match schema["type"].as_str() {
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => true,
    };
    if !fits {
        return Err(format!("{at} is not of type {}", schema["type"]));
    }
    if let Some(number) = value.as_f64() {
        let is_below = schema["minimum"].as_f64().is_some_and(|least| number < least);
        if is_below || schema["maximum"].as_f64().is_some_and(|most| number > most) {
            return Err(format!("{at} is out of bounds"));
        }
    }
    if schema["enum"].as_array().is_some_and(|choices| !choices.contains(value)) {
        return Err(format!("{at} is none of {}", schema["enum"]));
    }
    for element in value.as_array().into_iter().flatten() {
        check(schemas, &schema["items"], element, &format!("{at}[]"))?;
    }
    if let (Some(members), "object") = (value.as_object(), schema["type"].as_str().unwrap_or_default()) {
        for name in schema["required"].as_array().into_iter().flatten() {
            let name = name.as_str().unwrap();
            if !members.contains_key(name) {
                return Err(format!("{at}.{name} is missing"));
            }
        }
        let (properties, others) = (&schema["properties"], &schema["additionalProperties"]);
        for (name, member) in members {
            let described = properties.get(name).unwrap_or(others);
            if described.is_null() && properties.is_object() || described == false {
                return Err(format!("{at}.{name} is not described"));
            }
            check(schemas, described, member, &format!("{at}.{name}"))?;
        }
    }
    Ok(())
}
