//! A flight recorder: threads record all they do at full speed, and nothing is kept until something goes wrong.
//!
//! Three threads move money between accounts and record each step. After two seconds one of them makes a mistake; who
//! finds that the sum is wrong flushes. Only then does the reader get anything: the last moments of each
//! thread, and how many older records they were written over. The memory is two sides for each thread, whatever the
//! speed and however long the flight.
//!
//! ```text
//! cargo run --release --example flight_recorder
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use flipside::collect::{Builder, Collector, Order, Overflow, Record, Writer};

const THREADS: u16 = 3;
const ACCOUNTS: usize = 8;
const FLIGHT: Duration = Duration::from_secs(2);

/// One step, 16 bytes.
#[derive(Clone, Copy)]
struct Moved {
    number: u64,
    from: u8,
    to: u8,
    amount: i16,
    /// Of all accounts, as this thread saw it.
    sum: i32,
}

impl Moved {
    fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.number.to_le_bytes());
        (bytes[8], bytes[9]) = (self.from, self.to);
        bytes[10..12].copy_from_slice(&self.amount.to_le_bytes());
        bytes[12..].copy_from_slice(&self.sum.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (number, rest) = bytes.split_first_chunk()?;
        let &[from, to, a0, a1, ref sum @ ..] = rest else { return None };
        let (amount, sum) = (i16::from_le_bytes([a0, a1]), i32::from_le_bytes(sum.try_into().ok()?));
        Some(Self { number: u64::from_le_bytes(*number), from, to, amount, sum })
    }
}

/// Moves money and records it, until the sum is wrong; how often.
fn work(thread: u16, mut recorder: Writer, collector: &Collector, accounts: &Mutex<[i32; ACCOUNTS]>) -> u64 {
    let end = Instant::now() + FLIGHT;
    for number in 0.. {
        let (from, to) = ((number * 7) as usize % ACCOUNTS, (number * 3 + 1) as usize % ACCOUNTS);
        let amount = (number % 50) as i16;
        let sum = {
            let mut accounts = accounts.lock().expect("nobody panics");
            accounts[from] -= i32::from(amount);
            accounts[to] += i32::from(amount);
            if thread == 1 && number % 1024 == 0 && Instant::now() >= end {
                accounts[to] += 1; // The mistake.
            }
            accounts.iter().sum()
        };
        let moved = Moved { number, from: from as u8, to: to as u8, amount, sum };
        recorder.write(&moved.to_bytes()).expect("a flight recorder takes or drops");
        if sum != 0 {
            collector.flush().expect("the reader is there");
            return number + 1;
        }
    }
    unreachable!("numbers do not end")
}

/// What came out for one thread.
#[derive(Default)]
struct Track {
    kept: u64,
    lost: u64,
    last: VecDeque<Moved>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let builder = Builder::new(Overflow::FlightRecorder).order(Order::PerWriter);
    let (collector, mut drain) = builder.side(1 << 20).writers(THREADS.into()).build()?;
    let accounts = Mutex::new([0; ACCOUNTS]);
    let writers = (0..THREADS).map(|source| collector.writer_for(source)).collect::<Result<Vec<_>, _>>()?;
    println!("{THREADS} threads record at full speed into {} bytes, and nobody reads.", collector.memory());

    let mut tracks = BTreeMap::<u16, Track>::new();
    let (steps, report) = thread::scope(|scope| {
        let (collector, accounts) = (&collector, &accounts);
        let threads = writers.into_iter().zip(0..);
        let threads = threads.map(|(writer, n)| scope.spawn(move || work(n, writer, collector, accounts)));
        let threads: Vec<_> = threads.collect();
        let crew = scope.spawn(move || {
            let steps =
                threads.into_iter().map(|thread| thread.join().expect("no panic")).collect::<Vec<_>>();
            (steps, collector.close(Duration::from_secs(10)))
        });
        // The reader is handed nothing before the flush.
        while let Some(batch) = drain.next() {
            for record in batch.records() {
                match record {
                    Record::Data { source, body, .. } => {
                        let track = tracks.entry(source).or_default();
                        track.kept += 1;
                        track.last.extend(Moved::from_bytes(body));
                        if track.last.len() > 4 {
                            track.last.pop_front();
                        }
                    }
                    Record::Gap { source, lost } => tracks.entry(source).or_default().lost += lost.records,
                    _ => {}
                }
            }
            batch.release();
        }
        crew.join().expect("no panic")
    });

    for ((source, track), steps) in tracks.iter().zip(&steps) {
        println!("thread {source}: {steps} steps, {} kept, {} lost; the last:", track.kept, track.lost);
        for Moved { number, from, to, amount, sum } in &track.last {
            let wrong = if *sum == 0 { "" } else { "   <-- wrong" };
            println!("    step {number:9}: {amount:2} from {from} to {to}, sum {sum}{wrong}");
        }
        let last = track.last.back().expect("each thread recorded something");
        assert_eq!(track.kept + track.lost, *steps, "every step is there, or told as lost");
        // The very last may have come while the reader was busy.
        assert!(report.stats.total().dropped.full != 0 || last.number + 1 == *steps);
    }
    let total = report.stats.total();
    println!(
        "{} records written over, {} came while the reader was behind.",
        total.dropped.overwritten, total.dropped.full
    );
    assert!(report.complete && steps.len() == tracks.len());
    println!("Kept and lost add up to the steps of each thread: checked.");
    Ok(())
}
