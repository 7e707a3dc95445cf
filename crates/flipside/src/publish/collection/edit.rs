//! A change of a collection, written down.

use alloc::boxed::Box;
use core::fmt;

use super::Collection;
use crate::publish::Operation;

/// A change of a collection, to be made on both copies.
///
/// Made by the methods of a collection's [`Writer`](super::Writer), or by these functions for whoever passes edits on (a
/// queue, a journal, many writers).
///
/// ```
/// use std::collections::BTreeMap;
/// use flipside::publish::collection::{self, Edit};
///
/// let edits = vec![Edit::put((1, "one")), Edit::put((2, "two")), Edit::remove(1)];
/// let (mut writer, reader) = collection::new(BTreeMap::new());
/// writer.extend(edits);
/// writer.publish()?;
/// assert_eq!(*reader.read(), BTreeMap::from([(2, "two")]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Edit<C: Collection>(Kind<C>);

enum Kind<C: Collection> {
    Put(C::Item),
    Remove(C::Key),
    Clear,
    Reserve(usize),
    ShrinkToFit,
    Other(Box<dyn Step<C> + Send>),
}

impl<C: Collection> Edit<C> {
    /// Puts an item in.
    pub const fn put(item: C::Item) -> Self {
        Self(Kind::Put(item))
    }

    /// Takes the item of this key out.
    pub const fn remove(key: C::Key) -> Self {
        Self(Kind::Remove(key))
    }

    /// Takes everything out.
    #[must_use]
    pub const fn clear() -> Self {
        Self(Kind::Clear)
    }

    /// Makes room for so many more.
    #[must_use]
    pub const fn reserve(additional: usize) -> Self {
        Self(Kind::Reserve(additional))
    }

    /// Gives back what room is not needed.
    #[must_use]
    pub const fn shrink_to_fit() -> Self {
        Self(Kind::ShrinkToFit)
    }

    /// Any other operation, in a box: a closure that is called twice, one that decides
    /// ([`Decided`](crate::publish::Decided)), or a type of one's own. It does not see the extras.
    pub fn other(operation: impl Operation<C> + Send + 'static) -> Self {
        Self(Kind::Other(Box::new(operation)))
    }

    /// Puts this collection in the place of the one that is there. It is cloned once.
    pub fn replace(collection: C) -> Self
    where
        C: Send + 'static,
    {
        Self::other(Replace(collection))
    }
}

impl<C: Collection, X> Operation<C, X> for Edit<C> {
    #[inline]
    fn apply(&mut self, copy: &mut C, _: &X) {
        match &mut self.0 {
            Kind::Put(item) => copy.put(item.clone()),
            Kind::Remove(key) => copy.cut(key),
            Kind::Clear => copy.clear(),
            Kind::Reserve(additional) => copy.reserve(*additional),
            Kind::ShrinkToFit => copy.shrink_to_fit(),
            Kind::Other(step) => step.first(copy),
        }
    }

    #[inline]
    fn apply_last(mut self, copy: &mut C, extras: &X) {
        match self.0 {
            Kind::Put(item) => copy.put(item),
            Kind::Other(step) => step.last(copy),
            _ => self.apply(copy, extras),
        }
    }
}

/// An [`Operation`] as an object: `apply_last` takes the box apart.
trait Step<C> {
    fn first(&mut self, copy: &mut C);
    fn last(self: Box<Self>, copy: &mut C);
}

impl<C, O: Operation<C>> Step<C> for O {
    fn first(&mut self, copy: &mut C) {
        self.apply(copy, &());
    }

    fn last(self: Box<Self>, copy: &mut C) {
        (*self).apply_last(copy, &());
    }
}

struct Replace<C>(C);

impl<C: Clone> Operation<C> for Replace<C> {
    fn apply(&mut self, copy: &mut C, _: &()) {
        copy.clone_from(&self.0);
    }

    fn apply_last(self, copy: &mut C, _: &()) {
        *copy = self.0;
    }
}

impl<C: Collection> fmt::Debug for Edit<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Put(_) => "Put",
            Kind::Remove(_) => "Remove",
            Kind::Clear => "Clear",
            Kind::Reserve(_) => "Reserve",
            Kind::ShrinkToFit => "ShrinkToFit",
            Kind::Other(_) => "Other",
        })
    }
}
