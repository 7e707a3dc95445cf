//! An event logger that never blocks the threads it serves.
//!
//! Four threads log lines, formatted in place by `write!` into a claim. A reader thread puts each batch into a file
//! with one vectored write, and cuts nothing up: the sides are the file. For a moment the disk is slow. Nobody waits for
//! it: what does not fit is dropped, counted, and stands in the file as a gap. At the end the file is read back, and its
//! lines and gaps must add up to what the threads offered.
//!
//! ```text
//! cargo run --release --example event_log [FILE]
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, IoSlice};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use std::{env, thread};

use flipside::collect::{Batch, Builder, Order, Overflow, WriteError, Writer};

const THREADS: u16 = 4;
const LINES: u32 = 200_000;
/// This batch meets a slow disk.
const SLOW: u64 = 20;

/// What one thread saw of its logger.
#[derive(Default)]
struct Seen {
    accepted: u64,
    dropped: u64,
    longest: Duration,
}

fn work(mut log: Writer) -> Seen {
    use std::fmt::Write as _;
    let (thread, mut seen) = (log.source(), Seen::default());
    for n in 0..LINES {
        let began = Instant::now();
        match log.claim(80) {
            Ok(mut claim) => {
                // A line longer than the claim would be cut; these are not.
                let line = write!(claim, "thread {thread} request {n} took {} us", n % 977);
                line.expect("80 bytes are enough");
                claim.commit();
                seen.accepted += 1;
            }
            Err(WriteError::Full) => seen.dropped += 1,
            Err(error) => panic!("{error}"),
        }
        seen.longest = seen.longest.max(began.elapsed());
        if n % 200 == 0 {
            thread::sleep(Duration::from_micros(200)); // The work that is logged.
        }
    }
    seen
}

/// All slices of a batch, by as few system calls as the system allows.
fn store(file: &mut File, batch: &Batch<'_>) -> io::Result<()> {
    use std::io::Write as _;
    let mut slices: Vec<_> = batch.slices().map(IoSlice::new).collect();
    let mut rest = &mut slices[..];
    while !rest.is_empty() {
        match file.write_vectored(rest)? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            written => IoSlice::advance_slices(&mut rest, written),
        }
    }
    Ok(())
}

/// Lines, and lines that are missing, of each thread.
fn read_back(file: &[u8]) -> BTreeMap<u16, (u64, u64)> {
    let mut found = BTreeMap::<u16, (u64, u64)>::new();
    let mut at = 0;
    // The header of a record: length, kind, tag, source; then the body, up to a whole word.
    while let Some(&[l0, l1, l2, l3, kind, _tag, s0, s1]) = file.get(at..at + 8).and_then(|h| h.first_chunk())
    {
        let (len, its) = (u32::from_le_bytes([l0, l1, l2, l3]) as usize, u16::from_le_bytes([s0, s1]));
        let body = &file[at + 8..at + 8 + len];
        let (lines, missing) = found.entry(its).or_default();
        match kind {
            1 => *lines += 1,
            2 => *missing += u64::from_le_bytes(body[..8].try_into().expect("a gap holds two numbers")),
            _ => {} // The unused end of a claim.
        }
        at = (at + 8 + len).next_multiple_of(8);
    }
    found
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let temporary = env::temp_dir().join(format!("flipside-event-log-{}.bin", std::process::id()));
    let named = env::args_os().nth(1).map(PathBuf::from);
    let path = named.clone().unwrap_or(temporary);
    let mut file = File::create(&path)?;
    let builder = Builder::new(Overflow::DropNewest).order(Order::PerWriter).side(64 * 1024);
    let (collector, mut drain) = builder.writers(THREADS.into()).linger(Duration::from_millis(5)).build()?;

    let reader = thread::spawn(move || {
        drain.run(|batch| {
            if batch.epoch() == SLOW {
                thread::sleep(Duration::from_millis(60));
            }
            store(&mut file, batch)
        })
    });
    let began = Instant::now();
    let threads = (0..THREADS).map(|source| collector.writer_for(source)).collect::<Result<Vec<_>, _>>()?;
    let threads: Vec<_> = threads.into_iter().map(|log| thread::spawn(move || work(log))).collect();
    let seen: Vec<_> = threads.into_iter().map(|thread| thread.join().expect("no thread panics")).collect();
    let took = began.elapsed();
    let report = collector.close(Duration::from_secs(10));
    reader.join().expect("the reader does not panic")?;

    let image = fs::read(&path)?;
    let found = read_back(&image);
    println!(
        "{THREADS} threads, {LINES} lines each, {took:.0?}; {} batches, {} bytes",
        report.stats.flips,
        image.len()
    );
    println!("thread   accepted    dropped   in file   in gaps   longest write");
    for (source, Seen { accepted, dropped, longest }) in (0..).zip(&seen) {
        let (lines, missing) = found.get(&source).copied().unwrap_or_default();
        println!("{source:6} {accepted:10} {dropped:10} {lines:9} {missing:9}   {longest:.1?}");
        assert_eq!((lines, missing), (*accepted, *dropped), "the file tells of every line, or of its loss");
    }
    let slowest = seen.iter().map(|seen| seen.longest).max().unwrap_or_default();
    println!("The disk stood still for 60 ms; no thread spent more than {slowest:.1?} in one call.");
    println!("Every line is in the file or in a gap: checked.");
    match named {
        Some(path) => println!("The file: {}", path.display()),
        None => fs::remove_file(path)?,
    }
    Ok(())
}
