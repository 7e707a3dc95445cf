//! Both kinds of pairs in the handshakes that they are for, and what two light fences do not do.
//!
//! The sites are borrowed: W1 stands for the light fence, W2 for the heavy one.

use std::sync::Arc;

use super::{Fences, Link};
use crate::substrate::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::substrate::atomic::{AtomicU64, Shadow, Site};
use crate::substrate::model::{Model, Quiet, RACE};

/// What a handshake panics with.
const MISSED: &str = "both missed";

const FENCES: Model = Model { name: "fences", preemptions: None, body: || handshake(Fences::portable()) };
const LINKED_FENCES: Model = Model { name: "linked fences", preemptions: None, body: || handshake(linked()) };

/// Store, fence, load on both sides: at least one sees the other.
fn handshake(fences: Fences) {
    let shared = Arc::new((fences, Link::new(), AtomicU64::new(0), AtomicU64::new(0)));
    let light = shared.clone();
    let light = loom::thread::spawn(move || {
        let (fences, link, x, y) = &*light;
        x.store(1, Relaxed);
        fences.light(Site::W1, link);
        y.load(Relaxed)
    });
    let (fences, link, x, y) = &*shared;
    y.store(1, Relaxed);
    fences.heavy(Site::W2, [link]).unwrap();
    let seen = x.load(Relaxed);
    assert!(light.join().unwrap() + seen > 0, "{MISSED}");
}

const ENTER_AND_CLOSE: Model =
    Model { name: "enter and close", preemptions: None, body: || enter_and_close(Fences::portable()) };
const LINKED_ENTER_AND_CLOSE: Model =
    Model { name: "linked enter and close", preemptions: None, body: || enter_and_close(linked()) };

/// A writer enters twice (odd: inside) unless it is closed, and writes; who closes takes the bytes if the writer is
/// not inside. If each misses the other, both have them.
fn enter_and_close(fences: Fences) {
    let shared = Arc::new(Quiet::new(Lane {
        fences,
        link: Link::new(),
        word: AtomicU64::new(0),
        closed: AtomicU64::new(0),
        bytes: Shadow::new(8),
    }));
    let writer = shared.clone();
    let writer = loom::thread::spawn(move || {
        for entry in [1, 3] {
            writer.word.store(entry, Relaxed);
            writer.fences.light(Site::W1, &writer.link);
            if writer.closed.load(Relaxed) == 0 {
                writer.bytes.writes(0, 8);
            }
            writer.word.store(entry + 1, Release);
        }
    });
    shared.closed.store(1, Relaxed);
    shared.fences.heavy(Site::W2, [&shared.link]).unwrap();
    if shared.word.load(Acquire) & 1 == 0 {
        shared.bytes.writes(0, 8);
    }
    writer.join().unwrap();
}

struct Lane {
    fences: Fences,
    link: Link,
    word: AtomicU64,
    closed: AtomicU64,
    bytes: Shadow,
}

const THREE_LINKED_FENCES: Model = Model { name: "three linked fences", preemptions: Some(3), body: three };

/// One heavy fence is the partner of every light one.
fn three() {
    let shared = Arc::new((linked(), [(); 2].map(|()| (Link::new(), AtomicU64::new(0))), AtomicU64::new(0)));
    let lights = [0, 1].map(|own| {
        let shared = shared.clone();
        loom::thread::spawn(move || {
            let (fences, cells, y) = &*shared;
            cells[own].1.store(1, Relaxed);
            fences.light(Site::W1, &cells[own].0);
            y.load(Relaxed)
        })
    });
    let (fences, cells, y) = &*shared;
    y.store(1, Relaxed);
    fences.heavy(Site::W2, cells.iter().map(|(link, _)| link)).unwrap();
    let seen = [0, 1].map(|own| cells[own].1.load(Relaxed));
    for (light, seen) in lights.into_iter().zip(seen) {
        assert!(light.join().unwrap() + seen > 0, "{MISSED}");
    }
}

const LIGHT_FENCES: Model = Model { name: "light fences", preemptions: None, body: two_light };

/// The handshake with a light fence on either side: both may miss.
fn two_light() {
    let shared = Arc::new((linked(), [(); 2].map(|()| (Link::new(), AtomicU64::new(0)))));
    let side = |own: usize| {
        let shared = shared.clone();
        move || {
            let (fences, cells) = &*shared;
            cells[own].1.store(1, Relaxed);
            fences.light(if own == 0 { Site::W1 } else { Site::W2 }, &cells[own].0);
            cells[1 - own].1.load(Relaxed)
        }
    };
    let other = loom::thread::spawn(side(1));
    let seen = side(0)();
    assert!(other.join().unwrap() + seen > 0, "{MISSED}");
}

/// The asymmetric pair, which loom has on every system that has it outside of loom.
fn linked() -> Fences {
    let fences = Fences::detect();
    assert!(fences.is_asymmetric(), "only there these models say anything");
    fences
}

#[test]
fn model_fences_hold() {
    FENCES.holds();
    LINKED_FENCES.holds();
}

#[test]
fn model_fences_kill_a_light_side_without_fence() {
    FENCES.kills(Site::W1, MISSED);
    LINKED_FENCES.kills(Site::W1, MISSED);
}

#[test]
fn model_fences_kill_a_heavy_side_without_fence() {
    FENCES.kills(Site::W2, MISSED);
    LINKED_FENCES.kills(Site::W2, MISSED);
}

#[test]
fn model_enter_and_close_holds() {
    ENTER_AND_CLOSE.holds();
    LINKED_ENTER_AND_CLOSE.holds();
}

#[test]
fn model_enter_and_close_kills_an_entry_without_fence() {
    ENTER_AND_CLOSE.kills(Site::W1, RACE);
    LINKED_ENTER_AND_CLOSE.kills(Site::W1, RACE);
}

#[test]
fn model_enter_and_close_kills_a_close_without_fence() {
    ENTER_AND_CLOSE.kills(Site::W2, RACE);
    LINKED_ENTER_AND_CLOSE.kills(Site::W2, RACE);
}

#[test]
fn model_three_linked_fences_hold() {
    THREE_LINKED_FENCES.holds();
}

#[test]
fn model_three_linked_fences_kill_either_side() {
    THREE_LINKED_FENCES.kills(Site::W1, MISSED);
    THREE_LINKED_FENCES.kills(Site::W2, MISSED);
}

#[test]
fn model_light_fences_order_nothing() {
    LIGHT_FENCES.finds(MISSED);
}
