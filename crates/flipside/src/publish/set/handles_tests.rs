use std::collections::{BTreeSet, HashSet};

use super::{Lookup, Set};
use crate::publish::strategy::{Counters, Epochs, Locked};
use crate::publish::{Reader, Shared, SharedWriter, Strategy, collection};

fn same<C, L, St>(reader: &Reader<Shared<C, L, St>>, items: &[u32])
where
    C: Set<Key = u32> + Lookup<u32> + FromIterator<u32> + PartialEq + std::fmt::Debug,
    St: Strategy,
{
    assert_eq!(*reader.read(), items.iter().copied().collect::<C>());
    assert_eq!((reader.len(), reader.is_empty()), (items.len(), items.is_empty()));
    assert!(items.iter().all(|item| reader.contains(item) && *reader.item(item).unwrap() == *item));
    assert!(!reader.contains(&1000) && reader.item(&1000).is_none());
}

macro_rules! walk {
    ($strategy:expr, $set:expr) => {
        let (mut writer, reader) = collection::with($strategy, $set, ());
        writer.reserve(10);
        writer.insert(1);
        writer.put_all([2, 3, 3, 4, 5]);
        assert_eq!((writer.contains(&3), writer.contains(&6), writer.len()), (Ok(true), Ok(false), Ok(5)));
        same(&reader, &[]);
        writer.publish().unwrap();
        same(&reader, &[1, 2, 3, 4, 5]);
        writer.remove(1);
        assert_eq!(writer.take(&2), Ok(Some(2)));
        assert_eq!(writer.take(&2), Ok(None));
        let mut calls = 0;
        writer.retain(move |_| {
            calls += 1;
            calls != 2
        });
        writer.publish().unwrap();
        assert_eq!(reader.len(), 2);
        let kept: Vec<u32> = reader.read().iter().copied().collect();
        writer.publish_both().unwrap();
        writer.shrink_to_fit();
        writer.publish().unwrap();
        same(&reader, &kept);
        assert_eq!(writer.take_all().unwrap().len(), 2);
        writer.publish().unwrap();
        same(&reader, &[]);
        let shared = SharedWriter::new(writer);
        assert_eq!((shared.insert(1), shared.insert(2), shared.insert(1)), (Ok(true), Ok(true), Ok(false)));
        assert_eq!((shared.remove(2), shared.remove(2)), (Ok(true), Ok(false)));
        same(&reader, &[1]);
    };
}

#[test]
fn every_strategy_and_every_kind_of_set() {
    walk!(Counters::new(), HashSet::new());
    walk!(Epochs::new(), BTreeSet::new());
    walk!(Locked::new(), HashSet::new());
    #[cfg(feature = "hashbrown")]
    {
        type Hasher = std::hash::BuildHasherDefault<std::hash::DefaultHasher>;
        walk!(Counters::new(), hashbrown::HashSet::<u32, Hasher>::default());
    }
}
