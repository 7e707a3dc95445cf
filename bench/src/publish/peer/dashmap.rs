//! dashmap: a lock for each shard, no versions; each change is visible at once.

use std::sync::Arc;

use dashmap::DashMap;
use rustc_hash::FxBuildHasher;

use crate::publish::role::{Ask, Peer, Reader, Write};
use crate::publish::subject::{ENTRIES, Map, MapChange, NOTHING, Subject};

type Shared = DashMap<u64, u64, FxBuildHasher>;

pub(crate) enum Dashmap {}

#[derive(Clone)]
pub(crate) struct Handle(Arc<Shared>);
pub(crate) struct Session<'a>(&'a Shared);

impl Peer<Map> for Dashmap {
    type Writer = Handle;
    type Reader = Handle;

    fn open(readers: usize) -> (Handle, Vec<Handle>) {
        let map = Arc::new(DashMap::with_capacity_and_hasher(ENTRIES, FxBuildHasher));
        let mut writer = Handle(map.clone());
        writer.publish((0..ENTRIES as u64).map(|key| <Map>::put(key, 0)));
        (writer, (0..readers).map(|_| Handle(map.clone())).collect())
    }
}

impl Write<Map> for Handle {
    fn publish(&mut self, changes: impl Iterator<Item = MapChange>) {
        for change in changes {
            match change {
                MapChange::Insert(key, value) => drop(self.0.insert(key, value)),
                MapChange::Remove(key) => drop(self.0.remove(&key)),
            }
        }
    }
}

impl Reader<Map> for Handle {
    type Session<'a> = Session<'a>;

    fn session(&mut self) -> Session<'_> {
        Session(&self.0)
    }
}

impl Ask<Map> for Session<'_> {
    const ONE_VERSION: bool = false;
    const GUARDS: bool = true;

    #[inline]
    fn ask(&mut self, key: u64) -> u64 {
        self.0.get(&key).map_or(NOTHING, |entry| *entry)
    }

    fn ask_two(&mut self, keys: [u64; 2]) -> [u64; 2] {
        keys.map(|key| self.ask(key))
    }

    fn hold(&mut self, meanwhile: impl FnOnce()) {
        let guard = self.0.get(&0);
        meanwhile();
        drop(guard);
    }
}
