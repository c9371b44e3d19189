//! What pages tell: what was done, what was wrong, and why a form was refused. Knows no page.

use serde_json::Value;

use crate::http::error::ApiError;
use crate::wire::error::ErrorCode;

/// The sentence for what was done, by its name in an address. Unknown names say nothing.
pub(super) fn done(name: &str) -> Option<&'static str> {
    Some(match name {
        "name" => "Your name is changed.",
        "email" => "A mail with a link is on its way to the new address.",
        "password" => "Your password is changed. Every other device is logged out.",
        "app_removed" => "The authenticator app is taken away.",
        "phone_on" => "Your phone is switched on as a second factor.",
        "phone_removed" => "The phone is taken away.",
        "sent" => "A code is on its way to your phone.",
        "ended" => "That session is over.",
        "others_ended" => "Every other session is over.",
        "revoked" => "The API key is revoked.",
        "linked" => "The account elsewhere opens this one now.",
        "unlinked" => "The account elsewhere opens this one no more.",
        "mailed" => "If this address waits for its proof, a mail with a link is on its way to it.",
        _ => return None,
    })
}

/// The sentence for what was wrong, by its name in an address. Unknown names say nothing.
pub(super) fn problem(name: &str) -> Option<&'static str> {
    Some(match name {
        "over" => "This login is not open any more. Log in again.",
        "owed" => "Your role needs a second factor. Set one up to go on.",
        "state" => "This took too long, or did not begin in this browser. Begin again.",
        "refused" => "The provider did not confirm who you are.",
        "provider" => "The provider gave no answer that can be used. Try again later.",
        "no_email" => {
            "The provider vouches for no email address of yours, and the account there is not linked here."
        }
        "exists" => {
            "There is an account with this email address. Log in to it, and link the other one there."
        }
        "closed" => "You have no account here, and none is made for you.",
        "taken" => "That account elsewhere opens another account here.",
        "too_many" => "Your account has as many links as it may have.",
        "denied" => "You could not be logged in.",
        "busy" => "The server cannot do this now. Try again in a moment.",
        _ => return None,
    })
}

/// Why a form was refused: every field that is to blame, in words.
pub(super) fn sentence(error: &ApiError) -> String {
    if error.code() == ErrorCode::MfaInvalid {
        return "This code is wrong, or was used before.".to_owned();
    }
    let facts = error.facts();
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let each = facts.and_then(|facts| facts.get("fields")).and_then(Value::as_array).map(|fields| {
        let told =
            fields.iter().filter_map(|one| Some(of_field(&text(one, "field")?, &text(one, "message")?)));
        told.collect::<Vec<_>>().join(" ")
    });
    each.unwrap_or_else(|| match facts.and_then(|facts| text(facts, "field")) {
        Some(field) => {
            let message = error.message();
            let bare = message.strip_prefix(&field).and_then(|rest| rest.strip_prefix(": "));
            bare.map_or_else(|| message.to_owned(), |bare| of_field(&field, bare))
        }
        None => error.message().to_owned(),
    })
}

fn of_field(field: &str, message: &str) -> String {
    let name = match field {
        "email" | "new_email" => "email address",
        "new_password" => "password",
        "phone_number" => "number",
        "scopes" => "choice of what it may do",
        other => other,
    };
    format!("The {name} {message}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_field_to_blame_is_named_in_words() {
        let fields = json!({ "field": "email", "fields": [
            { "field": "email", "message": "must be an address" },
            { "field": "new_password", "message": "must be longer" },
        ]});
        let error = ApiError::new(ErrorCode::ValidationError, "email: must be an address").details(fields);
        assert_eq!(sentence(&error), "The email address must be an address. The password must be longer.");
        let one = ApiError::field("phone_number", "invalid", "phone_number: must begin with +");
        assert_eq!(sentence(&one), "The number must begin with +.");
        let whole = ApiError::field("new_email", "unchanged", "This is the address already.");
        assert_eq!(sentence(&whole), "This is the address already.");
        let plain = ApiError::new(ErrorCode::Conflict, "You have 50 API keys already.");
        assert_eq!(sentence(&plain), "You have 50 API keys already.");
    }
}
