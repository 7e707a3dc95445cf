//! Ours: segments in one piece, written in place and read as one slice.

use std::marker::PhantomData;
use std::time::Instant;

use flipside::exchange::{self, Choice, Contiguous};

use crate::exchange::play::Play;
use crate::exchange::role::{Peer, Seat, on_threads};
use crate::exchange::store::{fill, read};

/// Which barrier.
pub(crate) trait Which {
    const CHOICE: Choice;
}

pub(crate) enum Auto {}
pub(crate) enum Flags {}
pub(crate) enum Central {}

impl Which for Auto {
    const CHOICE: Choice = Choice::Auto;
}

impl Which for Flags {
    const CHOICE: Choice = Choice::Flags;
}

impl Which for Central {
    const CHOICE: Choice = Choice::Central;
}

pub(crate) struct Flipside<W>(PhantomData<W>);

impl<W: Which> Peer for Flipside<W> {
    fn pass<P: Play>(len: usize, rounds: u64, plays: Vec<P>) -> (Instant, Vec<P>) {
        let setup = exchange::parties(plays.len()).segment(len, |_, _| 0).barrier(W::CHOICE);
        on_threads(setup.build().expect("it fits into memory"), rounds, plays)
    }
}

impl Seat for exchange::Party<Contiguous<u64>> {
    fn play<P: Play>(self, rounds: u64, play: &mut P) {
        let mut party = self.start();
        let len = party.own().len();
        for round in 1..=rounds {
            play.compute(round);
            if P::SEGMENTS {
                fill(party.own(), play.first(round));
            }
            party = party.publish().wait().expect("nobody dies");
            play.passed(round);
            if P::SEGMENTS {
                read(play, len, party.view().all().iter().copied());
            }
        }
    }
}
