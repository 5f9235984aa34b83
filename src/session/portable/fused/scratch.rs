//! Memory that runs share.

use std::sync::{Mutex, MutexGuard};

use super::kernels::ByteRows;

/// The intermediate results of a run.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// `[tokens, hidden]`.
    pub(super) states: Vec<f32>,
    /// First token of each fragment, `[fragments, hidden]`.
    pub(super) first: Vec<f32>,
    /// As wide as the states.
    pub(super) context: Vec<f32>,
    /// Queries, keys and values; later the inside of the feed-forward.
    pub(super) wide: Vec<f32>,
    /// Transposed keys of a head.
    pub(super) keys: Vec<f32>,
    /// Scores of a head.
    pub(super) scores: Vec<f32>,
    /// What a product rounds, where it computes in 8-bit integers.
    pub(super) bytes: ByteRows,
}

/// Things that were used and are kept for the next user.
#[derive(Debug, Default)]
pub(super) struct Pool<T> {
    idle: Mutex<Vec<T>>,
}

impl<T: Default> Pool<T> {
    /// Runs `f` with one of the pool's things, or a new one if all are in use.
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        let mut item = self.idle().pop().unwrap_or_default();
        let result = f(&mut item);
        self.idle().push(item);
        result
    }

    fn idle(&self) -> MutexGuard<'_, Vec<T>> {
        // What a panicking thread leaves behind is a list of whole items all the same.
        self.idle
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
