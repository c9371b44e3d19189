//! What keepers keep: API keys, services, roles with their members, resources with their grants, and accounts.

use std::collections::BTreeMap;
use std::io;

use serde_json::{Value, json};

use super::Dice;
use super::keeper::{Act, After, Picture, Trade};
use crate::process::client::{Client, Request};

/// Most things of one keeper at a time.
const MOST: usize = 6;

type Ids = BTreeMap<String, String>;
type Get<'a> = dyn FnMut(&str) -> io::Result<Value> + 'a;

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(data: &Value, name: &str) -> Vec<Value> {
    data[name].as_array().unwrap().clone()
}

/// Names that were never used before.
#[derive(Default)]
struct Names(u64);

impl Names {
    fn next(&mut self, kind: &str) -> String {
        self.0 += 1;
        format!("{kind}{}", self.0)
    }
}

/// One of what is there, unless it is time for something new.
fn pick<'a>(picture: &'a Picture, kind: &str, dice: &Dice) -> Option<&'a String> {
    let there: Vec<_> = picture.keys().filter(|name| name.starts_with(kind)).collect();
    let is_new = there.is_empty() || (there.len() < MOST && dice.below(3) == 0);
    (!is_new).then(|| there[dice.index(there.len())])
}

/// API keys of a developer: made, described, given another secret, revoked.
#[derive(Default)]
pub struct ApiKeys {
    ids: Ids,
    names: Names,
}

const OWN_KEYS: &str = "/api/v1/users/me/api-keys";

impl ApiKeys {
    fn picture(key: &Value) -> String {
        format!("{} {}", text(&key["prefix"]), text(&key["description"]))
    }
}

impl Trade for ApiKeys {
    fn email(&self) -> &'static str {
        "keys@example.com"
    }

    fn next(&mut self, picture: &Picture, dice: &Dice) -> Act {
        let Some(name) = pick(picture, "key", dice).cloned() else {
            let name = self.names.next("key");
            let form = json!({ "name": name, "scopes": ["metrics:write"] });
            return Act { request: Request::post(OWN_KEYS, &form), name, after: After::AsAnswered };
        };
        let place = format!("{OWN_KEYS}/{}", self.ids[&name]);
        let (request, after) = match dice.below(4) {
            0 => (Request::delete(&place), After::Gone),
            1 => {
                let form = json!({ "grace_seconds": 0 });
                (Request::post(&format!("{place}/rotate"), &form), After::AsAnswered)
            }
            _ => {
                let description = dice.below(1 << 40).to_string();
                let prefix = picture[&name].split(' ').next().unwrap();
                let after = After::Shows(format!("{prefix} {description}"));
                (Request::put(&place, &json!({ "description": description })), after)
            }
        };
        Act { name, request, after }
    }

    fn shown(&self, answer: &Value) -> String {
        Self::picture(&answer["key"])
    }

    fn secret(&self, answer: &Value) -> Option<String> {
        answer["api_key"].as_str().map(str::to_owned)
    }

    fn opens(&self, client: &Client, secret: &str) -> bool {
        client.ask(Request::get("/api/v1/auth/me").header("x-api-key", secret)).status.is_success()
    }

    fn look(&mut self, get: &mut Get<'_>) -> io::Result<Picture> {
        let keys = list(&get(&format!("{OWN_KEYS}?limit=100"))?, "api_keys");
        self.ids = keys.iter().map(|key| (text(&key["name"]), text(&key["id"]))).collect();
        Ok(keys.iter().map(|key| (text(&key["name"]), Self::picture(key))).collect())
    }
}

/// Registered services: made, given another secret, removed.
#[derive(Default)]
pub struct Services {
    ids: Ids,
    names: Names,
}

const SERVICES: &str = "/api/v1/services";

impl Trade for Services {
    fn email(&self) -> &'static str {
        "root@example.com"
    }

    fn next(&mut self, picture: &Picture, dice: &Dice) -> Act {
        let Some(name) = pick(picture, "service", dice).cloned() else {
            let name = self.names.next("service");
            let request = Request::post(SERVICES, &json!({ "name": name }));
            return Act { request, name, after: After::AsAnswered };
        };
        let place = format!("{SERVICES}/{}", self.ids[&name]);
        let (request, after) = if dice.below(3) == 0 {
            (Request::delete(&place), After::Gone)
        } else {
            let form = json!({ "grace_seconds": 0 });
            (Request::post(&format!("{place}/rotate"), &form), After::AsAnswered)
        };
        Act { name, request, after }
    }

    fn shown(&self, answer: &Value) -> String {
        text(&answer["service"]["rotated_at"])
    }

    /// The id and the secret, as a form.
    fn secret(&self, answer: &Value) -> Option<String> {
        let secret = answer["client_secret"].as_str()?;
        Some(format!("client_id={}&client_secret={secret}", text(&answer["client_id"])))
    }

    fn opens(&self, client: &Client, secret: &str) -> bool {
        client.ask(Request::form("/oauth/introspect", &format!("token=x&{secret}"))).status.is_success()
    }

    fn look(&mut self, get: &mut Get<'_>) -> io::Result<Picture> {
        let services = list(&get(&format!("{SERVICES}?limit=100"))?, "services");
        self.ids = services.iter().map(|one| (text(&one["name"]), text(&one["id"]))).collect();
        Ok(services.iter().map(|one| (text(&one["name"]), text(&one["rotated_at"]))).collect())
    }
}

/// Custom roles, who has them, and direct permissions.
pub struct Roles {
    ids: Ids,
    names: Names,
    /// Who gets the roles.
    member: String,
}

const ROLES: &str = "/api/v1/roles";
const PERMISSIONS: [&str; 3] = ["audit:delete", "integrations:delete", "policies:delete"];

impl Roles {
    /// `member` is the id of the account that is given roles and permissions.
    pub fn new(member: String) -> Self {
        Self { ids: Ids::new(), names: Names::default(), member }
    }

    fn of_member(&self, what: &str) -> String {
        format!("/api/v1/users/{}/{what}", self.member)
    }

    /// Gives what is not held, and takes what is.
    fn toggle(picture: &Picture, name: String, give: Request, take: Request) -> Act {
        if picture.contains_key(&name) {
            Act { name, request: take, after: After::Gone }
        } else {
            Act { name, request: give, after: After::Shows("held".to_owned()) }
        }
    }
}

impl Trade for Roles {
    fn email(&self) -> &'static str {
        "root@example.com"
    }

    fn next(&mut self, picture: &Picture, dice: &Dice) -> Act {
        if dice.below(3) == 0 {
            let permission = PERMISSIONS[dice.index(PERMISSIONS.len())];
            let place = self.of_member("permissions");
            let give = Request::post(&place, &json!({ "permission": permission }));
            let take = Request::delete(&format!("{place}/{permission}"));
            return Self::toggle(picture, format!("permission {permission}"), give, take);
        }
        let Some(name) = pick(picture, "role", dice).cloned() else {
            let name = self.names.next("role");
            let form = json!({ "name": name, "description": "new", "permissions": ["costs:delete"] });
            let after = After::Shows("new".to_owned());
            return Act { request: Request::post(ROLES, &form), name, after };
        };
        let id = &self.ids[&name];
        let (place, held) = (format!("{ROLES}/{id}"), format!("held {name}"));
        match dice.below(4) {
            0 if !picture.contains_key(&held) => {
                Act { name, request: Request::delete(&place), after: After::Gone }
            }
            0..=1 => {
                let description = dice.below(1 << 40).to_string();
                let request = Request::put(&place, &json!({ "description": description }));
                Act { name, request, after: After::Shows(description) }
            }
            _ => {
                let place = self.of_member(&format!("roles/{id}"));
                Self::toggle(picture, held, Request::post(&place, &json!({})), Request::delete(&place))
            }
        }
    }

    fn look(&mut self, get: &mut Get<'_>) -> io::Result<Picture> {
        let roles = list(&get(ROLES)?, "roles");
        let own: Vec<_> = roles.iter().filter(|role| role["is_system"] == false).collect();
        self.ids = own.iter().map(|role| (text(&role["name"]), text(&role["id"]))).collect();
        let mut picture: Picture =
            own.iter().map(|role| (text(&role["name"]), text(&role["description"]))).collect();
        let rights = list(&get(&self.of_member("permissions"))?, "permissions");
        let by: Vec<_> = rights.iter().flat_map(|right| list(right, "allowed_by")).collect();
        for role in own.iter().filter(|role| by.iter().any(|by| by["role"] == role["slug"])) {
            picture.insert(format!("held {}", text(&role["name"])), "held".to_owned());
        }
        for permission in PERMISSIONS.iter().filter(|direct| by.iter().any(|by| by["permission"] == **direct))
        {
            picture.insert(format!("permission {permission}"), "held".to_owned());
        }
        Ok(picture)
    }
}

/// Resources of applications, and grants of them.
pub struct Resources {
    names: Names,
    /// Who is given them.
    other: String,
}

const RESOURCES: &str = "/api/v1/resources";
const GRANT: &str = "metrics:read";

impl Resources {
    /// `other` is the id of the account that grants are for.
    pub fn new(other: String) -> Self {
        Self { names: Names::default(), other }
    }
}

impl Trade for Resources {
    fn email(&self) -> &'static str {
        "keys@example.com"
    }

    fn next(&mut self, picture: &Picture, dice: &Dice) -> Act {
        let Some(name) = pick(picture, "metrics/", dice).cloned() else {
            let name = self.names.next("metrics/");
            let after = After::Shows(String::new());
            return Act { request: Request::post(RESOURCES, &json!({ "resource": name })), name, after };
        };
        let grants = format!("{RESOURCES}/{name}/grants");
        let (request, after) = match (dice.below(4), picture[&name].is_empty()) {
            (0, _) => (Request::delete(&format!("{RESOURCES}/{name}")), After::Gone),
            (_, true) => {
                let form = json!({ "user_id": self.other, "permission": GRANT });
                (Request::post(&grants, &form), After::Shows(self.other.clone()))
            }
            (_, false) => {
                let request = Request::delete(&format!("{grants}/{}/{GRANT}", self.other));
                (request, After::Shows(String::new()))
            }
        };
        Act { name, request, after }
    }

    fn look(&mut self, get: &mut Get<'_>) -> io::Result<Picture> {
        let mut picture = Picture::new();
        for resource in list(&get(&format!("{RESOURCES}?limit=100"))?, "resources") {
            let name = text(&resource["resource"]);
            let grants = list(&get(&format!("{RESOURCES}/{name}/grants"))?, "grants");
            let to: Vec<_> = grants.iter().map(|grant| text(&grant["user_id"])).collect();
            picture.insert(name, to.concat());
        }
        Ok(picture)
    }
}

/// Accounts as administrators make, change, invite and delete them.
#[derive(Default)]
pub struct Accounts {
    ids: Ids,
    names: Names,
}

const USERS: &str = "/api/v1/users";

impl Trade for Accounts {
    fn email(&self) -> &'static str {
        "root@example.com"
    }

    fn next(&mut self, picture: &Picture, dice: &Dice) -> Act {
        let Some(name) = pick(picture, "staff", dice).cloned() else {
            let name = self.names.next("staff");
            let form = json!({ "email": format!("{name}@example.com"), "username": name, "name": "New" });
            let after = After::Shows("New".to_owned());
            return Act { request: Request::post(USERS, &form), name, after };
        };
        let place = format!("{USERS}/{}", self.ids[&name]);
        let same = After::Shows(picture[&name].clone());
        let (request, after) = match dice.below(6) {
            0 => (Request::delete(&place), After::Gone),
            1 => (Request::post(&format!("{place}/invite"), &json!({})), same),
            2 => (Request::post(&format!("{place}/logout-all"), &json!({})), same),
            _ => {
                let name = format!("Name {}", dice.below(1 << 40));
                (Request::put(&place, &json!({ "name": name })), After::Shows(name))
            }
        };
        Act { name, request, after }
    }

    fn look(&mut self, get: &mut Get<'_>) -> io::Result<Picture> {
        let users = list(&get(&format!("{USERS}?search=staff&limit=100"))?, "users");
        self.ids = users.iter().map(|user| (text(&user["username"]), text(&user["id"]))).collect();
        Ok(users.iter().map(|user| (text(&user["username"]), text(&user["name"]))).collect())
    }
}
