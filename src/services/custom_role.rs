//! Roles: which there are, and how administrators make their own.
//!
//! ## Decision: a role is judged with all that inherits from it
//! Whoever changes a role changes every role below it. So the caller must stand above each of them, and the role must
//! stay within what the caller holds: then no holder of any of them gains what the caller lacks. Who holds the role is
//! not asked: what it can give or take is within the caller's own rights, whoever has it.

use std::convert::Infallible;

use super::caller::Person;
use super::events::as_of;
use super::role_act::{Act, RoleFault, refuse_beyond};
use super::{Context, Services};
use crate::domain::audit::Action;
use crate::domain::custom_role::{
    AnyRole, CustomRole, ROLES_MAX, RoleFieldFault, judge_lines, parse_description,
};
use crate::domain::feed::Cursor;
use crate::domain::held::{Held, Lineage};
use crate::domain::id::RoleId;
use crate::domain::permission::{Permissions, Scope, parse_scopes};
use crate::domain::role::Role;
use crate::domain::role_name::{parse_name, slug_of};
use crate::store::{self, Abort, Read, StoreError, Txn};

/// Most holders of a role that are counted.
pub const HOLDERS_COUNTED: usize = 1_000;

/// A role, and all that it allows with what it inherits.
#[derive(Debug)]
pub struct Shown {
    /// The role.
    pub role: AnyRole,
    /// What it allows.
    pub effective: Permissions,
}

/// All roles: there are few.
#[derive(Debug)]
pub struct Roles {
    /// The built-in ones, highest rank first, then the custom ones, oldest first.
    pub roles: Vec<Shown>,
    /// The state that they were read from.
    pub as_of: Cursor,
}

/// Every role.
pub fn list(app: &Services) -> Result<Roles, StoreError> {
    app.read(|read| {
        let custom = store::role::list(read, ROLES_MAX)?;
        let built_in = Role::ALL.into_iter().rev().map(AnyRole::BuiltIn);
        let shown = |role: AnyRole| Shown { effective: within(&custom, role.id()).permissions, role };
        let roles = built_in.chain(custom.iter().cloned().map(AnyRole::Custom)).map(shown).collect();
        Ok(Roles { roles, as_of: as_of(read)? })
    })
}

/// The role that `text` names by its id or slug.
pub fn find(app: &Services, text: &str) -> Result<Option<Shown>, StoreError> {
    app.read(|read| store::role::find(read, text)?.map(|role| shown(read, role)).transpose())
}

/// What a role is made of, as it was sent.
#[derive(Debug, Clone, Default)]
pub struct RoleForm {
    /// The name.
    pub name: Option<String>,
    /// What it is for; empty: nothing.
    pub description: Option<String>,
    /// What it allows.
    pub permissions: Option<Vec<String>>,
    /// What it inherits from, by id or slug; empty: nothing.
    pub parent: Option<String>,
}

/// Makes a role. It is within what the caller holds (R57).
pub async fn create(
    app: &Services,
    ctx: &Context,
    caller: &Person,
    form: &RoleForm,
) -> Result<Shown, RoleFault> {
    let act = Act::begin(app, ctx, caller, None).await?;
    let change = Change::read(form)?;
    let (name, slug) = change.name.clone().ok_or(RoleFieldFault::Name)?;
    let blank = CustomRole {
        id: RoleId::new(ctx.now, &app.random()),
        name,
        slug,
        description: None,
        permissions: Vec::new(),
        parent: None,
        created_at: ctx.now,
    };
    act.run((app, ctx, "role.create"), move |act, txn, actor| {
        let mut roles = store::role::list(txn, ROLES_MAX)?;
        if roles.len() >= ROLES_MAX {
            return Err(RoleFault::TooMany.stop());
        }
        let role = change.applied(txn, blank.clone())?;
        refuse_taken(&roles, &role)?;
        roles.push(role.clone());
        let event = act.event(Action::RoleCreated).detail("role", role.slug.clone());
        put_judged(txn, &roles, &role, actor)?;
        txn.emit(event.detail("permissions", names(&role.permissions)).done())?;
        Ok(shown(txn, AnyRole::Custom(role))?)
    })
    .await
}

/// Changes a role, for everybody who holds it, at once. What is absent stays.
pub async fn update(
    app: &Services,
    ctx: &Context,
    caller: &Person,
    (text, form): (&str, &RoleForm),
) -> Result<Shown, RoleFault> {
    let act = Act::begin(app, ctx, caller, None).await?;
    let (change, text) = (Change::read(form)?, text.to_owned());
    act.run((app, ctx, "role.update"), move |act, txn, actor| {
        let old = custom(txn, &text)?;
        let mut roles = store::role::list(txn, ROLES_MAX)?;
        refuse_above(&roles, old.id, actor)?;
        let role = change.applied(txn, old.clone())?;
        if role == old {
            return Ok(shown(txn, AnyRole::Custom(role))?);
        }
        roles.retain(|other| other.id != old.id);
        if role.name != old.name {
            refuse_taken(&roles, &role)?;
        }
        roles.push(role.clone());
        put_judged(txn, &roles, &role, actor)?;
        let mut event = act.event(Action::RoleUpdated).detail("role", role.slug.clone());
        event = event.detail("fields", changed(&old, &role).join(" "));
        if role.permissions != old.permissions {
            event = event.detail("permissions", names(&role.permissions));
        }
        txn.emit(event.done())?;
        Ok(shown(txn, AnyRole::Custom(role))?)
    })
    .await
}

/// Deletes a role that nobody holds and nothing inherits from.
pub async fn delete(app: &Services, ctx: &Context, caller: &Person, text: &str) -> Result<(), RoleFault> {
    let act = Act::begin(app, ctx, caller, None).await?;
    let text = text.to_owned();
    act.run((app, ctx, "role.delete"), move |act, txn, actor| {
        let role = custom(txn, &text)?;
        let roles = store::role::list(txn, ROLES_MAX)?;
        refuse_above(&roles, role.id, actor)?;
        let holders = store::role::members(txn, role.id, HOLDERS_COUNTED)?;
        let heirs = roles.iter().filter(|other| other.parent == Some(role.id)).count();
        if holders + heirs > 0 {
            return Err(RoleFault::InUse { holders, heirs }.stop());
        }
        store::role::remove(txn, &role)?;
        Ok(txn.emit(act.event(Action::RoleDeleted).detail("role", role.slug).done())?)
    })
    .await
}

/// Judges the changed `role` among all `roles`, and stores it.
fn put_judged(
    txn: &mut Txn<'_>,
    roles: &[CustomRole],
    role: &CustomRole,
    actor: Held,
) -> Result<(), Abort<RoleFault>> {
    judge_lines(roles).map_err(|fault| RoleFault::from(fault).stop())?;
    refuse_beyond(within(roles, role.id), actor)?;
    Ok(store::role::put(txn, role)?)
}

/// The custom role that `text` names.
fn custom(read: &impl Read, text: &str) -> Result<CustomRole, Abort<RoleFault>> {
    match store::role::find(read, text)? {
        Some(AnyRole::Custom(role)) => Ok(role),
        Some(AnyRole::BuiltIn(_)) => Err(RoleFault::BuiltIn.stop()),
        None => Err(RoleFault::NoRole.stop()),
    }
}

fn refuse_taken(others: &[CustomRole], role: &CustomRole) -> Result<(), Abort<RoleFault>> {
    let slug = slug_of(&role.name);
    let is_taken = others.iter().any(|other| other.is_like(&slug));
    if is_taken { Err(RoleFault::Taken.stop()) } else { Ok(()) }
}

/// Refuses a role that stands above the caller, or from which one inherits that does.
fn refuse_above(roles: &[CustomRole], id: RoleId, actor: Held) -> Result<(), Abort<RoleFault>> {
    let below = |role: &&CustomRole| line(roles, role.id).custom.iter().any(|above| above.id == id);
    let mut touched = roles.iter().filter(below);
    if touched.any(|role| within(roles, role.id).outranks(actor)) {
        return Err(RoleFault::Outranked.stop());
    }
    Ok(())
}

/// What the role `id` holds when `roles` are all custom ones.
fn within(roles: &[CustomRole], id: RoleId) -> Held {
    line(roles, id).held()
}

fn line(roles: &[CustomRole], id: RoleId) -> Lineage {
    let find = |id| Ok::<_, Infallible>(roles.iter().find(|role| role.id == id).cloned());
    Lineage::of(id, find).unwrap_or_default()
}

fn shown(read: &impl Read, role: AnyRole) -> Result<Shown, StoreError> {
    let line = Lineage::of(role.id(), |id| store::role::by_id(read, id))?;
    Ok(Shown { role, effective: line.held().permissions })
}

fn names(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(" ")
}

fn changed(old: &CustomRole, new: &CustomRole) -> Vec<&'static str> {
    let fields = [
        ("name", old.name != new.name),
        ("description", old.description != new.description),
        ("permissions", old.permissions != new.permissions),
        ("parent_role_id", old.parent != new.parent),
    ];
    fields.into_iter().filter(|(_, is_changed)| *is_changed).map(|(field, _)| field).collect()
}

/// A form whose texts were read.
struct Change {
    name: Option<(String, String)>,
    description: Option<String>,
    permissions: Option<Vec<Scope>>,
    parent: Option<String>,
}

impl Change {
    fn read(form: &RoleForm) -> Result<Self, RoleFieldFault> {
        let permissions = form.permissions.as_deref().map(parse_scopes).transpose();
        Ok(Self {
            name: form.name.as_deref().map(parse_name).transpose()?,
            description: form.description.as_deref().map(parse_description).transpose()?,
            permissions: permissions.map_err(|_| RoleFieldFault::Permissions)?,
            parent: form.parent.clone(),
        })
    }

    fn applied(&self, read: &impl Read, mut role: CustomRole) -> Result<CustomRole, Abort<RoleFault>> {
        if let Some((name, _)) = &self.name {
            role.name.clone_from(name);
        }
        if let Some(description) = &self.description {
            role.description = Some(description.clone()).filter(|text| !text.is_empty());
        }
        if let Some(permissions) = &self.permissions {
            role.permissions.clone_from(permissions);
        }
        match self.parent.as_deref() {
            None => {}
            Some("") => role.parent = None,
            Some(text) => {
                let parent = store::role::find(read, text)?;
                let parent = parent.ok_or_else(|| RoleFault::from(RoleFieldFault::Parent).stop())?;
                role.parent = Some(parent.id());
            }
        }
        Ok(role)
    }
}
