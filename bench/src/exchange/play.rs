//! What parties do in their rounds, the same for all contenders: for the clock, and for the check.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use super::role::{Peer, Work};

/// One party's part. Rounds count from 1.
pub(crate) trait Play: Send {
    /// Whether there are segments: else nothing is written or read.
    const SEGMENTS: bool;
    /// Whether only the first element of each segment is read.
    const GLANCE: bool = false;

    /// Before it writes.
    fn compute(&mut self, round: u64);

    /// What it writes: this number first, and each element one more than the one before.
    fn first(&self, round: u64) -> u64;

    /// All have written.
    fn passed(&mut self, round: u64);

    /// Some of what all wrote, in the order of the ranks.
    fn read(&mut self, elements: impl Iterator<Item = u64>);
}

/// What a party writes first in a round: nothing that another one writes, or that stands there in another round.
const fn first(rank: usize, round: u64) -> u64 {
    round.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add((rank as u64).wrapping_mul(0xbf58_476d_1ce4_e5b9))
}

/// Arithmetic that no processor does in fewer steps.
#[inline(never)]
fn spin(turns: u64) -> u64 {
    (0..turns).fold(black_box(1), |x: u64, _| black_box(x.wrapping_mul(0x5851_f42d_4c95_7f2d)) + 1)
}

/// So many turns take a microsecond, when nothing disturbs.
pub(crate) fn turns_of_a_microsecond() -> f64 {
    const TURNS: u64 = 1 << 18;
    let time = |_| {
        let start = Instant::now();
        black_box(spin(TURNS));
        start.elapsed()
    };
    let least = (0..20).map(time).min().expect("there are some");
    TURNS as f64 / (least.as_secs_f64() * 1e6)
}

/// Adds up all that it reads.
struct Sum<const SEGMENTS: bool, const GLANCE: bool> {
    rank: usize,
    /// Rounds before those that are timed: threads that are still being woken, or share a processor that they will not
    /// share for long.
    warm: u64,
    start: Instant,
    turns: u64,
    sum: u64,
}

impl<const SEGMENTS: bool, const GLANCE: bool> Play for Sum<SEGMENTS, GLANCE> {
    const SEGMENTS: bool = SEGMENTS;
    const GLANCE: bool = GLANCE;

    #[inline]
    fn compute(&mut self, _round: u64) {
        if self.turns != 0 {
            black_box(spin(self.turns));
        }
    }

    #[inline]
    fn first(&self, round: u64) -> u64 {
        first(self.rank, round)
    }

    #[inline]
    fn passed(&mut self, round: u64) {
        if round == self.warm {
            self.start = Instant::now();
        }
    }

    #[inline]
    fn read(&mut self, elements: impl Iterator<Item = u64>) {
        self.sum = elements.fold(self.sum, u64::wrapping_add);
    }
}

/// The time that so many rounds take, from the first party that starts to the last that is done.
pub(crate) fn timed<P: Peer>(work: Work, rounds: u64) -> Duration {
    match work {
        Work { len: 0, .. } => summed::<P, false, false>(work, rounds),
        Work { glance: false, .. } => summed::<P, true, false>(work, rounds),
        Work { glance: true, .. } => summed::<P, true, true>(work, rounds),
    }
}

fn summed<P: Peer, const SEGMENTS: bool, const GLANCE: bool>(work: Work, rounds: u64) -> Duration {
    let Work { parties, len, turns, glance } = work;
    let (warm, start) = (rounds / 8 + 1, Instant::now());
    let rounds = warm + rounds;
    let plays =
        (0..parties).map(|rank| Sum::<SEGMENTS, GLANCE> { rank, warm, start, turns, sum: 0 }).collect();
    let (end, plays) = P::pass(len, rounds, plays);
    // What is read of each segment is its first element so many times, and 0 + 1 + 2 ...
    let len = if glance { 1 } else { len as u64 };
    let rest = (len * len.saturating_sub(1) / 2).wrapping_mul(parties as u64).wrapping_mul(rounds);
    let firsts = (1..=rounds).flat_map(|round| (0..parties).map(move |rank| first(rank, round)));
    let sum = firsts.fold(0, u64::wrapping_add).wrapping_mul(len).wrapping_add(rest);
    assert!(!P::EXACT || plays.iter().all(|play| play.sum == sum), "wrong sums");
    end.duration_since(plays.iter().map(|play| play.start).min().expect("somebody plays"))
}

/// Looks at every element of every round, after delays that differ.
struct Look<const SEGMENTS: bool> {
    rank: usize,
    len: usize,
    exact: bool,
    /// The round that was passed.
    round: u64,
    /// So many elements of it have been seen.
    seen: usize,
    /// How far each party has come.
    arrived: Arc<[AtomicU64]>,
    fault: Option<String>,
}

impl<const SEGMENTS: bool> Look<SEGMENTS> {
    fn note(&mut self, fault: impl FnOnce() -> String) {
        if self.fault.is_none() {
            self.fault = Some(format!("party {}, round {}: {}", self.rank, self.round, fault()));
        }
    }

    /// The end of a round.
    fn close(&mut self) {
        let (seen, all) = (self.seen, self.len * self.arrived.len());
        if SEGMENTS && self.round != 0 && seen != all {
            self.note(|| format!("{seen} elements of {all}"));
        }
    }
}

/// Now this one is late, now that one; most of the time nobody.
fn delay(rank: usize, moment: u64) {
    let dice = first(rank, moment) >> 40;
    match dice % 64 {
        0 => thread::sleep(Duration::from_micros(50)),
        1..8 => thread::yield_now(),
        8..16 => _ = black_box(spin(dice % 4096)),
        _ => {}
    }
}

impl<const SEGMENTS: bool> Play for Look<SEGMENTS> {
    const SEGMENTS: bool = SEGMENTS;

    fn compute(&mut self, round: u64) {
        delay(self.rank, 2 * round);
        // Relaxed, all of it: to pass this on is what a barrier is for.
        self.arrived[self.rank].store(round, Relaxed);
    }

    fn first(&self, round: u64) -> u64 {
        first(self.rank, round)
    }

    fn passed(&mut self, round: u64) {
        self.close();
        (self.round, self.seen) = (round, 0);
        for rank in 0..self.arrived.len() {
            let arrived = self.arrived[rank].load(Relaxed);
            if arrived != round && arrived != round + 1 {
                self.note(|| format!("party {rank} is at {arrived}"));
            }
        }
        delay(self.rank, 2 * round + 1);
    }

    fn read(&mut self, elements: impl Iterator<Item = u64>) {
        for element in elements {
            let (rank, at) = (self.seen / self.len, (self.seen % self.len) as u64);
            self.seen += 1;
            let expected = |round| first(rank, round).wrapping_add(at);
            let is_next = !self.exact && element == expected(self.round + 1);
            if element != expected(self.round) && !is_next {
                self.note(|| format!("element {at} of party {rank} is {element:#x}"));
            }
        }
    }
}

/// Whether each party sees in each of so many rounds what all others published for it.
pub(crate) fn check<P: Peer>(work: Work, rounds: u64) -> Result<(), String> {
    if work.len == 0 {
        looked_at::<P, false>(work, P::EXACT, rounds)
    } else {
        looked_at::<P, true>(work, P::EXACT, rounds)
    }
}

fn looked_at<P: Peer, const SEGMENTS: bool>(work: Work, exact: bool, rounds: u64) -> Result<(), String> {
    let Work { parties, len, .. } = work;
    let arrived: Arc<[AtomicU64]> = (0..parties).map(|_| AtomicU64::new(0)).collect();
    let look = |rank| Look::<SEGMENTS> {
        rank,
        len,
        exact,
        round: 0,
        seen: 0,
        arrived: arrived.clone(),
        fault: None,
    };
    let (_, looks) = P::pass(len, rounds, (0..parties).map(look).collect());
    for mut look in looks {
        look.close();
        if let Some(fault) = look.fault {
            return Err(fault);
        }
        if look.round != rounds {
            return Err(format!("party {}: {} rounds of {rounds}", look.rank, look.round));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::peer::synced_memory::SyncedMemory;
    use crate::exchange::store::Atomics;

    /// Has one party after the other play, alone: a mock of a contender that is wrong in its own way.
    struct Wrong<const HOW: usize>;

    impl<const HOW: usize> Peer for Wrong<HOW> {
        fn pass<P: Play>(len: usize, rounds: u64, mut plays: Vec<P>) -> (Instant, Vec<P>) {
            let parties = plays.len();
            for round in 1..=rounds {
                plays.iter_mut().for_each(|play| play.compute(round));
                for play in &mut plays {
                    play.passed(if HOW == 1 { round + 2 } else { round });
                    for rank in 0..parties {
                        let first = first(rank, if HOW == 2 && rank == 1 { round + 1 } else { round });
                        let len = if HOW == 3 && rank == 1 { len - 1 } else { len };
                        play.read((0..len as u64).map(|at| first.wrapping_add(at)));
                    }
                }
            }
            (Instant::now(), plays)
        }
    }

    const WORK: Work = Work::rounds(2, 4);

    #[test]
    fn the_check_sees_who_is_late_foreign_elements_and_missing_ones() {
        let fault = |check: fn(Work, u64) -> Result<(), String>| check(WORK, 3).unwrap_err();
        assert_eq!(check::<Wrong<0>>(WORK, 3), Ok(()));
        assert!(fault(check::<Wrong<1>>).contains("is at 1"), "{}", fault(check::<Wrong<1>>));
        assert!(fault(check::<Wrong<2>>).contains("of party 1 is"));
        assert!(fault(check::<Wrong<3>>).contains("7 elements of 8"));
        // What comes next is forgiven to who never promised anything else.
        assert_eq!(looked_at::<Wrong<2>, true>(WORK, false, 3), Ok(()));
    }

    #[test]
    #[should_panic(expected = "wrong sums")]
    fn the_clock_sees_wrong_sums() {
        timed::<Wrong<2>>(WORK, 3);
    }

    #[test]
    fn one_buffer_behind_one_barrier_is_seen_to_show_the_next_round() {
        // Of many delays one lets a party write before another one has read.
        let work = Work::rounds(3, 64);
        let seen = (0..50).any(|_| looked_at::<SyncedMemory<Atomics, 1>, true>(work, true, 300).is_err());
        assert!(seen, "the reason for its second barrier");
    }
}
