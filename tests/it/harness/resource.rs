//! Resources, and what is granted about them.

use latchkey::domain::resource::{Grant, Resource};
use latchkey::domain::time::Timestamp;
use latchkey::store::{self, Abort};
use serde_json::json;

use super::{Answer, LoggedIn, TestApp};

/// Where resources are.
pub const RESOURCES: &str = "/api/v1/resources";

/// The path of a resource, or of something about it.
pub fn place(name: &str, rest: &str) -> String {
    format!("{RESOURCES}/{name}{rest}")
}

impl TestApp {
    /// Makes `name` a resource of the account `owner` with this one grant to the owner, whatever it was before.
    pub async fn put_resource(&self, name: &str, owner: &str, scope: &str) {
        let owner = self.account(owner).unwrap().id;
        let resource =
            Resource { name: name.parse().unwrap(), owner, created_at: Timestamp::EPOCH, grants: Vec::new() };
        let grant = Grant { user: owner, scope: scope.parse().unwrap(), expires_at: None };
        let stamp = self.services.stamp(&self.services.own_context("harness"));
        let put = self.store().transact("put_resource", stamp, move |txn| {
            if let Some(old) = store::resource::by_name(txn, &resource.name)? {
                store::resource::remove(txn, &old)?;
            }
            let mut new = resource.clone();
            store::resource::insert(txn, &new)?;
            Ok::<_, Abort<()>>(store::resource::add_grant(txn, &mut new, grant)?)
        });
        put.await.unwrap();
    }

    /// The id of the account that answers to `name`.
    pub fn id_of(&self, name: &str) -> String {
        self.account(name).unwrap().id.to_string()
    }
}

impl LoggedIn<'_> {
    /// Registers a resource.
    pub async fn register_resource(&self, name: &str) -> Answer {
        self.post(RESOURCES, json!({ "resource": name })).await
    }

    /// Grants the account `to` something about a resource, without an end.
    pub async fn grant(&self, name: &str, to: &str, permission: &str) -> Answer {
        let body = json!({ "user_id": self.app().id_of(to), "permission": permission });
        self.post(&place(name, "/grants"), body).await
    }

    /// Takes that back.
    pub async fn take_back(&self, name: &str, from: &str, permission: &str) -> Answer {
        self.delete(&place(name, &format!("/grants/{}/{permission}", self.app().id_of(from)))).await
    }
}
