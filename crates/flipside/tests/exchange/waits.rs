//! Waits with an end, early reading, and who is late.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use flipside::exchange::{self, Poisoned, WaitError};

use crate::{BARRIERS, within};

#[test]
fn a_timeout_names_the_late_and_the_arrival_stands() {
    for choice in BARRIERS {
        for timeout in [Duration::ZERO, Duration::from_millis(3)] {
            within(move || {
                let parties = exchange::parties(4).segment(1, |_, _| 0).barrier(choice).build().unwrap();
                let mut rounds = parties.into_iter().map(exchange::Party::start);
                let mut pending: Vec<_> = rounds.by_ref().take(2).map(exchange::Round::publish).collect();
                let Err(WaitError::TimedOut(late)) = pending.remove(0).wait_timeout(timeout) else {
                    panic!("two have not come");
                };
                assert_eq!((late.round, &late.late[..]), (1, &[2, 3][..]));
                assert_eq!(late.to_string(), "round 1 is not complete in time: no word of parties 2, 3");
                // The others come, and nothing has to be published again.
                pending.push(late.pending);
                pending.extend(rounds.map(exchange::Round::publish));
                for pending in pending {
                    assert_eq!(pending.late(), [0; 0]);
                    assert_eq!(pending.wait_timeout(timeout).expect("all have come").number(), 1);
                }
            });
        }
    }
}

#[test]
fn trying_gives_back_what_is_pending() {
    for choice in BARRIERS {
        let mut parties = exchange::parties(2).segment(1, |_, _| 0).barrier(choice).build().unwrap();
        let (second, first) = (parties.pop().unwrap(), parties.pop().unwrap());
        let pending = first.start().publish().try_wait().unwrap().expect_err("the second has not come");
        let second = second.start().publish().wait_timeout(Duration::ZERO).expect("both have come");
        let first = pending.try_wait().unwrap().expect("both have come");
        drop(second);
        assert!(matches!(first.publish().try_wait(), Err(Poisoned { rank: 1, round: 2, .. })));
    }
}

#[test]
fn segments_are_read_as_they_come() {
    for choice in BARRIERS {
        let parties = exchange::parties(3).padded(2, |rank, _| rank).barrier(choice).build().unwrap();
        let mut rounds: Vec<_> = parties.into_iter().map(exchange::Party::start).collect();
        for round in &mut rounds {
            let rank = round.rank();
            round.own().fill(10 + rank);
        }
        rounds[1].set_len(1).unwrap();
        let mut rounds = rounds.into_iter();
        let first = rounds.next().unwrap().publish();
        assert_eq!(first.segment(0), Some(&[10, 10][..]));
        assert_eq!((first.segment(1), first.segment(2)), (None, None));
        let second = rounds.next().unwrap().publish();
        assert_eq!(first.segment(1), Some(&[11][..]), "as long as its owner said");
        let third = rounds.next().unwrap().publish();
        assert_eq!(second.segment(2), Some(&[12, 12][..]));
        for pending in [first, second, third] {
            assert_eq!(pending.wait().unwrap().view().segment(2), [12, 12]);
        }
    }
}

#[test]
fn a_timeout_without_end_is_a_wait() {
    within(|| {
        exchange::parties(2)
            .segment(1, |_, _| 0)
            .scope(|round| round.publish().wait_timeout(Duration::MAX).map(|round| round.number()).unwrap())
            .unwrap()
    });
}

#[test]
fn who_has_left_is_not_late() {
    for choice in BARRIERS {
        let parties = exchange::parties(3).segment(1, |_, _| 0).barrier(choice).build().unwrap();
        let [first, _second, third] = <[_; 3]>::try_from(parties).unwrap().map(exchange::Party::start);
        third.leave();
        let pending = first.publish();
        assert_eq!(pending.late(), [1]);
        assert_eq!(pending.segment(2), None);
    }
}

#[test]
fn while_the_step_is_made_nobody_is_late() {
    let ends = within(|| {
        let (made, wait) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
        let (begun, end) = (made.clone(), wait.clone());
        // Party 1 makes the step.
        let first = Barrier::new(2);
        let setup = exchange::parties(2).no_segment().step(move |_| {
            begun.wait();
            end.wait();
        });
        setup.scope(|round| {
            if round.rank() == 1 {
                first.wait();
                return round.publish().wait().map(|_| String::new());
            }
            let pending = round.publish();
            first.wait();
            made.wait();
            let Err(WaitError::TimedOut(late)) = pending.wait_timeout(Duration::ZERO) else {
                panic!("the step is being made")
            };
            assert!(late.late.is_empty());
            let said = late.to_string();
            wait.wait();
            late.pending.wait().map(|_| said)
        })
    });
    let said = ends.unwrap().swap_remove(0).unwrap();
    assert_eq!(said, "round 1 is not complete in time: all have come by now, or make the step");
}
