use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::thread;

use super::Map;
use crate::publish::strategy::{Counters, Epochs, Locked, Strategy};
use crate::publish::{Asymmetric, PublishError, collection, map, ordered};

/// Everything that a writer can write down, on every strategy and kind of map; readers and both copies agree.
fn walk<M>(strategy: impl Strategy, empty: M)
where
    M: Map<Key = u32, Value = u32> + map::Lookup<u32> + FromIterator<(u32, u32)>,
    M: PartialEq + std::fmt::Debug + Send + 'static,
{
    let (mut writer, reader) = collection::with(strategy, empty, ());
    let expect = |reader: &collection::Reader<M, _>, entries: &[(u32, u32)]| {
        assert_eq!(*reader.read(), entries.iter().copied().collect::<M>());
        assert_eq!(reader.len(), entries.len());
    };
    writer.reserve(100);
    writer.insert(1, 10);
    writer.put_all([(2, 20), (3, 30)]);
    assert_eq!(writer.get(&2), Ok(Some(&20)));
    assert_eq!((writer.contains_key(&4), writer.len()), (Ok(false), Ok(3)));
    expect(&reader, &[]);
    writer.publish().unwrap();
    expect(&reader, &[(1, 10), (2, 20), (3, 30)]);
    writer.update(1, |value| *value += 1);
    writer.update(9, |value| *value += 1);
    writer.modify(3, 0, |value| *value += 3);
    writer.modify(4, 40, |value| *value += 1);
    writer.update_once(2, |value| *value = 22);
    writer.publish().unwrap();
    let after = [(1, 11), (2, 22), (3, 33), (4, 40)];
    expect(&reader, &after);
    writer.remove(1);
    assert_eq!(writer.take(&4), Ok(Some((4, 40))));
    assert_eq!(writer.take(&4), Ok(None));
    writer.publish_both().unwrap();
    expect(&reader, &[(2, 22), (3, 33)]);
    writer.shrink_to_fit();
    writer.publish().unwrap();
    expect(&reader, &[(2, 22), (3, 33)]);
    writer.replace([(5, 50)].into_iter().collect());
    writer.publish_both().unwrap();
    writer.shrink_to_fit();
    writer.publish().unwrap();
    expect(&reader, &[(5, 50)]);
    writer.clear();
    assert_eq!(writer.is_empty(), Ok(true));
    writer.publish().unwrap();
    assert!(reader.is_empty());
    assert!(reader.get(&5).is_none() && !reader.contains_key(&5));
}

#[test]
fn every_strategy_and_every_kind_of_map() {
    walk(Asymmetric::new(), HashMap::new());
    walk(Asymmetric::portable(), BTreeMap::new());
    walk(Counters::new(), HashMap::new());
    walk(Epochs::new(), BTreeMap::new());
    walk(Locked::new(), HashMap::new());
    #[cfg(feature = "hashbrown")]
    {
        type Hasher = std::hash::BuildHasherDefault<std::hash::DefaultHasher>;
        walk(Counters::new(), hashbrown::HashMap::<_, _, Hasher>::default());
    }
}

#[test]
fn retain_asks_once_and_both_copies_agree() {
    let (mut writer, reader) = map::new();
    writer.put_all((0..100u32).map(|n| (n, n)));
    writer.publish_both().unwrap();
    let calls = Arc::new(());
    let (mut asked, counted) = (0, calls.clone());
    let mut all = Vec::new();
    writer.retain(move |_, value| {
        all.push(counted.clone());
        asked += 1;
        *value = asked;
        asked % 3 == 0
    });
    assert_eq!(writer.len(), Ok(33));
    assert_eq!(Arc::strong_count(&calls), 1, "the closure has gone when it has decided");
    writer.publish().unwrap();
    let first = reader.with(HashMap::clone);
    writer.publish_both().unwrap();
    writer.reserve(1);
    writer.publish().unwrap();
    assert_eq!(*reader.read(), first);
    assert!(first.values().all(|asked| asked % 3 == 0 && *asked <= 100));
    let mut keep = false;
    writer.retain_ref(move |_, _| {
        keep = !keep;
        keep
    });
    writer.publish().unwrap();
    let first = reader.with(HashMap::clone);
    assert_eq!(first.len(), 17);
    writer.reserve(1);
    writer.publish().unwrap();
    assert_eq!(*reader.read(), first);
}

#[test]
fn retain_ref_clones_no_value() {
    #[derive(Debug)]
    struct Dear(Arc<()>);
    impl Clone for Dear {
        fn clone(&self) -> Self {
            Self(self.0.clone())
        }
    }
    let (mut writer, _reader) = map::new();
    let token = Arc::new(());
    writer.put_all((0..10).map(|n| (n, Dear(token.clone()))));
    writer.publish_both().unwrap();
    assert_eq!(Arc::strong_count(&token), 1 + 2 * 10, "each copy has one");
    writer.retain_ref(|key, _| key % 2 == 0);
    assert_eq!(writer.len(), Ok(5));
    assert_eq!(Arc::strong_count(&token), 1 + 5 + 10);
    writer.retain(|_, _| true);
    assert_eq!(writer.len(), Ok(5));
    assert_eq!(Arc::strong_count(&token), 1 + 5 + 10 + 5, "the receipt has the survivors");
    writer.publish_both().unwrap();
    assert_eq!(Arc::strong_count(&token), 1 + 2 * 5);
}

#[test]
fn values_behind_an_arc_are_stored_once() {
    let (mut writer, reader) = ordered::new();
    writer.insert("key", Arc::new([0u8; 1000]));
    writer.publish_both().unwrap();
    assert_eq!(Arc::strong_count(&reader.get_cloned("key").unwrap()), 3, "two copies, and this one");
}

#[test]
fn both_copies_iterate_alike() {
    let (mut writer, reader) = map::new();
    writer.put_all((0..1000u32).map(|n| (n, ())));
    writer.retain_ref(|key, _| key % 7 != 0);
    writer.publish().unwrap();
    let first: Vec<_> = reader.read().keys().copied().collect();
    writer.publish_both().unwrap();
    writer.change(|_| ());
    writer.publish().unwrap();
    assert!(reader.read().keys().eq(&first));
}

#[test]
fn insert_does_not_wait_and_get_says_who_is_in_the_way() {
    let (mut writer, reader) = map::new();
    let guard = reader.read();
    writer.insert(1, 1);
    writer.publish().unwrap();
    writer.insert(2, 2);
    assert!(matches!(writer.get(&1), Err(PublishError::OwnReader(_))));
    assert!(matches!(writer.try_latest().map(HashMap::len), Err(PublishError::Occupied(_))));
    assert_eq!(writer.pending(), 1);
    drop(guard);
    assert_eq!(writer.get(&2), Ok(Some(&2)));
}

#[test]
fn readers_in_other_threads_and_pinned() {
    let (mut writer, reader) = map::new();
    let mut pinned = reader.pinned().unwrap();
    writer.insert(String::from("one"), 1);
    writer.publish().unwrap();
    thread::spawn(move || assert_eq!(reader.get_with("one", |one| one + 1), Some(2))).join().unwrap();
    assert_eq!(pinned.get().get("one"), None);
    assert!(pinned.refresh());
    assert_eq!(pinned.get().get("one"), Some(&1));
}
