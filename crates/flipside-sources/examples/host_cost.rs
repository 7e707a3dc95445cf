//! What sampling this host costs: every source at 1 kHz on its threads, into nothing.
//!
//! `cargo run --release -p flipside-sources --example host_cost -- [SECONDS] [--bursts] [--one]`
//!
//! With `--bursts` the peaks are looked for as well and printed, with `--one` a single thread reads
//! everything.

#![forbid(unsafe_code)]

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use flipside_sources::host::{Burst, Group, Sample, Sink, Ticker, Vanished};
use flipside_sources::stop::{self, Stop};
use rustix::time::{ClockId, clock_gettime};

#[derive(Debug, Default)]
struct Null {
    bytes: usize,
    samples: u64,
    bursts: Vec<Burst>,
}

impl Sink for Null {
    fn sample(&mut self, index: usize, sample: Sample<'_>) {
        self.bytes += std::hint::black_box(sample.payload).len();
        self.samples += 1;
        if let Some(burst) = self.bursts.get_mut(index) {
            burst.observe(sample.from_ns, sample.to_ns, sample.main);
        }
    }

    fn vanished(&mut self, _: usize, vanished: Vanished) {
        eprintln!("{vanished}");
    }
}

fn cpu_seconds(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn run(mut group: Group, origin: Instant, bursts: bool, stop: &Stop) -> (String, f64) {
    let mut ticker = Ticker::starting_at(origin, Duration::from_millis(1).max(group.period_min()));
    let mut sink = Null::default();
    if bursts {
        sink.bursts = group.sources().iter().map(|source| Burst::new(source.refresh())).collect();
    }
    let before = cpu_seconds(ClockId::ThreadCPUTime);
    while ticker.wait(stop).is_some() && group.sample(origin, &mut sink) > 0 {}
    let used = cpu_seconds(ClockId::ThreadCPUTime) - before;
    let share = 100.0 * used / origin.elapsed().as_secs_f64();
    let mut text = format!(
        "{:5.2} % of a core, {:4.1} us a tick; {} ticks, {} late, {} missed; {} bytes a sample  {:?}",
        share,
        used * 1e6 / ticker.ticks().max(1) as f64,
        ticker.ticks(),
        ticker.late(),
        ticker.missed(),
        sink.bytes as u64 / sink.samples.max(1),
        group.names(),
    );
    for (source, burst) in group.sources().iter().zip(&sink.bursts) {
        let mut report = burst.report();
        report.series.points.truncate(4);
        text += &format!("\n    {source} in {}: {report:?}", source.unit());
    }
    (text, share)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seconds: f64 = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(10.0);
    let bursts = arguments.iter().any(|argument| argument == "--bursts");
    let mut detected = Group::open_all("/".as_ref())?;
    for masked in &detected.masked {
        println!("masked: {masked}");
    }
    if arguments.iter().any(|argument| argument == "--one") {
        detected.groups = Group::merge(detected.groups).into_iter().collect();
    }
    let (handle, stop) = stop::pair()?;
    let origin = Instant::now();
    let before = cpu_seconds(ClockId::ProcessCPUTime);
    let mut sum = 0.0;
    thread::scope(|scope| {
        let threads: Vec<_> = detected
            .groups
            .into_iter()
            .map(|group| scope.spawn(|| run(group, origin, bursts, &stop)))
            .collect();
        thread::sleep(Duration::from_secs_f64(seconds));
        drop(handle);
        for thread in threads {
            let (text, share) = thread.join().expect("a sampling thread panicked");
            println!("{text}");
            sum += share;
        }
    });
    let used = cpu_seconds(ClockId::ProcessCPUTime) - before;
    println!("all threads {sum:.2} %, process {:.2} %", 100.0 * used / origin.elapsed().as_secs_f64());
    Ok(())
}
