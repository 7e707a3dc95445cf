//! What is published in a round is what all see in it.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use flipside::exchange::{self, Choice, Contiguous, Memory, Padded, Poisoned, Round, Setup, Waiting};

use crate::{BARRIERS, within};

/// What party `rank` writes at `index` for `round`.
fn mark(rank: usize, index: usize, round: u64) -> u64 {
    (rank as u64) << 40 | (index as u64) << 20 | round
}

/// Publishes rounds, each whole, and looks at every element of each. Some parties dawdle, differently in each round.
fn look_at_all<M: Memory<Element = u64>>(mut round: Round<M>, rounds: u64) -> Result<(), Poisoned> {
    for _ in 0..=rounds {
        let (rank, number) = (round.rank(), round.number());
        let (own, view) = round.split();
        assert_eq!(view.round(), number);
        for (other, segment) in view.segments().enumerate() {
            for (index, element) in segment.iter().enumerate() {
                assert_eq!(*element, mark(other, index, number), "party {other}, element {index}");
            }
        }
        for (index, element) in own.iter_mut().enumerate() {
            *element = mark(rank, index, number + 1);
        }
        if (number as usize + rank).is_multiple_of(7) {
            std::thread::yield_now();
        }
        round = round.publish().wait()?;
    }
    Ok(())
}

fn check<M: Memory<Element = u64> + 'static>(setup: Setup<M>, rounds: u64) {
    let ends = within(move || setup.scope(|round| look_at_all(round, rounds)).unwrap());
    // Nobody leaves, so the end of the first is the end of all; but all have seen all rounds.
    assert!(ends.iter().all(Result::is_ok), "{ends:?}");
}

#[test]
fn all_see_what_all_published() {
    for choice in BARRIERS {
        for (parties, len, rounds) in [(1, 3, 50), (2, 1, 2000), (2, 1000, 300), (3, 17, 300), (8, 5, 60)] {
            for waiting in [Waiting::Adaptive, Waiting::Sleeping] {
                let made = |rank, index| mark(rank, index, 0);
                let all = exchange::parties(parties);
                check(all.segment(len, made).barrier(choice).waiting(waiting), rounds);
                check(all.padded(len, made).barrier(choice).waiting(waiting), rounds);
                let all = all.three_sides();
                check(all.segment(len, made).barrier(choice).waiting(waiting), rounds);
                check(all.padded(len, made).barrier(choice).waiting(waiting), rounds);
            }
        }
    }
}

#[test]
fn who_spins_arrives_as_well() {
    // `ci/syscalls` asks for more, and counts.
    let rounds = std::env::var("FLIPSIDE_ROUNDS").map_or(50, |rounds| rounds.parse().unwrap());
    for choice in BARRIERS {
        let setup = exchange::parties(2).segment(1, |_, _| 0).barrier(choice).waiting(Waiting::Spinning);
        let run = move |mut round: Round<Contiguous<u64>>| {
            for next in 1..=rounds {
                round.own()[0] = next;
                round = round.publish().wait().unwrap();
                assert_eq!(round.view().all(), [next; 2]);
            }
        };
        within(move || setup.scope(run).unwrap());
    }
}

#[test]
fn a_side_is_the_segments_one_behind_the_other() {
    let all = exchange::parties(3).segment(2, |rank, index| 10 * rank + index).scope(|round| {
        let view = round.view();
        let by_segment: Vec<_> = view.segments().flatten().copied().collect();
        assert_eq!(view.all(), by_segment);
        view.all().to_vec()
    });
    assert_eq!(all.unwrap(), vec![vec![0, 1, 10, 11, 20, 21]; 3]);
}

#[test]
fn three_sides_show_the_round_before() {
    for choice in BARRIERS {
        within(move || {
            let run = |mut round: Round<Contiguous<u64, 3>>| {
                for _ in 0..100 {
                    let number = round.number();
                    assert!(round.before().all().iter().all(|element| *element == number.saturating_sub(1)));
                    round.own()[0] = number + 1;
                    let pending = round.publish();
                    assert!(pending.before().all().iter().all(|element| *element == number));
                    round = pending.wait().unwrap();
                }
            };
            exchange::parties(3).three_sides().segment(1, |_, _| 0).barrier(choice).scope(run).unwrap();
        });
    }
}

#[test]
fn lengths_change_from_round_to_round() {
    for choice in BARRIERS {
        within(move || {
            let run = |mut round: Round<Padded<u64>>| {
                for _ in 0..200 {
                    let (rank, number) = (round.rank(), round.number());
                    for (other, segment) in round.view().segments().enumerate() {
                        let len = if number == 0 { 16 } else { (number as usize + other) % 17 };
                        assert_eq!(segment.len(), len, "party {other}, round {number}");
                        assert!(segment.iter().all(|element| *element == number));
                    }
                    let next = number + 1;
                    let len = (next as usize + rank) % 17;
                    // Half of the rounds the length is that of the segment, unsaid.
                    if len != 16 {
                        round.set_len(len).unwrap();
                    }
                    round.own()[..len].fill(next);
                    round = round.publish().wait().unwrap();
                }
            };
            exchange::parties(3).padded(16, |_, _| 0).barrier(choice).scope(run).unwrap();
        });
    }
}

#[test]
fn contributions_are_folded_in_the_order_of_the_ranks() {
    for choice in BARRIERS {
        let sums = within(move || {
            exchange::parties(5)
                .contributing(|rank| 1.0 / (rank as f64 + 1.0))
                .barrier(choice)
                .scope(|mut round| {
                    let mut sums = Vec::new();
                    for _ in 0..50 {
                        let view = round.view();
                        assert_eq!(view.contributions().count(), 5);
                        assert_eq!(view.max(), view.contribution(0));
                        assert_eq!(view.min(), view.contribution(4));
                        sums.push(view.sum());
                        let mine = 1.0 / ((round.rank() + 1) as f64 * (round.number() + 2) as f64);
                        round = round.publish_with(mine).wait().unwrap();
                    }
                    sums
                })
                .unwrap()
        });
        let bits = |sums: &[f64]| sums.iter().map(|sum| sum.to_bits()).collect::<Vec<_>>();
        assert!(sums.iter().all(|other| bits(other) == bits(&sums[0])));
        assert_eq!(sums[0][0], 1.0 + 1.0 / 2.0 + 1.0 / 3.0 + 1.0 / 4.0 + 1.0 / 5.0);
    }
}

#[test]
fn elements_need_not_be_copied_or_made_by_default() {
    #[derive(Debug, PartialEq)]
    struct Name(String);
    let all = exchange::parties(2)
        .segment(1, |rank, _| Name(format!("party {rank}")))
        .scope(|mut round| {
            // What one wrote two rounds ago is still there, to be used again.
            for _ in 0..6 {
                let (own, view) = round.split();
                let said = format!("{} after {}", own[0].0.len(), view.all()[0].0.len());
                own[0].0.replace_range(.., &said);
                round = round.publish().wait().unwrap();
            }
            round.view().all().iter().map(|name| name.0.clone()).collect::<Vec<_>>()
        })
        .unwrap();
    assert_eq!(all[0], all[1]);
}

#[test]
fn elements_are_dropped_once_each() {
    static ALIVE: AtomicUsize = AtomicUsize::new(0);
    struct Counted;
    impl Counted {
        fn new() -> Self {
            ALIVE.fetch_add(1, Relaxed);
            Self
        }
    }
    impl Drop for Counted {
        fn drop(&mut self) {
            ALIVE.fetch_sub(1, Relaxed);
        }
    }
    exchange::parties(3)
        .padded(4, |_, _| Counted::new())
        .contributing(|_| Counted::new())
        .scope(|mut round| {
            for _ in 0..5 {
                round.own()[1] = Counted::new();
                round = round.publish_with(Counted::new()).wait().unwrap();
            }
        })
        .unwrap();
    assert_eq!(ALIVE.load(Relaxed), 0);
    let cut_short = std::panic::catch_unwind(|| {
        let made = AtomicUsize::new(0);
        let _ = exchange::parties(3).segment(4, |_, _| {
            assert!(made.fetch_add(1, Relaxed) < 17, "no more of these");
            Counted::new()
        });
    });
    assert!(cut_short.is_err());
    assert_eq!(ALIVE.load(Relaxed), 0);
}

#[test]
fn the_last_who_arrives_makes_the_step() {
    let steps = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = steps.clone();
    exchange::parties(3)
        .segment(1, |_, _| 0)
        .step(move |view| kept.lock().unwrap().push((view.round(), view.all().to_vec())))
        .scope(|mut round| {
            for next in 1..=20 {
                round.own()[0] = next;
                round = round.publish().wait().unwrap();
            }
        })
        .unwrap();
    let steps = steps.lock().unwrap();
    assert!(
        steps
            .iter()
            .map(|(round, all)| (*round, all.clone()))
            .eq((1..=20).map(|round| (round, vec![round; 3])))
    );
}

#[test]
fn parties_are_chosen_their_barrier() {
    let name = |setup: Setup<Contiguous<u8>>| {
        let party = setup.build().unwrap().pop().unwrap();
        format!("{party:?}")
    };
    // Only that both ways are there; which one is taken depends on the machine.
    for choice in [Choice::Auto, Choice::Flags, Choice::Central] {
        assert!(name(exchange::parties(2).segment(1, |_, _| 0).barrier(choice)).contains("rank: 1"));
    }
}
