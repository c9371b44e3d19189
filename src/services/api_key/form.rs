//! What the owner of an API key may say of it. Knows no store.

use std::time::Duration;

use ipnet::IpNet;

use crate::domain::api_key::{self, ApiKey, KeyFault};
use crate::domain::limit::Budget;
use crate::domain::permission::Scope;

/// What the owner says of a key; of a new one, or what to change. Absent is the usual, or stays.
#[derive(Debug, Clone, Default)]
pub struct KeyForm {
    /// What to call it.
    pub name: Option<String>,
    /// What to say of it; empty: nothing.
    pub description: Option<String>,
    /// What it asks for.
    pub scopes: Option<Vec<String>>,
    /// Where it may be used from; empty: from anywhere.
    pub networks: Option<Vec<String>>,
    /// How many requests in how many seconds.
    pub rate: Option<(u32, u32)>,
}

/// A form whose fields are well-formed.
#[derive(Clone)]
pub(super) struct Change {
    pub(super) name: Option<String>,
    description: Option<String>,
    pub(super) scopes: Option<Vec<Scope>>,
    networks: Option<Vec<IpNet>>,
    rate: Option<Budget>,
}

impl Change {
    /// Checks every field that is there.
    pub(super) fn read(form: &KeyForm) -> Result<Self, KeyFault> {
        let budget = |(count, seconds): (u32, u32)| Budget::new(count, Duration::from_secs(seconds.into()));
        Ok(Self {
            name: form.name.as_deref().map(api_key::parse_name).transpose()?,
            description: form.description.as_deref().map(api_key::parse_description).transpose()?,
            scopes: form.scopes.as_deref().map(api_key::parse_scopes).transpose()?,
            networks: form.networks.as_deref().map(api_key::parse_networks).transpose()?,
            rate: form.rate.map(budget).transpose().map_err(|_| KeyFault::Rate)?,
        })
    }

    /// Changes `key`.
    pub(super) fn apply(&self, key: &mut ApiKey) {
        let Self { name, description, scopes, networks, rate } = self.clone();
        key.name = name.unwrap_or_else(|| key.name.clone());
        key.description = match description {
            Some(text) => Some(text).filter(|text| !text.is_empty()),
            None => key.description.take(),
        };
        key.scopes = scopes.unwrap_or_else(|| key.scopes.clone());
        key.networks = networks.unwrap_or_else(|| key.networks.clone());
        key.rate = rate.or(key.rate);
    }

    /// The fields that are there.
    pub(super) fn names(&self) -> String {
        let names = [
            ("name", self.name.is_some()),
            ("description", self.description.is_some()),
            ("scopes", self.scopes.is_some()),
            ("ip_allowlist", self.networks.is_some()),
            ("rate_limit", self.rate.is_some()),
        ];
        names
            .into_iter()
            .filter(|(_, is_there)| *is_there)
            .map(|(name, _)| name)
            .collect::<Vec<_>>()
            .join(" ")
    }
}
