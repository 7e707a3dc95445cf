//! `flipside bench`: a short self-check of this machine. How fast records go from threads into memory, beside
//! what else one could use; `flipside-bench` is the program that measures properly.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use flipside::collect::{Builder, Overflow};
use serde_json::{Value, json};

use crate::args::BenchArgs;
use crate::failure::{Failure, say};
use crate::load::carry::{Hand, Put, Swapped, Take};
use crate::load::frame;
use crate::manual::print;

const SIDE: usize = 1 << 20;
const LINGER: Duration = Duration::from_millis(1);
const ROUND: Duration = Duration::from_millis(50);
const ROUNDS: usize = 7;
const BAR: usize = 36;

/// In the order in which they run, again and again.
const CONTENDERS: [&str; 4] = ["flipside/total", "peer/std-mutex", "peer/crossbeam-channel", "limit/memcpy"];

/// Name, smallest and largest record.
const WORKLOADS: [(&str, usize, usize); 2] = [("64B", 64, 64), ("mix", 10, 10_000)];

/// One bar: the rates of one contender in one workload.
struct Row {
    workload: &'static str,
    threads: usize,
    contender: &'static str,
    unit: &'static str,
    samples: Vec<f64>,
}

pub(crate) fn bench(args: &BenchArgs) -> Result<u8, Failure> {
    let mut rows = Vec::new();
    for (workload, min, max) in WORKLOADS {
        for threads in [1, 2] {
            let table = measure(workload, threads, min, max)?;
            if !args.json {
                bars(&table).iter().for_each(|line| say(format_args!("{line}")));
            }
            rows.extend(table);
        }
    }
    if args.json {
        let rows: Vec<Value> = rows.iter().map(Row::json).collect();
        return print(format!("{}\n", Value::from(rows)).as_bytes());
    }
    say(format_args!("medians of {ROUNDS} interleaved rounds of {} ms", ROUND.as_millis()));
    Ok(0)
}

/// All contenders in turn, `ROUNDS` times.
fn measure(workload: &'static str, threads: usize, min: usize, max: usize) -> Result<Vec<Row>, Failure> {
    let unit = if min == max { "Mrec/s" } else { "GB/s" };
    let row = |contender| Row { workload, threads, contender, unit, samples: Vec::with_capacity(ROUNDS) };
    let mut rows: Vec<Row> = CONTENDERS.into_iter().map(row).collect();
    let sizes = Sizes::new(min, max);
    for _ in 0..ROUNDS {
        for row in &mut rows {
            let (records, bytes, seconds) = round(row.contender, threads, &sizes)?;
            let amount = if min == max { records as f64 / 1e6 } else { bytes as f64 / 1e9 };
            row.samples.push(amount / seconds);
        }
    }
    Ok(rows)
}

/// Record sizes drawn beforehand, so that drawing them costs nothing in a round.
struct Sizes {
    drawn: Vec<usize>,
    payload: Vec<u8>,
}

impl Sizes {
    fn new(min: usize, max: usize) -> Self {
        let mut random = fastrand::Rng::with_seed(1);
        Self { drawn: (0..1024).map(|_| random.usize(min..=max)).collect(), payload: vec![0x5a; max] }
    }
}

/// Runs `threads` writers for the time of a round: records and bytes that arrived, and the seconds it took.
fn round(contender: &str, threads: usize, sizes: &Sizes) -> Result<(u64, u64, f64), Failure> {
    let (hands, take) = match contender {
        "flipside/total" => {
            let builder = Builder::new(Overflow::Block).side(SIDE).linger(LINGER).writers(threads);
            let (collector, drain) = builder.build().map_err(Failure::error)?;
            let hands: Result<Vec<_>, _> =
                (0..threads).map(|_| collector.writer().map(Hand::Flipside)).collect();
            (hands.map_err(Failure::error)?, Some(Take::Flipside(Box::new(drain))))
        }
        "peer/std-mutex" => {
            let swapped = Arc::new(Swapped::new(SIDE, threads));
            let hands = (0u16..).take(threads).map(|id| Hand::Mutex(id, swapped.clone())).collect();
            (hands, Some(Take::Mutex(swapped, LINGER)))
        }
        "peer/crossbeam-channel" => {
            let mean = sizes.drawn.iter().sum::<usize>() / sizes.drawn.len();
            let (sender, receiver) = crossbeam_channel::bounded(2 * SIDE / mean);
            let hands = (0u16..).take(threads).map(|id| Hand::Crossbeam(id, sender.clone())).collect();
            (hands, Some(Take::Crossbeam(receiver, LINGER)))
        }
        _ => return Ok(copies(threads, sizes)),
    };
    let start = Barrier::new(threads + 1);
    Ok(thread::scope(|scope| {
        for hand in hands {
            scope.spawn(|| write(hand, sizes, &start));
        }
        start.wait();
        let began = Instant::now();
        let (mut records, mut bytes) = (0, 0);
        if let Some(take) = take {
            let (_, Ok(())) = take.run(SIDE, |image, _| {
                for found in image.iter().copied().flat_map(frame::frames) {
                    records += 1;
                    bytes += found.payload.len() as u64;
                }
                Ok::<(), std::convert::Infallible>(())
            });
        }
        (records, bytes, began.elapsed().as_secs_f64())
    }))
}

fn write(mut hand: Hand, sizes: &Sizes, start: &Barrier) {
    start.wait();
    let began = Instant::now();
    let mut seq = 0;
    'round: while began.elapsed() < ROUND {
        for &len in &sizes.drawn {
            if hand.put(&frame::prefix(seq, 0), &sizes.payload[..len]) != Put::Taken {
                break 'round;
            }
            seq += 1;
        }
    }
    if let Hand::Mutex(_, swapped) = &hand {
        swapped.leave();
    }
}

/// The limit: each thread copies the same records into memory of its own.
fn copies(threads: usize, sizes: &Sizes) -> (u64, u64, f64) {
    let began = Instant::now();
    let copied = thread::scope(|scope| {
        let copy = || {
            let mut to = vec![0u8; SIDE];
            let (mut at, mut records, mut bytes) = (0, 0u64, 0u64);
            while began.elapsed() < ROUND {
                for &len in &sizes.drawn {
                    if at + len > SIDE {
                        at = 0;
                    }
                    to[at..at + len].copy_from_slice(std::hint::black_box(&sizes.payload[..len]));
                    at += len;
                    records += 1;
                    bytes += len as u64;
                }
            }
            std::hint::black_box(&to);
            (records, bytes)
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(copy)).collect();
        threads
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
    });
    (copied.0, copied.1, began.elapsed().as_secs_f64())
}

impl Row {
    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.samples.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    fn median(&self) -> f64 {
        let sorted = self.sorted();
        sorted[sorted.len() / 2]
    }

    fn json(&self) -> Value {
        let sorted = self.sorted();
        json!({
            "table": "collect", "workload": self.workload, "threads": self.threads,
            "contender": self.contender, "unit": self.unit, "better": "more",
            "min": sorted[0], "median": self.median(), "max": sorted[sorted.len() - 1],
            "samples": self.samples,
        })
    }
}

fn bars(rows: &[Row]) -> Vec<String> {
    let first = &rows[0];
    let writers = if first.threads == 1 { "1 writer" } else { "2 writers" };
    let mut lines = vec![format!("collect, {} records, {writers}, {}:", first.workload, first.unit)];
    // The copy alone is so much faster for small records that it would flatten everybody else.
    let most = rows.iter().filter(|row| !row.contender.starts_with("limit")).map(Row::median);
    let most = most.fold(1e-9, f64::max);
    for row in rows {
        let width = row.median() / most * BAR as f64;
        let bar = match width.round() as usize {
            width if width <= BAR => "█".repeat(width),
            _ => format!("{}»", "█".repeat(BAR)),
        };
        lines.push(format!("  {:<23}{bar:<37}{:>8.1}", row.contender, row.median()));
    }
    lines
}
