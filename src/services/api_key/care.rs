//! What the server does with API keys by itself: telling owners of old secrets, removing what is over.

use crate::domain::api_key::KeyPolicy;
use crate::domain::id::ApiKeyId;
use crate::domain::mail::KeyEvent;
use crate::domain::time::Timestamp;
use crate::services::mail::Sealed;
use crate::services::{Context, Services};
use crate::store::{self, Read, StoreError, Txn, expiry, tables};

use super::NOTICE_WORTH;

/// A look at one key, planned for its time.
pub struct Look {
    key: ApiKeyId,
    planned: Timestamp,
    reminder: Option<Sealed>,
    policy: KeyPolicy,
}

impl Look {
    /// Prepares the look at `key` that was planned for `planned`: the mail is written here, for it needs randomness.
    pub fn prepare(
        app: &Services,
        ctx: &Context,
        read: &impl Read,
        (key, planned): (ApiKeyId, Timestamp),
    ) -> Result<Self, StoreError> {
        let policy = app.policy.api_keys;
        let seen = store::api_key::by_id(read, key)?
            .filter(|key| !key.is_reminded && key.is_rotation_due(&policy, ctx.now));
        let reminder = match seen {
            Some(key) => store::user::by_id(read, key.owner)?.map(|owner| {
                let letter = app.letters.api_key(
                    KeyEvent::Old,
                    &owner.email,
                    &key.hint,
                    &app.policy.public_url.home(),
                );
                Sealed::new(app, ctx, &owner.email, &letter, NOTICE_WORTH)
            }),
            None => None,
        };
        Ok(Self { key, planned, reminder, policy })
    }

    /// Removes a key that is over, reminds the owner of one that is old, and plans the next look. Answers whether a
    /// mail was queued.
    pub fn run(&self, txn: &mut Txn<'_>) -> Result<bool, StoreError> {
        let now = txn.now();
        let Some(old) = store::api_key::by_id(txn, self.key)?.filter(|key| key.look_at == self.planned)
        else {
            expiry::unschedule(txn, self.planned, &tables::API_KEYS, &self.key)?;
            return Ok(false);
        };
        let owner = store::user::by_id(txn, old.owner)?;
        if !owner.is_some_and(|owner| old.is_alive(&owner, now)) {
            store::api_key::remove(txn, &old)?;
            return Ok(false);
        }
        let mut key = old.clone();
        let reminder = self.reminder.as_ref().filter(|_| !old.is_reminded);
        if let Some(mail) = reminder {
            mail.insert(txn)?;
            key.is_reminded = true;
        }
        key.look_at = key.next_look(&self.policy, now);
        store::api_key::replace(txn, &old, &key)?;
        Ok(reminder.is_some())
    }
}
