//! What the writer and the readers of every collection have.

use super::{Collection, Edit};
#[cfg(feature = "std")]
use crate::publish::PublishError;
use crate::publish::{Reader, Shared, SharedLog, Strategy, Writer};

/// For every [`Collection`]. Nothing here waits, but for what says so.
impl<C: Collection, St: Strategy, X> Writer<SharedLog<C, Edit<C>, St, X>> {
    /// Puts all these items in. What [`extend`](Self::extend) is for edits.
    ///
    /// ```
    /// use flipside::publish::map;
    ///
    /// let (mut squares, reader) = map::new();
    /// squares.put_all((1..=3).map(|n| (n, n * n)));
    /// squares.publish()?;
    /// assert_eq!(reader.get_cloned(&3), Some(9));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn put_all(&mut self, items: impl IntoIterator<Item = C::Item>) {
        let items = items.into_iter();
        self.expect(&items);
        items.for_each(|item| self.push_with(|| Edit::put(item)));
    }

    /// Takes the item of this key out, if there is one.
    pub fn remove(&mut self, key: C::Key) {
        self.push_with(|| Edit::remove(key));
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        self.push(Edit::clear());
    }

    /// Makes room for so many more items, in both copies.
    pub fn reserve(&mut self, additional: usize) {
        self.push(Edit::reserve(additional));
    }

    /// Gives back what room is not needed, in both copies.
    pub fn shrink_to_fit(&mut self) {
        self.push(Edit::shrink_to_fit());
    }

    /// Puts this collection in the place of the one that is there, in one step for readers. It is cloned once.
    pub fn replace(&mut self, collection: C)
    where
        C: Send + 'static,
    {
        self.push(Edit::replace(collection));
    }

    /// Any other change: a closure that is called twice, once for each copy, and both times must come to the same. (For
    /// one that decides by something else than the copy there is [`Edit::other`].)
    ///
    /// ```
    /// use flipside::publish::ordered;
    ///
    /// let (mut queue, reader) = ordered::new();
    /// queue.put_all([(1, "a"), (2, "b")]);
    /// queue.change(|queue| queue.pop_first());
    /// queue.publish()?;
    /// assert_eq!(reader.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn change<R>(&mut self, mut change: impl FnMut(&mut C) -> R + Send + 'static) {
        // What it returns is for nobody: it is called twice, and later.
        self.push(Edit::other(move |copy: &mut C, (): &()| drop(change(copy))));
    }

    /// How many items there are, with all that was written down. Waits as [`latest`](Self::latest) does.
    ///
    /// # Errors
    ///
    /// As [`latest`](Self::latest).
    ///
    /// # Panics
    ///
    /// If an edit does.
    #[cfg(feature = "std")]
    pub fn len(&mut self) -> Result<usize, PublishError> {
        self.latest().map(C::len)
    }

    /// Whether there are none, with all that was written down. Waits as [`latest`](Self::latest) does.
    ///
    /// # Errors
    ///
    /// As [`latest`](Self::latest).
    ///
    /// # Panics
    ///
    /// If an edit does.
    #[cfg(feature = "std")]
    pub fn is_empty(&mut self) -> Result<bool, PublishError> {
        self.latest().map(C::is_empty)
    }

    /// All that there is, cloned, with all that was written down; nothing is left. (To have it without a clone, replace
    /// the collection, or take it out of the buffer with [`into_inner`](Self::into_inner).) Waits as
    /// [`latest`](Self::latest) does.
    ///
    /// # Errors
    ///
    /// As [`latest`](Self::latest); then nothing has changed.
    ///
    /// # Panics
    ///
    /// If an edit or `clone` does.
    #[cfg(feature = "std")]
    pub fn take_all(&mut self) -> Result<C, PublishError> {
        let all = self.latest()?.clone();
        self.clear();
        Ok(all)
    }
}

/// For every [`Collection`].
impl<C: Collection, L, St: Strategy, X> Reader<Shared<C, L, St, X>> {
    /// How many items the newest version has. It may be outdated at once: for more than one question take a guard.
    pub fn len(&self) -> usize {
        self.read().len()
    }

    /// Whether the newest version has none. It may be outdated at once.
    pub fn is_empty(&self) -> bool {
        self.read().is_empty()
    }
}
