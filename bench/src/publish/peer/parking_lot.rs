//! parking_lot's RwLock. A batch is one critical section.

use std::sync::Arc;

use parking_lot::{RwLock, RwLockReadGuard};

use crate::publish::role::{Enter, Peer, Reader, Write};
use crate::publish::subject::Subject;

pub(crate) enum ParkingLot {}

#[derive(Clone)]
pub(crate) struct Handle<T>(Arc<RwLock<T>>);
pub(crate) struct Session<'a, T>(&'a RwLock<T>);

impl<T: Subject> Peer<T> for ParkingLot {
    type Writer = Handle<T>;
    type Reader = Handle<T>;

    fn open(readers: usize) -> (Handle<T>, Vec<Handle<T>>) {
        let lock = Arc::new(RwLock::new(T::fresh()));
        (Handle(lock.clone()), (0..readers).map(|_| Handle(lock.clone())).collect())
    }
}

impl<T: Subject> Write<T> for Handle<T> {
    fn publish(&mut self, changes: impl Iterator<Item = T::Change>) {
        let mut guard = self.0.write();
        changes.for_each(|change| guard.change(change));
    }
}

impl<T: Subject> Reader<T> for Handle<T> {
    type Session<'a> = Session<'a, T>;

    fn session(&mut self) -> Session<'_, T> {
        Session(&self.0)
    }
}

impl<T> Enter<T> for Session<'_, T> {
    type Guard<'b>
        = RwLockReadGuard<'b, T>
    where
        Self: 'b;

    #[inline]
    fn enter(&mut self) -> RwLockReadGuard<'_, T> {
        self.0.read()
    }
}
