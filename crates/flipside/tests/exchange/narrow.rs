//! Rounds among neighbours.

use flipside::exchange::{self, Cause, Contiguous, NarrowRound, Poisoned, Round, SetupError, Waiting};

use crate::within;

fn row(parties: usize) -> exchange::Setup<Contiguous<u64>> {
    exchange::parties(parties)
        .segment(3, |_, _| 0)
        .neighbours(move |rank| (rank.saturating_sub(1)..=rank + 1).filter(move |at| *at < parties))
}

/// So many narrow rounds, all of which are looked at.
fn narrow(
    mut round: NarrowRound<Contiguous<u64>>,
    count: u64,
) -> Result<NarrowRound<Contiguous<u64>>, Poisoned> {
    for turn in 0..count {
        let number = round.number();
        let (own, view) = round.split();
        for (rank, segment) in view.segments() {
            assert_eq!(segment, [number; 3], "party {rank}");
        }
        own.fill(number + 1);
        if turn as usize % 5 == round.rank() % 5 {
            std::thread::yield_now();
        }
        round = round.publish().wait()?;
    }
    Ok(round)
}

#[test]
fn neighbours_see_each_other_and_all_see_all_afterwards() {
    for waiting in [Waiting::Adaptive, Waiting::Sleeping] {
        for parties in [1, 2, 3, 7] {
            within(move || {
                let run = |mut round: Round<Contiguous<u64>>| {
                    for _ in 0..20 {
                        let number = round.number();
                        assert!(round.view().all().iter().all(|element| *element == number));
                        round.own().fill(number + 1);
                        let mut narrow = narrow(round.narrow(), 9).unwrap();
                        let next = narrow.number() + 1;
                        narrow.own().fill(next);
                        round = narrow.publish_wide().wait().unwrap();
                    }
                };
                row(parties).waiting(waiting).scope(run).unwrap();
            });
        }
    }
}

#[test]
fn a_view_ends_at_the_neighbours() {
    within(|| {
        row(5)
            .scope(|round| {
                let rank = round.rank();
                let round = round.narrow();
                let view = round.view();
                for other in 0..5 {
                    assert_eq!(
                        view.segment(other).is_some(),
                        other.abs_diff(rank) <= 1,
                        "{other} from {rank}"
                    );
                }
                assert_eq!(view.segment(99), None);
                assert!(!view.neighbours().contains(&rank));
                drop(round.publish_wide().wait().unwrap());
            })
            .unwrap();
    });
}

#[test]
fn who_takes_a_round_for_another_kind_is_an_error_and_no_race() {
    for _ in 0..300 {
        let ends = within(|| {
            row(4)
                .scope(|round| {
                    // Party 3 widens one round early; party 0 is far from it.
                    let round = round.narrow();
                    let mut round = narrow_unwatched(round, 3)?;
                    round.own().fill(5);
                    if round.rank() != 3 {
                        round = round.publish().wait()?;
                    }
                    let wide = round.publish_wide().wait()?;
                    Ok::<u64, Poisoned>(wide.number())
                })
                .unwrap()
        });
        assert!(ends.iter().all(Result::is_err), "{ends:?}");
        assert!(
            ends.iter().any(|end| matches!(end, Err(Poisoned { cause: Cause::Mismatch, .. }))),
            "{ends:?}"
        );
    }
}

fn narrow_unwatched(
    mut round: NarrowRound<Contiguous<u64>>,
    count: u64,
) -> Result<NarrowRound<Contiguous<u64>>, Poisoned> {
    for _ in 0..count {
        round = round.publish().wait()?;
    }
    Ok(round)
}

#[test]
fn a_death_travels_from_neighbour_to_neighbour() {
    let ends = within(|| {
        row(6)
            .scope(|round| {
                let round = round.narrow();
                let count = if round.rank() == 0 { 4 } else { 1000 };
                narrow_unwatched(round, count).map(|round| round.number())
            })
            .unwrap()
    });
    assert_eq!(ends[0], Ok(4));
    for end in &ends[1..] {
        assert_eq!(*end, Err(Poisoned { rank: 0, round: 5, cause: Cause::Dropped }));
    }
}

#[test]
fn neighbours_must_be_parties_and_need_flags() {
    let setup = exchange::parties(2).segment(1, |_, _| 0).neighbours(|rank| [rank + 1]);
    let error = setup.build().unwrap_err();
    assert_eq!(error, SetupError::NoSuchNeighbour { rank: 1, neighbour: 2, parties: 2 });
    assert_eq!(error.to_string(), "party 1 cannot have 2 for a neighbour: there are 2 parties, from 0");
    let setup = row(2).barrier(exchange::Choice::Central);
    let error = setup.build().unwrap_err();
    assert_eq!(error, SetupError::NeedsFlags { what: "`barrier(Choice::Central)`" });
    let setup = exchange::parties(2).room(1).segment(1, |_, _| 0).neighbours(|_| []);
    let error = setup.build().unwrap_err();
    assert_eq!(error, SetupError::NeedsFlags { what: "room to join" });
    assert!(error.to_string().contains("leave one of them out"), "{error}");
}

#[test]
fn one_who_is_slow_to_look_at_the_first_narrow_round_finds_others_far_ahead() {
    let parties = row(4).build().unwrap();
    let pending: Vec<_> = parties.into_iter().map(|party| party.start().narrow().publish()).collect();
    let [zero, one, two, three] = <[_; 4]>::try_from(pending).unwrap();
    // Round 2 of all but rank 0, and round 3 of the one that is furthest from it.
    let [one, two, three] = [one, two, three].map(|pending| pending.wait().unwrap().publish());
    let three = three.wait().unwrap().publish();
    assert_eq!((zero.number(), three.number()), (1, 3));
    let zero = zero.wait().unwrap().publish().wait().unwrap();
    let [one, two] = [one, two].map(|pending| pending.wait().unwrap().publish());
    let narrow = [zero.publish(), one, two, three].map(|pending| pending.wait().unwrap().publish_wide());
    assert!(narrow.map(|pending| pending.wait().unwrap().number()).iter().all(|number| *number == 4));
}

#[test]
fn wide_rounds_between_narrow_ones_have_contributions() {
    let ends = within(|| {
        let setup = exchange::parties(3).segment(1, |_, _| 0).contributing(|_| 0);
        let setup = setup.neighbours(|rank| (rank.saturating_sub(1)..=rank + 1).filter(|at| *at < 3));
        setup
            .scope(|mut round| {
                for turn in 1..20 {
                    let mut narrow = round.narrow();
                    for _ in 0..turn {
                        let (own, view) = narrow.split();
                        own[0] = view.mine()[0] + 1;
                        narrow = narrow.publish().wait().unwrap();
                    }
                    round = narrow.publish_wide_with(turn).wait().unwrap();
                    assert_eq!(round.view().sum(), 3 * turn);
                }
                round.number()
            })
            .unwrap()
    });
    assert_eq!(ends, [(1..20).sum::<u64>() + 19; 3]);
}

/// Nobody is anybody's neighbour.
fn islands(parties: usize) -> Vec<Round<Contiguous<u64>>> {
    let setup = exchange::parties(parties).segment(1, |_, _| 0).neighbours(|_| []);
    setup.build().unwrap().into_iter().map(exchange::Party::start).collect()
}

/// The first narrow round, for which all wait for all.
fn first_narrow<M: exchange::Memory>(rounds: Vec<Round<M>>) -> Vec<NarrowRound<M>> {
    let pending: Vec<_> = rounds.into_iter().map(|round| round.narrow().publish()).collect();
    pending.into_iter().map(|pending| pending.wait().unwrap()).collect()
}

#[test]
fn who_waits_for_all_reads_nobody_early_who_does_not() {
    let [first, second] = <[_; 2]>::try_from(first_narrow(islands(2))).unwrap();
    let pending = first.publish_wide();
    assert_eq!(pending.segment(1), None);
    let second = second.publish();
    assert_eq!(pending.segment(1), None, "it takes round 2 for a narrow one");
    // It goes on without us, and writes on the same side.
    let mut second = second.wait().unwrap().publish().wait().unwrap();
    let own = second.own();
    assert_eq!(pending.segment(1), None, "it is writing that segment");
    own[0] = 1;
    assert_eq!(pending.late(), [0; 0], "it has arrived all the same");
    assert_eq!(pending.wait().unwrap_err().cause, Cause::Mismatch);
}

#[test]
fn a_narrow_round_is_not_shown_to_all_afterwards() {
    let setup = exchange::parties(3)
        .three_sides()
        .segment(1, |_, _| 0)
        .neighbours(|rank| [rank ^ 1].into_iter().filter(|at| *at < 2));
    let rounds = setup.build().unwrap().into_iter().map(exchange::Party::start).collect();
    let [first, second, mut third] = <[_; 3]>::try_from(first_narrow(rounds)).unwrap();
    let pending = [first, second].map(NarrowRound::publish);
    let [first, second] = pending.map(|pending| pending.wait().unwrap().publish_wide());
    // It is writing what would be seen.
    let own = third.own();
    let before = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| first.before().round()));
    assert!(before.is_err(), "a view of round 2, which the third has not published");
    own[0] = 1;
    let pending = [first, second, third.publish().wait().unwrap().publish_wide()];
    let [first, ..] = pending.map(|pending| pending.wait().unwrap());
    let before = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| first.before().round()));
    assert!(before.is_err(), "a view of round 2, which was a narrow one");
}

#[test]
fn nobody_is_ahead_without_end() {
    let [first, second] = <[_; 2]>::try_from(first_narrow(islands(2))).unwrap();
    let mut ahead = first;
    let held = loop {
        assert!(ahead.number() < 1 << 20, "so far ahead of one who stands still");
        match ahead.publish().wait_timeout(std::time::Duration::ZERO) {
            Ok(round) => ahead = round,
            Err(exchange::WaitError::TimedOut(held)) => break held,
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(held.late, [1]);
    // Who comes after finds everything as usual.
    let mut second = second;
    while second.number() < held.round {
        second = second.publish().wait().unwrap();
    }
    let pending = [held.pending.wait().unwrap(), second].map(NarrowRound::publish_wide);
    assert!(pending.into_iter().all(|pending| pending.wait().is_ok()));
}

#[test]
fn a_mismatch_is_of_one_round() {
    let [first, second, _third] = <[_; 3]>::try_from(first_narrow(islands(3))).unwrap();
    let (first, second) = (first.publish_wide(), second.publish());
    let told = Poisoned { rank: 0, round: 2, cause: Cause::Mismatch };
    assert_eq!(first.late(), [2]);
    assert_eq!(first.wait().unwrap_err(), told);
    assert_eq!(second.wait().unwrap().publish_wide().wait().unwrap_err(), told);
}
