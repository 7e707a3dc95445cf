//! The attacks in safe Rust that make sense here, by their numbers.

use std::cell::RefCell;
use std::mem::{forget, swap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use flipside::exchange::{self, Cause, Contiguous, Round, WaitError};

use crate::{BARRIERS, within};

#[test]
fn a_01_forgotten_rounds_are_late_for_ever_and_nothing_else() {
    for choice in BARRIERS {
        let mut parties = exchange::parties(2).segment(1, |_, _| 3).barrier(choice).build().unwrap();
        let (second, first) = (parties.pop().unwrap().start(), parties.pop().unwrap().start());
        let pending = second.publish();
        let first = first.publish().wait().unwrap();
        // It has published round 1, and will not arrive at 2.
        forget(pending);
        let Err(WaitError::TimedOut(late)) = first.publish().wait_timeout(Duration::from_millis(2)) else {
            panic!("the other is forgotten");
        };
        assert_eq!(late.late, [1]);
        assert_eq!(late.pending.segment(0), Some(&[3][..]));
    }
}

#[test]
fn a_03_elements_and_contributions_that_panic_when_dropped() {
    #[derive(Debug)]
    struct Bomb(bool);
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(!self.0 || thread::panicking(), "dropped");
        }
    }
    for choice in BARRIERS {
        let mut parties = exchange::parties(2)
            .segment(1, |_, _| Bomb(false))
            .contributing(|_| Bomb(false))
            .barrier(choice)
            .build()
            .unwrap();
        let (mut second, first) = (parties.pop().unwrap().start(), parties.pop().unwrap().start());
        // An element that is replaced: the new one is there all the same.
        second.own()[0] = Bomb(true);
        assert!(catch_unwind(AssertUnwindSafe(|| second.own()[0] = Bomb(false))).is_err());
        assert!(!second.own()[0].0);
        // A contribution that is replaced after two rounds ends the exchange, before it publishes.
        let (mut first, mut second) = (first, second);
        for round in 0..2 {
            let pending = (first.publish_with(Bomb(round == 0)), second.publish_with(Bomb(false)));
            (first, second) = (pending.0.wait().unwrap(), pending.1.wait().unwrap());
        }
        assert!(catch_unwind(AssertUnwindSafe(|| first.publish_with(Bomb(false)))).is_err());
        let error = second.publish_with(Bomb(false)).wait().unwrap_err();
        assert_eq!((error.rank, error.round), (0, 3));
    }
}

#[test]
fn a_09_a_thread_ends_without_a_word() {
    for choice in BARRIERS {
        within(move || {
            let mut parties = exchange::parties(2).segment(1, |_, _| 0).barrier(choice).build().unwrap();
            let party = parties.pop().unwrap();
            thread::spawn(move || drop(party.start())).join().unwrap();
            let error = parties.pop().unwrap().start().publish().wait().unwrap_err();
            assert_eq!((error.rank, error.round, error.cause), (1, 1, Cause::Dropped));
        });
    }
}

#[test]
fn a_10_a_round_in_a_thread_local_ends_with_its_thread() {
    thread_local!(static ROUND: RefCell<Option<Round<Contiguous<u8>>>> = const { RefCell::new(None) });
    for choice in BARRIERS {
        within(move || {
            let mut parties = exchange::parties(2).segment(1, |_, _| 0).barrier(choice).build().unwrap();
            let party = parties.pop().unwrap();
            thread::spawn(move || ROUND.set(Some(party.start()))).join().unwrap();
            assert_eq!(parties.pop().unwrap().start().publish().wait().unwrap_err().rank, 1);
        });
    }
}

#[test]
fn a_15_who_tries_without_end_overtakes_nobody() {
    // (Numbers that wrap: `wrap_tests` in the library, and its models.)
    for choice in BARRIERS {
        within(move || {
            exchange::parties(2)
                .segment(1, |_, _| 0)
                .barrier(choice)
                .scope(|mut round| {
                    for _ in 0..1000 {
                        let pending = round.publish();
                        round = match pending.try_wait().unwrap() {
                            Ok(round) => round,
                            Err(pending) => pending.wait().unwrap(),
                        };
                    }
                })
                .unwrap();
        });
    }
}

#[test]
fn a_19_views_are_shared_with_scoped_threads() {
    exchange::parties(2)
        .segment(8, |rank, index| rank * 8 + index)
        .scope(|round| {
            let view = round.view();
            let sum: usize = thread::scope(|scope| {
                let halves = view.all().chunks(8).map(|half| scope.spawn(move || half.iter().sum::<usize>()));
                halves.collect::<Vec<_>>().into_iter().map(|half| half.join().unwrap()).sum()
            });
            assert_eq!(sum, 120);
            // The round itself goes to another thread as well.
            thread::scope(|scope| {
                scope.spawn(move || round.publish().wait().unwrap().number()).join().unwrap()
            })
        })
        .unwrap();
}

#[test]
fn a_21_parties_come_go_and_panic_in_the_middle_of_a_round() {
    for seed in 0..20u64 {
        within(move || {
            let parties = exchange::parties(2).room(4).segment(1, |_, _| 0u64).build().unwrap();
            let entrance = parties[0].entrance();
            let guests: Vec<_> = (0..4)
                .map(|guest| {
                    let entrance = entrance.clone();
                    thread::spawn(move || {
                        let Ok(mut round) = entrance.join() else { return };
                        for _ in 0..(seed + guest) % 7 {
                            round.own()[0] = guest;
                            match round.publish().wait() {
                                Ok(next) => round = next,
                                Err(_) => return,
                            }
                        }
                        // One of them dies in one run of four.
                        if seed % 4 == 0 && guest == 3 {
                            drop(round);
                        } else {
                            round.leave();
                        }
                    })
                })
                .collect();
            let ends = exchange::scope(parties, |mut round| {
                for _ in 0..500 {
                    round = match round.publish().wait() {
                        Ok(round) => round,
                        Err(poisoned) => return Some(poisoned),
                    };
                }
                round.leave();
                None
            });
            assert_eq!(ends[0], ends[1], "all are told the same");
            guests.into_iter().for_each(|guest| guest.join().unwrap());
        });
    }
}

#[test]
fn a_22_rounds_of_two_exchanges_are_swapped() {
    for choice in BARRIERS {
        let make = |value: u64| {
            let mut parties = exchange::parties(2).segment(1, |_, _| value).barrier(choice).build().unwrap();
            (parties.pop().unwrap().start(), parties.pop().unwrap().start())
        };
        let ((mut a1, mut a0), (mut b1, b0)) = (make(10), make(20));
        // Whoever holds a round holds that party of that exchange.
        swap(&mut a1, &mut b1);
        assert_eq!((a1.view().all(), b1.view().all()), (&[20, 20][..], &[10, 10][..]));
        swap(&mut a1, &mut a0);
        assert_eq!((a1.rank(), a0.rank()), (0, 1));
        let pending = [a1, a0, b1, b0].map(Round::publish);
        for pending in pending {
            assert_eq!(pending.wait().unwrap().number(), 1);
        }
    }
}

#[test]
fn a_26_an_initialiser_that_answers_differently_each_time() {
    let calls = AtomicUsize::new(0);
    let parties = exchange::parties(2).segment(2, |_, _| calls.fetch_add(1, Relaxed)).build().unwrap();
    assert_eq!(calls.load(Relaxed), 8, "once for each element of each side");
    drop(parties);
    let panics =
        catch_unwind(|| exchange::parties(2).segment(2, |rank, _| assert_eq!(rank, 0)).build().is_ok());
    assert!(panics.is_err());
}

#[test]
fn a_29_elements_with_interior_mutability_are_changed_by_readers() {
    let sums = exchange::parties(3)
        .segment(1, |_, _| AtomicU64::new(0))
        .scope(|mut round| {
            for _ in 0..100 {
                round.view().all().iter().for_each(|element| {
                    element.fetch_add(1, Relaxed);
                });
                round = round.publish().wait().unwrap();
            }
            round.view().all().iter().map(|element| element.load(Relaxed)).sum::<u64>()
        })
        .unwrap();
    // Rounds 0 to 99 were read; round 100 lies where the even ones do.
    assert_eq!(sums, [3 * 3 * 50; 3]);
}

#[cfg(unix)]
#[test]
fn a_16_a_child_after_a_fork_has_an_exchange_of_its_own() {
    let mut parties = exchange::parties(2).segment(1, |_, _| 0u8).build().unwrap();
    let (second, first) = (parties.pop().unwrap().start(), parties.pop().unwrap().start());
    // SAFETY: the child does nothing but what is tested, on its only thread, and ends.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork");
    if child == 0 {
        let timed = first.publish().wait_timeout(Duration::from_millis(1));
        let is_late = matches!(timed, Err(WaitError::TimedOut(late)) if late.late == [1]);
        // SAFETY: ends the child without running what belongs to the parent.
        unsafe { libc::_exit(i32::from(!is_late)) };
    }
    let mut status = 0;
    // SAFETY: waits for the child that was made above.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0, "the child did not see what it should");
    let pending = [first, second].map(Round::publish);
    assert!(pending.into_iter().all(|pending| pending.wait().is_ok()));
}
