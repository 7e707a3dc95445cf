//! One run: the threads, the journal, the check.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use flipside::collect::Collector;
use flipside_journal::{BlockMeta, Totals, WriteError, read_back};
use flipside_sources::dist::Dist;
use flipside_sources::feed::Clock;

use super::carry::{Carrier, Hand, Put, Swapped, Take, Taken};
use super::frame::{frames, gaps};
use super::writers::{Job, Sum, Written, work};
use crate::args::{LoadArgs, OrderArg, With};
use crate::buffer::Shape;
use crate::cost;
use crate::failure::{Failure, say};
use crate::output::Output;
use crate::pin::Places;
use crate::signals::{self, Signal};

const DURATION: Duration = Duration::from_secs(3);

/// Everything that is known at the end.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) with: With,
    pub(super) shape: Shape,
    pub(super) seconds: f64,
    pub(super) written: Vec<Written>,
    /// What the reader found in what it wrote to disk, by writer.
    pub(super) found: Vec<Sum>,
    pub(super) latency_ns: Dist,
    pub(super) taken: Taken,
    pub(super) waits: u64,
    pub(super) cpu_s: f64,
    pub(super) path: Option<PathBuf>,
    pub(super) name: String,
    pub(super) pinned: Option<String>,
    /// Somebody asked for an early end.
    pub(super) stopped: bool,
    error: Option<WriteError>,
    pub(super) read_back: Option<Result<u64, String>>,
}

/// What the reader's thread brings back.
struct Read {
    found: Vec<Sum>,
    latency_ns: Dist,
    taken: Taken,
    error: Option<WriteError>,
    output: Output,
}

/// Runs the load through one carrier.
pub(super) fn run(args: &LoadArgs, with: With, place: Option<&Path>) -> Result<Outcome, Failure> {
    let writers = usize::from(args.writers);
    let places = Places::decide(&args.buffer.pin, writers)?;
    let shape = super::shape(args, with);
    let carrier = carrier(args, with, shape)?;
    let clock = Clock::start();
    let names: Vec<_> = (0..args.writers).map(|index| (index, format!("writer-{index}"))).collect();
    let table: Vec<_> = names.iter().map(|(id, name)| (*id, name.as_str())).collect();
    let output = Output::create(place, args.buffer.force, clock, &table)?;
    let limit = if args.blocks.is_some() { None } else { Some(args.duration.unwrap_or(DURATION)) };
    if !args.buffer.quiet && std::io::stderr().is_terminal() {
        let name = super::report::name(with);
        say(format_args!("{writers} writers through {name} to {}; Ctrl-C ends it in order", output.name()));
    }
    // Whoever holds this keeps the writers running; a signal lets go of it.
    let running = Arc::new(());
    let job = Job::new(args, clock, limit.and_then(|t| clock.start.checked_add(t)), Arc::downgrade(&running));
    let (events, inbox) = mpsc::channel();
    signals::forward(events.clone(), Event::Signal)?;
    let (cpu_before, began) = (cost::cpu(), Instant::now());
    let Carrier { hands, take, collector, swapped } = carrier;
    let (written, stopped, read) = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            places.take_reader();
            read(args, take, output, shape, clock)
        });
        for (index, mut hand) in (0u16..).zip(hands) {
            let (job, places, events) = (&job, &places, events.clone());
            scope.spawn(move || {
                places.take_writer(usize::from(index));
                let written = job.run(index, &mut hand, quota(args, index));
                if let Hand::Mutex(_, swapped) = &hand {
                    swapped.leave();
                }
                drop(hand);
                // The receiver lives until the scope ends.
                let _ = events.send(Event::Written(index, Box::new(written)));
            });
        }
        let (written, stopped) = follow(&inbox, writers, running, collector.as_ref());
        if let Some(collector) = &collector {
            collector.request_close();
        }
        (written, stopped, reader.join())
    });
    let read = read.map_err(|_| Failure::error("the reader's thread panicked"))?;
    let seconds = began.elapsed().as_secs_f64();
    let cpu_s = (cost::cpu() - cpu_before).as_secs_f64();
    let waits = match (&collector, &swapped) {
        (Some(collector), _) => collector.stats().total().waits,
        (None, Some(swapped)) => swapped.waits(),
        (None, None) => 0,
    };
    let path = read.output.path.clone();
    let regular = path.as_ref().filter(|path| std::fs::metadata(path).is_ok_and(|meta| meta.is_file()));
    Ok(Outcome {
        with,
        shape,
        seconds,
        written,
        found: read.found,
        latency_ns: read.latency_ns,
        taken: read.taken,
        waits,
        cpu_s,
        name: read.output.name(),
        pinned: places.note,
        stopped,
        read_back: regular.map(|path| look_back(path)),
        error: read.error,
        path,
    })
}

/// What happens during a run.
enum Event {
    Signal(Signal),
    Written(u16, Box<Written>),
}

/// Until all writers have ended; a signal lets go of what keeps them running.
fn follow(
    inbox: &mpsc::Receiver<Event>,
    writers: usize,
    running: Arc<()>,
    collector: Option<&Collector>,
) -> (Vec<Written>, bool) {
    let mut running = Some(running);
    let mut written: Vec<Option<Written>> = (0..writers).map(|_| None).collect();
    while written.iter().any(Option::is_none) {
        match inbox.recv() {
            Ok(Event::Written(index, done)) => written[usize::from(index)] = Some(*done),
            Ok(Event::Signal(Signal::Stop(_))) => running = None,
            Ok(Event::Signal(Signal::Statistics)) => statistics(collector),
            Err(_) => break,
        }
    }
    (written.into_iter().flatten().collect(), running.is_none())
}

/// For SIGUSR1. Only the double buffer counts while it runs.
fn statistics(collector: Option<&Collector>) {
    let Some(collector) = collector else {
        return say(format_args!("running; it counts at the end"));
    };
    let (stats, fill) = (collector.stats(), collector.fill());
    let total = stats.total();
    say(format_args!(
        "received {}, written {}, dropped {}; {} flips, buffer {fill} B full",
        total.offered,
        total.drained,
        total.dropped.total(),
        stats.flips,
    ));
}

fn carrier(args: &LoadArgs, with: With, shape: Shape) -> Result<Carrier, Failure> {
    let (side, linger) = (args.buffer.side, args.buffer.linger);
    let ids = 0..args.writers;
    match with {
        With::Flipside => {
            let (collector, drain) = shape.build(&args.buffer)?;
            let hands = ids.map(|id| collector.writer_for(id).map(Hand::Flipside)).collect::<Result<_, _>>();
            let hands = hands.map_err(Failure::error)?;
            let take = Take::Flipside(Box::new(drain));
            Ok(Carrier { hands, take, collector: Some(collector), swapped: None })
        }
        With::Mutex => {
            let swapped = Arc::new(Swapped::new(side, usize::from(args.writers)));
            let hands = ids.map(|id| Hand::Mutex(id, swapped.clone())).collect();
            let take = Take::Mutex(swapped.clone(), linger);
            Ok(Carrier { hands, take, collector: None, swapped: Some(swapped) })
        }
        With::Crossbeam => {
            // As many blocks of the mean size as fit into the two sides.
            let places = (4 * side / (args.min + args.max)).max(1);
            let (sender, receiver) = crossbeam_channel::bounded(places);
            let hands = ids.map(|id| Hand::Crossbeam(id, sender.clone())).collect();
            let take = Take::Crossbeam(receiver, linger);
            Ok(Carrier { hands, take, collector: None, swapped: None })
        }
    }
}

/// A writer's share of `--blocks`.
fn quota(args: &LoadArgs, index: u16) -> u64 {
    let (blocks, writers) = (args.blocks.unwrap_or(u64::MAX), u64::from(args.writers));
    blocks / writers + u64::from(u64::from(index) < blocks % writers)
}

/// The reader: to disk, then count what was written there.
fn read(args: &LoadArgs, take: Take, mut output: Output, shape: Shape, clock: Clock) -> Read {
    let mut found = vec![Sum::new(); usize::from(args.writers)];
    let by_source = shape.order == OrderArg::PerWriter;
    let mut latency_ns = Dist::new();
    let aux = Duration::from_nanos(args.reader_aux_work);
    let mut totals = Totals::default();
    let (taken, result) = take.run(args.buffer.side, |image, epoch| {
        let (mono_ns, wall_ns) = clock.anchor();
        let image = image.iter().copied();
        let records = u32::try_from(image.clone().flat_map(frames).count()).unwrap_or(u32::MAX);
        totals.lost_records += image.clone().flat_map(gaps).sum::<u64>();
        let lost = totals.lost_records;
        output.append(image.clone(), BlockMeta { epoch, records, lost, mono_ns, wall_ns, by_source })?;
        let on_disk_ns = clock.now_ns();
        for record in image.flat_map(frames) {
            found[usize::from(record.source)].add(record.payload);
            latency_ns.add(on_disk_ns.saturating_sub(record.time_ns));
            work(aux);
        }
        Ok(())
    });
    totals.records = found.iter().map(|sum| sum.records).sum();
    totals.payload_bytes = found.iter().map(|sum| sum.bytes).sum();
    totals.end_wall_ns = clock.anchor().1;
    let sealed = output.seal(totals);
    Read { found, latency_ns, taken, error: result.err().or(sealed.err()), output }
}

fn look_back(path: &Path) -> Result<u64, String> {
    let report = read_back(path).map_err(|error| error.to_string())?;
    if report.is_sealed() && report.is_clean() {
        Ok(report.census.records)
    } else {
        Err(format!("{} is damaged; see flipside verify", path.display()))
    }
}

impl Outcome {
    pub(super) fn sent(&self) -> Sum {
        merged(self.written.iter().map(|written| &written.sum))
    }

    pub(super) fn received(&self) -> Sum {
        merged(self.found.iter())
    }

    pub(super) fn offered(&self) -> u64 {
        self.written.iter().map(|written| written.offered).sum()
    }

    /// Whether both ends agree, writer by writer.
    pub(super) fn agrees(&self) -> bool {
        self.written.iter().map(|written| &written.sum).eq(self.found.iter())
    }

    /// What went wrong, if anything did.
    pub(super) fn failure(&self) -> Option<Failure> {
        if let Some(error) = &self.error {
            let failure = Failure::error(format_args!("cannot write {}: {error}", self.name));
            return Some(
                failure.hint("what was written before is kept and sealed; make room, or use another -w"),
            );
        }
        if self.written.iter().any(|written| written.refused == Some(Put::Full)) {
            let failure = Failure::error("the buffer was full, and --overflow is fail");
            return Some(failure.hint("take a larger --side, or --overflow block or drop"));
        }
        if !self.agrees() {
            return Some(Failure::error("what was written and what was read are not the same"));
        }
        match &self.read_back {
            Some(Ok(records)) if *records != self.received().records => {
                Some(Failure::error(format_args!("read back: {records} records, not all that were written")))
            }
            Some(Err(what)) => Some(Failure::error(format_args!("read back: {what}"))),
            _ => None,
        }
    }
}

fn merged<'a>(sums: impl Iterator<Item = &'a Sum>) -> Sum {
    let mut all = Sum::new();
    sums.for_each(|sum| all.merge(sum));
    all
}
