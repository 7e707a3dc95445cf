//! A writer that sleeps until the last straggler has left, and readers that sleep until there is something new.

use loom::thread::spawn;

use super::super::strategy::{Asymmetric, Counters, Epochs, Locked, Strategy};
use super::super::{Abandoned, Reader};
use super::{Quiet, read, shared, writer};
use crate::substrate::atomic::Site;
use crate::substrate::model::{ASLEEP, Model, block_on};

/// A reader reads twice; the writer publishes twice, and waits for him.
fn waiting<S: Strategy + 'static>(strategy: S, as_task: bool) {
    let shared = shared(strategy);
    let mut writer = writer(&shared);
    let reader = Quiet::new(Reader::new(std::sync::Arc::clone(&shared)).unwrap());
    let thread = spawn(move || {
        let least = read(&reader, 0);
        read(&reader, least);
    });
    for version in 1..=2 {
        if as_task {
            block_on(writer.vacate_async()).unwrap();
        } else {
            writer.vacate().unwrap();
        }
        writer.try_back().unwrap().set(version);
        writer.try_publish().unwrap();
    }
    thread.join().unwrap();
}

/// A pinned reader goes on once and then rests; the writer waits for him.
fn waiting_for_pinned<S: Strategy + 'static>(strategy: S) {
    let shared = shared(strategy);
    let mut writer = writer(&shared);
    let rest = Quiet::new(super::Offline::new(std::sync::Arc::clone(&shared)).unwrap());
    let thread = spawn(move || {
        let mut pinned = Quiet::new(rest.into_inner().online());
        pinned.refresh();
        assert_eq!(pinned.get().get(), pinned.version());
    });
    for version in 1..=2 {
        writer.back().unwrap().set(version);
        writer.try_publish().unwrap();
    }
    thread.join().unwrap();
}

/// A reader waits for the next version, and then for the writer to go.
fn news(as_task: bool) {
    let shared = shared(Epochs::new());
    let mut writer = writer(&shared);
    let mut reader = Quiet::new(Reader::new(std::sync::Arc::clone(&shared)).unwrap());
    let thread = spawn(move || {
        let mut next = || if as_task { block_on(reader.changed_async()) } else { reader.changed() };
        assert_eq!(next(), Ok(1));
        assert_eq!(next(), Err(Abandoned));
        read(&reader, 1);
    });
    writer.try_back().unwrap().set(1);
    writer.try_publish().unwrap();
    drop(writer);
    thread.join().unwrap();
}

/// A reader waits for the next version, and the writer stays.
fn news_of_a_flip() {
    let shared = shared(Epochs::new());
    let mut writer = writer(&shared);
    let mut reader = Quiet::new(Reader::new(std::sync::Arc::clone(&shared)).unwrap());
    let thread = spawn(move || assert_eq!(reader.changed(), Ok(1)));
    writer.try_back().unwrap().set(1);
    writer.try_publish().unwrap();
    thread.join().unwrap();
}

const WAITING: Model =
    Model { name: "waiting", preemptions: Some(3), body: || waiting(Asymmetric::new(), false) };
const WAITING_PORTABLY: Model =
    Model { name: "waiting portably", preemptions: Some(3), body: || waiting(Asymmetric::portable(), false) };
const WAITING_TASK: Model =
    Model { name: "waiting as a task", preemptions: Some(3), body: || waiting(Asymmetric::new(), true) };
const WAITING_COUNTERS: Model =
    Model { name: "waiting counters", preemptions: Some(3), body: || waiting(Counters::new(), false) };
const WAITING_COUNTERS_TASK: Model = Model {
    name: "waiting counters as a task",
    preemptions: Some(3),
    body: || waiting(Counters::new(), true),
};
const WAITING_EPOCHS: Model =
    Model { name: "waiting epochs", preemptions: Some(2), body: || waiting(Epochs::new(), false) };
const WAITING_LOCKED: Model =
    Model { name: "waiting locked", preemptions: Some(2), body: || waiting(Locked::new(), false) };
const WAITING_FOR_PINNED: Model = Model {
    name: "waiting for a pinned",
    preemptions: Some(3),
    body: || waiting_for_pinned(Asymmetric::new()),
};
const NEWS: Model = Model { name: "news", preemptions: Some(3), body: || news(false) };
const NEWS_OF_A_FLIP: Model = Model { name: "news of a flip", preemptions: None, body: || news_of_a_flip() };
const NEWS_TASK: Model = Model { name: "news as a task", preemptions: Some(3), body: || news(true) };

#[test]
fn model_waiting_holds() {
    WAITING.holds();
    WAITING_PORTABLY.holds();
    WAITING_TASK.holds();
    WAITING_FOR_PINNED.holds();
}

#[test]
fn model_waiting_with_other_strategies_holds() {
    WAITING_COUNTERS.holds();
    WAITING_COUNTERS_TASK.holds();
    WAITING_EPOCHS.holds();
    WAITING_LOCKED.holds();
}

#[test]
fn model_news_holds() {
    NEWS.holds();
    NEWS_OF_A_FLIP.holds();
    NEWS_TASK.holds();
}

#[test]
fn model_waiting_kills_a_reader_who_leaves_without_light_fence() {
    WAITING.kills(Site::P6, ASLEEP);
    WAITING_FOR_PINNED.kills(Site::P6, ASLEEP);
}

#[test]
fn model_waiting_kills_a_writer_who_sleeps_without_heavy_fence() {
    WAITING.kills(Site::P7, ASLEEP);
}

#[test]
fn model_waiting_portably_kills_a_reader_who_leaves_without_fence() {
    WAITING_PORTABLY.kills(Site::P1, ASLEEP);
}

#[test]
fn model_waiting_counters_kills_a_bell_without_fences() {
    WAITING_COUNTERS.kills(Site::W1, ASLEEP);
    WAITING_COUNTERS.kills(Site::W2, ASLEEP);
}

#[test]
fn model_news_kills_a_bell_without_fences() {
    NEWS_OF_A_FLIP.kills(Site::W1, ASLEEP);
    // The flip's fence stands for the ringer's.
    NEWS_OF_A_FLIP.kills(Site::P10, ASLEEP);
    NEWS.kills(Site::W2, ASLEEP);
}

#[test]
fn model_news_kills_a_relaxed_look_at_the_office() {
    NEWS.kills(Site::P23, "left == right");
}
