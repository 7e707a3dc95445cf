//! arc-swap: the writer clones what is there, changes the clone, and stores it. Read by `load`, or through a
//! `Cache`.

use std::ops::Deref;
use std::sync::Arc;

use arc_swap::{ArcSwap, Cache, Guard};

use crate::publish::role::{Enter, Peer, Reader, Write};
use crate::publish::subject::Subject;

/// Read by `load`.
pub(crate) enum Load {}
/// Read through a `Cache`.
pub(crate) enum Cached {}

pub(crate) struct Writer<T>(Arc<ArcSwap<T>>);
pub(crate) struct Loader<T>(Arc<ArcSwap<T>>);
pub(crate) struct Cacher<T>(Arc<ArcSwap<T>>);
pub(crate) struct Loads<'a, T>(&'a ArcSwap<T>);
pub(crate) struct Caches<'a, T>(Cache<&'a ArcSwap<T>, Arc<T>>);
/// The guard, which is one of the `Arc`, as one of the subject.
pub(crate) struct Loaded<T>(Guard<Arc<T>>);

impl<T: Subject> Peer<T> for Load {
    type Writer = Writer<T>;
    type Reader = Loader<T>;

    fn open(readers: usize) -> (Writer<T>, Vec<Loader<T>>) {
        let swap = Arc::new(ArcSwap::from_pointee(T::fresh()));
        (Writer(swap.clone()), (0..readers).map(|_| Loader(swap.clone())).collect())
    }
}

impl<T: Subject> Peer<T> for Cached {
    type Writer = Writer<T>;
    type Reader = Cacher<T>;

    fn open(readers: usize) -> (Writer<T>, Vec<Cacher<T>>) {
        let swap = Arc::new(ArcSwap::from_pointee(T::fresh()));
        (Writer(swap.clone()), (0..readers).map(|_| Cacher(swap.clone())).collect())
    }
}

impl<T: Subject> Write<T> for Writer<T> {
    fn publish(&mut self, changes: impl Iterator<Item = T::Change>) {
        let mut next = T::clone(&self.0.load());
        changes.for_each(|change| next.change(change));
        self.0.store(Arc::new(next));
    }
}

impl<T: Subject> Reader<T> for Loader<T> {
    type Session<'a> = Loads<'a, T>;

    fn session(&mut self) -> Loads<'_, T> {
        Loads(&self.0)
    }
}

impl<T: Subject> Reader<T> for Cacher<T> {
    type Session<'a> = Caches<'a, T>;

    fn session(&mut self) -> Caches<'_, T> {
        Caches(Cache::new(&self.0))
    }
}

impl<T> Enter<T> for Loads<'_, T> {
    type Guard<'b>
        = Loaded<T>
    where
        Self: 'b;

    #[inline]
    fn enter(&mut self) -> Loaded<T> {
        Loaded(self.0.load())
    }
}

impl<T> Enter<T> for Caches<'_, T> {
    const GUARDS: bool = false;
    type Guard<'b>
        = &'b T
    where
        Self: 'b;

    #[inline]
    fn enter(&mut self) -> &T {
        self.0.load()
    }
}

impl<T> Deref for Loaded<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}
