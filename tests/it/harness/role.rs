//! More of the server under test: custom roles, made and given past the API.

use latchkey::domain::custom_role::CustomRole;
use latchkey::domain::id::RoleId;
use latchkey::domain::permission::parse_scopes;
use latchkey::domain::role::Role;
use latchkey::domain::role_name::parse_name;
use latchkey::domain::user::User;
use latchkey::store::{self, Abort, StoreError, Txn};

use super::TestApp;

impl TestApp {
    /// Makes a custom role; answers its id.
    pub async fn make_role(&self, name: &str, permissions: &[&str], parent: Option<Role>) -> String {
        let (name, slug) = parse_name(name).unwrap();
        let role = CustomRole {
            id: RoleId::new(self.clock_now(), &self.services.random()),
            name,
            slug,
            description: None,
            permissions: parse_scopes(permissions).unwrap(),
            parent: parent.map(Role::id),
            created_at: self.clock_now(),
        };
        let id = role.id.to_string();
        self.change(move |txn| store::role::put(txn, &role)).await;
        id
    }

    /// Gives the account that answers to `name` the custom role with this id.
    pub async fn give_role(&self, name: &str, id: &str) {
        let role = id.parse().unwrap();
        self.change_user(name, move |user| user.custom_roles.push(role)).await;
    }

    /// Gives the account that answers to `name` a direct permission.
    pub async fn give_permission(&self, name: &str, permission: &str) {
        let scope = permission.parse().unwrap();
        self.change_user(name, move |user| user.permissions.push(scope)).await;
    }

    /// Gives the account that answers to `name` these roles and no other.
    pub async fn set_roles(&self, name: &str, roles: &[Role]) {
        let roles = roles.to_vec();
        self.change_user(name, move |user| user.roles.clone_from(&roles)).await;
    }

    async fn change_user(&self, name: &str, mut change: impl FnMut(&mut User) + Send + 'static) {
        let id = self.account(name).unwrap().id;
        self.change(move |txn| {
            let old = store::user::by_id(txn, id)?.unwrap();
            let mut user = old.clone();
            change(&mut user);
            store::role::put_holder(txn, &old, &user)
        })
        .await;
    }

    async fn change(&self, mut change: impl FnMut(&mut Txn<'_>) -> Result<(), StoreError> + Send + 'static) {
        let stamp = self.services.stamp(&self.services.own_context("harness"));
        let done = self.store().transact("harness", stamp, move |txn| Ok::<_, Abort<()>>(change(txn)?));
        done.await.unwrap();
    }
}
