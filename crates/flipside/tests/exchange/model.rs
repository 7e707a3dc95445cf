//! Random steps of up to sixteen parties against a model in which everything happens one after the other.
//!
//! Publishing and looking never block, so one thread can be all parties, in any order of their steps. (What happens inside of a
//! step is for loom.)

use flipside::exchange::{self, Choice, Padded, Party, Pending, Poisoned, Round};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::BARRIERS;

/// What a party does next, if it can.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Writes, and publishes so many elements with what it contributes.
    Publish {
        len: usize,
    },
    /// Looks whether all have come.
    Look,
    /// Reads what has come early.
    Peek {
        other: usize,
    },
    Leave,
    Die,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        60 => (0..=LEN).prop_map(|len| Step::Publish { len }),
        60 => Just(Step::Look),
        10 => (0..16usize).prop_map(|other| Step::Peek { other }),
        1 => Just(Step::Leave),
        1 => Just(Step::Die),
    ]
}

/// Elements of a segment.
const LEN: usize = 3;

type Segments = Padded<(usize, u64)>;

/// A party as it is.
enum Real {
    Round(Round<Segments, u64>),
    Pending(Pending<Segments, u64>),
    Over,
}

/// And as it should be.
#[derive(Clone, Debug)]
struct Ideal {
    /// The round that it arrived at last.
    arrived: u64,
    has_left: bool,
    is_dead: bool,
    /// The length that it published for each round.
    lens: Vec<usize>,
}

impl Ideal {
    fn takes_part(&self, round: u64) -> bool {
        !self.has_left || round <= self.arrived
    }
}

/// The model: what a look for a round should say.
fn should_be(parties: &[Ideal], round: u64) -> Result<bool, ()> {
    if parties.iter().any(|party| party.is_dead && party.arrived < round) {
        return Err(());
    }
    Ok(parties.iter().all(|party| party.arrived >= round || party.has_left))
}

/// Whose death it is that a round fails: the first, unless that one had published it; then the next of an earlier round.
fn root(deaths: &[(usize, u64)], round: u64) -> (usize, u64) {
    let first = deaths[0];
    let earlier = || deaths.iter().find(|death| death.1 < first.1).copied();
    if first.1 <= round { first } else { earlier().expect("somebody died without it") }
}

fn look_at_all(round: &Round<Segments, u64>, parties: &[Ideal]) {
    let (view, number) = (round.view(), round.number());
    for (rank, party) in parties.iter().enumerate() {
        let is_present = party.takes_part(number);
        assert_eq!(view.is_present(rank), is_present, "party {rank} in round {number}");
        let len = if is_present { party.lens[number as usize] } else { 0 };
        assert_eq!(view.segment(rank), vec![(rank, number); len], "party {rank} in round {number}");
        assert_eq!(view.contribution(rank), is_present.then_some(&(number * 100 + rank as u64)));
    }
}

fn play(count: usize, choice: Choice, steps: &[(usize, Step)]) {
    let setup = exchange::parties(count).padded(LEN, |rank, _| (rank, 0)).contributing(|rank| rank as u64);
    let built = setup.barrier(choice).build().unwrap();
    let mut real: Vec<_> = built.into_iter().map(Party::start).map(Real::Round).collect();
    let ideal = Ideal { arrived: 0, has_left: false, is_dead: false, lens: vec![LEN] };
    let mut ideal = vec![ideal; count];
    let mut deaths: Vec<(usize, u64)> = Vec::new();
    for (who, step) in steps {
        let rank = who % count;
        let next = ideal[rank].arrived + 1;
        let now = std::mem::replace(&mut real[rank], Real::Over);
        real[rank] = match (now, *step) {
            (Real::Round(mut round), Step::Publish { len }) => {
                look_at_all(&round, &ideal);
                round.set_len(len).unwrap();
                round.own().fill((rank, next));
                ideal[rank].arrived = next;
                ideal[rank].lens.push(len);
                Real::Pending(round.publish_with(next * 100 + rank as u64))
            }
            (Real::Pending(pending), Step::Look) => {
                let number = pending.number();
                let late = pending.late();
                let should = should_be(&ideal, number);
                match (pending.try_wait(), should) {
                    (Ok(Ok(round)), Ok(true)) => {
                        look_at_all(&round, &ideal);
                        Real::Round(round)
                    }
                    (Ok(Err(pending)), Ok(false)) => {
                        let missing = |party: &Ideal| party.arrived < number && !party.has_left;
                        assert!(late.into_iter().eq((0..count).filter(|rank| missing(&ideal[*rank]))));
                        Real::Pending(pending)
                    }
                    (Err(Poisoned { rank: of, round, .. }), Err(())) => {
                        assert_eq!((of, round), root(&deaths, number), "the root, for everybody");
                        ideal[rank].is_dead = true;
                        Real::Over
                    }
                    (real, ideal) => {
                        panic!("party {rank}, round {number}: {real:?}, and should be {ideal:?}")
                    }
                }
            }
            (Real::Pending(pending), Step::Peek { other }) => {
                let (other, number) = (other % count, pending.number());
                let has_come = ideal[other].arrived >= number;
                let segment = pending.segment(other);
                assert_eq!(segment.is_some(), has_come, "party {other} from {rank}, round {number}");
                if let Some(segment) = segment {
                    assert_eq!(segment, vec![(other, number); ideal[other].lens[number as usize]]);
                }
                Real::Pending(pending)
            }
            (Real::Round(round), Step::Leave) => {
                round.leave();
                ideal[rank].has_left = true;
                Real::Over
            }
            (Real::Round(_) | Real::Pending(_), Step::Die) => {
                ideal[rank].is_dead = true;
                deaths.push((rank, next));
                Real::Over
            }
            (now, _) => now,
        };
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn parties_do_as_the_model_says(count in 1..=16usize, steps in vec((0..16usize, step()), 0..600)) {
        for choice in BARRIERS {
            play(count, choice, &steps);
        }
    }
}
