//! What is shared: a map of 1024 entries, or one small value. And the order in which it is asked.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use rustc_hash::FxBuildHasher;

/// Entries of a map, and questions of a block: each key once.
pub(crate) const ENTRIES: usize = 1024;
/// Keys from here on are in no map.
pub(crate) const MISSING: u64 = ENTRIES as u64;

/// Something to be shared, that can be asked and changed by key.
pub(crate) trait Subject: Clone + Send + Sync + 'static {
    /// What peers with a log keep in it.
    type Change: Copy + Send + Sync + 'static;
    /// Whether all answers are alike, so that a compiler that sees nothing change could compute one for many.
    const ALIKE: bool;

    /// All keys at version 0.
    fn fresh() -> Self;
    /// Brings a key to a version.
    fn put(key: u64, version: u32) -> Self::Change;
    /// Takes a key out; a value has nothing to take out, and goes back to version 0.
    fn take(key: u64) -> Self::Change;
    fn change(&mut self, change: Self::Change);
    fn answer(&self, key: u64) -> u64;
    /// The version that an answer is from; `None` if there never was one like it.
    fn version(key: u64, answer: u64) -> Option<u32>;
}

/// The map, of whatever hasher: this newtype stands between other crates' traits and std's map.
#[derive(Clone)]
pub(crate) struct Map<S = FxBuildHasher>(HashMap<u64, u64, S>);

/// What a missing key answers.
pub(crate) const NOTHING: u64 = 0;

/// A change of a map.
#[derive(Clone, Copy)]
pub(crate) enum MapChange {
    Insert(u64, u64),
    Remove(u64),
}

/// An entry tells its version and its key. Key 0 at version 0 would look like a missing one, hence the one more.
pub(crate) const fn entry(key: u64, version: u32) -> u64 {
    (version as u64) << 32 | (key + 1)
}

impl<S: BuildHasher + Default + Clone + Send + Sync + 'static> Subject for Map<S> {
    type Change = MapChange;
    const ALIKE: bool = false;

    fn fresh() -> Self {
        let mut map = HashMap::with_capacity_and_hasher(ENTRIES, S::default());
        map.extend((0..ENTRIES as u64).map(|key| (key, entry(key, 0))));
        Self(map)
    }

    fn put(key: u64, version: u32) -> MapChange {
        MapChange::Insert(key, entry(key, version))
    }

    fn take(key: u64) -> MapChange {
        MapChange::Remove(key)
    }

    #[inline]
    fn change(&mut self, change: MapChange) {
        match change {
            MapChange::Insert(key, value) => self.0.insert(key, value),
            MapChange::Remove(key) => self.0.remove(&key),
        };
    }

    #[inline]
    fn answer(&self, key: u64) -> u64 {
        self.0.get(&key).copied().unwrap_or(NOTHING)
    }

    fn version(key: u64, answer: u64) -> Option<u32> {
        let version = (answer >> 32) as u32;
        (answer == entry(key, version)).then_some(version)
    }
}

/// The map of those who take another hasher than std's by an `unsafe fn` only.
pub(crate) type SipMap = Map<RandomState>;

/// Half a cache line that belongs together; the key is ignored.
#[derive(Clone, Copy)]
pub(crate) struct Value([u64; 4]);

impl Value {
    fn of(version: u32) -> Self {
        Self([1, 3, 5, 7].map(|factor| factor * u64::from(version)))
    }
}

impl Subject for Value {
    type Change = Self;
    const ALIKE: bool = true;

    fn fresh() -> Self {
        Self::of(0)
    }

    fn put(_key: u64, version: u32) -> Self {
        Self::of(version)
    }

    fn take(_key: u64) -> Self {
        Self::of(0)
    }

    #[inline]
    fn change(&mut self, change: Self) {
        *self = change;
    }

    /// Goes through all of it: a value torn between two neighbouring versions is no multiple of 16.
    #[inline]
    fn answer(&self, _key: u64) -> u64 {
        self.0.iter().fold(0, |sum, word| sum.wrapping_add(*word))
    }

    fn version(_key: u64, answer: u64) -> Option<u32> {
        answer.is_multiple_of(16).then_some((answer / 16) as u32)
    }
}

/// All keys in an order that looks random, the same for everyone. Small enough (2 KiB) to leave the first-level
/// cache to the map, and a load instead of arithmetic: nothing waits for it.
pub(crate) struct Order([u16; ENTRIES]);

impl Order {
    pub(crate) fn new() -> Self {
        let mut order = std::array::from_fn(|key| key as u16);
        shuffle(&mut order);
        Self(order)
    }

    /// The same order, begun at another place.
    pub(crate) fn turned(mut self, by: usize) -> Self {
        self.0.rotate_left(by);
        self
    }

    /// Each key once.
    #[inline]
    pub(crate) fn keys(&self) -> impl Iterator<Item = u64> + Clone {
        self.0.iter().map(|&key| u64::from(key))
    }

    /// So many keys from a place on, round and round.
    #[inline]
    pub(crate) fn from(&self, at: usize, count: usize) -> impl Iterator<Item = u64> {
        (at..at + count).map(|at| u64::from(self.0[at % ENTRIES]))
    }
}

/// Into an order that looks random, the same every time.
pub(crate) fn shuffle<T>(all: &mut [T]) {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for at in (1..all.len()).rev() {
        // Marsaglia's xorshift.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        all.swap(at, (state % (at as u64 + 1)) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_has_every_key_once_and_is_none() {
        let order = Order::new();
        let mut keys: Vec<u64> = order.keys().collect();
        assert!(!keys.is_sorted());
        keys.sort_unstable();
        assert!(keys.into_iter().eq(0..ENTRIES as u64));
        let around: Vec<u64> = order.from(ENTRIES - 1, 2).collect();
        assert_eq!(around, [u64::from(order.0[ENTRIES - 1]), u64::from(order.0[0])]);
        let turned: Vec<u64> = Order::new().turned(5).keys().collect();
        assert!(turned.into_iter().eq(order.from(5, ENTRIES)));
    }

    #[test]
    fn a_map_tells_its_versions() {
        let mut map = <Map>::fresh();
        assert_eq!(<Map>::version(7, map.answer(7)), Some(0));
        map.change(<Map>::put(7, 9));
        assert_eq!(<Map>::version(7, map.answer(7)), Some(9));
        assert_eq!(<Map>::version(8, map.answer(7)), None);
        map.change(<Map>::take(7));
        assert_eq!(map.answer(7), NOTHING);
        assert_eq!(<Map>::version(7, NOTHING), None);
        assert_eq!(map.answer(MISSING), NOTHING);
    }

    #[test]
    fn a_torn_value_is_of_no_version() {
        let mut value = Value::fresh();
        value.change(Value::put(0, 5));
        assert_eq!(Value::version(0, value.answer(0)), Some(5));
        value.0[2] = Value::of(6).0[2];
        assert_eq!(Value::version(0, value.answer(0)), None);
    }
}
