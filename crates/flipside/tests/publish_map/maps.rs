//! Maps against a `BTreeMap`.

use std::collections::{BTreeMap, HashMap};

use flipside::publish::map::{Lookup, Map};
use flipside::publish::strategy::{Counters, Epochs};
use flipside::publish::{self, Asymmetric, PublishError, collection};
use proptest::prelude::*;

use super::{panic_quietly, until_quiet};

type Model = BTreeMap<u8, u16>;

#[derive(Clone, Debug)]
enum Op {
    Insert(u8, u16),
    PutAll(Vec<(u8, u16)>),
    Remove(u8),
    Update(u8, u16),
    UpdateOnce(u8, u16),
    Modify(u8, u16),
    Retain(u16),
    RetainByTurns,
    RetainRef(u16),
    Clear,
    Reserve(u8),
    Shrink,
    Take(u8),
    TakeAll,
    Replace(Vec<(u8, u16)>),
    Panic,
    Get(u8),
    Publish,
    TryPublish,
    PublishBoth,
    Enter,
    Leave,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let (key, value) = (0..16u8, 0..100u16);
    let pairs = prop::collection::vec((key.clone(), value.clone()), 0..10);
    let op = prop_oneof![
        6 => (key.clone(), value.clone()).prop_map(|(key, value)| Op::Insert(key, value)),
        1 => pairs.clone().prop_map(Op::PutAll),
        3 => key.clone().prop_map(Op::Remove),
        2 => (key.clone(), value.clone()).prop_map(|(key, value)| Op::Update(key, value)),
        1 => (key.clone(), value.clone()).prop_map(|(key, value)| Op::UpdateOnce(key, value)),
        2 => (key.clone(), value.clone()).prop_map(|(key, value)| Op::Modify(key, value)),
        1 => value.clone().prop_map(Op::Retain),
        1 => Just(Op::RetainByTurns),
        1 => value.prop_map(Op::RetainRef),
        1 => Just(Op::Clear),
        1 => any::<u8>().prop_map(Op::Reserve),
        1 => Just(Op::Shrink),
        2 => key.clone().prop_map(Op::Take),
        1 => Just(Op::TakeAll),
        1 => pairs.prop_map(Op::Replace),
        2 => Just(Op::Panic),
        4 => key.prop_map(Op::Get),
        4 => Just(Op::Publish),
        2 => Just(Op::TryPublish),
        2 => Just(Op::PublishBoth),
        1 => Just(Op::Enter),
        3 => Just(Op::Leave),
    ];
    prop::collection::vec(op, 1..80)
}

fn model<M: Clone + IntoIterator<Item = (u8, u16)>>(map: &M) -> Model {
    map.clone().into_iter().collect()
}

/// Only a guard of one's own may be in the way, and nothing is lost by it.
fn expect_own_guard<R>(result: Result<R, PublishError>, has_guard: bool) -> Option<R> {
    match result {
        Ok(returned) => Some(returned),
        Err(PublishError::OwnReader(_) | PublishError::Occupied(_)) if has_guard => None,
        Err(error) => panic!("{error}"),
    }
}

fn run<M>(strategy: impl publish::Strategy, empty: M, ops: Vec<Op>)
where
    M: Map<Key = u8, Value = u16> + Lookup<u8> + FromIterator<(u8, u16)> + IntoIterator<Item = (u8, u16)>,
    M: Send + 'static,
{
    let (mut writer, reader) = collection::with(strategy, empty, ());
    let (mut latest, mut published) = (Model::new(), Model::new());
    // A guard, and what it saw when it entered.
    let mut guard = None;
    for op in ops {
        let kept = guard.is_some();
        match op {
            Op::Insert(key, value) => {
                writer.insert(key, value);
                latest.insert(key, value);
            }
            Op::PutAll(pairs) => {
                latest.extend(pairs.iter().copied());
                writer.put_all(pairs);
            }
            Op::Remove(key) => {
                writer.remove(key);
                latest.remove(&key);
            }
            Op::Update(key, add) => {
                writer.update(key, move |value| *value += add);
                latest.entry(key).and_modify(|value| *value += add);
            }
            Op::UpdateOnce(key, add) => {
                writer.update_once(key, move |value| *value += add);
                latest.entry(key).and_modify(|value| *value += add);
            }
            Op::Modify(key, add) => {
                writer.modify(key, add, move |value| *value += add);
                latest.entry(key).and_modify(|value| *value += add).or_insert(add);
            }
            Op::Retain(limit) => {
                let keep = move |_: &u8, value: &mut u16| {
                    *value /= 2;
                    *value < limit
                };
                writer.retain(keep);
                latest.retain(keep);
            }
            Op::RetainByTurns => {
                // Which ones stay depends on the order: what the writer says is what both copies must come to.
                let mut turn = 0u16;
                writer.retain(move |_, value| {
                    turn += 1;
                    *value = turn;
                    !turn.is_multiple_of(3)
                });
                let before = latest.len();
                let Some(after) = expect_own_guard(until_quiet(|| writer.latest().map(model)), kept) else {
                    // It is still to be decided, and the model cannot know what: this is as far as it goes.
                    return;
                };
                assert_eq!(after.len(), before - before / 3);
                assert!(after.keys().all(|key| latest.contains_key(key)));
                latest = after;
            }
            Op::RetainRef(limit) => {
                writer.retain_ref(move |_, value| *value < limit);
                latest.retain(|_, value| *value < limit);
            }
            Op::Clear => {
                writer.clear();
                latest.clear();
            }
            Op::Reserve(additional) => writer.reserve(additional.into()),
            Op::Shrink => writer.shrink_to_fit(),
            Op::Take(key) => {
                if let Some(taken) = expect_own_guard(until_quiet(|| writer.take(&key)), kept) {
                    assert_eq!(taken, latest.remove_entry(&key));
                }
            }
            Op::TakeAll => {
                if let Some(taken) = expect_own_guard(until_quiet(|| writer.take_all()), kept) {
                    assert_eq!(model(&taken), latest);
                    latest.clear();
                }
            }
            Op::Replace(pairs) => {
                latest = pairs.iter().copied().collect();
                writer.replace(pairs.into_iter().collect());
            }
            Op::Panic => writer.change(|map| {
                map.clear();
                panic_quietly();
            }),
            Op::Get(key) => {
                if let Some(got) =
                    expect_own_guard(until_quiet(|| writer.get(&key).map(Option::<&u16>::copied)), kept)
                {
                    assert_eq!(got, latest.get(&key).copied());
                    assert_eq!(writer.contains_key(&key), Ok(got.is_some()));
                    assert_eq!(writer.len(), Ok(latest.len()));
                }
            }
            Op::Publish | Op::TryPublish | Op::PublishBoth => {
                let version = until_quiet(|| match op {
                    Op::Publish => writer.publish(),
                    Op::TryPublish => writer.try_publish(),
                    _ => writer.publish_both(),
                });
                match expect_own_guard(version, kept) {
                    Some(_) => published = latest.clone(),
                    // `publish_both` may have done the first half.
                    None if writer.pending() == 0 => published = latest.clone(),
                    None => {}
                }
            }
            Op::Enter => guard = guard.or_else(|| Some((reader.read(), published.clone()))),
            Op::Leave => guard = None,
        }
        match &guard {
            Some((guard, saw)) => assert_eq!(model(&**guard), *saw),
            None => {
                assert_eq!(reader.with(model), published);
                assert_eq!(reader.len(), published.len());
                assert!((0..16).all(|key| reader.get_cloned(&key) == published.get(&key).copied()));
            }
        }
    }
    // Both copies, one after the other.
    drop(guard);
    for _ in 0..2 {
        until_quiet(|| writer.publish_both()).unwrap();
        assert_eq!(reader.with(model), latest);
        writer.reserve(0);
    }
    drop(reader);
    let Ok(value) = writer.into_inner() else { panic!("nobody else has it") };
    assert_eq!(model(&value), latest);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hash_map(ops in ops()) {
        run(Asymmetric::new(), HashMap::new(), ops);
    }

    #[test]
    fn ordered_map(ops in ops()) {
        run(Counters::new(), BTreeMap::new(), ops);
    }

    #[test]
    fn ordered_map_by_epochs(ops in ops()) {
        run(Epochs::new(), BTreeMap::new(), ops);
    }
}

#[cfg(feature = "hashbrown")]
proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hashbrown_map(ops in ops()) {
        type Hasher = std::hash::BuildHasherDefault<std::hash::DefaultHasher>;
        run(Counters::new(), hashbrown::HashMap::<u8, u16, Hasher>::default(), ops);
    }
}
