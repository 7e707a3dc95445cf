//! Marks of those who do not sleep.

use std::sync::Arc;
use std::task::Waker;

use loom::thread::spawn;

use super::super::{Barrier, Central, Flags, Kind, Look};
use super::START;
use crate::substrate::model::Model;

/// One sleeps until the death that it waits for; a task that leaves its waker meanwhile may mark the word once more, finds the
/// death, and goes without dying itself.
fn remarked<B: Barrier + 'static>(barrier: B, deaths: impl Fn(&B) + Send + 'static) {
    let barrier = Arc::new(barrier);
    let look = || Look::at_all(START + 1, Kind::Wide);
    let dying = barrier.clone();
    let death = spawn(move || deaths(&dying));
    let passing = barrier.clone();
    let task = spawn(move || passing.leave_waker(2, &mut look(), Waker::noop()));
    let mut look = look();
    while barrier.poll(&mut look) == Ok(false) {
        barrier.sleep(&mut look, None);
    }
    assert!(barrier.poll(&mut look).is_err());
    death.join().unwrap();
    task.join().unwrap();
}

const REMARKED_FLAGS: Model = Model {
    name: "remarked by flags",
    preemptions: Some(2),
    body: || {
        // SAFETY: it does nothing afterwards.
        remarked(Flags::new(3, START), |barrier| unsafe { barrier.die(0, START) });
    },
};
const REMARKED_CENTRAL: Model = Model {
    name: "remarked by count",
    preemptions: Some(3),
    body: || {
        remarked(Central::new(3, START), |barrier| {
            // SAFETY: it does nothing afterwards. It has arrived at the round that is waited for.
            unsafe { barrier.die(0, START + 1) };
            // SAFETY: nor does this one. The word says already that somebody has died.
            unsafe { barrier.die(1, START) };
        });
    },
};

#[test]
fn model_remarked_holds() {
    REMARKED_FLAGS.holds();
}

#[test]
fn model_remarked_by_count_holds() {
    REMARKED_CENTRAL.holds();
}
