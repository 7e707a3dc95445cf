//! `retain`, decided on one copy and repeated on the other.

use alloc::vec::Vec;

use super::Map;
use crate::publish::{Decide, Operation};

/// Keeps the entries for which the closure, which may change their values.
pub(super) struct Retain<F>(pub(super) F);

/// The same for a closure that only looks.
pub(super) struct RetainRef<F>(pub(super) F);

/// What one of them did.
pub(super) struct Retained<M: Map> {
    removed: Vec<M::Key>,
    /// Clones of what may have been changed.
    kept: Vec<M::Item>,
}

impl<M: Map, F: FnMut(&M::Key, &mut M::Value) -> bool> Decide<M> for Retain<F> {
    type Receipt = Retained<M>;

    fn decide(mut self, map: &mut M, _: &()) -> Retained<M> {
        let (mut removed, mut kept) = (Vec::new(), Vec::with_capacity(map.len()));
        map.retain(|key, value| {
            let keep = (self.0)(key, value);
            if keep {
                kept.push((key.clone(), value.clone()));
            } else {
                removed.push(key.clone());
            }
            keep
        });
        Retained { removed, kept }
    }
}

impl<M: Map, F: FnMut(&M::Key, &M::Value) -> bool> Decide<M> for RetainRef<F> {
    type Receipt = Retained<M>;

    fn decide(mut self, map: &mut M, _: &()) -> Retained<M> {
        let mut removed = Vec::new();
        map.retain(|key, value| {
            let keep = (self.0)(key, value);
            if !keep {
                removed.push(key.clone());
            }
            keep
        });
        Retained { removed, kept: Vec::new() }
    }
}

impl<M: Map> Operation<M> for Retained<M> {
    fn apply(&mut self, map: &mut M, _: &()) {
        self.removed.iter().for_each(|key| map.cut(key));
        for (key, value) in &self.kept {
            if let Some(old) = map.value_mut(key) {
                old.clone_from(value);
            }
        }
    }

    fn apply_last(self, map: &mut M, _: &()) {
        self.removed.iter().for_each(|key| map.cut(key));
        for (key, value) in self.kept {
            if let Some(old) = map.value_mut(&key) {
                *old = value;
            }
        }
    }
}
