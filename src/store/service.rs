//! Registered services at rest, by id.

use serde::{Deserialize, Serialize};

use super::codec::Value;
use super::{Read, Scan, StoreError, Txn, tables};
use crate::domain::id::ServiceId;
use crate::domain::service::Service;
use crate::domain::time::Timestamp;

/// A registered service as stored under its id.
#[derive(Debug, Serialize, Deserialize)]
pub struct ServiceV1 {
    name: String,
    description: Option<String>,
    created_at: i64,
    rotated_at: i64,
    hash: [u8; 32],
    former: Option<([u8; 32], i64)>,
}

impl Value for ServiceV1 {
    const VERSION: u8 = 1;
}

/// The service `id`.
pub fn by_id(read: &impl Read, id: ServiceId) -> Result<Option<Service>, StoreError> {
    Ok(read.get(&tables::SERVICES, &id)?.map(|record| to_service(id, record)))
}

/// Services, newest first, older than `after`; and whether there are more.
pub fn list(
    read: &impl Read,
    after: Option<ServiceId>,
    limit: usize,
) -> Result<(Vec<Service>, bool), StoreError> {
    let scan = Scan::all(limit).reverse();
    let scan = if let Some(after) = after { scan.before(&after) } else { scan };
    let page = read.scan(&tables::SERVICES, scan)?;
    Ok((page.rows.into_iter().map(|(id, record)| to_service(id, record)).collect(), page.more))
}

/// Stores a service, new or changed.
pub fn put(txn: &mut Txn<'_>, service: &Service) -> Result<(), StoreError> {
    let record = ServiceV1 {
        name: service.name.clone(),
        description: service.description.clone(),
        created_at: service.created_at.millis(),
        rotated_at: service.rotated_at.millis(),
        hash: service.hash,
        former: service.former.map(|(hash, until)| (hash, until.millis())),
    };
    txn.put(&tables::SERVICES, &service.id, &record)
}

/// Removes a service.
pub fn remove(txn: &mut Txn<'_>, id: ServiceId) -> Result<(), StoreError> {
    txn.remove(&tables::SERVICES, &id)
}

fn to_service(id: ServiceId, record: ServiceV1) -> Service {
    Service {
        id,
        name: record.name,
        description: record.description,
        created_at: Timestamp::from_millis(record.created_at),
        rotated_at: Timestamp::from_millis(record.rotated_at),
        hash: record.hash,
        former: record.former.map(|(hash, until)| (hash, Timestamp::from_millis(until))),
    }
}
