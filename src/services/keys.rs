//! The keys of the use cases, each derived from the master key for one purpose, and what names are hashed to. Knows no
//! rule.

use std::sync::Arc;

use super::lockout;
use crate::crypto::digest::{MacKey, to_hex};
use crate::crypto::{
    AuditSigner, BackupCodes, LoginHandles, MasterKey, OneTimeTokens, Purpose, SealKey, SessionCookies,
    SmsCodes,
};
use crate::domain::id::UserId;
use crate::domain::lockout::Subject;
use crate::domain::user::User;

/// Keys that seal what is at rest, each for one purpose.
pub struct Keys {
    /// Seals the mails in the outbox.
    pub mail: SealKey,
    /// Seals the personal keys.
    pub people: SealKey,
    /// Seals the personal fields of records about nobody.
    pub nobody: Arc<SealKey>,
    /// Seals the secrets of second factors.
    pub factors: SealKey,
    /// Hashes backup codes.
    pub backup_codes: BackupCodes,
    /// Hashes the codes of text messages.
    pub sms_codes: SmsCodes,
    /// Hashes the handles of waiting logins.
    pub logins: LoginHandles,
    /// Hashes one-time tokens.
    pub one_time: OneTimeTokens,
    /// Seals the keys that sign tokens.
    pub signing: SealKey,
    /// Seals what a browser keeps of a login elsewhere.
    pub federation: SealKey,
    /// Hashes the cookies of sessions.
    pub cookies: SessionCookies,
    /// Signs the seals of the audit log.
    pub seals: AuditSigner,
    names: MacKey,
    subjects: MacKey,
}

impl Keys {
    /// All keys, from the master key.
    pub fn derive(master: &MasterKey) -> Self {
        let seal = |purpose| SealKey::new(master.derive(purpose).expose());
        Self {
            mail: seal(Purpose::MailSealing),
            people: seal(Purpose::UserKeySealing),
            nobody: Arc::new(seal(Purpose::AuditOfNobody)),
            factors: seal(Purpose::FactorSealing),
            signing: seal(Purpose::SigningKeys),
            federation: seal(Purpose::Federation),
            backup_codes: BackupCodes::new(&master.derive(Purpose::BackupCodes)),
            sms_codes: SmsCodes::new(&master.derive(Purpose::SmsCodes)),
            logins: LoginHandles::new(&master.derive(Purpose::PendingLogins)),
            one_time: OneTimeTokens::new(&master.derive(Purpose::OneTimeTokens)),
            cookies: SessionCookies::new(&master.derive(Purpose::SessionCookies)),
            seals: AuditSigner::new(&master.derive(Purpose::AuditSealSeed)),
            names: MacKey::new(master.derive(Purpose::AuditNames).expose()),
            subjects: MacKey::new(master.derive(Purpose::LockoutSubjects).expose()),
        }
    }

    /// What the audit log keeps of a typed name that belongs to nobody: 16 bytes of a keyed hash, in hex.
    pub fn name_hash(&self, name: &str) -> String {
        to_hex(&self.name_tag(name))
    }

    /// What stands for a typed name in memory: 16 bytes of a keyed hash.
    pub fn name_tag(&self, name: &str) -> [u8; 16] {
        let tag = self.names.tag(&[name.as_bytes()]);
        tag.first_chunk().copied().unwrap_or_default()
    }

    /// At what a login under `name` guesses: at the name, and at its `owner` or, where it has none, at nobody.
    pub fn target(&self, owner: Option<&User>, name: &str) -> lockout::Target {
        let tag = self.name_tag(name);
        let (account, names) = match owner {
            Some(owner) => (self.account(owner.id), self.names_of(owner)),
            None => (self.nobody(&tag), Vec::new()),
        };
        lockout::Target { typed: self.name(&tag), account, names }
    }

    /// A typed name as the budgets of guesses know it, by its [tag](Keys::name_tag).
    pub fn name(&self, tag: &[u8; 16]) -> Subject {
        self.subject("name", tag)
    }

    /// The second budget of a name of nobody, by its [tag](Keys::name_tag).
    pub fn nobody(&self, tag: &[u8; 16]) -> Subject {
        self.subject("nobody", tag)
    }

    /// An account as the budgets of guesses know it.
    pub fn account(&self, id: UserId) -> Subject {
        self.subject("account", id.as_bytes())
    }

    /// The names of an account as the budgets of guesses know them.
    pub fn names_of(&self, user: &User) -> Vec<Subject> {
        let names = [user.email.as_str().to_owned(), user.username.folded()];
        names.iter().map(|name| self.name(&self.name_tag(name))).collect()
    }

    /// What stands for something that kept traces are found by: a `kind` of thing, and which.
    pub(super) fn trace_tag(&self, kind: &str, thing: &[u8]) -> [u8; 16] {
        self.subject(kind, thing).0
    }

    fn subject(&self, kind: &str, text: &[u8]) -> Subject {
        let tag = self.subjects.tag(&[kind.as_bytes(), b"\0", text]);
        Subject(tag.first_chunk().copied().unwrap_or_default())
    }
}
