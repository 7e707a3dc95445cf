//! A cache whose entries expire, read by threads that never wait.
//!
//! Entries have a deadline. A `retain` takes out what has expired; its closure runs once for each entry, on the first
//! copy, so it may look at a clock (here one that ticks by hand, so that the outcome can be checked) and count what it
//! removes: the other copy is given the receipt. Answers are dear, so they lie behind an `Arc` and are stored once, not in
//! each copy.
//!
//! ```text
//! cargo run --release --example expiring_cache
//! ```

use std::error::Error;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;

use flipside::publish::map;

const TICKS: u64 = 1000;
const PER_TICK: u64 = 50;
/// An entry lives for 1 to so many ticks.
const LIFE: u64 = 16;
const READERS: usize = 2;

type Failure = Box<dyn Error + Send + Sync>;

/// What is cached.
#[derive(Clone)]
struct Entry {
    answer: Arc<String>,
    /// The first tick at which it is not to be had any more.
    expires: u64,
}

/// How long an entry lives: something between 1 and `LIFE`.
fn life(key: u64) -> u64 {
    1 + key % LIFE
}

/// Looks keys up until there is nothing more to come, and counts what it found.
fn read(cache: &map::Reader<u64, Entry>, ends: &mpsc::Receiver<()>) -> Result<u64, Failure> {
    let mut found = 0;
    while ends.try_recv() != Err(mpsc::TryRecvError::Disconnected) {
        for key in (0..TICKS * PER_TICK).step_by(97) {
            // Nothing of the cache is held when this returns: the answer is shared.
            let Some(entry) = cache.get_cloned(&key) else { continue };
            if *entry.answer != format!("answer {key}") {
                return Err(format!("{key} has the answer of another: {}", entry.answer).into());
            }
            found += 1;
        }
        // One version, whole: what expires first was there with what expires last.
        let all = cache.read();
        let times = || all.values().map(|entry| entry.expires);
        if let (Some(first), Some(last)) = (times().min(), times().max())
            && last - first >= LIFE
        {
            return Err(
                format!("what expires at {first} is in one version with what expires at {last}").into()
            );
        }
    }
    Ok(found)
}

fn run() -> Result<(), Failure> {
    let (mut cache, reader) = map::new();
    let expired = Arc::new(AtomicU64::new(0));
    let start = Barrier::new(READERS + 1);
    let found = thread::scope(|scope| {
        let mut ends = Vec::new();
        let readers: Vec<_> = (0..READERS)
            .map(|_| {
                let (end, ended) = mpsc::channel();
                ends.push(end);
                let (reader, start) = (reader.clone(), &start);
                scope.spawn(move || {
                    start.wait();
                    read(&reader, &ended)
                })
            })
            .collect();
        start.wait();
        let mut inserted = 0;
        for tick in 0..TICKS {
            for key in tick * PER_TICK..(tick + 1) * PER_TICK {
                let answer = Arc::new(format!("answer {key}"));
                cache.insert(key, Entry { answer, expires: tick + life(key) });
                inserted += 1;
            }
            let expired_now = expired.clone();
            cache.retain_ref(move |_, entry| {
                let keep = entry.expires > tick;
                // A closure that counts may be run once and no more.
                expired_now.fetch_add(u64::from(!keep), Relaxed);
                keep
            });
            cache.publish()?;
            // Between two ticks: what is published is what has not expired, and all else was counted once.
            let live = reader.len() as u64;
            if reader.read().values().any(|entry| entry.expires <= tick) {
                return Err(format!("at tick {tick} something has expired and is there").into());
            }
            if live + expired.load(Relaxed) != inserted {
                let expired = expired.load(Relaxed);
                return Err(
                    format!("{inserted} were put in, {live} are there, {expired} have expired").into()
                );
            }
        }
        drop(ends);
        readers
            .into_iter()
            .map(|reader| reader.join().expect("no reader panics"))
            .sum::<Result<u64, Failure>>()
    })?;
    // All that has a last deadline goes, in both copies, and so do the answers.
    let last = cache.take(&(TICKS * PER_TICK - 1))?.ok_or("the last entry is gone too early")?.1;
    cache.retain_ref(|_, entry| entry.expires > TICKS + LIFE);
    cache.publish_both()?;
    if !reader.is_empty() || Arc::strong_count(&last.answer) != 1 {
        return Err("something never expires".into());
    }
    println!(
        "{} entries in {TICKS} ticks, {} expired on the way; {READERS} readers found {found} answers, all right",
        TICKS * PER_TICK,
        expired.load(Relaxed)
    );
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
