//! left-right. Its changes are plain data, so the second copy takes them as the first does.

use std::ops::Deref;

use left_right::{Absorb, ReadGuard, ReadHandle, WriteHandle};

use crate::publish::role::{Enter, Peer, Reader, Write};
use crate::publish::subject::Subject;

pub(crate) enum LeftRight {}

/// One of the two copies: our own type, so that it may implement their trait.
#[derive(Clone)]
pub(crate) struct Copy<T>(T);

pub(crate) struct Writer<T: Subject>(WriteHandle<Copy<T>, T::Change>);
pub(crate) struct Session<'a, T>(&'a ReadHandle<Copy<T>>);
pub(crate) struct Entered<'a, T>(ReadGuard<'a, Copy<T>>);

impl<T: Subject> Absorb<T::Change> for Copy<T> {
    #[inline]
    fn absorb_first(&mut self, change: &mut T::Change, _other: &Self) {
        self.0.change(*change);
    }

    #[inline]
    fn absorb_second(&mut self, change: T::Change, _other: &Self) {
        self.0.change(change);
    }

    fn sync_with(&mut self, first: &Self) {
        self.0.clone_from(&first.0);
    }
}

impl<T: Subject> Peer<T> for LeftRight {
    type Writer = Writer<T>;
    type Reader = ReadHandle<Copy<T>>;

    fn open(readers: usize) -> (Writer<T>, Vec<ReadHandle<Copy<T>>>) {
        let (mut writer, reader) = left_right::new_from_empty(Copy(T::fresh()));
        // The first publish copies everything; that is nobody's batch.
        writer.publish();
        writer.publish();
        (Writer(writer), vec![reader; readers])
    }
}

impl<T: Subject> Write<T> for Writer<T> {
    fn publish(&mut self, changes: impl Iterator<Item = T::Change>) {
        self.0.extend(changes);
        self.0.publish();
    }

    fn settle(&mut self) {
        self.0.publish();
    }
}

impl<T: Subject> Reader<T> for ReadHandle<Copy<T>> {
    type Session<'a> = Session<'a, T>;

    fn session(&mut self) -> Session<'_, T> {
        Session(self)
    }
}

impl<T> Enter<T> for Session<'_, T> {
    type Guard<'b>
        = Entered<'b, T>
    where
        Self: 'b;

    #[inline]
    fn enter(&mut self) -> Entered<'_, T> {
        Entered(self.0.enter().expect("the writer lives on"))
    }
}

impl<T> Deref for Entered<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0.0
    }
}
