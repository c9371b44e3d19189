//! Questions about what somebody may do, and their answers, on the wire.

use poem_openapi::types::Example;
use poem_openapi::{Object, Union};
use serde::{Deserialize, Serialize};

/// One question, or up to 100 in `checks`; not both.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example, skip_serializing_if_is_none)]
#[serde(deny_unknown_fields)]
pub struct CheckRequest {
    /// The account. Without one, whoever asks; an API key is then told what the key may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// What it would do, for example `policies:update`; `policies:write` is create and update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
    /// What to, for example `policies/42`. Without one, to all of the kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Several questions, answered in their order and about one moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checks: Option<Vec<CheckItem>>,
}

impl Example for CheckRequest {
    fn example() -> Self {
        let CheckItem { user_id, permission, resource } = CheckItem::example();
        Self { user_id, permission: Some(permission), resource, checks: None }
    }
}

/// One question of several.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(deny_unknown_fields, example, skip_serializing_if_is_none)]
#[serde(deny_unknown_fields)]
pub struct CheckItem {
    /// The account. Without one, whoever asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// What it would do.
    pub permission: String,
    /// What to. Without one, to all of the kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
}

impl Example for CheckItem {
    fn example() -> Self {
        Self {
            user_id: None,
            permission: "policies:update".to_owned(),
            resource: Some("policies/42".to_owned()),
        }
    }
}

/// The answer to one question, or to several.
#[derive(Debug, Clone, Union, Serialize, Deserialize)]
#[oai(one_of)]
#[serde(untagged)]
pub enum CheckAnswer {
    /// To several.
    Many(CheckResults),
    /// To one.
    One(CheckResult),
}

impl Example for CheckAnswer {
    fn example() -> Self {
        Self::One(CheckResult::example())
    }
}

/// The answers to several questions.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example)]
pub struct CheckResults {
    /// One for each question, in their order.
    pub results: Vec<CheckResult>,
}

impl Example for CheckResults {
    fn example() -> Self {
        let missing = Some(MissingPermission { required_permission: "policies:delete".to_owned() });
        let refused =
            CheckResult { allowed: false, by: None, reason: Some("permission_missing".to_owned()), missing };
        Self { results: vec![CheckResult::example(), refused] }
    }
}

/// The answer to one question.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(example, skip_serializing_if_is_none)]
pub struct CheckResult {
    /// Whether it is allowed.
    pub allowed: bool,
    /// What allows it; there where it is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<AllowedBy>,
    /// Why it is not allowed: `permission_missing`, `unknown_user`, `user_inactive` (switched off), or `mfa_required`
    /// (a role of the account needs a second factor).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What is missing; there where it is not allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<MissingPermission>,
}

impl Example for CheckResult {
    fn example() -> Self {
        let by = AllowedBy {
            role: Some("manager".to_owned()),
            inherited_from: Some("viewer".to_owned()),
            permission: None,
            owner: None,
            grant: None,
        };
        Self { allowed: true, by: Some(by), reason: None, missing: None }
    }
}

/// What allows it: one of `role`, `permission`, `owner` and `grant`. Of `:write`, what allows to create.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(skip_serializing_if_is_none)]
pub struct AllowedBy {
    /// The slug of a role of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The slug of the role that this one has the permission from, where it has it not by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inherited_from: Option<String>,
    /// `direct`: the account was given the permission beside its roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
    /// True: the account owns the resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<bool>,
    /// It was granted for this resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantEnd>,
}

/// When a grant ends.
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
#[oai(skip_serializing_if_is_none)]
pub struct GrantEnd {
    /// RFC 3339; absent where it does not end by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

/// What is missing (rule G71).
#[derive(Debug, Clone, Object, Serialize, Deserialize)]
pub struct MissingPermission {
    /// The first permission that is asked for and not there.
    pub required_permission: String,
}
