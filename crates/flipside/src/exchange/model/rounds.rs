//! Rounds, one after the other.

use super::super::{Choice, NarrowView};
use super::{Quiet, Round, START, Sides, rounds, run, setup, started, turn};
use crate::substrate::atomic::Site;
use crate::substrate::model::{Model, RACE, block_on};

/// All publish two rounds.
fn two(choice: Choice) {
    run(started(setup(2, choice)), |round| Some(rounds(round, 2).unwrap()));
}

/// Three publish one round.
fn three(choice: Choice) {
    run(started(setup(3, choice)), |round| Some(rounds(round, 1).unwrap()));
}

/// All publish one round, and look at the others before they have waited.
fn early(choice: Choice) {
    run(started(setup(2, choice)), |mut round| {
        turn(&mut round);
        let pending = Quiet::new(round.into_inner().publish());
        for rank in 0..2 {
            if let Some(segment) = pending.segment(rank) {
                assert_eq!(segment[0].get(), START + 1, "another round than it says");
            }
        }
        Some(Quiet::new(pending.into_inner().wait().unwrap()))
    });
}

/// One round, in which tasks wait.
fn tasks(choice: Choice) {
    run(started(setup(2, choice)), |mut round| {
        turn(&mut round);
        let mut round = Quiet::new(block_on(round.into_inner().publish().into_future()).unwrap());
        turn(&mut round);
        Some(round)
    });
}

/// The last one who arrives looks at what all have published.
fn step() {
    let setup = setup(2, Choice::Central).step(|view| {
        assert!(view.all().iter().all(|element| element.get() == view.round()), "another round than it says");
    });
    run(started(setup), |round| Some(rounds(round, 1).unwrap()));
}

/// Parties in a row see their neighbours: a narrow round, and then another, or a wide one.
fn narrow(count: usize, again: bool) {
    let setup = setup(count, Choice::Flags)
        .neighbours(|rank| [rank.wrapping_sub(1), rank + 1].into_iter().filter(move |at| *at < count));
    let look = |view: NarrowView<'_, Sides>| {
        let all = view.segments().all(|(_, segment)| segment[0].get() == view.round());
        assert!(all, "another round than it says");
    };
    run(started(setup), move |round: Quiet<Round<Sides>>| {
        let mut narrow = Quiet::new(round.into_inner().narrow());
        for next in 1..=if again { 2 } else { 1 } {
            look(narrow.view());
            narrow.own()[0].set(START + next);
            narrow = Quiet::new(narrow.into_inner().publish().wait().unwrap());
        }
        look(narrow.view());
        if again {
            return (Some(narrow), None);
        }
        narrow.own()[0].set(START + 2);
        let mut round = Quiet::new(narrow.into_inner().publish_wide().wait().unwrap());
        turn(&mut round);
        (None, Some(round))
    });
}

const FLAGS: Model = Model { name: "flags", preemptions: Some(3), body: || two(Choice::Flags) };
const FLAGS_OF_THREE: Model =
    Model { name: "flags of three", preemptions: Some(2), body: || three(Choice::Flags) };
const CENTRAL: Model = Model { name: "central", preemptions: Some(3), body: || two(Choice::Central) };
const CENTRAL_OF_THREE: Model =
    Model { name: "central of three", preemptions: Some(2), body: || three(Choice::Central) };
const EARLY_FLAGS: Model = Model { name: "early by flags", preemptions: None, body: || early(Choice::Flags) };
const EARLY_CENTRAL: Model =
    Model { name: "early by count", preemptions: None, body: || early(Choice::Central) };
const TASKS_FLAGS: Model =
    Model { name: "tasks by flags", preemptions: Some(3), body: || tasks(Choice::Flags) };
const TASKS_CENTRAL: Model =
    Model { name: "tasks by count", preemptions: Some(3), body: || tasks(Choice::Central) };
const STEP: Model = Model { name: "step", preemptions: None, body: step };
const NARROW: Model = Model { name: "narrow", preemptions: Some(3), body: || narrow(2, true) };
const NARROW_ROW: Model = Model { name: "narrow row", preemptions: Some(0), body: || narrow(3, true) };
const WIDENING: Model = Model { name: "widening", preemptions: Some(3), body: || narrow(2, false) };
const WIDENING_ROW: Model = Model { name: "widening row", preemptions: Some(0), body: || narrow(3, false) };

#[test]
fn model_flags_holds() {
    FLAGS.holds();
    FLAGS_OF_THREE.holds();
}

#[test]
fn model_central_holds() {
    CENTRAL.holds();
    CENTRAL_OF_THREE.holds();
}

#[test]
fn model_early_holds() {
    EARLY_FLAGS.holds();
    EARLY_CENTRAL.holds();
}

#[test]
fn model_tasks_holds() {
    TASKS_FLAGS.holds();
    TASKS_CENTRAL.holds();
}

#[test]
fn model_step_holds() {
    STEP.holds();
}

#[test]
fn model_narrow_holds() {
    NARROW.holds();
    NARROW_ROW.holds();
    WIDENING.holds();
    WIDENING_ROW.holds();
}

#[test]
fn model_flags_kills_a_relaxed_arrival() {
    FLAGS.kills(Site::E1, RACE);
    FLAGS.kills(Site::E2, RACE);
}

#[test]
fn model_central_kills_a_relaxed_count() {
    CENTRAL.kills(Site::E6, RACE);
    STEP.kills(Site::E6, RACE);
}

#[test]
fn model_central_kills_a_relaxed_opening() {
    CENTRAL.kills(Site::E7, RACE);
    CENTRAL.kills(Site::E8, RACE);
}

#[test]
fn model_early_kills_a_relaxed_look() {
    EARLY_FLAGS.kills(Site::E3, RACE);
    EARLY_CENTRAL.kills(Site::E11, RACE);
    EARLY_CENTRAL.kills(Site::E12, RACE);
}
