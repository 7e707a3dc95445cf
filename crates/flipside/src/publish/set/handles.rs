//! What the writer and the readers of every set have.

use alloc::vec::Vec;

use super::{Lookup, Set};
#[cfg(feature = "std")]
use crate::publish::PublishError;
use crate::publish::collection::Edit;
use crate::publish::{Decide, Operation, ReadGuard, Reader, Shared, SharedLog, Strategy, Writer};

/// Keeps the items for which the closure, and leaves the others as a receipt.
pub(super) struct Retain<F>(pub(super) F);

/// The items that were removed.
pub(super) struct Removed<T>(Vec<T>);

impl<C: Set, F: FnMut(&C::Key) -> bool> Decide<C> for Retain<F> {
    type Receipt = Removed<C::Key>;

    fn decide(mut self, set: &mut C, _: &()) -> Removed<C::Key> {
        let mut removed = Vec::new();
        set.retain(|item| {
            let keep = (self.0)(item);
            if !keep {
                removed.push(item.clone());
            }
            keep
        });
        Removed(removed)
    }
}

impl<C: Set> Operation<C> for Removed<C::Key> {
    fn apply(&mut self, set: &mut C, _: &()) {
        self.0.iter().for_each(|item| set.cut(item));
    }
}

/// For every [`Set`].
impl<C: Set, St: Strategy, X> Writer<SharedLog<C, Edit<C>, St, X>> {
    /// Whether an item is in, with all that was written down. Waits as [`latest`](Self::latest) does; `latest` itself has
    /// the rest of the set's methods, and `try_latest` does not wait.
    ///
    /// # Errors
    ///
    /// As [`latest`](Self::latest).
    ///
    /// # Panics
    ///
    /// If an edit does.
    #[cfg(feature = "std")]
    pub fn contains<Q: ?Sized>(&mut self, key: &Q) -> Result<bool, PublishError>
    where
        C: Lookup<Q>,
    {
        self.latest().map(|set| set.item(key).is_some())
    }
}

/// For every [`Set`], whoever writes it: a log, or a [`value`](crate::publish::value()) that is replaced.
impl<C: Set, L, St: Strategy, X> Reader<Shared<C, L, St, X>> {
    /// Whether the newest version has an item. It may be outdated at once.
    #[inline]
    pub fn contains<Q: ?Sized>(&self, key: &Q) -> bool
    where
        C: Lookup<Q>,
    {
        self.read().item(key).is_some()
    }

    /// A guard of the item that equals `key`.
    pub fn item<Q: ?Sized>(&self, key: &Q) -> Option<ReadGuard<'_, C::Key, St>>
    where
        C: Lookup<Q>,
    {
        ReadGuard::try_map(self.read(), |set| set.item(key)).ok()
    }
}
