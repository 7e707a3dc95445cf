//! Ours, as most people will use it: the collection `publish::map`, its writer alone or shared by many threads. (In
//! `flipside` there is the log under it, with operations made for the bench.)

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

use flipside::publish::strategy::Asymmetric;
use flipside::publish::{Policy, SharedWriter, collection, map};
use rustc_hash::FxBuildHasher;

use super::flipside::Way;
use crate::publish::role::{Ask, Peer, Reader, Write};
use crate::publish::subject::{ENTRIES, Map, MapChange, NOTHING, Subject};

/// The map with one writer, whose values are these.
pub(crate) struct Collected<V>(PhantomData<V>);
/// The map whose writer all threads share. It publishes every call, or every so many.
pub(crate) struct Shared<S, const EVERY: usize>(PhantomData<S>);

type MapWriter<V, S> = map::Writer<u64, V, FxBuildHasher, S>;
type MapReader<V, S> = map::Reader<u64, V, FxBuildHasher, S>;

pub(crate) struct One<V: Clone, S: Way>(MapWriter<V, S>);
pub(crate) struct Many<S: Way, const EVERY: usize>(map::SharedWriter<u64, u64, FxBuildHasher, S>);
pub(crate) struct Looker<V: Clone, S: Way>(MapReader<V, S>);
pub(crate) struct Session<'a, V: Clone, S: Way>(&'a MapReader<V, S>);

/// A value as it lies in the map: in each copy, or once for both.
pub(crate) trait Item: Clone + Send + Sync + 'static {
    fn new(value: u64) -> Self;
    fn value(&self) -> u64;
}

impl Item for u64 {
    fn new(value: u64) -> Self {
        value
    }

    #[inline]
    fn value(&self) -> u64 {
        *self
    }
}

impl Item for Arc<u64> {
    fn new(value: u64) -> Self {
        Self::new(value)
    }

    #[inline]
    fn value(&self) -> u64 {
        **self
    }
}

fn open<V: Item, S: Way>(readers: usize) -> (One<V, S>, Vec<Looker<V, S>>) {
    let empty = HashMap::with_capacity_and_hasher(ENTRIES, FxBuildHasher);
    let (writer, reader) = collection::with(S::default(), empty, ());
    let mut writer = One(writer);
    writer.publish((0..ENTRIES as u64).map(|key| <Map>::put(key, 0)));
    writer.settle();
    (writer, (0..readers).map(|_| Looker(reader.clone())).collect())
}

impl<V: Item> Peer<Map> for Collected<V> {
    type Writer = One<V, Asymmetric>;
    type Reader = Looker<V, Asymmetric>;

    fn open(readers: usize) -> (Self::Writer, Vec<Self::Reader>) {
        open(readers)
    }
}

impl<S: Way, const EVERY: usize> Peer<Map> for Shared<S, EVERY> {
    type Writer = Many<S, EVERY>;
    type Reader = Looker<u64, S>;

    fn open(readers: usize) -> (Self::Writer, Vec<Self::Reader>) {
        let (writer, readers) = open(readers);
        let policy = if EVERY == 1 { Policy::EveryCall } else { Policy::Every(EVERY) };
        (Many(SharedWriter::with_policy(writer.0, policy)), readers)
    }
}

impl<V: Item, S: Way> Write<Map> for One<V, S> {
    fn publish(&mut self, changes: impl Iterator<Item = MapChange>) {
        for change in changes {
            match change {
                MapChange::Insert(key, value) => self.0.insert(key, V::new(value)),
                MapChange::Remove(key) => self.0.remove(key),
            }
        }
        self.0.publish().expect("nobody panics, nor reads on this thread meanwhile");
    }

    fn settle(&mut self) {
        self.0.publish_both().expect("nobody panics, nor reads on this thread meanwhile");
    }
}

impl<S: Way, const EVERY: usize> Clone for Many<S, EVERY> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: Way, const EVERY: usize> Write<Map> for Many<S, EVERY> {
    const PROMPT: bool = EVERY == 1;

    fn publish(&mut self, changes: impl Iterator<Item = MapChange>) {
        for change in changes {
            let done = match change {
                MapChange::Insert(key, value) => self.0.insert(key, value),
                MapChange::Remove(key) => self.0.remove(key),
            };
            done.expect("nobody panics, nor reads on this thread meanwhile");
        }
    }

    fn settle(&mut self) {
        self.0.publish().expect("nobody panics, nor reads on this thread meanwhile");
    }
}

impl<V: Item, S: Way> Reader<Map> for Looker<V, S> {
    type Session<'a> = Session<'a, V, S>;

    fn session(&mut self) -> Session<'_, V, S> {
        Session(&self.0)
    }
}

impl<V: Item, S: Way> Ask<Map> for Session<'_, V, S> {
    const ONE_VERSION: bool = true;
    const GUARDS: bool = true;

    #[inline]
    fn ask(&mut self, key: u64) -> u64 {
        self.0.get_with(&key, V::value).unwrap_or(NOTHING)
    }

    fn ask_two(&mut self, keys: [u64; 2]) -> [u64; 2] {
        let guard = self.0.read();
        keys.map(|key| guard.get(&key).map_or(NOTHING, V::value))
    }

    fn hold(&mut self, meanwhile: impl FnOnce()) {
        let guard = self.0.read();
        meanwhile();
        drop(guard);
    }
}
