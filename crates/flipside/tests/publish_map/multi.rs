//! The multi-value map against a map of sorted vectors.

use std::collections::{BTreeMap, HashMap};

use flipside::publish::map::{Lookup, Map};
use flipside::publish::multi::{Multimap, Values};
use flipside::publish::strategy::Counters;
use flipside::publish::{self, Asymmetric, collection};
use proptest::prelude::*;

use super::{panic_quietly, until_quiet};

#[derive(Clone, Debug)]
enum Op {
    Insert(u8, u8),
    Update(u8, u8),
    RemoveValue(u8, u8),
    Remove(u8),
    Empty(u8),
    Retain(u8, u8),
    Purge,
    Fit(u8),
    SetMeta(u8),
    Panic,
    Publish,
    PublishBoth,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let pair = (0..6u8, 0..4u8);
    let op = prop_oneof![
        8 => pair.clone().prop_map(|(key, value)| Op::Insert(key, value)),
        2 => pair.clone().prop_map(|(key, value)| Op::Update(key, value)),
        4 => pair.clone().prop_map(|(key, value)| Op::RemoveValue(key, value)),
        1 => (0..6u8).prop_map(Op::Remove),
        1 => (0..6u8).prop_map(Op::Empty),
        2 => pair.prop_map(|(key, value)| Op::Retain(key, value)),
        1 => Just(Op::Purge),
        1 => (0..6u8).prop_map(Op::Fit),
        1 => any::<u8>().prop_map(Op::SetMeta),
        1 => Just(Op::Panic),
        4 => Just(Op::Publish),
        2 => Just(Op::PublishBoth),
    ];
    prop::collection::vec(op, 1..80)
}

fn run<B>(strategy: impl publish::Strategy, bags: B, ops: Vec<Op>)
where
    B: Map<Key = u8, Value = Values<u8>> + Lookup<u8> + Send + 'static,
{
    let (mut writer, reader) = collection::with(strategy, Multimap::new(bags, 0), ());
    let mut latest = (BTreeMap::<u8, Vec<u8>>::new(), 0);
    let mut published = latest.clone();
    for op in ops {
        let (bags, meta) = &mut latest;
        match op {
            Op::Insert(key, value) => {
                writer.insert(key, value);
                bags.entry(key).or_default().push(value);
            }
            Op::Update(key, value) => {
                writer.update(key, value);
                bags.insert(key, vec![value]);
            }
            Op::RemoveValue(key, value) => {
                writer.remove_value(key, value);
                if let Some(values) = bags.get_mut(&key)
                    && let Some(at) = values.iter().position(|other| *other == value)
                {
                    values.remove(at);
                }
            }
            Op::Remove(key) => {
                writer.remove(key);
                bags.remove(&key);
            }
            Op::Empty(key) => {
                writer.empty(key);
                bags.entry(key).and_modify(Vec::clear);
            }
            Op::Retain(key, limit) => {
                writer.retain(key, move |value| *value < limit);
                bags.entry(key).and_modify(|values| values.retain(|value| *value < limit));
            }
            Op::Purge => {
                writer.clear();
                bags.clear();
            }
            Op::Fit(key) => writer.fit(key),
            Op::SetMeta(value) => {
                writer.set_meta(value);
                *meta = value;
            }
            Op::Panic => writer.change(|copy| {
                *copy = Multimap::new(copy.bags().clone(), 255);
                panic_quietly();
            }),
            Op::Publish | Op::PublishBoth => {
                let both = matches!(op, Op::PublishBoth);
                until_quiet(|| if both { writer.publish_both() } else { writer.publish() }).unwrap();
                published = latest.clone();
            }
        }
        assert_eq!((*reader.meta(), reader.len()), (published.1, published.0.len()));
        for key in 0..6 {
            let sorted = |values: &[u8]| {
                let mut values = values.to_vec();
                values.sort_unstable();
                values
            };
            let here = reader.get(&key).map(|values| sorted(&values));
            assert_eq!(here, published.0.get(&key).map(|values| sorted(values)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn over_a_hash_map(ops in ops()) {
        run(Asymmetric::new(), HashMap::new(), ops);
    }

    #[test]
    fn over_an_ordered_map(ops in ops()) {
        run(Counters::new(), BTreeMap::new(), ops);
    }
}
