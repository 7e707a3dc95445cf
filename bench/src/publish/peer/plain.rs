//! No sharing at all: a reference, and what a sole owner does. What nobody can be faster than.

use std::sync::Arc;

use crate::publish::role::{Enter, Peer, Reader, Write};
use crate::publish::subject::Subject;

pub(crate) enum Plain {}

#[derive(Clone)]
pub(crate) struct Owner<T>(T);
pub(crate) struct Session<'a, T>(&'a T);

impl<T: Subject> Peer<T> for Plain {
    const SHARED: bool = false;
    type Writer = Owner<T>;
    type Reader = Arc<T>;

    fn open(readers: usize) -> (Owner<T>, Vec<Arc<T>>) {
        let subject = Arc::new(T::fresh());
        (Owner(T::fresh()), vec![subject; readers])
    }
}

impl<T: Subject> Write<T> for Owner<T> {
    fn publish(&mut self, changes: impl Iterator<Item = T::Change>) {
        changes.for_each(|change| self.0.change(change));
    }
}

impl<T: Subject> Reader<T> for Arc<T> {
    type Session<'a> = Session<'a, T>;

    fn session(&mut self) -> Session<'_, T> {
        Session(self)
    }
}

impl<T> Enter<T> for Session<'_, T> {
    const GUARDS: bool = false;
    type Guard<'b>
        = &'b T
    where
        Self: 'b;

    #[inline]
    fn enter(&mut self) -> &T {
        self.0
    }
}
