//! A lane for each writer: sites C19 to C25.

use super::{Sink, build_lanes, spawn, write, writer};
use crate::collect::Overflow;
use crate::substrate::atomic::Site;
use crate::substrate::model::{ASLEEP, Model, RACE};

const LINKED: bool = true;
const PORTABLE: bool = false;
const LOST: &str = "accepted is drained";

/// Four records through sides of one: the third goes where the first was. The reader polls and never sleeps, so there is
/// no fence between the two but those of the writer.
const LANE: Model = Model { name: "lane", preemptions: Some(3), body: || lane(LINKED) };
const PORTABLE_LANE: Model = Model { name: "portable lane", preemptions: Some(3), body: || lane(PORTABLE) };

fn lane(membarrier: bool) {
    let (collector, mut drain) = build_lanes(Overflow::Fail, 1, 1, true, membarrier);
    let mut writer = writer(&collector);
    let thread = spawn(move || (write(&mut writer, 4), writer.into_inner()));
    let sink = Sink::new();
    sink.poll_often(&mut drain, 3);
    let (accepted, writer) = thread.join().unwrap();
    drop((writer, collector));
    sink.take_all(&mut drain);
    assert_eq!(sink.look().data, accepted, "{LOST}");
}

/// Sides of two records, so that the reader takes the middle of the front while the writer goes on behind it.
const MIDDLE: Model = Model {
    name: "middle",
    preemptions: Some(3),
    body: || {
        let (collector, mut drain) = build_lanes(Overflow::Fail, 2, 1, true, LINKED);
        let mut writer = writer(&collector);
        let thread = spawn(move || (write(&mut writer, 3), writer.into_inner()));
        let sink = Sink::new();
        sink.poll_often(&mut drain, 2);
        let (accepted, writer) = thread.join().unwrap();
        drop((writer, collector));
        sink.take_all(&mut drain);
        assert_eq!((sink.look().data, accepted), (3, 3), "{LOST}");
    },
};

/// The reader seals while a record is on its way: it is refused or drained.
const SEAL: Model = Model { name: "seal", preemptions: Some(3), body: || seal(LINKED) };
const PORTABLE_SEAL: Model = Model { name: "portable seal", preemptions: Some(3), body: || seal(PORTABLE) };

fn seal(membarrier: bool) {
    let (collector, mut drain) = build_lanes(Overflow::Fail, 2, 1, true, membarrier);
    let mut writer = writer(&collector);
    let thread = spawn(move || (write(&mut writer, 1), writer.into_inner()));
    collector.request_close();
    let sink = Sink::new();
    while sink.poll(&mut drain) {
        loom::thread::yield_now();
    }
    let (accepted, _writer) = thread.join().unwrap();
    assert_eq!(sink.look().data, accepted, "{LOST}");
}

/// The reader sleeps without end, and one record is written whose writer then does nothing more.
const DEEP: Model = Model { name: "deep sleep", preemptions: Some(3), body: || deep(LINKED) };
const PORTABLE_DEEP: Model =
    Model { name: "portable deep sleep", preemptions: Some(3), body: || deep(PORTABLE) };

fn deep(membarrier: bool) {
    let (collector, mut drain) = build_lanes(Overflow::Fail, 2, 1, true, membarrier);
    let mut writer = writer(&collector);
    let thread = spawn(move || (write(&mut writer, 1), writer.into_inner()));
    let sink = Sink::new();
    assert!(sink.take_one(&mut drain));
    let (accepted, _writer) = thread.join().unwrap();
    assert_eq!((sink.look().data, accepted), (1, 1));
}

/// A writer with both sides full is woken by the release of the first, or when the reader moves on to the second.
const NO_ROOM: Model = Model {
    name: "no room",
    preemptions: Some(2),
    body: || {
        let (collector, mut drain) = build_lanes(Overflow::Block, 1, 1, false, LINKED);
        let mut writer = writer(&collector);
        let thread = spawn(move || (write(&mut writer, 3), writer.into_inner()));
        let sink = Sink::new();
        while sink.look().data < 2 {
            assert!(sink.take_one(&mut drain));
        }
        let (accepted, writer) = thread.join().unwrap();
        assert_eq!(accepted, 3);
        drop((writer, collector));
        sink.take_all(&mut drain);
        assert_eq!(sink.look().data, 3);
    },
};

/// Two lanes and one heavy fence for both; a record refused is told.
const TWO_LANES: Model = Model {
    name: "two lanes",
    preemptions: Some(2),
    body: || {
        let (collector, mut drain) = build_lanes(Overflow::DropNewest, 1, 2, true, LINKED);
        let (mut own, mut other, sink) = (writer(&collector), writer(&collector), Sink::new());
        let threads = [spawn(move || write(&mut own, 1)), spawn(move || write(&mut other, 1))];
        drop(collector);
        sink.take_all(&mut drain);
        let accepted: usize = threads.map(|thread| thread.join().unwrap()).iter().sum();
        let seen = sink.look();
        assert_eq!(seen.data, accepted, "{LOST}");
        assert_eq!(seen.data + seen.lost as usize, 2, "the rest is told");
    },
};

/// A lane changes hands: the next writer goes on where the last one stopped.
const NEXT_OWNER: Model = Model {
    name: "next owner",
    preemptions: Some(3),
    body: || {
        let (collector, mut drain) = build_lanes(Overflow::Fail, 2, 1, true, LINKED);
        let mut own = writer(&collector);
        let next = collector.clone();
        let thread = spawn(move || {
            let taken = next.writer();
            drop(next);
            taken.map_or(0, |writer| write(&mut crate::substrate::model::Quiet::new(writer), 1))
        });
        let first = write(&mut own, 1);
        drop((own, collector));
        let sink = Sink::new();
        sink.take_all(&mut drain);
        assert_eq!(sink.look().data, first + thread.join().unwrap(), "{LOST}");
    },
};

#[test]
fn model_lane_holds() {
    LANE.holds();
    PORTABLE_LANE.holds();
}

#[test]
fn model_lane_holds_without_bells() {
    LANE.holds_without_bells();
    PORTABLE_LANE.holds_without_bells();
}

#[test]
fn model_lane_kills_relaxed_entries() {
    LANE.kills_without_bells(Site::C19, LOST);
}

#[test]
fn model_lane_kills_relaxed_leaving() {
    LANE.kills_without_bells(Site::C20, RACE);
}

#[test]
fn model_lane_kills_relaxed_looks() {
    LANE.kills_without_bells(Site::C21, RACE);
}

#[test]
fn model_lane_kills_relaxed_releases() {
    LANE.kills_without_bells(Site::C22, RACE);
}

#[test]
fn model_lane_kills_a_relaxed_look_for_room() {
    LANE.kills_without_bells(Site::C23, RACE);
}

#[test]
fn model_middle_holds() {
    MIDDLE.holds_without_bells();
}

#[test]
fn model_seal_holds() {
    SEAL.holds();
    PORTABLE_SEAL.holds();
}

#[test]
fn model_seal_kills_an_entry_without_fence() {
    SEAL.kills(Site::C24, LOST);
    PORTABLE_SEAL.kills(Site::C24, LOST);
}

#[test]
fn model_seal_kills_a_seal_without_fence() {
    SEAL.kills(Site::C25, LOST);
    PORTABLE_SEAL.kills(Site::C25, LOST);
}

#[test]
fn model_deep_sleep_holds() {
    DEEP.holds();
    PORTABLE_DEEP.holds();
}

#[test]
fn model_deep_sleep_kills_an_entry_without_fence() {
    DEEP.kills(Site::C24, ASLEEP);
}

#[test]
fn model_deep_sleep_kills_a_sleeper_without_fence() {
    DEEP.kills(Site::C25, ASLEEP);
}

#[test]
fn model_no_room_holds() {
    NO_ROOM.holds();
}

#[test]
fn model_no_room_kills_fences_of_the_bell() {
    NO_ROOM.kills(Site::W1, ASLEEP);
    NO_ROOM.kills(Site::W2, ASLEEP);
}

#[test]
fn model_two_lanes_holds() {
    TWO_LANES.holds();
}

#[test]
fn model_next_owner_holds() {
    NEXT_OWNER.holds();
}
