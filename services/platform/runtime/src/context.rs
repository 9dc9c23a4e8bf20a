//! A picture that one task draws and others look at.
//!
//! Duty: share a context between its follower and the owners, and wake owners that wait for it.
//! Prohibition: the lock is held for a decision round or a stretch, never across a wait.

use crate::service::Context;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use tokio::sync::watch;

/// A context and the news that it has moved on.
pub struct Shared<C> {
    value: Arc<RwLock<C>>,
    moved: watch::Sender<u64>,
}

impl<C: Context> Shared<C> {
    /// Shares this picture.
    #[must_use]
    pub fn new(value: C) -> Self {
        Self {
            value: Arc::new(RwLock::new(value)),
            moved: watch::Sender::new(0),
        }
    }

    /// The picture itself, for readers that need no news.
    #[must_use]
    pub fn picture(&self) -> Arc<RwLock<C>> {
        Arc::clone(&self.value)
    }

    /// Looks at the picture.
    pub fn look(&self) -> RwLockReadGuard<'_, C> {
        self.value.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the picture and wakes those who wait.
    pub fn change(&self, draw: impl FnOnce(&mut C)) {
        draw(&mut self.value.write().unwrap_or_else(PoisonError::into_inner));
        self.moved
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Tells when the picture has moved on.
    #[must_use]
    pub fn news(&self) -> watch::Receiver<u64> {
        self.moved.subscribe()
    }
}
