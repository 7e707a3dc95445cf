//! tokio's watch channel: an RwLock and a version.

use tokio::sync::watch::{self, Receiver, Ref, Sender};

use crate::publish::role::{Enter, Peer, Reader, Write};
use crate::publish::subject::Subject;

pub(crate) enum Watch {}

pub(crate) struct Session<'a, T>(&'a Receiver<T>);

impl<T: Subject> Peer<T> for Watch {
    type Writer = Sender<T>;
    type Reader = Receiver<T>;

    fn open(readers: usize) -> (Sender<T>, Vec<Receiver<T>>) {
        let (writer, reader) = watch::channel(T::fresh());
        (writer, vec![reader; readers])
    }
}

impl<T: Subject> Write<T> for Sender<T> {
    fn publish(&mut self, changes: impl Iterator<Item = T::Change>) {
        self.send_modify(|subject| changes.for_each(|change| subject.change(change)));
    }
}

impl<T: Subject> Reader<T> for Receiver<T> {
    type Session<'a> = Session<'a, T>;

    fn session(&mut self) -> Session<'_, T> {
        Session(self)
    }
}

impl<T> Enter<T> for Session<'_, T> {
    type Guard<'b>
        = Ref<'b, T>
    where
        Self: 'b;

    #[inline]
    fn enter(&mut self) -> Ref<'_, T> {
        self.0.borrow()
    }
}
