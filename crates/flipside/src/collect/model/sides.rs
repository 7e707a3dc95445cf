//! Entering, leaving, flipping, reusing: sites C1 to C4, C13, C14, and the room bell.

use super::{Collector, SPAN, Sink, body, build, spawn, write, writer};
use crate::collect::Overflow;
use crate::collect::lane::{Lane, WIDE};
use crate::collect::slot::Slot;
use crate::substrate::atomic::{Ordering::Relaxed, Site};
use crate::substrate::model::{ASLEEP, Model, Quiet, RACE};
use crate::substrate::side::Side;

/// The reader itself writes and drains both sides once, while another thread writes one record. That one lands
/// in any of three epochs, the third of which uses the first one's side again. The reader never sleeps: there is
/// always its own record to take.
const REUSE: Model = Model {
    name: "reuse",
    preemptions: None,
    body: || {
        let (collector, mut drain) = build(Overflow::Fail, 2, 2, true);
        let (mut own, mut other, sink) = (writer(&collector), writer(&collector), Sink::new());
        let other = spawn(move || write(&mut other, 1));
        for _ in 0..2 {
            write(&mut own, 1);
            sink.take_one(&mut drain);
        }
        other.join().unwrap();
        drop((own, collector));
        sink.take_all(&mut drain);
        assert_eq!(sink.look().data, 3);
    },
};

/// Two writers and a reader, each in a thread of its own, until everything is drained.
const TWO_WRITERS: Model = Model {
    name: "two writers",
    preemptions: Some(2),
    body: || {
        let (collector, mut drain) = build(Overflow::Fail, 2, 2, true);
        let threads = [0, 1].map(|_| {
            let mut writer = writer(&collector);
            spawn(move || write(&mut writer, 1))
        });
        drop(collector);
        let sink = Sink::new();
        sink.take_all(&mut drain);
        let accepted: usize = threads.map(|thread| thread.join().unwrap()).iter().sum();
        assert_eq!(accepted, 2);
        assert_eq!(sink.look().data, accepted);
    },
};

/// Three records of one writer: the third may land on the first one's side, with nothing between reader and
/// writer but the flip. (A reader that writes or sleeps in between fences, and would hide a relaxed flip.)
const THREE_FLIPS: Model = Model {
    name: "three flips",
    preemptions: Some(3),
    body: || {
        let (collector, mut drain) = build(Overflow::Fail, 2, 1, true);
        let mut writer = writer(&collector);
        let thread = spawn(move || write(&mut writer, 3));
        drop(collector);
        let sink = Sink::new();
        sink.take_all(&mut drain);
        assert_eq!(sink.look().data, thread.join().unwrap());
    },
};

/// A side for one record and three records for it: claims fail, and what is not drained is told.
const FULL: Model = Model {
    name: "full",
    preemptions: Some(3),
    body: || {
        let (collector, mut drain) = build(Overflow::DropNewest, 1, 2, true);
        let (mut own, mut other, sink) = (writer(&collector), writer(&collector), Sink::new());
        let other = spawn(move || (write(&mut other, 2), other.into_inner()));
        let accepted = write(&mut own, 1);
        sink.take_one(&mut drain);
        let (more, other) = other.join().unwrap();
        drop((own, other, collector));
        sink.take_all(&mut drain);
        let seen = sink.look();
        assert_eq!(seen.data, accepted + more, "accepted is drained");
        assert_eq!(seen.data + seen.lost as usize, 3, "the rest is told");
    },
};

/// A blocked writer is woken by the flip, and by nothing else: the reader does not come back.
const BLOCKED: Model = Model {
    name: "blocked",
    preemptions: Some(3),
    body: || {
        let (collector, mut drain) = build(Overflow::Block, 1, 1, false);
        let mut writer = writer(&collector);
        let thread = spawn(move || (write(&mut writer, 2), writer.into_inner()));
        let sink = Sink::new();
        sink.take_one(&mut drain);
        let (accepted, writer) = thread.join().unwrap();
        assert_eq!(accepted, 2);
        drop((writer, collector));
        sink.take_all(&mut drain);
        assert_eq!(sink.look().data, 2);
    },
};

/// Two writers and room for one: who is woken may find the new side full again, and blocks again.
const CROWDED: Model = Model {
    name: "crowded",
    preemptions: Some(2),
    body: || {
        let (collector, mut drain) = build(Overflow::Block, 1, 2, false);
        let (mut own, mut other, sink) = (writer(&collector), writer(&collector), Sink::new());
        let threads = [spawn(move || write(&mut own, 1)), spawn(move || write(&mut other, 1))];
        for _ in 0..2 {
            assert!(sink.take_one(&mut drain));
        }
        let accepted: usize = threads.map(|thread| thread.join().unwrap()).iter().sum();
        assert_eq!((sink.look().data, accepted), (2, 2));
    },
};

/// A claim that is forgotten, and one that is given up: both leave at last, zeroed, and the side is drained.
const FORGOTTEN: Model = Model {
    name: "forgotten",
    preemptions: Some(2),
    body: || {
        let (collector, mut drain) = build(Overflow::Block, 3, 1, true);
        let mut writer = writer(&collector);
        let thread = spawn(move || {
            let mut claim = Quiet::new(writer.claim(8).unwrap());
            claim.put(b"half").unwrap();
            std::mem::forget(claim);
            let mut claim = Quiet::new(writer.claim(8).unwrap());
            claim.put(&body(0, 7)).unwrap();
            claim.into_inner().commit();
            drop(writer.claim(8).unwrap());
        });
        drop(collector);
        let sink = Sink::new();
        sink.take_all(&mut drain);
        thread.join().unwrap();
        let seen = sink.look();
        assert_eq!((seen.data, seen.aborted), (1, 2));
    },
};

/// A slot goes from one thread to another: its counters go on.
const HANDOVER: Model = Model {
    name: "handover",
    preemptions: None,
    body: || {
        let (collector, mut drain) = build(Overflow::Fail, 4, 2, false);
        let mut own = writer(&collector);
        // The first record of an epoch rings, and a ring is a fence: ours takes it, lest it hand over in passing.
        write(&mut own, 1);
        let threads = [0, 1].map(|_| {
            let collector = Quiet::new((*collector).clone());
            spawn(move || collector.writer().map_or(0, |writer| write(&mut Quiet::new(writer), 1)))
        });
        let accepted: usize = 1 + threads.map(|thread| thread.join().unwrap()).iter().sum::<usize>();
        let (done, failed) = left(&collector, Side::A);
        assert_eq!((done, failed), (accepted * SPAN, 0), "a counter went back");
        drop((own, collector));
        let sink = Sink::new();
        sink.take_all(&mut drain);
        assert_eq!(sink.look().data, accepted);
    },
};

fn left(collector: &Collector, side: Side) -> (usize, usize) {
    Lane::<WIDE>::left(collector.shared.slots.iter().map(|slot| &***slot), side)
}

/// In a head of six offset bits the failed claims of one epoch fit only because each slot fails once.
fn narrow(look_first: bool) {
    let lane = std::sync::Arc::new((Lane::<6>::new(SPAN, 0, SPAN, 2).unwrap(), [Slot::new(), Slot::new()]));
    let threads = [0, 1].map(|index| {
        let shared = lane.clone();
        spawn(move || {
            let (lane, slot) = (&shared.0, &shared.1[index]);
            for _ in 0..3 {
                if !look_first {
                    slot.full.store(false, Relaxed);
                }
                if let Some(grant) = lane.claim(slot, SPAN) {
                    lane.leave(slot, grant);
                }
            }
        })
    });
    let (lane, slots) = (&lane.0, &lane.1);
    let left = || Lane::<6>::left(slots.iter(), Side::A);
    let before = left();
    let flipped = lane.flip();
    assert_eq!(flipped.side, Side::A, "the offset ran into the side");
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let (done, failed) = left();
    assert_eq!(before.1.min(failed), before.1);
    assert_eq!(done + failed, flipped.claimed, "everybody has left");
    assert_eq!(lane.flip().side, Side::B, "the offset ran into the side");
}

const NARROW: Model = Model { name: "narrow", preemptions: Some(3), body: || narrow(true) };

const NARROW_WITHOUT_LOOK: Model =
    Model { name: "narrow, without the look", preemptions: Some(3), body: || narrow(false) };

#[test]
fn model_reuse_holds() {
    REUSE.holds();
}

#[test]
fn model_reuse_holds_without_bells() {
    REUSE.holds_without_bells();
}

#[test]
fn model_reuse_without_bells_kills_every_relaxed_access() {
    for site in [Site::C1, Site::C2, Site::C3, Site::C4] {
        REUSE.kills_without_bells(site, RACE);
    }
}

#[test]
fn model_reuse_kills_relaxed_claims() {
    REUSE.kills(Site::C1, RACE);
}

#[test]
fn model_reuse_kills_relaxed_commits() {
    REUSE.kills(Site::C2, RACE);
}

#[test]
fn model_reuse_kills_relaxed_sums() {
    REUSE.kills(Site::C3, RACE);
}

#[test]
fn model_three_flips_holds() {
    THREE_FLIPS.holds();
}

#[test]
fn model_three_flips_kills_relaxed_flips() {
    THREE_FLIPS.kills(Site::C4, RACE);
}

#[test]
fn model_two_writers_holds() {
    TWO_WRITERS.holds();
}

#[test]
fn model_full_holds() {
    FULL.holds();
}

#[test]
fn model_blocked_holds() {
    BLOCKED.holds();
}

#[test]
fn model_blocked_kills_a_sleeper_without_fence() {
    BLOCKED.kills(Site::W1, ASLEEP);
}

#[test]
fn model_blocked_kills_a_ringer_without_fence() {
    BLOCKED.kills(Site::W2, ASLEEP);
}

#[test]
fn model_crowded_holds() {
    CROWDED.holds();
}

#[test]
fn model_forgotten_holds() {
    FORGOTTEN.holds();
}

#[test]
fn model_handover_holds() {
    HANDOVER.holds();
}

#[test]
fn model_handover_holds_without_bells() {
    HANDOVER.holds_without_bells();
}

#[test]
fn model_handover_kills_relaxed_giving_back() {
    HANDOVER.kills(Site::C13, "a counter went back");
}

#[test]
fn model_handover_kills_relaxed_taking() {
    HANDOVER.kills(Site::C14, "a counter went back");
}

#[test]
fn model_narrow_holds() {
    NARROW.holds();
}

#[test]
#[should_panic(expected = "the offset ran into the side")]
fn model_narrow_fails_without_the_look() {
    NARROW_WITHOUT_LOOK.holds();
}
