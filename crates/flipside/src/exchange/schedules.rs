//! Eight to sixteen parties in random orders of all their accesses, as many as somebody has time for (`ci/shuttle COUNT`).
//!
//! Loom explores every order of two or three. Here nobody is looked at in every order, and memory is sequentially consistent, but
//! all may sleep, wake, leave and die at once. Shuttle fails a schedule in which all sleep, prints its seed, and can replay it.

use std::sync::Arc;

use shuttle::rand::{Rng, thread_rng};
use shuttle::thread::spawn;

use super::{Choice, Memory, Poisoned, Round, Setup, Waiting, parties};

/// Schedules of each test.
fn schedules() -> usize {
    std::env::var("FLIPSIDE_SCHEDULES")
        .map_or(2000, |count| count.parse().expect("FLIPSIDE_SCHEDULES is a number"))
}

fn look<M: Memory<Element = u64>>(round: &Round<M>) {
    for (rank, segment) in round.view().segments().enumerate() {
        assert!(
            segment.iter().all(|element| *element == round.number()),
            "party {rank}, round {}",
            round.number()
        );
    }
}

/// Publishes so many rounds, and looks at each.
fn rounds<M: Memory<Element = u64>>(mut round: Round<M>, count: u64) -> Result<Round<M>, Poisoned> {
    for _ in 0..count {
        look(&round);
        let next = round.number() + 1;
        round.own().fill(next);
        round = round.publish().wait()?;
    }
    look(&round);
    Ok(round)
}

fn play<M: Memory<Element = u64> + 'static>(
    setup: Setup<M>,
    party: impl Fn(Round<M>) + Send + Sync + 'static,
) {
    let party = Arc::new(party);
    let built = setup.waiting(Waiting::Sleeping).build().unwrap();
    let threads: Vec<_> = built
        .into_iter()
        .map(|each| {
            let party = party.clone();
            spawn(move || party(each.start()))
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

fn all_arrive(choice: Choice, count: usize) {
    shuttle::check_random(
        move || {
            play(parties(count).segment(1, |_, _| 0).barrier(choice), |round| {
                drop(rounds(round, 3).unwrap())
            });
        },
        schedules(),
    );
}

/// Some leave and one dies, each after a random round. All others are told the same.
fn some_go(choice: Choice, count: usize) {
    shuttle::check_random(
        move || {
            let dies = thread_rng().gen_range(0..2 * count);
            let last = thread_rng().gen_range(0..4);
            play(parties(count).padded(1, |_, _| 0).barrier(choice), move |round| {
                let rank = round.rank();
                if rank == dies {
                    return drop(rounds(round, last).unwrap());
                }
                let stays = if rank % 3 == 0 { thread_rng().gen_range(0..4) } else { 4 };
                match rounds(round, stays) {
                    Ok(round) => round.leave(),
                    Err(poisoned) => assert_eq!((poisoned.rank, poisoned.round), (dies, last + 1)),
                }
            });
        },
        schedules(),
    );
}

/// Four come while eight are at it, and all go when they like.
fn some_come() {
    shuttle::check_random(
        || {
            let setup = parties(8).room(4).padded(1, |_, _| 0).waiting(Waiting::Sleeping);
            let built = setup.build().unwrap();
            let entrance = built[0].entrance();
            let late = (0..4).map(|_| {
                let entrance = entrance.clone();
                spawn(move || {
                    let mut round = entrance.join().unwrap();
                    let next = round.number() + 1;
                    round.own().fill(next);
                    let round = round.publish().wait().unwrap();
                    assert_eq!(round.mine(), [next]);
                    round.leave();
                })
            });
            let late: Vec<_> = late.collect();
            let there = built.into_iter().map(|party| {
                spawn(move || {
                    let mut round = party.start();
                    for _ in 0..thread_rng().gen_range(0..4) {
                        let next = round.number() + 1;
                        round.own().fill(next);
                        round = round.publish().wait().unwrap();
                        assert_eq!(round.mine(), [next]);
                    }
                    round.leave();
                })
            });
            let there: Vec<_> = there.collect();
            there.into_iter().chain(late).for_each(|thread| thread.join().unwrap());
        },
        schedules(),
    );
}

/// A ring of eight in narrow rounds, and a wide one at the end.
fn ring() {
    shuttle::check_random(
        || {
            let setup = parties(8).segment(1, |_, _| 0).neighbours(|rank| [(rank + 1) % 8]);
            play(setup, |round| {
                let mut round = round.narrow();
                for _ in 0..4 {
                    let (own, view) = round.split();
                    assert!(view.segments().all(|(_, segment)| segment[0] == view.round()));
                    own[0] = view.round() + 1;
                    round = round.publish().wait().unwrap();
                }
                round.own()[0] = 5;
                look(&round.publish_wide().wait().unwrap());
            });
        },
        schedules(),
    );
}

#[test]
fn schedules_of_arrivals() {
    all_arrive(Choice::Flags, 8);
    all_arrive(Choice::Central, 16);
}

#[test]
fn schedules_of_departures() {
    some_go(Choice::Flags, 8);
    some_go(Choice::Central, 16);
}

#[test]
fn schedules_of_guests() {
    some_come();
}

#[test]
fn schedules_of_neighbours() {
    ring();
}
