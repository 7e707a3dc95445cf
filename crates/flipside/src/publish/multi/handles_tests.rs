use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use super::{Multimap, Values};
use crate::publish::map::{Lookup, Map};
use crate::publish::strategy::{Counters, Epochs, Strategy};
use crate::publish::{Edit, ReadGuard, SharedWriter, collection, multi};

/// Every operation of evmap, on any map; both copies agree.
fn walk<B>(strategy: impl Strategy, bags: B)
where
    B: Map<Key = u8, Value = Values<u32>> + Lookup<u8> + PartialEq + Debug + Send + 'static,
{
    let (mut writer, reader) = collection::with(strategy, Multimap::new(bags, 0), ());
    writer.reserve(10);
    writer.insert(1, 10);
    writer.insert(1, 11);
    writer.put_all([(1, 10), (2, 20), (3, 30), (4, 40)]);
    assert_eq!(writer.get(&1).unwrap().unwrap()[..], [10, 11, 10]);
    assert!(reader.is_empty());
    writer.update(2, 21);
    writer.update(5, 50);
    writer.remove_value(1, 10);
    writer.remove_value(1, 12);
    writer.remove_value(9, 10);
    writer.remove(3);
    writer.empty(4);
    writer.empty(9);
    writer.reserve_values(6, 100);
    writer.reserve_values(1, 100);
    writer.fit(1);
    writer.fit(9);
    writer.set_meta(7);
    writer.publish().unwrap();
    assert_eq!(reader.get(&1).unwrap()[..], [10, 11]);
    assert_eq!((*reader.get_one(&2).unwrap(), *reader.get_one(&5).unwrap()), (21, 50));
    assert!(!reader.contains_key(&3) && reader.get(&3).is_none() && reader.get_one(&3).is_none());
    assert!(reader.contains_key(&4) && reader.get(&4).unwrap().is_empty() && reader.get_one(&4).is_none());
    assert!(reader.contains_key(&6) && !reader.contains_key(&9));
    assert!(reader.contains_value(&1, &11) && !reader.contains_value(&1, &12));
    let (meta, values) = reader.meta_get(&2);
    assert_eq!((meta, values.unwrap().len()), (7, 1));
    let version = ReadGuard::version(&reader.read());
    let first = reader.with(Clone::clone);
    writer.publish_both().unwrap();
    writer.shrink_to_fit();
    writer.publish().unwrap();
    assert_eq!((&*reader.read(), reader.len()), (&first, 5));
    assert_ne!(ReadGuard::version(&reader.read()), version);

    writer.put_all((0..10).map(|n| (1, n)));
    let mut odd = false;
    writer.retain(1, move |_| {
        odd = !odd;
        odd
    });
    writer.retain(9, |_| false);
    writer.publish().unwrap();
    let first = reader.with(Clone::clone);
    assert_eq!(first.get(&1).unwrap()[..], [10, 0, 2, 4, 6, 8]);
    writer.set_meta(7);
    writer.publish().unwrap();
    assert_eq!((&*reader.read(), first.bags().len()), (&first, 5));
    writer.clear();
    writer.publish().unwrap();
    assert_eq!((reader.len(), *reader.meta()), (0, 7), "the meta value stays");
}

#[test]
fn the_operations_of_evmap() {
    walk(Counters::new(), HashMap::new());
    walk(Epochs::new(), BTreeMap::new());
}

#[test]
fn without_a_meta_value() {
    let (mut writer, reader) = multi::new();
    writer.put_all([("key", 1), ("key", 2)]);
    writer.publish().unwrap();
    assert_eq!(reader.get("key").unwrap().iter().sum::<i32>(), 3);
    assert!((&*reader.get("key").unwrap()).into_iter().eq(&[1, 2]));
    assert_eq!([1, 2].into_iter().collect::<Values<_>>(), *reader.get("key").unwrap());
}

#[test]
fn many_writers_change_the_values_of_a_key() {
    let (writer, reader) = multi::with_meta(1);
    let shared: multi::SharedWriter<_, _, _> = SharedWriter::new(writer);
    shared.apply(Edit::put(("key", 1))).unwrap();
    let double = |map: &mut Multimap<multi::Bags<&str, i32>, i32>, (): &()| {
        *map.meta_mut() += 1;
        map.values_mut(&"key").into_iter().flatten().for_each(|value| *value *= 2);
    };
    for _ in 0..2 {
        shared.apply(Edit::other(double)).unwrap();
    }
    assert_eq!((*reader.meta(), *reader.get_one("key").unwrap()), (3, 4));
}
