//! Parties that die or leave.

use loom::thread::spawn;

use super::super::{Cause, Choice, Poisoned};
use super::{Quiet, START, rounds, run, setup, started, turn, write};
use crate::substrate::atomic::Site;
use crate::substrate::model::{ASLEEP, Model};

/// Why a model fails in which somebody is told of a death before it is known whose.
const UNTOLD: &str = "learns of a death after";

/// Why a model fails in which the order of leaving and of what follows is lost.
const STILL_THERE: &str = "it has left";

/// Party 0 publishes one round and dies; all others pass that round, and no other.
fn dying(count: usize, choice: Choice) {
    run(started(setup(count, choice)), |round| {
        if round.rank() == 0 {
            let mut round = round;
            turn(&mut round);
            // Without a wait: others may have to open the round.
            drop(round.into_inner().publish());
            return None;
        }
        let round = rounds(round, 1).unwrap();
        let end = rounds(round, 1);
        assert_eq!(end.err(), Some(Poisoned { rank: 0, round: START + 2, cause: Cause::Dropped }));
        None::<()>
    });
}

/// Two parties die at once, and neither because of the other. The third is told of one of them, and of its round.
fn both_dying() {
    run(started(setup(3, Choice::Central)), |round| {
        if round.rank() < 2 {
            drop(round.into_inner());
            return None;
        }
        let end = rounds(round, 1).err().unwrap();
        assert!(end.rank < 2 && end.round == START + 1, "{UNTOLD}: {end:?}");
        None::<()>
    });
}

/// Parties die in different rounds, all by themselves. Nobody sleeps on.
fn all_dying(choice: Choice) {
    run(started(setup(3, choice)), |round| {
        let times = round.rank();
        let end = rounds(round, times).err();
        assert!(end.is_none_or(|end| end.rank < 2 && end.round == START + 1), "{end:?}");
        None::<()>
    });
}

/// Party 0 looks at round 1 and leaves; the other goes on, and writes where it looked.
fn leaving(choice: Choice) {
    run(started(setup(2, choice)), |round| {
        if round.rank() == 0 {
            rounds(round, 1).unwrap().into_inner().leave();
            return None;
        }
        let mut round = rounds(round, 1).unwrap();
        for _ in 0..2 {
            write(&mut round);
            round = Quiet::new(round.into_inner().publish().wait().unwrap());
            assert!(round.view().segment(0).is_empty(), "{STILL_THERE}");
        }
        Some(round)
    });
}

/// Party 2 dies while party 0 waits, and party 1, which comes first in the order of the ranks, does nothing meanwhile.
fn hidden(choice: Choice) {
    let mut rounds = started(setup(3, choice));
    let dying = rounds.pop().unwrap();
    let idle = rounds.pop();
    let waiting = rounds.pop().unwrap();
    let death = spawn(move || drop(dying.into_inner()));
    let wait = spawn(move || waiting.into_inner().publish().wait().err());
    let told = wait.join().unwrap();
    assert_eq!(told, Some(Poisoned { rank: 2, round: START + 1, cause: Cause::Dropped }));
    death.join().unwrap();
    drop(idle);
}

const HIDDEN_FLAGS: Model =
    Model { name: "hidden by flags", preemptions: Some(3), body: || hidden(Choice::Flags) };
const HIDDEN_CENTRAL: Model =
    Model { name: "hidden by count", preemptions: None, body: || hidden(Choice::Central) };
const DYING_FLAGS: Model =
    Model { name: "dying by flags", preemptions: Some(3), body: || dying(2, Choice::Flags) };
const DYING_CENTRAL: Model =
    Model { name: "dying by count", preemptions: Some(3), body: || dying(2, Choice::Central) };
const ALL_DYING_FLAGS: Model =
    Model { name: "all dying by flags", preemptions: Some(0), body: || all_dying(Choice::Flags) };
const ALL_DYING_CENTRAL: Model =
    Model { name: "all dying by count", preemptions: Some(2), body: || all_dying(Choice::Central) };
const BOTH_DYING: Model = Model { name: "both dying", preemptions: Some(2), body: both_dying };
const LEAVING_FLAGS: Model =
    Model { name: "leaving by flags", preemptions: Some(4), body: || leaving(Choice::Flags) };
const LEAVING_CENTRAL: Model =
    Model { name: "leaving by count", preemptions: Some(3), body: || leaving(Choice::Central) };

#[test]
fn model_dying_holds() {
    DYING_FLAGS.holds();
    DYING_CENTRAL.holds();
}

#[test]
fn model_hidden_holds() {
    HIDDEN_FLAGS.holds();
    HIDDEN_CENTRAL.holds();
}

#[test]
fn model_hidden_kills_a_death_that_does_not_wake() {
    HIDDEN_FLAGS.kills(Site::E14, ASLEEP);
}

#[test]
fn model_all_dying_holds() {
    ALL_DYING_FLAGS.holds();
    ALL_DYING_CENTRAL.holds();
}

#[test]
fn model_both_dying_holds() {
    BOTH_DYING.holds();
}

#[test]
fn model_leaving_holds() {
    LEAVING_FLAGS.holds();
    LEAVING_CENTRAL.holds();
}

#[test]
fn model_dying_kills_a_relaxed_death() {
    DYING_FLAGS.kills(Site::E4, UNTOLD);
    DYING_FLAGS.kills(Site::E13, UNTOLD);
    DYING_CENTRAL.kills(Site::E10, ASLEEP);
}

#[test]
fn model_both_dying_kills_a_relaxed_note() {
    BOTH_DYING.kills(Site::E15, UNTOLD);
    BOTH_DYING.kills(Site::E16, UNTOLD);
}

#[test]
fn model_leaving_kills_a_relaxed_goodbye() {
    LEAVING_FLAGS.kills(Site::E5, STILL_THERE);
}
