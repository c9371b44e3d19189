//! Operators: users of the host whom the host itself vouches for, and what each may do. Knows nothing of sockets.
//!
//! ## Decision: an operator is no account, and looks like one
//! The kernel says which user of the host holds the other end of the admin socket; that is proof enough, and fresh at
//! every request. So there is no row, no password and no session that could be stolen, and none of the acts that need
//! one. Everything that asks for rights or for rank asks an account, so an operator is shown to it as one: with an id
//! that no clock gives out, a name that nobody can register (`uid:1000`), and one built-in role.

use std::fmt;
use std::str::FromStr;

use super::email::EmailAddress;
use super::id::UserId;
use super::role::Role;
use super::time::Timestamp;
use super::user::{DisplayName, Status, User, Username};

/// What begins the name of an operator.
const UID: &str = "uid:";

/// The first bytes of an operator's id: a version 7 UUID of the year 1970, which no account has.
const PREFIX: [u8; 12] = [0, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 1];

/// A user of the host who may call, and as what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// The number of the user.
    pub uid: u32,
    /// What the configuration calls it.
    pub name: Option<DisplayName>,
    /// What it may do.
    pub role: Role,
}

impl Operator {
    /// The id of the user `uid` in the audit log.
    pub fn id_of(uid: u32) -> UserId {
        let mut id = [0; 16];
        let (prefix, number) = id.split_at_mut(PREFIX.len());
        prefix.copy_from_slice(&PREFIX);
        number.copy_from_slice(&uid.to_be_bytes());
        UserId::from_bytes(id)
    }

    /// Which user of the host `id` stands for, if it is an operator's.
    pub fn uid_of(id: UserId) -> Option<u32> {
        let uid = id.as_bytes().strip_prefix(&PREFIX)?;
        Some(u32::from_be_bytes(uid.try_into().ok()?))
    }

    /// The name that stands for it everywhere: `uid:1000`.
    pub fn label(uid: u32) -> String {
        format!("{UID}{uid}")
    }

    /// How whoever asks about rights and rank sees it.
    pub fn account(&self) -> User {
        let username = Username::stored(Self::label(self.uid));
        let address = EmailAddress::stored(format!("uid-{}@localhost", self.uid));
        User {
            id: Self::id_of(self.uid),
            number: 0,
            email: address.unwrap_or_else(EmailAddress::of_nobody),
            name: self.name.clone().unwrap_or_else(|| DisplayName::stored(username.as_str().to_owned())),
            username,
            status: Status::Active,
            email_verified_at: None,
            roles: vec![self.role],
            custom_roles: Vec::new(),
            permissions: Vec::new(),
            session_epoch: 0,
            key_epoch: 0,
            has_factor: false,
            created_at: Timestamp::EPOCH,
        }
    }
}

/// Somebody of the audit log: an account by its id, or an operator by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor(pub UserId);

/// The text names nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither the id of an account nor an operator such as uid:1000")]
pub struct NotAnActor;

impl FromStr for Actor {
    type Err = NotAnActor;

    fn from_str(text: &str) -> Result<Self, NotAnActor> {
        let id = match text.strip_prefix(UID) {
            Some(uid) => uid.parse().ok().map(Operator::id_of),
            None => text.parse().ok(),
        };
        id.map(Self).ok_or(NotAnActor)
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Operator::uid_of(self.0) {
            Some(uid) => write!(f, "{UID}{uid}"),
            None => self.0.fmt(f),
        }
    }
}

/// Whom a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The user with this number.
    Uid(u32),
    /// Users whose primary group has this number: that is all the kernel says of groups.
    Gid(u32),
}

/// A rule: who may call, and as what. Written `uid=1001 role=admin name=night-shift`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorRule {
    /// Whom it is about.
    pub who: Who,
    /// What they may do.
    pub role: Role,
    /// What they are called.
    pub name: Option<DisplayName>,
}

/// The text is no rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotARule {
    /// It is not made of these words.
    #[error("expected \"uid=1001 role=admin name=night-shift\" or \"gid=27 role=manager\"")]
    Form,
    /// There is no such built-in role.
    #[error("{0}")]
    Role(#[from] super::role::NotARole),
    /// The name cannot be shown.
    #[error("the name {0}")]
    Name(#[from] super::user::NotAName),
}

impl FromStr for OperatorRule {
    type Err = NotARule;

    fn from_str(text: &str) -> Result<Self, NotARule> {
        let (mut who, mut role, mut name) = (None, None, None);
        for (key, value) in text.split_ascii_whitespace().map(|pair| pair.split_once('=').unwrap_or_default())
        {
            let number = || value.parse().map_err(|_| NotARule::Form);
            let is_repeated = match key {
                "uid" => who.replace(Who::Uid(number()?)).is_some(),
                "gid" => who.replace(Who::Gid(number()?)).is_some(),
                "role" => role.replace(value.parse()?).is_some(),
                "name" => name.replace(DisplayName::parse(value)?).is_some(),
                _ => true,
            };
            if is_repeated {
                return Err(NotARule::Form);
            }
        }
        let (who, role) = who.zip(role).ok_or(NotARule::Form)?;
        Ok(Self { who, role, name })
    }
}

/// Everybody who may call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Operators {
    /// The user that the server runs as.
    pub own: u32,
    /// The rules for others.
    pub rules: Vec<OperatorRule>,
}

impl Operators {
    /// Who the user `uid` with the primary group `gid` is, if it may call. Root and the server's own user may read the
    /// store's files and its keys anyway, so they may do everything. A rule for the user comes before one for its group.
    pub fn find(&self, uid: u32, gid: u32) -> Option<Operator> {
        if uid == 0 || uid == self.own {
            return Some(Operator { uid, name: None, role: Role::SuperAdmin });
        }
        let of = |who| self.rules.iter().find(move |rule| rule.who == who);
        let rule = of(Who::Uid(uid)).or_else(|| of(Who::Gid(gid)))?;
        Some(Operator { uid, name: rule.name.clone(), role: rule.role })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operators(rules: &[&str]) -> Operators {
        Operators { own: 500, rules: rules.iter().map(|rule| rule.parse().unwrap()).collect() }
    }

    #[test]
    fn root_and_the_servers_own_user_may_do_everything_whatever_the_rules_say() {
        let operators = operators(&["uid=500 role=viewer", "uid=0 role=viewer", "gid=7 role=viewer"]);
        for uid in [0, 500] {
            assert_eq!(operators.find(uid, 7).unwrap().role, Role::SuperAdmin);
        }
        assert_eq!(operators.find(501, 0), None);
    }

    #[test]
    fn a_rule_for_a_user_comes_before_one_for_its_group() {
        let operators = operators(&["gid=27 role=manager name=desk", "uid=1001 role=admin"]);
        assert_eq!(operators.find(1_001, 27).unwrap().role, Role::Admin);
        let desk = operators.find(1_002, 27).unwrap();
        assert_eq!((desk.role, desk.name.unwrap().as_str()), (Role::Manager, "desk"));
        assert_eq!(operators.find(1_001, 28).unwrap().role, Role::Admin);
        assert_eq!(operators.find(1_002, 28), None);
        // A group is no user and a user is no group.
        assert_eq!(operators.find(27, 1_001), None);
    }

    #[test]
    fn a_rule_has_one_subject_one_role_and_nothing_else() {
        for bad in [
            "",
            "uid=1001",
            "role=admin",
            "uid=1001 role=root",
            "uid=-1 role=admin",
            "uid=4294967296 role=admin",
            "uid=1 gid=2 role=admin",
            "uid=1 uid=2 role=admin",
            "uid=1 role=admin role=viewer",
            "uid=1 role=admin shell=no",
            "uid=1 role=admin name=x",
            "1001 admin",
        ] {
            assert!(bad.parse::<OperatorRule>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_id_of_an_operator_is_told_from_every_other() {
        for uid in [0, 1, 1_000, u32::MAX] {
            assert_eq!(Operator::uid_of(Operator::id_of(uid)), Some(uid));
            let name = Actor(Operator::id_of(uid)).to_string();
            assert_eq!(name, format!("uid:{uid}"));
            assert_eq!(name.parse(), Ok(Actor(Operator::id_of(uid))));
        }
        let account = UserId::new(Timestamp::EPOCH, &[0xff; 10]);
        assert_eq!(Operator::uid_of(account), None);
        assert_eq!(account.to_string().parse(), Ok(Actor(account)));
        assert_eq!("uid:".parse::<Actor>(), Err(NotAnActor));
        assert_eq!("uid:-1".parse::<Actor>(), Err(NotAnActor));
    }

    #[test]
    fn nobody_can_register_the_name_of_an_operator() {
        let account = Operator { uid: 1_000, name: None, role: Role::Admin }.account();
        assert!(Username::parse(account.username.as_str()).is_err());
        assert_eq!((account.username.as_str(), account.name.as_str()), ("uid:1000", "uid:1000"));
    }
}
