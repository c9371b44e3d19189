//! What poem-openapi leaves out of a description, added to its JSON. Knows no operation and no schema by name.
//!
//! It says of an optional field only that it need not be there. Here an optional field of a request may be `null` too, and
//! one of an answer may come as `null`; an object that is refused with unknown fields is closed; a body that must be an
//! object says so; a whole number has the bounds of its format; and a form is described only where all its fields are
//! text, because text is all that a form can say.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::body::form::FORM;

const SCHEMAS: &str = "#/components/schemas/";
const JSON: &str = "application/json";

/// What becomes of unknown fields in the JSON of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// They are refused.
    Refused,
    /// They are ignored.
    Ignored,
}

/// Completes a description.
pub fn complete(described: &mut Value, unknown: Unknown) {
    bound(described);
    let schemas = described.pointer("/components/schemas").and_then(Value::as_object).cloned();
    let schemas = schemas.unwrap_or_default();
    let mut sent = BTreeSet::new();
    for body in bodies(described) {
        let Some(content) = body.get_mut("content").and_then(Value::as_object_mut) else { continue };
        if content.len() > 1 && content.get(FORM).is_some_and(|form| !is_text(form, &schemas)) {
            content.remove(FORM);
        }
        for (kind, media) in content {
            let Some(schema) = media.get_mut("schema") else { continue };
            if schema.as_object().is_some_and(Map::is_empty) {
                *schema = json!({ "type": "object" });
            }
            if kind == JSON && unknown == Unknown::Refused {
                gather(schema, &schemas, &mut sent);
            }
        }
    }
    let Some(schemas) = described.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else {
        return;
    };
    for (name, schema) in schemas {
        let Some(schema) = schema.as_object_mut().filter(|schema| schema.contains_key("properties")) else {
            continue;
        };
        allow_null(schema);
        if sent.contains(name) && !schema.contains_key("additionalProperties") {
            schema.insert("additionalProperties".to_owned(), false.into());
        }
    }
}

/// Gives whole numbers the bounds of the formats that only we know, where they have none.
fn bound(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let largest = match members.get("format").and_then(Value::as_str) {
                Some("uint8") => Some(u64::from(u8::MAX)),
                Some("uint16") => Some(u64::from(u16::MAX)),
                Some("uint32") => Some(u64::from(u32::MAX)),
                Some("uint64") => Some(u64::MAX),
                _ => None,
            };
            if let Some(largest) = largest {
                members.entry("minimum").or_insert(0.into());
                members.entry("maximum").or_insert(largest.into());
            }
            // The headers of answers are ours alone, and many.
            members.iter_mut().filter(|(name, _)| *name != "headers").for_each(|(_, member)| bound(member));
        }
        Value::Array(elements) => elements.iter_mut().for_each(bound),
        _ => {}
    }
}

/// The request bodies of all operations.
fn bodies(described: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = described.get_mut("paths").and_then(Value::as_object_mut);
    let operations = paths.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut);
    operations.flat_map(Map::values_mut).filter_map(|operation| operation.get_mut("requestBody"))
}

/// Lets every optional property be `null`, but for one that has a default, which is what `null` is refused for.
fn allow_null(schema: &mut Map<String, Value>) {
    let required = schema.get("required").cloned().unwrap_or_default();
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (name, property) in properties {
        let is_required = required.as_array().is_some_and(|all| all.iter().any(|one| one == name.as_str()));
        let Some(property) = property.as_object_mut() else { continue };
        if is_required || property.contains_key("default") {
            continue;
        }
        // Beside a reference nothing counts.
        if let Some(reference) = property.remove("$ref") {
            property.insert("allOf".to_owned(), json!([{ "$ref": reference }]));
        }
        property.insert("nullable".to_owned(), true.into());
    }
}

/// The schema that this one refers to, or itself.
fn resolve<'a>(schema: &'a Value, schemas: &'a Map<String, Value>) -> &'a Value {
    let named = schema.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix(SCHEMAS));
    named.and_then(|name| schemas.get(name)).unwrap_or(schema)
}

/// Whether a form of this schema is all text.
fn is_text(form: &Value, schemas: &Map<String, Value>) -> bool {
    let schema = form.get("schema").map(|schema| resolve(schema, schemas));
    let Some(properties) = schema.and_then(|schema| schema.get("properties")).and_then(Value::as_object)
    else {
        return false;
    };
    properties.values().all(|property| {
        let parts = property.get("allOf").and_then(Value::as_array);
        let property = parts.and_then(|parts| parts.first()).unwrap_or(property);
        resolve(property, schemas).get("type").is_some_and(|kind| kind == "string")
    })
}

/// Notes the names of the schemas that this one is made of.
fn gather(schema: &Value, schemas: &Map<String, Value>, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            let named = members.get("$ref").and_then(Value::as_str);
            if let Some(name) = named.and_then(|name| name.strip_prefix(SCHEMAS))
                && found.insert(name.to_owned())
                && let Some(schema) = schemas.get(name)
            {
                gather(schema, schemas, found);
            }
            members.values().for_each(|member| gather(member, schemas, found));
        }
        Value::Array(elements) => elements.iter().for_each(|element| gather(element, schemas, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(body: &Value) -> Value {
        json!({
            "paths": { "/a": { "post": { "requestBody": { "content": {
                JSON: { "schema": body }, FORM: { "schema": body }
            } } } } },
            "components": { "schemas": {
                "Sent": {
                    "required": ["name"],
                    "properties": {
                        "name": { "type": "string" },
                        "note": { "type": "string" },
                        "inner": { "$ref": "#/components/schemas/Inner" },
                        "often": { "type": "boolean", "default": false }
                    }
                },
                "Inner": { "properties": {} },
                "Text": { "properties": { "name": { "type": "string" } } },
                "Other": { "properties": { "a": { "type": "string" } } }
            } }
        })
    }

    fn at<'a>(described: &'a Value, path: &str) -> &'a Value {
        described.pointer(&format!("/components/schemas/{path}")).unwrap()
    }

    #[test]
    fn what_is_optional_may_be_null_and_what_is_sent_is_closed_with_all_its_parts() {
        let mut all = described(&json!({ "$ref": "#/components/schemas/Sent" }));
        complete(&mut all, Unknown::Refused);
        assert_eq!(at(&all, "Sent/properties/name"), &json!({ "type": "string" }));
        assert_eq!(at(&all, "Sent/properties/note/nullable"), true);
        let inner = json!({ "allOf": [{ "$ref": "#/components/schemas/Inner" }], "nullable": true });
        assert_eq!(at(&all, "Sent/properties/inner"), &inner);
        assert_eq!(at(&all, "Sent/properties/often").get("nullable"), None);
        assert_eq!(at(&all, "Other/properties/a/nullable"), true);
        for (name, closed) in [("Sent", true), ("Inner", true), ("Other", false)] {
            assert_eq!(at(&all, name).get("additionalProperties").is_some(), closed, "{name}");
        }
    }

    #[test]
    fn whole_numbers_have_the_bounds_of_their_format_and_keep_their_own() {
        let mut all =
            json!({ "a": [{ "format": "uint32" }, { "format": "uint64", "maximum": 5, "minimum": 1 }] });
        complete(&mut all, Unknown::Ignored);
        assert_eq!(all["a"][0], json!({ "format": "uint32", "minimum": 0, "maximum": u32::MAX }));
        assert_eq!(all["a"][1], json!({ "format": "uint64", "minimum": 1, "maximum": 5 }));
    }

    #[test]
    fn where_unknown_fields_are_ignored_nothing_is_closed() {
        let mut all = described(&json!({ "$ref": "#/components/schemas/Sent" }));
        complete(&mut all, Unknown::Ignored);
        assert_eq!(at(&all, "Sent").get("additionalProperties"), None);
    }

    #[test]
    fn a_form_is_described_where_all_of_it_is_text_and_any_body_is_an_object() {
        for (schema, is_form) in [("Sent", false), ("Text", true)] {
            let mut all = described(&json!({ "$ref": format!("{SCHEMAS}{schema}") }));
            complete(&mut all, Unknown::Ignored);
            let content = all.pointer("/paths/~1a/post/requestBody/content").unwrap();
            assert_eq!(content.get(FORM).is_some(), is_form, "{schema}");
        }
        let mut all = described(&json!({}));
        complete(&mut all, Unknown::Ignored);
        let content = all.pointer("/paths/~1a/post/requestBody/content").unwrap();
        assert_eq!(content, &json!({ JSON: { "schema": { "type": "object" } } }));
    }
}
