//! Sets against a `BTreeSet`.

use std::collections::{BTreeSet, HashSet};

use flipside::publish::strategy::Counters;
use flipside::publish::{Asymmetric, collection};
use proptest::prelude::*;

use super::{panic_quietly, until_quiet};

#[derive(Clone, Debug)]
enum Op {
    Insert(u8),
    PutAll(Vec<u8>),
    Remove(u8),
    Retain(u8),
    Clear,
    Take(u8),
    Panic,
    Contains(u8),
    Publish,
    PublishBoth,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let item = 0..32u8;
    let op = prop_oneof![
        6 => item.clone().prop_map(Op::Insert),
        2 => prop::collection::vec(item.clone(), 0..20).prop_map(Op::PutAll),
        4 => item.clone().prop_map(Op::Remove),
        2 => item.clone().prop_map(Op::Retain),
        1 => Just(Op::Clear),
        2 => item.clone().prop_map(Op::Take),
        2 => Just(Op::Panic),
        3 => item.prop_map(Op::Contains),
        4 => Just(Op::Publish),
        2 => Just(Op::PublishBoth),
    ];
    prop::collection::vec(op, 1..80)
}

macro_rules! run {
    ($strategy:expr, $empty:expr, $ops:expr) => {
        let (mut writer, reader) = collection::with($strategy, $empty, ());
        let (mut latest, mut published) = (BTreeSet::new(), BTreeSet::new());
        for op in $ops {
            match op {
                Op::Insert(item) => {
                    writer.insert(item);
                    latest.insert(item);
                }
                Op::PutAll(items) => {
                    latest.extend(items.iter().copied());
                    writer.put_all(items);
                }
                Op::Remove(item) => {
                    writer.remove(item);
                    latest.remove(&item);
                }
                Op::Retain(limit) => {
                    writer.retain(move |item| *item < limit);
                    latest.retain(|item| *item < limit);
                }
                Op::Clear => {
                    writer.clear();
                    latest.clear();
                }
                Op::Take(item) => {
                    assert_eq!(until_quiet(|| writer.take(&item)), Ok(latest.take(&item)));
                }
                Op::Panic => writer.change(|set| {
                    set.clear();
                    panic_quietly();
                }),
                Op::Contains(item) => {
                    assert_eq!(until_quiet(|| writer.contains(&item)), Ok(latest.contains(&item)));
                }
                Op::Publish => {
                    until_quiet(|| writer.publish()).unwrap();
                    published = latest.clone();
                }
                Op::PublishBoth => {
                    until_quiet(|| writer.publish_both()).unwrap();
                    published = latest.clone();
                }
            }
            assert_eq!(reader.read().iter().copied().collect::<BTreeSet<u8>>(), published);
            assert!((0..32).all(|item| reader.contains(&item) == published.contains(&item)));
        }
        for _ in 0..2 {
            until_quiet(|| writer.publish_both()).unwrap();
            assert_eq!(reader.read().iter().copied().collect::<BTreeSet<u8>>(), latest);
            writer.reserve(0);
        }
    };
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hash_set(ops in ops()) {
        run!(Asymmetric::new(), HashSet::new(), ops);
    }

    #[test]
    fn ordered_set(ops in ops()) {
        run!(Counters::new(), BTreeSet::new(), ops);
    }
}
