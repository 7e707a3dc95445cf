//! papaya: no versions, each change is visible at once. Pinned for each question, or once for all.

use std::sync::Arc;

use papaya::{HashMap, HashMapRef, LocalGuard};
use rustc_hash::FxBuildHasher;

use crate::publish::role::{Ask, Peer, Reader, Write};
use crate::publish::subject::{ENTRIES, Map, MapChange, NOTHING, Subject};

type Shared = HashMap<u64, u64, FxBuildHasher>;

/// Pinned for each question.
pub(crate) enum Papaya {}
/// Pinned once for all.
pub(crate) enum Held {}

#[derive(Clone)]
pub(crate) struct Writer(Arc<Shared>);
pub(crate) struct Pinner(Arc<Shared>);
pub(crate) struct Holder(Arc<Shared>);
pub(crate) struct Pins<'a>(&'a Shared);
pub(crate) struct Holds<'a>(HashMapRef<'a, u64, u64, FxBuildHasher, LocalGuard<'a>>);

fn shared() -> (Writer, Arc<Shared>) {
    let map = Arc::new(HashMap::with_capacity_and_hasher(ENTRIES, FxBuildHasher));
    let mut writer = Writer(map.clone());
    writer.publish((0..ENTRIES as u64).map(|key| <Map>::put(key, 0)));
    (writer, map)
}

impl Peer<Map> for Papaya {
    type Writer = Writer;
    type Reader = Pinner;

    fn open(readers: usize) -> (Writer, Vec<Pinner>) {
        let (writer, map) = shared();
        (writer, (0..readers).map(|_| Pinner(map.clone())).collect())
    }
}

impl Peer<Map> for Held {
    type Writer = Writer;
    type Reader = Holder;

    fn open(readers: usize) -> (Writer, Vec<Holder>) {
        let (writer, map) = shared();
        (writer, (0..readers).map(|_| Holder(map.clone())).collect())
    }
}

impl Write<Map> for Writer {
    fn publish(&mut self, changes: impl Iterator<Item = MapChange>) {
        let map = self.0.pin();
        for change in changes {
            match change {
                MapChange::Insert(key, value) => map.insert(key, value),
                MapChange::Remove(key) => map.remove(&key),
            };
        }
    }
}

impl Reader<Map> for Pinner {
    type Session<'a> = Pins<'a>;

    fn session(&mut self) -> Pins<'_> {
        Pins(&self.0)
    }
}

impl Reader<Map> for Holder {
    type Session<'a> = Holds<'a>;

    fn session(&mut self) -> Holds<'_> {
        Holds(self.0.pin())
    }
}

impl Ask<Map> for Pins<'_> {
    const ONE_VERSION: bool = false;
    const GUARDS: bool = true;

    #[inline]
    fn ask(&mut self, key: u64) -> u64 {
        self.0.pin().get(&key).copied().unwrap_or(NOTHING)
    }

    fn ask_two(&mut self, keys: [u64; 2]) -> [u64; 2] {
        keys.map(|key| self.ask(key))
    }

    fn hold(&mut self, meanwhile: impl FnOnce()) {
        let guard = self.0.pin();
        meanwhile();
        drop(guard);
    }
}

impl Ask<Map> for Holds<'_> {
    const ONE_VERSION: bool = false;
    const GUARDS: bool = true;

    #[inline]
    fn ask(&mut self, key: u64) -> u64 {
        self.0.get(&key).copied().unwrap_or(NOTHING)
    }

    fn ask_two(&mut self, keys: [u64; 2]) -> [u64; 2] {
        keys.map(|key| self.ask(key))
    }

    fn hold(&mut self, meanwhile: impl FnOnce()) {
        meanwhile();
    }
}
