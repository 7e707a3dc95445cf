//! A model of the slots alone: who takes one comes after all that its last owner did.

use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::thread::spawn;

use super::Kind;
use super::seats::{Seat, Slot};
use crate::substrate::atomic::Site;
use crate::substrate::model::{Model, RACE};
use crate::substrate::wait::Bell;

/// One slot, and what its owner alone may touch.
struct Owned {
    seats: [Slot; 1],
    bell: Bell,
    value: UnsafeCell<()>,
}

// SAFETY: loom watches the accesses to the value, and fails the model if two of them are not ordered.
unsafe impl Sync for Owned {}

const OWNING: Model = Model {
    name: "owning a slot",
    preemptions: None,
    body: || {
        let owned = Arc::new(Owned { seats: [Slot::new()], bell: Bell::new(), value: UnsafeCell::new(()) });
        let owners = [owned.clone(), owned].map(|owned| {
            spawn(move || {
                let Ok(mut seat) = Seat::take(&owned.seats, &owned.bell, Kind::Pinned, false) else { return };
                owned.value.with_mut(|_| ());
                // SAFETY: the seats are alive, nobody entered, and the seat is not used again.
                unsafe { seat.give_back() };
            })
        });
        owners.into_iter().for_each(|owner| owner.join().unwrap());
    },
};

#[test]
fn model_owning_a_slot_holds() {
    OWNING.holds();
}

#[test]
fn model_owning_a_slot_kills_a_relaxed_give_back() {
    OWNING.kills(Site::P13, RACE);
    OWNING.kills(Site::P14, RACE);
}
