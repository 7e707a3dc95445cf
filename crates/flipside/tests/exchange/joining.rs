//! Parties that come later.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use flipside::exchange::{self, Cause, Choice, JoinError, Poisoned, SetupError};

use crate::{BARRIERS, within};

#[test]
fn who_joins_takes_part_from_the_next_round_on() {
    within(|| {
        let parties = exchange::parties(2).room(3).segment(1, |rank, _| rank as u64 * 1000).build().unwrap();
        let entrance = parties[0].entrance();
        let late: Vec<_> = (0..3)
            .map(|_| {
                let entrance = entrance.clone();
                thread::spawn(move || {
                    // It may come when the two are about to go.
                    let mut round = entrance.join().ok()?;
                    let rank = round.rank();
                    let since = round.number();
                    // It sees this round, and publishes in the next.
                    assert!(!round.view().is_present(rank));
                    for _ in 0..20 {
                        let next = round.number() + 1;
                        round.own()[0] = next;
                        round = round.publish().wait().ok()?;
                        assert_eq!(round.view().segment(rank), [next]);
                    }
                    round.leave();
                    Some((rank, since))
                })
            })
            .collect();
        let counts = exchange::scope(parties, |mut round| {
            let (mut most, mut after) = (0, 0);
            // Until all three have come and gone.
            while after < 10 {
                let next = round.number() + 1;
                round.own()[0] = next;
                round = round.publish().wait().unwrap();
                let view = round.view();
                let present = (0..5).filter(|rank| view.is_present(*rank)).count();
                for rank in 0..5 {
                    let segment = view.segment(rank);
                    assert_eq!(segment.is_empty(), !view.is_present(rank));
                    // Who came in this very round has published nothing for it.
                    assert!(segment.iter().all(|element| *element == next || rank >= 2), "party {rank}");
                }
                most = most.max(present);
                if most > 2 && present == 2 {
                    after += 1;
                }
            }
            // Both see the same, and go in the same round.
            (most, round.number())
        });
        assert_eq!(counts[0], counts[1]);
        for thread in late {
            let stay = thread.join().unwrap();
            assert!(stay.is_none_or(|(rank, since)| (2..5).contains(&rank) && since > 0));
        }
    });
}

#[test]
fn a_rank_is_used_again() {
    within(|| {
        let mut parties = exchange::parties(1).room(1).no_segment().build().unwrap();
        let mut round = parties.pop().unwrap().start();
        let entrance = round.entrance();
        for _ in 0..50 {
            let entrance = entrance.clone();
            let guest = thread::spawn(move || {
                let round = entrance.join().unwrap();
                let rank = round.rank();
                round.leave();
                rank
            });
            while !guest.is_finished() {
                round = round.publish().wait().unwrap();
            }
            assert_eq!(guest.join().unwrap(), 1);
            // One round for the rank to become free.
            round = round.publish().wait().unwrap();
        }
        round.leave();
    });
}

#[test]
fn a_deserted_exchange_goes_on_with_who_comes() {
    within(|| {
        let mut parties = exchange::parties(1).room(1).segment(1, |_, _| 5).build().unwrap();
        let party = parties.pop().unwrap();
        let entrance = party.entrance();
        party.start().leave();
        for _ in 0..3 {
            let mut round = entrance.join().unwrap();
            round.own()[0] = 6;
            let round = round.publish().wait().unwrap();
            assert_eq!(round.view().segment(round.rank()), [6]);
            round.leave();
        }
    });
}

#[test]
fn joining_fails_with_a_reason() {
    let parties = exchange::parties(1).room(1).no_segment().build().unwrap();
    let entrance = parties[0].entrance();
    assert_eq!(entrance.join_timeout(Duration::from_millis(5)).unwrap_err(), JoinError::TimedOut);
    // The wish is off the list, and the rank is free again.
    assert_eq!(entrance.join_timeout(Duration::ZERO).unwrap_err(), JoinError::TimedOut);
    drop(parties);
    let error = within(move || entrance.join().unwrap_err());
    assert!(matches!(error, JoinError::Poisoned(poisoned) if poisoned.rank == 0), "{error:?}");

    let flags = exchange::parties(2).no_segment().barrier(Choice::Flags).build().unwrap();
    assert_eq!(flags[0].entrance().join().unwrap_err(), JoinError::Full { parties: 2 });
    let central = exchange::parties(2).no_segment().barrier(Choice::Central).build().unwrap();
    let full = central[0].entrance().join().unwrap_err();
    assert_eq!(full.to_string(), "no rank is free: there are 2 ranks; `room` makes more, for who joins");

    let error = exchange::parties(2).room(1).no_segment().barrier(Choice::Flags).build().unwrap_err();
    assert_eq!(error, SetupError::NeedsCentral { what: "room to join" });
}

#[test]
fn who_joins_has_published_nothing_yet() {
    within(|| {
        let mut parties = exchange::parties(1).room(1).contributing(|_| 100).build().unwrap();
        let mut round = parties.pop().unwrap().start();
        for _ in 0..4 {
            let entrance = round.entrance();
            let guest = thread::spawn(move || {
                let round = entrance.join().unwrap();
                assert_eq!((round.view().sum(), round.view().is_present(1)), (1, false));
                round.publish_with(10).wait().unwrap().leave();
            });
            loop {
                round = round.publish_with(1).wait().unwrap();
                if round.view().is_present(1) {
                    break;
                }
                assert_eq!(round.view().sum(), 1, "what the rank's last party left there");
            }
            assert_eq!(round.view().sum(), 11);
            guest.join().unwrap();
            // One round for the rank to become free.
            round = round.publish_with(1).wait().unwrap();
        }
    });
}

#[test]
fn a_view_stays_what_it_is_when_a_rank_changes_hands() {
    let setup = exchange::parties(2).room(1).three_sides().segment(1, |rank, _| rank);
    let [first, second] = <[_; 2]>::try_from(setup.build().unwrap()).unwrap().map(exchange::Party::start);
    second.leave();
    let first = first.publish().wait().unwrap();
    assert_eq!(first.before().segment(1), [1]);
    // The rank is asked for, and not given.
    let entrance = first.entrance();
    assert_eq!(entrance.join_timeout(Duration::ZERO).unwrap_err(), JoinError::TimedOut);
    assert_eq!(first.before().segment(1), [1], "what it published it has published");
}

#[test]
fn without_room_nobody_takes_the_place_of_who_has_left() {
    for choice in BARRIERS {
        let parties = exchange::parties(2).no_segment().barrier(choice).build().unwrap();
        let [one, other] = <[_; 2]>::try_from(parties).unwrap().map(|party| party.start());
        let entrance = one.entrance();
        one.leave();
        let other = other.publish().wait().unwrap().publish().wait().unwrap();
        assert_eq!(entrance.join().unwrap_err(), JoinError::Full { parties: 2 });
        drop(other);
        let death = Poisoned { rank: 1, round: 3, cause: Cause::Dropped };
        assert_eq!(entrance.join().unwrap_err(), JoinError::Poisoned(death));
    }
}

/// Who waits for a round reads early, while the last to arrive gives a rank to somebody who comes: that one has not published
/// this round, and who had the rank before has left.
#[test]
fn a_rank_that_changes_hands_takes_part_in_no_round_in_between() {
    let joined = within(|| {
        let setup = exchange::parties(3).three_sides().room(1).padded(1, |_, _| 0u64).contributing(|_| 0u64);
        let parties = setup.build().unwrap();
        let entrance = parties[0].entrance();
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            let regulars: Vec<_> = parties
                .into_iter()
                .map(|party| {
                    let is_over = &is_over;
                    scope.spawn(move || {
                        let mut round = party.start();
                        // The same for all: who comes and goes contributes nothing.
                        let mut goes_on = true;
                        while goes_on {
                            let next = round.number() + 1;
                            round.own()[0] = next;
                            let says = u64::from(round.rank() == 0 && is_over.load(Relaxed));
                            let mut pending = round.publish_with(says);
                            round = loop {
                                if let Some(segment) = pending.segment(3) {
                                    assert_eq!(segment, [next], "it took no part in round {next}");
                                }
                                let before = pending.before();
                                if let Some(segment) = before.is_present(3).then(|| before.segment(3)) {
                                    assert_eq!(segment, [next - 1], "nor in round {}", next - 1);
                                }
                                match pending.try_wait().unwrap() {
                                    Ok(round) => break round,
                                    Err(still) => pending = still,
                                }
                            };
                            goes_on = round.view().sum() == 0;
                        }
                        round.leave();
                    })
                })
                .collect();
            let mut joined = 0;
            let end = Instant::now() + Duration::from_millis(300);
            while Instant::now() < end {
                let Ok(mut round) = entrance.join_timeout(Duration::from_millis(50)) else { continue };
                joined += 1;
                round.own()[0] = round.number() + 1;
                round.publish_with(0).wait().unwrap().leave();
            }
            is_over.store(true, Relaxed);
            regulars.into_iter().for_each(|thread| thread.join().unwrap());
            joined
        })
    });
    assert!(joined > 0);
}
