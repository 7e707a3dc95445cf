//! flashmap.

use flashmap::{Builder, ReadHandle, WriteHandle};

use crate::publish::role::{Ask, Peer, Reader, Write};
use crate::publish::subject::{ENTRIES, MapChange, NOTHING, SipMap, Subject};

pub(crate) enum Flashmap {}

pub(crate) struct Session<'a>(&'a ReadHandle<u64, u64>);

impl Peer<SipMap> for Flashmap {
    type Writer = WriteHandle<u64, u64>;
    type Reader = ReadHandle<u64, u64>;

    fn open(readers: usize) -> (Self::Writer, Vec<Self::Reader>) {
        let (mut writer, reader) = Builder::new().with_capacity(ENTRIES).build();
        writer.publish((0..ENTRIES as u64).map(|key| SipMap::put(key, 0)));
        writer.settle();
        (writer, vec![reader; readers])
    }
}

impl Write<SipMap> for WriteHandle<u64, u64> {
    fn publish(&mut self, changes: impl Iterator<Item = MapChange>) {
        let mut guard = self.guard();
        for change in changes {
            match change {
                MapChange::Insert(key, value) => drop(guard.insert(key, value)),
                MapChange::Remove(key) => drop(guard.remove(key)),
            }
        }
        guard.publish();
    }

    fn settle(&mut self) {
        self.guard().publish();
    }
}

impl Reader<SipMap> for ReadHandle<u64, u64> {
    type Session<'a> = Session<'a>;

    fn session(&mut self) -> Session<'_> {
        Session(self)
    }
}

impl Ask<SipMap> for Session<'_> {
    const ONE_VERSION: bool = true;
    const GUARDS: bool = true;

    #[inline]
    fn ask(&mut self, key: u64) -> u64 {
        self.0.guard().get(&key).copied().unwrap_or(NOTHING)
    }

    fn ask_two(&mut self, keys: [u64; 2]) -> [u64; 2] {
        let guard = self.0.guard();
        keys.map(|key| guard.get(&key).copied().unwrap_or(NOTHING))
    }

    fn hold(&mut self, meanwhile: impl FnOnce()) {
        let guard = self.0.guard();
        meanwhile();
        drop(guard);
    }
}
