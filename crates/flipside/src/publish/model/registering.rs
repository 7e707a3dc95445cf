//! Readers that come and go while the writer flips, and writers that do.

use loom::thread::spawn;

use super::super::strategy::{Asymmetric, Counters, Epochs, Slot, Strategy};
use super::super::{Offline, Reader, raw};
use super::{Quiet, pins, publish, read, reads, shared, writer};
use crate::substrate::atomic::Site;
use crate::substrate::model::{Model, RACE};

/// A reader is made and read through while the writer publishes.
fn coming<S: Strategy + 'static>(strategy: S) {
    let shared = shared(strategy);
    let mut writer = writer(&shared);
    let there = Quiet::new(std::sync::Arc::clone(&shared));
    let thread = spawn(move || reads(there, 1));
    publish(&mut writer);
    publish(&mut writer);
    thread.join().unwrap();
    assert!(publish(&mut writer), "nobody is inside");
}

/// As `coming`, with a pinned reader.
fn going_online<S: Strategy + 'static>(strategy: S) {
    let shared = shared(strategy);
    let mut writer = writer(&shared);
    let there = Quiet::new(std::sync::Arc::clone(&shared));
    let thread = spawn(move || pins(there, 1));
    publish(&mut writer);
    publish(&mut writer);
    thread.join().unwrap();
}

/// Two readers come and go, with one slot between them if there is no more. Pinned ones: guards' readers are counted,
/// and that orders them as well.
fn sharing<S: Strategy + 'static>(strategy: S) {
    let shared = shared(strategy);
    let mut writer = writer(&shared);
    let threads = [(); 2].map(|()| {
        let shared = Quiet::new(std::sync::Arc::clone(&shared));
        spawn(move || {
            if let Ok(rest) = Offline::new(shared.into_inner()) {
                let pinned = Quiet::new(rest.online());
                assert_eq!(pinned.get().get(), pinned.version(), "another version than it says");
            }
        })
    });
    publish(&mut writer);
    publish(&mut writer);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// A reader reads and goes for good; the writer, who may count no such reader any more, does not ask the system.
fn going(strategy: Asymmetric) {
    let shared = shared(strategy);
    let mut writer = writer(&shared);
    let reader = Quiet::new(Reader::new(std::sync::Arc::clone(&shared)).unwrap());
    let thread = spawn(move || {
        read(&reader, 0);
        drop(reader);
    });
    publish(&mut writer);
    publish(&mut writer);
    thread.join().unwrap();
}

/// One writer publishes, writes on, and goes; the next goes on where it was.
fn handing_over(strategy: Epochs) {
    let shared = shared(strategy);
    let mut first = writer(&shared);
    let there = Quiet::new(std::sync::Arc::clone(&shared));
    let thread = spawn(move || {
        publish(&mut first);
        first.try_back().unwrap().set(7);
        drop(first);
    });
    if let Ok(second) = raw::Writer::new(there.into_inner()) {
        publish(&mut Quiet::new(second));
    }
    thread.join().unwrap();
}

const COMING: Model = Model { name: "coming", preemptions: Some(4), body: || coming(Asymmetric::new()) };
const COMING_PORTABLY: Model =
    Model { name: "coming portably", preemptions: Some(4), body: || coming(Asymmetric::portable()) };
const COMING_COUNTERS: Model =
    Model { name: "coming counters", preemptions: Some(4), body: || coming(Counters::new()) };
const GOING_ONLINE: Model =
    Model { name: "going online", preemptions: Some(4), body: || going_online(Asymmetric::new()) };
const SHARING: Model = Model {
    name: "sharing a slot",
    preemptions: Some(3),
    body: || sharing(Epochs::with_seats([Slot::new()])),
};
const GROWING: Model = Model { name: "growing", preemptions: Some(3), body: || sharing(Epochs::new()) };
const GOING: Model = Model { name: "going", preemptions: None, body: || going(Asymmetric::new()) };
const HANDING_OVER: Model =
    Model { name: "handing over", preemptions: None, body: || handing_over(Epochs::new()) };

#[test]
fn model_coming_holds() {
    COMING.holds_without_bells();
    COMING_PORTABLY.holds_without_bells();
    COMING_COUNTERS.holds_without_bells();
}

#[test]
fn model_going_online_holds() {
    GOING_ONLINE.holds_without_bells();
}

#[test]
fn model_sharing_a_slot_holds() {
    SHARING.holds_without_bells();
    GROWING.holds_without_bells();
}

#[test]
fn model_going_holds() {
    GOING.holds_without_bells();
}

#[test]
fn model_handing_over_holds() {
    HANDING_OVER.holds_without_bells();
}

#[test]
fn model_coming_kills_registering_without_fence() {
    COMING.kills_without_bells(Site::P11, RACE);
    COMING.kills_without_bells(Site::P10, RACE);
    COMING_COUNTERS.kills_without_bells(Site::P11, RACE);
    COMING_COUNTERS.kills_without_bells(Site::P10, RACE);
}

#[test]
fn model_growing_kills_a_relaxed_link() {
    GROWING.kills_without_bells(Site::P15, RACE);
    GROWING.kills_without_bells(Site::P16, RACE);
}

#[test]
fn model_going_kills_a_relaxed_count() {
    GOING.kills_without_bells(Site::P17, RACE);
    GOING.kills_without_bells(Site::P18, RACE);
}

#[test]
fn model_handing_over_kills_a_relaxed_office() {
    HANDING_OVER.kills_without_bells(Site::P21, RACE);
    HANDING_OVER.kills_without_bells(Site::P22, RACE);
}
