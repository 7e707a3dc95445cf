//! Models of exchange: what happens in every order.
//!
//! The elements are loom's cells: a read and a write of one element that nothing orders fail the model. In round `r` every
//! party publishes the number `r`, so that who sees anything else has seen another round. Parties sleep at once: spinning would
//! only repeat what they see. Rounds begin where the next one is the first that no longer fits into the words of the barriers.

mod ending;
mod joining;
mod marks;
mod rounds;

use super::{Choice, Contiguous, Memory, Poisoned, Round, Setup, Waiting, parties};
use crate::substrate::model::Quiet;

/// The round that has been passed when a model begins: it wraps in the 28 bits of flags and in the 30 of the count.
const START: u64 = (1 << 30) - 1;

/// An element.
#[derive(Debug)]
struct Element(loom::cell::UnsafeCell<u64>);

// SAFETY: loom watches the accesses, and fails the model if two of them are not ordered.
unsafe impl Sync for Element {}

impl Element {
    fn new() -> Self {
        Self(loom::cell::UnsafeCell::new(START))
    }

    fn get(&self) -> u64 {
        // SAFETY: as for `Sync`.
        self.0.with(|value| unsafe { *value })
    }

    fn set(&mut self, to: u64) {
        // SAFETY: as for `Sync`.
        self.0.with_mut(|value| unsafe { *value = to });
    }
}

type Sides = Contiguous<Element>;

/// So many parties with an element each.
fn setup(count: usize, choice: Choice) -> Setup<Sides> {
    parties(count)
        .segment(1, |_, _| Element::new())
        .barrier(choice)
        .waiting(Waiting::Sleeping)
        .starting_at(START)
}

/// They have started.
fn started(setup: Setup<Sides>) -> Vec<Quiet<Round<Sides>>> {
    setup.build().unwrap().into_iter().map(|party| Quiet::new(party.start())).collect()
}

/// Runs the last party here, and the others on threads of their own. All rounds end when all threads have: what dropping
/// them does is for other models.
fn run<T: 'static>(
    rounds: Vec<Quiet<Round<Sides>>>,
    party: impl Fn(Quiet<Round<Sides>>) -> T + Copy + 'static,
) {
    let mut rounds = rounds;
    let last = rounds.pop().unwrap();
    let threads: Vec<_> = rounds.into_iter().map(|round| loom::thread::spawn(move || party(round))).collect();
    let last = party(last);
    let ends: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    drop((last, ends));
}

/// Looks at all that is there, and writes what is next.
fn turn<M: Memory<Element = Element>>(round: &mut Round<M>) {
    let (own, view) = round.split();
    for segment in view.segments() {
        assert!(segment.iter().all(|element| element.get() == view.round()), "another round than it says");
    }
    own[0].set(view.round() + 1);
}

/// Writes what is next.
fn write(round: &mut Round<Sides>) {
    let next = round.number() + 1;
    round.own()[0].set(next);
}

/// Publishes so many rounds, and looks at each.
fn rounds(round: Quiet<Round<Sides>>, count: usize) -> Result<Quiet<Round<Sides>>, Poisoned> {
    let mut round = round;
    for _ in 0..count {
        turn(&mut round);
        round = Quiet::new(round.into_inner().publish().wait()?);
    }
    turn(&mut round);
    Ok(round)
}
