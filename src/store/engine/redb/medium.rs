//! The storage under redb: the file itself, or the file with a layer in memory that takes the writes.
//! Knows nothing of what is stored.

use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::sync::{Mutex, PoisonError};

use redb::{BackendError, StorageBackend};

const BLOCK: u64 = 4096;

/// Storage for redb.
#[derive(Debug)]
pub(super) struct Medium {
    storage: Box<dyn StorageBackend>,
    layer: Option<Mutex<Layer>>,
}

/// Blocks that were written over the storage, and the length that it would have.
#[derive(Default)]
struct Layer {
    blocks: BTreeMap<u64, Vec<u8>>,
    len: Option<u64>,
}

/// Shows no content.
impl std::fmt::Debug for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Layer").field("blocks", &self.blocks.len()).finish_non_exhaustive()
    }
}

impl Medium {
    /// The storage itself.
    pub fn direct(storage: Box<dyn StorageBackend>) -> Self {
        Self { storage, layer: None }
    }

    /// The storage, never written to: writes stay in memory. redb writes a few pages when it recovers.
    pub fn sheltered(storage: Box<dyn StorageBackend>) -> Self {
        Self { storage, layer: Some(Mutex::default()) }
    }

    fn block(&self, layer: &Layer, block: u64) -> io::Result<Vec<u8>> {
        if let Some(bytes) = layer.blocks.get(&block) {
            return Ok(bytes.clone());
        }
        let mut bytes = vec![0; to_usize(BLOCK)?];
        let start = block * BLOCK;
        let there = self.storage.len()?.saturating_sub(start).min(BLOCK);
        self.storage.read(start, bytes.split_at_mut(to_usize(there)?).0)?;
        Ok(bytes)
    }
}

impl StorageBackend for Medium {
    fn len(&self) -> io::Result<u64> {
        let written = self.layer.as_ref().and_then(|layer| lock(layer).len);
        written.map_or_else(|| self.storage.len(), Ok)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let Some(layer) = &self.layer else { return self.storage.read(offset, out) };
        let layer = lock(layer);
        let mut offset = offset;
        let mut out = out;
        while !out.is_empty() {
            let block = self.block(&layer, offset / BLOCK)?;
            let from = block.get(to_usize(offset % BLOCK)?..).unwrap_or_default();
            let (now, rest) = out.split_at_mut(from.len().min(out.len()));
            now.copy_from_slice(from.split_at(now.len()).0);
            offset += u64::try_from(now.len()).map_err(io::Error::other)?;
            out = rest;
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let Some(layer) = &self.layer else { return self.storage.set_len(len) };
        lock(layer).len = Some(len);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.layer.is_some() { Ok(()) } else { self.storage.sync_data() }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let Some(layer) = &self.layer else { return self.storage.write(offset, data) };
        let mut layer = lock(layer);
        let mut offset = offset;
        let mut data = data;
        while !data.is_empty() {
            let mut block = self.block(&layer, offset / BLOCK)?;
            let to = block.get_mut(to_usize(offset % BLOCK)?..).unwrap_or_default();
            let (now, rest) = data.split_at(to.len().min(data.len()));
            to.split_at_mut(now.len()).0.copy_from_slice(now);
            layer.blocks.insert(offset / BLOCK, block);
            offset += u64::try_from(now.len()).map_err(io::Error::other)?;
            data = rest;
        }
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.storage.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.storage.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.storage.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.storage.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.storage.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.storage.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.storage.query_lock_range(start, end)
    }
}

fn lock(layer: &Mutex<Layer>) -> std::sync::MutexGuard<'_, Layer> {
    layer.lock().unwrap_or_else(PoisonError::into_inner)
}

fn to_usize(bytes: u64) -> io::Result<usize> {
    usize::try_from(bytes).map_err(io::Error::other)
}
