//! Taking over accounts of another system with the hashes of their passwords. Knows no file.
//!
//! ## Decision: all is judged before anything is made
//! Judging needs the other newcomers too, because two may want one name. So everybody is admitted first, and the
//! admitted are made in batches that fit a transaction. Chosen usernames go first: a derived one gives way.
//! No policy judges the passwords: nobody here knows them.

use std::collections::HashSet;

use super::password::Owner;
use super::registration::{Draft, FieldFault, Maker, RegisterFault, Standing};
use super::{Context, Services, flatten};
use crate::crypto::Phc;
use crate::domain::role::Role;
use crate::domain::user::Status;
use crate::store::user::Taken;
use crate::store::{Abort, StoreError};

/// Accounts made in one transaction: each takes 8 of the 100 rows that one may write.
const BATCH: usize = 10;

/// An account of another system.
#[derive(Debug, Clone, Copy)]
pub struct Newcomer<'a> {
    /// What it is called.
    pub owner: Owner<'a>,
    /// The role it gets.
    pub role: Role,
    /// Whether the other system saw its address proved. Otherwise it waits for that here.
    pub is_proved: bool,
    /// The hash of its password: Argon2id as a PHC string, or bcrypt.
    pub hash: &'a str,
}

/// Why a newcomer is not admitted.
#[derive(Debug, thiserror::Error)]
pub enum NewcomerFault {
    /// Names are not acceptable; all of them are listed.
    #[error("{}", listed(.0))]
    Fields(Vec<FieldFault>),
    /// The hash is of another kind, or damaged.
    #[error("password_hash: is neither an Argon2id PHC string nor a bcrypt hash of cost 4 to 14")]
    Hash,
    /// The hash cannot be compared here.
    #[error("password_hash: takes more memory than password_hash.memory_budget_mib")]
    Memory,
    /// An account has this name.
    #[error("an account with this {} exists", .0.field())]
    Exists(Taken),
    /// Another newcomer has this name.
    #[error("another line has this email or username")]
    Repeated,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why not all admitted newcomers were made.
#[derive(Debug, thiserror::Error)]
#[error("{made} accounts were made, and then no more")]
pub struct ImportFault {
    /// How many were made before.
    pub made: usize,
    /// What happened then.
    pub source: RegisterFault,
}

/// The newcomers that may become accounts, and the names they claim.
#[derive(Default)]
pub struct Admitted {
    newcomers: Vec<(Draft, Phc, Standing)>,
    claimed: HashSet<String>,
}

impl Admitted {
    /// Admits one more, or says why not.
    pub fn admit(&mut self, app: &Services, newcomer: &Newcomer<'_>) -> Result<(), NewcomerFault> {
        let mut faults = Vec::new();
        let draft = Draft::named(newcomer.owner, true, &mut faults);
        let draft = draft.ok_or(NewcomerFault::Fields(faults))?;
        let phc = Phc::parse(newcomer.hash).ok_or(NewcomerFault::Hash)?;
        if !app.hashing.can_verify(&phc) {
            return Err(NewcomerFault::Memory);
        }
        if let Some(taken) = draft.taken(app)? {
            return Err(NewcomerFault::Exists(taken));
        }
        if draft.claims().any(|name| self.claimed.contains(&name)) {
            return Err(NewcomerFault::Repeated);
        }
        self.claimed.extend(draft.claims());
        let active = Standing::active(newcomer.role, Maker::Server);
        let status = if newcomer.is_proved { Status::Active } else { Status::Pending };
        let standing = Standing { is_proved: newcomer.is_proved, status, ..active };
        self.newcomers.push((draft, phc, standing));
        Ok(())
    }

    /// How many are admitted.
    pub const fn len(&self) -> usize {
        self.newcomers.len()
    }

    /// Whether nobody is.
    pub const fn is_empty(&self) -> bool {
        self.newcomers.is_empty()
    }
}

/// Makes an account of everybody admitted; answers how many. A failure leaves those that were made before it.
pub async fn import(app: &Services, ctx: &Context, admitted: Admitted) -> Result<usize, ImportFault> {
    let mut newcomers = admitted.newcomers;
    newcomers.sort_by_key(|(draft, _, _)| !draft.is_chosen());
    let (mut newcomers, mut made) = (newcomers.into_iter(), 0);
    loop {
        let batch: Vec<_> = newcomers
            .by_ref()
            .take(BATCH)
            .map(|(draft, phc, standing)| draft.with_hash(app, ctx, Some(phc), standing))
            .collect();
        if batch.is_empty() {
            return Ok(made);
        }
        let count = batch.len();
        let written = app.store.transact("import", app.stamp(ctx), move |txn| {
            for account in &batch {
                account.insert(txn)?.map_err(|taken| Abort::Rule(RegisterFault::Exists(taken)))?;
            }
            Ok(())
        });
        written.await.map_err(|abort| ImportFault { made, source: flatten(abort) })?;
        made += count;
    }
}

fn listed(faults: &[FieldFault]) -> String {
    faults.iter().map(|fault| format!("{}: {fault}", fault.field())).collect::<Vec<_>>().join("; ")
}
