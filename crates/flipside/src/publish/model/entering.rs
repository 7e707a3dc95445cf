//! Entering, leaving and going on, against a writer who flips.

use loom::thread::spawn;

use super::super::strategy::{Asymmetric, Counters, Epochs, Locked, Strategy};
use super::super::{Offline, Reader};
use super::{Quiet, publish, read, shared, writer};
use crate::substrate::atomic::Site;
use crate::substrate::model::{Model, RACE};

/// A reader reads twice while the writer publishes, and publishes again if the reader is not in the way.
fn reading<S: Strategy + 'static>(strategy: S) {
    let shared = shared(strategy);
    let mut writer = writer(&shared);
    let reader = Quiet::new(Reader::new(std::sync::Arc::clone(&shared)).unwrap());
    let thread = spawn(move || {
        let least = read(&reader, 0);
        read(&reader, least);
    });
    publish(&mut writer);
    publish(&mut writer);
    thread.join().unwrap();
    assert!(publish(&mut writer), "nobody is inside");
}

/// A reader reads once while the writer publishes up to three times: it may be overtaken twice while it enters.
fn overtaking<S: Strategy + 'static>(strategy: S) {
    let shared = shared(strategy);
    let mut writer = writer(&shared);
    let reader = Quiet::new(Reader::new(std::sync::Arc::clone(&shared)).unwrap());
    let thread = spawn(move || read(&reader, 0));
    for _ in 0..3 {
        publish(&mut writer);
    }
    thread.join().unwrap();
}

/// A pinned reader goes on twice while the writer publishes.
fn refreshing<S: Strategy + 'static>(strategy: S) {
    let shared = shared(strategy);
    let mut writer = writer(&shared);
    let rest = Quiet::new(Offline::new(std::sync::Arc::clone(&shared)).unwrap());
    let thread = spawn(move || {
        let mut pinned = Quiet::new(rest.into_inner().online());
        for _ in 0..2 {
            assert_eq!(pinned.get().get(), pinned.version(), "another version than it says");
            pinned.refresh();
        }
        assert_eq!(pinned.get().get(), pinned.version(), "another version than it says");
    });
    publish(&mut writer);
    publish(&mut writer);
    thread.join().unwrap();
    assert!(publish(&mut writer), "nobody is inside");
}

/// Two readers: the second learns from the first that there is a new version, and must not see an older one.
fn told<S: Strategy + 'static>(strategy: S) {
    use crate::substrate::atomic::{
        AtomicU64,
        Ordering::{Acquire, Release},
    };
    let shared = shared(strategy);
    let mut writer = writer(&shared);
    let seen = std::sync::Arc::new(AtomicU64::new(0));
    let [first, second] = [(); 2].map(|()| Quiet::new(Reader::new(std::sync::Arc::clone(&shared)).unwrap()));
    let there = seen.clone();
    let tells = spawn(move || there.store(read(&first, 0), Release));
    let hears = spawn(move || {
        let least = seen.load(Acquire);
        read(&second, least);
    });
    publish(&mut writer);
    tells.join().unwrap();
    hears.join().unwrap();
}

const READING: Model = Model { name: "reading", preemptions: None, body: || reading(Asymmetric::new()) };
const READING_PORTABLY: Model =
    Model { name: "reading portably", preemptions: None, body: || reading(Asymmetric::portable()) };
const READING_EPOCHS: Model =
    Model { name: "reading epochs", preemptions: None, body: || reading(Epochs::new()) };
const READING_COUNTERS: Model =
    Model { name: "reading counters", preemptions: None, body: || reading(Counters::new()) };
const READING_LOCKED: Model =
    Model { name: "reading locked", preemptions: Some(3), body: || reading(Locked::new()) };

const OVERTAKING: Model =
    Model { name: "publishing thrice", preemptions: None, body: || overtaking(Asymmetric::new()) };
const OVERTAKING_COUNTERS: Model =
    Model { name: "publishing thrice counters", preemptions: None, body: || overtaking(Counters::new()) };

const REFRESHING: Model =
    Model { name: "refreshing", preemptions: None, body: || refreshing(Asymmetric::new()) };
const REFRESHING_EPOCHS: Model =
    Model { name: "refreshing epochs", preemptions: None, body: || refreshing(Epochs::new()) };
const REFRESHING_COUNTERS: Model =
    Model { name: "refreshing counters", preemptions: None, body: || refreshing(Counters::new()) };

const TOLD: Model = Model { name: "told", preemptions: Some(3), body: || told(Asymmetric::new()) };
const TOLD_COUNTERS: Model =
    Model { name: "told counters", preemptions: Some(3), body: || told(Counters::new()) };

#[test]
fn model_reading_holds() {
    READING.holds_without_bells();
    READING_PORTABLY.holds_without_bells();
    READING_EPOCHS.holds_without_bells();
}

#[test]
fn model_reading_counters_and_locked_hold() {
    READING_COUNTERS.holds_without_bells();
    READING_LOCKED.holds();
}

#[test]
fn model_publishing_thrice_holds() {
    OVERTAKING.holds_without_bells();
    OVERTAKING_COUNTERS.holds_without_bells();
}

#[test]
fn model_refreshing_holds() {
    REFRESHING.holds_without_bells();
    REFRESHING_EPOCHS.holds_without_bells();
    REFRESHING_COUNTERS.holds_without_bells();
}

#[test]
fn model_told_holds() {
    TOLD.holds_without_bells();
    TOLD_COUNTERS.holds_without_bells();
}

#[test]
fn model_reading_kills_a_reader_without_light_fence() {
    READING.kills_without_bells(Site::P2, RACE);
    READING_PORTABLY.kills_without_bells(Site::P24, RACE);
    READING_EPOCHS.kills_without_bells(Site::P24, RACE);
}

#[test]
fn model_reading_kills_a_writer_without_heavy_fence() {
    READING.kills_without_bells(Site::P9, RACE);
    READING_PORTABLY.kills_without_bells(Site::P10, RACE);
    READING_EPOCHS.kills_without_bells(Site::P10, RACE);
}

#[test]
fn model_reading_kills_a_relaxed_version() {
    READING.kills_without_bells(Site::P3, RACE);
    READING.kills_without_bells(Site::P8, RACE);
}

#[test]
fn model_reading_kills_a_relaxed_word() {
    READING.kills_without_bells(Site::P4, RACE);
    READING.kills_without_bells(Site::P5, RACE);
    READING.kills_without_bells(Site::P12, RACE);
}

#[test]
fn model_refreshing_kills_going_online_without_fence() {
    REFRESHING.kills_without_bells(Site::P11, RACE);
    REFRESHING.kills_without_bells(Site::P10, RACE);
}

#[test]
fn model_reading_counters_kills_relaxed_exchanges() {
    READING_COUNTERS.kills_without_bells(Site::P19, RACE);
    READING_COUNTERS.kills_without_bells(Site::P20, RACE);
    READING_COUNTERS.kills_without_bells(Site::P10, RACE);
}
