//! Whoever has one writer, shared as its users share it: the writer lies under std's Mutex, and each change is published
//! before the next one gets in.

use std::marker::PhantomData;
use std::sync::{Arc, Mutex};

use crate::publish::role::{Peer, Write};
use crate::publish::subject::Subject;

pub(crate) struct Mutexed<P>(PhantomData<P>);

pub(crate) struct Locked<W>(Arc<Mutex<W>>);

impl<W> Clone for Locked<W> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Subject, P: Peer<T>> Peer<T> for Mutexed<P> {
    const SHARED: bool = P::SHARED;
    const READERS: usize = P::READERS;
    type Writer = Locked<P::Writer>;
    type Reader = P::Reader;

    fn open(readers: usize) -> (Self::Writer, Vec<Self::Reader>) {
        let (writer, readers) = P::open(readers);
        (Locked(Arc::new(Mutex::new(writer))), readers)
    }
}

impl<T: Subject, W: Write<T>> Write<T> for Locked<W> {
    fn publish(&mut self, changes: impl Iterator<Item = T::Change>) {
        self.0.lock().expect("nobody panics").publish(changes);
    }

    fn settle(&mut self) {
        self.0.lock().expect("nobody panics").settle();
    }
}
