//! Who follows the feed: how many streams are open, and when all of them end. Knows nothing of what they carry.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::domain::feed::StreamPolicy;
use crate::domain::id::UserId;

/// The streams that are open.
#[derive(Debug)]
pub struct Streams {
    policy: StreamPolicy,
    open: Mutex<Open>,
    refused: AtomicU64,
    closing: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_user: HashMap<UserId, usize>,
}

/// Why there is no room for another stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoRoom {
    /// The account has as many as it may have.
    #[error("the account follows too many streams")]
    OfUser,
    /// The server has, or it is about to end.
    #[error("the server carries too many streams")]
    OfServer,
}

/// The place of an open stream, free again when it is dropped.
#[derive(Debug)]
pub struct Place {
    streams: Arc<Streams>,
    user: UserId,
}

impl Streams {
    /// None, under `policy`.
    pub fn new(policy: StreamPolicy) -> Self {
        let (open, refused) = (Mutex::default(), AtomicU64::new(0));
        Self { policy, open, refused, closing: watch::Sender::new(false) }
    }

    /// The rules.
    pub const fn policy(&self) -> &StreamPolicy {
        &self.policy
    }

    /// Takes a place for a stream of `user`.
    pub fn take(self: &Arc<Self>, user: UserId) -> Result<Place, NoRoom> {
        let taken = self.try_take(user);
        if taken.is_err() {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }

    fn try_take(self: &Arc<Self>, user: UserId) -> Result<Place, NoRoom> {
        let mut open = self.lock();
        if *self.closing.borrow() || open.all >= self.policy.max_streams {
            return Err(NoRoom::OfServer);
        }
        if open.by_user.get(&user).is_some_and(|own| *own >= self.policy.max_streams_per_user) {
            return Err(NoRoom::OfUser);
        }
        open.all = open.all.saturating_add(1);
        let own = open.by_user.entry(user).or_default();
        *own = own.saturating_add(1);
        Ok(Place { streams: self.clone(), user })
    }

    /// Ends all streams, and lets no other begin.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Turns true when all streams shall end.
    pub fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// How many are open.
    pub fn open(&self) -> usize {
        self.lock().all
    }

    /// How many found no room.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.lock();
        open.all = open.all.saturating_sub(1);
        if let Some(own) = open.by_user.get_mut(&self.user) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                open.by_user.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_stream_ends_and_nobody_takes_them_all() {
        let policy =
            StreamPolicy { max_streams: 3, max_streams_per_user: 2, heartbeat: Duration::from_secs(15) };
        let streams = Arc::new(Streams::new(policy));
        let [ada, eve] = [1, 2].map(|id| UserId::from_bytes([id; 16]));
        let (first, _second) = (streams.take(ada).unwrap(), streams.take(ada).unwrap());
        assert_eq!(streams.take(ada).unwrap_err(), NoRoom::OfUser);
        let _of_eve = streams.take(eve).unwrap();
        assert_eq!(streams.take(eve).unwrap_err(), NoRoom::OfServer);
        drop(first);
        let third = streams.take(ada).unwrap();
        assert_eq!((streams.open(), streams.refused()), (3, 2));
        streams.close();
        drop(third);
        assert_eq!(streams.take(ada).unwrap_err(), NoRoom::OfServer);
        assert!(*streams.closing().borrow());
        assert_eq!(streams.lock().by_user.len(), 2);
    }
}
