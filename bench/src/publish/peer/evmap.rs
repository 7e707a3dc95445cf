//! evmap, with one value for each key: `update` and `get_one`.

use evmap::handles::{ReadHandle, WriteHandle};

use crate::publish::role::{Ask, Peer, Reader, Write};
use crate::publish::subject::{ENTRIES, MapChange, NOTHING, SipMap, Subject};

pub(crate) enum Evmap {}

pub(crate) struct Session<'a>(&'a ReadHandle<u64, u64>);

impl Peer<SipMap> for Evmap {
    type Writer = WriteHandle<u64, u64>;
    type Reader = ReadHandle<u64, u64>;

    fn open(readers: usize) -> (Self::Writer, Vec<Self::Reader>) {
        let (mut writer, reader) = evmap::Options::default().with_capacity(ENTRIES).construct();
        Write::<SipMap>::publish(&mut writer, (0..ENTRIES as u64).map(|key| SipMap::put(key, 0)));
        writer.publish();
        (writer, vec![reader; readers])
    }
}

impl Write<SipMap> for WriteHandle<u64, u64> {
    fn publish(&mut self, changes: impl Iterator<Item = MapChange>) {
        for change in changes {
            match change {
                MapChange::Insert(key, value) => self.update(key, value),
                MapChange::Remove(key) => self.remove_entry(key),
            };
        }
        WriteHandle::publish(self);
    }

    fn settle(&mut self) {
        WriteHandle::publish(self);
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
        self.0.get_one(&key).map_or(NOTHING, |value| *value)
    }

    fn ask_two(&mut self, keys: [u64; 2]) -> [u64; 2] {
        let guard = self.0.enter().expect("the writer lives on");
        keys.map(|key| guard.get_one(&key).copied().unwrap_or(NOTHING))
    }

    fn hold(&mut self, meanwhile: impl FnOnce()) {
        let guard = self.0.enter().expect("the writer lives on");
        meanwhile();
        drop(guard);
    }
}
