//! What has been recorded, in numbers and in words.

use core::fmt;
use std::string::String;
use std::vec::Vec;

use super::{BUCKETS, Histogram, Lane, Lanes};
use crate::substrate::atomic::{AtomicU64, Ordering::Relaxed};

/// What the parties of an exchange have spent their time on, up to the moment of [`Profile::report`](super::Profile::report).
///
/// Its `Display` is a table of at most 100 columns, and one sentence that says what to do. The table has all parties that have
/// passed a round, or of more than 16 the 8 that compute longest.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// By rank; also those ranks that nobody has yet, without rounds.
    pub parties: Vec<PartyReport>,
    /// The greatest mean time a party computes in a round, over the mean of all these: 1.0 is balanced, and with `n` parties
    /// it is at most `n`.
    pub imbalance: f64,
    /// Which share of the time of all parties was waited, from 0 to 1.
    pub waited: f64,
    /// Who was most often the last to arrive; of several the lowest rank.
    pub last: Option<usize>,
    /// How many processors there are for the parties, and whatever else this process does.
    pub processors: usize,
}

/// Of one rank. If parties have had it one after the other, of all of them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PartyReport {
    /// Whose.
    pub rank: usize,
    /// How many rounds it has passed.
    pub rounds: u64,
    /// How long it has computed, in nanoseconds.
    pub compute_ns: u64,
    /// How long it has waited, in nanoseconds.
    pub wait_ns: u64,
    /// Which share of its time it has waited, from 0 to 1.
    pub waited: f64,
    /// How often it was the last to arrive: see [`Profile`](super::Profile). May count a round that it is about to pass.
    pub last: u64,
    /// How long it computes in a round.
    pub compute: Spread,
    /// How long it waits in a round.
    pub wait: Spread,
}

/// How long something took, from a histogram by powers of two: each of these is a power of two that the true value is below,
/// and the true value is not below half of it. All are 0 if there were no rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Spread {
    /// Half of the rounds took less than this, in nanoseconds.
    pub median_ns: u64,
    /// 99 of 100 took less than this, in nanoseconds.
    pub p99_ns: u64,
    /// All took less than this, in nanoseconds.
    pub max_ns: u64,
}

/// Up to so many parties the table has all.
const ALL: usize = 16;
/// Of more it has so many.
const SLOWEST: usize = 8;
/// Who waits for less than this share of the time has little to gain.
const CALM: f64 = 0.05;
/// A party is called the slow one if what it computes more than the others explains this share of what they wait.
const BLAMED: f64 = 0.5;

fn share(part: f64, of: f64) -> f64 {
    if of > 0.0 { part / of } else { 0.0 }
}

impl Spread {
    pub(super) fn of(histogram: &Histogram) -> Self {
        let counts: [u64; BUCKETS] = histogram.0.each_ref().map(|count| count.load(Relaxed));
        let all: u64 = counts.iter().sum();
        // The end of the first bucket that has, with those below it, so many of a hundred.
        let below = |percent: u64| {
            let wanted = (u128::from(all) * u128::from(percent)).div_ceil(100);
            let mut seen = 0;
            let bucket = counts.iter().position(|count| {
                seen += u128::from(*count);
                seen >= wanted
            });
            match bucket {
                _ if all == 0 => 0,
                Some(bucket) if bucket < BUCKETS - 1 => 1 << bucket,
                _ => u64::MAX,
            }
        };
        Self { median_ns: below(50), p99_ns: below(99), max_ns: below(100) }
    }
}

impl PartyReport {
    fn of(rank: usize, lane: &Lane) -> Self {
        let load = |number: &AtomicU64| number.load(Relaxed);
        let (compute_ns, wait_ns) = (load(&lane.compute_ns), load(&lane.wait_ns));
        Self {
            rank,
            rounds: load(&lane.rounds),
            compute_ns,
            wait_ns,
            waited: share(wait_ns as f64, compute_ns as f64 + wait_ns as f64),
            last: load(&lane.last),
            compute: Spread::of(&lane.compute),
            wait: Spread::of(&lane.wait),
        }
    }

    /// How long it computes in a round, in nanoseconds.
    fn mean_compute(&self) -> f64 {
        share(self.compute_ns as f64, self.rounds as f64)
    }

    fn mean_wait(&self) -> f64 {
        share(self.wait_ns as f64, self.rounds as f64)
    }
}

impl Report {
    pub(super) fn of(lanes: &Lanes) -> Self {
        let parties =
            lanes.lanes.iter().enumerate().map(|(rank, lane)| PartyReport::of(rank, lane)).collect();
        let mut report =
            Self { parties, imbalance: 1.0, waited: 0.0, last: None, processors: lanes.processors };
        let sum = |of: fn(&PartyReport) -> f64| report.active().map(of).sum::<f64>();
        let (compute, wait) = (sum(|party| party.compute_ns as f64), sum(|party| party.wait_ns as f64));
        let mean = share(sum(PartyReport::mean_compute), report.active().count() as f64);
        report.waited = share(wait, compute + wait);
        if let Some(slowest) = report.slowest()
            && mean > 0.0
        {
            report.imbalance = slowest.mean_compute() / mean;
        }
        let last = report.parties.iter().filter(|party| party.last > 0);
        report.last =
            last.max_by_key(|party| (party.last, core::cmp::Reverse(party.rank))).map(|party| party.rank);
        report
    }

    /// Those who have passed a round.
    fn active(&self) -> impl Iterator<Item = &PartyReport> {
        self.parties.iter().filter(|party| party.rounds > 0)
    }

    fn slowest(&self) -> Option<&PartyReport> {
        self.active().max_by(|a, b| a.mean_compute().total_cmp(&b.mean_compute()))
    }

    /// What to do.
    fn advice(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(slowest) = self.slowest() else {
            return f.write_str("Nothing has been recorded: no party has passed a round.");
        };
        let (rank, active) = (slowest.rank, self.active().count());
        // Of the others, in a round: what the slowest computes more than they do is what they can wait for it.
        let others = |of: fn(&PartyReport) -> f64| {
            let others = self.active().filter(|party| party.rank != rank);
            share(others.map(of).sum(), active as f64 - 1.0)
        };
        let excess = slowest.mean_compute() - others(PartyReport::mean_compute);
        if active == 1 {
            write!(f, "Party {rank} is alone, and waits for nobody.")
        } else if self.waited < CALM {
            f.write_str("There is little waiting, and little to gain from moving work between parties.")
        } else if excess >= BLAMED * others(PartyReport::mean_wait) {
            let times = self.imbalance;
            write!(
                f,
                "The others wait for party {rank}: it computes {times:.1} times the mean. Give it less to do."
            )
        } else if active > self.processors {
            let (processors, s) = (self.processors, if self.processors == 1 { "" } else { "s" });
            write!(
                f,
                "With {active} parties on {processors} processor{s}, they mostly wait for one: try fewer parties."
            )
        } else {
            f.write_str(
                "No party is the slow one for long, and yet they wait: try longer rounds, or fewer parties.",
            )?;
            f.write_str("\n(A step counts as waiting.)")
        }
    }
}

/// Nanoseconds as a person reads them: three digits and a unit, at most six characters.
fn time(ns: f64) -> String {
    const UNITS: [(f64, &str); 6] =
        [(1.0, "ns"), (1e3, "us"), (1e6, "ms"), (1e9, "s"), (3.6e12, "h"), (3.155_76e16, "y")];
    let (size, unit) = UNITS.into_iter().rfind(|(size, _)| ns >= *size).unwrap_or(UNITS[0]);
    let number = ns / size;
    let digits = match number {
        _ if size == 1.0 => 0,
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    std::format!("{number:.digits$}{unit}")
}

/// At most eight digits, and then millions and so on.
fn count(number: u64) -> String {
    match number {
        ..100_000_000 => std::format!("{number}"),
        100_000_000..100_000_000_000_000 => std::format!("{}M", number / 1_000_000),
        _ => std::format!("{}T", number / 1_000_000_000_000),
    }
}

fn percent(share: f64) -> String {
    std::format!("{:.1}%", 100.0 * share)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown: Vec<_> = self.active().collect();
        let (active, rounds) =
            (shown.len(), shown.iter().map(|party| party.rounds).max().unwrap_or_default());
        if active == 0 {
            return self.advice(f);
        }
        let (waited, imbalance) = (percent(self.waited), self.imbalance);
        let parties = if active == 1 { "party" } else { "parties" };
        write!(f, "{active} {parties}, {} rounds: {waited} of the time was waited, ", count(rounds))?;
        writeln!(f, "imbalance {imbalance:.2} (1 is balanced).")?;
        if active > ALL {
            shown.sort_by(|a, b| b.mean_compute().total_cmp(&a.mean_compute()));
            shown.truncate(SLOWEST);
        }
        let width = shown.iter().map(|party| std::format!("{}", party.rank).len()).fold(4, usize::max);
        writeln!(f)?;
        writeln!(
            f,
            "{:width$}{:10}  {:-^30}   {:-^30}",
            "", "", " computes in a round ", " waits in a round "
        )?;
        write!(f, "{:>width$}{:>10}", "rank", "rounds")?;
        write!(f, "{:>8}{:>8}{:>8}{:>8}", "mean", "median", "p99", "max")?;
        writeln!(f, "{:>9}{:>8}{:>8}{:>8}{:>9}{:>8}", "mean", "median", "p99", "max", "waited", "last")?;
        for party in &shown {
            let below = |ns| std::format!("<{}", time(ns as f64));
            let last = percent(share(party.last as f64, party.rounds as f64).min(1.0));
            write!(f, "{:>width$}{:>10}{:>8}", party.rank, count(party.rounds), time(party.mean_compute()))?;
            let Spread { median_ns, p99_ns, max_ns } = party.compute;
            write!(f, "{:>8}{:>8}{:>8}", below(median_ns), below(p99_ns), below(max_ns))?;
            let Spread { median_ns, p99_ns, max_ns } = party.wait;
            write!(f, "{:>9}{:>8}{:>8}", time(party.mean_wait()), below(median_ns), below(p99_ns))?;
            writeln!(f, "{:>8}{:>9}{last:>8}", below(max_ns), percent(party.waited))?;
        }
        if shown.len() < active {
            let (left_out, shown) = (active - shown.len(), shown.len());
            writeln!(
                f,
                "{:>width$}  the {shown} that compute longest; {left_out} others are left out",
                "..."
            )?;
        }
        writeln!(f)?;
        self.advice(f)
    }
}
