//! Random scripts over a log and its readers, against a model that keeps every version.

use flipside::publish::strategy::Strategy;
use flipside::publish::{Offline, Pinned, ReadGuard, Reader, Writer};
use proptest::prelude::*;
use proptest::strategy::Strategy as _;
use proptest::test_runner::{Config, TestRunner};

use crate::{Listing, list, with_every_strategy};

with_every_strategy! {
    ;
    each_guard_sees_the_version_that_it_entered
}

#[derive(Clone, Debug)]
enum Step {
    Push(u32),
    PushOnce(u32),
    Publish,
    TryPublish,
    PublishBoth,
    Latest,
    NextWriter,
    Read(usize),
    Hold(usize),
    HoldAgain(usize),
    LetGo(usize),
    Clone(usize),
    Drop(usize),
    Refresh(usize),
    Rest(usize),
}

fn step() -> impl proptest::strategy::Strategy<Value = Step> {
    let at = 0..READERS;
    prop_oneof![
        4 => any::<u32>().prop_map(Step::Push),
        1 => any::<u32>().prop_map(Step::PushOnce),
        3 => Just(Step::Publish),
        3 => Just(Step::TryPublish),
        1 => Just(Step::PublishBoth),
        1 => Just(Step::Latest),
        1 => Just(Step::NextWriter),
        2 => at.clone().prop_map(Step::Read),
        3 => at.clone().prop_map(Step::Hold),
        1 => at.clone().prop_map(Step::HoldAgain),
        5 => at.clone().prop_map(Step::LetGo),
        1 => at.clone().prop_map(Step::Clone),
        1 => at.clone().prop_map(Step::Drop),
        4 => at.clone().prop_map(Step::Refresh),
        1 => at.prop_map(Step::Rest),
    ]
}

const READERS: usize = 3;

/// A guard, and the version that it must see.
type Held<'r, S> = (ReadGuard<'r, Vec<u32>, S>, u64);

/// Versions, and what is pushed on top of the newest.
struct Model {
    versions: Vec<Vec<u32>>,
    latest: Vec<u32>,
    pushed: usize,
}

impl Model {
    fn newest(&self) -> u64 {
        self.versions.len() as u64 - 1
    }

    fn published(&mut self) {
        if self.pushed > 0 {
            self.versions.push(self.latest.clone());
            self.pushed = 0;
        }
    }

    fn check<S: Strategy>(&self, held: &[Vec<Held<'_, S>>], pinned: &[Pinned<Listing<S>>]) {
        for (guard, version) in held.iter().flatten() {
            assert_eq!((&**guard, ReadGuard::version(guard)), (&self.versions[*version as usize], *version));
        }
        for one in pinned {
            assert_eq!(one.get(), &self.versions[one.version() as usize]);
        }
    }
}

fn run<S: Strategy>(strategy: S, script: Vec<Step>) {
    let (writer, first) = list(strategy);
    let pointer = first.pointer().clone();
    let mut writer = Some(writer);
    let readers: Vec<Reader<_>> = (0..READERS).map(|_| first.clone()).collect();
    drop(first);
    let mut held: Vec<Vec<Held<'_, S>>> = (0..READERS).map(|_| Vec::new()).collect();
    let mut pinned: Vec<_> = (0..READERS).map(|_| Offline::new(pointer.clone()).unwrap().online()).collect();
    let mut model = Model { versions: vec![vec![]], latest: vec![], pushed: 0 };
    for step in script {
        let own = writer.as_mut().unwrap();
        let newest = model.newest();
        let is_free = newest == 0 || {
            let old = held.iter().flatten().any(|(_, version)| version % 2 != newest % 2);
            !old && pinned.iter().all(|one| one.version() % 2 == newest % 2)
        };
        match step {
            Step::Push(n) => {
                own.apply(move |list| if n % 5 == 0 { list.truncate(n as usize % 7) } else { list.push(n) });
                if n % 5 == 0 {
                    model.latest.truncate(n as usize % 7)
                } else {
                    model.latest.push(n)
                }
                model.pushed += 1;
            }
            Step::PushOnce(n) => {
                own.apply_once(move |list| list.insert(0, n));
                model.latest.insert(0, n);
                model.pushed += 1;
            }
            Step::Publish | Step::TryPublish | Step::PublishBoth => {
                let (waits, both) = (!matches!(step, Step::TryPublish), matches!(step, Step::PublishBoth));
                let had = model.pushed > 0;
                let result = match (both, waits) {
                    (true, _) => own.publish_both(),
                    (_, true) => own.publish(),
                    _ => own.try_publish(),
                };
                if is_free || !had {
                    model.published();
                }
                if !both {
                    assert_eq!(result.is_ok(), is_free || !had, "{result:?}");
                }
                if let Ok(version) = result {
                    assert_eq!(version, model.newest());
                }
            }
            Step::Latest => {
                let latest = own.latest();
                assert_eq!(latest.is_ok(), is_free);
                assert!(latest.is_ok_and(|latest| *latest == model.latest) || !is_free);
            }
            Step::NextWriter => {
                drop(writer.take());
                writer = Some(Writer::new(pointer.clone()).unwrap());
            }
            Step::Read(at) => {
                let version = held[at].first().map_or(newest, |(_, version)| *version);
                assert_eq!(*readers[at].read(), model.versions[version as usize]);
            }
            Step::Hold(at) => {
                let version = held[at].first().map_or(newest, |(_, version)| *version);
                held[at].push((readers[at].read(), version));
            }
            Step::HoldAgain(at) => {
                let again = held[at].last().map(|(guard, version)| (ReadGuard::clone(guard), *version));
                held[at].extend(again);
            }
            Step::LetGo(at) if !held[at].is_empty() => drop(held[at].swap_remove(0)),
            Step::Clone(at) => assert_eq!(*readers[at].clone().read(), model.versions[newest as usize]),
            Step::Drop(at) => held[at].clear(),
            Step::Refresh(at) => {
                let was_old = pinned[at].version() != newest;
                assert_eq!(pinned[at].refresh(), was_old);
                assert_eq!(pinned[at].version(), newest);
            }
            Step::Rest(at) => {
                let rest = pinned.swap_remove(at).offline();
                pinned.push(rest.online());
            }
            Step::LetGo(_) => {}
        }
        let own = writer.as_ref().unwrap();
        assert_eq!((own.pending(), own.version()), (model.pushed, model.newest()));
        assert_eq!(own.published(), model.versions.last().unwrap());
        model.check(&held, &pinned);
    }
}

fn each_guard_sees_the_version_that_it_entered<S: Strategy + Default>(_: S) {
    let mut runner = TestRunner::new(Config { cases: 200, failure_persistence: None, ..Config::default() });
    runner
        .run(&prop::collection::vec(step(), 0..120), |script| {
            run(S::default(), script);
            Ok(())
        })
        .unwrap();
}
