use core::future::{Future, IntoFuture};
use core::pin::pin;
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};
use core::time::Duration;
use std::cell::RefCell;
use std::thread;

use super::{BUCKETS, CachePadded, Histogram, Lane, Profile, Recorder, Report, Slot, Span};
use crate::exchange::{self, Choice, JoinError, SetupError};
use crate::substrate::atomic::Ordering::Relaxed;

const BARRIERS: [Choice; 2] = [Choice::Flags, Choice::Central];
const ROUNDS: u64 = 40;

/// Each rank computes and waits for so long in each of `rounds`.
pub(super) fn made_up(of: &[(u64, u64)], rounds: u64, kept: usize) -> Profile {
    let (_, profile) = Recorder::new(of.len(), kept, 1000);
    for (rank, (compute, wait)) in of.iter().enumerate() {
        for round in 1..=rounds {
            let began = (round - 1) * (compute + wait);
            let (arrived, passed) = (began + compute, began + compute + wait);
            profile.0.lanes[rank].record(Span { round, began, arrived, passed });
        }
    }
    profile
}

/// Every number says the same of how many rounds there were, and the timeline of how long they took.
fn assert_adds_up(profile: &Profile, rank: usize, rounds: u64) {
    let (lane, report) = (&profile.0.lanes[rank], &profile.report().parties[rank]);
    let count = |histogram: &Histogram| histogram.0.iter().map(|count| count.load(Relaxed)).sum::<u64>();
    assert_eq!((report.rounds, count(&lane.compute), count(&lane.wait)), (rounds, rounds, rounds));
    // It may be the last at a round that it has not passed yet.
    assert!(report.last <= rounds + 1 && (0.0..=1.0).contains(&report.waited));
    let mut spans: Vec<_> = lane.spans().collect();
    spans.sort_by_key(|span| span.round);
    assert_eq!(spans.len() as u64, rounds.min(lane.kept as u64));
    for pair in spans.windows(2) {
        assert_eq!((pair[0].round + 1, pair[0].passed), (pair[1].round, pair[1].began));
    }
    if rounds <= lane.kept as u64 {
        let sum = |of: fn(&Span) -> u64| spans.iter().map(of).sum::<u64>();
        assert_eq!(sum(|span| span.arrived - span.began), report.compute_ns);
        assert_eq!(sum(|span| span.passed - span.arrived), report.wait_ns);
    }
}

#[test]
fn who_computes_longer_is_waited_for() {
    for barrier in BARRIERS {
        let (setup, profile) = exchange::parties(3).no_segment().barrier(barrier).profile(10);
        let run = setup.scope(|mut round| {
            for _ in 0..10 {
                if round.rank() == 1 {
                    thread::sleep(Duration::from_millis(20));
                }
                round = round.publish().wait().unwrap();
            }
        });
        run.unwrap();
        let report = profile.report();
        assert_eq!(report.last, Some(1));
        assert!(report.imbalance > 1.5, "{report}");
        let [first, slow, third] = &report.parties[..] else { panic!("{report:?}") };
        assert!(slow.compute_ns >= 200_000_000 && slow.compute.median_ns > 20_000_000, "{report}");
        assert!(slow.waited < 0.5 && first.waited > 0.5 && third.waited > 0.5, "{report}");
        assert!(report.to_string().contains("The others wait for party 1"), "{report}");
        (0..3).for_each(|rank| assert_adds_up(&profile, rank, 10));
    }
}

#[test]
fn counts_add_up_however_one_waits() {
    for barrier in BARRIERS {
        let (setup, profile) = exchange::parties(4).no_segment().barrier(barrier).profile(ROUNDS as usize);
        let run = setup.scope(|mut round| {
            for _ in 0..ROUNDS {
                let mut pending = round.publish();
                round = match pending.rank() {
                    0 => pending.wait().unwrap(),
                    1 => loop {
                        match pending.try_wait().unwrap() {
                            Ok(round) => break round,
                            Err(again) => pending = again,
                        }
                    },
                    2 => loop {
                        match pending.wait_timeout(Duration::from_micros(10)) {
                            Ok(round) => break round,
                            Err(exchange::WaitError::TimedOut(late)) => pending = late.pending,
                            Err(error) => panic!("{error}"),
                        }
                    },
                    _ => {
                        let mut waited = pin!(pending.into_future());
                        loop {
                            match waited.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                                Poll::Ready(round) => break round.unwrap(),
                                Poll::Pending => thread::yield_now(),
                            }
                        }
                    }
                };
            }
        });
        run.unwrap();
        (0..4).for_each(|rank| assert_adds_up(&profile, rank, ROUNDS));
    }
}

#[test]
fn the_last_is_who_finds_all_there_when_it_arrives_and_not_when_it_waits() {
    for barrier in BARRIERS {
        let (setup, profile) = exchange::parties(3).no_segment().barrier(barrier).profile(0);
        let [a, b, c] = <[_; 3]>::try_from(setup.build().unwrap()).unwrap();
        // One thread has all three: what follows is in this order.
        let (a, b) = (a.start().publish(), b.start().publish());
        let a = a.try_wait().unwrap().expect_err("the third has not published");
        let c = c.start().publish();
        let rounds = [a.wait().unwrap(), c.wait().unwrap(), b.try_wait().unwrap().unwrap()];
        let report = profile.report();
        assert_eq!(report.last, Some(2));
        assert_eq!(report.parties.iter().map(|party| party.last).collect::<Vec<_>>(), [0, 0, 1]);
        (0..3).for_each(|rank| assert_adds_up(&profile, rank, 1));
        drop(rounds);
    }
}

thread_local! {
    static ON_CLONE: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
}

/// A waker that does something when it is cloned: between the two looks of a future.
fn waker() -> Waker {
    const TABLE: RawWakerVTable = RawWakerVTable::new(clone, nothing, nothing, nothing);
    fn clone(_: *const ()) -> RawWaker {
        if let Some(run) = ON_CLONE.take() {
            run();
        }
        RawWaker::new(core::ptr::null(), &TABLE)
    }
    fn nothing(_: *const ()) {}
    // SAFETY: there is nothing behind the pointer, and nobody looks.
    unsafe { Waker::from_raw(clone(core::ptr::null())) }
}

#[test]
fn a_future_that_is_ready_at_its_second_look_has_passed_the_round() {
    for barrier in BARRIERS {
        let (setup, profile) = exchange::parties(2).no_segment().barrier(barrier).profile(3);
        let [a, b] = <[_; 2]>::try_from(setup.build().unwrap()).unwrap();
        let mut waited = pin!(a.start().publish().into_future());
        let waker = waker();
        ON_CLONE.set(Some(Box::new(|| std::mem::forget(b.start().publish()))));
        assert!(waited.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
        assert_adds_up(&profile, 0, 1);
        // It was forgotten before it waited.
        assert_adds_up(&profile, 1, 0);
        assert_eq!(profile.report().last, Some(1));
    }
}

#[test]
fn narrow_rounds_count_as_others_do() {
    let parties = 5;
    let (setup, profile) = exchange::parties(parties)
        .segment(1, |_, _| 0)
        .neighbours(|rank| [(rank + 1) % parties])
        .profile(ROUNDS as usize);
    let run = setup.scope(|round| {
        let mut round = round.narrow();
        for _ in 1..ROUNDS {
            round = round.publish().wait().unwrap();
        }
        round.publish_wide().wait().unwrap().number()
    });
    assert_eq!(run.unwrap(), [ROUNDS; 5]);
    (0..parties).for_each(|rank| assert_adds_up(&profile, rank, ROUNDS));
}

#[test]
fn who_comes_later_goes_on_where_the_rank_was_left() {
    let (setup, profile) = exchange::parties(1).room(1).no_segment().profile(100);
    let [party] = <[_; 1]>::try_from(setup.build().unwrap()).unwrap();
    let entrance = party.entrance();
    let mut round = party.start();
    for times in 1..=3 {
        let second = thread::spawn({
            let entrance = entrance.clone();
            move || {
                let mut round = entrance.join()?;
                for _ in 0..4 {
                    round = round.publish().wait().unwrap();
                }
                round.leave();
                Ok::<(), JoinError>(())
            }
        });
        while !second.is_finished() {
            round = round.publish().wait().unwrap();
        }
        second.join().unwrap().unwrap();
        // The rank is free when the next round is open.
        round = round.publish().wait().unwrap();
        let report = &profile.report().parties;
        assert_eq!((report[0].rounds, report[1].rounds), (round.number(), 4 * times));
    }
}

#[test]
fn a_round_that_is_never_complete_does_not_count() {
    for barrier in BARRIERS {
        let (setup, profile) = exchange::parties(2).no_segment().barrier(barrier).profile(10);
        let [a, b] = <[_; 2]>::try_from(setup.build().unwrap()).unwrap();
        drop(b);
        assert!(a.start().publish().wait().is_err());
        assert_adds_up(&profile, 0, 0);
        assert_eq!(profile.report().last, None);
    }
}

#[test]
fn what_cannot_be_built_is_not_recorded() {
    let (setup, profile) = exchange::parties(usize::MAX).segment(1, |_, _| 0u64).profile(usize::MAX);
    assert!(matches!(setup.build(), Err(SetupError::TooManyParties { .. })));
    assert!(profile.report().parties.is_empty());
}

#[test]
fn a_torn_span_is_none() {
    let (slot, old) = (Slot::empty(), Span { round: 7, began: 10, arrived: 20, passed: 30 });
    assert_eq!(slot.read(), None);
    let words = |slot: &Slot| slot.0.each_ref().map(|word| word.load(Relaxed));
    let empty = words(&slot);
    slot.write(old);
    assert_eq!(slot.read(), Some(old));
    let before = words(&slot);
    // In the order of time, and yet never a span: began long ago, arrived just now.
    let new = Span { round: 17, began: 110, arrived: 120, passed: 130 };
    slot.write(new);
    assert_eq!(slot.read(), Some(new));
    let after = words(&slot);
    for (from, to, whole) in [(before, after, old), (empty, before, old)] {
        for mixture in 1..31u32 {
            for (at, word) in slot.0.iter().enumerate() {
                word.store(if mixture >> at & 1 == 0 { from[at] } else { to[at] }, Relaxed);
            }
            assert_eq!(slot.read(), None, "{mixture:05b} of {whole:?}");
        }
    }
}

#[test]
fn spans_are_looked_at_while_they_are_written() {
    let (setup, profile) = exchange::parties(2).no_segment().profile(3);
    thread::scope(|scope| {
        let run = scope.spawn(|| {
            setup.scope(|mut round| {
                for _ in 0..2_000 {
                    round = round.publish().wait().unwrap();
                }
            })
        });
        while !run.is_finished() {
            for lane in &profile.0.lanes {
                for Span { round, began, arrived, passed } in lane.spans() {
                    assert!(began <= arrived && arrived <= passed && (1..=2_000).contains(&round));
                }
            }
            let _ = (profile.report().to_string(), profile.svg());
        }
        run.join().unwrap().unwrap();
    });
}

#[test]
fn spreads_are_powers_of_two_that_all_is_below() {
    let spread = |times: &[u64]| {
        let histogram = Histogram::new();
        times.iter().for_each(|time| histogram.record(*time));
        let spread = super::Spread::of(&histogram);
        [spread.median_ns, spread.p99_ns, spread.max_ns]
    };
    assert_eq!(spread(&[]), [0, 0, 0]);
    assert_eq!(spread(&[0]), [1, 1, 1]);
    assert_eq!(spread(&[3, 4, 1000]), [8, 1024, 1024]);
    assert_eq!(spread(&[u64::MAX, 1 << 62]), [u64::MAX; 3]);
    let mut times = vec![100; 198];
    times.extend([5_000, 1_000_000]);
    assert_eq!(spread(&times), [128, 128, 1 << 20]);
    times.push(1_000_000);
    assert_eq!(spread(&times), [128, 8192, 1 << 20]);
    assert_eq!(BUCKETS, 64);
}

#[test]
fn the_table_is_stable() {
    let of = [(1_000_000, 3_000_000), (4_000_000, 0), (1_500_000, 2_500_000)];
    let report = made_up(&of, 1000, 0).report();
    assert_eq!(report.imbalance, 4.0 / (6.5 / 3.0));
    assert_eq!(report.waited, 5.5 / 12.0);
    let lines = [
        "3 parties, 1000 rounds: 45.8% of the time was waited, imbalance 1.85 (1 is balanced).",
        "",
        "                ---- computes in a round -----   ------ waits in a round ------",
        "rank    rounds    mean  median     p99     max     mean  median     p99     max   waited    last",
        "   0      1000  1.00ms <1.05ms <1.05ms <1.05ms   3.00ms <4.19ms <4.19ms <4.19ms    75.0%    0.0%",
        "   1      1000  4.00ms <4.19ms <4.19ms <4.19ms      0ns    <1ns    <1ns    <1ns     0.0%    0.0%",
        "   2      1000  1.50ms <2.10ms <2.10ms <2.10ms   2.50ms <4.19ms <4.19ms <4.19ms    62.5%    0.0%",
        "",
        "The others wait for party 1: it computes 1.8 times the mean. Give it less to do.",
    ];
    assert_eq!(report.to_string().lines().collect::<Vec<_>>(), lines);
}

fn assert_fits(report: &Report) {
    let text = report.to_string();
    assert!(text.lines().all(|line| line.chars().count() <= 100 && line.trim_end() == line), "{text}");
}

#[test]
fn the_table_fits_in_100_columns() {
    let mut profile = made_up(&[(1, 2), (3, 4)], 3, 0);
    assert_fits(&profile.report());
    for lane in &profile.0.lanes {
        for number in [&lane.rounds, &lane.compute_ns, &lane.wait_ns, &lane.last] {
            number.store(u64::MAX, Relaxed);
        }
        lane.compute.record(u64::MAX);
        lane.wait.record(u64::MAX / 4);
    }
    assert_fits(&profile.report());
    let mut of = vec![(1_000, 999_000); 1000];
    of[777] = (1_000_000, 0);
    profile = made_up(&of, 2, 0);
    let text = profile.report().to_string();
    assert_fits(&profile.report());
    assert!(text.lines().count() < 20 && text.contains("992 others are left out"), "{text}");
    assert!(text.contains("The others wait for party 777"), "{text}");
    let alone = made_up(&[(5, 0)], 1, 0).report();
    assert_fits(&alone);
    assert!(alone.to_string().ends_with("Party 0 is alone, and waits for nobody."));
    let nothing = made_up(&[(0, 0); 3], 0, 0).report();
    assert_eq!(nothing.to_string(), "Nothing has been recorded: no party has passed a round.");
    assert_eq!((nothing.imbalance, nothing.waited, nothing.last), (1.0, 0.0, None));
    let calm = made_up(&[(100, 1); 3], 5, 0).report().to_string();
    assert!(calm.contains("There is little waiting"), "{calm}");
    let even = made_up(&[(100, 100); 3], 5, 0).report();
    assert_fits(&even);
    assert!(even.to_string().contains("No party is the slow one"), "{even}");
    let mut crowded = even.clone();
    crowded.processors = 2;
    assert_fits(&crowded);
    assert!(crowded.to_string().contains("With 3 parties on 2 processors"), "{crowded}");
    // Four times the work of the others, who wait for processors all the same.
    let mut of = vec![(1_000, 12_000); 24];
    of[0] = (4_000, 9_000);
    let mut heavy = made_up(&of, 5, 0).report();
    heavy.processors = 2;
    assert!(heavy.to_string().contains("With 24 parties on 2 processors"), "{heavy}");
}

#[test]
fn the_memory_is_what_the_documentation_says() {
    assert!(size_of::<CachePadded<Lane>>() <= 1280);
    assert!(size_of::<CachePadded<[Slot; super::GROUP]>>() <= 256);
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    assert_eq!(size_of::<CachePadded<[Slot; super::GROUP]>>(), 128);
    assert_eq!(Lane::new(0).timeline.len(), 0);
    assert_eq!(Lane::new(7).timeline.len(), 3);
}
