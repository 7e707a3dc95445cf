//! Metrics of a server under load: threads serve requests and record what happened, one reader prints an interval
//! after the other, and in the end everything is there.
//!
//! ```text
//! cargo run --release --example metrics -- [--seconds 5] [--threads 4] [--every 500]
//! ```
//!
//! Each request is one record of a counter, an error, bytes and a latency, all or nothing. No thread ever waits for
//! the reader, whatever it does with the histograms meanwhile.

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use flipside::collect::recorder::{Recorder, Writer};
use hdrhistogram::Histogram;

/// What is recorded of the requests of an interval.
struct Served {
    requests: u64,
    errors: u64,
    bytes: u64,
    /// In nanoseconds.
    latency: Histogram<u64>,
}

impl Served {
    fn new() -> Self {
        // Up to a minute, to three digits, so that recording never allocates.
        let latency = Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("good bounds");
        Self { requests: 0, errors: 0, bytes: 0, latency }
    }

    /// Takes over what is in `other`, and makes it ready for use again.
    fn merge(&mut self, other: &mut Self) {
        self.requests += std::mem::take(&mut other.requests);
        self.errors += std::mem::take(&mut other.errors);
        self.bytes += std::mem::take(&mut other.bytes);
        self.latency.add(&other.latency).expect("the same bounds");
        other.latency.reset();
    }
}

/// What a thread counts for itself, to check the recorder.
#[derive(Debug, Default, PartialEq, Eq)]
struct Own {
    requests: u64,
    errors: u64,
    bytes: u64,
    slowest: u64,
    recording: Duration,
}

/// Serves until `end`.
fn serve(mut writer: Writer<Served>, seed: u64, began: Instant, end: Instant) -> Own {
    let (mut own, mut random) = (Own::default(), Random(seed));
    let mut now = Instant::now();
    while now < end {
        let is_error = random.below(400) == 0;
        let power = 6 + random.below(11);
        let bytes = 200 + random.below(1 << power);
        work(&mut random, bytes, now - began);
        let done = Instant::now();
        let latency = (done - now).as_nanos() as u64;
        writer.record(|served| {
            served.requests += 1;
            served.errors += u64::from(is_error);
            served.bytes += bytes;
            served.latency.saturating_record(latency);
        });
        now = Instant::now();
        own.recording += now - done;
        own.requests += 1;
        own.errors += u64::from(is_error);
        own.bytes += bytes;
        own.slowest = own.slowest.max(latency);
    }
    own
}

/// Takes as long as the bytes are many. Some requests have to wait for a disk, and in every third second it is slow.
fn work(random: &mut Random, bytes: u64, age: Duration) {
    let began = Instant::now();
    while began.elapsed() < Duration::from_nanos(2_000 + bytes) {
        std::hint::spin_loop();
    }
    let slow = age.as_secs() % 3 == 2;
    if random.below(if slow { 40 } else { 400 }) == 0 {
        thread::sleep(Duration::from_micros(if slow { 3_000 } else { 300 }));
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse()?;
    let (recorder, mut snapshots) = Recorder::new(options.threads, Served::new)?;
    println!(
        "{} threads serve for {} s; one line for each {} ms\n",
        options.threads, options.seconds, options.every
    );
    println!("    time  requests      rate  errors     MiB/s       p50       p99     p99.9       max");
    let began = Instant::now();
    let end = began + Duration::from_secs(options.seconds);
    let mut total = Served::new();
    let own: Vec<Own> = thread::scope(|scope| -> Result<_, Box<dyn Error>> {
        let mut threads = Vec::new();
        for seed in 1..=options.threads as u64 {
            let writer = recorder.writer()?;
            threads.push(scope.spawn(move || serve(writer, seed, began, end)));
        }
        let mut last = began;
        for n in 1.. {
            let next = (began + Duration::from_millis(options.every) * n).min(end);
            thread::sleep(next.saturating_duration_since(Instant::now()));
            let mut served = Served::new();
            let interval = snapshots.interval(|value| served.merge(value));
            let now = Instant::now();
            let at = format!("{:.2} s", (now - began).as_secs_f64());
            line(&at, now - last, &served, interval.occupied);
            total.merge(&mut served);
            last = now;
            if now >= end {
                break;
            }
        }
        Ok(threads.into_iter().map(|thread| thread.join().expect("no panic")).collect())
    })?;
    // What was recorded after the last line; nobody is inside any more.
    let mut served = Served::new();
    let rest = snapshots.interval(|value| served.merge(value));
    assert!(rest.is_complete());
    line("rest", Duration::ZERO, &served, 0);
    total.merge(&mut served);
    summary(&total, &own)
}

/// One interval; without a rate if it took no time.
fn line(at: &str, took: Duration, served: &Served, late: usize) {
    let per_second = |n: f64, unit: &str| match took.as_secs_f64() {
        0.0 => "-".to_owned(),
        seconds => format!("{:.1}{unit}", n / seconds),
    };
    let quantile = |q: f64| time(served.latency.value_at_quantile(q));
    println!(
        "{at:>8} {:>9} {:>9} {:>5.2} % {:>9} {:>9} {:>9} {:>9} {:>9}{}",
        served.requests,
        per_second(served.requests as f64 / 1e3, " k"),
        100.0 * served.errors as f64 / served.requests.max(1) as f64,
        per_second(served.bytes as f64 / f64::from(1 << 20), ""),
        quantile(0.5),
        quantile(0.99),
        quantile(0.999),
        time(served.latency.max()),
        if late == 0 { String::new() } else { format!("   {late} left for the next") },
    );
}

/// The whole run, and whether it is what the threads counted.
fn summary(total: &Served, own: &[Own]) -> Result<(), Box<dyn Error>> {
    println!("\nlatency");
    for (name, q) in
        [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999), ("max", 1.0)]
    {
        let value = total.latency.value_at_quantile(q);
        // A factor of ten is ten boxes.
        let boxes = ((value as f64 / 1e3).log10() * 10.0).clamp(1.0, 60.0) as usize;
        println!("{name:>8} {:>9}  {}", time(value), "■".repeat(boxes));
    }
    let sum = |of: fn(&Own) -> u64| own.iter().map(of).sum::<u64>();
    let counted = [sum(|own| own.requests), sum(|own| own.errors), sum(|own| own.bytes)];
    let seen = [total.requests, total.errors, total.bytes];
    println!("\n            requests    errors           bytes");
    println!(
        "counted {:>12} {:>9} {:>15}   by the threads, each for itself",
        counted[0], counted[1], counted[2]
    );
    println!("seen    {:>12} {:>9} {:>15}   by the reader, in intervals", seen[0], seen[1], seen[2]);
    let slowest = own.iter().map(|own| own.slowest).max().unwrap_or(0);
    let is_same = total.latency.equivalent(total.latency.max(), slowest);
    if counted != seen || total.latency.len() != counted[0] || !is_same {
        return Err("the reader did not see what the threads counted".into());
    }
    let recording: Duration = own.iter().map(|own| own.recording).sum();
    let each = recording.as_nanos() as f64 / counted[0].max(1) as f64;
    println!("the same; a record took {each:.0} ns on average, a look at the clock included");
    Ok(())
}

fn time(ns: u64) -> String {
    match ns {
        0..10_000 => format!("{ns} ns"),
        10_000..10_000_000 => format!("{:.1} us", ns as f64 / 1e3),
        _ => format!("{:.1} ms", ns as f64 / 1e6),
    }
}

struct Options {
    seconds: u64,
    threads: usize,
    /// Milliseconds.
    every: u64,
}

impl Options {
    fn parse() -> Result<Self, Box<dyn Error>> {
        let mut options = Self { seconds: 5, threads: 4, every: 500 };
        let mut args = std::env::args().skip(1);
        while let Some(name) = args.next() {
            let value: u64 = args.next().ok_or_else(|| format!("{name} needs a number"))?.parse()?;
            match name.as_str() {
                "--seconds" => options.seconds = value.clamp(1, 3600),
                "--threads" => options.threads = value.clamp(1, 1000) as usize,
                "--every" => options.every = value.clamp(1, 60_000),
                _ => return Err(format!("{name}: only --seconds, --threads and --every").into()),
            }
        }
        Ok(options)
    }
}

/// Numbers that look random (G. Marsaglia's xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
