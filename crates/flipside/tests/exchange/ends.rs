//! Parties that die are an error for the others, the same for all.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use flipside::exchange::{self, Cause, Choice, Poisoned, Round, Waiting};

use crate::{BARRIERS, within};

/// Rounds until an error or the end.
fn rounds<M: exchange::Memory>(mut round: Round<M>, count: u64) -> (u64, Option<Poisoned>) {
    for _ in 0..count {
        let number = round.number();
        round = match round.publish().wait() {
            Ok(round) => round,
            Err(poisoned) => return (number, Some(poisoned)),
        };
    }
    (round.number(), None)
}

#[test]
fn a_panic_is_told_to_all_with_rank_and_round() {
    for choice in BARRIERS {
        for waiting in [Waiting::Adaptive, Waiting::Sleeping] {
            let told = within(move || {
                let told = Mutex::new(Vec::new());
                let all = catch_unwind(AssertUnwindSafe(|| {
                    exchange::parties(4).segment(1, |_, _| 0).barrier(choice).waiting(waiting).scope(
                        |mut round| {
                            if round.rank() == 2 {
                                for _ in 0..5 {
                                    round = round.publish().wait().unwrap();
                                }
                                panic!("on purpose");
                            }
                            let end = rounds(round, 100);
                            told.lock().unwrap().push(end);
                        },
                    )
                }));
                assert_eq!(all.unwrap_err().downcast_ref(), Some(&"on purpose"));
                told.into_inner().unwrap()
            });
            assert_eq!(told, [(5, Some(Poisoned { rank: 2, round: 6, cause: Cause::Panicked })); 3]);
        }
    }
}

#[test]
fn a_round_that_is_dropped_is_told_as_well() {
    for choice in BARRIERS {
        let ends = within(move || {
            exchange::parties(3)
                .barrier_of(choice)
                .scope(|round| if round.rank() == 0 { rounds(round, 3) } else { rounds(round, 10) })
                .unwrap()
        });
        let poisoned = Some(Poisoned { rank: 0, round: 4, cause: Cause::Dropped });
        assert_eq!(ends, [(3, None), (3, poisoned), (3, poisoned)]);
    }
}

#[test]
fn what_was_published_before_death_is_complete_for_all() {
    for choice in BARRIERS {
        for _ in 0..200 {
            let ends = within(move || {
                exchange::parties(3)
                    .segment(1, |_, _| 0)
                    .barrier(choice)
                    .scope(|mut round| {
                        round.own()[0] = 7;
                        if round.rank() == 1 {
                            // Published, and gone before anybody may have seen it.
                            drop(round.publish());
                            return true;
                        }
                        let round = round.publish().wait().unwrap();
                        assert_eq!(round.view().all(), [7; 3]);
                        matches!(rounds(round, 1), (1, Some(Poisoned { round: 2, .. })))
                    })
                    .unwrap()
            });
            assert_eq!(ends, [true; 3]);
        }
    }
}

#[test]
fn of_several_deaths_the_first_is_told() {
    for choice in BARRIERS {
        let ends = within(move || {
            exchange::parties(4)
                .barrier_of(choice)
                .scope(|round| {
                    let count = if round.rank() == 3 { 2 } else { 9 };
                    rounds(round, count)
                })
                .unwrap()
        });
        // Party 3 died by itself, and all others because of it.
        for (rank, end) in ends.into_iter().enumerate() {
            let told = (rank != 3).then_some(Poisoned { rank: 3, round: 3, cause: Cause::Dropped });
            assert_eq!(end, (2, told));
        }
    }
}

#[test]
fn who_died_after_publishing_a_round_is_not_why_it_fails() {
    for choice in BARRIERS {
        let parties = exchange::parties(4).barrier_of(choice).build().unwrap();
        let [one, other, third, fourth] = <[_; 4]>::try_from(parties).unwrap().map(|party| party.start());
        // It has published round 1, and would have published round 2.
        drop(one.publish());
        drop(other);
        drop(third);
        let told = fourth.publish().wait().unwrap_err();
        assert_eq!(told, Poisoned { rank: 1, round: 1, cause: Cause::Dropped });
    }
}

#[test]
fn a_party_that_never_starts_ends_the_first_round() {
    for choice in BARRIERS {
        let mut parties = exchange::parties(3).barrier_of(choice).build().unwrap();
        drop(parties.remove(1));
        let ends = within(move || exchange::scope(parties, |round| rounds(round, 1)));
        let poisoned = Some(Poisoned { rank: 1, round: 1, cause: Cause::Dropped });
        assert_eq!(ends, [(0, poisoned); 2]);
    }
}

#[test]
fn a_step_that_panics_ends_the_round_for_all() {
    let told = within(|| {
        let told = Mutex::new(Vec::new());
        let all = catch_unwind(AssertUnwindSafe(|| {
            exchange::parties(3).no_segment().step(|view| assert!(view.round() < 4, "on purpose")).scope(
                |round| {
                    let end = rounds(round, 10);
                    told.lock().unwrap().push(end);
                },
            )
        }));
        assert_eq!(all.unwrap_err().downcast_ref(), Some(&"on purpose"));
        told.into_inner().unwrap()
    });
    assert_eq!(told.len(), 2);
    for end in told {
        assert!(matches!(end, (3, Some(Poisoned { round: 4, cause: Cause::Step, .. }))), "{end:?}");
    }
}

#[test]
fn who_leaves_is_missed_by_nobody() {
    for choice in BARRIERS {
        for parties in [2, 3, 6] {
            within(move || {
                exchange::parties(parties)
                    .segment(2, |rank, _| rank)
                    .barrier(choice)
                    .scope(|mut round| {
                        let rank = round.rank();
                        // Each leaves after another round, so that the last is alone.
                        for _ in 0..10 * (rank + 1) {
                            let next = round.number() as usize + 1;
                            round.own().fill(next);
                            round = round.publish().wait().unwrap();
                            let view = round.view();
                            for other in 0..parties {
                                let is_there = next <= 10 * (other + 1);
                                assert_eq!(view.is_present(other), is_there, "party {other} in round {next}");
                                let segment = view.segment(other);
                                assert_eq!(segment.len(), if is_there { 2 } else { 0 });
                                assert!(segment.iter().all(|element| *element == next));
                            }
                        }
                        round.leave();
                    })
                    .unwrap();
            });
        }
    }
}

#[test]
fn errors_are_sentences() {
    let poisoned = Poisoned { rank: 3, round: 8, cause: Cause::Panicked };
    assert_eq!(poisoned.to_string(), "round 8 will never be complete: party 3 panicked");
}

/// A barrier without segments.
trait BarrierOf {
    fn barrier_of(self, choice: Choice) -> exchange::Setup<exchange::Contiguous<()>>;
}

impl BarrierOf for exchange::Parties {
    fn barrier_of(self, choice: Choice) -> exchange::Setup<exchange::Contiguous<()>> {
        self.no_segment().barrier(choice)
    }
}

#[test]
fn a_death_is_told_while_others_are_only_late() {
    for choice in BARRIERS {
        within(move || {
            let mut parties = exchange::parties(3).barrier_of(choice).build().unwrap();
            let (last, idle, first) =
                (parties.pop().unwrap(), parties.pop().unwrap(), parties.pop().unwrap());
            // Party 1 does nothing; party 2 dies, before the first sleeps or while it does.
            let waits = std::thread::spawn(move || first.start().publish().wait().unwrap_err());
            std::thread::sleep(std::time::Duration::from_millis(2));
            drop(last);
            assert_eq!(waits.join().unwrap(), Poisoned { rank: 2, round: 1, cause: Cause::Dropped });
            drop(idle);
        });
    }
}

#[test]
fn a_step_that_panics_when_the_last_one_leaves_leaves_nothing_behind() {
    let element = std::sync::Arc::new(());
    let setup = exchange::parties(1).segment(1, |_, _| element.clone()).step(|_| panic!("on purpose"));
    let round = setup.build().unwrap().pop().unwrap().start();
    assert!(catch_unwind(AssertUnwindSafe(|| round.leave())).is_err());
    assert_eq!(std::sync::Arc::strong_count(&element), 1);
}
