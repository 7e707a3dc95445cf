//! Words counted by many threads into one map, by a shared writer.
//!
//! Each thread counts a part of the text for itself and adds what it has now and then: one call with many edits. Whoever
//! holds the writer makes the calls of the others as well, and everything that is made together is published together. In
//! the end the counts are compared with those of one thread, and the numbers that the calls gave back with how much was
//! counted: no update is lost and none is made twice.
//!
//! ```text
//! cargo run --release --example word_count
//! ```

use std::collections::HashMap;
use std::error::Error;
use std::process::ExitCode;
use std::thread;

use flipside::publish::{Edit, Policy, PublishError, SharedWriter, map};

const THREADS: usize = 4;
const LINES: usize = 4000;
/// A thread adds its counts when it has so many words.
const SOME: usize = 64;

type Failure = Box<dyn Error + Send + Sync>;
type Counts = HashMap<&'static str, u64>;
type Counter = map::SharedWriter<&'static str, u64>;

const WORDS: [&str; 16] = [
    "side",
    "enter",
    "leave",
    "flip",
    "straggler",
    "vacant",
    "claim",
    "drain",
    "round",
    "party",
    "copy",
    "log",
    "edit",
    "reader",
    "writer",
    "version",
];

/// A line of a text that nobody has written: the words come as often as they come.
fn line(number: usize) -> impl Iterator<Item = &'static str> {
    let mut dice = (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (0..8).map(move |_| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        // The lesser of two is more often small: some words are more frequent.
        let (one, other) = (dice % 16, dice / 16 % 16);
        WORDS[usize::try_from(one.min(other)).unwrap_or(0)]
    })
}

/// Adds these to what there is. How many words are counted then.
fn add(counter: &Counter, mine: Counts) -> Result<u64, PublishError> {
    counter.call(move |counts, edits| {
        let before: u64 = counts.values().sum();
        let added: u64 = mine.values().sum();
        // What is read here nobody changes before the edits are made.
        edits.extend(mine.into_iter().map(|(word, count)| {
            let so_far = counts.get(word).copied().unwrap_or(0);
            Edit::put((word, so_far + count))
        }));
        before + added
    })
}

/// Counts every so many-th line. The greatest number that came back.
fn count(counter: &Counter, first: usize) -> Result<u64, Failure> {
    let (mut mine, mut words, mut last) = (Counts::new(), 0, 0);
    for word in (first..LINES).step_by(THREADS).flat_map(line) {
        *mine.entry(word).or_default() += 1;
        words += 1;
        if words % SOME == 0 {
            let now = add(counter, std::mem::take(&mut mine))?;
            if now <= last {
                return Err(format!("{now} words after {last}").into());
            }
            last = now;
        }
    }
    Ok(add(counter, mine)?.max(last))
}

fn run() -> Result<(), Failure> {
    let alone = (0..LINES).flat_map(line).fold(Counts::new(), |mut counts, word| {
        *counts.entry(word).or_default() += 1;
        counts
    });
    for policy in [Policy::EveryCall, Policy::Every(100), Policy::ByHand] {
        let (writer, reader) = map::new();
        let counter = SharedWriter::with_policy(writer, policy);
        let totals = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|first| {
                    let counter = counter.clone();
                    scope.spawn(move || count(&counter, first))
                })
                .collect();
            let ends = threads.into_iter().map(|thread| thread.join().expect("no thread panics"));
            ends.collect::<Result<Vec<u64>, Failure>>()
        })?;
        let versions = counter.publish()?;
        if *reader.read() != alone {
            return Err(format!("with {policy:?} the counts are others than those of one thread").into());
        }
        if totals.into_iter().max() != Some(alone.values().sum()) {
            return Err(format!("with {policy:?} the last call did not see all the others").into());
        }
        println!(
            "{policy:?}: {} words by {THREADS} threads, {versions} versions",
            alone.values().sum::<u64>()
        );
    }
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
