//! Keys and values whose `Hash`, `Eq`, `Ord` and `Clone` lie and panic. Then the copies may differ; but nobody sees what
//! is not there, readers go on, and what is put in afterwards is what is read.

use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};

use flipside::publish::map::{Lookup, Map};
use flipside::publish::multi::{Multimap, Values};
use flipside::publish::{SharedWriter, collection, map};

use super::{panic_quietly, until_quiet};

thread_local! {
    /// 0: everybody is honest.
    static DICE: Cell<u64> = const { Cell::new(0) };
}

enum Mood {
    Honest,
    Lies,
}

/// Panics now and then; otherwise says whether to lie.
fn mood() -> Mood {
    let mut dice = DICE.get();
    if dice == 0 {
        return Mood::Honest;
    }
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    DICE.set(dice);
    match dice % 64 {
        0 => {
            panic_quietly();
            Mood::Honest
        }
        1..8 => Mood::Lies,
        _ => Mood::Honest,
    }
}

/// Holds memory, so that whoever reads what was freed is found by a sanitizer.
#[derive(Debug)]
struct Liar(Box<u8>);

impl Liar {
    fn new(number: u8) -> Self {
        Self(Box::new(number))
    }
}

impl Clone for Liar {
    fn clone(&self) -> Self {
        match mood() {
            Mood::Honest => Self(self.0.clone()),
            Mood::Lies => Self::new(self.0.wrapping_add(1)),
        }
    }
}

impl PartialEq for Liar {
    fn eq(&self, other: &Self) -> bool {
        match mood() {
            Mood::Honest => self.0 == other.0,
            Mood::Lies => self.0 != other.0,
        }
    }
}

impl Eq for Liar {}

impl Hash for Liar {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match mood() {
            Mood::Honest => self.0.hash(state),
            Mood::Lies => 0.hash(state),
        }
    }
}

impl PartialOrd for Liar {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Liar {
    fn cmp(&self, other: &Self) -> Ordering {
        match mood() {
            Mood::Honest => self.0.cmp(&other.0),
            Mood::Lies => other.0.cmp(&self.0),
        }
    }
}

/// What may panic.
fn whatever<R>(call: impl FnOnce() -> R) {
    drop(catch_unwind(AssertUnwindSafe(call)));
}

fn lie<M>(new: impl Fn() -> M)
where
    M: Map<Key = Liar, Value = Liar> + Lookup<Liar> + IntoIterator<Item = (Liar, Liar)> + Send + 'static,
{
    for seed in 1..300u64 {
        let (mut writer, reader) = collection::new(new());
        DICE.set(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        for step in 0..60u8 {
            let key = Liar::new(step % 8);
            match (seed + u64::from(step) * 7) % 11 {
                0..4 => writer.insert(key, Liar::new(step)),
                4 => writer.remove(key),
                5 => writer.retain(|key, value| {
                    *value = Liar::new(9);
                    *key.0 % 3 != 0
                }),
                6 => writer.modify(key, Liar::new(1), |value| *value.0 += 1),
                7 => writer.update_once(key, |value| *value.0 += 1),
                8 => whatever(|| writer.take(&key).map(|taken| taken.is_some())),
                9 => whatever(|| writer.publish_both()),
                _ => whatever(|| writer.publish()),
            }
            whatever(|| reader.get_with(&Liar::new(step % 8), |value| *value.0));
            // Everything that is there can be read, whatever is there.
            let dice = DICE.replace(0);
            for (key, value) in reader.with(M::clone) {
                assert!(u16::from(*key.0) + u16::from(*value.0) < 512);
            }
            DICE.set(dice);
        }
        // From now on nobody lies.
        DICE.set(0);
        until_quiet(|| writer.publish_both()).unwrap();
        writer.replace(new());
        writer.insert(Liar::new(1), Liar::new(2));
        for _ in 0..2 {
            until_quiet(|| writer.publish_both()).unwrap();
            assert_eq!(reader.len(), 1);
            assert_eq!(reader.get_with(&Liar::new(1), |value| *value.0), Some(2));
            writer.reserve(0);
        }
    }
}

#[test]
fn hash_maps_survive_liars() {
    lie(HashMap::new);
}

#[test]
fn ordered_maps_survive_liars() {
    lie(BTreeMap::new);
}

#[test]
fn multi_value_maps_survive_liars() {
    for seed in 1..300u64 {
        let empty = || Multimap::new(HashMap::<Liar, Values<Liar>>::new(), Liar::new(0));
        let (mut writer, reader) = collection::new(empty());
        DICE.set(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        for step in 0..60u8 {
            let key = Liar::new(step % 4);
            match (seed + u64::from(step) * 5) % 8 {
                0..3 => writer.insert(key, Liar::new(step % 3)),
                3 => writer.remove_value(key, Liar::new(step % 3)),
                4 => writer.retain(key, |value| *value.0 % 2 == 0),
                5 => writer.update(key, Liar::new(1)),
                6 => whatever(|| writer.publish_both()),
                _ => whatever(|| writer.publish()),
            }
            whatever(|| reader.get(&Liar::new(step % 4)).map(|values| values.len()));
        }
        DICE.set(0);
        writer.replace(empty());
        writer.insert(Liar::new(1), Liar::new(2));
        until_quiet(|| writer.publish_both()).unwrap();
        assert!(reader.contains_value(&Liar::new(1), &Liar::new(2)) && reader.len() == 1);
    }
}

#[test]
fn shared_writers_survive_liars() {
    let (writer, reader) = map::new();
    let shared = SharedWriter::new(writer);
    std::thread::scope(|scope| {
        for seed in 1..4u64 {
            let shared = shared.clone();
            scope.spawn(move || {
                // The dice are each thread's own, and operations are made on any: all of them lie.
                DICE.set(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
                for step in 0..300u16 {
                    let [low, _] = step.to_le_bytes();
                    whatever(|| shared.insert(Liar::new(low % 8), Liar::new(low)));
                }
                DICE.set(0);
            });
        }
    });
    until_quiet(|| shared.call(|_, edits| edits.push(collection::Edit::clear()))).unwrap();
    assert_eq!(until_quiet(|| shared.insert(Liar::new(1), Liar::new(2))).unwrap().map(|old| old.0), None);
    assert_eq!(reader.get_with(&Liar::new(1), |value| *value.0), Some(2));
}
