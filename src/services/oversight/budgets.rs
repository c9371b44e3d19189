//! Which budgets of requests are used up, or nearly.

use std::net::{IpAddr, Ipv6Addr};

use crate::crypto::digest::to_hex;
use crate::domain::id::{ApiKeyId, UserId};
use crate::domain::limit::{Budget, Class, Spent, Standing};
use crate::domain::role::Permission;
use crate::domain::time::Timestamp;
use crate::services::caller::Caller;
use crate::services::limits::Key;
use crate::services::role::{Refused, require};
use crate::services::{Context, Services};
use crate::store::{self, StoreError};

/// Most keys of one class that are looked at, and most that are judged.
const LOOKED_AT: usize = 20_000;
const JUDGED: usize = 1_000;

/// A budget is nearly used up when no more than one in so many is left.
const NEARLY: u32 = 10;

/// Which budgets to list.
#[derive(Debug, Clone, Copy)]
pub struct BudgetFilter {
    /// Only those of this class.
    pub class: Option<Class>,
    /// Most budgets to answer.
    pub limit: usize,
}

/// A budget of which little or nothing is left.
#[derive(Debug, Clone)]
pub struct Strained {
    /// What is limited.
    pub class: Class,
    /// Whose budget.
    pub whose: Whose,
    /// The budget.
    pub budget: Budget,
    /// What is left.
    pub standing: Standing,
}

/// Whose budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// A client address's, or a /64's.
    Address(IpAddr),
    /// An account's.
    User(UserId),
    /// An API key's.
    ApiKey(ApiKeyId),
    /// An account's or an API key's: the class counts both, and an id is of one of them.
    Caller(UserId),
    /// A name's, as a keyed hash in hex.
    Name(String),
}

impl Whose {
    /// The stable name of the kind, and what names it.
    pub fn named(&self) -> (&'static str, String) {
        match self {
            Self::Address(address) => ("ip_address", address.to_string()),
            Self::User(id) => ("user", id.to_string()),
            Self::ApiKey(id) => ("api_key", id.to_string()),
            Self::Caller(id) => ("caller", id.to_string()),
            Self::Name(hash) => ("name_hash", hash.clone()),
        }
    }

    fn of(class: Class, Key(bytes): Key) -> Self {
        match class {
            Class::Authenticated | Class::MfaDebug | Class::Export => Self::User(UserId::from_bytes(bytes)),
            Class::ApiKey => Self::ApiKey(ApiKeyId::from_bytes(bytes)),
            Class::AuthzCheck | Class::Introspection => Self::Caller(UserId::from_bytes(bytes)),
            // An id of ours ends in random bits, and is no IPv4 address in IPv6.
            Class::ForwardAuth if !is_address(bytes) => Self::Caller(UserId::from_bytes(bytes)),
            Class::Mail => Self::Name(to_hex(&bytes)),
            Class::Login
            | Class::Register
            | Class::PasswordReset
            | Class::ResetConfirm
            | Class::ForwardAuth
            | Class::Anonymous => Self::Address(IpAddr::V6(Ipv6Addr::from(bytes)).to_canonical()),
        }
    }
}

/// Whether the bytes of a key are those of a client: an IPv4 address, or an IPv6 /64.
fn is_address(bytes: [u8; 16]) -> bool {
    bytes.ends_with(&[0; 8]) || Ipv6Addr::from(bytes).to_ipv4_mapped().is_some()
}

/// Budgets of which little or nothing is left.
#[derive(Debug)]
pub struct StrainedPage {
    /// The budgets, the emptiest first.
    pub budgets: Vec<Strained>,
    /// Whether there are more.
    pub is_capped: bool,
}

/// Lists the budgets that are used up, or nearly. Needs `audit:read`.
pub async fn list(
    app: &Services,
    ctx: &Context,
    caller: &Caller,
    filter: BudgetFilter,
) -> Result<StrainedPage, Refused> {
    require(app, ctx, caller, Permission::AuditRead).await?;
    let mut page = StrainedPage { budgets: Vec::new(), is_capped: false };
    for class in Class::ALL.into_iter().filter(|class| filter.class.is_none_or(|wanted| wanted == *class)) {
        let spent =
            app.limits.spent(class, LOOKED_AT, JUDGED, |spent| is_suspect(app, class, spent, ctx.now));
        page.is_capped |= spent.len() >= JUDGED || app.limits.entries(class) > LOOKED_AT;
        for (key, spent) in spent {
            let whose = Whose::of(class, key);
            let budget = budget(app, class, &whose)?;
            let standing = budget.look(spent, ctx.now);
            if is_strained(&budget, standing) {
                page.budgets.push(Strained { class, whose, budget, standing });
            }
        }
    }
    page.budgets.sort_by_key(|one| {
        (
            one.standing.remaining,
            std::cmp::Reverse(one.standing.until_full),
            one.class.name(),
            one.whose.named(),
        )
    });
    page.is_capped |= page.budgets.len() > filter.limit;
    page.budgets.truncate(filter.limit);
    Ok(page)
}

/// Whether the key may be worth a closer look. The table is locked meanwhile. A key with a budget of its own is looked
/// up later.
fn is_suspect(app: &Services, class: Class, spent: Spent, now: Timestamp) -> bool {
    let budget = app.limits.budget(class);
    let standing = budget.look(spent, now);
    if class == Class::ApiKey { !standing.until_full.is_zero() } else { is_strained(&budget, standing) }
}

fn is_strained(budget: &Budget, standing: Standing) -> bool {
    !standing.until_full.is_zero() && standing.remaining <= budget.count() / NEARLY
}

fn budget(app: &Services, class: Class, whose: &Whose) -> Result<Budget, StoreError> {
    let own = match whose {
        Whose::ApiKey(id) => app.read(|read| store::api_key::by_id(read, *id))?.and_then(|key| key.rate),
        _ => None,
    };
    Ok(own.unwrap_or_else(|| app.limits.budget(class)))
}
