//! What the trading guide lets an account do: its own table of roles and permissions. Knows no wire.

use crate::crypto::digest::{sha256, to_hex};
use crate::domain::grant::Question;
use crate::domain::id::UserId;
use crate::domain::permission::Scope;
use crate::domain::profile::trading::{SIGNALS, TradingPermission};
use crate::domain::resource::{NotAResource, Resource, ResourceName};
use crate::domain::session::Session;
use crate::domain::user::User;
use crate::services::authz::{self, Check, Verdict, Whom};
use crate::services::caller::Caller;
use crate::services::resource::{self, ResourceFault};
use crate::services::role::{Refused, denied, require_factor};
use crate::services::user_rights::{self, ShowFault};
use crate::services::{Context, Services};
use crate::store::{self, StoreError};

/// Characters of an address that are in a fingerprint.
const FINGERPRINT_CHARS: usize = 16;

/// Whether the caller may do this: its account, and its key if it shows one.
pub fn may(caller: &Caller, needed: TradingPermission) -> bool {
    needed.is_held_by(&caller.user) && is_in_scope(caller, needed)
}

/// Refuses, and records it, unless the caller [`may`] do this and has the second factor that its roles must have.
pub async fn require(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    needed: TradingPermission,
) -> Result<(), Refused> {
    if may(caller, needed) {
        return require_factor(app, ctx, caller, needed.stored()).await;
    }
    missing(app, ctx, caller, needed).await
}

/// Records that the caller lacks a permission, and refuses.
async fn missing(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    needed: TradingPermission,
) -> Result<(), Refused> {
    let why = |event: crate::services::audit::Draft| {
        event.reason("permission_missing").detail("required", needed.name())
    };
    denied(app, ctx, caller, why).await?;
    Err(Refused::Missing { required: needed.stored(), held: caller.rights() })
}

fn is_in_scope(caller: &Caller, needed: TradingPermission) -> bool {
    caller.scopes().is_none_or(|scopes| scopes.contains(needed.stored()))
}

/// The account that `text` names by its id or its number (X8).
pub fn find(app: &Services, text: &str) -> Result<Option<UserId>, StoreError> {
    match (text.parse(), text.parse()) {
        (Ok(id), _) => Ok(Some(id)),
        (Err(_), Ok(number)) => {
            app.read(|read| Ok(store::user::by_number(read, number)?.map(|user| user.id)))
        }
        _ => Ok(None),
    }
}

/// The account that `text` names. A user sees its own alone (T43); `None` is the caller's own.
pub async fn show(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    text: Option<&str>,
) -> Result<User, ShowFault> {
    const NEEDED: TradingPermission = TradingPermission::ReadUsers;
    require(app, ctx, caller, NEEDED).await?;
    let own = caller.user.id;
    let id = text.map_or(Ok(Some(own)), |text| find(app, text))?;
    if id != Some(own) && !NEEDED.reaches_others(&caller.user) {
        missing(app, ctx, caller, NEEDED).await?;
    }
    Ok(user_rights::show(app, ctx, caller, id.ok_or(ShowFault::NotFound)?).await?.0)
}

/// The signal `id`.
pub fn signal(id: &str) -> Result<ResourceName, NotAResource> {
    ResourceName::new(SIGNALS, id)
}

/// Makes a signal; the caller's account owns it.
pub async fn add_signal(app: &Services, ctx: &Context, caller: &Caller) -> Result<Resource, ResourceFault> {
    require(app, ctx, caller, TradingPermission::CreateSignals).await?;
    let name = signal(&to_hex(&app.random::<8>())).map_err(|_| ResourceFault::NotFound)?;
    resource::own(app, ctx, caller, name).await
}

/// Refuses, and records it, unless the caller may do this with the signal `id`: as its owner, by a grant, or because it
/// may do so with every signal (T46). Whoever may not learns nothing of whether there is such a signal.
pub async fn require_for_signal(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    (id, needed): (&str, TradingPermission),
) -> Result<ResourceName, ResourceFault> {
    let name = signal(id).ok();
    let found = match &name {
        Some(name) if is_allowed(app, ctx, caller, (name, needed)).await? => {
            resource::find(app, ctx, caller, name).map(|_| ())
        }
        _ => Err(ResourceFault::NotFound),
    };
    if let Err(ResourceFault::NotFound) = found {
        require(app, ctx, caller, needed).await?;
    }
    found?;
    name.ok_or(ResourceFault::NotFound)
}

/// Whether the caller may do this; with a signal's `id`, whether with this one (T44, T45, T46).
pub async fn may_with(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    (id, needed): (Option<&str>, TradingPermission),
) -> Result<bool, Refused> {
    match id.and_then(|id| signal(id).ok()) {
        Some(name) if !may(caller, needed) => is_allowed(app, ctx, caller, (&name, needed)).await,
        _ => Ok(may(caller, needed)),
    }
}

async fn is_allowed(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    (name, needed): (&ResourceName, TradingPermission),
) -> Result<bool, Refused> {
    let Ok(question) = Question::new(Scope::of(needed.stored()), Some(name.clone())) else {
        // It is about no signal that there is, but the owner of one may do anything with it.
        let found = resource::find(app, ctx, caller, name).ok();
        let is_own = found.is_some_and(|seen| seen.resource.owner == caller.user.id);
        return Ok(is_own && is_in_scope(caller, needed));
    };
    let check = Check { whom: Whom::Caller, question };
    let verdicts = authz::check(app, ctx, caller, &[check]).await?;
    Ok(matches!(verdicts.first(), Some(Verdict::Allowed(_))))
}

/// T29: the SHA-256 of the browser and the address of a session's login.
pub fn fingerprint(session: &Session) -> String {
    let agent = session.user_agent.as_deref().unwrap_or_default();
    let client: String = session.client.to_string().chars().take(FINGERPRINT_CHARS).collect();
    to_hex(&sha256(format!("{agent}:{client}").as_bytes()))
}
