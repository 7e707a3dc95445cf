//! Models of publish: what happens in every order.
//!
//! The copies are loom's cells: a read and a write of one copy that nothing orders fail the model. Version `v` is
//! published with the number `v` in it, so that a reader who sees anything else has seen an old copy, or half of one.
//!
//! Where nobody sleeps the fences of the bells are switched off: a publish has one, and would hide that another is
//! missing.

mod entering;
mod parking;
mod registering;

use std::sync::Arc;

use super::strategy::Strategy;
use super::{Buffer, Offline, Reader, raw};
use crate::substrate::model::Quiet;

/// A copy.
#[derive(Debug)]
struct Copy(loom::cell::UnsafeCell<u64>);

// SAFETY: loom watches the accesses, and fails the model if two of them are not ordered.
unsafe impl Sync for Copy {}

impl Copy {
    fn new() -> Self {
        Self(loom::cell::UnsafeCell::new(0))
    }

    fn get(&self) -> u64 {
        // SAFETY: as for `Sync`.
        self.0.with(|value| unsafe { *value })
    }

    fn set(&mut self, to: u64) {
        // SAFETY: as for `Sync`.
        self.0.with_mut(|value| unsafe { *value = to });
    }
}

type Shared<S> = Arc<Buffer<Copy, (), S>>;

fn shared<S: Strategy>(strategy: S) -> Quiet<Shared<S>> {
    Quiet::new(Arc::new(Buffer::with(strategy, [Copy::new(), Copy::new()], (), ())))
}

fn writer<S: Strategy>(shared: &Quiet<Shared<S>>) -> Quiet<raw::Writer<Shared<S>>> {
    Quiet::new(raw::Writer::new(Arc::clone(shared)).unwrap())
}

/// Publishes the next version, if nobody is in the way.
fn publish<S: Strategy>(writer: &mut raw::Writer<Shared<S>>) -> bool {
    let next = writer.version() + 1;
    let Ok(back) = writer.try_back() else { return false };
    back.set(next);
    assert_eq!(writer.try_publish(), Ok(next), "the back was vacant and stays so");
    true
}

/// Reads the newest version, which is `least` or a newer one.
fn read<S: Strategy>(reader: &Reader<Shared<S>>, least: u64) -> u64 {
    let guard = reader.read();
    let version = super::ReadGuard::version(&guard);
    assert_eq!(guard.get(), version, "another version than it says");
    assert!(version >= least, "versions went back");
    version
}

/// Reads `times` through a reader that is made here.
fn reads<S: Strategy>(shared: Quiet<Shared<S>>, times: usize) {
    let reader = Quiet::new(Reader::new(shared.into_inner()).unwrap());
    let mut least = 0;
    for _ in 0..times {
        least = read(&reader, least);
    }
}

/// Goes online, and acknowledges `times`.
fn pins<S: Strategy>(shared: Quiet<Shared<S>>, times: usize) {
    let mut pinned = Quiet::new(Offline::new(shared.into_inner()).unwrap().online());
    assert_eq!(pinned.get().get(), pinned.version());
    for _ in 0..times {
        pinned.refresh();
        assert_eq!(pinned.get().get(), pinned.version(), "another version than it says");
    }
}
