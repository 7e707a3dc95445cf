//! Random steps of one thread, made on the strategy and on `Locked`: both give the same answers.

use std::format;

use super::super::strategy::{Kind, Locked, Strategy};
use super::law;
use super::place::{Flips, Place};

/// Four readers and the writer.
const STEPS: usize = 300;

/// xorshift64*, the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) % bound
    }
}

pub(super) fn same_as_the_oracle<S: Strategy>(strategy: &S, seed: u64) {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let oracle = &Locked::new();
    let kinds = [Kind::Guards, Kind::Guards, Kind::Pinned, Kind::Pinned];
    let seat = |kind| (Place::take(strategy, kind), Place::take(oracle, kind));
    let mut places = kinds.map(seat);
    let (mut flips, mut expected) = (Flips::of(strategy), Flips::of(oracle));
    for step in 0..STEPS {
        let at = random.below(4) as usize;
        let (place, model) = &places[at];
        let (before, what) = (model.inside(), random.below(10));
        match (before, what) {
            (None, 0..=4) => {
                let same = place.enter() == model.enter();
                law("L1", same, &format!("entered another version than `Locked`, seed {seed}, step {step}"));
            }
            (Some(_), 0..=2) => {
                place.leave();
                model.leave();
            }
            (Some(_), 3..=4) if kinds[at] == Kind::Pinned => {
                let same = place.advance() == model.advance();
                law(
                    "L1",
                    same,
                    &format!("advanced to another version than `Locked`, seed {seed}, step {step}"),
                );
            }
            (_, 5) => places[at] = seat(kinds[at]),
            _ if expected.is_vacant() => {
                flips.flip_and_reach();
                expected.flip_and_reach();
            }
            _ => {}
        }
        let context = format!("not as `Locked`, seed {seed}, step {step}");
        law("inside", places.iter().all(|(place, model)| place.inside() == model.inside()), &context);
        law("L2", flips.is_vacant() == expected.is_vacant(), &context);
        let same = flips.is_straggler_named() == expected.is_straggler_named();
        law("straggler", same, &context);
        law("L1", strategy.version() == oracle.version(), &context);
    }
}
